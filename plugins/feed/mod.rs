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
mod reading;
mod title;
mod validator;
mod widths;
mod xml;

#[cfg(fuzzing)]
pub use feed_page::fuzz;
use fetch::async_trait;
use fetch::model::{Document, Error, Kind, Result};
use fetch::net::Redacted;
use fetch::source::{Ctx, Manifest, Outlet, Route, Source, Target, settings_hash};
use url::Url;

use super::page::web;
pub use options::Options;
use reading::Reading;

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
}

#[async_trait]
impl Source for Feed {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn reads(&self, document: Document) -> bool {
        document == Document::Feed
    }

    fn settings_hash(&self) -> i64 {
        settings_hash(&self.options)
    }

    async fn list(&self, ctx: &Ctx, target: &Target, out: &Outlet) -> Result<()> {
        let text = target.link.url.as_str();
        let url = Url::parse(text.strip_prefix("feed:").unwrap_or(text));
        let start = url.ok().and_then(|url| web(&url, ""));
        let start = start.ok_or_else(|| {
            let message = format!("`{}` is not a feed", Redacted(&target.link.url));
            Error::new(Kind::Config, message)
                .hint("`feed:` must be followed by an http or https URL")
        })?;
        let mut next = Some(start.clone());
        let mut reading = Reading::new(self, target, out, start);
        while let Some(url) = next.take() {
            next = match reading.request(ctx, url).await? {
                Some(answer) => reading.page(&answer).await?,
                None => return out.unchanged().await,
            };
        }
        reading.finish().await
    }
}
