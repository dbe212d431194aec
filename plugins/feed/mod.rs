//! Feeds: RSS, Atom, JSON Feed, podcasts. What is new is told by the archive.
//!
//! It does not know how bytes move, where files go, or what was fetched before.

mod found;
mod json;
mod options;
mod post;
mod validator;
mod xml;

#[cfg(fuzzing)]
pub use found::fuzz;
use std::sync::Arc;

use fetch::async_trait;
use fetch::model::{Album, Body, Document, Error, Expect, Item, Kind, Link, Meta, Request, Result};
use fetch::net::Shown;
use fetch::source::{Ctx, Manifest, Outlet, Pages, Route, Source, Target, url_key, url_name};
use http::StatusCode;
use jiff::Timestamp;
use url::Url;

use super::page::{date, line, web};
use found::Findings;
pub use options::Options;

/// Feeds of any site.
pub struct Feed {
    manifest: Manifest,
    options: Options,
}

impl Feed {
    /// Makes the source.
    ///
    /// # Errors
    /// None while its one route can be read.
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

    /// Says that there are more pages than are read. Whoever has set how many are, knows.
    async fn leave(&self, feed: &Url, out: &Outlet) -> Result<()> {
        let most = self.options.pages;
        let text = format!(
            "no more than {most} pages of `{}` are read (`source.feed.pages`); those behind are left",
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
        findings: Findings,
        album: &Arc<Album>,
        known: &Meta,
        out: &Outlet,
    ) -> Result<()> {
        let Findings { post, link, files } = findings;
        let text = |text: &str| Some(line(text)).filter(|text| !text.is_empty());
        let meta = Meta {
            title: text(&post.title),
            author: text(&post.author),
            date: when(&post.date).or(known.date),
            album: Some(album.clone()),
            page: link.clone(),
            extra: known.extra.clone(),
            ..Meta::default()
        };
        let is_alone = files.len() == 1;
        for (url, medium) in &files {
            let (name, ext) = url_name(url);
            let request = Request {
                expect: Expect {
                    medium: *medium,
                    ..Expect::default()
                },
                ..Request::new(url.clone())
            };
            out.unnumbered(Item {
                source: self.manifest.name.clone(),
                key: key(feed, &post.id, url, is_alone),
                meta: Meta {
                    name,
                    ext,
                    ..meta.clone()
                },
                body: Body::File(request),
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
            let message = format!("`{}` is no feed", Shown(&target.link.url));
            Error::new(Kind::Config, message).hint("`feed:` is followed by an http or https URL")
        })?;
        let mut pages = Pages::new();
        let mut album = None;
        let mut next = Some(start.clone());
        let mut count = 0;
        let mut posts = 0;
        let (mut cut, mut broken) = (0, 0);
        while let Some(url) = next.take() {
            pages.turn(url.as_str())?;
            count += 1;
            let known = target.validator.as_deref().filter(|_| count == 1);
            let known = known.and_then(|known| validator::headers(known, &self.options));
            let mut call = ctx.get(url).uncoded();
            if let Some((name, value)) = &known {
                call = call.header(name.clone(), value)?;
            }
            let answer = call.send().await?;
            if known.is_some() && answer.status == StatusCode::NOT_MODIFIED {
                return out.unchanged().await;
            }
            let answer = answer.ok()?;
            let found = found::read(&answer).await?;
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
            for post in found.posts {
                posts += 1;
                self.post(&start, post, album, &target.link.meta, out)
                    .await?;
            }
            if let Some(error) = found.error {
                return Err(error);
            }
            next = found
                .next
                .and_then(|next| web(&answer.url, &next))
                .filter(|next| next.origin() == answer.url.origin());
            if count >= self.options.pages && next.take().is_some() {
                self.leave(&start, out).await?;
            }
        }
        if broken > 0 {
            let start = Shown(&start);
            out.warn(format!(
                "{broken} posts of `{start}` cannot be read, or not in full; the others are taken"
            ))
            .await?;
        }
        if cut > 0 {
            let message = format!(
                "{cut} of the {posts} posts of `{}` are not taken in full",
                Shown(&start)
            );
            return Err(Error::new(Kind::Corrupt, message)
                .because("they have too many files, or take too long to read"));
        }
        if out.items() > 0 || out.embeds() > 0 || self.options.posts && posts > 0 {
            return Ok(());
        }
        let message = format!("none of the {posts} posts of `{}` has media", Shown(&start));
        Err(Error::new(Kind::Unsupported, message)
            .hint("`-S source.feed.posts=true` reads the pages of its posts"))
    }
}

/// The identity of a file of a post: what the feed calls the post, since addresses of files change with whoever counts their
/// readers. Names that are no addresses are the feed's own. Of several files each is told by its address, too, as none keeps
/// its place when another comes before it.
fn key(feed: &Url, id: &str, file: &Url, is_alone: bool) -> String {
    let own = match Url::parse(id) {
        _ if id.is_empty() => return url_key(file),
        Ok(url) if url.has_host() => url_key(&url),
        _ => format!("{} {}", url_key(feed), line(id)),
    };
    match is_alone {
        true => own,
        false => format!("{own} {}", url_key(file)),
    }
}

/// A date as feeds write it: RFC 2822 in RSS, RFC 3339 elsewhere.
fn when(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let in_mail = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text);
    in_mail.ok().or_else(|| date(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_keeps_its_identity_when_its_file_moves() {
        let feed = Url::parse("https://x.org/feed.xml").unwrap();
        let file = Url::parse("https://cdn.example/1.mp3?t=1").unwrap();
        let table = [
            ("g41", true, "https://x.org/feed.xml g41"),
            ("https://x.org/41", true, "https://x.org/41"),
            (
                "https://x.org/41",
                false,
                "https://x.org/41 https://cdn.example/1.mp3?t=1",
            ),
            ("", true, "https://cdn.example/1.mp3?t=1"),
            ("", false, "https://cdn.example/1.mp3?t=1"),
        ];
        for (id, is_alone, expected) in table {
            assert_eq!(key(&feed, id, &file, is_alone), expected);
        }
    }

    #[test]
    fn dates_are_read_as_feeds_write_them() {
        for text in [
            "Fri, 03 May 2024 06:00:00 GMT",
            "03 May 2024 08:00:00 +0200",
            "2024-05-03T06:00:00Z",
        ] {
            let read = when(text).map(|date| date.to_string());
            assert_eq!(read.as_deref(), Some("2024-05-03T06:00:00Z"), "{text}");
        }
        assert_eq!(when("soon"), None);
    }
}
