//! Tells hosts that refuse whatever comes too soon from those that always refuse the same requests.

/// The outcomes of retrying requests that were refused without a Retry-After.
#[derive(Debug, Default)]
pub(super) struct RepeatRefusals {
    accepted: u32,
    refused: u32,
}

/// The minimum number of refusals that mean anything.
const MIN_REFUSED: u32 = 4;
/// This many more must be refused for each one accepted. A host that cares about how it is asked accepts most retries.
const REFUSED_PER_ACCEPTED: u32 = 4;

impl RepeatRefusals {
    /// Notes that a retry was accepted.
    pub(super) fn accepted(&mut self) {
        self.accepted = self.accepted.saturating_add(1);
    }

    /// Notes that a retry was refused, though other requests were accepted in the meantime.
    pub(super) fn refused(&mut self) {
        self.refused = self.refused.saturating_add(1);
    }

    /// Checks whether it is always the same requests that are refused, which says nothing about how the host is asked.
    pub(super) fn are_for_same_requests(&self) -> bool {
        self.refused
            >= self
                .accepted
                .saturating_mul(REFUSED_PER_ACCEPTED)
                .saturating_add(MIN_REFUSED)
    }
}
