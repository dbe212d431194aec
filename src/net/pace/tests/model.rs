//! What a host that never was is like.

use std::hash::{DefaultHasher, Hash, Hasher};

/// What a host is like. The default takes everything, at once.
#[derive(Clone, Copy)]
pub(super) struct Model {
    /// From asking to the first byte, in seconds, and how long the host works on it.
    pub(super) round_trip: f64,
    pub(super) work: f64,
    /// Bytes a second: for each connection, and in all.
    pub(super) each: f64,
    pub(super) total: f64,
    /// How many it takes at once at a time, and whether it resets connections over that or answers 429, or says nothing.
    pub(super) at_once: fn(f64) -> usize,
    pub(super) over: Over,
    /// How many a second it takes, and as many in one go.
    pub(super) per_second: f64,
    pub(super) told: Option<f64>,
    /// By how much a request and its answer are late at most, in seconds: each by another time, known from this seed.
    pub(super) jitter: f64,
    pub(super) seed: u64,
    /// Whether new connections have to be made, and get fast only by and by.
    pub(super) slow_start: bool,
    /// Every so-manyth request breaks for no reason.
    pub(super) flaky: usize,
    pub(super) size: fn(usize) -> u64,
    pub(super) files: usize,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Over {
    Busy,
    Reset,
    Stall,
}

impl Default for Model {
    fn default() -> Self {
        Model {
            round_trip: 0.001,
            work: 0.0,
            each: f64::INFINITY,
            total: f64::INFINITY,
            at_once: |_| usize::MAX,
            over: Over::Busy,
            per_second: f64::INFINITY,
            told: None,
            jitter: 0.0,
            seed: 0,
            slow_start: false,
            flaky: 0,
            size: |_| 128 << 10,
            files: 200,
        }
    }
}

impl Model {
    /// How late the event of this number is, in seconds.
    pub(super) fn late(&self, number: usize) -> f64 {
        let mut hasher = DefaultHasher::new();
        (self.seed, number).hash(&mut hasher);
        self.jitter * (hasher.finish() % 1024) as f64 / 1024.0
    }
}
