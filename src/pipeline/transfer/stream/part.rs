//! What is asked for of a track, one request each, and how it is known again.

use std::sync::Arc;

use crate::pipeline::stream::{Cipher, Map, Segment, Spot};

/// What one request brings.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) spot: Spot,
    pub(super) cipher: Option<Cipher>,
}

/// The parts of a track, in order.
#[derive(Debug, Default)]
pub(super) struct Parts {
    list: Vec<Part>,
    /// What stands before the last segment.
    map: Option<Arc<Map>>,
    /// How often that was another than before.
    pub(super) maps: usize,
    /// How many segments the site says that it does not have.
    pub(super) gaps: u64,
    /// The number that the next segment has to have.
    pub(super) next: Option<u64>,
    /// How many segments of a live stream were gone before they could be asked for.
    pub(super) lost: u64,
}

impl Parts {
    /// Adds what is new in a list of segments. Says whether anything was.
    pub(super) fn add(&mut self, segments: &[Segment]) -> bool {
        let next = self.next.unwrap_or(0);
        let new = segments.iter().filter(|segment| segment.number >= next);
        let before = self.next;
        for segment in new {
            if let Some(next) = self.next {
                self.lost += segment.number - next;
            }
            self.next = Some(segment.number.saturating_add(1));
            if segment.gap {
                self.gaps += 1;
                continue;
            }
            if let Some(map) = segment
                .map
                .as_ref()
                .filter(|map| self.map.as_ref() != Some(map))
            {
                self.list.push(Part {
                    spot: map.spot.clone(),
                    cipher: map.cipher.clone(),
                });
                self.maps += 1;
                self.map = Some(map.clone());
            }
            self.list.push(Part {
                spot: segment.spot.clone(),
                cipher: segment.cipher.clone(),
            });
        }
        self.next != before
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
