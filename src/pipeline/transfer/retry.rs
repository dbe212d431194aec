//! Which failures are retried, and how often: the budgets of a transfer.

mod wait;

use std::time::Duration;

use http::StatusCode;

pub(super) use self::wait::Wait;
use super::disk_space::Claim;
use super::forbidden::may_be_crowd;
use super::setback::Setback;
use super::truncation::Truncations;
use crate::model::{Error, Kind, Result};
use crate::net::{Backoff, Budget, Client, Refusal, SpeedWatch, TooSlow};

/// How often a download that proves wrong is started over.
const RESTARTS: u32 = 2;
/// How often a new address is found without progress in between.
const RENEWALS: u32 = 3;
/// How often proof is requested that all segments belong to the same file.
const PROOFS: u32 = 3;
/// How often a host that is too slow is asked again.
const SLOW: u32 = 3;
/// After this many refusals in a row while other requests are let in, the request itself is at fault.
const OWN_FAULT: u32 = 4;
/// How many pauses more than retries of a file a host is given that is out of service: a minute with the default
/// settings.
const OUT_OF_SERVICE: u32 = 2;
/// How far beyond the previous maximum counts as progress: the total divided by the first, but no more bytes than the
/// second.
const PROGRESS: (u64, u64) = (100, 1 << 20);

/// The retry budgets of one transfer.
#[derive(Debug)]
pub(super) struct RetryState {
    failures: Budget,
    refusals: Budget,
    backoff: Backoff,
    longest_wait: Duration,
    waited: Duration,
    restarts: u32,
    /// How often another version was started.
    versions: u32,
    renewals: u32,
    renewals_left: u32,
    slow: u32,
    proofs: u32,
    /// The most bytes ever downloaded.
    farthest: u64,
    /// Whether the server answers If-Range with the whole file although nothing changed.
    pub(super) without_if_range: bool,
    /// Whether to stay with one address of the host, since earlier responses did not fit together.
    pub(super) pins_address: bool,
    /// Whether to stay with one connection.
    pub(super) single_connection: bool,
    /// Whether the whole file is requested once more, without a range, since ranges are refused. The bytes on disk stay
    /// until it comes.
    pub(super) from_start: bool,
    /// Whether the next range begins right after the downloaded bytes, with no overlap to compare: the last response
    /// held only bytes already downloaded, and they agreed.
    pub(super) from_end: bool,
    /// Whether a response has ended exactly where the downloaded bytes end. Then a 416 may mean that the file is
    /// complete, where nobody knows its length.
    pub(super) to_end: bool,
    /// Whether the last range agreed with the downloaded bytes, continued from them, and came whole. Then less is
    /// compared next time.
    pub(super) agreed: bool,
    /// Checks that bytes come fast enough over many ranges: a single one ends before a slow server is noticed.
    ranges: SpeedWatch,
    /// How many bytes there were when the last range ended, and how long the server has been waited for since.
    last_range: (u64, Duration),
    /// Whether the server has answered a range request with a range.
    pub(super) has_ranges: bool,
    /// How often the file was refused as forbidden while other requests were let in.
    pub(super) forbidden: u32,
    /// How often it was refused so while no other request was let in, at a host that had let others in before.
    pub(super) barred: u32,
    /// The error of the last such refusal, until the next attempt.
    pub(super) forbidden_as: Option<Error>,
    /// How often an address that worked before was refused while the source still gave the same one.
    insisted: u32,
    /// How often nothing at all came for a range request.
    unanswered: u32,
    /// The responses that came cut off, as far as that could be told.
    pub(super) truncations: Truncations,
    /// The disk space claimed for the file, if it is large.
    pub(super) claim: Option<Claim>,
    /// Whether the start of the transfer has been reported.
    pub(super) began: bool,
    /// The status of the last response, if there was one.
    pub(super) status: Option<StatusCode>,
    /// Whether the last response was a text or a web page in place of the file.
    pub(super) is_text_instead: bool,
    /// What the last refusal meant, if the last attempt was refused or broke off.
    pub(super) refusal: Option<Refusal>,
    /// How many other requests to the host had succeeded when this one was last refused.
    succeeded: u64,
    /// The same, as long as there was no progress since.
    refused_at: Option<u64>,
    /// How often this one was refused while others were not, with no progress in between.
    refusals_in_a_row: u32,
    /// The transfer is given up after more than this many pauses of the host with no success in between.
    max_fruitless_pauses: u32,
    /// The same for a host that is out of service.
    max_out_of_service_pauses: u32,
}

