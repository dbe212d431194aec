//! Which bytes of a file are there, and who is at which of the rest. Pure bookkeeping: it moves nothing.

use std::time::Duration;

use tokio::time::Instant;

use super::seams::{Joint, Seams};

/// Bytes from the first to the second, exclusive.
pub(super) type Range = (u64, u64);

/// The parts of one file that is moved over several connections.
#[derive(Debug)]
pub(super) struct Ledger {
    total: u64,
    done: Vec<Range>,
    open: Vec<Segment>,
    next: usize,
    seams: Seams,
}

/// A part that somebody is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) id: usize,
    /// Up to here it has been written.
    pub(super) from: u64,
    /// Up to here it has been read.
    pub(super) at: u64,
    /// Here it ends, unless somebody takes half of the rest.
    pub(super) end: u64,
    /// When its bytes last came, or else when it was taken.
    heard: Instant,
    /// Somebody has asked for the rest of it a second time.
    is_doubled: bool,
}

impl Ledger {
    /// A file of which these ranges are there.
    pub(super) fn new(total: u64, done: &[Range]) -> Ledger {
        let mut ledger = Ledger {
            total,
            done: Vec::new(),
            open: Vec::new(),
            next: 0,
            seams: Seams::default(),
        };
        done.iter().for_each(|range| ledger.add(*range));
        let starts = ledger.done.iter().map(|(start, _)| *start);
        starts.for_each(|start| ledger.seams.begin(start));
        ledger
    }

    /// The ranges that are there, merged and in order.
    pub(super) fn done(&self) -> &[Range] {
        &self.done
    }

    /// How many bytes are there.
    pub(super) fn len(&self) -> u64 {
        self.done.iter().map(|(start, end)| end - start).sum()
    }

    /// Whether all are.
    pub(super) fn is_complete(&self) -> bool {
        self.len() == self.total
    }

    /// How many bytes of the range that ends here are there, from its start.
    pub(super) fn before(&self, at: u64) -> u64 {
        let range = self.done.iter().find(|(_, end)| *end == at);
        range.map_or(0, |(start, end)| end - start)
    }

    /// A part for somebody who has nothing to do: one that nobody is at, or else half of the largest rest, if that is
    /// twice `least`.
    pub(super) fn take(&mut self, least: u64) -> Option<Segment> {
        let (at, end) = self.gap().or_else(|| self.steal(least))?;
        let segment = Segment {
            id: self.next,
            from: at,
            at,
            end,
            heard: Instant::now(),
            is_doubled: false,
        };
        self.next += 1;
        self.begin(at);
        self.open.push(segment);
        Some(segment)
    }

    /// When no part is left to take: the part that has been silent for the longest, if for so long, and if nobody has
    /// asked for it a second time.
    pub(super) fn silent(&self, least: u64, patience: Duration) -> Option<Segment> {
        let is_worth_halving = |segment: &Segment| segment.end - segment.at >= least * 2;
        if self.open.iter().any(is_worth_halving) || self.gap().is_some() {
            return None;
        }
        let waits = self.open.iter().filter(|segment| {
            !segment.is_doubled && segment.at < segment.end && segment.heard.elapsed() >= patience
        });
        waits.min_by_key(|segment| segment.heard).copied()
    }

    /// Notes that somebody asks for the rest of this part a second time.
    pub(super) fn double(&mut self, id: usize) {
        if let Some(segment) = self.open.iter_mut().find(|segment| segment.id == id) {
            segment.is_doubled = true;
        }
    }

    /// The rest of that part, for another who has an answer for it already, and says whether that was compared with what
    /// comes before it; nothing if its bytes have come meanwhile.
    pub(super) fn take_over(&mut self, silent: Segment, is_compared: bool) -> Option<Segment> {
        let segment = self.open.iter_mut().find(|open| open.id == silent.id)?;
        if segment.at != silent.at || segment.end != silent.end {
            segment.is_doubled = false;
            return None;
        }
        segment.end = segment.at;
        let rest = Segment {
            id: self.next,
            from: silent.at,
            heard: Instant::now(),
            ..silent
        };
        self.next += 1;
        if !is_compared {
            // It may be there by now, and was not when the answer was asked for.
            self.seams.begin(rest.at);
        }
        self.open.push(rest);
        Some(rest)
    }

