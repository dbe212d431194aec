//! Ctrl-C: once to finish what has begun, twice to stop at once.

use std::process;

use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::exit::INTERRUPTED;
use crate::pipeline::Stop;

/// Waits for signals and hands them on, for as long as the runtime lives.
pub(super) async fn watch(stop: Stop, interrupted: CancellationToken) {
    let terminated = terminated();
    tokio::pin!(terminated);
    let mut count = 0;
    loop {
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => {
                if pressed.is_err() {
                    return;
                }
                count += 1;
            }
            // Whoever sends this waits a few seconds before he sends worse.
            () = &mut terminated, if count < 2 => count = 2,
        }
        interrupted.cancel();
        stop.drain.cancel();
        if count >= 2 {
            stop.now.cancel();
        }
        if count >= 3 {
            // It should have ended by now. What is on the disk is fit to be resumed at any moment.
            process::exit(INTERRUPTED.into());
        }
    }
}

/// Does what Ctrl-C may end at any moment. Then it is dropped, with the programs that it has started, and so ends this one.
pub(super) fn until_interrupted<T>(runtime: &Runtime, work: impl Future<Output = T>) -> T {
    let done = runtime.block_on(async {
        tokio::select! {
            biased;
            // Where it cannot be waited for, it ends the program as it always does.
            Ok(()) = tokio::signal::ctrl_c() => None,
            () = terminated() => None,
            done = work => Some(done),
        }
    });
    done.unwrap_or_else(|| process::exit(INTERRUPTED.into()))
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
