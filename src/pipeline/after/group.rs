//! A program of the user's and everything that it has started. Ctrl-C at the terminal is handled by this program alone.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A program that has yet to start, is running, or is over.
#[derive(Clone, Debug, Default)]
pub(super) struct Group(Arc<Mutex<Stage>>);

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Before,
    /// The ID of the process that leads the group.
    Running(u32),
    Over,
}

/// How a program ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    /// Whether it was ended because it tried to use the terminal.
    pub(super) used_terminal: bool,
}

impl Group {
    /// Starts the program in a process group of its own; not if the group is already over.
    pub(super) fn spawn(&self, mut command: Command) -> io::Result<Option<Child>> {
        let mut stage = self.stage();
        if matches!(*stage, Stage::Over) {
            return Ok(None);
        }
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn()?;
        *stage = Stage::Running(child.id());
        Ok(Some(child))
    }

    /// Waits for its end. Blocks. The group is not in the foreground of the terminal, so a process that reads from the
    /// terminal is stopped by the system, and would be forever: it is ended.
    pub(super) fn wait(&self, child: &mut Child) -> io::Result<Ended> {
        let ended = waited(child);
        // Its process ID may be reused from now on.
        *self.stage() = Stage::Over;
        ended
    }

    /// Asks the whole group to end; a program that has not started yet will not start.
    pub(super) fn end(&self) {
        let stage = std::mem::replace(&mut *self.stage(), Stage::Over);
        #[cfg(unix)]
        if let Stage::Running(id) = stage
            && let Some(leader) = i32::try_from(id)
                .ok()
                .and_then(rustix::process::Pid::from_raw)
        {
            signal(leader, rustix::process::Signal::TERM);
        }
        #[cfg(not(unix))]
        drop(stage);
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(not(unix))]
fn waited(child: &mut Child) -> io::Result<Ended> {
    let status = child.wait()?;
    Ok(Ended {
        status,
        used_terminal: false,
    })
}

#[cfg(unix)]
fn waited(child: &mut Child) -> io::Result<Ended> {
    use std::os::unix::process::ExitStatusExt;

    use rustix::process::{Pid, Signal, WaitOptions, waitpid};

    let leader = Pid::from_child(child);
    let (input, output) = (Signal::TTIN.as_raw(), Signal::TTOU.as_raw());
    let mut used_terminal = false;
    loop {
        let waited = rustix::io::retry_on_intr(|| waitpid(Some(leader), WaitOptions::UNTRACED))?;
        let Some((_, status)) = waited else { continue };
        match status.stopping_signal() {
            None => {
                let status = ExitStatus::from_raw(status.as_raw());
                return Ok(Ended {
                    status,
                    used_terminal,
                });
            }
            Some(by) if by == input || by == output => {
                // A program that tries again does not end by itself.
                signal(
                    leader,
                    if used_terminal {
                        Signal::KILL
                    } else {
                        Signal::TERM
                    },
                );
                used_terminal = true;
            }
            // Whoever stops it by hand continues it by hand.
            Some(_) => {}
        }
    }
}

/// Sends a signal to a whole group, even if it is stopped.
#[cfg(unix)]
fn signal(leader: rustix::process::Pid, signal: rustix::process::Signal) {
    use rustix::process::{Signal, kill_process_group};
    for signal in [signal, Signal::CONT] {
        // If it has just ended, that is fine.
        let _ = kill_process_group(leader, signal);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::process::{Pid, WaitId, WaitIdOptions, getpgid, waitid};

    use super::*;

    #[test]
    fn terminal_signals_do_not_reach_command_groups() {
        let group = Group::default();
        let mut command = Command::new("sleep");
        command.arg("60");
        let mut child = group.spawn(command).unwrap().unwrap();
        let id = Pid::from_child(&child);
        assert_eq!(getpgid(Some(id)).unwrap(), id);
        group.end();
        let ended = group.wait(&mut child).unwrap();
        assert!(!ended.status.success() && !ended.used_terminal);
    }

    #[test]
    fn a_manually_stopped_command_is_waited_for() {
        let group = Group::default();
        let mut command = Command::new("sh");
        let goes_on = "(while kill -CONT $$ 2>&-; do sleep 0.01; done) &";
        let stops = format!("{goes_on} kill -STOP $$; exit 3");
        command.args(["-c", &stops]);
        let mut child = group.spawn(command).unwrap().unwrap();
        let ended = group.wait(&mut child).unwrap();
        assert_eq!((ended.status.code(), ended.used_terminal), (Some(3), false));
    }

    #[test]
    fn a_stopped_command_can_be_killed() {
        let group = Group::default();
        let mut command = Command::new("sh");
        command.args(["-c", "kill -STOP $$; exit 0"]);
        let mut child = group.spawn(command).unwrap().unwrap();
        let stopped = WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(Pid::from_child(&child)), stopped).unwrap();
        group.end();
        assert!(!group.wait(&mut child).unwrap().status.success());
    }

    #[test]
    fn no_command_is_started_after_the_end() {
        let group = Group::default();
        group.end();
        assert!(group.spawn(Command::new("sleep")).unwrap().is_none());
    }
}
