//! Chooses the relevant media from what a page says. Nothing is requested here.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use fetch::model::Medium;
use fetch::source::{url_medium as medium, url_name};
use url::Url;

use super::super::direct::is_no_document;
use super::facade;
use super::json_ld::{self, JsonLd};
use super::media_url::{
    is_advert, is_in_unwanted_place, is_surely_unwanted, is_unwanted, size_free_key,
};
use super::opened::by_query;
use super::options::Options;
use super::original::original;
use super::parsed_page::{ParsedPage, Piece, Role};
use super::size::Size;
use super::srcset;
use super::teasers::Teasers;
use super::wanted::{Media, Wanted};

mod metadata;
mod omitted;
mod sizes;

/// The choice made on a page.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) media: Vec<Wanted>,
    pub(super) embeds: Vec<Url>,
    /// Frames that are video or audio players, and players that the page announces.
    pub(super) players: Vec<Url>,
    /// The videos and sounds in data for scripts, for a page that has no others.
    pub(super) hidden: Vec<Wanted>,
    pub(super) json_ld: JsonLd,
    /// Whether the page shows media, or announces a video or sounds: anything but its preview pictures.
    pub(super) is_shown: bool,
    pub(super) omitted: Omitted,
    /// Whether the page has more than was examined.
    pub(super) cut: bool,
}

/// How many pictures are left out that the user may miss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Omitted {
    /// Large ones outside the main content.
    pub(super) large: usize,
    /// Ones outside the main content that are not marked as small.
    pub(super) outside: usize,
    /// Ones left out because of their name, though nothing says that they are small.
    pub(super) by_name: usize,
}

/// The state of choosing.
struct Choosing<'a> {
    page: &'a Url,
    base: &'a Url,
    all: bool,
    /// Whether links are followed.
    follows: bool,
    chosen: Chosen,
    media: Media,
    /// The posters of the videos.
    posters: HashSet<String>,
    /// The full-size pictures for which small ones are shown, by the size-free key of the small ones.
    large: HashMap<String, Url>,
    /// How many bytes of URLs may still be examined.
    room: Cell<usize>,
    /// The same for the URLs of other sizes.
    sizes_room: usize,
}

/// The least width or height in pixels of a picture worth looking at.
const LEAST: u32 = 100;
/// A narrower picture may be shown only as a link to another page.
const TEASER: u32 = 600;
/// So may one displayed narrower than this.
const NARROW: u32 = 300;

/// The maximum length of a URL.
const LONGEST: usize = 16 << 10;
/// How many bytes of URLs are examined: more than any page has, unless its base makes each of them long.
pub(super) const ROOM: usize = 16 << 20;
/// The most frames that are handed on, and the most players.
const FRAMES: usize = 100;
const PLAYERS: usize = 20;

/// Chooses the media of a page with this address.
pub(super) fn choose(parsed: &ParsedPage, page: &Url, options: &Options) -> Chosen {
    within(ROOM, parsed, page, options)
}

fn within(room: usize, parsed: &ParsedPage, page: &Url, options: &Options) -> Chosen {
    let base = parsed.base(page);
    let mut choosing = Choosing {
        page,
        base: &base,
        all: options.all,
        follows: options.depth > 0,
        large: HashMap::new(),
        chosen: Chosen::default(),
        media: Media::new(options.all),
        posters: HashSet::new(),
        room: Cell::new(room),
        sizes_room: room,
    };
    for data in &parsed.json_ld {
        json_ld::read(data, &mut choosing.chosen.json_ld);
    }
    let teasers = Teasers::of(parsed, page, &base);
    choosing.posters = posters(parsed, &base);
    choosing.large();
    for piece in &parsed.pieces {
        let is_wanted = match piece.role {
            Role::Background => options.all || options.backgrounds,
            Role::Poster => options.all,
            _ => true,
        };
        if is_wanted && (options.all || !teasers.is_outside(piece) && !piece.is_fallback) {
            choosing.piece(piece);
        }
    }
    choosing.add_metadata_media(parsed);
    choosing.hidden(parsed);
    choosing.chosen.omitted = choosing.omitted(parsed, &teasers);
    choosing.chosen.cut |= parsed.cut || choosing.chosen.json_ld.cut || choosing.room.get() == 0;
    Chosen {
        media: choosing.media.finish(),
        ..choosing.chosen
    }
}

