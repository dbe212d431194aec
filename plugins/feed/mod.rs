//! Feeds: RSS, Atom, JSON Feed, podcasts. The archive determines what is new.
//!
//! Transferring files, choosing paths and knowing what was downloaded before happen elsewhere.

mod attribute;
mod date;
mod feed_page;
mod json;
mod key;
mod options;
mod post;
mod title;
mod validator;
mod widths;
mod xml;

#[cfg(fuzzing)]
pub use feed_page::fuzz;
use std::sync::Arc;

use fetch::async_trait;
use fetch::model::{Album, Body, Document, Error, Expect, Item, Kind, Link, Meta, Request, Result};
use fetch::net::Shown;
use fetch::source::{Ctx, Manifest, Outlet, Pages, Route, Source, Target, url_key, url_name};
use http::StatusCode;
use url::Url;

use super::page::{is_same_host, line, web};
use super::stream::{StreamFormat, video_name};
use date::parse_date;
use feed_page::PostFiles;
use key::PostNames;
pub use options::Options;

/// Feeds of any site.
pub struct Feed {
    manifest: Manifest,
    options: Options,
}

impl Feed {
    /// Creates the source.
    ///
    /// # Errors
    /// None while its one route can be parsed.
    pub fn new(options: Options) -> Result<Feed> {
        let example = "feed:https://example.org/podcast.xml";
        Ok(Feed {
            manifest: Manifest {
                name: "feed".into(),
                about: "the media in a feed: RSS, Atom, JSON Feed, podcasts".into(),
                routes: vec![Route::new("id", "feed:{url...}", example)?],
            },
            options,
        })
    }

    /// Reports that there are more pages than are read. A user who has set the limit knows, so that is only a note.
    async fn report_page_limit(&self, feed: &Url, out: &Outlet) -> Result<()> {
        let most = self.options.pages;
        let text = format!(
            "only {most} pages of `{}` are read (`source.feed.pages`); the rest are left out",
            Shown(feed)
        );
        match most == Options::default().pages {
            true => out.warn(text).await,
            false => out.note(text).await,
        }
    }

