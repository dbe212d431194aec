//! Waits that are long enough to be reported.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::model::Event;

/// How long a wait has to be to be reported.
const LONG: Duration = Duration::from_secs(10);

/// Until when each host is waited for, of the waits that were reported.
#[derive(Debug, Default)]
pub(super) struct Waits(HashMap<String, Instant>);

impl Waits {
    /// Records a wait, and returns whether to report it: it is long, and no earlier one for that host is still going on.
    pub(super) fn should_report(&mut self, event: &Event, now: Instant) -> bool {
        let Event::Waiting { host, millis, .. } = event else {
            return false;
        };
        let wait = Duration::from_millis(*millis);
        if wait < LONG || self.0.get(host).is_some_and(|end| now < *end) {
            return false;
        }
        self.0.retain(|_, end| now < *end);
        if let Some(end) = now.checked_add(wait) {
            self.0.insert(host.clone(), end);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_wait_for_a_host_is_told_once() {
        let mut waits = Waits::default();
        let now = Instant::now();
        let mut should_report = |host: &str, wait: u64, after| {
            let event = Event::Waiting {
                id: None,
                host: host.into(),
                millis: wait * 1000,
                reason: "it asked us to".into(),
            };
            waits.should_report(&event, now + Duration::from_secs(after))
        };
        let table = [
            ("a.org", 9, 0, false),
            ("a.org", 10, 0, true),
            ("a.org", 60, 9, false),
            ("b.org", 60, 9, true),
            ("a.org", 60, 10, true),
            ("a.org", 60, 69, false),
        ];
        for (host, wait, after, expected) in table {
            assert_eq!(
                should_report(host, wait, after),
                expected,
                "{host} {wait} {after}"
            );
        }
        assert!(!waits.should_report(&Event::Complete, now));
    }
}
