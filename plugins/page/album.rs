//! Reads an album: a page, and the pages that follow it.

use std::sync::Arc;

use fetch::model::{Album, Body, Item, Medium, Meta, Result};
use fetch::source::{Answer, url_key};
use url::Url;

use super::choice::{Chosen, web};
use super::crawl::Crawl;
use super::folder::below;
use super::frontier::{Frontier, is_same_host};
use super::iiif;
use super::login;
use super::next::next as next_page;
use super::parsed_page::ParsedPage;
use super::player::is_player;
use super::reading::{PageKind, Reading, page_meta, reading};
use super::text;
use super::wanted::Wanted;

/// How far an album has been read.
struct AlbumProgress<'a> {
    /// The address of its first page, as requested.
    asked: &'a Url,
    /// How many links lead from the first page of the crawl to it.
    depth: u32,
    album: Option<Arc<Album>>,
    pages: u32,
    items: u64,
}

/// One page of an album.
struct AlbumPage<'a> {
    here: &'a Url,
    parsed: &'a ParsedPage,
    is_first: bool,
    /// The metadata common to all of its media.
    meta: Meta,
    /// The page that follows it.
    next: Option<Url>,
    /// The page that follows it, if that is one more than are read.
    beyond: Option<Url>,
}

impl Crawl<'_> {
    /// Reads a page and the pages that follow it, which make up one album.
    pub(super) async fn album(
        &mut self,
        start: Answer,
        asked: &Url,
        depth: u32,
        frontier: &mut Frontier<'_>,
    ) -> Result<()> {
        self.turned.turn(start.url.as_str())?;
        let mut progress = AlbumProgress {
            asked,
            depth,
            album: None,
            pages: 0,
            items: 0,
        };
        let mut next = Some(start);
        while let Some(answer) = next.take() {
            next = self.album_page(&answer, &mut progress, frontier).await?;
        }
        Ok(())
    }

    /// Reads one page of an album, and returns the answer to the request for the next one.
    async fn album_page(
        &mut self,
        answer: &Answer,
        progress: &mut AlbumProgress<'_>,
        frontier: &mut Frontier<'_>,
    ) -> Result<Option<Answer>> {
        progress.pages += 1;
        self.warn_if_truncated(answer).await?;
        let reading = reading(answer, &self.options).await?;
        let (here, asked, depth) = (&answer.url, progress.asked, progress.depth);
        if progress.pages == 1 {
            let from = self.moved.get(here).unwrap_or(asked);
            login::unless_asked_for(from, here, reading.parsed.asks_password)?;
        }
        let album = progress.album.get_or_insert_with(|| {
            Arc::new(Album {
                id: url_key(asked),
                title: self.album_title(&reading, here),
                count: None,
            })
        });
        let mut chosen = match reading.kind {
            PageKind::Folder(listed) => {
                self.folder(here, listed, album, depth, frontier).await?;
                return Ok(None);
            }
            PageKind::Page(chosen) => chosen,
        };
        let parsed = &reading.parsed;
        self.note_page(parsed, here, &chosen, asked).await?;
        let meta = page_meta(parsed, &chosen.json_ld, self.known, here, album);
        let page = AlbumPage::new(here, parsed, meta, progress.pages, self.options.pages);
        let (before, handed) = (self.out.items() + self.out.embeds(), self.out.embeds());
        let has_players = !chosen.players.is_empty();
        let films = self.films_of_page(&page, &mut chosen, progress).await?;
        let is_told = page.is_first
            && !chosen.is_shown
            && !has_players
            && films.is_empty()
            && !chosen.media.is_empty()
            && progress.items == 0;
        let is_bare = page.is_first && chosen.media.is_empty() && chosen.players.is_empty();
        chosen.media.splice(0..0, films);
        if self.follows && !is_bare {
            frontier.page(parsed, here, depth);
        }
        self.emit_media(&page, chosen.media, progress, frontier)
            .await?;
        self.hand_on(chosen.embeds, chosen.players).await?;
        if is_told && self.out.embeds() == handed {
            self.report_only_preview(here, depth == 0).await?;
        }
        if is_bare {
            let shows = self.out.items() + self.out.embeds() > before;
            if !shows && self.follow_refresh(parsed, here, depth, frontier).await? {
                return Ok(None);
            }
            if self.follows {
                frontier.page(parsed, here, depth);
            }
        }
        self.turn_page(page, asked, frontier).await
    }

    /// Returns the title for the album that starts with a page.
    fn album_title(&self, reading: &Reading, here: &Url) -> Option<String> {
        let Reading { parsed, kind } = reading;
        let below = self.home.as_ref().and_then(|home| below(home, here));
        let title = match kind {
            // Its title "Index of …" only repeats its address.
            PageKind::Folder(_) => below.as_deref().unwrap_or(""),
            PageKind::Page(_) => parsed
                .meta("og:title")
                .unwrap_or(match parsed.title.trim() {
                    "" => &parsed.heading,
                    title => title,
                }),
        };
        Some(text::line(title)).filter(|title| !title.is_empty())
    }

    /// Notes whether a page was cut, and its feed, and reports what was left out of it.
    async fn note_page(
        &mut self,
        parsed: &ParsedPage,
        here: &Url,
        chosen: &Chosen,
        asked: &Url,
    ) -> Result<()> {
        if chosen.cut {
            self.cut.get_or_insert_with(|| asked.clone());
        }
        if self.feed.is_none() && self.count == 1 {
            let feed = parsed.feed.as_deref();
            self.feed = feed.and_then(|feed| web(&parsed.base(here), feed));
        }
        // If only preview media are left, the pictures left out may be what the user wants.
        let is_odd = !chosen.is_shown
            && !chosen.media.is_empty()
            && chosen.embeds.is_empty()
            && chosen.players.is_empty();
        self.report_omitted(here, chosen.omitted, is_odd).await?;
        self.report_json_ld_faults(here, &chosen.json_ld).await
    }

    /// Returns the videos and sounds that a page has in its frames, its oEmbed or the data for its scripts, and removes
    /// the pictures that only stand for them or for its manifest.
    async fn films_of_page(
        &mut self,
        page: &AlbumPage<'_>,
        chosen: &mut Chosen,
        progress: &mut AlbumProgress<'_>,
    ) -> Result<Vec<Wanted>> {
        let AlbumPage { here, parsed, .. } = *page;
        let is_shown = chosen.is_shown;
        let is_film = |wanted: &Wanted| wanted.medium != Some(Medium::Image);
        let mut films = Vec::new();
        if page.is_first && !chosen.media.iter().any(is_film) {
            films = self.films(&mut chosen.embeds, here).await?;
            films.extend(self.films(&mut chosen.players, here).await?);
            // The video is elsewhere, or in the data for its scripts.
            if films.is_empty() && !chosen.players.iter().any(is_player) {
                let hidden = std::mem::take(&mut chosen.hidden);
                films = self.hidden(hidden, here, is_shown).await?;
            }
        }
        if !is_shown && films.is_empty() && parsed.oembed.is_some() {
            films = self.oembed_films(page, chosen, progress).await?;
        }
        if !is_shown && !films.is_empty() && !self.options.all {
            chosen.media.clear();
        }
        if page.is_first && self.manifest(parsed, here).await? && !self.options.all {
            let media = &mut chosen.media;
            media.retain(|wanted| is_shown && !iiif::is_preview(&wanted.url));
        }
        Ok(films)
    }

    /// Emits the picture that the oEmbed of a page describes, and returns the videos and sounds in the frames it embeds.
    /// It is requested only if no source handles the frames of the page itself.
    async fn oembed_films(
        &mut self,
        page: &AlbumPage<'_>,
        chosen: &mut Chosen,
        progress: &mut AlbumProgress<'_>,
    ) -> Result<Vec<Wanted>> {
        let AlbumPage { here, parsed, .. } = *page;
        let known = self.out.embeds();
        self.hand_on(chosen.embeds.drain(..), chosen.players.drain(..))
            .await?;
        let place = parsed
            .oembed
            .as_deref()
            .filter(|_| self.out.embeds() == known);
        let place = place.and_then(|place| web(&parsed.base(here), place));
        let (photo, mut frames) = self.embedded(place, here, &page.meta).await?;
        let films = self.films(&mut frames, here).await?;
        self.hand_on([], frames).await?;
        // The page's preview picture is the photo, or the poster of what is shown elsewhere.
        if !self.options.all && (photo.is_some() || self.out.embeds() > known) {
            chosen.media.clear();
        }
        if let Some(item) = photo {
            progress.items += 1;
            self.out.item(numbered(item, progress.items)).await?;
        }
        Ok(films)
    }

    /// Emits the media of a page, except pictures of which a larger version may follow.
    async fn emit_media(
        &mut self,
        page: &AlbumPage<'_>,
        media: Vec<Wanted>,
        progress: &mut AlbumProgress<'_>,
        frontier: &mut Frontier<'_>,
    ) -> Result<()> {
        for wanted in media {
            if !self.seen.is_new(&wanted, self.options.all) {
                continue;
            }
            let item = self.media_item(page, &wanted, frontier);
            progress.items += 1;
            let item = numbered(item, progress.items);
            if !self.follows && !self.is_handed && leads_to_page(&wanted, page.here) {
                self.leading += 1;
            }
            // A larger one may be on the page it links to, or on the following ones.
            let leads = wanted.leads_to.as_ref().filter(|page| frontier.waits(page));
            let is_small = page.next.is_some() && wanted.size.is_small();
            let item = match leads.or(is_small.then_some(progress.asked)) {
                Some(page) if !wanted.is_linked && !self.options.all => {
                    self.seen.wait(page, &wanted, item)
                }
                _ => Some(item),
            };
            if let Some(item) = item {
                self.out.item(item).await?;
            }
        }
        Ok(())
    }

    /// Returns the item for a medium of a page.
    fn media_item(
        &self,
        page: &AlbumPage<'_>,
        wanted: &Wanted,
        frontier: &mut Frontier<'_>,
    ) -> Item {
        let description = Some(text::line(&wanted.alt));
        let meta = Meta {
            title: wanted.name.as_deref().map(text::line),
            description: description.filter(|text| !text.is_empty()),
            ..page.meta.clone()
        };
        let (url, medium) = (wanted.url.clone(), wanted.medium);
        let mut item = self.page.item(page.here, url, medium, meta);
        if let (Some(small), Body::File(request)) = (&wanted.small, &mut item.body) {
            // The small picture is used if the other turns out to be a page, or is not public.
            request.stand_in = Some(small.clone());
            frontier.read(&wanted.url);
        }
        item
    }

    /// Requests the page that follows, if there is one that may be read.
    async fn turn_page(
        &mut self,
        page: AlbumPage<'_>,
        asked: &Url,
        frontier: &mut Frontier<'_>,
    ) -> Result<Option<Answer>> {
        if let Some(url) = page.next {
            // The last page of some galleries names itself, or the first one, as the next page.
            if self.turned.turn(url.as_str()).is_ok()
                && (!self.follows || self.may_turn(&url, frontier).await?)
            {
                self.seen.moved(&url, asked);
                return Ok(Some(self.ctx.get(url).send().await?.ok()?));
            }
        }
        if let Some(url) = page.beyond
            && !frontier.waits(&url)
            && self.turned.turn(url.as_str()).is_ok()
        {
            self.report_page_limit(asked).await?;
        }
        Ok(None)
    }

    /// Checks whether the next page of an album may be requested while following links.
    async fn may_turn(&mut self, url: &Url, frontier: &mut Frontier<'_>) -> Result<bool> {
        frontier.read(url);
        let may = self.count < self.options.max_pages && self.is_allowed(url).await?;
        self.count += u32::from(may);
        Ok(may)
    }
}

impl<'a> AlbumPage<'a> {
    /// Describes the page with this number, of which at most `limit` are read.
    fn new(here: &'a Url, parsed: &'a ParsedPage, meta: Meta, number: u32, limit: u32) -> Self {
        let is_first = number == 1;
        let mut next = next_page(parsed, here, is_first);
        let beyond = next.take_if(|_| number >= limit);
        AlbumPage {
            here,
            parsed,
            is_first,
            meta,
            next,
            beyond,
        }
    }
}

/// Checks whether a medium is a picture that links to another page of this site, where a larger one may be.
fn leads_to_page(wanted: &Wanted, here: &Url) -> bool {
    let mut leads = wanted.leads_to.iter().filter(|_| !wanted.is_linked);
    leads.any(|page| page != here && is_same_host(here, page))
}

/// Returns an item with its number in its album.
fn numbered(mut item: Item, number: u64) -> Item {
    item.meta.number = Some(number);
    item
}
