//! System limits for this process: raising them, and staying below them.

use tokio::runtime::Runtime;

use crate::model::Result;
#[cfg(unix)]
use crate::model::{Error, Kind};

/// More open files than any run needs.
#[cfg(unix)]
const OPEN: u64 = 8192;

/// Raises the soft limit on open files, which is low only for programs that cannot handle many.
#[cfg(unix)]
pub(super) fn raise() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(OPEN).min(OPEN);
    if limit.current.is_some_and(|current| current < most) {
        limit.current = Some(most);
        // If this fails, the program works within the current limit.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

/// Files that are open in any case: the archive, its log, and those for waiting on the network.
#[cfg(unix)]
const BASE: u64 = 24;
/// Files for each connection, with the folder that it writes to.
#[cfg(unix)]
const EACH: u64 = 4;

/// Lowers the wanted number of connections to what the limit on open files allows.
///
/// # Errors
/// [`Kind::Disk`] if it does not allow even one.
#[cfg(unix)]
pub(super) fn connections(wanted: usize) -> Result<usize> {
    use rustix::process::{Resource, getrlimit};
    let Some(most) = getrlimit(Resource::Nofile).current else {
        return Ok(wanted);
    };
    let Some(rest) = most.checked_sub(BASE) else {
        let message = format!("only {most} files may be open at once, but {BASE} are needed");
        return Err(Error::new(Kind::Disk, message).hint("`ulimit -n 1024` allows more"));
    };
    let may_be = usize::try_from(rest / EACH).unwrap_or(usize::MAX);
    Ok(wanted.min(may_be.max(1)))
}

#[cfg(not(unix))]
pub(super) fn connections(wanted: usize) -> Result<usize> {
    Ok(wanted)
}

/// Makes exceeding the file size limit an error, instead of killing the program with SIGXFSZ.
#[cfg(unix)]
pub(super) fn survive(runtime: &Runtime) {
    use rustix::process::Signal;
    use tokio::signal::unix::{SignalKind, signal};
    let _runtime = runtime.enter();
    // Once registered, the handler stays. Child processes do not inherit it.
    drop(signal(SignalKind::from_raw(Signal::XFSZ.as_raw())));
}

#[cfg(not(unix))]
pub(super) fn raise() {}

#[cfg(not(unix))]
pub(super) fn survive(_: &Runtime) {}
