//! What is asked for of a track, one request each, and how it is known again.

mod expected;

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::pipeline::stream::{Cipher, Map, Segment, Spot};
use crate::pipeline::transfer::content::WORTH;

/// What the parts of a track come to in memory at the most, in bytes: those of any list, and of a live one for days.
const ROOM: usize = 256 << 20;
/// The length of the pieces that a track is asked for in which is one file, and how many they are at the most.
const PIECE: u64 = 4 << 20;
const MOST: u64 = 10_000;

/// What one request brings.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// The number of the segment that it is, or stands before.
    number: u64,
    pub(super) is_map: bool,
    pub(super) spot: Spot,
    pub(super) cipher: Option<Cipher>,
    /// Whether it begins somewhere in a file, and not as a segment does.
    pub(super) inner: bool,
    /// How long it plays.
    duration: Duration,
}

impl Part {
    /// How long it is, if that is known beforehand.
    pub(super) fn len(&self) -> Option<usize> {
        let (start, end) = self.spot.range?;
        usize::try_from(end - start).ok()
    }
}

/// The parts of a track, in order.
#[derive(Debug, Default)]
pub(super) struct Parts {
    list: Vec<Part>,
    /// What they come to in memory.
    size: usize,
    /// There was no room for more of them.
    pub(super) full: bool,
    /// What stands before the last segment.
    map: Option<Arc<Map>>,
    /// How often that was another than before.
    pub(super) maps: usize,
    /// How often the time begins anew between segments.
    pub(super) breaks: usize,
    /// How many segments the site says that it does not have.
    pub(super) gaps: u64,
    /// How long those play.
    missing: Duration,
    /// The number that the next segment has to have.
    pub(super) next: Option<u64>,
    /// How many segments of a live stream were gone before they could be asked for.
    pub(super) lost: u64,
}

impl Parts {
    /// Adds what is new in a list of segments. Says whether anything was.
    pub(super) fn add(&mut self, segments: Vec<Segment>) -> bool {
        let mut next = self.next.unwrap_or(0);
        let before = self.next;
        for segment in segments {
            // Where numbers are times, each list rounds on its own.
            let half = segment.span / 2;
            if segment.number.saturating_add(half) < next {
                continue;
            }
            if self.size >= ROOM {
                self.full = true;
                break;
            }
            if self.next.is_some() {
                let between = segment.number.saturating_add(half).saturating_sub(next);
                self.lost = self.lost.saturating_add(between / segment.span.max(1));
            }
            next = segment.number.saturating_add(segment.span.max(1));
            self.next = Some(next);
            self.breaks += usize::from(segment.breaks && !self.list.is_empty());
            if segment.gap {
                self.gaps += 1;
                self.missing = self.missing.saturating_add(segment.duration);
                continue;
            }
            if let Some(map) = segment
                .map
                .as_ref()
                .filter(|map| self.map.as_ref() != Some(map))
            {
                self.push((segment.number, true), map.spot.clone(), map.cipher.clone());
                self.maps += 1;
                self.map = Some(map.clone());
            }
            self.push((segment.number, false), segment.spot, segment.cipher);
            if let Some(part) = self.list.last_mut() {
                part.duration = segment.duration;
            }
        }
        self.next != before
    }

    fn push(&mut self, (number, is_map): (u64, bool), spot: Spot, cipher: Option<Cipher>) {
        self.size += size_of::<Part>() + spot.url.as_str().len();
        self.list.push(Part {
            number,
            is_map,
            spot,
            cipher,
            inner: false,
            duration: Duration::ZERO,
        });
    }

    /// The file that all of the track is, if it is one.
    pub(super) fn file(&self) -> Option<&Url> {
        match &self.list[..] {
            [
                Part {
                    spot: Spot { url, range: None },
                    cipher: None,
                    ..
                },
            ] => Some(url),
            _ => None,
        }
    }

    /// Divides the file that all of the track is into pieces, each of which is asked for by itself.
    pub(super) fn divide(&mut self, total: u64) {
        let Some(url) = self.file().cloned() else {
            return;
        };
        if !(WORTH..=PIECE * MOST).contains(&total) {
            return;
        }
        let starts = (0..total.div_ceil(PIECE)).map(|piece| piece * PIECE);
        let piece = |start| Part {
            number: self.list[0].number,
            is_map: false,
            spot: Spot {
                url: url.clone(),
                range: Some((start, total.min(start + PIECE))),
            },
            cipher: None,
            inner: start > 0,
            duration: Duration::ZERO,
        };
        self.list = starts.map(piece).collect();
    }

