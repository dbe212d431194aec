//! Articles on a page that lead to others.

use fetch::source::url_medium;
use url::Url;

use super::choice::{is_of_interest, web};
use super::frontier::is_same_host;
use super::next::is_alone;
use super::parsed_page::{ParsedPage, Piece, Role};

/// A base longer than this makes each address of a page long.
const LONGEST: usize = 2_000;

/// The articles after the page's own.
pub(super) struct Teasers<'a> {
    page: &'a Url,
    base: &'a Url,
    /// Whether the page is a single article that shows a picture, and so not a listing, whatever it declares.
    is_single: bool,
}

impl<'a> Teasers<'a> {
    pub(super) fn of(parsed: &ParsedPage, page: &'a Url, base: &'a Url) -> Teasers<'a> {
        let mut teasers = Teasers {
            page,
            base,
            is_single: false,
        };
        let shows = |piece: &Piece| {
            let url = piece.best().and_then(|best| web(base, &best.url));
            let is_own = piece.role == Role::Image && !piece.is_outside && !piece.is_teaser;
            is_own
                && url.is_some_and(|url| is_of_interest(piece, &url))
                && !teasers.leads_away(piece)
        };
        teasers.is_single = (parsed.is_single || is_alone(parsed, page))
            && base.as_str().len() < LONGEST
            && parsed.pieces.iter().any(|piece| piece.is_teaser)
            && parsed.pieces.iter().any(shows);
        teasers
    }

    /// Checks whether a piece is outside the main content: by its place, or because it leads to another article.
    pub(super) fn is_outside(&self, piece: &Piece) -> bool {
        let is_teaser = self.is_single && piece.is_teaser && piece.role == Role::Image;
        piece.is_outside || is_teaser && self.leads_away(piece)
    }

    /// Checks whether a picture is in a link to another page of the site.
    fn leads_away(&self, piece: &Piece) -> bool {
        let link = piece
            .link
            .as_deref()
            .filter(|_| piece.download_name.is_none());
        let target = link.and_then(|link| web(self.base, link));
        target.is_some_and(|target| {
            let is_page = url_medium(&target).is_none() && target != *self.page;
            is_page && is_same_host(self.page, &target)
        })
    }
}
