//! How many connections one large file is worth. Pure: it is told how far the download is, and says what to try.
//!
//! On a clean line one connection is as fast as many, so more are tried only on evidence: the rate has stopped growing,
//! and at this rate there is a while to go. Then as many again are added on trial. If the total rate rises by 15 % they
//! stay, and more are tried at once; if it does not within 1.5 s they are dropped, and the next trial waits for a time
//! that doubles. So the number settles where one more connection brings nothing: under a limit per connection it grows
//! to the maximum; under a limit for all connections together it stays at one, except for a short trial now and then.
//! Downloaded bytes may be discarded, so the count of bytes can go down.

use std::time::Duration;

use tokio::time::Instant;

/// How often [`Growth::tick`] is called.
pub(super) const TICK: Duration = Duration::from_millis(25);
/// Files shorter than this are not worth a second connection.
pub(super) const MIN_SPLIT_SIZE: u64 = 16 << 20;

/// How many ticks make a rate: a tenth of a second.
const SPAN: usize = 4;
/// By what factor a trial must raise the rate.
const GAIN: f64 = 1.15;
/// How long a trial may take to do so.
const TRIAL: Duration = Duration::from_millis(1500);
/// With fewer seconds than this to go at the present rate, it is too late to begin a trial, or another after a success.
const TO_GO: (f64, f64) = (1.0, 0.3);
/// A burst is this many bytes, and then none for some ticks; what is sent into a window that still grows is less.
const BURST: u64 = 1 << 20;
const SILENT: usize = 2;
const BURST_GROWTH: usize = 4;
/// How long no trial begins after the first one that failed.
const COOLDOWN: Duration = Duration::from_secs(10);

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advice {
    /// Nothing.
    Stay,
    /// Add this many connections.
    Add(usize),
    /// Drop this many connections.
    Drop(usize),
}

/// Watches the download of one file.
#[derive(Debug)]
pub(super) struct Growth {
    max_connections: usize,
    /// Bytes at each tick, the newest last.
    ticks: Vec<(Instant, u64)>,
    trial: Option<Trial>,
    quiet_until: Option<Instant>,
    cooldown: Duration,
}

#[derive(Debug)]
struct Trial {
    began: Instant,
    bytes: u64,
    added: usize,
    /// The rate before it.
    base: f64,
    /// Whether a burst was the reason.
    by_burst: bool,
}

impl Growth {
    /// Watches a file that may have `max_connections`, and has `bytes` so far.
    pub(super) fn new(max_connections: usize, now: Instant, bytes: u64) -> Growth {
        Growth {
            max_connections,
            ticks: vec![(now, bytes)],
            trial: None,
            quiet_until: None,
            cooldown: COOLDOWN,
        }
    }

    /// The maximum number of connections.
    pub(super) fn max_connections(&self) -> usize {
        self.max_connections
    }

    /// Called at every tick with how many bytes of the total there are, over how many connections.
    pub(super) fn tick(
        &mut self,
        now: Instant,
        bytes: u64,
        total: u64,
        connections: usize,
    ) -> Advice {
        self.ticks.push((now, bytes));
        if self.ticks.len() > 2 * SPAN + 1 {
            self.ticks.remove(0);
        }
        if let Some(trial) = &self.trial {
            let base = trial.base;
            return self.judge(now, bytes, base, total, connections);
        }
        if connections >= self.max_connections || self.quiet_until.is_some_and(|until| now < until)
        {
            return Advice::Stay;
        }
        if let Some(burst) = self.burst() {
            return self.begin(now, bytes, burst, connections, true);
        }
        let (Some(before), Some(rate)) = (self.rate(SPAN), self.rate(0)) else {
            return Advice::Stay;
        };
        let has_stopped_growing = rate <= before * 1.1;
        if !has_stopped_growing || to_go(bytes, total, rate) < TO_GO.0 {
            return Advice::Stay;
        }
        self.begin(now, bytes, rate, connections, false)
    }

    /// The peak rate of a burst, if there was one and nothing after it.
    fn burst(&self) -> Option<f64> {
        let last = self.ticks.len().checked_sub(SILENT + 1)?;
        let (first, silent) = (self.ticks[0].1, self.ticks[last].1);
        let is_burst =
            silent.saturating_sub(first) >= BURST && silent == self.ticks[last + SILENT].1;
        let rate = |pair: &[(Instant, u64)]| {
            pair[1].1.saturating_sub(pair[0].1) as f64
                / (pair[1].0 - pair[0].0).as_secs_f64().max(0.001)
        };
        is_burst.then(|| self.ticks.windows(2).map(rate).fold(0.0, f64::max))
    }

    /// Notes that a trial could not be carried out: there was no place at the host, or no segment worth taking.
    pub(super) fn drop_trial(&mut self, now: Instant) {
        self.trial = None;
        self.quiet_until = Some(now + self.cooldown);
    }

    fn begin(
        &mut self,
        now: Instant,
        bytes: u64,
        base: f64,
        connections: usize,
        by_burst: bool,
    ) -> Advice {
        let growth = if by_burst { BURST_GROWTH } else { 2 };
        let added = (connections * (growth - 1)).min(self.max_connections - connections);
        self.trial = Some(Trial {
            began: now,
            bytes,
            added,
            base,
            by_burst,
        });
        Advice::Add(added)
    }

