//! Finds, at run time, how many connections a host takes at once.
//!
//! The controller is told when a request begins, when the host accepts it, and how it ended. Its rules:
//!
//! - **Rounds, not timers.** A round ends after as many successes as the limit, or after two seconds where files take
//!   longer. Its yield is what arrived per second: the bytes, plus for each file as many more as a round trip is worth,
//!   so that small files count by their number and large ones by their size. A round in which not all slots were in use
//!   says nothing.
//! - **Growth.** The limit starts at 6 and is tripled for as long as the yield rises by a tenth; the first time as soon
//!   as the host has accepted that many small files. The first round at a new limit pays for new connections, so two
//!   rounds must fail before the limit returns to the value that was just as fast. A round in which many earlier
//!   requests are still unanswered decides nothing: there may be too many of them, and they stall. A host that answers
//!   the first requests almost at once is left at 6 for as long as this program is busy all the time: the program
//!   itself is the bottleneck then, and further connections would only cost memory.
//! - **Descent.** When growth has ended without a gain, a third of the limit is tried, for requests may hinder each other;
//!   it stays, and so on down, as long as the yield falls by less than a tenth.
//! - **Refusals come in volleys.** Each refusal of a request that began before the last cut lowers the limit by only
//!   one, and none lowers it below the concurrency that succeeded for a whole round, since that many were accepted.
//! - **What a refusal is about.** If other requests are fine, there was one too many *at once*: the limit is lowered,
//!   and only the refused request waits. If fewer were in flight than had been safe before, if refusals recur right
//!   after a cut although few of the last volley were accepted, or if nothing else is fine, the cause is the *request
//!   rate* or the host as a whole: the host is paused for a while, and then asked no faster than it accepted before
//!   ([`Pacer`]). Requests overtake each other on the way, so a refused one is judged by the larger of the numbers in
//!   flight when it was sent and when it was refused.
//! - **Mishaps.** A refusal at a limit that was safe, among many successes, is a mishap: servers fail at random, too. Only
//!   the refused request waits. Where refusals stay as frequent however slowly the host is asked, the rate is not their
//!   cause, and what was learned of it is forgotten.
//! - **Whose fault it is.** A request that is refused again and again while others are accepted, and never accepted
//!   itself, is refused for what it asks for. Where a host keeps refusing only the same requests, no refusal says
//!   anything about how the host is asked ([`RepeatRefusals`]).
//! - **Broken connections** count as refusals only while other requests are fine and before the host has accepted the
//!   request, and at a limit that was safe only if several come together: connections break by themselves, too. They
//!   count against the request rate once several, one after the other, broke with nothing accepted in between
//!   ([`breaks`]).
//! - **Giving up.** A host that worked before and accepts nothing after so many pauses is down: nothing waits for it any
//!   longer, until it accepts a request.
//! - **Probes.** After a while without refusals the limit is raised a little. The probe succeeds if nothing is refused
//!   or, where a flat yield ended the growth, if the yield rises. Then the next step is twice as large and comes soon;
//!   otherwise the limit goes back, and the next probe comes after twice the time.
//!
//! The limit settles because each way up has a bound that every failure tightens: the tripling ends with the first
//! refusal or the second round without a gain, a failed probe doubles the time to the next, and each refusal leads
//! either to a lower limit or to a pause and a lower rate, neither of which falls below what was accepted before.
//!
//! The controller has no clock, no network, and knows no other host: callers pass in the time since the start of the
//! run.

mod breaks;
mod growth;
mod mishaps;
mod setback;

use std::time::Duration;

use self::breaks::Breaks;
use self::growth::{FIRST_PATIENCE, ROUND_TIME, Round, Stage};
use self::mishaps::Mishaps;
use super::pacer::Pacer;
use super::repeats::RepeatRefusals;

/// The limits that the user sets for a host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The maximum number of connections at once.
    pub connections: usize,
    /// The maximum number of requests per second, if limited.
    pub requests_per_second: Option<f64>,
}

/// What a refusal means for the refused request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Other requests are fine: there was one too many, which is not the fault of this one, and only this one should
    /// wait.
    pub crowded: bool,
    /// How long nothing is admitted, if the refusal was about the host as a whole.
    pub paused: Option<Duration>,
    /// How many requests to the host have succeeded so far.
    pub succeeded: u64,
    /// How many requests to the host have begun so far.
    pub begun: u64,
    /// The number, by when they began and from 1, of the last request that has succeeded.
    pub last_good: u64,
    /// How many pauses there have been since the host last accepted anything.
    pub fruitless_pauses: u32,
    /// The interval between requests from now on, if it is long and was not reported yet.
    pub new_interval: Option<Duration>,
    /// The host refuses this same request again and again, and accepts all others.
    pub resource_specific: bool,
    /// The host, which worked before, has been unreachable for so long that another try would be in vain.
    pub down: bool,
}

