//! Media embedded in a page: through its oEmbed, and in its frames.

use std::time::Duration;

use fetch::model::{Error, Item, Kind, Link, Medium, Meta, Result};
use fetch::net::Redacted;
use fetch::source::Answer;
use tokio::time::timeout;
use url::Url;

use super::choice::web;
use super::crawl::Crawl;
use super::frontier::is_same_host;
use super::media_url::is_unwanted;
use super::oembed::{self, Embedded};
use super::options::Options;
use super::parsed_page::ParsedPage;
use super::reading::{PageKind, is_page, reading};
use super::wanted::Wanted;

/// The most frames of a page that are requested, and the timeout of each: the page may have media regardless.
const FRAMES: usize = 3;
const PATIENCE: Duration = Duration::from_secs(5);
/// Up to this many videos in data for scripts count as the page's own.
const FEW: usize = 5;

impl Crawl<'_> {
    /// Requests the oEmbed of a page, if it has one. Returns the picture it describes, or the frames it embeds.
    pub(super) async fn embedded(
        &self,
        place: Option<Url>,
        here: &Url,
        meta: &Meta,
    ) -> Result<(Option<Item>, Vec<Url>)> {
        let nothing = (None, Vec::new());
        let Some(place) = place else {
            return Ok(nothing);
        };
        if self.follows && !self.is_allowed(&place).await.unwrap_or(false) {
            return Ok(nothing);
        }
        let answer = self.ctx.get(place).send().await;
        let answer = match answer.and_then(Answer::ok) {
            Ok(answer) => answer,
            // The page may have media regardless.
            Err(error) => {
                let told = self.out.note(format!("without its oEmbed: {error}"));
                return told.await.map(|()| nothing);
            }
        };
        Ok(match oembed::read(&answer.body, &answer.url) {
            Some(Embedded::Photo { url, title, author }) => {
                let meta = Meta {
                    title,
                    author: author.or_else(|| meta.author.clone()),
                    ..meta.clone()
                };
                let item = self.page.item(here, url, Some(Medium::Image), meta);
                (Some(item), Vec::new())
            }
            Some(Embedded::Frames(urls)) => (None, urls),
            None => nothing,
        })
    }

    /// Returns the videos and sounds in frames that are pages of the same host. A frame that has some, or that a site's
    /// source handles, is removed from the list.
    pub(super) async fn films(&self, frames: &mut Vec<Url>, here: &Url) -> Result<Vec<Wanted>> {
        let mut films = Vec::new();
        let mut asked = 0;
        let mut left = Vec::new();
        for frame in std::mem::take(frames) {
            let is_own = frame != *here && is_same_host(here, &frame) && !is_unwanted(&frame, "");
            if asked == FRAMES || !is_own {
                left.push(frame);
                continue;
            }
            let known = self.out.embeds();
            self.out.embed(Link::from(frame.clone())).await?;
            if self.out.embeds() > known {
                continue;
            }
            asked += 1;
            let found = timeout(PATIENCE, self.frame(&frame)).await;
            match found.unwrap_or_else(|_| Err(Error::new(Kind::Network, "no answer in time"))) {
                Ok(found) if found.is_empty() => left.push(frame),
                Ok(found) => films.extend(found),
                Err(error) if error.kind == Kind::Closed => return Err(error),
                Err(error) => {
                    let text = format!("without the frame `{}`: {error}", Redacted(&frame));
                    self.out.note(text).await?;
                    left.push(frame);
                }
            }
        }
        *frames = left;
        Ok(films)
    }

    /// Returns the videos in data for a page's scripts that are to be taken. More than a few, in addition to what it
    /// shows, belong to other pages.
    pub(super) async fn hidden(
        &self,
        films: Vec<Wanted>,
        here: &Url,
        is_shown: bool,
    ) -> Result<Vec<Wanted>> {
        if !is_shown || films.len() <= FEW {
            return Ok(films);
        }
        let (page, count) = (Redacted(here), films.len());
        let text = format!(
            "videos and sounds left out that are named only in script data of `{page}`: {count}"
        );
        self.out.note(text).await?;
        Ok(Vec::new())
    }

    /// Returns the videos and sounds on the page in a frame. Pictures in frames are usually advertisements.
    async fn frame(&self, frame: &Url) -> Result<Vec<Wanted>> {
        if self.follows && !self.is_allowed(frame).await? {
            return Ok(Vec::new());
        }
        let answer = self.ctx.get(frame.clone()).send_if(is_page).await?;
        if answer.status.is_redirection() {
            return Ok(Vec::new());
        }
        let answer = answer.ok()?;
        if !is_page(&answer.headers) {
            // It may be the video itself.
            let kind = film(answer.header("content-type").unwrap_or(""));
            let shown = kind.map(|kind| Wanted::shown(frame.clone(), Some(kind), "", 0));
            return Ok(shown.into_iter().collect());
        }
        let reading = reading(&answer, &Options::default()).await?;
        let PageKind::Page(chosen) = reading.kind else {
            return Ok(Vec::new());
        };
        // The page has one or the other.
        let films = chosen.media.into_iter().chain(chosen.hidden);
        Ok(films
            .filter(|wanted| wanted.medium != Some(Medium::Image))
            .collect())
    }

    /// Emits a link to the IIIF manifest that a page names, if it names exactly one: it has all of the pictures.
    pub(super) async fn manifest(&mut self, parsed: &ParsedPage, here: &Url) -> Result<bool> {
        let [manifest] = &*parsed.manifests else {
            return Ok(false);
        };
        let manifest = web(&parsed.base(here), manifest).filter(|url| {
            // The source that reads it requests public hosts only by https.
            let is_read = url.scheme() == "https" || url.domain().is_none();
            // A page that was itself handed on must not hand on further, or there would be no end.
            is_read && url != here && !self.is_handed
        });
        if let Some(manifest) = &manifest {
            self.handed += 1;
            self.out.link(Link::from(manifest.clone())).await?;
        }
        Ok(manifest.is_some())
    }

    /// Emits the frames of a page.
    pub(super) async fn hand_on(
        &self,
        embeds: impl IntoIterator<Item = Url>,
        players: impl IntoIterator<Item = Url>,
    ) -> Result<()> {
        for url in embeds {
            self.out.embed(Link::from(url)).await?;
        }
        for url in players {
            self.out.player(Link::from(url)).await?;
        }
        Ok(())
    }
}

/// Returns the medium of a video or audio content type.
fn film(kind: &str) -> Option<Medium> {
    let kind = kind.trim_start().to_ascii_lowercase();
    let kinds = [("video/", Medium::Video), ("audio/", Medium::Audio)];
    let known = kinds.into_iter().find(|(start, _)| kind.starts_with(start));
    known.map(|(_, medium)| medium)
}
