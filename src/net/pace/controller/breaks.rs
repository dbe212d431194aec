//! Broken connections that are refusals: some hosts say nothing, and cut off what is one request too many.

/// What is known of the connections that broke before the host accepted the request.
#[derive(Debug, Default)]
pub(super) struct Breaks {
    /// Grows with each that broke since something was accepted.
    evidence: u32,
    /// Whether the host was found to refuse in this way.
    are_refusals: bool,
}

/// Three in a row with nothing beside them, at a host that accepted requests before, have a cause.
const ENOUGH: u32 = 6;
/// A host that is still unreachable after this many pauses refuses nothing: it is down.
const PAUSES: u32 = 6;

impl Breaks {
    /// Notes that the host accepted a request.
    pub(super) fn accepted(&mut self) {
        self.evidence = 0;
    }

    /// Notes that a connection broke for a reason of its own, not among others of a volley. Beside requests that may yet
    /// be accepted, that is half the evidence.
    pub(super) fn broke(&mut self, others_are_fine: bool) {
        self.evidence += if others_are_fine { 1 } else { 2 };
    }

    /// Checks whether a break is a refusal, where so many requests ever succeeded, and so many pauses followed since.
    pub(super) fn are_refusals(&mut self, succeeded: u64, pauses: u32) -> bool {
        self.are_refusals |= succeeded > 0 && self.evidence >= ENOUGH;
        self.are_refusals && pauses < PAUSES
    }
}
