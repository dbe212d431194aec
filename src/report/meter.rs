//! The download rate.

use std::collections::VecDeque;
use std::time::Duration;

/// The time over which the rate is averaged: long enough to be steady, short enough to be current.
const WINDOW: Duration = Duration::from_secs(5);

/// Measures bytes per second over the last few seconds.
#[derive(Debug, Default)]
pub(super) struct Meter {
    samples: VecDeque<(Duration, u64)>,
}

impl Meter {
    /// Records the total number of bytes at this time of the run.
    pub(super) fn note(&mut self, now: Duration, bytes: u64) {
        while self.samples.len() > 1 && self.samples[1].0 + WINDOW <= now {
            self.samples.pop_front();
        }
        self.samples.push_back((now, bytes));
    }

    /// Bytes per second, or none as long as that is unknown.
    pub(super) fn rate(&self) -> Option<u64> {
        let (first, last) = (self.samples.front()?, self.samples.back()?);
        let seconds = (last.0 - first.0).as_secs_f64();
        (seconds >= 0.5).then(|| (last.1.saturating_sub(first.1) as f64 / seconds) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_what_is_long_past() {
        let mut meter = Meter::default();
        assert_eq!(meter.rate(), None);
        for tenth in 0..200u64 {
            // 1,000 bytes per second for ten seconds, then nothing.
            meter.note(Duration::from_millis(tenth * 100), tenth.min(100) * 100);
            match tenth {
                50 => assert_eq!(meter.rate(), Some(1000)),
                125 => assert_eq!(meter.rate(), Some(500)),
                199 => assert_eq!(meter.rate(), Some(0)),
                _ => {}
            }
        }
        assert!(meter.samples.len() < 60, "{}", meter.samples.len());
    }
}