/// Resolves an http or https URL, unless it is too long.
pub(in super::super) fn web(base: &Url, text: &str) -> Option<Url> {
    let text = text.trim();
    if text.len() > LONGEST || base.as_str().len() > LONGEST {
        return None;
    }
    let mut url = base.join(text).ok()?;
    url.set_fragment(None);
    let is_of_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    (is_of_web && url.as_str().len() <= LONGEST).then_some(url)
}

impl Choosing<'_> {
    /// Resolves a URL of the page, while the budget lasts.
    fn web(&self, text: &str) -> Option<Url> {
        let room = self.room.get();
        let url = (room > 0).then(|| web(self.base, text))?;
        let length = url.as_ref().map_or(0, |url| url.as_str().len());
        self.room.set(room.saturating_sub(length));
        url
    }

    /// Returns the name and medium of a link's `download` file name.
    fn saved(&self, name: &str) -> Option<(String, Medium)> {
        let (stem, ext) = name.rsplit_once('.')?;
        let like_it = self.base.join(&format!("a.{ext}")).ok()?;
        let stem = stem.rsplit(['/', '\\']).next()?;
        medium(&like_it).map(|kind| (stem.to_owned(), kind))
    }

    /// Checks whether a picture is worth looking at by itself.
    fn is_seen(&self, piece: &Piece, url: &Url) -> bool {
        // A button that starts a video shows its poster.
        let is_poster = || piece.in_button && self.posters.contains(&size_free_key(url));
        is_of_interest(piece, url) && !is_poster()
    }

    fn piece(&mut self, piece: &Piece) {
        let best = piece.best();
        let url = best.and_then(|best| self.web(&best.url));
        let target = piece.link.as_deref().and_then(|link| self.web(link));
        let saved = piece
            .download_name
            .as_deref()
            .and_then(|name| self.saved(name));
        let (name, named) = saved.unzip();
        let medium = |url: &Url| medium(url).or(named);
        match (piece.role, url) {
            // The target of a link takes precedence over the picture in it.
            (Role::Image, url) => {
                let viewed = target.as_ref().zip(url.as_ref());
                let viewed = viewed.filter(|(target, _)| medium(target).is_none());
                let viewed = viewed.and_then(|(target, shown)| by_query(target, shown));
                let is_guess = piece.by_script || viewed.is_some();
                let target = viewed.or(target);
                let mut kind = target.as_ref().and_then(medium);
                let player = || facade::player_behind(url.as_ref()?, target.as_ref(), self.page);
                if let Some(player) = player().filter(|_| !self.all && kind.is_none()) {
                    return self.player(player);
                }
                let large = url
                    .as_ref()
                    .and_then(|url| self.large.get(&size_free_key(url)));
                let large = large.filter(|_| kind.is_none()).cloned();
                kind = kind.or(large.as_ref().map(|_| Medium::Image));
                let target = large.or(target);
                if let (Some(target), Some(_)) = (&target, kind) {
                    let mut wanted = Wanted::linked(target.clone(), kind, &piece.alt, name);
                    wanted.small = url.clone().filter(|_| is_guess);
                    let at = self.media.put(wanted);
                    if let Some(url) = url {
                        // The small picture counts as the same one, wherever else it occurs.
                        self.media.note_preview(&url, at);
                    }
                } else if let (Some(target), Some(shown)) = (&target, &url)
                    && let Some(wanted) = self.full_size(piece, target, shown)
                {
                    let at = self.media.put(wanted);
                    self.media.note_preview(shown, at);
                } else if let Some(url) = url.filter(|url| self.all || self.is_seen(piece, url)) {
                    let width = best.and_then(|best| best.width);
                    let (url, small) = match original(&url) {
                        Some(original) => (original, Some(url)),
                        None => (url, None),
                    };
                    let width = width.filter(|_| small.is_none());
                    let size = width.map_or_else(|| Size::of(&url), Size::exactly);
                    let mut wanted =
                        Wanted::shown(url, Some(Medium::Image), &piece.alt, weight(piece));
                    (wanted.size, wanted.leads_to) = (size, target);
                    wanted.small = small;
                    wanted.is_narrow = piece.width.is_some_and(|width| width < NARROW);
                    let at = self.media.put(wanted);
                    self.other_sizes(piece, at);
                }
            }
            (Role::Background | Role::Poster, Some(url)) => {
                if self.all || !is_unwanted(&url, &piece.words) {
                    self.add(url, Some(Medium::Image), &piece.alt, 0);
                }
            }
            (Role::Video, Some(url)) => {
                // Such elements play audio as well.
                let kind = medium(&url).filter(|kind| *kind == Medium::Audio);
                self.add(url, kind.or(Some(Medium::Video)), "", 0);
            }
            (Role::Audio, Some(url)) => {
                self.add(url, Some(Medium::Audio), "", 0);
            }
            (Role::Embed, Some(url)) => self.embed(url),
            (Role::Link, Some(url)) => {
                let kind = medium(&url).filter(|_| self.all || !is_in_unwanted_place(&url));
                if kind.is_some() || self.all && (piece.download_name.is_some() || is_file(&url)) {
                    self.media.put(Wanted::linked(url, kind, "", name));
                }
            }
            (_, None) => {}
        }
    }

    /// Adds a medium shown on the page.
    fn add(&mut self, url: Url, medium: Option<Medium>, alt: &str, weight: u64) {
        self.media.put(Wanted::shown(url, medium, alt, weight));
    }
}

