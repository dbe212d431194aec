//! Which bytes of a file are on disk, and which worker is downloading which of the rest. Pure bookkeeping, without I/O.

use std::time::Duration;

use tokio::time::Instant;

use super::seams::{Joint, Seams};

/// A range of bytes from the first to the second, exclusive.
pub(super) type Range = (u64, u64);

/// The segments of one file that is downloaded over several connections.
#[derive(Debug)]
pub(super) struct Ledger {
    total: u64,
    done: Vec<Range>,
    open: Vec<Segment>,
    next_id: usize,
    seams: Seams,
}

/// A segment that a worker is downloading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) id: usize,
    /// Written up to here.
    pub(super) from: u64,
    /// Read up to here.
    pub(super) at: u64,
    /// Ends here, unless another worker takes half of the rest.
    pub(super) end: u64,
    /// When bytes last came, or else when it was taken.
    last_heard: Instant,
    /// Whether the rest has been requested a second time.
    has_second_request: bool,
}

impl Ledger {
    /// Creates the ledger of a file that has these ranges.
    pub(super) fn new(total: u64, done: &[Range]) -> Ledger {
        let mut ledger = Ledger {
            total,
            done: Vec::new(),
            open: Vec::new(),
            next_id: 0,
            seams: Seams::default(),
        };
        done.iter().for_each(|range| ledger.add(*range));
        let starts = ledger.done.iter().map(|(start, _)| *start);
        starts.for_each(|start| ledger.seams.begin(start));
        ledger
    }

    /// The ranges that are on disk, merged and in order.
    pub(super) fn done(&self) -> &[Range] {
        &self.done
    }

    /// The number of bytes on disk.
    pub(super) fn len(&self) -> u64 {
        self.done.iter().map(|(start, end)| end - start).sum()
    }

    /// Whether all bytes are on disk.
    pub(super) fn is_complete(&self) -> bool {
        self.len() == self.total
    }

    /// The length of the range that ends here, or 0 if none does.
    pub(super) fn len_before(&self, at: u64) -> u64 {
        let range = self.done.iter().find(|(_, end)| *end == at);
        range.map_or(0, |(start, end)| end - start)
    }

    /// Takes a segment for an idle worker: one that no worker has, or else half of the largest remaining one, if that
    /// is at least twice `least`.
    pub(super) fn assign(&mut self, least: u64) -> Option<Segment> {
        let (at, end) = self.gap().or_else(|| self.split_largest(least))?;
        let segment = Segment {
            id: self.next_id,
            from: at,
            at,
            end,
            last_heard: Instant::now(),
            has_second_request: false,
        };
        self.next_id += 1;
        self.note_seam(at);
        self.open.push(segment);
        Some(segment)
    }

    /// When no segment is left to assign: returns the one that has been silent the longest, if for at least
    /// `stall_limit`, and if its rest has not been requested a second time.
    pub(super) fn stalled(&self, least: u64, stall_limit: Duration) -> Option<Segment> {
        let is_worth_halving = |segment: &Segment| segment.end - segment.at >= least * 2;
        if self.open.iter().any(is_worth_halving) || self.gap().is_some() {
            return None;
        }
        let waits = self.open.iter().filter(|segment| {
            !segment.has_second_request
                && segment.at < segment.end
                && segment.last_heard.elapsed() >= stall_limit
        });
        waits.min_by_key(|segment| segment.last_heard).copied()
    }

    /// Notes that the rest of this segment is being requested a second time.
    pub(super) fn note_second_request(&mut self, id: usize) {
        if let Some(segment) = self.open.iter_mut().find(|segment| segment.id == id) {
            segment.has_second_request = true;
        }
    }

    /// Gives the rest of a silent segment to another worker, which already has a response for it; `is_compared` says
    /// whether that was compared with the bytes before it. `None` if bytes of the segment have come meanwhile.
    pub(super) fn reassign(&mut self, stalled: Segment, is_compared: bool) -> Option<Segment> {
        let segment = self.open.iter_mut().find(|open| open.id == stalled.id)?;
        if segment.at != stalled.at || segment.end != stalled.end {
            segment.has_second_request = false;
            return None;
        }
        segment.end = segment.at;
        let rest = Segment {
            id: self.next_id,
            from: stalled.at,
            last_heard: Instant::now(),
            ..stalled
        };
        self.next_id += 1;
        if !is_compared {
            // The bytes before it may be on disk by now, but were not when the response was requested.
            self.seams.begin(rest.at);
        }
        self.open.push(rest);
        Some(rest)
    }

    /// Whether another worker has taken all that is left of this segment.
    pub(super) fn is_taken(&self, id: usize) -> bool {
        let segment = self.open.iter().find(|segment| segment.id == id);
        segment.is_none_or(|segment| segment.at >= segment.end)
    }

