//! Finds other installed programs, runs them with few privileges, and ends them with everything that they have started.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::{Child, Command};

/// The resource limits of a program, if the system can enforce them.
#[cfg(target_os = "linux")]
const LIMITS: &[(rustix::process::Resource, u64)] = &[
    (rustix::process::Resource::Core, 0),
    // Seconds of CPU time.
    (rustix::process::Resource::Cpu, 3600),
    (rustix::process::Resource::Data, 4 << 30),
    // Enough for a cache or a few objects; it writes nothing else.
    (rustix::process::Resource::Fsize, 256 << 20),
    (rustix::process::Resource::Nofile, 256),
];

/// The age at which a folder counts as left behind by a killed run.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// Finds an installed program: only in the absolute folders of `PATH`, so that the result does not depend on the current
/// folder.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let mut folders = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    folders.find_map(|folder| Some(folder.join(&name)).filter(|file| file.is_file()))
}

/// Clears a program's environment except for these variables. If the user has set a proxy, it replaces all proxy variables.
pub fn restrict_environment(command: &mut Command, names: &[&str], proxy: Option<&str>) {
    command.env_clear();
    for name in names {
        let is_proxy_variable = name.to_ascii_lowercase().ends_with("_proxy");
        let value = std::env::var_os(name).filter(|_| proxy.is_none() || !is_proxy_variable);
        command.envs(value.map(|value| (name, value)));
    }
    // Not as an argument: everybody on the machine can see arguments, and the proxy may have a password.
    for name in ["all_proxy", "http_proxy", "https_proxy"] {
        command.envs(proxy.map(|proxy| (name, proxy)));
    }
}

/// Removes the program folders that killed runs of this user have left behind.
pub fn remove_stale_folders(folder: &Path, is_candidate: impl Fn(&str) -> bool) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_candidate = entry.file_name().to_str().is_some_and(&is_candidate);
        // For a symbolic link, this is the metadata of the link itself.
        let about = entry.metadata().ok();
        let Some(about) = about.filter(|about| is_candidate && about.is_dir()) else {
            continue;
        };
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::uid(&about) != rustix::process::geteuid().as_raw() {
            continue;
        }
        let age = about.modified().ok().and_then(|time| time.elapsed().ok());
        if age.is_some_and(|age| age > STALE) {
            // Another process that sweeps at the same time may be faster.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// A running program. Dropping it kills the program and everything that it has started.
#[derive(Debug)]
pub struct RunningProgram {
    /// The program itself.
    pub process: Child,
    /// Its process group, kept here since the processes it has started may outlive it.
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
}

impl RunningProgram {
    /// Starts a program, and sets its resource limits.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(command: &mut Command) -> io::Result<RunningProgram> {
        command.kill_on_drop(true);
        // Ctrl-C must reach only us; we end the program when the time has come.
        #[cfg(unix)]
        command.process_group(0);
        let process = command.spawn()?;
        #[cfg(unix)]
        let group = process
            .id()
            .and_then(|id| rustix::process::Pid::from_raw(id.try_into().ok()?));
        #[cfg(target_os = "linux")]
        limit(group);
        Ok(RunningProgram {
            process,
            #[cfg(unix)]
            group,
        })
    }

    /// Kills the program and everything that it has started.
    pub fn kill(&self) {
        // This fails if the processes have already ended.
        #[cfg(unix)]
        if let Some(group) = self.group {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

impl Drop for RunningProgram {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sets the resource limits of a program. It is already running by then, but has not got far.
#[cfg(target_os = "linux")]
fn limit(process: Option<rustix::process::Pid>) {
    for (resource, most) in LIMITS {
        let limit = rustix::process::Rlimit {
            current: Some(*most),
            maximum: Some(*most),
        };
        // This fails if our own limits are lower; then they apply to the program as well.
        let _ = rustix::process::prlimit(process, *resource, limit);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Stdio;

    use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn processes_started_by_a_program_are_killed_with_it() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "sleep 600 & echo begun; wait"]);
        let mut running = RunningProgram::start(command.stdout(Stdio::piped())).unwrap();
        let mut output = BufReader::new(running.process.stdout.take().unwrap());
        output.read_line(&mut String::new()).await.unwrap();
        drop(running);
        // The pipe stays open as long as one of the processes lives.
        let mut rest = Vec::new();
        let end = output.read_to_end(&mut rest);
        timeout(Duration::from_secs(60), end)
            .await
            .unwrap()
            .unwrap();
    }
}