impl RetryState {
    pub(super) fn new(client: &Client) -> RetryState {
        let settings = client.settings();
        RetryState {
            failures: Budget::new(settings.retries),
            // A refusal is about our request rate and no fault of the file, so it gets more patience.
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
            pins_address: false,
            single_connection: false,
            from_start: false,
            from_end: false,
            to_end: false,
            agreed: false,
            ranges: SpeedWatch::of_parts(settings),
            last_range: (0, Duration::ZERO),
            has_ranges: false,
            forbidden: 0,
            barred: 0,
            forbidden_as: None,
            insisted: 0,
            unanswered: 0,
            truncations: Truncations::default(),
            claim: None,
            began: false,
            status: None,
            is_text_instead: false,
            refusal: None,
            succeeded: 0,
            refused_at: None,
            refusals_in_a_row: 0,
            max_fruitless_pauses: settings.retries.saturating_mul(4),
            max_out_of_service_pauses: settings.retries.saturating_add(OUT_OF_SERVICE),
        }
    }

    /// Returns how many attempts there were.
    pub(super) fn attempts(&self) -> u32 {
        self.failures.attempts() + self.refusals.attempts() - 1 + self.restarts + self.renewals
    }

    /// Notes how far the download has come. Getting farther than ever before refills the budget.
    pub(super) fn note_progress(&mut self, len: u64, total: Option<u64>) {
        let (part, bytes) = PROGRESS;
        let step = total.map_or(bytes, |total| (total / part).clamp(1, bytes));
        if len >= self.farthest + step {
            self.farthest = len;
            self.failures.refill();
            self.renewals_left = RENEWALS;
            self.refusals_in_a_row = 0;
            self.refused_at = None;
            // Trying a range once more costs little.
            self.insisted = u32::from(self.from_start);
            self.from_start = false;
        }
    }

    /// Prepares for another address, to which the failures of the first do not count.
    pub(super) fn reset_for_next_url(&mut self) {
        self.failures.refill();
        self.refusals.refill();
        self.refusals_in_a_row = 0;
        (self.forbidden, self.barred) = (0, 0);
        self.refused_at = None;
        self.forget_ranges();
    }

    /// Forgets how the server treats ranges, which says nothing about another one.
    fn forget_ranges(&mut self) {
        self.insisted = 0;
        self.unanswered = 0;
        self.from_start = false;
        self.has_ranges = false;
        self.broke_off();
    }

    /// Notes that the attempt broke off: the next response has to overlap and agree.
    pub(super) fn broke_off(&mut self) {
        self.from_end = false;
        self.to_end = false;
        self.agreed = false;
    }

    /// Adds to the time spent waiting for the server.
    pub(super) fn waited_for(&mut self, time: Duration) {
        self.last_range.1 += time;
    }

    /// Notes how much there is after a range that ended early. Fails if ranges come more slowly than any body may.
    pub(super) fn note_range_end(&mut self, len: u64) -> std::result::Result<(), TooSlow> {
        let (before, waited) = std::mem::replace(&mut self.last_range, (len, Duration::ZERO));
        self.ranges.received(len.saturating_sub(before), waited)
    }

    /// Whether an unexplained refusal can still be about our request rate: not if only this request keeps being
    /// refused.
    pub(super) fn may_be_rate_limit(&self) -> bool {
        self.refusals_in_a_row < OWN_FAULT
    }

    /// Whether the host may have meant by the last response that there was one request too many.
    pub(super) fn may_be_crowd(&self) -> bool {
        self.is_text_instead || self.status.is_some_and(may_be_crowd)
    }

    /// How long the server asks to wait, if that is long enough to be meant.
    pub(super) fn retry_after(&self, error: &Error) -> Option<Duration> {
        error
            .retry_after
            .filter(|retry_after| *retry_after >= self.backoff.base)
    }

    /// How many requests to the host had begun when this one was refused, if there was no progress since.
    pub(super) fn refused_at(&self) -> Option<u64> {
        self.refused_at
    }

    /// Returns how many pauses in a row a host is given that accepts nothing and does not say for how long: many if it says
    /// that there are too many requests, fewer if it is out of service.
    pub(super) fn patience(&self) -> u32 {
        match self.status {
            Some(StatusCode::SERVICE_UNAVAILABLE) => self.max_out_of_service_pauses,
            _ => self.max_fruitless_pauses,
        }
    }

