//! Rounds, and what follows from them: growth, probes, and the safe limit.
//!
//! This module does not know why a request was refused.

use std::time::Duration;

use super::{Controller, Ticket};

/// What is being tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stage {
    /// The limit is being multiplied: the limit it last grew from, and the rounds since that have not shown a gain.
    Growing { from: usize, flat_rounds: u32 },
    /// Growth has ended without a gain, and a lower limit is tried, which was never measured: the limit to go back to, and
    /// the rounds since.
    Falling { from: usize, rounds: u32 },
    /// The host is near, so it is being measured whether this program is the bottleneck: since when, and how long this
    /// program had been busy by then.
    Near {
        since: Duration,
        busy_before: Duration,
    },
    /// The limit is kept.
    Steady,
    /// The limit was raised a little: from which value, and how many rounds have ended since.
    Probing { from: usize, rounds: u32 },
}

/// What has happened since the last round ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Round {
    pub(super) began: Duration,
    /// How long this program had been busy by then.
    pub(super) busy_before: Duration,
    pub(super) moved: u64,
    pub(super) done: usize,
    pub(super) small: usize,
    /// The most requests in flight at once, and whether they reached the limit.
    pub(super) most: usize,
    pub(super) full: bool,
    pub(super) clean: bool,
}

/// A host that answers its first requests within this time, connecting included, is near. While this program is busy
/// half of the time, as it is when many TLS connections are being made, the responses may take longer.
const NEAR: Duration = Duration::from_millis(15);
const NEAR_IF_BUSY: Duration = Duration::from_millis(50);
const HALF_BUSY: f64 = 0.5;
/// How long it is measured whether this program is busy all the time, and the fraction of that time from which it
/// counts as busy.
const MEASURE_TIME: Duration = Duration::from_millis(30);
const BUSY: f64 = 0.7;
/// The factor by which the limit grows.
const GROWTH: usize = 3;
/// The factor by which the yield must rise to count as a gain.
const GAIN: f64 = 1.1;
/// The number of rounds without a gain that end the growth.
const MAX_FLAT_ROUNDS: u32 = 2;
/// One request in this many may be slow to be answered.
const SLOW_SHARE: usize = 4;
/// What a file counts for besides its bytes: what arrives in one round trip on a connection of medium quality.
const FILE_YIELD: f64 = 65536.0;
/// After this time a round ends although fewer files are done.
pub(super) const ROUND_TIME: Duration = Duration::from_secs(2);
/// How long there must be no refusal before the limit is probed again, at first and at most.
pub(super) const FIRST_PATIENCE: Duration = Duration::from_secs(4);
const LONGEST_PATIENCE: Duration = Duration::from_secs(300);
/// How soon a successful probe is followed by the next.
const NEXT_PROBE_AFTER: Duration = Duration::from_secs(1);

impl Stage {
    /// The stage of a host about which nothing is known.
    pub(super) const FIRST: Stage = Stage::Growing {
        from: 1,
        flat_rounds: 0,
    };
}

impl Controller {
    /// Begins one more connection for a download that already has some and has found that more of them help: until the
    /// host has refused anything, that is reason enough to exceed the limit tried so far.
    pub(in crate::net::pace) fn begin_more(&mut self, now: Duration) -> Option<Ticket> {
        if self.cuts == 0 && self.live < self.cap {
            self.limit = self.limit.max(self.live + 1);
        }
        self.begin(now)
    }

    /// Ends growth and probes after a setback, and waits longer for the next probe.
    pub(super) fn settle(&mut self, now: Duration) {
        if let Stage::Probing { from, .. } = self.stage {
            self.limit = self.limit.min(from);
        }
        if self.stage != Stage::Steady {
            self.patience = (self.patience * 2).min(LONGEST_PATIENCE);
        }
        self.stage = Stage::Steady;
        self.step = 1;
        self.probe_at = now + self.patience;
        self.start_round(now, self.round.moved);
        self.round.clean = false;
    }

    /// Starts a new round.
    pub(super) fn start_round(&mut self, now: Duration, moved: u64) {
        self.rounds += 1;
        self.unanswered = self.live - self.live_accepted;
        self.round = Round {
            began: now,
            busy_before: self.busy_time,
            moved,
            done: 0,
            small: 0,
            most: self.live,
            full: self.live >= self.limit,
            clean: true,
        };
    }

    /// Ends a round and learns from it.
    pub(super) fn end_round(&mut self, now: Duration, moved: u64) {
        let round = self.round;
        let time = now.saturating_sub(round.began).as_secs_f64().max(1e-6);
        let received = moved.saturating_sub(round.moved) as f64;
        let yielded = (received + FILE_YIELD * round.done as f64) / time;
        if round.clean {
            self.accidents = 0;
            self.since_cut = u64::MAX;
        }
        // Requests overtaken by a whole round may be too many, and stall; a few are merely slow.
        if round.full && self.unanswered * SLOW_SHARE <= self.limit {
            if round.clean {
                // One round may be luck: part of it began when there were fewer.
                self.safe = self.safe.max(self.proven.min(self.limit));
                self.proven = self.limit;
            }
            self.judge(yielded, now);
        }
        self.start_round(now, moved);
    }

