//! A film or a sound whose element is open.

use html5ever::tokenizer::Tag;

use super::attributes::{PLAYED, first};
use super::height;
use super::screen::Screen;
use super::sheet::{Piece, Role};

/// Elements that play, by their own or those of common players.
const ELEMENTS: [&str; 9] = [
    "amp-audio",
    "amp-video",
    "audio",
    "hls-video",
    "media-player",
    "mux-player",
    "mux-video",
    "video",
    "video-js",
];

/// Whether an element plays films or sounds.
pub(super) fn is_one(name: &str) -> bool {
    ELEMENTS.contains(&name)
}

/// An open element that plays.
pub(super) struct Film {
    pub(super) piece: Piece,
    /// How many pieces of the page stand before it.
    before: usize,
}

impl Film {
    /// Reads its element, behind so many pieces.
    pub(super) fn read(tag: &Tag, before: usize) -> Film {
        let role = match &*tag.name {
            "amp-audio" | "audio" => Role::Audio,
            _ => Role::Video,
        };
        let mut piece = Piece::new(role);
        // `media-player` has words for the players of other sites, too: `youtube/ID`.
        let is_address = |url: &&str| &*tag.name != "media-player" || url.contains('.');
        if let Some(url) = first(tag, &PLAYED).filter(is_address) {
            piece.add(url, 1);
        }
        Film { piece, before }
    }

    /// Reads a `source` of it, which is for these screens.
    pub(super) fn source(&mut self, tag: &Tag, screen: Screen) {
        let Some(url) = first(tag, &PLAYED) else {
            return;
        };
        // Some players tell the height so.
        let tells = ["size", "res", "data-res", "data-quality", "label", "title"];
        let weight = first(tag, &tells).and_then(height::read);
        self.piece.add(url, weight.unwrap_or(1));
        if let Some(added) = self.piece.candidates.last_mut() {
            added.is_makeshift = screen.is_makeshift;
        }
    }

    /// Marks what stands in it as a makeshift: no browser that plays it shows that. Where it is never closed, as some write it,
    /// the page goes on behind it instead.
    pub(super) fn shut(&self, pieces: &mut [Piece]) {
        let is_playable = self.piece.best().is_some_and(|best| {
            let scheme = best.url.split(':').next().unwrap_or("");
            !scheme.eq_ignore_ascii_case("blob")
        });
        if is_playable {
            let within = pieces.iter_mut().skip(self.before);
            within.for_each(|piece| piece.is_makeshift = true);
        }
    }
}
