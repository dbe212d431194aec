//! What the data of a page name, against what that shows.

use std::collections::{HashMap, HashSet};

use fetch::model::Medium;
use fetch::source::url_medium as medium;
use url::Url;

use super::super::likeness::{is_chaff, likeness};
use super::super::sheet::Sheet;
use super::super::wanted::Wanted;
use super::super::{crop, data};
use super::Choosing;

impl Choosing<'_> {
    /// Notes for which pictures the data of the page say that small ones are shown.
    pub(super) fn large(&mut self) {
        for (small, large) in &self.chosen.linked.small {
            let (Some(small), Some(large)) = (self.web(small), self.web(large)) else {
                continue;
            };
            // Sizes of one picture are told apart by other means.
            let (own, other) = (likeness(&small), likeness(&large));
            if !self.all && own != other && medium(&large) == Some(Medium::Image) {
                self.large.insert(own, large);
            }
        }
    }

    /// Those of the pictures that a page is told by which are cut from another one that is there, or from the same as one before.
    pub(super) fn crops(&self, images: &[Url]) -> HashSet<Url> {
        if self.all {
            return HashSet::new();
        }
        let whole = |url: &Url| likeness(&crop::whole(url).unwrap_or_else(|| url.clone()));
        let shown = self.media.list.iter().map(|wanted| &wanted.url);
        let told = images.iter().filter(|url| crop::whole(url).is_none());
        let mut known: HashMap<String, &Url> =
            shown.chain(told).map(|url| (whole(url), url)).collect();
        let told = images.iter().filter(|url| {
            crop::whole(url).is_some()
                && !self.media.knows(url)
                && !is_chaff(url, "")
                && **known.entry(whole(url)).or_insert(url) != **url
        });
        told.cloned().collect()
    }

    /// What the data for its scripts name, where nothing else does.
    pub(super) fn hidden(&mut self, sheet: &Sheet) {
        let mut shown = self.media.list.iter();
        if shown.any(|wanted| wanted.medium != Some(Medium::Image)) {
            return;
        }
        let (films, cut) = data::films(&sheet.scripts, |text| self.web(text));
        let films = films.into_iter();
        let films = films.map(|(url, medium)| Wanted::shown(url, Some(medium), "", 0));
        self.chosen.hidden = films.collect();
        self.chosen.cut |= cut;
    }
}
