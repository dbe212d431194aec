//! How many connections a host takes at once: found while running.
//!
//! The controller hears when a request begins, when the host agrees to it, and what became of it. It has these rules:
//!
//! - **Rounds, not timers.** A round is as many successes as the limit, or two seconds where files take longer. Its yield
//!   is what came in a second: bytes, and for each file as many more as a round trip is worth, so that small files count
//!   by their number and large ones by their size. A round in which not all places were taken says nothing.
//! - **Growth.** The limit starts at 6 and is tripled as long as the yield rises by a tenth; the first time as soon as
//!   the host has agreed to that many small files. The first round at a new limit pays for new connections, so two must
//!   fail before the limit goes back to where it was as fast. A round in which many earlier requests are still
//!   unanswered decides nothing: they may be too many, and stall. A host that answers the first requests almost at once is
//!   left at 6 as long as this program is at work all the time: then it is the limit itself, and further connections would
//!   only cost memory.
//! - **Refusals come in volleys.** Of the requests that began before the last cut, each one refused lowers the limit by
//!   one and no more, and none lowers it below what went well for a whole round: so many were agreed to.
//! - **What a refusal is about.** If others are fine, it was one too many *at once*: the limit is lowered, and only the
//!   refused one waits. If fewer were under way than was safe before, if it happens again and again just after a cut
//!   although few of the last volley were agreed to, or if nothing else is fine, it is about *how many a second*, or about
//!   the host as a whole: it is left alone for a while, and then asked no faster than it agreed to before ([`Pacer`]).
//!   Requests overtake each other on their way, so those count as under way that were so at either end of it.
//! - **Whose fault it is.** What is refused again and again while others are let in, and never let in itself, is refused for
//!   what it is. Where a host refuses the same alone, no refusal says anything about how it is asked ([`Same`]).
//! - **Broken connections** are refusals only while others are fine and before the host has agreed, and at a limit that
//!   was safe only if several come together: lines break by themselves, too. They never say how many a second.
//! - **Probes.** After a clean while the limit is raised a little. If nothing is refused, or the yield rises where it was
//!   the yield that ended the growth, the next step is twice as large and comes soon; if not, the limit goes back, and the
//!   next try comes after twice the time.
//!
//! It settles because each way up has a bound that every failure tightens: the tripling ends with the first refusal or
//! the second vain round, a probe that fails doubles the time to the next, and each refusal is followed either by a lower
//! limit or by a pause and a slower pace, none of which go below what was agreed to before.
//!
//! It knows no clock, no network, and no other host: time is given to it, from the start of the run.

mod growth;
mod setback;

use std::time::Duration;

use self::growth::{LONG, PATIENCE, Round, Stage};
use super::pacer::Pacer;
use super::same::Same;

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
    /// How many pauses there were since the host last did something for anybody.
    pub vain: u32,
    /// How far apart requests are from now on, if that is far and was not told yet.
    pub apart: Option<Duration>,
    /// The host refuses the same again and again, and lets all others in.
    pub for_itself: bool,
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
    /// How many rounds there were when it began.
    rounds: u64,
    /// Whether it was one of those that filled the places at the beginning of its round.
    first: bool,
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
    /// How many of those wait elsewhere meanwhile.
    away: usize,
    /// How many of those the host has agreed to.
    agreed: usize,
    /// The most that went well for a whole round.
    safe: usize,
    /// What went well in the last whole round, unless something was refused since.
    proven: usize,
    accepted: u64,
    succeeded: u64,
    cuts: u64,
    /// How many the host has agreed to of those that began after the last cut.
    since_cut: u64,
    /// What became, since the last cut, of those that began before it: how many were agreed to, less twice those refused.
    /// Where most were agreed to, the host had room for others.
    volley: i64,
    /// How many that began before the last cut are without an answer: until they have one, nobody knows how many of them
    /// are too many, and so no more are let in than before the limit was last raised.
    doubtful: usize,
    before: usize,
    /// How many cuts there were with hardly anything agreed to in between.
    in_a_row: u32,
    /// Broken connections since the last clean round.
    breaks: usize,
    stage: Stage,
    /// Whether it was a refusal that last ended growth, and not a yield that did not rise.
    is_crowded: bool,
    round: Round,
    rounds: u64,
    /// How many are without an answer of those that began before this round, or at its beginning.
    unanswered: usize,
    /// The yield of the last round that counted.
    yielded: f64,
    probe_at: Duration,
    patience: Duration,
    step: usize,
    paused: Duration,
    /// Whether the last cut was about how many a second.
    about_rate: bool,
    /// When the host last did well, or was first asked.
    good_at: Duration,
    pacer: Pacer,
    same: Same,
    /// How long this program has been at work so far.
    worked: Duration,
}

