//! Which items are wanted, and when a listing should stop.

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::Plan;
use crate::model::{Item, Quality, Skip};
use crate::pipeline::branch::Branch;
use crate::pipeline::choose::wants;
use crate::pipeline::walk::Found;
use crate::pipeline::{derived_keys, wanted};

impl Plan {
    /// Tells the current listing that the next item is from another one.
    pub(super) fn enter(&mut self, branch: Option<Arc<Branch>>) {
        let most = self.settings.stop_after_known.map(NonZeroUsize::get);
        if let (Some(before), Some(most)) = (&self.branch, most) {
            before.note_ended(branch.as_ref(), most);
        }
        self.branch = branch;
    }

    /// Tells the listing whether its item was known, which may end the listing.
    pub(super) fn note_known(&self, item: &Item, skipped: Option<Skip>) {
        let most = self.settings.stop_after_known.map(NonZeroUsize::get);
        // An item already seen in this run says nothing about earlier runs.
        if let (Some(branch), Some(most)) = (&self.branch, most)
            && skipped != Some(Skip::Again)
        {
            branch.note(skipped.is_some(), item.meta.date, most);
        }
    }

    /// Returns the rendition to download, if the item is wanted at all. A retried item is not filtered again, and one
    /// already found to be unavailable is reported without filtering.
    pub(super) fn choose(&mut self, found: &mut Found) -> Option<Quality> {
        let Found {
            item,
            fault,
            options,
            ..
        } = found;
        let quality = self.settings.quality;
        if found.retry.is_some() {
            return Some(
                derived_keys::retry_quality(item, quality).unwrap_or_else(|error| {
                    fault.get_or_insert_with(|| Box::new(error));
                    quality
                }),
            );
        }
        if quality == Quality::Audio {
            derived_keys::make_audio_only(item);
        }
        if found.refusal.is_some() {
            return Some(quality);
        }
        let own = options.as_deref();
        let chosen = wants(&self.settings, item);
        match chosen.and_then(|chosen| Ok(chosen && wanted::wants(own, item)?)) {
            Ok(true) => {}
            Ok(false) => {
                self.left_out += 1;
                let filters = [
                    self.settings.filter.as_ref(),
                    own.and_then(|own| own.filter.as_ref()),
                ];
                for filter in filters.into_iter().flatten() {
                    self.lacking.note(filter, item);
                }
                return None;
            }
            Err(error) => {
                fault.get_or_insert_with(|| Box::new(error));
            }
        }
        Some(quality)
    }
}
