//! The limits that the system sets the program, and what is done before they are met.

use tokio::runtime::Runtime;

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
