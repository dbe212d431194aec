//! Reads everything behind a link: its page, the pages that follow it, and those that links on them lead to.

use std::collections::HashMap;
use std::sync::Arc;

use fetch::model::{Album, Body, Error, Item, Medium, Meta, Result};
use fetch::source::{Answer, Ctx, Outlet, Pages, Target, url_key};
use url::Url;

use super::Page;
use super::choice::{Chosen, Omitted, web};
use super::folder::below;
use super::frontier::{Frontier, is_same_host};
use super::iiif;
use super::login;
use super::next::next as next_page;
use super::options::Options;
use super::player::is_player;
use super::reading::{PageKind, page_meta, reading};
use super::seen::Seen;
use super::text;
use super::wanted::Wanted;

/// The reading of one link.
pub(super) struct Crawl<'a> {
    pub(super) page: &'a Page,
    pub(super) options: Arc<Options>,
    pub(super) ctx: &'a Ctx,
    pub(super) out: &'a Outlet,
    known: &'a Meta,
    /// Whether another listing has emitted the link.
    pub(super) is_handed: bool,
    /// The first page, once known.
    home: Option<Url>,
    /// Whether links are followed.
    pub(super) follows: bool,
    turned: Pages,
    pub(super) seen: Seen,
    /// A page with more than was taken.
    pub(super) cut: Option<Url>,
    /// How many pages were requested.
    pub(super) count: u32,
    /// How many links were emitted.
    pub(super) handed: u32,
    /// How many links of the requested folder were left out, if there is nothing else in it.
    pub(super) left: usize,
    /// How many links the site does not permit programs to follow.
    pub(super) refused: usize,
    /// How many links led to pages without public access.
    pub(super) closed: usize,
    /// How many links were followed successfully.
    pub(super) followed: usize,
    /// Whether the link is to a directory listing.
    pub(super) is_folder: bool,
    /// How many links failed for a temporary reason, and the first error.
    pub(super) failed: u32,
    pub(super) fault: Option<Error>,
    /// The address of the first page's feed.
    pub(super) feed: Option<Url>,
    /// Pictures left out that the user may miss.
    pub(super) omitted: Omitted,
    /// How many pictures link to pages that are not followed.
    pub(super) leading: usize,
    /// The targets of redirects, with the links that led there.
    pub(super) moved: HashMap<Url, Url>,
}

impl<'a> Crawl<'a> {
    pub(super) fn new(page: &'a Page, ctx: &'a Ctx, target: &'a Target, out: &'a Outlet) -> Self {
        // A retry uses the options that applied when the listing failed.
        let terms = target.terms.as_deref();
        let terms = terms.and_then(|terms| serde_json::from_str(terms).ok());
        let options: Options = terms.unwrap_or_else(|| page.options.clone());
        // Links emitted by another listing are not followed any further: that would have no end.
        let follows = options.depth > 0 && !target.handed;
        if follows && let Some(terms) = options.terms() {
            out.terms(terms);
        }
        Crawl {
            page,
            options: Arc::new(options),
            ctx,
            out,
            known: &target.link.meta,
            is_handed: target.handed,
            home: None,
            follows,
            turned: Pages::new(),
            seen: Seen::new(),
            cut: None,
            count: 1,
            handed: 0,
            left: 0,
            refused: 0,
            closed: 0,
            followed: 0,
            is_folder: false,
            failed: 0,
            fault: None,
            feed: None,
            omitted: Omitted::default(),
            leading: 0,
            moved: HashMap::new(),
        }
    }

    /// Reads everything, starting with the response to the requested URL.
    pub(super) async fn run(mut self, start: Answer, asked: &Url) -> Result<()> {
        let options = self.options.clone();
        self.home = Some(start.url.clone());
        let mut frontier = Frontier::new(&start.url, &options);
        for url in [asked, &start.url] {
            frontier.read(url);
        }
        let read = self.album(start, asked, 0, &mut frontier).await;
        self.settle(Some(asked)).await?;
        if read.is_err() {
            self.settle(None).await?;
        }
        read?;
        while let Some((url, depth)) = frontier.next() {
            if self.count >= self.options.max_pages {
                let most = self.options.max_pages;
                let text = format!(
                    "only {most} pages are read (`source.page.max_pages`); some links are left out"
                );
                self.out.note(text).await?;
                break;
            }
            if let Err(error) = self.visit(&url, depth, &mut frontier).await {
                self.note_failed_link(error).await?;
            }
            self.settle(Some(&url)).await?;
        }
        self.settle(None).await?;
        self.refused += frontier.unfollowed;
        if frontier.cut {
            self.cut.get_or_insert_with(|| asked.clone());
        }
        self.finish().await
    }

