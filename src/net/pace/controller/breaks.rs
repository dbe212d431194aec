//! Broken connections that are refusals: some hosts say nothing, and cut off what is one request too many.

/// What is known of the connections that broke before the host accepted the request.
#[derive(Debug, Default)]
pub(super) struct Breaks {
    /// How many broke in a row while nothing else was accepted.
    alone: u32,
    /// Whether the host was found to refuse in this way.
    are_refusals: bool,
}

/// This many in a row, at a host that accepted requests before, have a cause.
const CAUSED: u32 = 3;
/// A host that is still unreachable after this many pauses refuses nothing: it is down.
const PAUSES: u32 = 6;

impl Breaks {
    /// Notes that the host accepted a request.
    pub(super) fn accepted(&mut self) {
        self.alone = 0;
    }

    /// Notes that a connection broke; returns whether that is a refusal. `others_are_fine` tells whether other requests
    /// are accepted, `succeeded` how many ever were, and `pauses` how many there have been since.
    pub(super) fn broke(&mut self, others_are_fine: bool, succeeded: u64, pauses: u32) -> bool {
        self.alone += u32::from(!others_are_fine);
        self.are_refusals |= succeeded > 0 && self.alone >= CAUSED;
        self.are_refusals && pauses < PAUSES
    }
}