/// How many at once a host gets that nothing is known of.
const START: usize = 6;
/// Files of so few bytes are small.
const SMALL: u64 = 512 << 10;

impl Controller {
    /// A controller that knows nothing yet. The first pause is so long where the host does not say.
    pub(super) fn new(limits: &Limits, pause: Duration) -> Controller {
        let cap = limits.connections.max(1);
        Controller {
            cap,
            limit: START.min(cap),
            live: 0,
            away: 0,
            agreed: 0,
            safe: 1,
            proven: 0,
            accepted: 0,
            succeeded: 0,
            cuts: 0,
            since_cut: u64::MAX,
            volley: 0,
            doubtful: 0,
            before: 1,
            in_a_row: 0,
            breaks: 0,
            stage: Stage::FIRST,
            is_crowded: false,
            round: Round::default(),
            rounds: 0,
            unanswered: 0,
            yielded: 0.0,
            probe_at: Duration::ZERO,
            patience: PATIENCE,
            step: 1,
            paused: Duration::ZERO,
            about_rate: false,
            good_at: Duration::ZERO,
            pacer: Pacer::new(limits.requests_per_second, pause),
            same: Same::default(),
            worked: Duration::ZERO,
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

    /// Somebody goes to wait elsewhere, or comes back.
    pub(super) fn away(&mut self, goes: bool) {
        self.away = match goes {
            true => self.away + 1,
            false => self.away - 1,
        };
    }

    /// How long this program has been at work so far, and not waiting for whatever comes.
    pub(super) fn worked(&mut self, time: Duration) {
        self.worked = time;
    }

    /// Whether somebody may begin.
    pub(super) fn entry(&self, now: Duration) -> Entry {
        let next = self.paused.max(self.pacer.next());
        let limit = match self.doubtful {
            0 => self.limit,
            _ => self.limit.min(self.before.max(self.safe)),
        };
        match self.live.saturating_sub(self.away) < limit {
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
            self.round.worked = self.worked;
        }
        if self.live == 0 && self.accepted == 0 {
            self.good_at = now;
        }
        self.live += 1;
        self.round.most = self.round.most.max(self.live);
        let first = !self.round.full;
        self.unanswered += usize::from(first);
        self.round.full |= self.live >= self.limit;
        self.pacer.begin(now);
        Some(Ticket {
            cuts: self.cuts,
            rounds: self.rounds,
            first,
            among: self.live,
            accepted: false,
            before: self.accepted,
        })
    }

    /// The host agrees to a request; so many bytes are to come, if that is known.
    pub(super) fn accepted(&mut self, ticket: &mut Ticket, length: Option<u64>, now: Duration) {
        if !std::mem::replace(&mut ticket.accepted, true) {
            self.agreed += 1;
            self.unanswered -= self.is_early(ticket);
            self.doubtful -= usize::from(ticket.cuts < self.cuts);
            self.accepted += 1;
            match ticket.cuts == self.cuts {
                true => self.since_cut = self.since_cut.saturating_add(1),
                false => self.volley += 1,
            }
            // Small files are over before the first round has told much.
            self.round.small += usize::from(length.is_some_and(|length| length <= SMALL));
            if self.rounds == 0 && self.round.small >= self.limit && !self.is_near(now) {
                self.grow();
                self.start_round(now, self.round.moved);
            }
        }
    }

    /// Somebody leaves without a word.
    pub(super) fn left(&mut self, ticket: Ticket) {
        self.live -= 1;
        match ticket.accepted {
            true => self.agreed -= 1,
            false => {
                self.unanswered -= self.is_early(&ticket);
                self.doubtful -= usize::from(ticket.cuts < self.cuts);
            }
        }
    }

    /// All that was asked for has come.
    pub(super) fn succeeded(&mut self, mut ticket: Ticket, now: Duration, moved: u64) {
        self.accepted(&mut ticket, None, now);
        self.left(ticket);
        self.pacer.accepted(now);
        self.succeeded += 1;
        self.good_at = now;
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

    /// 1 if a request counts among the unanswered, 0 if not.
    fn is_early(&self, ticket: &Ticket) -> usize {
        usize::from(ticket.first || ticket.rounds < self.rounds)
    }
}
