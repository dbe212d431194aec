//! Failures that are one: a folder that cannot be written fails for each file in the same way.

use std::collections::HashMap;

use crate::model::{Event, Failure, Kind, Outcome};

/// How often failures came that have one reason.
#[derive(Debug, Default)]
pub(super) struct Repeats(HashMap<String, u64>);

impl Repeats {
    /// Takes a failure in, and says whether it is the first of its kind.
    pub(super) fn is_first(&mut self, failure: &Failure) -> bool {
        let Some(key) = key(failure) else {
            return true;
        };
        let count = self.0.entry(key).or_default();
        *count += 1;
        *count == 1
    }

    /// Whether this event is a failure that was told already, of another item.
    pub(super) fn has_told(&mut self, event: &Event) -> bool {
        match event {
            Event::Ended {
                outcome: Outcome::Failed(failure),
                ..
            } => !self.is_first(failure),
            _ => false,
        }
    }

    /// How many came like this one, without it.
    pub(super) fn others(&self, failure: &Failure) -> u64 {
        let count = key(failure).and_then(|key| self.0.get(&key));
        count.map_or(0, |count| count - 1)
    }
}

/// What is the same in failures that have one reason: all but the names. Only the disk is the same for all; a server may
/// have its reasons for each file.
fn key(failure: &Failure) -> Option<String> {
    if failure.kind != Kind::Disk {
        return None;
    }
    let mut key = String::new();
    for text in std::iter::once(&failure.message).chain(&failure.causes) {
        key.extend(text.split('`').step_by(2));
        key.push('\n');
    }
    Some(key)
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
        assert_eq!(repeats.others(&disk("x", "it is full")), 2);
        assert_eq!(repeats.others(&disk("d", "it is old")), 0);
        for _ in 0..2 {
            let gone = failure(Kind::Missing, "it is gone");
            assert!(repeats.is_first(&gone));
            assert_eq!(repeats.others(&gone), 0);
        }
    }
}
