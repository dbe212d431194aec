//! What became of a file.

use crate::model::Error;
use crate::pipeline::archive::{Identity, Known};

/// What became of one file.
#[derive(Debug)]
pub struct Renamed {
    /// Whose it is; nobody's, if it was written of an album.
    pub identity: Option<Identity>,
    /// Where it was.
    pub old: String,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a file.
#[derive(Debug)]
pub enum Fate {
    /// It is here now, or would be.
    Moved(String),
    /// It is here now, and keeps a number that it was to lose, for this reason.
    Numbered(String, Error),
    /// It has its name already.
    Right,
    /// There is no such file.
    Absent,
    /// It stays where it is, for this reason.
    Stays(Error),
}

/// What became of a file, if it was on its way before: from where, and to where.
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
