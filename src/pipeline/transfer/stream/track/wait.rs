//! How long a live track waits: in proportion to the segment length that its list states, which may be anything.

use std::time::Duration;

/// How long a live list may stand still: at least the first, and longer for long segments, which count as the second at
/// most.
const STALL: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(60));
/// The same for waiting for the last segments when a stream is left.
const LEAVE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(30));
/// The same for requesting a list that is gone.
const GONE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Returns how long a list with segments of this length may stand still.
pub(super) fn stall_limit(target: Duration) -> Duration {
    STALL.0.max(target.min(STALL.1) * 3)
}

/// Returns how long to wait for the last segments of a stream that is left.
pub(super) fn leave_limit(target: Duration) -> Duration {
    LEAVE.0.max(target.min(LEAVE.1) * 2)
}

/// Returns how long to keep requesting a list that is gone.
pub(super) fn gone_limit(target: Duration) -> Duration {
    GONE.0.max(target.min(GONE.1) * 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_list_makes_anybody_wait_for_long() {
        let table = [
            (0, [60, 5, 1]),
            (2, [60, 5, 6]),
            (10, [60, 20, 30]),
            (25, [75, 50, 75]),
            (86_400, [180, 60, 180]),
        ];
        for (target, expected) in table {
            let target = Duration::from_secs(target);
            let waits = [stall_limit(target), leave_limit(target), gone_limit(target)];
            assert_eq!(waits, expected.map(Duration::from_secs), "{target:?}");
        }
    }
}
