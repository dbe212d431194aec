//! Recognizes sizes of one picture: those that an element names, and the one behind a link.

use fetch::model::Medium;
use url::Url;

use super::super::parsed_page::Piece;
use super::super::picture_link::PictureLink;
use super::super::wanted::Wanted;
use super::{Choosing, web};

impl Choosing<'_> {
    /// Returns the full-size picture that a link seems to lead to, with the name of its file if given. This is a guess.
    pub(super) fn full_size(&self, piece: &Piece, target: &Url, shown: &Url) -> Option<Wanted> {
        let lines = piece.alt.split(['\n', '\t']).map(str::trim);
        let mut names = piece.file.as_deref().into_iter().chain(lines);
        let file = names.find_map(|name| {
            let (name, kind) = self.saved(name)?;
            (kind == Medium::Image && !name.is_empty()).then_some(name)
        });
        let link = PictureLink {
            target,
            shown,
            opens_lightbox: piece.opens_lightbox,
            is_file: file.is_some(),
        };
        let is_one = link.leads_to_picture() || !self.follows && link.may_lead_to_picture();
        if !is_one || target == self.base || !self.is_seen(piece, shown) {
            return None;
        }
        let mut wanted = Wanted::linked(target.clone(), Some(Medium::Image), &piece.alt, file);
        wanted.small = Some(shown.clone());
        Some(wanted)
    }

    /// Notes the element's other candidates as sizes of the picture at this position.
    pub(super) fn other_sizes(&mut self, piece: &Piece, at: usize) {
        for candidate in &piece.candidates {
            let url = web(self.base, &candidate.url).filter(|_| !candidate.is_replaced);
            let Some(url) = url else {
                continue;
            };
            let Some(room) = self.sizes_room.checked_sub(url.as_str().len()) else {
                return;
            };
            self.sizes_room = room;
            self.media.note_preview(&url, at);
        }
    }
}
