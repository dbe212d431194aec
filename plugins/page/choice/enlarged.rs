//! The picture in full that a link around a small one leads to, without saying so by its address.

use fetch::model::Medium;
use url::Url;

use super::super::behind::Around;
use super::super::sheet::Piece;
use super::super::wanted::Wanted;
use super::Choosing;

impl Choosing<'_> {
    /// That picture, by the name of its file if that is told. It is a guess.
    pub(super) fn behind(&self, piece: &Piece, target: &Url, shown: &Url) -> Option<Wanted> {
        let lines = piece.alt.split(['\n', '\t']).map(str::trim);
        let mut names = piece.file.as_deref().into_iter().chain(lines);
        let file = names.find_map(|name| {
            let (name, kind) = self.saved(name)?;
            (kind == Medium::Image && !name.is_empty()).then_some(name)
        });
        let around = Around {
            target,
            shown,
            opens: piece.opens,
            is_file: file.is_some(),
        };
        let is_one = around.leads_to_picture() || !self.follows && around.may_lead_to_picture();
        if !is_one || target == self.base || !self.is_seen(piece, shown) {
            return None;
        }
        let mut wanted = Wanted::linked(target.clone(), Some(Medium::Image), &piece.alt, file);
        wanted.small = Some(shown.clone());
        Some(wanted)
    }
}