    /// Takes the addresses of a list that was asked for again; the segments have to be the same. Gives the old and
    /// the new addresses of files that parts are ranges of.
    pub(super) fn renew(&mut self, segments: &[Segment]) -> Vec<(Url, Url)> {
        let is_divided = self.list.get(1).is_some_and(|part| part.inner);
        let mut moved: Vec<(Url, Url)> = Vec::new();
        for segment in segments {
            let first = self
                .list
                .partition_point(|part| part.number < segment.number);
            let parts = self.list[first..].iter_mut();
            for part in parts.take_while(|part| part.number == segment.number) {
                let (spot, cipher) = match &segment.map {
                    Some(map) if part.is_map => (&map.spot, &map.cipher),
                    _ if part.is_map => continue,
                    _ => (&segment.spot, &segment.cipher),
                };
                let iv = |cipher: &Option<Cipher>| cipher.as_ref().map(|cipher| cipher.iv);
                let is_piece = is_divided && !part.is_map && spot.range.is_none();
                if (spot.range == part.spot.range || is_piece) && iv(cipher) == iv(&part.cipher) {
                    let before = std::mem::replace(&mut part.spot.url, spot.url.clone());
                    part.cipher.clone_from(cipher);
                    let is_known = moved.last().is_some_and(|last| last.0 == before);
                    if part.spot.range.is_some() && before != spot.url && !is_known {
                        moved.push((before, spot.url.clone()));
                    }
                }
            }
        }
        moved
    }

    /// How long they are together, if that is known beforehand.
    pub(super) fn total(&self) -> Option<u64> {
        let mut lengths = self.list.iter().map(|part| part.len());
        lengths.try_fold(0u64, |sum, len| sum.checked_add(len? as u64))
    }

    /// How many parts are of segments before this number.
    pub(super) fn before(&self, number: u64) -> usize {
        self.list.partition_point(|part| part.number < number)
    }

    /// Forgets all but so many.
    pub(super) fn truncate(&mut self, count: usize) {
        self.list.truncate(count);
    }

    /// Whether a part behind this one begins anew: a new period does, with an initialization of its own.
    pub(super) fn begins_anew_after(&self, index: usize) -> bool {
        self.list.iter().skip(index + 1).any(|part| part.is_map)
    }

    /// Whether this is an initialization.
    pub(super) fn is_map(&self, index: usize) -> bool {
        self.get(index).is_some_and(|part| part.is_map)
    }

    /// Whether this is the initialization that all else needs.
    pub(super) fn is_first_map(&self, index: usize) -> bool {
        index == 0 && self.is_map(index)
    }

    pub(super) fn get(&self, index: usize) -> Option<&Part> {
        self.list.get(index)
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }
}

/// What the first parts of a track are called, as a digest.
#[derive(Clone, Debug, Default)]
pub(super) struct Chain {
    hasher: blake3::Hasher,
    count: usize,
}