    fn judge(
        &mut self,
        now: Instant,
        bytes: u64,
        base: f64,
        total: u64,
        connections: usize,
    ) -> Advice {
        let Some(trial) = &self.trial else {
            return Advice::Stay;
        };
        let took = now - trial.began;
        let rate = bytes.saturating_sub(trial.bytes) as f64 / took.as_secs_f64().max(0.001);
        if took >= TICK && rate >= base.max(1.0) * GAIN {
            let by_burst = trial.by_burst;
            self.trial = None;
            self.cooldown = COOLDOWN;
            // How long a burst lasts says nothing about how long the file will take.
            if connections < self.max_connections
                && (by_burst || to_go(bytes, total, rate) >= TO_GO.1)
            {
                return self.begin(now, bytes, rate, connections, by_burst);
            }
            return Advice::Stay;
        }
        if took < TRIAL {
            return Advice::Stay;
        }
        let added = trial.added;
        self.trial = None;
        self.quiet_until = Some(now + self.cooldown);
        self.cooldown *= 2;
        Advice::Drop(added)
    }

    /// Bytes per second over a span that ended this many ticks ago.
    fn rate(&self, ago: usize) -> Option<f64> {
        let last = self.ticks.len().checked_sub(ago + 1)?;
        let first = last.checked_sub(SPAN)?;
        let ((began, from), (ended, to)) = (self.ticks[first], self.ticks[last]);
        Some(to.saturating_sub(from) as f64 / (ended - began).as_secs_f64().max(0.001))
    }
}

/// Seconds to go at this rate.
fn to_go(bytes: u64, total: u64, rate: f64) -> f64 {
    total.saturating_sub(bytes) as f64 / rate.max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Downloads a file of `total` bytes over a line whose `rate` gives the bytes per second for a time in seconds and
    /// a number of connections. Returns how long it took, the most connections, and how many were left at the end.
    fn run(total: u64, rate: impl Fn(f64, usize) -> f64) -> (f64, usize, usize) {
        let start = Instant::now();
        let mut growth = Growth::new(16, start, 0);
        let (mut bytes, mut connections, mut most) = (0.0, 1, 1);
        for step in 1..1_000_000 {
            let seconds = step as f64 * TICK.as_secs_f64();
            bytes += rate(seconds, connections) * TICK.as_secs_f64();
            if bytes >= total as f64 {
                return (seconds, most, connections);
            }
            match growth.tick(start + TICK * step, bytes as u64, total, connections) {
                Advice::Stay => {}
                Advice::Add(more) => connections += more,
                Advice::Drop(fewer) => connections -= fewer,
            }
            most = most.max(connections);
        }
        panic!("it does not end");
    }

    #[test]
    fn a_limit_for_each_connection_is_worth_as_many_as_there_may_be() {
        let (took, most, _) = run(64 << 20, |_, connections| 4e6 * connections as f64);
        assert_eq!(most, 16);
        assert!(took < 2.5, "{took}: one alone takes 16 s");
    }

    #[test]
    fn a_burst_for_each_connection_is_taken_from_as_many_as_there_may_be() {
        // Four megabytes at once, and then nothing to speak of.
        let given = std::cell::Cell::new(0);
        let (took, most, _) = run(60_000_000, |_, connections| {
            let new = connections.saturating_sub(given.replace(connections));
            new as f64 * 4e6 / TICK.as_secs_f64()
        });
        assert_eq!(most, 16);
        assert!(took < 0.5, "{took}");
    }

    #[test]
    fn a_server_that_pauses_once_does_not_keep_what_the_pause_brought_it() {
        let rate = |seconds: f64, _| match (0.1..0.2).contains(&seconds) {
            true => 0.0,
            false => 40e6,
        };
        let (_, most, last) = run(200 << 20, rate);
        assert_eq!((most, last), (4, 1));
    }

    #[test]
    fn a_limit_for_all_is_worth_one_but_for_short_trials() {
        let with_more = std::cell::Cell::new(0.0);
        let (took, most, _) = run(1 << 30, |_, connections| {
            if connections > 1 {
                with_more.set(with_more.get() + TICK.as_secs_f64());
            }
            10e6
        });
        assert_eq!(most, 2);
        let with_more = with_more.get();
        assert!(with_more < took / 10.0, "{with_more} of {took}");
    }

    #[test]
    fn a_growing_rate_starts_no_trial() {
        let (_, most, _) = run(64 << 20, |seconds, _| 1e6 * 2f64.powf(seconds / 0.1));
        assert_eq!(most, 1);
    }

    #[test]
    fn a_file_that_is_nearly_there_is_left_alone() {
        let (_, most, _) = run(40 << 20, |_, _| 50e6);
        assert_eq!(most, 1);
    }

    #[test]
    fn growth_settles_where_more_connections_bring_nothing() {
        let (_, most, last) = run(1 << 30, |_, connections| 3e6 * connections.min(5) as f64);
        assert!(most <= 16 && (4..=8).contains(&last), "{most} {last}");
    }
}
