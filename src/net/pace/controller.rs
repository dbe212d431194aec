//! How many connections a host takes at once: found while running.
//!
//! The controller hears when a request begins, when the host agrees to it, and what became of it. It has these rules:
//!
//! - **Rounds, not timers.** A round is as many successes as the limit, or two seconds where files take longer. Its yield
//!   is what came in a second: bytes, and for each file as many more as a round trip is worth, so that small files count
//!   by their number and large ones by their size. A round in which not all places were taken says nothing.
//! - **Growth.** The limit starts at 6 and is tripled as long as the yield rises by a tenth. The first round at a new
//!   limit pays for new connections, so two must fail before the limit goes back to where it was as fast.
//! - **Refusals come in volleys.** Of the requests that began before the last cut, each one refused lowers the limit by
//!   one and no more, and none lowers it below what went well for a whole round: so many were agreed to.
//! - **What a refusal is about.** If others are fine, it was one too many *at once*: the limit is lowered, and only the
//!   refused one waits. If no more were under way than was safe before, if it happens again just after a cut, or if
//!   nothing else is fine, it is about *how many a second*, or about the host as a whole: it is left alone for a while, and
//!   then asked no faster than it agreed to before ([`Pacer`]).
//! - **Broken connections** are refusals only while others are fine, and at a limit that was safe only if several come
//!   together: lines break by themselves, too. They never say how many a second.
//! - **Probes.** After a clean while the limit is raised a little. If that goes well, the next step is twice as large and
//!   comes soon; if not, the limit goes back, and the next try comes after twice the time.
//!
//! It settles because each way up has a bound that every failure tightens: the tripling ends with the first refusal or
//! the second vain round, a probe that fails doubles the time to the next, and each refusal is followed either by a lower
//! limit or by a pause and a slower pace, none of which go below what was agreed to before.
//!
//! It knows no clock, no network, and no other host: time is given to it, from the start of the run.

use std::time::Duration;

use super::pacer::Pacer;

/// What the user sets for a host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The most connections at once.
    pub connections: usize,
    /// The most requests a second, if there is such a limit.
    pub requests_per_second: Option<f64>,
}

/// What a refusal means for whoever was refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Others are fine: it was one too many, no fault of what was asked for, and only this one should wait.
    pub crowded: bool,
    /// How long nobody is let in, if this was about the host as a whole.
    pub paused: Option<Duration>,
    /// How many requests to the host have gone well so far.
    pub succeeded: u64,
}

/// Whether somebody may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// At once.
    Open,
    /// Not before this moment.
    At(Duration),
    /// Not before somebody leaves.
    Full,
}

/// A request under way.
#[derive(Debug)]
pub(super) struct Ticket {
    /// How many cuts there were when it began.
    cuts: u64,
    /// How many were under way then, itself included.
    among: usize,
    accepted: bool,
    /// What the host had agreed to then.
    before: u64,
}

/// The controller of one host.
#[derive(Debug)]
pub(super) struct Controller {
    cap: usize,
    limit: usize,
    live: usize,
    /// How many of those the host has agreed to.
    agreed: usize,
    /// The most that went well for a whole round.
    safe: usize,
    accepted: u64,
    succeeded: u64,
    cuts: u64,
    /// What the host had agreed to at the last cut; of those that began after it.
    since_cut: u64,
    /// Broken connections since the last clean round.
    breaks: usize,
    stage: Stage,
    round: Round,
    /// The yield of the last round that counted.
    yielded: f64,
    probe_at: Duration,
    patience: Duration,
    step: usize,
    paused: Duration,
    pacer: Pacer,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    /// The limit is multiplied. From what limit it last grew, and how many rounds have not shown a gain since.
    Growing { from: usize, vain: u32 },
    /// The limit is kept.
    Steady,
    /// The limit was raised a little. From what, and how many rounds have ended since.
    Probing { from: usize, rounds: u32 },
}

#[derive(Clone, Copy, Debug, Default)]
struct Round {
    began: Duration,
    moved: u64,
    done: usize,
    full: bool,
    clean: bool,
}