    /// Draws conclusions from a round in which all slots were in use.
    fn judge(&mut self, yielded: f64, now: Duration) {
        let better = yielded > GAIN * self.yielded;
        let is_first = self.stage == Stage::FIRST;
        match self.stage {
            _ if is_first && self.is_near(now) => self.measure_busy(now),
            // Accepted small files alone would have triggered this growth, had the responses not come so soon.
            _ if is_first && self.round.small >= self.limit => self.grow(),
            Stage::Near { since, .. } if now.saturating_sub(since) < MEASURE_TIME => {}
            Stage::Near { since, busy_before }
                if self.busy_fraction(now, since, busy_before) >= BUSY =>
            {
                self.measure_busy(now);
            }
            Stage::Near { .. } => {
                self.yielded = yielded;
                self.grow();
            }
            Stage::Growing { .. } if better => {
                self.yielded = yielded;
                self.grow();
            }
            Stage::Growing { from, flat_rounds } if flat_rounds + 1 < MAX_FLAT_ROUNDS => {
                self.stage = Stage::Growing {
                    from,
                    flat_rounds: flat_rounds + 1,
                };
            }
            Stage::Growing { from, .. } => {
                self.limit = from.max(1);
                self.is_crowded = false;
                self.settle(now);
                self.fall();
            }
            // Requests that began before are still in flight, or have hindered those that began after.
            Stage::Falling { .. } if self.round.most > self.limit => {}
            Stage::Falling { rounds: 0, from } => self.stage = Stage::Falling { rounds: 1, from },
            Stage::Falling { .. } if yielded >= self.yielded / GAIN => {
                self.yielded = yielded;
                self.settle(now);
                self.fall();
            }
            Stage::Falling { from, .. } => {
                self.limit = from;
                self.settle(now);
            }
            Stage::Steady if !self.round.clean => {}
            Stage::Steady => {
                self.yielded = yielded;
                if now >= self.probe_at && self.limit < self.cap {
                    let from = self.limit;
                    self.limit_before_growth = from;
                    self.stage = Stage::Probing { from, rounds: 0 };
                    // A small step would not show in the yield.
                    let step = match self.is_crowded {
                        true => self.step,
                        false => self.step.max(from / 4),
                    };
                    self.limit = (from + step).min(self.cap);
                }
            }
            Stage::Probing { from, rounds: 0 } => self.stage = Stage::Probing { from, rounds: 1 },
            Stage::Probing { .. } if self.is_crowded || better => {
                self.step *= 2;
                self.patience = FIRST_PATIENCE;
                self.probe_at = now + NEXT_PROBE_AFTER;
                self.stage = Stage::Steady;
            }
            Stage::Probing { .. } => self.settle(now),
        }
    }

    fn measure_busy(&mut self, now: Duration) {
        self.stage = Stage::Near {
            since: now,
            busy_before: self.busy_time,
        };
    }

    /// Returns the fraction of the time for which this program has been busy. If it never had to wait, the program is
    /// the bottleneck itself, and no host could give it more.
    fn busy_fraction(&self, now: Duration, since: Duration, busy_before: Duration) -> f64 {
        let time = now.saturating_sub(since).max(Duration::from_micros(1));
        self.busy_time
            .saturating_sub(busy_before)
            .div_duration_f64(time)
    }

    /// Checks whether the first round was too quick to say anything about how long the host takes.
    pub(super) fn is_near(&self, now: Duration) -> bool {
        let Round {
            began, busy_before, ..
        } = self.round;
        let time = now.saturating_sub(began);
        time < NEAR
            || time < NEAR_IF_BUSY && self.busy_fraction(now, began, busy_before) >= HALF_BUSY
    }

    /// Tries whether a lower limit does as well: requests that hinder each other take longer, and all of them cost.
    fn fall(&mut self) {
        let from = self.limit;
        let lower = from / GROWTH;
        if lower > 0 {
            self.limit = lower;
            self.stage = Stage::Falling { from, rounds: 0 };
        }
    }

    /// Multiplies the limit.
    pub(super) fn grow(&mut self) {
        let from = self.limit;
        self.limit_before_growth = from;
        self.limit = (self.limit * GROWTH).min(self.cap);
        self.stage = if self.limit > from {
            Stage::Growing {
                from,
                flat_rounds: 0,
            }
        } else {
            Stage::Steady
        };
    }
}