    /// Extends this segment over the bytes that follow it, up to `most`, as far as they are neither on disk nor in
    /// another worker's hands. Returns its new end.
    pub(super) fn extend(&mut self, id: usize, most: u64) -> u64 {
        let end = self.end(id);
        let others = self.open.iter().filter(|segment| segment.id != id);
        let held = others.map(|segment| (segment.from, segment.end));
        let behind = self.done.iter().copied().chain(held);
        let next = behind
            .filter(|(_, last)| *last > end)
            .map(|(first, _)| first);
        let most = next.min().unwrap_or(self.total).min(most);
        if let Some(segment) = self.open.iter_mut().find(|segment| segment.id == id) {
            segment.end = segment.end.max(most);
            self.seams.pass((end, segment.end));
        }
        self.end(id)
    }

    /// Returns where this segment ends now.
    pub(super) fn end(&self, id: usize) -> u64 {
        let segment = self.open.iter().find(|segment| segment.id == id);
        segment.map_or(0, |segment| segment.end)
    }

    /// Notes how far this segment has been read.
    pub(super) fn note_read(&mut self, id: usize, to: u64) {
        if let Some(segment) = self.open.iter_mut().find(|segment| segment.id == id) {
            segment.at = to;
            segment.last_heard = Instant::now();
        }
    }

    /// Notes that these bytes of this segment have been written.
    pub(super) fn note_written(&mut self, id: usize, range: Range) {
        if let Some(segment) = self.open.iter_mut().find(|segment| segment.id == id) {
            segment.from = range.1;
        }
        self.add(range);
    }

    /// Forgets these bytes, so that they are downloaded again.
    pub(super) fn forget(&mut self, (start, end): Range) {
        let rest = |&(first, last): &Range| [(first, last.min(start)), (first.max(end), last)];
        let rest = self.done.iter().flat_map(rest);
        self.done = rest.filter(|(first, last)| first < last).collect();
    }

    /// Removes a segment that its worker leaves, complete or not.
    pub(super) fn release(&mut self, id: usize) {
        self.open.retain(|segment| segment.id != id);
    }

    /// Notes the bytes that follow the end of a segment, as its own connection sent them: the worker that downloads
    /// those must agree.
    pub(super) fn add_joint(&mut self, joint: Joint) {
        self.seams.join(joint);
    }

    /// Takes the joints that can be compared.
    pub(super) fn take_joints(&mut self, is_end: bool) -> Vec<Joint> {
        self.seams.take(&self.done, is_end)
    }

    /// Notes that both sides agree at this seam.
    pub(super) fn close_seam(&mut self, at: u64) {
        self.seams.close(at);
    }

    /// Returns the ranges that can be resumed: all but `len` bytes before each seam that is still open.
    pub(super) fn resumable(&self, len: u64) -> Vec<Range> {
        self.seams.resumable(&self.done, len)
    }

    /// Notes a seam where a segment begins, unless the bytes before it are on disk to be compared.
    fn note_seam(&mut self, at: u64) {
        if at > 0 && self.len_before(at) == 0 {
            self.seams.begin(at);
        }
    }

    /// The first range that is neither on disk nor in a worker's hands.
    fn gap(&self) -> Option<Range> {
        let held = self.open.iter().map(|segment| (segment.from, segment.end));
        let mut taken: Vec<Range> = self.done.iter().copied().chain(held).collect();
        taken.sort_unstable();
        let mut at = 0;
        for (start, end) in taken {
            if start > at {
                return Some((at, start));
            }
            at = at.max(end);
        }
        (at < self.total).then_some((at, self.total))
    }

    fn split_largest(&mut self, least: u64) -> Option<Range> {
        let open = self.open.iter_mut();
        let victim = open.max_by_key(|segment| segment.end - segment.at)?;
        let rest = victim.end - victim.at;
        if rest < least * 2 {
            return None;
        }
        let (middle, end) = (victim.end - rest / 2, victim.end);
        victim.end = middle;
        Some((middle, end))
    }