const START: usize = 6;
/// By what the limit is multiplied while it grows.
const GROWTH: usize = 3;
/// What a gain is.
const GAIN: f64 = 1.1;
/// Rounds without a gain that end the growth.
const VAIN: u32 = 2;
/// What a file counts for beside its bytes: what comes in a round trip on a line of medium quality.
const FILE: f64 = 65536.0;
/// After so long a round ends although not as many files are done.
const LONG: Duration = Duration::from_secs(2);
/// How long it must be clean before the limit is tried again, at first and at the most.
const PATIENCE: Duration = Duration::from_secs(4);
const LONGEST_PATIENCE: Duration = Duration::from_secs(300);
/// How soon a probe that went well is followed by the next.
const SOON: Duration = Duration::from_secs(1);
/// Fewer agreed to between two cuts: then it is not about how many at once.
const FEW: u64 = 3;
/// So many broken connections at a limit that was safe are no accident.
const BREAKS: usize = 3;

impl Controller {
    pub(super) fn new(limits: &Limits) -> Controller {
        let cap = limits.connections.max(1);
        Controller {
            cap,
            limit: START.min(cap),
            live: 0,
            agreed: 0,
            safe: 1,
            accepted: 0,
            succeeded: 0,
            cuts: 0,
            since_cut: u64::MAX,
            breaks: 0,
            stage: Stage::Growing { from: 1, vain: 0 },
            round: Round::default(),
            yielded: 0.0,
            probe_at: Duration::ZERO,
            patience: PATIENCE,
            step: 1,
            paused: Duration::ZERO,
            pacer: Pacer::new(limits.requests_per_second),
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn is_paused(&self, now: Duration) -> bool {
        self.paused > now
    }

    pub(super) fn pause(&mut self, until: Duration) {
        self.paused = self.paused.max(until);
    }

    /// Whether somebody may begin.
    pub(super) fn entry(&self, now: Duration) -> Entry {
        let next = self.paused.max(self.pacer.next());
        match self.live < self.limit {
            _ if next > now => Entry::At(next),
            true => Entry::Open,
            false => Entry::Full,
        }
    }

    /// Begins, if that is allowed.
    pub(super) fn begin(&mut self, now: Duration) -> Option<Ticket> {
        if self.entry(now) != Entry::Open {
            return None;
        }
        if self.live == 0 && self.round.done == 0 {
            self.round.began = now;
        }
        self.live += 1;
        self.round.full |= self.live >= self.limit;
        self.pacer.begin(now);
        Some(Ticket {
            cuts: self.cuts,
            among: self.live,
            accepted: false,
            before: self.accepted,
        })
    }

    /// The host agrees to a request; what it asked for is to come.
    pub(super) fn accepted(&mut self, ticket: &mut Ticket) {
        if !std::mem::replace(&mut ticket.accepted, true) {
            self.agreed += 1;
            self.accepted += 1;
            if ticket.cuts == self.cuts {
                self.since_cut = self.since_cut.saturating_add(1);
            }
        }
    }

    /// Somebody leaves without a word.
    pub(super) fn left(&mut self, ticket: Ticket) {
        self.live -= 1;
        if ticket.accepted {
            self.agreed -= 1;
        }
    }

    /// All that was asked for has come.
    pub(super) fn succeeded(&mut self, mut ticket: Ticket, now: Duration, moved: u64) {
        self.accepted(&mut ticket);
        self.left(ticket);
        self.pacer.accepted(now);
        self.succeeded += 1;
        self.round.done += 1;
        if self.round.done >= self.limit {
            self.end_round(now, moved);
        }
    }

    /// Looks at what came so far, for rounds of large files.
    pub(super) fn look(&mut self, now: Duration, moved: u64) {
        if now.saturating_sub(self.round.began) >= LONG && self.agreed > 0 {
            self.end_round(now, moved);
        }
    }

    /// The host is too busy for this request.
    pub(super) fn refused(
        &mut self,
        ticket: Ticket,
        told: Option<Duration>,
        now: Duration,
    ) -> Refusal {
        let crowded = self.are_others_fine(&ticket);
        let is_volley = ticket.cuts < self.cuts;
        let again = self.since_cut < FEW;
        let about_rate = !crowded || (!is_volley && (ticket.among <= self.safe || again));
        self.left_refused(ticket);
        if about_rate {
            let wait = if is_volley && self.is_paused(now) {
                // It was sent before the pause began; one lesson is enough.
                told.unwrap_or_default()
            } else {
                self.pacer.refused(told, now)
            };
            self.pause(now + wait);
            self.settle(now);
            self.cut();
            // What it takes at once was not the matter.
            self.limit = self.limit.max(self.safe);
        } else {
            self.lower(is_volley, now);
        }
        let paused = self.paused.saturating_sub(now);
        Refusal {
            crowded: crowded && paused.is_zero(),
            paused: (!paused.is_zero()).then_some(paused),
            succeeded: self.succeeded,
        }
    }

    /// The connection of a request broke, or never was.
    pub(super) fn broke(&mut self, ticket: Ticket, now: Duration) -> Refusal {
        let crowded = self.are_others_fine(&ticket);
        let is_volley = ticket.cuts < self.cuts;
        let was_safe = ticket.among <= self.safe;
        self.left_refused(ticket);
        self.breaks += 1;
        if crowded && (!was_safe || self.breaks >= BREAKS) {
            if was_safe {
                // What was safe is so no more.
                self.safe = self.agreed.max(1).min(self.safe);
            }
            self.lower(is_volley, now);
        }
        Refusal {
            crowded,
            paused: None,
            succeeded: self.succeeded,
        }
    }

    /// Whether the host has agreed to another request that is under way, or to any since this one began.
    fn are_others_fine(&self, ticket: &Ticket) -> bool {
        let own = usize::from(ticket.accepted);
        self.agreed > own || self.accepted > ticket.before + own as u64
    }

    fn left_refused(&mut self, ticket: Ticket) {
        self.left(ticket);
        self.round.clean = false;
    }

    /// Lowers the limit by one, but not below what is safe.
    fn lower(&mut self, is_volley: bool, now: Duration) {
        self.limit = (self.limit - 1).max(self.safe).min(self.limit);
        self.settle(now);
        if !is_volley {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.cuts += 1;
        self.since_cut = 0;
    }

    /// Ends growth and probes after a setback, and waits longer for the next probe.
    fn settle(&mut self, now: Duration) {
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

    fn start_round(&mut self, now: Duration, moved: u64) {
        self.round = Round {
            began: now,
            moved,
            done: 0,
            full: self.live >= self.limit,
            clean: true,
        };
    }

    fn end_round(&mut self, now: Duration, moved: u64) {
        let round = self.round;
        let time = now.saturating_sub(round.began).as_secs_f64().max(1e-6);
        let came = moved.saturating_sub(round.moved) as f64;
        let yielded = (came + FILE * round.done as f64) / time;
        if round.clean {
            self.breaks = 0;
            self.since_cut = u64::MAX;
        }
        if round.full {
            if round.clean {
                self.safe = self.safe.max(self.limit);
            }
            self.judge(yielded, now);
        }
        self.start_round(now, moved);
    }

    /// What follows from a round in which all places were taken.
    fn judge(&mut self, yielded: f64, now: Duration) {
        let better = yielded > GAIN * self.yielded;
        match self.stage {
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
                self.settle(now);
            }
            Stage::Steady => {
                self.yielded = yielded;
                if now >= self.probe_at && self.limit < self.cap {
                    self.stage = Stage::Probing {
                        from: self.limit,
                        rounds: 0,
                    };
                    self.limit = (self.limit + self.step).min(self.cap);
                }
            }
            Stage::Probing { from, rounds: 0 } => self.stage = Stage::Probing { from, rounds: 1 },
            Stage::Probing { .. } => {
                self.step *= 2;
                self.probe_at = now + SOON;
                self.stage = Stage::Steady;
            }
        }
    }

    fn grow(&mut self) {
        let from = self.limit;
        self.limit = (self.limit * GROWTH).min(self.cap);
        self.stage = if self.limit > from {
            Stage::Growing { from, vain: 0 }
        } else {
            Stage::Steady
        };
    }
}