/// Whether a request may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// Now.
    Open,
    /// Not before this moment.
    At(Duration),
    /// Not before another request ends.
    Full,
}

/// A request in flight.
#[derive(Debug)]
pub(super) struct Ticket {
    /// The number of cuts when the request began.
    cuts: u64,
    /// The number of rounds when it began.
    rounds: u64,
    /// Whether it was one of those that filled the slots at the beginning of its round.
    first: bool,
    /// How many requests were in flight then, including this one.
    among: usize,
    accepted: bool,
    /// How many requests the host had accepted by then.
    accepted_before: u64,
    /// How many had begun, including this one.
    number: u64,
}

/// The controller of one host.
#[derive(Debug)]
pub(super) struct Controller {
    cap: usize,
    limit: usize,
    live: usize,
    /// How many of the live ones are waiting at another host.
    live_away: usize,
    /// How many of the live ones the host has accepted.
    live_accepted: usize,
    /// The highest concurrency that succeeded for a whole round.
    safe: usize,
    /// The concurrency that succeeded in the last whole round, unless something has been refused since.
    proven: usize,
    accepted: u64,
    succeeded: u64,
    begun: u64,
    /// The highest [`Ticket::number`] of a request that succeeded.
    last_good: u64,
    cuts: u64,
    /// How many requests begun after the last cut the host has accepted.
    since_cut: u64,
    /// Of the requests begun before the last cut: those accepted since, less twice those refused. Where most were
    /// accepted, the host had room for others.
    volley: i64,
    /// How many requests begun before the last cut are still unanswered: until they are answered, it is unknown how
    /// many of them are too many, so no more are admitted than before the limit was last raised
    /// (`limit_before_growth`).
    doubtful: usize,
    limit_before_growth: usize,
    /// How many requests in a row were refused or cut off, with nothing accepted in between.
    refused_in_a_row: u32,
    /// How many cuts in a row had hardly any request accepted in between.
    in_a_row: u32,
    /// Broken connections since the last clean round that were no refusals.
    accidents: usize,
    breaks: Breaks,
    stage: Stage,
    /// Whether a refusal last ended the growth, rather than a flat yield.
    is_crowded: bool,
    round: Round,
    rounds: u64,
    /// How many requests begun before this round, or at its beginning, are unanswered.
    unanswered: usize,
    /// The yield of the last round that counted.
    yielded: f64,
    probe_at: Duration,
    patience: Duration,
    step: usize,
    paused: Duration,
    /// Whether the last cut was about the request rate.
    about_rate: bool,
    /// When a request last succeeded, or the first one was sent.
    last_success: Duration,
    pacer: Pacer,
    repeats: RepeatRefusals,
    mishaps: Mishaps,
    /// How long this program has been busy so far.
    busy_time: Duration,
}

/// The initial limit of a host about which nothing is known.
const START: usize = 6;
/// Files up to this many bytes are small.
const SMALL: u64 = 512 << 10;

