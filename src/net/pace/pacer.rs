//! Request rate: a minimum interval between requests, set by the user or learned from refusals.

use std::time::Duration;

/// Spaces requests in time, if there is a reason to.
#[derive(Debug)]
pub(super) struct Pacer {
    /// The requests per second that the user allows.
    fixed: Option<f64>,
    /// The requests per second that the host was found to allow.
    learned: Option<f64>,
    /// What that was after the last refusal, and how many refusals in a row came at no higher rate, after some requests
    /// had been accepted: where it is the rate, there are none.
    found: f64,
    refuted: u32,
    /// When the next request may begin.
    next: Duration,
    /// Requests accepted since `since`, the end of the last pause from which a rate was learned.
    accepted: u32,
    since: Duration,
    /// When the learned rate may rise again, and how long it rests after a refusal.
    rise_at: Duration,
    patience: Duration,
    /// The fraction by which it rises at a time.
    rise: f64,
    /// How many pauses in a row had nothing accepted in between, and how long the first of them is where the host does
    /// not say; each further one is twice as long.
    fruitless_pauses: u32,
    pause: Duration,
    /// The interval between requests when it was last reported.
    reported: Duration,
}

/// The longest of those pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The lowest rate ever learned.
const SLOWEST: f64 = 1.0 / 60.0;
/// The fraction by which the learned rate rises at a time, at first and after many refusals, and how long it rests
/// first.
const RISE: f64 = 0.1;
const SLOWEST_RISE: f64 = 0.01;
const FIRST_REST: Duration = Duration::from_millis(500);
/// The longest rest, after many refusals.
const LONGEST_REST: Duration = Duration::from_secs(300);
/// How soon it rises once more.
const RISE_EVERY: Duration = Duration::from_millis(500);
/// Requests this far apart cause a noticeable wait; the interval is reported again when it has grown by this factor.
const LONG_INTERVAL: Duration = Duration::from_secs(1);
const REPORT_FACTOR: u32 = 4;
/// This many accepted requests are enough to derive a rate.
const MIN_ACCEPTED: u32 = 5;
/// This many refusals in a row that no rate explains are enough to give it up.
const REFUTED: u32 = 4;

impl Pacer {
    pub(super) fn new(fixed: Option<f64>, pause: Duration) -> Pacer {
        Pacer {
            fixed,
            learned: None,
            found: 0.0,
            refuted: 0,
            next: Duration::ZERO,
            accepted: 0,
            since: Duration::ZERO,
            rise_at: Duration::ZERO,
            patience: FIRST_REST,
            rise: RISE,
            fruitless_pauses: 0,
            pause,
            reported: Duration::ZERO,
        }
    }

    /// When the next request may begin.
    pub(super) fn next(&self) -> Duration {
        self.next
    }

    /// Returns how many pauses in a row had nothing accepted in between.
    pub(super) fn fruitless_pauses(&self) -> u32 {
        self.fruitless_pauses
    }

    /// Checks whether a rate has been learned.
    pub(super) fn has_learned(&self) -> bool {
        self.learned.is_some()
    }

    /// Checks whether the learned rate explains nothing, as the host refuses below it, too.
    pub(super) fn is_refuted(&self) -> bool {
        self.refuted >= REFUTED
    }

    /// Returns the interval between requests, if it is long and was not reported yet.
    pub(super) fn new_interval(&mut self) -> Option<Duration> {
        let interval = Duration::try_from_secs_f64(1.0 / self.learned?).ok()?;
        let is_new =
            interval >= LONG_INTERVAL && interval >= self.reported.saturating_mul(REPORT_FACTOR);
        is_new.then(|| {
            self.reported = interval;
            interval
        })
    }

    /// Forgets the learned rate.
    pub(super) fn forget(&mut self) {
        *self = Pacer {
            next: self.next,
            reported: self.reported,
            ..Pacer::new(self.fixed, self.pause)
        };
    }

    /// Notes that a request begins.
    pub(super) fn begin(&mut self, now: Duration) {
        let rate = match (self.fixed, self.learned) {
            (Some(fixed), Some(learned)) => fixed.min(learned),
            (Some(rate), None) | (None, Some(rate)) => rate,
            (None, None) => return,
        };
        // A rate of zero leaves the longest pause between requests.
        let step = Duration::try_from_secs_f64(1.0 / rate).unwrap_or(LONGEST_PAUSE);
        self.next = self.next.max(now).saturating_add(step.min(LONGEST_PAUSE));
    }

    /// Notes that a request was accepted.
    pub(super) fn accepted(&mut self, now: Duration) {
        self.accepted += 1;
        self.fruitless_pauses = 0;
        if let Some(learned) = &mut self.learned
            && now >= self.rise_at
        {
            *learned *= 1.0 + self.rise;
            self.rise_at = now + RISE_EVERY;
        }
    }

    /// Notes a refusal that concurrency does not explain; returns how long to pause the host.
    pub(super) fn refused(&mut self, retry_after: Option<Duration>, now: Duration) -> Duration {
        // A Retry-After of zero, or shorter than a wait that already failed, is not to be trusted.
        let own = self
            .pause
            .saturating_mul(1 << self.fruitless_pauses.min(16));
        let wait = retry_after.unwrap_or_default().max(own.min(LONGEST_PAUSE));
        let end = now.saturating_add(wait);
        let time = end.saturating_sub(self.since).as_secs_f64().max(0.001);
        let found = (f64::from(self.accepted) / time).max(SLOWEST);
        // Too few accepted requests give no rate; after a fruitless pause, the earlier ones still count.
        if self.accepted >= MIN_ACCEPTED {
            self.rise = match self.learned {
                Some(_) => (self.rise / 2.0).max(SLOWEST_RISE),
                None => RISE,
            };
            self.refuted = match self.learned {
                Some(learned) if learned <= self.found => self.refuted + 1,
                _ => 0,
            };
            self.found = self.learned.map_or(found, |learned| learned.min(found));
            self.learned = Some(self.found);
            self.since = end;
            self.accepted = 0;
        }
        // A host that lets nobody in for a while, however often it is asked, has refused once.
        if self.fruitless_pauses == 0 {
            self.patience = (self.patience * 2).min(LONGEST_REST);
        }
        self.fruitless_pauses += 1;
        self.rise_at = end.saturating_add(self.patience);
        self.next = self.next.max(end);
        wait
    }
}
