//! Tells hosts that refuse whatever comes too soon from those that always refuse the same requests.

/// The outcomes of retrying requests that were refused without a Retry-After.
#[derive(Debug, Default)]
pub(super) struct Same {
    let_in: u32,
    refused: u32,
}

/// The minimum number of refusals that mean anything.
const ENOUGH: u32 = 4;
/// This many more must be refused for each one accepted. A host that cares about how it is asked accepts most retries.
const FOR_EACH: u32 = 4;

impl Same {
    /// Notes that a retry was accepted.
    pub(super) fn let_in(&mut self) {
        self.let_in = self.let_in.saturating_add(1);
    }

    /// Notes that a retry was refused, though other requests were accepted in the meantime.
    pub(super) fn refused(&mut self) {
        self.refused = self.refused.saturating_add(1);
    }

    /// Checks whether it is always the same requests that are refused, which says nothing about how the host is asked.
    pub(super) fn is_it(&self) -> bool {
        self.refused >= self.let_in.saturating_mul(FOR_EACH).saturating_add(ENOUGH)
    }
}
