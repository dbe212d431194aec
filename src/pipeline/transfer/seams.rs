//! Where the bytes of two responses meet, and what proves that they are of the same file.
//!
//! A worker that begins right after bytes on disk also requests the last of them, and compares. One that begins
//! elsewhere cannot: its start is a seam until the worker on the left has read a little further and those bytes have
//! been compared. If the download ends before that, some bytes to the left of the seam are given up: the response that
//! fills this gap has to agree with both sides.

use super::ledger::Range;

/// The open seams of one file: those that are not compared yet.
#[derive(Debug, Default)]
pub(super) struct Seams {
    open: Vec<u64>,
    joints: Vec<Joint>,
}

/// The bytes that follow a seam, as the response on its left has them.
#[derive(Debug)]
pub(super) struct Joint {
    pub(super) at: u64,
    pub(super) bytes: Vec<u8>,
}

impl Seams {
    /// Notes that the bytes that begin here were not compared with those before them.
    pub(super) fn begin(&mut self, at: u64) {
        if !self.open.contains(&at) {
            self.open.push(at);
        }
    }

    /// Notes that a single response has all bytes of this range.
    pub(super) fn pass(&mut self, (start, end): Range) {
        self.open.retain(|at| !(start..end).contains(at));
    }

    /// Notes that both sides agree at this seam.
    pub(super) fn close(&mut self, at: u64) {
        self.open.retain(|open| *open != at);
    }

    /// Notes the bytes that have to follow a seam.
    pub(super) fn join(&mut self, joint: Joint) {
        self.joints.push(joint);
    }

    /// Takes the joints whose bytes are all on disk, each to be compared once; with `is_end`, also those that are on
    /// disk only in part, as far as they are.
    pub(super) fn take(&mut self, done: &[Range], is_end: bool) -> Vec<Joint> {
        let mut taken = Vec::new();
        self.joints.retain_mut(|Joint { at, bytes }| {
            let range = done.iter().find(|(start, end)| (*start..*end).contains(at));
            let there = range
                .map_or(0, |(_, end)| end - *at)
                .min(bytes.len() as u64) as usize;
            let is_taken = there == bytes.len() || is_end && there > 0;
            if is_taken {
                let mut bytes = std::mem::take(bytes);
                bytes.truncate(there);
                taken.push(Joint { at: *at, bytes });
            }
            !is_taken
        });
        taken
    }

    /// Returns what of these ranges can be resumed: all but `len` bytes to the left of each seam inside them, or half
    /// of the bytes before it where that is less.
    pub(super) fn resumable(&self, done: &[Range], len: u64) -> Vec<Range> {
        let mut open = self.open.clone();
        open.sort_unstable();
        let mut open = open.into_iter().peekable();
        let mut kept = Vec::new();
        for &(start, end) in done {
            let mut from = start;
            while let Some(at) = open.next_if(|at| *at < end) {
                if at > from {
                    kept.push((from, at - len.min((at - from).div_ceil(2))));
                    from = at;
                }
            }
            kept.push((from, end));
        }
        kept.retain(|(start, end)| start < end);
        kept
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::pipeline::transfer::ledger::Ledger;

    #[test]
    fn late_writes_of_a_relieved_worker_are_not_compared() {
        let mut ledger = Ledger::new(1000, &[]);
        let part = ledger.assign(1000).unwrap();
        ledger.note_read(part.id, 500);
        let stalled = ledger.stalled(1000, Duration::ZERO).unwrap();
        // By now another worker is requesting the rest, and these bytes were not on disk in time to be requested with
        // it.
        ledger.note_written(part.id, (0, 500));
        let rest = ledger.reassign(stalled, false).unwrap();
        ledger.release(part.id);
        ledger.note_written(rest.id, (500, 1000));
        assert_eq!(ledger.resumable(10), [(0, 490), (500, 1000)]);
    }

    #[test]
    fn bytes_left_of_an_unproven_joint_are_discarded() {
        let mut seams = Seams::default();
        let done = [(0, 100), (200, 300)];
        assert_eq!(seams.resumable(&done, 10), done);
        seams.begin(60);
        seams.begin(40);
        seams.begin(40);
        // There is nothing on the other side of these.
        seams.begin(150);
        seams.begin(200);
        seams.begin(300);
        let without = [(0, 30), (40, 50), (60, 100), (200, 300)];
        assert_eq!(seams.resumable(&done, 10), without);
        assert_eq!(
            seams.resumable(&done, 30),
            [(0, 20), (40, 50), (60, 100), (200, 300)]
        );
        seams.close(40);
        assert_eq!(seams.resumable(&done, 10), [(0, 50), (60, 100), (200, 300)]);
        seams.pass((60, 61));
        assert_eq!(seams.resumable(&done, 10), done);
    }

    #[test]
    fn a_joint_is_compared_when_its_bytes_are_there_or_at_the_end_as_far_as_they_are() {
        let joint = |at, bytes: &[u8]| Joint {
            at,
            bytes: bytes.to_vec(),
        };
        let mut seams = Seams::default();
        seams.join(joint(10, b"all of it"));
        seams.join(joint(50, b"some"));
        seams.join(joint(80, b"none"));
        let done = [(0, 52), (90, 99)];
        let places = |joints: Vec<Joint>| -> Vec<(u64, Vec<u8>)> {
            let place = |joint: Joint| (joint.at, joint.bytes);
            joints.into_iter().map(place).collect()
        };
        let taken = places(seams.take(&done, false));
        assert_eq!(taken, [(10, b"all of it".to_vec())]);
        assert_eq!(places(seams.take(&done, false)), []);
        assert_eq!(places(seams.take(&done, true)), [(50, b"so".to_vec())]);
        assert_eq!(places(seams.take(&done, true)), []);
    }
}
