//! How long a track is by its list.

use std::collections::HashSet;
use std::time::Duration;

use super::Parts;
use crate::pipeline::transfer::stream::mux::Expected;

/// Of seconds that are whole, so much may be rounding (RFC 8216 §4.3.2.1).
const ROUNDED: f64 = 0.5;

impl Parts {
    /// How long the first `count` parts play, if their list says so. Of those some were gone, and of those that a list has left
    /// out, each was as long as the longest.
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