impl Chain {
    /// That of so many parts: of no fewer than before.
    pub(super) fn of(&mut self, parts: &Parts, count: usize) -> String {
        for part in &parts.list[self.count.min(count)..count] {
            part.spot.identify(part.cipher.as_ref(), &mut self.hasher);
        }
        self.count = self.count.max(count);
        self.hasher.finalize().to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(number: u64, url: &Url) -> Segment {
        Segment {
            number,
            span: 1,
            spot: Spot {
                url: url.clone(),
                range: None,
            },
            cipher: None,
            map: None,
            gap: false,
            breaks: number == 0 || number == 7,
            duration: std::time::Duration::ZERO,
        }
    }

    #[test]
    fn what_is_new_is_added_and_what_was_missed_is_counted() {
        let url = Url::parse("https://x.org/a.ts").unwrap();
        let list = |numbers: &[u64]| numbers.iter().map(|n| segment(*n, &url)).collect();
        let mut parts = Parts::default();
        assert!(parts.add(list(&[0, 1, 2])));
        assert!(!parts.add(list(&[0, 1, 2])));
        assert!(parts.add(list(&[2, 3, 7])));
        assert_eq!((parts.len(), parts.lost, parts.breaks), (5, 3, 1));
        // Where a site lies about its numbers, nothing overflows.
        assert!(parts.add(list(&[u64::MAX - 1, u64::MAX])));
        assert!(!parts.add(list(&[3, u64::MAX])));
        assert!(parts.lost > u64::MAX / 2 && !parts.full);
    }

    #[test]
    fn numbers_that_are_times_may_be_rounded() {
        let url = Url::parse("https://x.org/a.ts").unwrap();
        let list = |times: &[u64]| -> Vec<Segment> {
            let one = |time: &u64| Segment {
                span: 2_000_000,
                ..segment(*time, &url)
            };
            times.iter().map(one).collect()
        };
        let mut parts = Parts::default();
        assert!(parts.add(list(&[4_000_000, 6_000_001])));
        assert!(!parts.add(list(&[4_000_001, 5_999_999])));
        assert!(parts.add(list(&[6_000_000, 7_999_999, 10_000_002])));
        assert_eq!((parts.len(), parts.lost), (4, 0));
        assert!(parts.add(list(&[16_000_000])));
        assert_eq!(parts.lost, 2);
    }

    #[test]
    fn a_track_that_is_one_file_is_divided_if_it_is_large() {
        let url = Url::parse("https://x.org/a.mp4").unwrap();
        let pieces = |total| {
            let mut parts = Parts::default();
            parts.add(vec![segment(0, &url)]);
            parts.divide(total);
            parts.list
        };
        let ranges: Vec<_> = pieces(9 << 20).iter().map(|part| part.spot.range).collect();
        let (first, second) = (4 << 20, 8 << 20);
        let expected = [(0, first), (first, second), (second, 9 << 20)];
        assert_eq!(ranges, expected.map(Some));
        for total in [0, 1000, u64::MAX] {
            assert_eq!(pieces(total).len(), 1, "{total}");
        }
    }

    #[test]
    fn addresses_are_found_anew_by_their_numbers() {
        let url = |text: &str| Url::parse(&format!("https://x.org/{text}")).unwrap();
        let list = |numbers: &[u64], token: &str| -> Vec<Segment> {
            let map = Map {
                spot: Spot {
                    url: url(&format!("map{token}")),
                    range: None,
                },
                cipher: None,
            };
            let map = Some(Arc::new(map));
            let named = |n: &u64| segment(*n, &url(&format!("{n}{token}")));
            let with_map = |n| Segment {
                map: map.clone(),
                ..named(n)
            };
            numbers.iter().map(with_map).collect()
        };
        let names = |parts: &Parts| -> Vec<String> {
            let urls = parts.list.iter().map(|part| &part.spot.url);
            urls.map(|url| url.as_str()[14..].to_owned()).collect()
        };
        let mut parts = Parts::default();
        parts.add(list(&[3, 4, 5], "?a"));
        parts.renew(&list(&[4, 5, 6], "?b"));
        assert_eq!(names(&parts), ["map?a", "3?a", "4?b", "5?b"]);
        parts.renew(&list(&[3], "?c"));
        assert_eq!(names(&parts), ["map?c", "3?c", "4?b", "5?b"]);
        // Another range, or another way to decrypt it, is another segment.
        let mut other = list(&[4, 5], "?d");
        other[0].spot.range = Some((0, 5));
        other[1].cipher = Some(Cipher {
            key: Arc::new(url("k")),
            iv: [1; 16],
        });
        parts.renew(&other);
        assert_eq!(names(&parts), ["map?c", "3?c", "4?b", "5?b"]);
        let mut pieces = Parts::default();
        pieces.add(vec![segment(0, &url("film?a"))]);
        pieces.divide(9 << 20);
        let moved = pieces.renew(&[segment(0, &url("film?b"))]);
        assert_eq!(moved, [(url("film?a"), url("film?b"))]);
        assert_eq!(names(&pieces), ["film?b"; 3]);
        assert_eq!(pieces.list[1].spot.range, Some((4 << 20, 8 << 20)));
        // What has a map before it is not divided: all of a file is none of its ranges.
        let mut ranges = list(&[0], "?a");
        ranges[0].spot.range = Some((0, 5));
        let mut parts = Parts::default();
        parts.add(ranges);
        parts.renew(&list(&[0], "?b"));
        assert_eq!(names(&parts), ["map?b", "0?a"]);
    }

    #[test]
    fn a_live_stream_cannot_fill_the_memory() {
        let url = Url::parse(&format!("https://x.org/{}", "a".repeat(16_000))).unwrap();
        let mut parts = Parts::default();
        for list in 0..30 {
            let numbers = list * 1000..(list + 1) * 1000;
            parts.add(numbers.map(|n| segment(n, &url)).collect());
        }
        assert!(parts.full);
        let bytes: usize = parts
            .list
            .iter()
            .map(|part| part.spot.url.as_str().len())
            .sum();
        assert!(bytes < ROOM, "{bytes}");
    }
}
