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
    pub fate: Fate,
}

/// What happened to a file.
#[derive(Debug)]
pub enum Fate {
    /// It was, or would be, moved here.
    Moved(String),
    /// It was moved here, and keeps a number that it was to lose, for this reason.
    Numbered(String, Error),
    /// It already has its name.
    Right,
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
    let fate = match renamed.fate {
        Fate::Stays(error) => Fate::Numbered(here, error),
        fate => fate,
    };
    Renamed {
        old,
        fate,
        ..renamed
    }
}

pub(super) fn told(known: Known, old: String, fate: Fate) -> Renamed {
    Renamed {
        identity: Some(known.identity),
        old,
        fate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[test]
    fn two_steps_are_told_as_one_and_a_second_that_fails_is_no_success() {
        let told = |first: (&str, &str), old: &str, fate: Fate| {
            let identity = Identity {
                source: "s".into(),
                key: "k".into(),
            };
            let old = old.to_owned();
            let renamed = Renamed {
                identity: Some(identity),
                old,
                fate,
            };
            let renamed = in_one((first.0.into(), first.1.into()), renamed);
            let fate = match renamed.fate {
                Fate::Moved(new) => format!("moved {new}"),
                Fate::Numbered(here, error) => format!("numbered {here} {}", error.message),
                Fate::Stays(error) => format!("stays {}", error.message),
                other => format!("{other:?}"),
            };
            format!("{} {fate}", renamed.old)
        };
        let error = || Fate::Stays(Error::new(Kind::Disk, "no"));
        let moved = || Fate::Moved("new".into());
        let both = ("old", "new (2)");
        assert_eq!(told(both, "new (2)", moved()), "old moved new");
        assert_eq!(told(both, "new (2)", error()), "old numbered new (2) no");
        assert_eq!(told(both, "old", error()), "old stays no");
        let there = ("new (2)", "new (2)");
        assert_eq!(told(there, "new (2)", moved()), "new (2) moved new");
        assert_eq!(told(there, "new (2)", error()), "new (2) stays no");
    }
}
