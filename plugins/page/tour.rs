//! Reads what a link leads to: its page, those that follow it, and those that their links lead to.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use fetch::model::{Album, Error, Item, Kind, Link, Medium, Meta, Result};
use fetch::net::Shown;
use fetch::source::{Answer, Ctx, Outlet, Pages, Target, url_key, url_medium};
use url::Url;

use super::Page;
use super::choice::{Chosen, Wanted, identity, web};
use super::folder::Listed;
use super::frontier::Frontier;
use super::likeness::stream;
use super::options::Options;
use super::reading::{Found, about, is_next, is_page, reading, whole};
use super::sheet::Sheet;
use super::text;

/// The reading of one link.
pub(super) struct Tour<'a> {
    pub(super) page: &'a Page,
    options: Arc<Options>,
    pub(super) ctx: &'a Ctx,
    pub(super) out: &'a Outlet,
    known: &'a Meta,
    /// Whether links are followed.
    pub(super) follows: bool,
    turned: Pages,
    /// Hashes of the media that were there. What they are can be long.
    seen: HashSet<u64>,
    hasher: RandomState,
    /// A page with more than was taken.
    cut: Option<Url>,
    /// How many pages were asked for.
    count: u32,
    /// How many links were handed on.
    handed: u32,
    /// How many links the site wants no program to follow.
    refused: usize,
    /// How many links led to nothing for a reason that may pass, and the first one.
    failed: u32,
    fault: Option<Error>,
    /// Where the feed of the first page is.
    feed: Option<Url>,
}

/// Who may know a page that has nothing in its markup.
pub(in super::super) const PROGRAMS: &str =
    "gallery-dl or yt-dlp may know the page, and are asked where they are installed";

impl<'a> Tour<'a> {
    pub(super) fn new(page: &'a Page, ctx: &'a Ctx, target: &'a Target, out: &'a Outlet) -> Self {
        // As it was listed when it failed, if this is to try that again.
        let terms = target.terms.as_deref();
        let terms = terms.and_then(|terms| serde_json::from_str(terms).ok());
        let options: Options = terms.unwrap_or_else(|| page.options.clone());
        // What one listing hands on, none follows links from: that would have no end.
        let follows = options.depth > 0 && !target.handed;
        if follows && let Ok(terms) = serde_json::to_string(&options) {
            out.terms(terms);
        }
        Tour {
            page,
            options: Arc::new(options),
            ctx,
            out,
            known: &target.link.meta,
            follows,
            turned: Pages::new(),
            seen: HashSet::new(),
            hasher: RandomState::new(),
            cut: None,
            count: 1,
            handed: 0,
            refused: 0,
            failed: 0,
            fault: None,
            feed: None,
        }
    }

    /// Reads all of it, given the answer for the URL that was asked for.
    pub(super) async fn run(mut self, start: Answer, asked: &Url) -> Result<()> {
        let options = self.options.clone();
        let mut frontier = Frontier::new(&start.url, &options);
        for url in [asked, &start.url] {
            frontier.is_new(url);
        }
        self.album(start, asked, 0, &mut frontier).await?;
        while let Some((url, depth)) = frontier.next() {
            if self.count >= self.options.max_pages {
                let most = self.options.max_pages;
                let text = format!(
                    "no more than {most} pages are read (`source.page.max_pages`); links are left"
                );
                self.out.note(text).await?;
                break;
            }
            match self.visit(url, depth, &mut frontier).await {
                Ok(()) => {}
                Err(error) => self.miss(error).await?,
            }
        }
        self.refused += frontier.unfollowed;
        if frontier.cut {
            self.cut.get_or_insert_with(|| asked.clone());
        }
        self.end().await
    }

