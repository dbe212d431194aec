//! Chooses the media that matter from what a page says. Pure: nothing is asked here.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use fetch::model::Medium;
use fetch::source::{url_medium as medium, url_name};
use url::Url;

use super::super::direct::is_no_document;
use super::facade;
use super::likeness::{is_advert, is_chaff, is_dress, is_sign, likeness};
use super::linked::{self, Linked};
use super::opened::by_query;
use super::options::Options;
use super::original::original;
use super::sheet::{Piece, Role, Sheet};
use super::size::Size;
use super::srcset;
use super::teasers::Teasers;
use super::wanted::{Media, Wanted};

mod omitted;
mod sizes;
mod told;

/// What is chosen of a page.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) media: Vec<Wanted>,
    pub(super) embeds: Vec<Url>,
    /// Those frames that are players of films or sounds, and those that the page says are.
    pub(super) players: Vec<Url>,
    /// The films and sounds in data for its scripts, if it has none otherwise.
    pub(super) hidden: Vec<Wanted>,
    pub(super) linked: Linked,
    /// Whether it shows media, or says that it has a film or sounds: anything but pictures that it is told by.
    pub(super) is_shown: bool,
    pub(super) omitted: Omitted,
    /// Whether the page has more than was looked at.
    pub(super) cut: bool,
}

/// How many pictures are left out that somebody may miss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Omitted {
    /// Beside the matter, and large.
    pub(super) large: usize,
    /// Beside the matter, and not small for all that is said.
    pub(super) beside: usize,
    /// For what they are called, though nothing says that they are small.
    pub(super) dress: usize,
}

/// What is being chosen.
struct Choosing<'a> {
    page: &'a Url,
    base: &'a Url,
    all: bool,
    /// Whether links are followed.
    follows: bool,
    chosen: Chosen,
    media: Media,
    /// What the films show before they begin.
    posters: HashSet<String>,
    /// The pictures for which small ones are shown, by the likeness of those.
    large: HashMap<String, Url>,
    /// So many bytes of URLs are still looked at.
    room: Cell<usize>,
    /// And so many of those that other sizes have.
    sizes_room: usize,
}

/// At least so many pixels has a picture that somebody would look at.
const LEAST: u32 = 100;
/// What is not as wide may be shown to lead to another page.
const TEASER: u32 = 600;
/// So is what is shown no wider than this.
const NARROW: u32 = 300;

/// The longest URL that is one.
const LONGEST: usize = 16 << 10;
/// So many bytes of URLs are looked at: more than any page has, unless its base makes each of them long.
pub(super) const ROOM: usize = 16 << 20;
/// The most frames that are handed on, and the most players.
const FRAMES: usize = 100;
const PLAYERS: usize = 20;

/// Chooses, given where the page came from.
pub(super) fn choose(sheet: &Sheet, page: &Url, options: &Options) -> Chosen {
    within(ROOM, sheet, page, options)
}

fn within(room: usize, sheet: &Sheet, page: &Url, options: &Options) -> Chosen {
    let base = sheet.base(page);
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
    for data in &sheet.data {
        linked::read(data, &mut choosing.chosen.linked);
    }
    let teasers = Teasers::of(sheet, page, &base);
    choosing.posters = posters(sheet, &base);
    choosing.large();
    for piece in &sheet.pieces {
        let is_wanted = match piece.role {
            Role::Background => options.all || options.backgrounds,
            Role::Poster => options.all,
            _ => true,
        };
        if is_wanted && (options.all || !teasers.is_beside(piece) && !piece.is_makeshift) {
            choosing.piece(piece);
        }
    }
    choosing.told(sheet);
    choosing.hidden(sheet);
    choosing.chosen.omitted = choosing.omitted(sheet, &teasers);
    choosing.chosen.cut |= sheet.cut || choosing.chosen.linked.cut || choosing.room.get() == 0;
    Chosen {
        media: choosing.media.finish(),
        ..choosing.chosen
    }
}