    fn add(&mut self, (mut start, mut end): Range) {
        if start >= end {
            return;
        }
        self.done.retain(|&(first, last)| {
            let apart = last < start || first > end;
            if !apart {
                start = start.min(first);
                end = end.max(last);
            }
            apart
        });
        let place = self.done.partition_point(|&(first, _)| first < start);
        self.done.insert(place, (start, end));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_are_merged_and_in_order() {
        let mut ledger = Ledger::new(100, &[(50, 60), (0, 10)]);
        ledger.note_written(0, (10, 20));
        ledger.note_written(0, (45, 50));
        ledger.note_written(0, (70, 70));
        assert_eq!(ledger.done(), [(0, 20), (45, 60)]);
        assert_eq!(
            (ledger.len(), ledger.len_before(60), ledger.len_before(50)),
            (35, 15, 0)
        );
        ledger.note_written(0, (20, 45));
        ledger.note_written(0, (60, 100));
        assert!(ledger.is_complete());
    }

    #[test]
    fn gaps_are_assigned_first_then_half_of_the_largest_segment() {
        let mut ledger = Ledger::new(1000, &[(0, 100), (400, 500)]);
        let first = ledger.assign(10).unwrap();
        assert_eq!((first.at, first.end), (100, 400));
        let second = ledger.assign(10).unwrap();
        assert_eq!((second.at, second.end), (500, 1000));
        let third = ledger.assign(10).unwrap();
        assert_eq!((third.at, third.end), (750, 1000));
        assert_eq!(ledger.end(second.id), 750);
        ledger.note_read(first.id, 395);
        assert_eq!(ledger.assign(200), None, "no rest is worth it");
        ledger.note_written(first.id, (100, 390));
        ledger.release(first.id);
        let again = ledger.assign(200).unwrap();
        assert_eq!((again.at, again.end), (390, 400));
    }

    #[test]
    fn a_segment_extends_into_unassigned_bytes() {
        let mut ledger = Ledger::new(1000, &[(900, 1000)]);
        let first = ledger.assign(10).unwrap();
        let second = ledger.assign(10).unwrap();
        assert_eq!((second.at, second.end), (450, 900));
        assert_eq!(ledger.extend(first.id, 1000), 450, "another has it");
        ledger.note_written(second.id, (450, 500));
        ledger.release(second.id);
        assert_eq!(ledger.extend(first.id, 1000), 450, "it is there");
        ledger.forget((450, 500));
        assert_eq!(ledger.done(), [(900, 1000)]);
        assert_eq!(ledger.extend(first.id, 700), 700);
        assert_eq!(ledger.extend(first.id, 1000), 900);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_worker_at_the_end_is_relieved_once() {
        let second = Duration::from_secs(1);
        let mut ledger = Ledger::new(100, &[]);
        let first = ledger.assign(30).unwrap();
        let second_part = ledger.assign(30).unwrap();
        assert_eq!((second_part.at, second_part.end), (50, 100));
        assert_eq!(ledger.stalled(30, second), None, "nobody is silent yet");
        tokio::time::advance(second).await;
        assert_eq!(ledger.stalled(20, second), None, "there is half to take");
        ledger.note_read(second_part.id, 90);
        let stalled = ledger.stalled(30, second).unwrap();
        assert_eq!(stalled.id, first.id);
        ledger.note_second_request(stalled.id);
        assert_eq!(ledger.stalled(30, second), None, "once");
        assert!(!ledger.is_taken(first.id));
        let rest = ledger.reassign(stalled, true).unwrap();
        assert_eq!((rest.at, rest.end), (0, 50));
        assert!(ledger.is_taken(first.id) && !ledger.is_taken(rest.id));
        ledger.release(first.id);
        ledger.note_written(rest.id, (0, 50));
        assert_eq!(ledger.done(), [(0, 50)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_resumes_keeps_its_segment() {
        let second = Duration::from_secs(1);
        let mut ledger = Ledger::new(100, &[]);
        let only = ledger.assign(60).unwrap();
        tokio::time::advance(second).await;
        let stalled = ledger.stalled(60, second).unwrap();
        ledger.note_second_request(stalled.id);
        ledger.note_read(only.id, 10);
        assert_eq!(ledger.reassign(stalled, true), None);
        assert!(!ledger.is_taken(only.id));
        tokio::time::advance(second).await;
        let stalled = ledger.stalled(60, second).unwrap();
        assert_eq!((stalled.at, stalled.end), (10, 100), "silent anew");
    }

    proptest! {
        #[test]
        fn every_byte_is_moved_once(total in 1u64..100_000, steps in proptest::collection::vec((0usize..5, 0u64..5000), 1..200)) {
            let mut ledger = Ledger::new(total, &[]);
            let mut open: Vec<Segment> = Vec::new();
            let mut moved = 0;
            for (step, bytes) in steps {
                match step {
                    0 => open.extend(ledger.assign(100)),
                    1 if !open.is_empty() => {
                        let left = open.remove(bytes as usize % open.len());
                        ledger.release(left.id);
                    }
                    2 => {
                        if let Some(stalled) = ledger.stalled(100, Duration::ZERO) {
                            ledger.note_second_request(stalled.id);
                            open.extend(ledger.reassign(stalled, true));
                        }
                    }
                    _ if !open.is_empty() => {
                        let index = bytes as usize % open.len();
                        let segment = &mut open[index];
                        let to = (segment.at + bytes).min(ledger.end(segment.id));
                        ledger.note_read(segment.id, to);
                        ledger.note_written(segment.id, (segment.at, to));
                        moved += to - segment.at;
                        segment.at = to;
                    }
                    _ => {}
                }
                prop_assert_eq!(ledger.len(), moved);
            }
        }
    }
}