    /// Reads a page and those that follow it, which make one album.
    async fn album(
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
            let reading = reading(&answer, options).await?;
            let sheet = &reading.sheet;
            let here = &answer.url;
            let title = match &reading.found {
                // It says "Index of" what its address says as well.
                Found::Folder(_) => "",
                Found::Page(_) => sheet.meta("og:title").unwrap_or(match sheet.title.trim() {
                    "" => &sheet.heading,
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
                linked,
                is_shown,
                cut,
            } = match reading.found {
                Found::Folder(listed) => {
                    return self.folder(here, listed, album, depth, frontier).await;
                }
                Found::Page(chosen) => chosen,
            };
            if cut {
                self.cut.get_or_insert_with(|| asked.clone());
            }
            if self.feed.is_none() && self.count == 1 {
                let feed = sheet.feed.as_deref();
                self.feed = feed.and_then(|feed| web(&sheet.base(here), feed));
            }
            let meta = about(sheet, &linked, self.known, here, album);
            let is_film = |wanted: &Wanted| wanted.medium != Some(Medium::Image);
            let before = self.out.items() + self.out.embeds();
            let mut films = Vec::new();
            if count == 1 && !media.iter().any(is_film) {
                films = self.films(&mut embeds, here).await?;
                films.extend(self.films(&mut players, here).await?);
            }
            if !is_shown && films.is_empty() && sheet.oembed.is_some() {
                let known = self.out.embeds();
                self.hand_on(embeds.drain(..), players.drain(..)).await?;
                let place = sheet
                    .oembed
                    .as_deref()
                    .filter(|_| self.out.embeds() == known);
                let (photo, mut frames) = self.embedded(place, here, &meta).await?;
                films = self.films(&mut frames, here).await?;
                self.hand_on([], frames).await?;
                // What the page is told by stands for the photo, or is the poster of what is shown elsewhere.
                if !options.all && (photo.is_some() || self.out.embeds() > known) {
                    media.clear();
                }
                if let Some(item) = photo {
                    self.item(item, &mut items).await?;
                }
            }
            if !is_shown && !films.is_empty() && !options.all {
                media.clear();
            }
            let is_bare = count == 1 && media.is_empty() && players.is_empty();
            media.splice(0..0, films);
            for wanted in media {
                let identity = identity(&wanted.url, wanted.medium, options.all);
                if self.seen.insert(self.hasher.hash_one(identity)) {
                    let description = Some(text::line(&wanted.alt));
                    let meta = Meta {
                        title: wanted.name.as_deref().map(text::line),
                        description: description.filter(|text| !text.is_empty()),
                        ..meta.clone()
                    };
                    let item = self.page.item(here, wanted.url, wanted.medium, meta);
                    self.item(item, &mut items).await?;
                }
            }
            self.hand_on(embeds, players).await?;
            let shows = self.out.items() + self.out.embeds() > before;
            if is_bare && !shows && self.sent_on(sheet, here, depth, frontier).await? {
                return Ok(());
            }
            if self.follows {
                frontier.page(sheet, here, depth);
            }
            let follows = sheet.next.as_deref().and_then(|next| web(here, next));
            if let Some(url) = follows.filter(|next| is_next(here, next)) {
                // The last page of some galleries names itself, or the first one.
                if count < options.pages
                    && self.turned.turn(url.as_str()).is_ok()
                    && (!self.follows || self.may_turn(&url, frontier).await?)
                {
                    next = Some(self.ctx.get(url).send().await?.ok()?);
                }
            }
        }
        Ok(())
    }

    /// Goes where a page without anything sends whoever opens it, and says whether it does.
    async fn sent_on(
        &mut self,
        sheet: &Sheet,
        here: &Url,
        depth: u32,
        frontier: &mut Frontier<'_>,
    ) -> Result<bool> {
        let base = sheet.base(here);
        let place = sheet.refresh.as_deref().and_then(|url| web(&base, url));
        let Some(url) = place.filter(|url| url != here) else {
            return Ok(false);
        };
        match self.follows {
            true => frontier.redirect(url, depth),
            false => {
                self.handed += 1;
                self.out.link(Link::from(url)).await?;
            }
        }
        Ok(true)
    }

    /// Whether the next page of an album may be asked for where links are followed.
    async fn may_turn(&mut self, url: &Url, frontier: &mut Frontier<'_>) -> Result<bool> {
        frontier.is_new(url);
        let may = self.count < self.options.max_pages && self.is_allowed(url).await?;
        self.count += u32::from(may);
        Ok(may)
    }

    /// Emits an item with its number in its album.
    async fn item(&self, mut item: Item, items: &mut u64) -> Result<()> {
        *items += 1;
        item.meta.number = Some(*items);
        self.out.item(item).await
    }

    /// The files of a server's folder. They keep their names, and have no numbers: those would change with each new file.
    async fn folder(
        &mut self,
        here: &Url,
        listed: Listed,
        album: &Arc<Album>,
        depth: u32,
        frontier: &mut Frontier<'_>,
    ) -> Result<()> {
        let options = &self.options;
        for url in listed.urls {
            if url.path().ends_with('/') {
                if self.follows {
                    if depth < options.depth {
                        frontier.add(url, depth + 1);
                    }
                } else if options.folders
                    && let Ok(link) = Url::parse(&format!("page:{url}"))
                {
                    self.handed += 1;
                    self.out.link(Link::from(link)).await?;
                }
                continue;
            }
            let meta = Meta {
                album: Some(album.clone()),
                page: Some(here.clone()),
                ..Meta::default()
            };
            let item = self.page.item(here, url, None, meta);
            self.out.unnumbered(item).await?;
        }
        // An empty folder is one.
        self.handed += 1;
        if listed.cut {
            self.cut.get_or_insert_with(|| here.clone());
        }
        Ok(())
    }

    /// Follows a link: what the source of a site knows goes there, and what is no page to whoever takes it.
    async fn visit(&mut self, url: Url, depth: u32, frontier: &mut Frontier<'_>) -> Result<()> {
        let known = self.out.embeds();
        self.out.embed(Link::from(url.clone())).await?;
        if self.out.embeds() > known {
            return Ok(());
        }
        if !self.is_allowed(&url).await? {
            self.refused += 1;
            return Ok(());
        }
        self.count += 1;
        let answer = self.ctx.get(url.clone()).send_if(is_page).await?;
        if answer.status.is_redirection() {
            let place = answer.header("location").and_then(|place| web(&url, place));
            match place {
                // Where it leads may be another each time, so it goes on from here.
                Some(place) if url_medium(&place).is_some() || stream(&place).is_some() => {
                    self.handed += 1;
                    self.out.link(Link::from(url)).await?;
                }
                Some(place) => frontier.redirect(place, depth),
                None => {}
            }
            return Ok(());
        }
        let answer = answer.ok()?;
        if is_page(&answer.headers) {
            return self.album(answer, &url, depth, frontier).await;
        }
        self.handed += 1;
        self.out.link(Link::from(url)).await
    }

    pub(super) async fn is_allowed(&self, url: &Url) -> Result<bool> {
        match self.options.robots {
            true => self.page.sites.allow(self.ctx, url).await,
            false => Ok(true),
        }
    }

    /// Notes that a link led to nothing. That a page is gone is how the web is; anything else is told at the end.
    async fn miss(&mut self, error: Error) -> Result<()> {
        match error.kind {
            Kind::Closed => return Err(error),
            Kind::Missing | Kind::Login | Kind::Blocked => {
                return self.out.note(format!("not followed: {error}")).await;
            }
            _ => {}
        }
        self.failed += 1;
        self.fault.get_or_insert(error);
        Ok(())
    }

    /// Tells what is missing.
    async fn end(self) -> Result<()> {
        if self.refused > 0 {
            let text = format!(
                "links not followed, as the site asks: {} (`source.page.robots`)",
                self.refused
            );
            self.out.note(text).await?;
        }
        if let Some(error) = self.fault {
            let message = format!("links that could not be followed: {}", self.failed);
            let hint = error.hint.clone();
            let told = Error::new(error.kind, message).because(error);
            return Err(match hint {
                Some(hint) => told.hint(hint),
                None => told,
            });
        }
        if let Some(page) = &self.cut {
            whole(page, true)?;
        }
        if self.out.items() > 0 || self.out.embeds() > 0 || self.handed > 0 {
            return Ok(());
        }
        let mut hints = Vec::new();
        if let Some(feed) = &self.feed {
            hints.push(format!("its feed may have some: `{}`", Shown(feed)));
        }
        hints.push("what its scripts bring is not seen".to_owned());
        if !self.options.all {
            hints.push("`--all` takes icons, documents and the like, too".to_owned());
        }
        hints.push(PROGRAMS.to_owned());
        let message = "no media that matter are in its markup";
        let hint = hints.join("; ");
        Err(Error::new(Kind::Unsupported, message).hint(hint))
    }
}