    async fn post(
        &self,
        feed: &Url,
        post_files: PostFiles,
        names: &PostNames,
        album: &Arc<Album>,
        known: &Meta,
        out: &Outlet,
    ) -> Result<()> {
        let PostFiles { post, link, files } = post_files;
        let text = |text: &str| Some(line(text)).filter(|text| !text.is_empty());
        let meta = Meta {
            title: text(&post.title),
            author: text(&post.author),
            date: parse_date(&post.date).or(known.date),
            album: Some(album.clone()),
            page: link.clone(),
            extra: known.extra.clone(),
            ..Meta::default()
        };
        let is_alone = files.len() == 1;
        for file in &files {
            let (url, medium) = file;
            let form = StreamFormat::of_url(url);
            let (name, ext) = match form {
                None => url_name(url),
                Some(_) => (video_name(url), None),
            };
            let (key, formerly) = names.key(feed, &post.id, file, is_alone);
            let request = Request {
                expect: Expect {
                    medium: *medium,
                    ..Expect::default()
                },
                ..Request::new(url.clone())
            };
            out.unnumbered(Item {
                source: self.manifest.name.clone(),
                key,
                meta: Meta {
                    // The key only says where the feed is.
                    title: meta.title.clone().or_else(|| name.clone()),
                    name,
                    ext,
                    formerly,
                    ..meta.clone()
                },
                body: match form {
                    Some(form) => form.body(request),
                    None => Body::File(request),
                },
            })
            .await?;
        }
        match link {
            Some(link) if files.is_empty() && self.options.posts => {
                let url = Url::parse(&format!("page:{link}"));
                if let Ok(url) = url {
                    out.link(Link::from(url)).await?;
                }
                Ok(())
            }
            Some(link) if files.is_empty() => out.embed(Link::from(link)).await,
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Source for Feed {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn reads(&self, document: Document) -> bool {
        document == Document::Feed
    }

    async fn list(&self, ctx: &Ctx, target: &Target, out: &Outlet) -> Result<()> {
        let text = target.link.url.as_str();
        let url = Url::parse(text.strip_prefix("feed:").unwrap_or(text));
        let start = url.ok().and_then(|url| web(&url, ""));
        let start = start.ok_or_else(|| {
            let message = format!("`{}` is not a feed", Shown(&target.link.url));
            Error::new(Kind::Config, message)
                .hint("`feed:` must be followed by an http or https URL")
        })?;
        let mut pages = Pages::new();
        let mut album = None;
        let mut next = Some(start.clone());
        let mut count = 0;
        let mut posts = 0;
        let mut names = PostNames::default();
        let (mut cut, mut broken) = (0, 0);
        while let Some(url) = next.take() {
            pages.turn(url.as_str())?;
            count += 1;
            let known = target.validator.as_deref().filter(|_| count == 1);
            let known = known.and_then(|known| validator::headers(known, &self.options));
            let mut call = ctx.get(url).uncompressed();
            if let Some((name, value)) = &known {
                call = call.header(name.clone(), value)?;
            }
            let answer = call.send().await?;
            if known.is_some() && answer.status == StatusCode::NOT_MODIFIED {
                return out.unchanged().await;
            }
            let answer = answer.ok()?;
            let of_page = |mut error: Error| {
                if count > 1 {
                    let page = Shown(&answer.url);
                    error.message = format!("page {count} (`{page}`): {}", error.message);
                }
                error
            };
            let found = feed_page::read(&answer).await.map_err(of_page)?;
            let is_all =
                found.next.is_none() && found.cut + found.broken == 0 && found.error.is_none();
            if count == 1
                && is_all
                && let Some(validator) = validator::of(&answer, &self.options)
            {
                out.validator(validator).await?;
            }
            let album = album.get_or_insert_with(|| {
                Arc::new(Album {
                    id: url_key(&start),
                    title: Some(line(&found.title)).filter(|title| !title.is_empty()),
                    count: None,
                })
            });
            cut += found.cut;
            broken += found.broken;
            names.page(&start, &found.posts);
            for post in found.posts {
                posts += 1;
                self.post(&start, post, &names, album, &target.link.meta, out)
                    .await?;
            }
            if let Some(error) = found.error {
                return Err(of_page(error));
            }
            next = found.next.and_then(|next| web(&answer.url, &next));
            if let Some(away) = next.take_if(|next| !is_own(&answer.url, next)) {
                out.warn(format!(
                    "`{}` continues at another site, which is not read: use `feed:{}` to read it",
                    Shown(&answer.url),
                    Shown(&away)
                ))
                .await?;
            }
            if count >= self.options.pages && next.take().is_some() {
                self.report_page_limit(&start, out).await?;
            }
        }
        if broken > 0 {
            let start = Shown(&start);
            out.warn(format!(
                "{broken} posts of `{start}` cannot be read, or only partly; the others are downloaded"
            ))
            .await?;
        }
        if cut > 0 {
            let message = format!(
                "{cut} of the {posts} posts of `{}` are incomplete",
                Shown(&start)
            );
            return Err(Error::new(Kind::Corrupt, message).because(
                "they have too many files, or a text that is too long or takes too long to read",
            ));
        }
        if out.items() > 0 || out.embeds() > 0 || self.options.posts && posts > 0 {
            return Ok(());
        }
        let message = format!("none of the {posts} posts of `{}` has media", Shown(&start));
        Err(Error::new(Kind::Unsupported, message)
            .hint("`-S source.feed.posts=true` reads the pages of its posts"))
    }
}

/// Checks whether the next page of a feed is on the same site, and no less secure.
fn is_own(page: &Url, next: &Url) -> bool {
    let is_plain = |url: &Url| url.scheme() == "http";
    is_same_host(page, next) && (is_plain(page) || !is_plain(next))
}
