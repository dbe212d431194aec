//! How often what is tried again: the classes of failures and their budgets.

mod wait;

use std::time::Duration;

use http::StatusCode;

pub(super) use self::wait::Wait;
use super::cuts::Cuts;
use super::room::Claim;
use super::setback::Setback;
use crate::model::{Error, Kind, Result};
use crate::net::{Backoff, Budget, Client, Refusal, TooSlow, Watch};

/// How often a content that proves wrong is begun anew.
const RESTARTS: u32 = 2;
/// How often the address is found anew without progress in between.
const RENEWALS: u32 = 3;
/// How often proofs are asked for that all parts of a file belong together.
const PROOFS: u32 = 3;
/// How often a host that is too slow is asked anew.
const SLOW: u32 = 3;
/// As many refusals in a row while others are let in are the fault of what is asked for.
const OWN_FAULT: u32 = 4;
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
    /// How often another version was begun.
    versions: u32,
    renewals: u32,
    renewals_left: u32,
    slow: u32,
    proofs: u32,
    /// The most bytes that there ever were.
    farthest: u64,
    /// Whether the server answers an If-Range with everything although nothing changed.
    pub(super) without_if_range: bool,
    /// Whether it stays with one address of a host, since what came did not fit together.
    pub(super) stays: bool,
    /// Whether it stays with one connection.
    pub(super) alone: bool,
    /// Whether all of it is asked for once more, with no range, since ranges are refused. What is there stays until it comes.
    pub(super) from_start: bool,
    /// Whether the next range begins right behind what is there, with nothing to compare: the last answer held only bytes that are
    /// there, and they agreed.
    pub(super) from_end: bool,
    /// Whether an answer has ended exactly where what is there ends. Then a 416 may mean that this is all, where nobody knows the
    /// length.
    pub(super) to_end: bool,
    /// Whether the last range agreed with what was there, went on from it, and came whole. Then fewer bytes are compared next time.
    pub(super) agreed: bool,
    /// Whether what comes in ranges comes fast enough: each is over before it is seen to drip.
    ranges: Watch,
    /// How many bytes there were when the last range ended, and how long the server was waited for since.
    since: (u64, Duration),
    /// Whether the server has answered a range with one.
    pub(super) has_ranges: bool,
    /// How often it was forbidden while others were let in.
    pub(super) forbidden: u32,
    /// How often an address that gave bytes before was refused, and was found to be the same still.
    insisted: u32,
    /// How often nothing at all came for a range.
    mute: u32,
    /// The answers that came cut, as far as that could be told.
    pub(super) cuts: Cuts,
    /// The room on the disk that it takes, if it is large.
    pub(super) claim: Option<Claim>,
    /// Whether it was told that the transfer began.
    pub(super) began: bool,
    /// The status of the last answer, if there was one.
    pub(super) status: Option<StatusCode>,
    /// What the last refusal meant, if the last attempt was refused or broke off.
    pub(super) refusal: Option<Refusal>,
    /// What else had gone well at the host when this was last refused.
    succeeded: u64,
    /// The same, where there was no progress since.
    refused_at: Option<u64>,
    /// How often it was refused while others were not, with no progress in between.
    in_a_row: u32,
    /// As many pauses of the host with nothing in between are enough.
    vain_pauses: u32,
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
            versions: 0,
            renewals: 0,
            renewals_left: RENEWALS,
            slow: 0,
            proofs: 0,
            farthest: 0,
            without_if_range: false,
            stays: false,
            alone: false,
            from_start: false,
            from_end: false,
            to_end: false,
            agreed: false,
            ranges: Watch::of_parts(settings),
            since: (0, Duration::ZERO),
            has_ranges: false,
            forbidden: 0,
            insisted: 0,
            mute: 0,
            cuts: Cuts::default(),
            claim: None,
            began: false,
            status: None,
            refusal: None,
            succeeded: 0,
            refused_at: None,
            in_a_row: 0,
            vain_pauses: settings.retries.saturating_mul(4),
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
            self.in_a_row = 0;
            self.refused_at = None;
            // Another try with a range costs little.
            self.insisted = u32::from(self.from_start);
            self.from_start = false;
        }
    }

    /// Another address is tried: its failures are not those of the first.
    pub(super) fn fresh(&mut self) {
        self.failures.refill();
        self.refusals.refill();
        self.in_a_row = 0;
        self.forbidden = 0;
        self.refused_at = None;
        self.forget_ranges();
    }

    /// What ranges a server gives says nothing about another.
    fn forget_ranges(&mut self) {
        self.insisted = 0;
        self.mute = 0;
        self.from_start = false;
        self.has_ranges = false;
        self.broke_off();
    }

    /// What broke off has to agree with what follows.
    pub(super) fn broke_off(&mut self) {
        self.from_end = false;
        self.to_end = false;
        self.agreed = false;
    }

    /// Notes that the server was waited for.
    pub(super) fn waited_for(&mut self, time: Duration) {
        self.since.1 += time;
    }

    /// Notes how much there is after a range that ended early; or fails if they come as slowly as no body may.
    pub(super) fn more(&mut self, len: u64) -> std::result::Result<(), TooSlow> {
        let (before, waited) = std::mem::replace(&mut self.since, (len, Duration::ZERO));
        self.ranges.came(len.saturating_sub(before), waited)
    }

    /// Whether a refusal without a reason can still be about our haste: not if it is always this one that is refused.
    pub(super) fn may_be_haste(&self) -> bool {
        self.in_a_row < OWN_FAULT
    }

    /// How long the server asks to wait, where it means it.
    pub(super) fn told(&self, error: &Error) -> Option<Duration> {
        error.retry_after.filter(|told| *told >= self.backoff.base)
    }

    /// How much else had gone well at the host when this was refused, if it was and there was no progress since.
    pub(super) fn refused_at(&self) -> Option<u64> {
        self.refused_at
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
        let refusal = self.refusal.take();
        let is_told = self.told(&error).is_some();
        let before = self.refused_at;
        self.refused_at = refusal.map(|refusal| refusal.succeeded).or(before);
        let refusal = refusal.unwrap_or_default();
        // What is asked nicely, and refused all the same while others are not, is at fault itself.
        let is_busy = error.kind == Kind::Busy || error.retry_after.is_some();
        let is_refusal = refusal.crowded || is_told || is_busy && self.may_be_haste();
        let told = error.retry_after;
        // That others are let in meanwhile gives the lie to a wait of hours.
        if let Some(told) = told
            && told > self.longest_wait
            && !refusal.crowded
        {
            let message = format!("{}, and asks to wait {} s", error.message, told.as_secs());
            return Err(Error { message, ..error }
                .hint("run the same command again then; or wait longer with `net.longest_wait`"));
        }
        // It is not refused for what it is if others are not: only a host that has nothing left for anybody uses this up.
        if refusal.succeeded > self.succeeded {
            self.succeeded = refusal.succeeded;
            self.refusals.refill();
        }
        let budget = if is_refusal {
            &mut self.refusals
        } else {
            &mut self.failures
        };
        let Some(number) = budget.take() else {
            return Err(error);
        };
        // What one file would wait for in vain, all of them need not.
        if refusal.vain > self.vain_pauses {
            return Err(error);
        }
        // The budget may have been filled up; whoever is refused again and again waits longer all the same.
        let number = number.max(self.in_a_row);
        let others_came = before.is_some_and(|before| refusal.succeeded > before);
        let is_own = refusal.for_itself || !is_told && others_came;
        self.in_a_row += u32::from(refusal.crowded || is_own);
        let told = told.filter(|told| *told <= self.longest_wait);
        let wait = || self.backoff.wait_if_told(told, number);
        let time = refusal.paused.unwrap_or_else(wait);
        self.waited = self.waited.saturating_add(time);
        if is_refusal && self.waited > self.longest_wait.saturating_mul(3) {
            return Err(error);
        }
        Ok(Wait {
            time,
            is_in_line: refusal.paused.is_some(),
            apart: refusal.apart,
            reason: error.message,
        })
    }

    /// Notes that it begins anew, or the error if it did so too often.
    pub(super) fn restart(&mut self, error: Error) -> Result<()> {
        if self.restarts >= RESTARTS {
            return Err(error);
        }
        self.restarts += 1;
        self.stays = true;
        Ok(())
    }

    /// What follows when all parts have come, and nothing shows that they are of one file: it is asked for what does, or all of
    /// it comes by one connection.
    pub(super) fn unproven(&mut self) -> Setback {
        self.proofs += 1;
        if self.proofs <= PROOFS {
            return Setback::More;
        }
        self.proofs = 0;
        self.alone = true;
        let message = "nothing shows that its parts are of one file";
        Setback::Restart(Error::new(Kind::Changed, message))
    }

    /// Whether all parts have come but for what proves that they belong together.
    pub(super) fn proves(&self) -> bool {
        self.proofs > 0
    }

    /// Notes that another version is begun: how far the last one came is nothing to it. Two machines that give one each by
    /// turns come to an end all the same.
    pub(super) fn begins_anew(&mut self) {
        if self.versions < RESTARTS {
            self.versions += 1;
            self.farthest = 0;
        }
    }

    /// Notes that the address is found anew, and gives back what was the reason; or fails with it if that was done
    /// too often since there was progress.
    pub(super) fn anew(&mut self, error: Error) -> Result<Error> {
        if self.renewals_left == 0 {
            return Err(error);
        }
        self.renewals_left -= 1;
        Ok(error)
    }

    /// How to ask an address once more that gave bytes, is refused now, and has not run out; or the refusal if there is no
    /// other way. Gives how long to wait. The server may let nobody in twice at a time, and not know yet that the last
    /// connection is closed; or it may refuse ranges, and is asked for all of it.
    pub(super) fn insist(&mut self, refusal: Error) -> Result<Option<Wait>> {
        self.insisted += 1;
        match self.insisted {
            number if number == 1 || self.has_ranges => self.wait(refusal).map(Some),
            2 => {
                self.from_start = true;
                self.renewals += 1;
                Ok(None)
            }
            _ => Err(refusal),
        }
    }

    /// Notes that nothing came for a range. Where none ever did, all of it is asked for after the second time.
    pub(super) fn was_mute(&mut self) {
        self.mute += u32::from(!self.has_ranges);
        self.from_start |= self.mute > 1;
    }

    /// Whether it is to be one connection.
    pub(super) fn is_alone(&self) -> bool {
        self.alone || self.from_start
    }

    /// Another address is gone on with.
    pub(super) fn moves_to_another(&mut self) {
        self.renewals += 1;
        self.forget_ranges();
    }
}

#[cfg(test)]
mod tests;
