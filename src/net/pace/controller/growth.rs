//! Rounds, and what follows from them: growth, probes, and what is safe.
//!
//! It does not know why something was refused.

use std::time::Duration;

use super::{Controller, Ticket};

/// What is being tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stage {
    /// The limit is multiplied. From what limit it last grew, and how many rounds have not shown a gain since.
    Growing { from: usize, vain: u32 },
    /// The host is near, and it is looked at who waits for whom. Since when, and how much this program had worked by then.
    Near { since: Duration, worked: Duration },
    /// The limit is kept.
    Steady,
    /// The limit was raised a little. From what, and how many rounds have ended since.
    Probing { from: usize, rounds: u32 },
}

/// What there was since the last round.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Round {
    pub(super) began: Duration,
    /// How long this program had been at work by then.
    pub(super) worked: Duration,
    pub(super) moved: u64,
    pub(super) done: usize,
    pub(super) small: usize,
    /// The most under way at once, and whether that was the limit.
    pub(super) most: usize,
    pub(super) full: bool,
    pub(super) clean: bool,
}

/// A host that has answered its first requests so soon is near, connections included; where we were at work for half of the time,
/// as we are when many are made by TLS, it may have taken longer.
const NEAR: Duration = Duration::from_millis(15);
const NEAR_AT_WORK: Duration = Duration::from_millis(50);
const HALF: f64 = 0.5;
/// Over how long it is looked at whether we are at work all the time, and from what part of it on that is said.
const WATCH: Duration = Duration::from_millis(30);
const AT_WORK: f64 = 0.7;
/// By what the limit is multiplied while it grows.
const GROWTH: usize = 3;
/// What a gain is.
const GAIN: f64 = 1.1;
/// Rounds without a gain that end the growth.
const VAIN: u32 = 2;
/// One in so many may be slow to answer.
const SLOW: usize = 4;
/// What a file counts for beside its bytes: what comes in a round trip on a line of medium quality.
const FILE: f64 = 65536.0;
/// After so long a round ends although not as many files are done.
pub(super) const LONG: Duration = Duration::from_secs(2);
/// How long it must be clean before the limit is tried again, at first and at the most.
pub(super) const PATIENCE: Duration = Duration::from_secs(4);
const LONGEST_PATIENCE: Duration = Duration::from_secs(300);
/// How soon a probe that went well is followed by the next.
const SOON: Duration = Duration::from_secs(1);

impl Stage {
    /// Of a host of which nothing is known.
    pub(super) const FIRST: Stage = Stage::Growing { from: 1, vain: 0 };
}

impl Controller {
    /// Begins one more connection for something that has some already, and has found that more of them help: until the
    /// host has refused anything, that is as good a reason to let in more than it has been tried with.
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

    /// Begins to count anew.
    pub(super) fn start_round(&mut self, now: Duration, moved: u64) {
        self.rounds += 1;
        self.unanswered = self.live - self.agreed;
        self.round = Round {
            began: now,
            worked: self.worked,
            moved,
            done: 0,
            small: 0,
            most: self.live,
            full: self.live >= self.limit,
            clean: true,
        };
    }

    /// Learns from what there was since the round began.
    pub(super) fn end_round(&mut self, now: Duration, moved: u64) {
        let round = self.round;
        let time = now.saturating_sub(round.began).as_secs_f64().max(1e-6);
        let came = moved.saturating_sub(round.moved) as f64;
        let yielded = (came + FILE * round.done as f64) / time;
        if round.clean {
            self.breaks = 0;
            self.since_cut = u64::MAX;
        }
        // Those that are overtaken by a whole round may be too many, and stall; a few are merely slow.
        if round.full && self.unanswered * SLOW <= self.limit {
            if round.clean {
                // Once may be luck: some of the round began when there were fewer.
                self.safe = self.safe.max(self.proven.min(self.limit));
                self.proven = self.limit;
            }
            self.judge(yielded, now);
        }
        self.start_round(now, moved);
    }

    /// What follows from a round in which all places were taken.
    fn judge(&mut self, yielded: f64, now: Duration) {
        let better = yielded > GAIN * self.yielded;
        let is_first = self.stage == Stage::FIRST;
        match self.stage {
            _ if is_first && self.is_near(now) => self.watch(now),
            // It grows as it would have by the answers alone, had they not come so soon.
            _ if is_first && self.round.small >= self.limit => self.grow(),
            Stage::Near { since, .. } if now.saturating_sub(since) < WATCH => {}
            Stage::Near { since, worked } if self.has_worked(now, since, worked) >= AT_WORK => {
                self.watch(now);
            }
            Stage::Near { .. } => {
                self.yielded = yielded;
                self.grow();
            }
            Stage::Growing { .. } if better => {
                self.yielded = yielded;
                self.grow();
            }
            Stage::Growing { from, vain } if vain + 1 < VAIN => {
                self.stage = Stage::Growing {
                    from,
                    vain: vain + 1,
                };
            }
            Stage::Growing { from, .. } => {
                self.limit = from.max(1);
                self.is_crowded = false;
                self.settle(now);
            }
            Stage::Steady if !self.round.clean => {}
            Stage::Steady => {
                self.yielded = yielded;
                if now >= self.probe_at && self.limit < self.cap {
                    let from = self.limit;
                    self.before = from;
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
                self.patience = PATIENCE;
                self.probe_at = now + SOON;
                self.stage = Stage::Steady;
            }
            Stage::Probing { .. } => self.settle(now),
        }
    }

    fn watch(&mut self, now: Duration) {
        self.stage = Stage::Near {
            since: now,
            worked: self.worked,
        };
    }

    /// For what part of the time this program has been at work. Where it had none to wait, it is the limit itself, and no host
    /// could give it more.
    fn has_worked(&self, now: Duration, since: Duration, worked: Duration) -> f64 {
        let time = now.saturating_sub(since).max(Duration::from_micros(1));
        self.worked.saturating_sub(worked).div_duration_f64(time)
    }

    /// Whether the first round says nothing of the time that a host takes.
    pub(super) fn is_near(&self, now: Duration) -> bool {
        let Round { began, worked, .. } = self.round;
        let time = now.saturating_sub(began);
        time < NEAR || time < NEAR_AT_WORK && self.has_worked(now, began, worked) >= HALF
    }

    /// Multiplies the limit.
    pub(super) fn grow(&mut self) {
        let from = self.limit;
        self.before = from;
        self.limit = (self.limit * GROWTH).min(self.cap);
        self.stage = if self.limit > from {
            Stage::Growing { from, vain: 0 }
        } else {
            Stage::Steady
        };
    }
}
