//! Ctrl-C, SIGTERM and SIGHUP: the first finishes what is in progress, the second stops at once.

use std::time::Duration;
use std::{process, thread};

use tokio::runtime::Runtime;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until};

use super::exit::INTERRUPTED;
use super::main::runtime;
use crate::model::Result;
use crate::pipeline::Stop;
use crate::report::Signals;

/// How long work in progress may take after SIGTERM or SIGHUP: SIGKILL soon follows, and no file that takes hours
/// is worth that.
const GRACE: Duration = Duration::from_secs(8);

/// How long the shutdown may take after everything was stopped: if stdout is not read, it would wait forever.
const LAST: Duration = Duration::from_secs(3);

/// Waits for signals and passes them on, on a thread of its own, since the others may be blocked by the work to be stopped.
/// The thread ends with the process.
///
/// # Errors
/// [`crate::model::Kind::Disk`] if it cannot start.
pub(super) fn watch(stop: &Stop, signals: &Signals) -> Result<()> {
    let runtime = runtime()?;
    let watching = run(stop.clone(), signals.clone());
    thread::spawn(move || runtime.block_on(watching));
    Ok(())
}

async fn run(stop: Stop, signals: Signals) {
    let mut terminations = Terminations::new();
    let mut count = 0;
    let mut end: Option<Instant> = None;
    loop {
        let over = async {
            match end {
                Some(end) => sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => {
                if pressed.is_err() {
                    return;
                }
            }
            // A live recording is lost unless it gets its final name, so it gets time for that.
            () = terminations.next() => {
                signals.terminated.cancel();
                end.get_or_insert(Instant::now() + GRACE);
            }
            () = over => {}
        }
        count += 1;
        signals.interrupted.cancel();
        stop.drain.cancel();
        if count >= 2 {
            stop.now.cancel();
            end = Some(Instant::now() + LAST);
        }
        if count >= 3 {
            // It should have ended by now. Files on disk can be resumed at any moment.
            process::exit(INTERRUPTED.into());
        }
    }
}

/// Does work that Ctrl-C may end at any moment. It is then dropped, along with its child processes, and the program exits.
pub(super) fn until_interrupted<T>(runtime: &Runtime, work: impl Future<Output = T>) -> T {
    let done = runtime.block_on(async {
        tokio::select! {
            biased;
            // If it cannot be awaited, it ends the program by default.
            Ok(()) = tokio::signal::ctrl_c() => None,
            () = async { Terminations::new().next().await } => None,
            done = work => Some(done),
        }
    });
    done.unwrap_or_else(|| process::exit(INTERRUPTED.into()))
}

/// The signals by which the system requests termination: on shutdown, or when the terminal is closed.
struct Terminations {
    #[cfg(unix)]
    terminate: Option<Signal>,
    #[cfg(unix)]
    hangup: Option<Signal>,
}

impl Terminations {
    fn new() -> Terminations {
        Terminations {
            #[cfg(unix)]
            terminate: signal(SignalKind::terminate()).ok(),
            // Under `nohup`, it must continue.
            #[cfg(unix)]
            hangup: (!ignores(SignalKind::hangup()))
                .then(|| signal(SignalKind::hangup()).ok())
                .flatten(),
        }
    }

    /// Waits for the next signal.
    async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            () = come(&mut self.terminate) => {}
            () = come(&mut self.hangup) => {}
        }
        #[cfg(not(unix))]
        std::future::pending().await
    }
}

#[cfg(unix)]
async fn come(signal: &mut Option<Signal>) {
    if let Some(signal) = signal
        && signal.recv().await.is_some()
    {
        return;
    }
    std::future::pending().await
}

/// Whether the program was started with this signal ignored; true if that is unknown.
#[cfg(unix)]
fn ignores(signal: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let ignored = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_none_or(|mask| (mask >> (signal.as_raw_value() - 1)) & 1 == 1)
}