    /// Returns how long to wait before continuing after this error, or the error if there is to be no further attempt.
    pub(super) fn wait(&mut self, error: Error) -> Result<Wait> {
        let cause = error.source.as_deref();
        if cause.is_some_and(|cause| cause.is::<TooSlow>()) {
            // However much trickles in between: at that speed, no file is ever complete.
            self.slow += 1;
            if self.slow > SLOW {
                return Err(error);
            }
        }
        let refusal = self.refusal.take();
        let has_retry_after = self.retry_after(&error).is_some();
        let before = self.refused_at;
        self.refused_at = refusal.map(|refusal| refusal.begun).or(before);
        let refusal = refusal.unwrap_or_default();
        // A request that is still refused at a polite rate, while others are not, is itself at fault.
        let is_busy = error.kind == Kind::Busy || error.retry_after.is_some();
        let is_refusal = refusal.crowded || has_retry_after || is_busy && self.may_be_rate_limit();
        let retry_after = error.retry_after;
        // That others are let in meanwhile belies a wait of hours.
        if let Some(retry_after) = retry_after
            && retry_after > self.longest_wait
            && !refusal.crowded
        {
            let message = format!(
                "{}, and asks to wait {} s",
                error.message,
                retry_after.as_secs()
            );
            return Err(Error { message, ..error }
                .hint("run the same command again later, or raise `net.longest_wait`"));
        }
        // Refilled while other requests succeed: only a host that has nothing left for anybody uses up this budget.
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
        // The host has been paused in vain often enough: its other files need not find that out for themselves.
        if refusal.down || refusal.fruitless_pauses > self.max_fruitless_pauses {
            return Err(error);
        }
        // The budget may have been refilled, but repeated refusals lengthen the wait all the same.
        let number = number.max(self.refusals_in_a_row);
        let others_came = before.is_some_and(|before| refusal.last_good > before);
        let is_own = refusal.resource_specific || !has_retry_after && others_came;
        self.refusals_in_a_row += u32::from(refusal.crowded || is_own);
        let retry_after = retry_after.filter(|retry_after| *retry_after <= self.longest_wait);
        let wait = || self.backoff.wait_after(retry_after, number);
        let time = refusal.paused.unwrap_or_else(wait);
        self.waited = self.waited.saturating_add(time);
        if is_refusal && self.waited > self.longest_wait.saturating_mul(3) {
            return Err(error);
        }
        Ok(Wait {
            time,
            is_host_paused: refusal.paused.is_some(),
            new_interval: refusal.new_interval,
            reason: error.message,
        })
    }

    /// Notes that the download starts over, or fails with the error if it did so too often.
    pub(super) fn note_restart(&mut self, error: Error) -> Result<()> {
        if self.restarts >= RESTARTS {
            return Err(error);
        }
        self.restarts += 1;
        self.pins_address = true;
        Ok(())
    }

    /// Returns what follows when all segments are there and nothing proves that they are of the same file: the proof is
    /// requested, or in the end the whole file over one connection.
    pub(super) fn request_proof(&mut self) -> Setback {
        self.proofs += 1;
        if self.proofs <= PROOFS {
            return Setback::Incomplete;
        }
        self.proofs = 0;
        self.single_connection = true;
        let message = "nothing proves that its segments are of the same file";
        Setback::Restart(Error::new(Kind::Changed, message))
    }

    /// Whether all segments are there but for the proof that they belong together.
    pub(super) fn needs_proof(&self) -> bool {
        self.proofs > 0
    }

    /// Notes that another version is started: how far the last one came does not count for it. The number is limited,
    /// so that a download from two servers that send one version each by turns still comes to an end.
    pub(super) fn note_new_version(&mut self) {
        if self.versions < RESTARTS {
            self.versions += 1;
            self.farthest = 0;
        }
    }

    /// Notes that a new address is sought and returns the reason, or fails with it if that was done too often since the
    /// last progress.
    pub(super) fn renew_address(&mut self, error: Error) -> Result<Error> {
        if self.renewals_left == 0 {
            return Err(error);
        }
        self.renewals_left -= 1;
        Ok(error)
    }

    /// Returns how to request once more an address that worked before, is refused now, and has not expired: after a
    /// wait, or at once. Fails with the refusal if no other way is left. The server may allow only one connection at a
    /// time, and not know yet that the last one is closed; or it may refuse ranges, and is asked for the whole file.
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

    /// Notes that nothing came for a range request. If none was ever answered, the whole file is requested after the
    /// second time.
    pub(super) fn note_no_response(&mut self) {
        self.unanswered += u32::from(!self.has_ranges);
        self.from_start |= self.unanswered > 1;
    }

    /// Whether only one connection may be used.
    pub(super) fn is_single_connection(&self) -> bool {
        self.single_connection || self.from_start
    }

    /// Notes that the download continues from another address.
    pub(super) fn note_renewed_address(&mut self) {
        self.renewals += 1;
        self.forget_ranges();
    }
}

#[cfg(test)]
mod tests;
