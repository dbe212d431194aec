//! What follows a setback, and how often: the classes of failures and their budgets.

use std::time::Duration;

use crate::model::{Error, Kind, Result};
use crate::net::{Backoff, Budget, Client, TooSlow};

/// How an attempt ended, short of success.
#[derive(Debug)]
pub(super) enum Setback {
    /// There is no sense in trying again.
    Over(Error),
    /// All went well, and there is more to ask for.
    More,
    /// It may pass: wait, and go on with what is there.
    Again(Error),
    /// What is there is of no use: begin anew.
    Restart(Error),
    /// The address may have run out: have the source find it anew, and go on with what is there.
    Expired(Error),
}

impl From<Error> for Setback {
    fn from(error: Error) -> Self {
        match error.kind {
            Kind::Network | Kind::Busy => Setback::Again(error),
            _ => Setback::Over(error),
        }
    }
}

/// How often a content that proves wrong is begun anew.
const RESTARTS: u32 = 2;
/// How often the address is found anew without progress in between.
const RENEWALS: u32 = 3;
/// How often a host that is too slow is asked anew.
const SLOW: u32 = 3;
/// So much more than ever before counts as progress, as a part of the whole or in bytes.
const PROGRESS: (u64, u64) = (100, 1 << 20);

/// The budgets of one transfer.
#[derive(Debug)]
pub(super) struct Tries {
    failures: Budget,
    refusals: Budget,
    backoff: Backoff,
    longest_wait: Duration,
    waited: Duration,
    restarts: u32,
    renewals: u32,
    renewals_left: u32,
    slow: u32,
    /// The most bytes that there ever were.
    farthest: u64,
    /// Whether the server answers an If-Range with everything although nothing changed.
    pub(super) without_if_range: bool,
    /// Whether it stays with one connection.
    pub(super) alone: bool,
    /// Whether it was told that the transfer began.
    pub(super) began: bool,
}

/// A wait before the next attempt.
#[derive(Debug)]
pub(super) struct Wait {
    pub(super) time: Duration,
    /// Whether the server asked for it, so that it holds for all transfers from there.
    pub(super) pauses_host: bool,
    pub(super) reason: String,
}

impl Tries {
    pub(super) fn new(client: &Client) -> Tries {
        let settings = client.settings();
        Tries {
            failures: Budget::new(settings.retries),
            // A refusal is about our haste, and no fault of the file; it gets more patience.
            refusals: Budget::new(settings.retries.saturating_mul(4)),
            backoff: client.backoff(),
            longest_wait: settings.longest_wait,
            waited: Duration::ZERO,
            restarts: 0,
            renewals: 0,
            renewals_left: RENEWALS,
            slow: 0,
            farthest: 0,
            without_if_range: false,
            alone: false,
            began: false,
        }
    }

    /// How many attempts there were.
    pub(super) fn attempts(&self) -> u32 {
        self.failures.attempts() + self.refusals.attempts() - 1 + self.restarts + self.renewals
    }

    /// Notes how far it has come; going farther than ever fills the budget up.
    pub(super) fn moved(&mut self, len: u64, total: Option<u64>) {
        let (part, bytes) = PROGRESS;
        let step = total.map_or(bytes, |total| (total / part).clamp(1, bytes));
        if len >= self.farthest + step {
            self.farthest = len;
            self.failures.refill();
            self.renewals_left = RENEWALS;
        }
    }

    /// Another address is tried: its failures are not those of the first.
    pub(super) fn fresh(&mut self) {
        self.failures.refill();
        self.refusals.refill();
    }

    /// How long to wait before going on after this error, or the error if that makes no sense any more.
    pub(super) fn wait(&mut self, error: Error) -> Result<Wait> {
        let cause = error.source.as_deref();
        if cause.is_some_and(|cause| cause.is::<TooSlow>()) {
            // However much it drips in between: at that speed, no file ends.
            self.slow += 1;
            if self.slow > SLOW {
                return Err(error);
            }
        }
        let is_refusal = error.kind == Kind::Busy || error.retry_after.is_some();
        let told = error.retry_after;
        if let Some(told) = told
            && told > self.longest_wait
        {
            let message = format!("{}, and asks to wait {} s", error.message, told.as_secs());
            return Err(Error { message, ..error }
                .hint("run the same command again then; or wait longer with `net.longest_wait`"));
        }
        let budget = if is_refusal {
            &mut self.refusals
        } else {
            &mut self.failures
        };
        let Some(number) = budget.take() else {
            return Err(error);
        };
        let time = told.unwrap_or_else(|| self.backoff.wait(number));
        self.waited += time;
        if is_refusal && self.waited > self.longest_wait * 3 {
            return Err(error);
        }
        Ok(Wait {
            time,
            pauses_host: is_refusal,
            reason: error.message,
        })
    }

    /// Notes that it begins anew, or the error if it did so too often.
    pub(super) fn restart(&mut self, error: Error) -> Result<()> {
        if self.restarts >= RESTARTS {
            return Err(error);
        }
        self.restarts += 1;
        Ok(())
    }

    /// Notes that the address is found anew, and gives back what was the reason; or fails with it if that was done
    /// too often since there was progress.
    pub(super) fn anew(&mut self, error: Error) -> Result<Error> {
        if self.renewals_left == 0 {
            return Err(error);
        }
        self.renewals_left -= 1;
        self.renewals += 1;
        Ok(error)
    }
}
