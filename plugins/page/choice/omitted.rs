//! Counts the pictures left out that the user may miss.

use super::super::media_url::{is_never_wanted, is_surely_unwanted};
use super::super::parsed_page::{ParsedPage, Piece, Role};
use super::super::teasers::Teasers;
use super::{Choosing, LEAST, Omitted, is_of_interest, is_small};

impl Choosing<'_> {
    /// Counts the pictures left out of a page, once everything else is chosen.
    pub(super) fn omitted(&self, parsed: &ParsedPage, teasers: &Teasers) -> Omitted {
        let mut omitted = Omitted::default();
        for piece in &parsed.pieces {
            let is_outside = teasers.is_outside(piece);
            let is_missed = self.is_missed(piece, is_outside);
            omitted.large += usize::from(is_outside && is_missed && piece.is_large());
            omitted.outside += usize::from(is_outside && is_missed);
            omitted.by_name += usize::from(!is_outside && is_missed);
        }
        omitted
    }

    /// Checks whether a picture is left out although it would be of interest if it were in the main content, or had
    /// another name.
    fn is_missed(&self, piece: &Piece, is_outside: bool) -> bool {
        let may_be = piece.role == Role::Image && !self.all && !piece.is_hidden && !is_small(piece);
        let best = piece.best().filter(|_| may_be);
        let url = best.and_then(|best| self.web(&best.url));
        url.is_some_and(|url| {
            let is_left_out = match is_outside {
                true => is_of_interest(piece, &url),
                false => {
                    let sides = [piece.width, piece.height].into_iter().flatten();
                    !is_of_interest(piece, &url)
                        && sides.min().is_none_or(|side| side >= LEAST)
                        // A logo is one wherever it is.
                        && !is_surely_unwanted(&url, &piece.words)
                        && !is_never_wanted(&url)
                }
            };
            is_left_out && !self.media.knows(&url)
        })
    }
}
