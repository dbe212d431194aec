//! Media named in the data of a page, compared with those shown.

use std::collections::{HashMap, HashSet};

use fetch::model::Medium;
use fetch::source::url_medium as medium;
use url::Url;

use super::super::media_url::{is_unwanted, size_free_key};
use super::super::parsed_page::ParsedPage;
use super::super::wanted::Wanted;
use super::super::{crop, script_data};
use super::Choosing;

impl Choosing<'_> {
    /// Notes the full-size pictures that the page's data give for thumbnails.
    pub(super) fn large(&mut self) {
        for (small, large) in &self.chosen.json_ld.small {
            let (Some(small), Some(large)) = (self.web(small), self.web(large)) else {
                continue;
            };
            // Sizes of one picture are recognized by other means.
            let (own, other) = (size_free_key(&small), size_free_key(&large));
            if !self.all && own != other && medium(&large) == Some(Medium::Image) {
                self.large.insert(own, large);
            }
        }
    }

    /// Returns the preview pictures that are crops of one that is there, or of the same one as an earlier crop.
    pub(super) fn crops(&self, images: &[Url]) -> HashSet<Url> {
        if self.all {
            return HashSet::new();
        }
        let whole = |url: &Url| size_free_key(&crop::whole(url).unwrap_or_else(|| url.clone()));
        let shown = self.media.list.iter().map(|wanted| &wanted.url);
        let previews = images.iter().filter(|url| crop::whole(url).is_none());
        let mut known: HashMap<String, &Url> =
            shown.chain(previews).map(|url| (whole(url), url)).collect();
        let previews = images.iter().filter(|url| {
            crop::whole(url).is_some()
                && !self.media.knows(url)
                && !is_unwanted(url, "")
                && **known.entry(whole(url)).or_insert(url) != **url
        });
        previews.cloned().collect()
    }

    /// Takes the media in data for scripts, if nothing else plays.
    pub(super) fn hidden(&mut self, parsed: &ParsedPage) {
        let mut shown = self.media.list.iter();
        if shown.any(|wanted| wanted.medium != Some(Medium::Image)) {
            return;
        }
        let (films, cut) = script_data::films(&parsed.script_data, |text| self.web(text));
        let films = films.into_iter();
        let films = films.map(|(url, medium)| Wanted::shown(url, Some(medium), "", 0));
        self.chosen.hidden = films.collect();
        self.chosen.cut |= cut;
    }
}
