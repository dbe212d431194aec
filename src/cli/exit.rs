//! Exit codes of the program.

use crate::model::Kind;
use crate::report::Summary;

/// Success.
pub(super) const SUCCESS: u8 = 0;
/// A bug in this program.
pub(super) const BUG: u8 = 1;
/// Usage or configuration error.
pub(super) const USAGE: u8 = 2;
/// Some failed.
pub(super) const PARTIAL: u8 = 3;
/// Nothing succeeded.
pub(super) const FAILED: u8 = 4;
/// Disk error.
const DISK: u8 = 8;
/// The job is already running, or another process uses the folder to be moved, or renames files in it.
pub(super) const IN_USE: u8 = 9;
/// Interrupted by the user.
pub(super) const INTERRUPTED: u8 = 130;

/// The code of an error that ends the program.
pub(super) fn of_error(kind: Kind) -> u8 {
    of_class(class(kind)).unwrap_or(FAILED)
}

/// The code of a run, which may have ended with an error of this kind.
pub(super) fn of_run(summary: &Summary, end: Option<Kind>) -> u8 {
    if summary.interrupted {
        return INTERRUPTED;
    }
    // A run whose output was closed ends with this kind, which is no failure.
    let end = end.filter(|kind| *kind != Kind::Closed);
    let mut classes: Vec<Class> = summary.kinds().chain(end).map(class).collect();
    classes.sort();
    classes.dedup();
    match classes.as_slice() {
        [] if !summary.missed.is_empty() => PARTIAL,
        [] => SUCCESS,
        classes if classes.contains(&Class::Disk) => DISK,
        _ if end.is_none() && summary.succeeded() > 0 => PARTIAL,
        [class] => of_class(*class).unwrap_or(FAILED),
        _ => FAILED,
    }
}

/// The code of several runs.
pub(super) fn of_runs(codes: &[u8]) -> u8 {
    let has = |code| codes.contains(&code);
    match codes {
        [] => SUCCESS,
        _ if has(INTERRUPTED) => INTERRUPTED,
        _ if has(DISK) => DISK,
        [first, rest @ ..] if rest.iter().all(|code| code == first) => *first,
        _ if has(SUCCESS) || has(PARTIAL) => PARTIAL,
        _ => FAILED,
    }
}

/// Kinds of errors that share an exit code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Config,
    Unsupported,
    Login,
    Refused,
    Disk,
    Other,
}

fn class(kind: Kind) -> Class {
    match kind {
        Kind::Config => Class::Config,
        Kind::Unsupported => Class::Unsupported,
        Kind::Login => Class::Login,
        Kind::Blocked | Kind::Busy => Class::Refused,
        Kind::Disk => Class::Disk,
        Kind::Missing
        | Kind::Expired
        | Kind::Network
        | Kind::Changed
        | Kind::Corrupt
        | Kind::Closed => Class::Other,
    }
}

fn of_class(class: Class) -> Option<u8> {
    match class {
        Class::Config => Some(USAGE),
        Class::Unsupported => Some(5),
        Class::Login => Some(6),
        Class::Refused => Some(7),
        Class::Disk => Some(DISK),
        Class::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Skip;

    #[test]
    fn each_end_has_its_code() {
        use Kind::*;
        // Saved, skipped, failed items, failed links, the error at the end, the code.
        type Row = (u64, u64, &'static [Kind], &'static [Kind], Option<Kind>, u8);
        let table: [Row; 25] = [
            (0, 0, &[], &[], None, 0),
            (3, 0, &[], &[], None, 0),
            (0, 3, &[], &[], None, 0),
            (3, 0, &[], &[], Some(Closed), 0),
            (3, 0, &[Missing], &[], None, 3),
            (0, 1, &[Missing], &[], None, 3),
            (1, 0, &[], &[Unsupported], None, 3),
            (1, 0, &[], &[Config], None, 3),
            (0, 0, &[Missing], &[], None, 4),
            (0, 0, &[Network, Corrupt], &[], None, 4),
            (0, 0, &[Login], &[Unsupported], None, 4),
            (0, 0, &[], &[Config, Missing], None, 4),
            (0, 0, &[], &[Unsupported], None, 5),
            (0, 0, &[Login], &[], None, 6),
            (0, 0, &[Login], &[Login], None, 6),
            (0, 0, &[Blocked], &[], None, 7),
            (0, 0, &[Busy], &[Blocked], None, 7),
            (0, 0, &[], &[Config], None, 2),
            (0, 0, &[], &[], Some(Config), 2),
            (5, 0, &[], &[], Some(Network), 4),
            (5, 0, &[Disk], &[], None, 8),
            (5, 0, &[Missing, Disk], &[], None, 8),
            (0, 0, &[], &[], Some(Disk), 8),
            (5, 0, &[Missing], &[], Some(Disk), 8),
            (5, 0, &[], &[Login], Some(Closed), 3),
        ];
        for row in table {
            let (saved, skipped, failed, links_failed, end, code) = row;
            let counts = |kinds: &[Kind]| kinds.iter().map(|kind| (*kind, 1)).collect();
            let mut summary = Summary::default();
            summary.saved = saved;
            summary.failed = counts(failed);
            summary.links_failed = counts(links_failed);
            if skipped > 0 {
                summary.skipped.insert(Skip::Present, skipped);
            }
            assert_eq!(of_run(&summary, end), code, "{row:?}");
            summary.interrupted = true;
            assert_eq!(of_run(&summary, end), 130, "{row:?}");
        }
    }

    #[test]
    fn several_runs_have_one_code() {
        let table: [(&[u8], u8); 11] = [
            (&[], 0),
            (&[0], 0),
            (&[0, 0], 0),
            (&[4, 4], 4),
            (&[9], 9),
            (&[0, 9], 3),
            (&[4, 6], 4),
            (&[3, 6], 3),
            (&[2, 0], 3),
            (&[0, 8, 4], 8),
            (&[0, 8, 130], 130),
        ];
        for (codes, expected) in table {
            assert_eq!(of_runs(codes), expected, "{codes:?}");
        }
    }

    #[test]
    fn an_error_before_the_run_has_the_code_of_its_kind() {
        let table = [
            (Kind::Config, 2),
            (Kind::Unsupported, 5),
            (Kind::Login, 6),
            (Kind::Blocked, 7),
            (Kind::Disk, 8),
            (Kind::Network, 4),
        ];
        for (kind, code) in table {
            assert_eq!(of_error(kind), code);
        }
    }
}
