//! Refusals and broken connections, and what follows from them.
//!
//! This module does not know when the limit may rise again.

use std::time::Duration;

use super::breaks::Meaning;
use super::growth::{FIRST_PATIENCE, Stage};
use super::{Controller, Refusal, START, Ticket};

/// If each of [`CUTS_IN_A_ROW`] cuts in a row saw fewer accepted requests than this, concurrency is not the cause.
const FEW_ACCEPTED: u64 = 3;
const CUTS_IN_A_ROW: u32 = 3;
/// This many at once do no harm where requests are spaced in time.
const MIN_PACED_LIMIT: usize = 4;
/// This many broken connections at a safe limit are no accident.
const BREAKS_AT_SAFE_LIMIT: usize = 3;
/// After this many refusals in a row, the host accepts nothing at all.
const MAX_REPEATS_IN_A_ROW: u32 = 3;
/// How long a success vouches for a host.
const SUCCESS_COUNTS_FOR: Duration = Duration::from_secs(5);

impl Controller {
    /// Handles a refusal: the host is too busy for this request.
    pub(in crate::net::pace) fn refused(
        &mut self,
        ticket: Ticket,
        retry_after: Option<Duration>,
        now: Duration,
    ) -> Refusal {
        let crowded = self.are_others_fine(&ticket, now);
        let is_volley = ticket.cuts < self.cuts;
        if crowded && !is_volley && retry_after.is_none() && self.is_mishap() {
            self.left(ticket);
            return self.refusal(crowded);
        }
        // Requests that began after this one may have reached the host before it.
        let among = ticket.among.max(self.live);
        if is_volley {
            self.volley -= 2;
        }
        if !is_volley || !crowded {
            self.in_a_row = match self.since_cut < FEW_ACCEPTED && self.volley <= 0 {
                true => self.in_a_row + 1,
                false => 1,
            };
            // One more than the host takes may have succeeded by luck, but not soon after that many were refused.
            let was_safe = among < self.safe || (among == self.safe && self.in_a_row > 1);
            self.about_rate = !crowded || self.in_a_row >= CUTS_IN_A_ROW || was_safe;
            if among == self.safe {
                self.safe = (self.safe - 1).max(1);
            }
        }
        self.left_refused(ticket);
        if self.about_rate {
            // The requests of the volley were sent before the pause began: one lesson is enough.
            let wait = match is_volley {
                true => retry_after.unwrap_or_default(),
                false => self.pacer.refused(retry_after, now),
            };
            if self.pacer.is_refuted() && self.mishaps.found_random() {
                self.forget_refusals(now);
                return self.refusal(crowded);
            }
            self.pause(now.saturating_add(wait));
            // This many of the volley were accepted: if concurrency is the cause after all, this is the limit.
            self.safe = self.safe.min(self.live.max(1));
        }
        self.lower(is_volley, now);
        let paused = self.paused.saturating_sub(now);
        Refusal {
            paused: (!paused.is_zero()).then_some(paused),
            new_interval: self.pacer.new_interval(),
            ..self.refusal(crowded && paused.is_zero())
        }
    }

    /// Handles a refusal without a Retry-After of a request that may have been refused before, when
    /// `begun_before` requests had begun. A host that accepts nothing after `patience` pauses is down.
    pub(in crate::net::pace) fn refused_again(
        &mut self,
        ticket: Ticket,
        begun_before: Option<u64>,
        patience: u32,
        now: Duration,
    ) -> Refusal {
        if self.is_resource_specific(begun_before, now) {
            return self.refused_for_resource(ticket, now);
        }
        let others_are_fine = self.are_others_fine(&ticket, now);
        if !others_are_fine && self.pacer.fruitless_pauses() >= patience {
            self.left_refused(ticket);
            return Refusal {
                down: true,
                ..self.refusal(others_are_fine)
            };
        }
        self.refused(ticket, None, now)
    }

    /// Handles a broken connection of a request that may have been refused before, when `begun_before`
    /// requests had begun.
    pub(in crate::net::pace) fn broke_again(
        &mut self,
        ticket: Ticket,
        begun_before: Option<u64>,
        now: Duration,
    ) -> Refusal {
        match !ticket.accepted && self.is_resource_specific(begun_before, now) {
            true => self.refused_for_resource(ticket, now),
            false => self.broke(ticket, now),
        }
    }

    /// Checks whether a request is refused for what it asks for. What the host accepted before it refused this one, and
    /// has only sent since, says nothing; nor does a refusal while the host accepts nothing at all.
    fn is_resource_specific(&mut self, begun_before: Option<u64>, now: Duration) -> bool {
        self.refused_in_a_row += 1;
        let others_came = begun_before.is_some_and(|before| self.last_good > before);
        if others_came && self.refused_in_a_row <= MAX_REPEATS_IN_A_ROW {
            let was_known = self.repeats.are_for_same_requests();
            self.repeats.refused();
            if self.repeats.are_for_same_requests() && !was_known {
                self.forget_refusals(now);
            }
        }
        self.repeats.are_for_same_requests()
    }

