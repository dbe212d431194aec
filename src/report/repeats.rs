//! Failures with a common cause: a folder that cannot be written to fails for each file in the same way.

use std::collections::HashSet;

use crate::model::{Event, Failure, Kind, Outcome};

/// The reasons that were reported.
#[derive(Debug, Default)]
pub(super) struct Repeats(HashSet<String>);

impl Repeats {
    /// Records a failure, and returns whether it is the first with its reason.
    pub(super) fn is_first(&mut self, failure: &Failure) -> bool {
        reason(failure).is_none_or(|reason| self.0.insert(reason))
    }

    /// Whether this event is a failure that was reported already for another item.
    pub(super) fn is_repeat(&mut self, event: &Event) -> bool {
        match event {
            Event::Ended {
                outcome: Outcome::Failed(failure),
                ..
            } => !self.is_first(failure),
            _ => false,
        }
    }
}

/// The text that failures with a common reason share: everything but the names. Only disk failures have one; a server may
/// have different reasons for each file.
pub(super) fn reason(failure: &Failure) -> Option<String> {
    if failure.kind != Kind::Disk {
        return None;
    }
    let mut reason = String::new();
    for text in std::iter::once(&failure.message).chain(&failure.causes) {
        reason.extend(text.split('`').step_by(2));
        reason.push('\n');
    }
    Some(reason)
}

#[cfg(test)]
mod tests {
    use super::super::summary::tests::failure;
    use super::*;

    #[test]
    fn only_the_disk_fails_for_all_in_one_way() {
        let mut repeats = Repeats::default();
        let disk = |name: &str, cause: &str| {
            let mut failure = failure(Kind::Disk, &format!("cannot write `{name}`"));
            failure.causes = vec![cause.to_owned()];
            failure
        };
        assert!(repeats.is_first(&disk("a", "it is full")));
        assert!(!repeats.is_first(&disk("b", "it is full")));
        assert!(!repeats.is_first(&disk("c", "it is full")));
        assert!(repeats.is_first(&disk("d", "it is old")));
        for _ in 0..2 {
            let gone = failure(Kind::Missing, "it is gone");
            assert!(repeats.is_first(&gone));
        }
    }
}
