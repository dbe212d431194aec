//! The parts of a track, one request each, and how they are recognised.

mod discontinuity;
mod expected;

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use self::discontinuity::Discontinuity;
use crate::pipeline::stream::{ByteLocation, Cipher, Map, Segment};
use crate::pipeline::transfer::content::MIN_RESUMABLE;

/// The most memory for the parts of a track, in bytes: enough for any list, and for days of a live one.
const MAX_MEMORY: usize = 256 << 20;
/// The length of the pieces in which a track that is a single file is requested, and the most pieces.
const PIECE: u64 = 4 << 20;
const MAX_PIECES: u64 = 10_000;

/// A part of a track: what one request brings.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// The number of the segment that it is, or that it stands before.
    pub(super) number: u64,
    pub(super) is_map: bool,
    pub(super) location: ByteLocation,
    pub(super) cipher: Option<Cipher>,
    /// Whether it begins in the middle of a file, and not as a segment does.
    pub(super) inner: bool,
    /// How long it plays.
    pub(super) duration: Duration,
}

impl Part {
    /// Its length in bytes, if known beforehand.
    pub(super) fn len(&self) -> Option<usize> {
        let (start, end) = self.location.range?;
        usize::try_from(end - start).ok()
    }
}

/// The parts of a track, in order.
#[derive(Debug, Default)]
pub(super) struct Parts {
    list: Vec<Part>,
    /// Whether they are ranges of a file that no list describes.
    pub(super) of_file: bool,
    /// What distinguishes the rendition that they are from others.
    pub(super) rendition: String,
    /// How many bytes of memory the parts take, of a limit that they share with this many other tracks.
    size: usize,
    others: usize,
    /// Whether there was no room for more parts.
    pub(super) full: bool,
    /// The initialization that the last segment needs.
    map: Option<Arc<Map>>,
    /// How often that changed, including the first one.
    pub(super) maps: usize,
    /// How often the timeline restarts between segments.
    pub(super) breaks: usize,
    /// How many segments the site says that it does not have.
    pub(super) gaps: u64,
    /// How long those segments play.
    missing: Duration,
    /// The number that the next segment should have.
    pub(super) next: Option<u64>,
    /// How many segments of a live stream were gone before they could be requested.
    pub(super) lost: u64,
    /// How often the numbers restarted.
    pub(super) restarts: u64,
    discontinuity: Discontinuity,
}

impl Parts {
    /// Creates an empty list for one of several tracks that share the limit.
    pub(super) fn among(tracks: usize) -> Parts {
        Parts {
            others: tracks.saturating_sub(1),
            ..Parts::default()
        }
    }

    /// Adds the new segments of a list. Returns whether there were any.
    pub(super) fn add(&mut self, mut segments: Vec<Segment>) -> bool {
        if !self.renumber(&mut segments) {
            return false;
        }
        let known = self.discontinuity.known(&segments);
        let mut is_new = false;
        for segment in segments.into_iter().skip(known) {
            let next = self.next.unwrap_or(0);
            // Where numbers are times, each list rounds them on its own.
            let half = segment.span / 2;
            let begins = self.discontinuity.begins(&segment, next);
            if segment.number.saturating_add(half) < next && !begins {
                continue;
            }
            if self.size >= MAX_MEMORY / (self.others + 1) {
                self.full = true;
                break;
            }
            if self.next.is_some() {
                let between = segment.number.saturating_add(half).saturating_sub(next);
                self.lost = self.lost.saturating_add(between / segment.span.max(1));
            }
            self.discontinuity.took(&segment, self.next.is_none());
            let end = segment.number.saturating_add(segment.span.max(1));
            is_new |= self.next.replace(end) != Some(end);
            self.breaks += usize::from(segment.breaks && !self.list.is_empty());
            if segment.gap {
                self.gaps += 1;
                self.missing = self.missing.saturating_add(segment.duration);
                continue;
            }
            // The numbers stay in order, since parts are found by them.
            let least = self.list.last().map_or(0, |last| last.number);
            let number = match begins {
                true => segment.number.max(least.saturating_add(1)),
                false => segment.number,
            };
            if let Some(map) = segment
                .map
                .as_ref()
                .filter(|map| self.map.as_ref() != Some(map))
            {
                self.push((number, true), map.location.clone(), map.cipher.clone());
                self.maps += 1;
                self.map = Some(map.clone());
            }
            self.push((number, false), segment.location, segment.cipher);
            if let Some(part) = self.list.last_mut() {
                part.duration = segment.duration;
            }
        }
        is_new
    }

