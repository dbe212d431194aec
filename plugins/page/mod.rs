//! Any web page: its relevant media, in order, in their best size.
//!
//! Only the markup is read; no scripts are run. Transferring files and choosing paths happen elsewhere.

mod album;
mod announced;
mod attributes;
mod bucket;
mod choice;
mod container;
mod crawl;
mod crop;
mod elements;
mod embedded;
mod facade;
mod folder;
mod follow;
mod frontier;
mod height;
mod iiif;
mod image_src;
mod json;
mod json_ld;
mod login;
mod markup;
mod media_element;
mod media_url;
mod missing;
mod nesting;
mod next;
mod oembed;
mod opened;
mod options;
mod original;
mod parsed_page;
mod pattern;
mod picture_link;
mod player;
mod reading;
mod refresh;
mod robots;
mod robots_cache;
mod screen;
mod script_data;
mod seen;
mod single_item;
mod size;
mod srcset;
mod teasers;
mod text;
mod wanted;

use std::time::Duration;

use fetch::async_trait;
use fetch::model::{
    Body, Document, Error, Expect, Headers, Item, Kind, Medium, Meta, Request, Result,
};
use fetch::net::Redacted;
use fetch::source::{Ctx, Manifest, Outlet, Route, Source, Target, url_key, url_name};
use url::Url;

use choice::choose;
pub(super) use choice::web;
use crawl::Crawl;
pub(super) use frontier::is_same_host;
use media_url::named;
pub(super) use missing::{PROGRAMS, left_out};
pub use options::Options;
use refresh::Redirects;
use robots_cache::RobotsCache;
pub(super) use text::{date, entity, line};

use super::stream::{StreamFormat, video_name};

/// The time limit for reading one page. A tag with endless attributes takes quadratic time.
const PATIENCE: Duration = Duration::from_secs(10);

type IsAlone = dyn Fn() -> bool + Send + Sync;

/// Any web page.
pub struct Page {
    manifest: Manifest,
    options: Options,
    robots_cache: RobotsCache,
    redirects: Redirects,
    /// Whether there is no program to fetch the players of a page.
    is_alone: Option<Box<IsAlone>>,
}

impl Page {
    /// Creates the source.
    ///
    /// # Errors
    /// None while its one route can be parsed.
    pub fn new(options: Options) -> Result<Page> {
        let example = "page:https://example.org/gallery.html";
        Ok(Page {
            manifest: Manifest {
                name: "page".into(),
                about: "the media on any web page, and the files in a server's folder".into(),
                routes: vec![Route::new("id", "page:{url...}", example)?],
            },
            options,
            robots_cache: RobotsCache::default(),
            redirects: Redirects::default(),
            is_alone: None,
        })
    }

    /// Returns the options to remember with a link whose listing follows further links.
    pub(super) fn terms(&self) -> Option<String> {
        self.options.terms()
    }

    /// Sets a function that checks whether there is no program to fetch players, in which case left-out players are
    /// reported.
    #[must_use]
    pub fn alone_where(self, is_alone: impl Fn() -> bool + Send + Sync + 'static) -> Page {
        Page {
            is_alone: Some(Box::new(is_alone)),
            ..self
        }
    }

    fn leaves_players(&self) -> bool {
        self.is_alone.as_ref().is_some_and(|is_alone| is_alone())
    }

    fn item(&self, page: &Url, url: Url, medium: Option<Medium>, meta: Meta) -> Item {
        let form = StreamFormat::of_url(&url);
        let (name, ext) = match form {
            None => named(&url),
            Some(_) => (video_name(&url), None),
        };
        // Used if its URL alone does not give it that name.
        let title = name.clone().filter(|_| name != url_name(&url).0);
        let request = Request {
            headers: referer(page, &url),
            expect: Expect {
                medium,
                ..Expect::default()
            },
            ..Request::new(url.clone())
        };
        Item {
            source: self.manifest.name.clone(),
            key: url_key(&url),
            meta: Meta {
                name,
                ext,
                title: meta.title.clone().or(title),
                ..meta
            },
            body: match form {
                Some(form) => form.body(request),
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
            let message = format!("`{}` is not a page", Redacted(&target.link.url));
            Error::new(Kind::Config, message)
                .hint("`page:` must be followed by an http or https URL")
        })?;
        let answer = ctx.get(url.clone()).send().await?.ok()?;
        if reading::is_medium(&answer) {
            let message = format!("`{}` is not a page", Redacted(&url));
            return Err(Error::new(Kind::Unsupported, message)
                .hint("without `page:`, it is saved as a file"));
        }
        if bucket::is_one(&answer.body) {
            return self.bucket(ctx, answer, out).await;
        }
        Crawl::new(self, ctx, target, out).run(answer, &url).await
    }
}

/// Returns the pictures in a piece of markup.
///
/// # Errors
/// [`Kind::Corrupt`] if it takes too long to read.
pub(super) fn images(html: &str, base: &Url, patience: Duration) -> Result<Vec<Url>> {
    let chosen = choose(&markup::read(html, patience)?, base, &Options::default());
    let images = chosen.media.into_iter();
    Ok(images
        .filter(|wanted| wanted.medium == Some(Medium::Image))
        .map(|wanted| wanted.url)
        .collect())
}

/// Decodes the character references in a line of markup without elements.
///
/// # Errors
/// [`Kind::Corrupt`] if it takes too long to read.
pub(super) fn words(line: &str) -> Result<String> {
    Ok(markup::read(&format!("<h1>{line}"), PATIENCE)?.heading)
}

/// Returns the `Referer` for a file, as browsers send it: the full address of the page for its own origin, and only its
/// origin for others.
fn referer(page: &Url, url: &Url) -> Headers {
    let mut shown = page.clone();
    shown.set_fragment(None);
    // A URL without a host has no user, so neither call can fail here.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    let value = match page.origin() == url.origin() {
        true => shown.to_string(),
        false if page.scheme() == "https" && url.scheme() == "http" => return Headers::default(),
        false => format!("{}/", page.origin().ascii_serialization()),
    };
    Headers([("Referer".to_owned(), value)].into())
}

/// Parses fuzzer input as a page, and checks that everything found on it is at an http or https address.
#[cfg(fuzzing)]
pub fn fuzz(data: &[u8]) {
    let Ok(page) = Url::parse("https://page.example/a/b?c=d") else {
        return;
    };
    let Ok(parsed) = markup::read(&fetch::net::read_text(data, None), PATIENCE) else {
        return;
    };
    for all in [false, true] {
        let options = Options {
            all,
            ..Options::default()
        };
        for wanted in choose(&parsed, &page, &options).media {
            assert!(matches!(wanted.url.scheme(), "http" | "https"));
        }
    }
    let _ = folder::read(&parsed, &page);
    bucket::fuzz(data);
    let _ = oembed::read(data, &page);
    let _ = robots::Rules::read(&String::from_utf8_lossy(data)).allow(&page);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse("https://x.org/").unwrap().join(text).unwrap()
    }

    #[test]
    fn the_referer_for_other_origins_is_the_origin_only() {
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
