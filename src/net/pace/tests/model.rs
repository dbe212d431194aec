//! Models of simulated hosts.

use std::hash::{DefaultHasher, Hash, Hasher};

/// The behaviour of a host. The default takes everything, at once.
#[derive(Clone, Copy)]
pub(super) struct Model {
    /// The round-trip time in seconds, and how long the host works on a request.
    pub(super) round_trip: f64,
    pub(super) work: f64,
    /// Bytes per second: for each connection, and in total.
    pub(super) each: f64,
    pub(super) total: f64,
    /// How many requests it takes at once at a given time, and whether it answers 429, resets the connection or stalls
    /// beyond that.
    pub(super) at_once: fn(f64) -> usize,
    pub(super) over: Over,
    /// How many requests it takes per second, which is also the largest burst.
    pub(super) per_second: f64,
    pub(super) retry_after: Option<f64>,
    /// The maximum delay of a request and of its response, in seconds; each delay differs, and follows from this seed.
    pub(super) jitter: f64,
    pub(super) seed: u64,
    /// Whether new connections have to be made, and speed up only gradually.
    pub(super) slow_start: bool,
    /// One request in this many breaks for no reason.
    pub(super) flaky: usize,
    /// One request in this many, on average, is refused for no reason.
    pub(super) random_refusals: usize,
    /// The concurrency from which requests hinder each other, and how much: its excess to this power is by how many times
    /// as long the host works on each.
    pub(super) contention: Option<(usize, f64)>,
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
            retry_after: None,
            jitter: 0.0,
            seed: 0,
            slow_start: false,
            flaky: 0,
            random_refusals: 0,
            contention: None,
            size: |_| 128 << 10,
            files: 200,
        }
    }
}

impl Model {
    /// Whether the request with this number is refused for no reason.
    pub(super) fn refuses_at_random(&self, number: usize) -> bool {
        let mut hasher = DefaultHasher::new();
        (self.seed, number, "mood").hash(&mut hasher);
        self.random_refusals > 0 && hasher.finish().is_multiple_of(self.random_refusals as u64)
    }

    /// How long the host works on a request, of which this many are in flight.
    pub(super) fn work_time(&self, taken: usize) -> f64 {
        let slower = self.contention.map_or(1.0, |(free, power)| {
            (taken as f64 / free as f64).max(1.0).powf(power)
        });
        self.work * slower
    }

    /// Returns the delay of the event with this number, in seconds.
    pub(super) fn delay(&self, number: usize) -> f64 {
        let mut hasher = DefaultHasher::new();
        (self.seed, number).hash(&mut hasher);
        self.jitter * (hasher.finish() % 1024) as f64 / 1024.0
    }
}