    fn refused_for_resource(&mut self, ticket: Ticket, now: Duration) -> Refusal {
        let crowded = self.are_others_fine(&ticket, now);
        self.left(ticket);
        Refusal {
            resource_specific: true,
            ..self.refusal(crowded)
        }
    }

    /// Describes a refusal that has no consequences but for the refused request.
    fn refusal(&self, crowded: bool) -> Refusal {
        Refusal {
            crowded,
            succeeded: self.succeeded,
            begun: self.begun,
            last_good: self.last_good,
            fruitless_pauses: self.pacer.fruitless_pauses(),
            ..Refusal::default()
        }
    }

    /// Notes that a request refused before was accepted.
    pub(in crate::net::pace) fn recovered(&mut self) {
        self.repeats.accepted();
    }

    /// Checks whether a refusal is a mishap.
    fn is_mishap(&mut self) -> bool {
        let is_paced = self.pacer.has_learned() && !self.mishaps.is_random();
        !is_paced && self.mishaps.excuse()
    }

    /// Undoes what was learned from refusals that were about something else.
    pub(in crate::net::pace) fn forget_refusals(&mut self, now: Duration) {
        self.pacer.forget();
        self.about_rate = false;
        self.in_a_row = 0;
        self.settle(now);
        self.is_crowded = false;
        self.patience = FIRST_PATIENCE;
        self.yielded = 0.0;
        self.limit = self.limit.max(START).min(self.cap);
        self.stage = Stage::Growing {
            from: self.limit,
            flat_rounds: 0,
        };
    }

    /// Handles a connection that broke, or could not be made.
    pub(in crate::net::pace) fn broke(&mut self, ticket: Ticket, now: Duration) -> Refusal {
        let crowded = self.are_others_fine(&ticket, now);
        let is_volley = ticket.cuts < self.cuts;
        let was_safe = ticket.among <= self.safe;
        let refusal = self.refusal(crowded);
        if ticket.accepted {
            // The host had accepted the request; some hosts cut off every long response.
            self.left(ticket);
            return refusal;
        }
        self.breaks.broke(crowded, ticket.number, self.begun);
        match self.breaks.meaning(self.succeeded) {
            Meaning::Unknown => {}
            Meaning::Refusal => {
                let refusal = self.refused(ticket, None, now);
                if !is_volley && refusal.paused.is_some() {
                    self.breaks.paused();
                }
                return refusal;
            }
            Meaning::Down => {
                self.left_refused(ticket);
                return Refusal {
                    down: true,
                    ..refusal
                };
            }
        }
        self.left_refused(ticket);
        self.accidents += 1;
        if crowded && (!was_safe || self.accidents >= BREAKS_AT_SAFE_LIMIT) {
            if was_safe {
                // The safe limit is safe no longer, and the new one is unknown.
                self.safe = (self.safe.min(self.live) * 3 / 4).max(1);
                self.limit = self.limit.min(self.safe + 1);
                self.accidents = 0;
            }
            self.lower(is_volley, now);
        }
        refusal
    }

    /// Checks whether the host has accepted another request in flight, or any request since this one began. Requests
    /// that are still unanswered get the benefit of the doubt for a while after the last success.
    pub(in crate::net::pace) fn are_others_fine(&self, ticket: &Ticket, now: Duration) -> bool {
        let own = usize::from(ticket.accepted);
        let has_agreed =
            self.live_accepted > own || self.accepted > ticket.accepted_before + own as u64;
        has_agreed || (self.live > 1 && now.saturating_sub(self.last_success) < SUCCESS_COUNTS_FOR)
    }

    fn left_refused(&mut self, ticket: Ticket) {
        self.left(ticket);
        self.round.clean = false;
        self.proven = 0;
    }

    /// Lowers the limit by one, but not below what is safe.
    fn lower(&mut self, is_volley: bool, now: Duration) {
        // The run's own limit may have kept this host below its limit, so the number actually in flight counts.
        let reached = match is_volley {
            true => self.limit,
            false => self.limit.min(self.round.most),
        };
        let floor = match self.about_rate {
            true => self.safe.max(MIN_PACED_LIMIT),
            false => self.safe,
        };
        self.limit = (reached.max(1) - 1).max(floor).min(self.limit);
        self.is_crowded = true;
        self.settle(now);
        if !is_volley {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.cuts += 1;
        self.since_cut = 0;
        self.volley = 0;
        self.doubtful = self.live - self.live_accepted;
    }
}
