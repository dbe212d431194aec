//! The outcome of renaming a file.

use crate::model::Error;
use crate::pipeline::archive::{Identity, Known};

/// The outcome of one file.
#[derive(Debug)]
pub struct Renamed {
    /// The identity of its item; `None` if it is a file of an album.
    pub identity: Option<Identity>,
    /// Its old path.
    pub old: String,
    /// What happened to it.
    pub outcome: RenameOutcome,
}

/// What happened to a file.
#[derive(Debug)]
pub enum RenameOutcome {
    /// It was, or would be, moved here.
    Moved(String),
    /// It was moved here, and keeps a number that it was to lose, for this reason.
    Numbered(String, Error),
    /// It already has its name.
    AlreadyNamed,
    /// The file does not exist.
    Absent,
    /// It stays where it is, for this reason.
    Stays(Error),
}

/// Combines two moves of the same file into one, from the first path to the last.
pub(super) fn in_one((old, here): (String, String), renamed: Renamed) -> Renamed {
    if renamed.old != here || old == here {
        return renamed;
    }
    let outcome = match renamed.outcome {
        RenameOutcome::Stays(error) => RenameOutcome::Numbered(here, error),
        outcome => outcome,
    };
    Renamed {
        old,
        outcome,
        ..renamed
    }
}

/// Builds the result for a known item.
pub(super) fn renamed(known: Known, old: String, outcome: RenameOutcome) -> Renamed {
    Renamed {
        identity: Some(known.identity),
        old,
        outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[test]
    fn two_step_renames_are_reported_as_one() {
        let described = |first: (&str, &str), old: &str, outcome: RenameOutcome| {
            let identity = Identity {
                source: "s".into(),
                key: "k".into(),
            };
            let old = old.to_owned();
            let renamed = Renamed {
                identity: Some(identity),
                old,
                outcome,
            };
            let renamed = in_one((first.0.into(), first.1.into()), renamed);
            let outcome = match renamed.outcome {
                RenameOutcome::Moved(new) => format!("moved {new}"),
                RenameOutcome::Numbered(here, error) => {
                    format!("numbered {here} {}", error.message)
                }
                RenameOutcome::Stays(error) => format!("stays {}", error.message),
                other => format!("{other:?}"),
            };
            format!("{} {outcome}", renamed.old)
        };
        let error = || RenameOutcome::Stays(Error::new(Kind::Disk, "no"));
        let moved = || RenameOutcome::Moved("new".into());
        let both = ("old", "new (2)");
        assert_eq!(described(both, "new (2)", moved()), "old moved new");
        assert_eq!(
            described(both, "new (2)", error()),
            "old numbered new (2) no"
        );
        assert_eq!(described(both, "old", error()), "old stays no");
        let there = ("new (2)", "new (2)");
        assert_eq!(described(there, "new (2)", moved()), "new (2) moved new");
        assert_eq!(described(there, "new (2)", error()), "new (2) stays no");
    }
}
