//! Any web page: the media on it that matter, in order, in their best size.
//!
//! It reads what the markup says and runs no scripts. It does not know how bytes move, or where files go.

mod bucket;
mod choice;
mod elements;
mod folder;
mod likeness;
mod linked;
mod markup;
mod options;
mod sheet;
mod srcset;
mod text;

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use fetch::async_trait;
use fetch::model::{
    Album, Body, Document, Error, Expect, Headers, Item, Kind, Link, Medium, Meta, Request, Result,
};
use fetch::net::Shown;
use fetch::source::{
    Answer, Ctx, Manifest, Outlet, Pages, Route, Source, Target, url_key, url_name,
};
use url::Url;

pub(super) use choice::web;
use choice::{Chosen, choose, identity};
use folder::Listed;
use likeness::stream;
pub use options::Options;
use sheet::Sheet;
pub(super) use text::{date, decode, entity, line};

/// So long may it take to read one page. A tag with endless attributes takes a time that grows with their square.
const PATIENCE: Duration = Duration::from_secs(10);

/// Any web page.
pub struct Page {
    manifest: Manifest,
    options: Options,
}

impl Page {
    /// Makes the source.
    ///
    /// # Errors
    /// None while its one route can be read.
    pub fn new(options: Options) -> Result<Page> {
        let example = "page:https://example.org/gallery.html";
        Ok(Page {
            manifest: Manifest {
                name: "page".into(),
                about: "the media on any web page, and the files in a server's folder".into(),
                routes: vec![Route::new("id", "page:{url...}", example)?],
            },
            options,
        })
    }

    /// Reads a page and those that follow it.
    async fn read(
        &self,
        ctx: &Ctx,
        start: Answer,
        asked: &Url,
        known: &Meta,
        out: &Outlet,
    ) -> Result<()> {
        let mut turned = Pages::new();
        turned.turn(start.url.as_str())?;
        // Hashes of what they are, since that can be long.
        let mut seen = HashSet::new();
        let hasher = RandomState::new();
        let mut album = None;
        let mut cut = false;
        let mut next = Some(start);
        let mut count = 0;
        while let Some(answer) = next.take() {
            count += 1;
            let reading = reading(&answer, &self.options).await?;
            let sheet = &reading.sheet;
            let here = &answer.url;
            let title = sheet.meta("og:title").unwrap_or(match sheet.title.trim() {
                "" => &sheet.heading,
                title => title,
            });
            let album = album.get_or_insert_with(|| {
                Arc::new(Album {
                    id: url_key(asked),
                    title: Some(text::line(title)).filter(|title| !title.is_empty()),
                    count: None,
                })
            });
            let Chosen {
                media,
                embeds,
                linked,
                cut: is_cut,
            } = match reading.found {
                Found::Folder(listed) => {
                    let cut = listed.cut;
                    self.folder(here, listed.urls, album, out).await?;
                    return whole(here, cut);
                }
                Found::Page(chosen) => chosen,
            };
            cut |= is_cut;
            let meta = about(sheet, &linked, known, here, album);
            for wanted in media {
                let identity = identity(&wanted.url, wanted.medium, self.options.all);
                if seen.insert(hasher.hash_one(identity)) {
                    let description = Some(text::line(&wanted.alt));
                    let meta = Meta {
                        description: description.filter(|text| !text.is_empty()),
                        ..meta.clone()
                    };
                    let item = self.item(here, wanted.url, Some(wanted.medium), meta);
                    out.item(item).await?;
                }
            }
            for url in embeds {
                out.embed(Link::from(url)).await?;
            }
            let follows = sheet.next.as_deref().and_then(|next| web(here, next));
            if let Some(url) = follows.filter(|next| is_next(here, next)) {
                // The last page of some galleries names itself, or the first one.
                if count < self.options.pages && turned.turn(url.as_str()).is_ok() {
                    next = Some(ctx.get(url).send().await?.ok()?);
                }
            }
        }
        whole(asked, cut)?;
        if out.items() > 0 || out.embeds() > 0 {
            return Ok(());
        }
        let message = "no media that matter are in its markup";
        let hint = match self.options.all {
            true => {
                "what its scripts bring is not seen; gallery-dl or yt-dlp may know the page, and are asked where they are installed"
            }
            false => {
                "what its scripts bring is not seen; `-S source.page.all=true` takes icons and the like, too; gallery-dl or yt-dlp \
                 may know the page, and are asked where they are installed"
            }
        };
        Err(Error::new(Kind::Unsupported, message).hint(hint))
    }

