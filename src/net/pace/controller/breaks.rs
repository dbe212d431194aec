//! Broken connections that are refusals: some hosts say nothing, and cut off what is one request too many.

/// What is known of the connections that broke before the host accepted the request.
#[derive(Debug, Default)]
pub(super) struct Breaks {
    /// Grows while they break and nothing is accepted.
    evidence: u32,
    /// How many requests had begun when that last grew.
    counted: u64,
    /// Whether the host was found to refuse in this way.
    are_refusals: bool,
    /// How many pauses of the host that led to, since something was accepted.
    pauses: u32,
}

/// What a broken connection means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing yet.
    Unknown,
    /// The host refuses the request.
    Refusal,
    /// The host is down.
    Down,
}

/// Three, one after the other, with nothing beside them, at a host that accepted requests before, have a cause.
const ENOUGH: u32 = 6;
/// A host that is still unreachable after this many pauses refuses nothing: it is down. Each pause is twice as long as the
/// one before: with the default `net.backoff`, this is a minute after it was last reached.
const PAUSES: u32 = 7;

impl Breaks {
    /// Notes that the host accepted a request.
    pub(super) fn accepted(&mut self) {
        self.evidence = 0;
        self.pauses = 0;
    }

    /// Notes that the connection of a request broke, which was the `number`th of `begun`. Those in flight together break
    /// together, and count once. Beside requests that may yet be accepted, that is half the evidence.
    pub(super) fn broke(&mut self, others_are_fine: bool, number: u64, begun: u64) {
        if number > self.counted {
            self.counted = begun;
            self.evidence += if others_are_fine { 1 } else { 2 };
        }
    }

    /// Notes that the host is paused for it.
    pub(super) fn paused(&mut self) {
        self.pauses += 1;
    }

    /// Returns what a break means, where so many requests have ever succeeded.
    pub(super) fn meaning(&mut self, succeeded: u64) -> Meaning {
        self.are_refusals |= succeeded > 0 && self.evidence >= ENOUGH;
        match self.are_refusals {
            true if self.pauses < PAUSES => Meaning::Refusal,
            true => Meaning::Down,
            false => Meaning::Unknown,
        }
    }
}
