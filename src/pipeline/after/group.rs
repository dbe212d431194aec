//! A program of the user's with all that it has started. Ctrl-C at the terminal is for this program alone to follow.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A program that is to be started, is running, or is over.
#[derive(Clone, Debug, Default)]
pub(super) struct Group(Arc<Mutex<Stage>>);

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Before,
    /// The number of the process that leads it.
    Running(u32),
    Over,
}

impl Group {
    /// Starts the program as a group of its own; not if that is over already.
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

    /// Waits for its end. Blocks.
    pub(super) fn wait(&self, child: &mut Child) -> io::Result<ExitStatus> {
        let status = child.wait();
        // Its number may be another's now.
        *self.stage() = Stage::Over;
        status
    }

    /// Asks all of it to end; what was not started yet is not.
    pub(super) fn end(&self) {
        let stage = std::mem::replace(&mut *self.stage(), Stage::Over);
        #[cfg(unix)]
        if let Stage::Running(id) = stage
            && let Some(leader) = i32::try_from(id)
                .ok()
                .and_then(rustix::process::Pid::from_raw)
        {
            // That it has ended in this moment is as well.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::TERM);
        }
        #[cfg(not(unix))]
        drop(stage);
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::process::{Pid, getpgid};

    use super::*;

    #[test]
    fn what_comes_from_the_terminal_is_not_for_a_program_of_its_own_group() {
        let group = Group::default();
        let mut command = Command::new("sleep");
        command.arg("60");
        let mut child = group.spawn(command).unwrap().unwrap();
        let id = Pid::from_child(&child);
        assert_eq!(getpgid(Some(id)).unwrap(), id);
        group.end();
        assert!(!group.wait(&mut child).unwrap().success());
    }

    #[test]
    fn what_is_over_is_not_started() {
        let group = Group::default();
        group.end();
        assert!(group.spawn(Command::new("sleep")).unwrap().is_none());
    }
}