    /// Whether another has taken all that is left of this part.
    pub(super) fn is_taken(&self, id: usize) -> bool {
        let segment = self.open.iter().find(|segment| segment.id == id);
        segment.is_none_or(|segment| segment.at >= segment.end)
    }

    /// Has this part go on into what follows it, up to this place at the most, as far as that is neither there nor in
    /// somebody's hands. Gives where it ends now.
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

    /// Where this part ends now.
    pub(super) fn end(&self, id: usize) -> u64 {
        let segment = self.open.iter().find(|segment| segment.id == id);
        segment.map_or(0, |segment| segment.end)
    }

    /// Notes how far this part has been read.
    pub(super) fn read(&mut self, id: usize, to: u64) {
        if let Some(segment) = self.open.iter_mut().find(|segment| segment.id == id) {
            segment.at = to;
            segment.heard = Instant::now();
        }
    }

    /// Notes that these bytes of this part have been written.
    pub(super) fn wrote(&mut self, id: usize, range: Range) {
        if let Some(segment) = self.open.iter_mut().find(|segment| segment.id == id) {
            segment.from = range.1;
        }
        self.add(range);
    }

    /// Has these bytes moved again.
    pub(super) fn forget(&mut self, (start, end): Range) {
        let rest = |&(first, last): &Range| [(first, last.min(start)), (first.max(end), last)];
        let rest = self.done.iter().flat_map(rest);
        self.done = rest.filter(|(first, last)| first < last).collect();
    }

    /// Somebody leaves a part, done or not.
    pub(super) fn leave(&mut self, id: usize) {
        self.open.retain(|segment| segment.id != id);
    }

    /// Notes the bytes that follow the end of a part, as its own connection sent them: whoever moved those must agree.
    pub(super) fn joint(&mut self, joint: Joint) {
        self.seams.join(joint);
    }

    /// The joints that can be compared.
    pub(super) fn take_joints(&mut self, is_end: bool) -> Vec<Joint> {
        self.seams.take(&self.done, is_end)
    }

    /// Notes that what meets here agrees.
    pub(super) fn agrees(&mut self, at: u64) {
        self.seams.close(at);
    }

    /// What is there and can be gone on with, without so many bytes before whatever nothing has proven to belong there.
    pub(super) fn proven(&self, len: u64) -> Vec<Range> {
        self.seams.without(&self.done, len)
    }

    /// Notes that somebody begins here, unless the bytes before are there to be compared.
    fn begin(&mut self, at: u64) {
        if at > 0 && self.before(at) == 0 {
            self.seams.begin(at);
        }
    }

    /// The first part that is neither there nor in somebody's hands.
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

    fn steal(&mut self, least: u64) -> Option<Range> {
        let victim = self
            .open
            .iter_mut()
            .max_by_key(|segment| segment.end - segment.at)?;
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
        ledger.wrote(0, (10, 20));
        ledger.wrote(0, (45, 50));
        ledger.wrote(0, (70, 70));
        assert_eq!(ledger.done(), [(0, 20), (45, 60)]);
        assert_eq!(
            (ledger.len(), ledger.before(60), ledger.before(50)),
            (35, 15, 0)
        );
        ledger.wrote(0, (20, 45));
        ledger.wrote(0, (60, 100));
        assert!(ledger.is_complete());
    }

    #[test]
    fn gaps_are_taken_first_and_then_half_of_the_largest_rest() {
        let mut ledger = Ledger::new(1000, &[(0, 100), (400, 500)]);
        let first = ledger.take(10).unwrap();
        assert_eq!((first.at, first.end), (100, 400));
        let second = ledger.take(10).unwrap();
        assert_eq!((second.at, second.end), (500, 1000));
        let third = ledger.take(10).unwrap();
        assert_eq!((third.at, third.end), (750, 1000));
        assert_eq!(ledger.end(second.id), 750);
        ledger.read(first.id, 395);
        assert_eq!(ledger.take(200), None, "no rest is worth it");
        ledger.wrote(first.id, (100, 390));
        ledger.leave(first.id);
        let again = ledger.take(200).unwrap();
        assert_eq!((again.at, again.end), (390, 400));
    }

