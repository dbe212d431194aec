//! Which bytes of a file are there, and who is at which of the rest. Pure bookkeeping: it moves nothing.

/// Bytes from the first to the second, exclusive.
pub(super) type Range = (u64, u64);

/// The parts of one file that is moved over several connections.
#[derive(Debug)]
pub(super) struct Ledger {
    total: u64,
    done: Vec<Range>,
    open: Vec<Segment>,
    next: usize,
    /// The bytes that follow where a segment ended, as its own connection sent them: whoever moved those must agree.
    joints: Vec<(u64, Vec<u8>)>,
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
}

impl Ledger {
    /// A file of which these ranges are there.
    pub(super) fn new(total: u64, done: &[Range]) -> Ledger {
        let mut ledger = Ledger {
            total,
            done: Vec::new(),
            open: Vec::new(),
            next: 0,
            joints: Vec::new(),
        };
        done.iter().for_each(|range| ledger.add(*range));
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
        };
        self.next += 1;
        self.open.push(segment);
        Some(segment)
    }

    /// Notes how far this part has been read, and gives where it ends now.
    pub(super) fn read(&mut self, id: usize, to: u64) -> u64 {
        let segment = self.open.iter_mut().find(|segment| segment.id == id);
        segment.map_or(0, |segment| {
            segment.at = to;
            segment.end
        })
    }

    /// Notes that these bytes of this part have been written.
    pub(super) fn wrote(&mut self, id: usize, range: Range) {
        if let Some(segment) = self.open.iter_mut().find(|segment| segment.id == id) {
            segment.from = range.1;
        }
        self.add(range);
    }

    /// Somebody leaves a part, done or not.
    pub(super) fn leave(&mut self, id: usize) {
        self.open.retain(|segment| segment.id != id);
    }

    /// Notes the bytes that follow the end of a part.
    pub(super) fn joint(&mut self, at: u64, bytes: Vec<u8>) {
        self.joints.push((at, bytes));
    }

    /// The bytes that must follow these places, each to be compared once.
    pub(super) fn take_joints(&mut self) -> Vec<(u64, Vec<u8>)> {
        std::mem::take(&mut self.joints)
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
        assert_eq!(ledger.read(second.id, 500), 750);
        assert_eq!(ledger.read(first.id, 395), 400);
        assert_eq!(ledger.take(200), None, "no rest is worth it");
        ledger.wrote(first.id, (100, 390));
        ledger.leave(first.id);
        let again = ledger.take(200).unwrap();
        assert_eq!((again.at, again.end), (390, 400));
    }

    proptest! {
        #[test]
        fn every_byte_is_moved_once(total in 1u64..100_000, steps in proptest::collection::vec((0usize..4, 0u64..5000), 1..200)) {
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
                    _ if !open.is_empty() => {
                        let index = bytes as usize % open.len();
                        let segment = &mut open[index];
                        let to = (segment.at + bytes).min(ledger.read(segment.id, segment.at));
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