    /// The files of a server's folder.
    async fn folder(
        &self,
        here: &Url,
        listed: Vec<Url>,
        album: &Arc<Album>,
        out: &Outlet,
    ) -> Result<()> {
        for url in listed {
            if url.path().ends_with('/') {
                if self.options.folders
                    && let Ok(link) = Url::parse(&format!("page:{url}"))
                {
                    out.link(Link::from(link)).await?;
                }
                continue;
            }
            let meta = Meta {
                album: Some(album.clone()),
                page: Some(here.clone()),
                ..Meta::default()
            };
            out.item(self.item(here, url, None, meta)).await?;
        }
        Ok(())
    }

    fn item(&self, page: &Url, url: Url, medium: Option<Medium>, meta: Meta) -> Item {
        let (name, ext) = url_name(&url);
        let kind = stream(&url);
        let request = Request {
            headers: referer(page, &url),
            expect: Expect {
                medium: medium.filter(|_| kind.is_none()),
                ..Expect::default()
            },
            ..Request::new(url.clone())
        };
        Item {
            source: self.manifest.name.clone(),
            key: url_key(&url),
            meta: Meta { name, ext, ..meta },
            body: match kind {
                Some("m3u8") => Body::Hls(request),
                Some(_) => Body::Dash(request),
                None => Body::File(request),
            },
        }
    }
}

#[async_trait]
impl Source for Page {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn reads(&self, document: Document) -> bool {
        matches!(document, Document::Page | Document::Listing)
    }

    async fn list(&self, ctx: &Ctx, target: &Target, out: &Outlet) -> Result<()> {
        let text = target.link.url.as_str();
        let url = Url::parse(text.strip_prefix("page:").unwrap_or(text));
        let url = url.ok().and_then(|url| web(&url, ""));
        let url = url.ok_or_else(|| {
            let message = format!("`{}` is no page", Shown(&target.link.url));
            Error::new(Kind::Config, message).hint("`page:` is followed by an http or https URL")
        })?;
        let answer = ctx.get(url.clone()).send().await?.ok()?;
        if bucket::is_one(&answer.body) {
            return self.bucket(ctx, answer, out).await;
        }
        self.read(ctx, answer, &url, &target.link.meta, out).await
    }
}

/// The pictures in a piece of markup.
///
/// # Errors
/// [`Kind::Corrupt`] if it takes too long to read.
pub(super) fn images(html: &str, base: &Url, patience: Duration) -> Result<Vec<Url>> {
    let chosen = choose(&markup::read(html, patience)?, base, &Options::default());
    let images = chosen.media.into_iter();
    Ok(images
        .filter(|wanted| wanted.medium == Medium::Image)
        .map(|wanted| wanted.url)
        .collect())
}

/// A page as it was read, and what is found on it.
struct Reading {
    sheet: Sheet,
    found: Found,
}

enum Found {
    Folder(Listed),
    Page(Chosen),
}

/// Reads the markup, where that holds up nobody.
async fn reading(answer: &Answer, options: &Options) -> Result<Reading> {
    let page = text::decode(&answer.body, answer.header("content-type"));
    let (url, options) = (answer.url.clone(), options.clone());
    let read = move || {
        let sheet = markup::read(&page, PATIENCE)?;
        let found = match folder::read(&sheet, &url) {
            Some(listed) => Found::Folder(listed),
            None => Found::Page(choose(&sheet, &url, &options)),
        };
        Ok(Reading { sheet, found })
    };
    let read = tokio::task::spawn_blocking(read).await;
    read.unwrap_or_else(|error| {
        Err(Error::new(Kind::Unsupported, "cannot read the page").because(error))
    })
}