    #[test]
    fn a_part_goes_on_into_what_nobody_has() {
        let mut ledger = Ledger::new(1000, &[(900, 1000)]);
        let first = ledger.take(10).unwrap();
        let second = ledger.take(10).unwrap();
        assert_eq!((second.at, second.end), (450, 900));
        assert_eq!(ledger.extend(first.id, 1000), 450, "another has it");
        ledger.wrote(second.id, (450, 500));
        ledger.leave(second.id);
        assert_eq!(ledger.extend(first.id, 1000), 450, "it is there");
        ledger.forget((450, 500));
        assert_eq!(ledger.done(), [(900, 1000)]);
        assert_eq!(ledger.extend(first.id, 700), 700);
        assert_eq!(ledger.extend(first.id, 1000), 900);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_silent_at_the_end_is_relieved_once() {
        let second = Duration::from_secs(1);
        let mut ledger = Ledger::new(100, &[]);
        let first = ledger.take(30).unwrap();
        let second_part = ledger.take(30).unwrap();
        assert_eq!((second_part.at, second_part.end), (50, 100));
        assert_eq!(ledger.silent(30, second), None, "nobody is silent yet");
        tokio::time::advance(second).await;
        assert_eq!(ledger.silent(20, second), None, "there is half to take");
        ledger.read(second_part.id, 90);
        let silent = ledger.silent(30, second).unwrap();
        assert_eq!(silent.id, first.id);
        ledger.double(silent.id);
        assert_eq!(ledger.silent(30, second), None, "once");
        assert!(!ledger.is_taken(first.id));
        let rest = ledger.take_over(silent, true).unwrap();
        assert_eq!((rest.at, rest.end), (0, 50));
        assert!(ledger.is_taken(first.id) && !ledger.is_taken(rest.id));
        ledger.leave(first.id);
        ledger.wrote(rest.id, (0, 50));
        assert_eq!(ledger.done(), [(0, 50)]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_heard_again_keeps_the_part() {
        let second = Duration::from_secs(1);
        let mut ledger = Ledger::new(100, &[]);
        let only = ledger.take(60).unwrap();
        tokio::time::advance(second).await;
        let silent = ledger.silent(60, second).unwrap();
        ledger.double(silent.id);
        ledger.read(only.id, 10);
        assert_eq!(ledger.take_over(silent, true), None);
        assert!(!ledger.is_taken(only.id));
        tokio::time::advance(second).await;
        let silent = ledger.silent(60, second).unwrap();
        assert_eq!((silent.at, silent.end), (10, 100), "silent anew");
    }

    proptest! {
        #[test]
        fn every_byte_is_moved_once(total in 1u64..100_000, steps in proptest::collection::vec((0usize..5, 0u64..5000), 1..200)) {
            let mut ledger = Ledger::new(total, &[]);
            let mut open: Vec<Segment> = Vec::new();
            let mut moved = 0;
            for (step, bytes) in steps {
                match step {
                    0 => open.extend(ledger.take(100)),
                    1 if !open.is_empty() => {
                        let left = open.remove(bytes as usize % open.len());
                        ledger.leave(left.id);
                    }
                    2 => {
                        if let Some(silent) = ledger.silent(100, Duration::ZERO) {
                            ledger.double(silent.id);
                            open.extend(ledger.take_over(silent, true));
                        }
                    }
                    _ if !open.is_empty() => {
                        let index = bytes as usize % open.len();
                        let segment = &mut open[index];
                        let to = (segment.at + bytes).min(ledger.end(segment.id));
                        ledger.read(segment.id, to);
                        ledger.wrote(segment.id, (segment.at, to));
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