    /// Reads a page and the pages that follow it, which make up one album.
    pub(super) async fn album(
        &mut self,
        start: Answer,
        asked: &Url,
        depth: u32,
        frontier: &mut Frontier<'_>,
    ) -> Result<()> {
        let options = &*self.options.clone();
        self.turned.turn(start.url.as_str())?;
        let mut album = None;
        let mut items = 0;
        let mut next = Some(start);
        let mut count = 0;
        while let Some(answer) = next.take() {
            count += 1;
            self.warn_if_truncated(&answer).await?;
            let reading = reading(&answer, options).await?;
            let parsed = &reading.parsed;
            let here = &answer.url;
            if count == 1 {
                let from = self.moved.get(here).unwrap_or(asked);
                login::unless_asked_for(from, here, parsed.asks_password)?;
            }
            let below = self.home.as_ref().and_then(|home| below(home, here));
            let title = match &reading.kind {
                // Its title "Index of …" only repeats its address.
                PageKind::Folder(_) => below.as_deref().unwrap_or(""),
                PageKind::Page(_) => parsed
                    .meta("og:title")
                    .unwrap_or(match parsed.title.trim() {
                        "" => &parsed.heading,
                        title => title,
                    }),
            };
            let album = album.get_or_insert_with(|| {
                Arc::new(Album {
                    id: url_key(asked),
                    title: Some(text::line(title)).filter(|title| !title.is_empty()),
                    count: None,
                })
            });
            let Chosen {
                mut media,
                mut embeds,
                mut players,
                hidden,
                json_ld,
                is_shown,
                omitted,
                cut,
            } = match reading.kind {
                PageKind::Folder(listed) => {
                    return self.folder(here, listed, album, depth, frontier).await;
                }
                PageKind::Page(chosen) => *chosen,
            };
            if cut {
                self.cut.get_or_insert_with(|| asked.clone());
            }
            if self.feed.is_none() && self.count == 1 {
                let feed = parsed.feed.as_deref();
                self.feed = feed.and_then(|feed| web(&parsed.base(here), feed));
            }
            // If only preview media are left, the pictures left out may be what the user wants.
            let is_odd = !is_shown && !media.is_empty() && embeds.is_empty() && players.is_empty();
            self.report_omitted(here, omitted, is_odd).await?;
            self.report_json_ld_faults(here, &json_ld).await?;
            let meta = page_meta(parsed, &json_ld, self.known, here, album);
            let is_film = |wanted: &Wanted| wanted.medium != Some(Medium::Image);
            let (before, handed) = (self.out.items() + self.out.embeds(), self.out.embeds());
            let has_players = !players.is_empty();
            let mut films = Vec::new();
            if count == 1 && !media.iter().any(is_film) {
                films = self.films(&mut embeds, here).await?;
                films.extend(self.films(&mut players, here).await?);
                // The video is elsewhere, or in the data for its scripts.
                if films.is_empty() && !players.iter().any(is_player) {
                    films = self.hidden(hidden, here, is_shown).await?;
                }
            }
            if !is_shown && films.is_empty() && parsed.oembed.is_some() {
                let known = self.out.embeds();
                self.hand_on(embeds.drain(..), players.drain(..)).await?;
                let place = parsed
                    .oembed
                    .as_deref()
                    .filter(|_| self.out.embeds() == known);
                let place = place.and_then(|place| web(&parsed.base(here), place));
                let (photo, mut frames) = self.embedded(place, here, &meta).await?;
                films = self.films(&mut frames, here).await?;
                self.hand_on([], frames).await?;
                // The page's preview picture is the photo, or the poster of what is shown elsewhere.
                if !options.all && (photo.is_some() || self.out.embeds() > known) {
                    media.clear();
                }
                if let Some(item) = photo {
                    items += 1;
                    self.out.item(numbered(item, items)).await?;
                }
            }
            if !is_shown && !films.is_empty() && !options.all {
                media.clear();
            }
            if count == 1 && self.manifest(parsed, here).await? && !options.all {
                media.retain(|wanted| is_shown && !iiif::is_preview(&wanted.url));
            }
            let is_told = count == 1
                && !is_shown
                && !has_players
                && films.is_empty()
                && !media.is_empty()
                && items == 0;
            let is_bare = count == 1 && media.is_empty() && players.is_empty();
            media.splice(0..0, films);
            let mut follows = next_page(parsed, here, count == 1);
            let behind = follows.take_if(|_| count >= options.pages);
            if self.follows && !is_bare {
                frontier.page(parsed, here, depth);
            }
            for wanted in media {
                if !self.seen.is_new(&wanted, options.all) {
                    continue;
                }
                let description = Some(text::line(&wanted.alt));
                let meta = Meta {
                    title: wanted.name.as_deref().map(text::line),
                    description: description.filter(|text| !text.is_empty()),
                    ..meta.clone()
                };
                let (url, medium) = (wanted.url.clone(), wanted.medium);
                let mut item = self.page.item(here, url, medium, meta);
                if let (Some(small), Body::File(request)) = (&wanted.small, &mut item.body) {
                    // The small picture is used if the other turns out to be a page, or is not public.
                    request.stand_in = Some(small.clone());
                    frontier.read(&wanted.url);
                }
                items += 1;
                let item = numbered(item, items);
                if !self.follows && !self.is_handed && leads_to_page(&wanted, here) {
                    self.leading += 1;
                }
                // A larger one may be on the page it links to, or on the following ones.
                let leads = wanted.leads_to.as_ref().filter(|page| frontier.waits(page));
                let is_small = follows.is_some() && wanted.size.is_small();
                let item = match leads.or(is_small.then_some(asked)) {
                    Some(page) if !wanted.is_linked && !options.all => {
                        self.seen.wait(page, &wanted, item)
                    }
                    _ => Some(item),
                };
                if let Some(item) = item {
                    self.out.item(item).await?;
                }
            }
            self.hand_on(embeds, players).await?;
            if is_told && self.out.embeds() == handed {
                self.report_only_preview(here, depth == 0).await?;
            }
            let shows = self.out.items() + self.out.embeds() > before;
            if is_bare {
                if !shows && self.follow_refresh(parsed, here, depth, frontier).await? {
                    return Ok(());
                }
                if self.follows {
                    frontier.page(parsed, here, depth);
                }
            }
            if let Some(url) = follows {
                // The last page of some galleries names itself, or the first one, as the next page.
                if self.turned.turn(url.as_str()).is_ok()
                    && (!self.follows || self.may_turn(&url, frontier).await?)
                {
                    self.seen.moved(&url, asked);
                    next = Some(self.ctx.get(url).send().await?.ok()?);
                }
            }
            if let Some(url) = behind
                && !frontier.waits(&url)
                && self.turned.turn(url.as_str()).is_ok()
            {
                self.report_page_limit(asked).await?;
            }
        }
        Ok(())
    }

    /// Checks whether the next page of an album may be requested while following links.
    async fn may_turn(&mut self, url: &Url, frontier: &mut Frontier<'_>) -> Result<bool> {
        frontier.read(url);
        let may = self.count < self.options.max_pages && self.is_allowed(url).await?;
        self.count += u32::from(may);
        Ok(may)
    }

    /// Emits the pictures that waited for a page, or for any if none is given, and have no larger version.
    async fn settle(&mut self, page: Option<&Url>) -> Result<()> {
        for item in self.seen.settle(page) {
            self.out.item(item).await?;
        }
        Ok(())
    }

    /// Checks whether the site's robots.txt permits this URL, if that is to be respected.
    pub(super) async fn is_allowed(&self, url: &Url) -> Result<bool> {
        match self.options.robots {
            true => self.page.robots_cache.allow(self.ctx, url).await,
            false => Ok(true),
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
