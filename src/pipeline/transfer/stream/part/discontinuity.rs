//! What restarts in a live stream: numbers, when an encoder does, and periods that begin within the one before.

use std::collections::HashSet;

use super::Parts;
use crate::net::Redacted;
use crate::pipeline::stream::{ByteLocation, Segment};

/// In how many lists in a row the numbers have to be those of a restart: a single list may come from a machine that
/// lags.
const SURE: u32 = 3;
/// How many of the newest parts are searched for known segments.
const NEWEST: usize = 10_000;

/// What restarted, and where.
#[derive(Debug, Default)]
pub(super) struct Discontinuity {
    /// The number of the last segment that began a period, or of the very first.
    begun: Option<u64>,
    /// How many numbers the last segment spans.
    span: u64,
    /// What is added to the numbers in the lists.
    shift: u64,
    /// In how many lists in a row the numbers were behind.
    behind: u32,
    /// The last segment of a list whose end may be cut off.
    cut: Option<ByteLocation>,
}

impl Discontinuity {
    /// How many segments of a list are known already: those before a known one that began a period.
    pub(super) fn known(&self, segments: &[Segment]) -> usize {
        let is_known = |segment: &Segment| {
            let begun = self.begun.unwrap_or(u64::MAX);
            segment.breaks && segment.number.abs_diff(begun) <= segment.span / 2
        };
        segments.iter().rposition(is_known).unwrap_or(0)
    }

    /// Whether a segment begins a new period, although its time may lie within that of the segment before it.
    pub(super) fn begins(&self, segment: &Segment, next: u64) -> bool {
        // Numbers that are not times never overlap.
        let is_time = segment.span > 1;
        let later = |begun: u64| segment.number > begun.saturating_add(segment.span / 2);
        let longest = self.span.max(segment.span);
        is_time
            && segment.breaks
            && self.begun.is_some_and(later)
            && segment.number.saturating_add(longest) >= next
    }

    /// Notes a segment that was added.
    pub(super) fn took(&mut self, segment: &Segment, is_first: bool) {
        if segment.breaks || is_first {
            self.begun = Some(segment.number);
        }
        self.span = segment.span;
    }
}

impl Parts {
    /// Adds the new segments of a list whose end may be cut off: its last segment counts once it is listed again.
    pub(in super::super) fn add_listed(
        &mut self,
        mut segments: Vec<Segment>,
        is_cut: bool,
    ) -> bool {
        let last = segments
            .pop_if(|last| is_cut && self.discontinuity.cut.as_ref() != Some(&last.location));
        if let Some(last) = last {
            self.discontinuity.cut = Some(last.location);
        }
        self.add(segments)
    }

    /// Continues numbers that restarted. Returns whether the list counts: an outdated one does not.
    pub(super) fn renumber(&mut self, segments: &mut [Segment]) -> bool {
        let (Some(next), [first, .., last] | [first @ last]) = (self.next, &*segments) else {
            return true;
        };
        if last.span != 1 {
            // Times do not restart.
            return true;
        }
        let (first, shift) = (first.number, self.discontinuity.shift);
        let end = last.number.saturating_add(shift);
        let is_behind = end.saturating_add(segments.len() as u64) < next;
        // After a restart, a machine that lags lists numbers that are far ahead.
        let leaps = shift > 0 && first.saturating_add(shift) > next;
        if (is_behind || leaps) && self.knows(segments) {
            return false;
        }
        if is_behind {
            self.discontinuity.behind += 1;
            if self.discontinuity.behind < SURE {
                return false;
            }
            self.discontinuity.shift = next - first;
            self.restarts += 1;
            segments[0].breaks = true;
        }
        self.discontinuity.behind = 0;
        for segment in segments {
            segment.number = segment.number.saturating_add(self.discontinuity.shift);
        }
        true
    }

    /// Whether any of these segments is known already, by its address.
    fn knows(&self, segments: &[Segment]) -> bool {
        let name =
            |location: &ByteLocation| format!("{} {:?}", Redacted(&location.url), location.range);
        let newest = self.list.iter().rev().take(NEWEST);
        let known: HashSet<String> = newest.map(|part| name(&part.location)).collect();
        let mut locations = segments.iter().map(|segment| name(&segment.location));
        locations.any(|location| known.contains(&location))
    }
}