/// A URL of the web, if it is not too long for one.
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
    /// A URL of the page, while there is room.
    fn web(&self, text: &str) -> Option<Url> {
        let room = self.room.get();
        let url = (room > 0).then(|| web(self.base, text))?;
        let length = url.as_ref().map_or(0, |url| url.as_str().len());
        self.room.set(room.saturating_sub(length));
        url
    }

    /// Name and medium of what a link saves under this name.
    fn saved(&self, name: &str) -> Option<(String, Medium)> {
        let (stem, ext) = name.rsplit_once('.')?;
        let like_it = self.base.join(&format!("a.{ext}")).ok()?;
        let stem = stem.rsplit(['/', '\\']).next()?;
        medium(&like_it).map(|kind| (stem.to_owned(), kind))
    }

    /// Whether a picture is there to be seen by itself.
    fn is_seen(&self, piece: &Piece, url: &Url) -> bool {
        // The button that starts a film shows its poster.
        let is_poster = || piece.in_button && self.posters.contains(&likeness(url));
        is_looked_at(piece, url) && !is_poster()
    }

    fn piece(&mut self, piece: &Piece) {
        let best = piece.best();
        let url = best.and_then(|best| self.web(&best.url));
        let target = piece.link.as_deref().and_then(|link| self.web(link));
        let saved = piece.saves.as_deref().and_then(|name| self.saved(name));
        let (name, named) = saved.unzip();
        let medium = |url: &Url| medium(url).or(named);
        match (piece.role, url) {
            // The target of a link wins over the picture in it.
            (Role::Image, url) => {
                let viewed = target.as_ref().zip(url.as_ref());
                let viewed = viewed.filter(|(target, _)| medium(target).is_none());
                let viewed = viewed.and_then(|(target, shown)| by_query(target, shown));
                let is_guess = piece.by_script || viewed.is_some();
                let target = viewed.or(target);
                let mut kind = target.as_ref().and_then(medium);
                let player = || facade::behind(url.as_ref()?, target.as_ref(), self.page);
                if let Some(player) = player().filter(|_| !self.all && kind.is_none()) {
                    return self.player(player);
                }
                let large = url.as_ref().and_then(|url| self.large.get(&likeness(url)));
                let large = large.filter(|_| kind.is_none()).cloned();
                kind = kind.or(large.as_ref().map(|_| Medium::Image));
                let target = large.or(target);
                if let (Some(target), Some(_)) = (&target, kind) {
                    let mut wanted = Wanted::linked(target.clone(), kind, &piece.alt, name);
                    wanted.small = url.clone().filter(|_| is_guess);
                    let at = self.media.put(wanted);
                    if let Some(url) = url {
                        // The small one is known by this, too, wherever else it stands.
                        self.media.leads(&url, at);
                    }
                } else if let (Some(target), Some(shown)) = (&target, &url)
                    && let Some(wanted) = self.behind(piece, target, shown)
                {
                    let at = self.media.put(wanted);
                    self.media.leads(shown, at);
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
                    (wanted.size, wanted.leads) = (size, target);
                    wanted.small = small;
                    wanted.is_narrow = piece.width.is_some_and(|width| width < NARROW);
                    let at = self.media.put(wanted);
                    self.other_sizes(piece, at);
                }
            }
            (Role::Background | Role::Poster, Some(url)) => {
                if self.all || !is_chaff(&url, &piece.words) {
                    self.add(url, Some(Medium::Image), &piece.alt, 0);
                }
            }
            (Role::Video, Some(url)) => {
                // Such elements play sounds as well.
                let kind = medium(&url).filter(|kind| *kind == Medium::Audio);
                self.add(url, kind.or(Some(Medium::Video)), "", 0);
            }
            (Role::Audio, Some(url)) => {
                self.add(url, Some(Medium::Audio), "", 0);
            }
            (Role::Embed, Some(url)) => self.embed(url),
            (Role::Link, Some(url)) => {
                let kind = medium(&url).filter(|_| self.all || !is_dress(&url));
                if kind.is_some() || self.all && (piece.saves.is_some() || is_file(&url)) {
                    self.media.put(Wanted::linked(url, kind, "", name));
                }
            }
            (_, None) => {}
        }
    }

    /// Adds what is shown.
    fn add(&mut self, url: Url, medium: Option<Medium>, alt: &str, weight: u64) {
        self.media.put(Wanted::shown(url, medium, alt, weight));
    }
}

/// Whether a URL is that of a file by its extension, and of no page.
fn is_file(url: &Url) -> bool {
    url_name(url).1.is_some_and(|ext| is_no_document(&ext))
}

/// What the films of a page show before they begin, if there are any.
fn posters(sheet: &Sheet, base: &Url) -> HashSet<String> {
    let of = |role: Role| sheet.pieces.iter().filter(move |piece| piece.role == role);
    let posters = of(Role::Poster).filter_map(|piece| web(base, &piece.best()?.url));
    let has_film = of(Role::Video).any(|piece| !piece.aside);
    let posters = posters.filter(|_| has_film).take(PLAYERS);
    posters.map(|url| likeness(&url)).collect()
}

/// Whether a picture is large enough to be looked at, and no part of the page's dress.
pub(super) fn is_looked_at(piece: &Piece, url: &Url) -> bool {
    let is_chaff = match piece.is_large() {
        true => is_dress(url) || is_advert(url, &piece.words),
        // What nobody is to see counts readers; if it is large, its turn comes.
        false if piece.hidden => true,
        false if piece.is_wide() => is_dress(url) || is_sign(url, &piece.words),
        false => is_chaff(url, &piece.words),
    };
    !is_small(piece) && !is_chaff
}

/// Whether the page says that nobody would look at a picture. How small it is shown says nothing of the one in full.
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

/// How large its best candidate is.
fn weight(piece: &Piece) -> u64 {
    let own = u64::from(piece.best().map_or(0, |best| best.weight));
    // What is in the list of sizes is measured in pixels.
    if own > 10 { own + 4000 } else { 0 }
}

mod named;

#[cfg(test)]
mod attributes;
#[cfg(test)]
mod behind;
#[cfg(test)]
mod beside;
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
mod tests;