    fn push(
        &mut self,
        (number, is_map): (u64, bool),
        location: ByteLocation,
        cipher: Option<Cipher>,
    ) {
        self.size += size_of::<Part>() + location.url.as_str().len();
        self.list.push(Part {
            number,
            is_map,
            location,
            cipher,
            inner: false,
            duration: Duration::ZERO,
        });
    }

    /// Returns the URL of the single file that the track is, if it is one.
    pub(super) fn file(&self) -> Option<&Url> {
        match &self.list[..] {
            [
                Part {
                    location: ByteLocation { url, range: None },
                    cipher: None,
                    ..
                },
            ] => Some(url),
            _ => None,
        }
    }

    /// Divides a track that is a single file into pieces, each of which is requested by itself.
    pub(super) fn divide(&mut self, total: u64) {
        let Some(url) = self.file().cloned() else {
            return;
        };
        if !(MIN_RESUMABLE..=PIECE * MAX_PIECES).contains(&total) {
            return;
        }
        let starts = (0..total.div_ceil(PIECE)).map(|piece| piece * PIECE);
        let piece = |start| Part {
            number: self.list[0].number,
            is_map: false,
            location: ByteLocation {
                url: url.clone(),
                range: Some((start, total.min(start + PIECE))),
            },
            cipher: None,
            inner: start > 0,
            duration: Duration::ZERO,
        };
        self.list = starts.map(piece).collect();
    }

    /// Takes over the addresses of a reloaded list, whose segments have to be the same. Returns the old and new
    /// addresses of the files that parts are ranges of.
    pub(super) fn renew(&mut self, segments: &[Segment]) -> Vec<(Url, Url)> {
        let is_divided = self.list.get(1).is_some_and(|part| part.inner);
        let mut moved: Vec<(Url, Url)> = Vec::new();
        for segment in segments {
            let first = self
                .list
                .partition_point(|part| part.number < segment.number);
            let parts = self.list[first..].iter_mut();
            for part in parts.take_while(|part| part.number == segment.number) {
                let (location, cipher) = match &segment.map {
                    Some(map) if part.is_map => (&map.location, &map.cipher),
                    _ if part.is_map => continue,
                    _ => (&segment.location, &segment.cipher),
                };
                let iv = |cipher: &Option<Cipher>| cipher.as_ref().map(|cipher| cipher.iv);
                let is_piece = is_divided && !part.is_map && location.range.is_none();
                if (location.range == part.location.range || is_piece)
                    && iv(cipher) == iv(&part.cipher)
                {
                    let before = std::mem::replace(&mut part.location.url, location.url.clone());
                    part.cipher.clone_from(cipher);
                    let is_known = moved.last().is_some_and(|last| last.0 == before);
                    if part.location.range.is_some() && before != location.url && !is_known {
                        moved.push((before, location.url.clone()));
                    }
                }
            }
        }
        moved
    }

    /// The length of all parts, if known beforehand.
    pub(super) fn total(&self) -> Option<u64> {
        let mut lengths = self.list.iter().map(|part| part.len());
        lengths.try_fold(0u64, |sum, len| sum.checked_add(len? as u64))
    }

    /// How many parts belong to segments before this number.
    pub(super) fn before(&self, number: u64) -> usize {
        self.list.partition_point(|part| part.number < number)
    }

    /// Keeps only the first `count` parts.
    pub(super) fn truncate(&mut self, count: usize) {
        self.list.truncate(count);
    }

    /// Whether a part after this one begins anew: a new period does, with an initialization of its own.
    pub(super) fn has_map_after(&self, index: usize) -> bool {
        self.list.iter().skip(index + 1).any(|part| part.is_map)
    }

    /// Whether this part is an initialization.
    pub(super) fn is_map(&self, index: usize) -> bool {
        self.get(index).is_some_and(|part| part.is_map)
    }

    /// Whether this part is the initialization that everything else needs.
    pub(super) fn is_first_map(&self, index: usize) -> bool {
        index == 0 && self.is_map(index)
    }

    /// Whether this part is a segment, and not an initialization.
    pub(super) fn is_segment(&self, index: usize) -> bool {
        self.get(index).is_some_and(|part| !part.is_map)
    }

    /// Returns all of them.
    pub(super) fn all(&self) -> &[Part] {
        &self.list
    }

    /// Returns the part with this index.
    pub(super) fn get(&self, index: usize) -> Option<&Part> {
        self.list.get(index)
    }

    /// Returns the number of parts.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }
}

#[cfg(test)]
mod tests;