impl Controller {
    /// Creates a controller that knows nothing yet. `pause` is the length of the first pause where the host names none.
    pub(super) fn new(limits: &Limits, pause: Duration) -> Controller {
        let cap = limits.connections.max(1);
        Controller {
            cap,
            limit: START.min(cap),
            live: 0,
            live_away: 0,
            live_accepted: 0,
            safe: 1,
            proven: 0,
            accepted: 0,
            succeeded: 0,
            begun: 0,
            last_good: 0,
            cuts: 0,
            since_cut: u64::MAX,
            volley: 0,
            doubtful: 0,
            limit_before_growth: 1,
            refused_in_a_row: 0,
            in_a_row: 0,
            accidents: 0,
            breaks: Breaks::default(),
            stage: Stage::FIRST,
            is_crowded: false,
            round: Round::default(),
            rounds: 0,
            unanswered: 0,
            yielded: 0.0,
            probe_at: Duration::ZERO,
            patience: FIRST_PATIENCE,
            step: 1,
            paused: Duration::ZERO,
            about_rate: false,
            last_success: Duration::ZERO,
            pacer: Pacer::new(limits.requests_per_second, pause),
            repeats: RepeatRefusals::default(),
            mishaps: Mishaps::default(),
            busy_time: Duration::ZERO,
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn succeeded_so_far(&self) -> u64 {
        self.succeeded
    }

    pub(super) fn fruitless_pauses(&self) -> u32 {
        self.pacer.fruitless_pauses()
    }

    pub(super) fn is_paused(&self, now: Duration) -> bool {
        self.paused > now
    }

    pub(super) fn pause(&mut self, until: Duration) {
        self.paused = self.paused.max(until);
    }

    /// Notes that a request goes to wait at another host, or comes back.
    pub(super) fn set_away(&mut self, goes: bool) {
        self.live_away = match goes {
            true => self.live_away + 1,
            false => self.live_away - 1,
        };
    }

    /// Notes how long this program has been busy so far, as opposed to waiting for data.
    pub(super) fn set_busy_time(&mut self, time: Duration) {
        self.busy_time = time;
    }

    /// Tells whether a request may begin.
    pub(super) fn entry(&self, now: Duration) -> Entry {
        let next = self.paused.max(self.pacer.next());
        let limit = match self.doubtful {
            0 => self.limit,
            _ => self.limit.min(self.limit_before_growth.max(self.safe)),
        };
        match self.live.saturating_sub(self.live_away) < limit {
            _ if next > now => Entry::At(next),
            true => Entry::Open,
            false => Entry::Full,
        }
    }

    /// Begins a request, if that is allowed.
    pub(super) fn begin(&mut self, now: Duration) -> Option<Ticket> {
        if self.entry(now) != Entry::Open {
            return None;
        }
        if self.live == 0 && self.round.done == 0 {
            self.round.began = now;
            self.round.busy_before = self.busy_time;
        }
        if self.live == 0 && self.accepted == 0 {
            self.last_success = now;
        }
        self.live += 1;
        self.begun += 1;
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
            accepted_before: self.accepted,
            number: self.begun,
        })
    }

    /// Notes that the host accepted a request; `length` bytes follow, if known.
    pub(super) fn accepted(&mut self, ticket: &mut Ticket, length: Option<u64>, now: Duration) {
        if !std::mem::replace(&mut ticket.accepted, true) {
            self.live_accepted += 1;
            self.unanswered -= self.is_early(ticket);
            self.doubtful -= usize::from(ticket.cuts < self.cuts);
            self.accepted += 1;
            self.breaks.accepted();
            self.refused_in_a_row = 0;
            match ticket.cuts == self.cuts {
                true => self.since_cut = self.since_cut.saturating_add(1),
                false => self.volley += 1,
            }
            // Small files are over before the first round has shown much.
            self.round.small += usize::from(length.is_some_and(|length| length <= SMALL));
            if self.rounds == 0 && self.round.small >= self.limit && !self.is_near(now) {
                self.grow();
                self.start_round(now, self.round.moved);
            }
        }
    }

    /// Ends a request without drawing conclusions from it.
    pub(super) fn left(&mut self, ticket: Ticket) {
        self.live -= 1;
        match ticket.accepted {
            true => self.live_accepted -= 1,
            false => {
                self.unanswered -= self.is_early(&ticket);
                self.doubtful -= usize::from(ticket.cuts < self.cuts);
            }
        }
    }

    /// Notes that everything requested has arrived.
    pub(super) fn succeeded(&mut self, mut ticket: Ticket, now: Duration, moved: u64) {
        self.accepted(&mut ticket, None, now);
        self.last_good = self.last_good.max(ticket.number);
        self.left(ticket);
        self.pacer.accepted(now);
        self.mishaps.succeeded();
        self.succeeded += 1;
        self.last_success = now;
        self.round.done += 1;
        if self.round.done >= self.limit {
            self.end_round(now, moved);
        }
    }

    /// Checks the bytes received so far, to end rounds of large files.
    pub(super) fn check_progress(&mut self, now: Duration, moved: u64) {
        if now.saturating_sub(self.round.began) >= ROUND_TIME && self.live_accepted > 0 {
            self.end_round(now, moved);
        }
    }

    /// Returns 1 if a request counts among the unanswered, else 0.
    fn is_early(&self, ticket: &Ticket) -> usize {
        usize::from(ticket.first || ticket.rounds < self.rounds)
    }
}
