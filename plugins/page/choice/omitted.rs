//! Counts the pictures left out that the user may miss.

use super::super::likeness::{is_never_looked_at, is_sign};
use super::super::sheet::{Piece, Role, Sheet};
use super::super::teasers::Teasers;
use super::{Choosing, LEAST, Omitted, is_looked_at, is_small};

impl Choosing<'_> {
    /// Counts the pictures left out of a page, once everything else is chosen.
    pub(super) fn omitted(&self, sheet: &Sheet, teasers: &Teasers) -> Omitted {
        let mut omitted = Omitted::default();
        for piece in &sheet.pieces {
            let is_beside = teasers.is_beside(piece);
            let is_missed = self.is_missed(piece, is_beside);
            omitted.large += usize::from(is_beside && is_missed && piece.is_large());
            omitted.beside += usize::from(is_beside && is_missed);
            omitted.dress += usize::from(!is_beside && is_missed);
        }
        omitted
    }

    /// Checks whether a picture is left out although it would be of interest if it were in the main content, or had
    /// another name.
    fn is_missed(&self, piece: &Piece, is_beside: bool) -> bool {
        let may_be = piece.role == Role::Image && !self.all && !piece.hidden && !is_small(piece);
        let best = piece.best().filter(|_| may_be);
        let url = best.and_then(|best| self.web(&best.url));
        url.is_some_and(|url| {
            let is_left_out = match is_beside {
                true => is_looked_at(piece, &url),
                false => {
                    let sides = [piece.width, piece.height].into_iter().flatten();
                    !is_looked_at(piece, &url)
                        && sides.min().is_none_or(|side| side >= LEAST)
                        // A logo is one wherever it is.
                        && !is_sign(&url, &piece.words)
                        && !is_never_looked_at(&url)
                }
            };
            is_left_out && !self.media.knows(&url)
        })
    }
}