/// Checks whether a URL has the extension of a file rather than a page.
fn is_file(url: &Url) -> bool {
    url_name(url).1.is_some_and(|ext| is_no_document(&ext))
}

/// Returns the posters of a page's videos, if it has any.
fn posters(parsed: &ParsedPage, base: &Url) -> HashSet<String> {
    let of = |role: Role| parsed.pieces.iter().filter(move |piece| piece.role == role);
    let posters = of(Role::Poster).filter_map(|piece| web(base, &piece.best()?.url));
    let has_film = of(Role::Video).any(|piece| !piece.is_outside);
    let posters = posters.filter(|_| has_film).take(PLAYERS);
    posters.map(|url| size_free_key(&url)).collect()
}

/// Checks whether a picture is large enough to be of interest and not decoration.
pub(super) fn is_of_interest(piece: &Piece, url: &Url) -> bool {
    let is_unwanted = match piece.is_large() {
        true => is_in_unwanted_place(url) || is_advert(url, &piece.words),
        // A hidden picture is usually a tracking pixel; if it is large, it may be shown later.
        false if piece.is_hidden => true,
        false if piece.is_wide() => {
            is_in_unwanted_place(url) || is_surely_unwanted(url, &piece.words)
        }
        false => is_unwanted(url, &piece.words),
    };
    !is_small(piece) && !is_unwanted
}

/// Checks whether the page marks a picture as too small to be of interest. The displayed size says nothing about the
/// full-size picture.
fn is_small(piece: &Piece) -> bool {
    if piece.best().is_some_and(|best| best.weight >= srcset::FULL) {
        return false;
    }
    match (piece.width, piece.height) {
        (Some(width), Some(height)) => width.max(height) < LEAST || width.min(height) < LEAST / 3,
        (Some(one), None) | (None, Some(one)) => one < LEAST / 2,
        (None, None) => false,
    }
}

/// Returns the weight of the best candidate.
fn weight(piece: &Piece) -> u64 {
    let own = u64::from(piece.best().map_or(0, |best| best.weight));
    // Weights from a list of sizes are in pixels.
    if own > 10 { own + 4000 } else { 0 }
}

mod named;

#[cfg(test)]
mod attributes;
#[cfg(test)]
mod behind;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod described;
#[cfg(test)]
mod doubles;
#[cfg(test)]
mod facades;
#[cfg(test)]
mod films;
#[cfg(test)]
mod largest;
#[cfg(test)]
mod lost;
#[cfg(test)]
mod opened;
#[cfg(test)]
mod outside;
#[cfg(test)]
mod tests;
