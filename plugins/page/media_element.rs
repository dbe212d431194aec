//! An open video or audio element.

use html5ever::tokenizer::Tag;

use super::attributes::{PLAYED, first};
use super::height;
use super::parsed_page::{Piece, Role};
use super::screen::Screen;

/// Elements that play media: HTML's own, and those of common players.
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

/// Checks whether an element plays video or audio.
pub(super) fn is_media_element(name: &str) -> bool {
    ELEMENTS.contains(&name)
}

/// An open video or audio element.
pub(super) struct MediaElement {
    pub(super) piece: Piece,
    /// How many pieces of the page come before it.
    before: usize,
}

impl MediaElement {
    /// Reads its element, with the number of pieces before it.
    pub(super) fn read(tag: &Tag, before: usize) -> MediaElement {
        let role = match &*tag.name {
            "amp-audio" | "audio" => Role::Audio,
            _ => Role::Video,
        };
        let mut piece = Piece::new(role);
        // `media-player` also has names for players of other sites: `youtube/ID`.
        let is_address = |url: &&str| &*tag.name != "media-player" || url.contains('.');
        if let Some(url) = first(tag, &PLAYED).filter(is_address) {
            piece.add(url, 1);
        }
        MediaElement { piece, before }
    }

    /// Reads one of its `source` elements, meant for these screens.
    pub(super) fn source(&mut self, tag: &Tag, screen: Screen) {
        let Some(url) = first(tag, &PLAYED) else {
            return;
        };
        // Where some players put the height.
        let tells = ["size", "res", "data-res", "data-quality", "label", "title"];
        let weight = first(tag, &tells).and_then(height::read);
        self.piece.add(url, weight.unwrap_or(1));
        if let Some(added) = self.piece.candidates.last_mut() {
            added.is_fallback = screen.is_fallback;
        }
    }

    /// Marks its content as a fallback, which browsers that play the element do not show. If an element is never
    /// closed, as on some pages, the rest of the page is not marked.
    pub(super) fn mark_fallbacks(&self, pieces: &mut [Piece]) {
        let is_playable = self.piece.best().is_some_and(|best| {
            let scheme = best.url.split(':').next().unwrap_or("");
            !scheme.eq_ignore_ascii_case("blob")
        });
        if is_playable {
            let within = pieces.iter_mut().skip(self.before);
            within.for_each(|piece| piece.is_fallback = true);
        }
    }
}