/// Tells of a page that has more than was taken.
fn whole(page: &Url, is_cut: bool) -> Result<()> {
    match is_cut {
        false => Ok(()),
        true => {
            let message = format!("`{}` has more on it than is read of a page", Shown(page));
            Err(Error::new(Kind::Corrupt, message))
        }
    }
}

/// What is known of all media of a page.
fn about(
    sheet: &Sheet,
    linked: &linked::Linked,
    known: &Meta,
    page: &Url,
    album: &Arc<Album>,
) -> Meta {
    let date = sheet.meta("article:published_time").or(sheet.meta("date"));
    let date = date.or(linked.date.as_deref()).and_then(text::date);
    let author = sheet.meta("author").or(linked.author.as_deref());
    Meta {
        album: Some(album.clone()),
        author: author.map(text::line),
        date: date.or(known.date),
        page: Some(page.clone()),
        extra: known.extra.clone(),
        ..Meta::default()
    }
}

/// Whether this is the next page of the same listing: on the same host, and called the same but for numbers, or with a
/// word for paging. A weblog calls the next article its next page, too.
fn is_next(here: &Url, next: &Url) -> bool {
    let plain = |url: &Url| {
        let path = url.path().trim_end_matches('/');
        let path = path.trim_end_matches(|c: char| c.is_ascii_digit());
        path.trim_end_matches(['/', '-', '_']).to_owned()
    };
    let says = |url: &Url| {
        let mut parts = url.path().split('/');
        parts.any(|part| matches!(part, "page" | "p" | "seite"))
    };
    let stem = |url: &Url| -> String {
        let path = url.path().chars();
        path.filter(|c| !c.is_ascii_digit()).collect()
    };
    let is_paged = here.path() == next.path() && here.query() != next.query()
        || plain(here) == plain(next)
        || stem(here) == stem(next) && here.query() == next.query()
        || says(next);
    here.origin() == next.origin() && is_paged
}

/// The page that a file was asked for from, as browsers tell it: in full to its own origin, and its origin to others.
fn referer(page: &Url, url: &Url) -> Headers {
    let mut told = page.clone();
    told.set_fragment(None);
    // A URL without a host has no user, so neither call can fail here.
    let _ = told.set_username("");
    let _ = told.set_password(None);
    let value = match page.origin() == url.origin() {
        true => told.to_string(),
        false if page.scheme() == "https" && url.scheme() == "http" => return Headers::default(),
        false => format!("{}/", page.origin().ascii_serialization()),
    };
    Headers([("Referer".to_owned(), value)].into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse("https://x.org/").unwrap().join(text).unwrap()
    }

    #[test]
    fn the_next_page_is_of_the_same_listing() {
        let table = [
            ("/list", "/list?page=2", true),
            ("/list", "/list/page/2", true),
            ("/list/2", "/list/3", true),
            ("/list", "/list-2", true),
            ("/list.html", "/list2.html", true),
            ("/2024/one-post", "/2024/another-post", false),
            ("/list", "https://y.org/list?page=2", false),
        ];
        for (here, next, expected) in table {
            assert_eq!(is_next(&url(here), &url(next)), expected, "{here} {next}");
        }
    }

    #[test]
    fn a_page_is_told_to_others_by_its_origin_alone() {
        let told = |page: &str, file: &str| {
            let mut headers = referer(&url(page), &url(file)).0;
            headers.remove("Referer")
        };
        let secret = "https://u:pw@x.org/a?token=1#f";
        assert_eq!(
            told(secret, "/b.jpg").as_deref(),
            Some("https://x.org/a?token=1")
        );
        assert_eq!(
            told(secret, "https://y.org/b.jpg").as_deref(),
            Some("https://x.org/")
        );
        assert_eq!(told(secret, "http://y.org/b.jpg"), None);
    }
}
