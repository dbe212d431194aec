//! The limits that the system sets the program, and what is done before they are met.

use tokio::runtime::Runtime;

use crate::model::Result;
#[cfg(unix)]
use crate::model::{Error, Kind};

/// As many files as anybody needs open at once.
#[cfg(unix)]
const OPEN: u64 = 8192;

/// Lets the program open as many files as it may: what is set at first is for programs that cannot take many.
#[cfg(unix)]
pub(super) fn raise() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(OPEN).min(OPEN);
    if limit.current.is_some_and(|current| current < most) {
        limit.current = Some(most);
        // Without, it does with what there is.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

/// So many files are open whatever is fetched: the archive, its log, and what waits for the network.
#[cfg(unix)]
const BASE: u64 = 24;
/// So many more for each connection, with the folder that it leads to.
#[cfg(unix)]
const EACH: u64 = 4;

/// How many connections there may be of those that are wanted.
///
/// # Errors
/// [`Kind::Disk`] if not even one may.
#[cfg(unix)]
pub(super) fn connections(wanted: usize) -> Result<usize> {
    use rustix::process::{Resource, getrlimit};
    let Some(most) = getrlimit(Resource::Nofile).current else {
        return Ok(wanted);
    };
    let Some(rest) = most.checked_sub(BASE) else {
        let message = format!("only {most} files may be open at once, and {BASE} have to be");
        return Err(Error::new(Kind::Disk, message).hint("`ulimit -n 1024` allows more"));
    };
    let may_be = usize::try_from(rest / EACH).unwrap_or(usize::MAX);
    Ok(wanted.min(may_be.max(1)))
}

#[cfg(not(unix))]
pub(super) fn connections(wanted: usize) -> Result<usize> {
    Ok(wanted)
}

/// Sees to it that a file which grows too long is an error, where it would end the program without a word.
#[cfg(unix)]
pub(super) fn survive(runtime: &Runtime) {
    use rustix::process::Signal;
    use tokio::signal::unix::{SignalKind, signal};
    let _runtime = runtime.enter();
    // Whoever has listened once gets the signal for good. The programs that are started from here do not.
    drop(signal(SignalKind::from_raw(Signal::XFSZ.as_raw())));
}

#[cfg(not(unix))]
pub(super) fn raise() {}

#[cfg(not(unix))]
pub(super) fn survive(_: &Runtime) {}
