//! How long a track plays, according to its list.

use std::collections::HashSet;
use std::time::Duration;

use super::Parts;
use crate::pipeline::transfer::stream::mux::Expected;

/// How much of a duration in whole seconds may be rounding (RFC 8216 §4.3.2.1).
const ROUNDED: f64 = 0.5;

impl Parts {
    /// Returns how long the first `count` parts play, if their list says so. Some of those are gone, and each of those
    /// that a list left out counts as long as the longest.
    pub(in super::super) fn expected(
        &self,
        count: usize,
        gone: &HashSet<usize>,
        longest: Duration,
    ) -> Option<Expected> {
        let all = || self.list.iter().take(count).map(|part| part.duration);
        let seconds: Duration = all().sum();
        let whole = all().filter(|one| !one.is_zero() && one.subsec_nanos() == 0);
        let gone = gone.iter().filter_map(|index| self.get(*index));
        let gone: Duration = gone.map(|part| part.duration).sum();
        let lost = longest.as_secs_f64() * self.lost as f64;
        (!seconds.is_zero()).then(|| Expected {
            seconds: seconds.as_secs_f64(),
            rounded: whole.count() as f64 * ROUNDED,
            missing: (gone + self.missing).as_secs_f64() + lost,
        })
    }
}
