//! Measures how long a script has computed, and ends it when that is too long.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mlua::VmState;

/// How many interrupt calls pass between two checks of the clock.
const EVERY: u32 = 256;
/// How often a dead script is made to yield, which no `pcall` catches, before it gets an error instead. Inside library
/// functions of the VM a yield is ignored.
const YIELDS: u32 = 3;

/// The clock of a run. It belongs to the VM's thread.
#[derive(Debug)]
pub(super) struct Clock {
    limit: Duration,
    began: Duration,
    calls: Cell<u32>,
    dead: Cell<Option<Death>>,
    interrupted: Cell<u32>,
    /// Set when nobody waits for the script any more.
    abandoned: Arc<AtomicBool>,
}

/// Why a script was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Death {
    /// It computed for too long.
    Time,
    /// Its results are no longer wanted.
    Closed,
}

impl Clock {
    /// Starts the clock, in the VM's thread.
    pub(super) fn start(limit: Duration, abandoned: Arc<AtomicBool>) -> Clock {
        Clock {
            limit,
            began: computed(),
            calls: Cell::new(0),
            dead: Cell::new(None),
            interrupted: Cell::new(0),
            abandoned,
        }
    }

    /// Returns why the script was ended, if it was.
    pub(super) fn death(&self) -> Option<Death> {
        self.dead.get()
    }

    /// Ends the script at its next step, permanently.
    pub(super) fn kill(&self, death: Death) {
        if self.dead.get().is_none() {
            self.dead.set(Some(death));
        }
    }

    /// Checks the clock. Host functions that take long call this themselves.
    ///
    /// # Errors
    /// Time is up.
    pub(super) fn check(&self) -> mlua::Result<()> {
        if self.abandoned.load(Ordering::Relaxed) {
            self.kill(Death::Closed);
        } else if computed().saturating_sub(self.began) > self.limit {
            self.kill(Death::Time);
        }
        match self.dead.get() {
            // The error has no text: making one could need memory that is not available.
            Some(_) => Err(mlua::Error::RuntimeError(String::new())),
            None => Ok(()),
        }
    }

    /// The VM's interrupt handler, called at every loop and call. Once the script is dead, every call reports that;
    /// otherwise a `pcall` in a loop would go on forever.
    pub(super) fn interrupt(&self) -> mlua::Result<VmState> {
        if self.dead.get().is_none() {
            let calls = self.calls.get().wrapping_add(1);
            self.calls.set(calls);
            if !calls.is_multiple_of(EVERY) || self.check().is_ok() {
                return Ok(VmState::Continue);
            }
        }
        let interrupted = self.interrupted.get().saturating_add(1);
        self.interrupted.set(interrupted);
        match interrupted <= YIELDS {
            true => Ok(VmState::Yield),
            false => Err(mlua::Error::RuntimeError(String::new())),
        }
    }
}

/// Returns the CPU time used by this thread.
#[cfg(unix)]
fn computed() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// On platforms without a per-thread clock, wall time stands in.
#[cfg(not(unix))]
fn computed() -> Duration {
    static BEGAN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    BEGAN.get_or_init(std::time::Instant::now).elapsed()
}
