//! Other programs that are installed: found, started with little, and ended with all that they have started.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::{Child, Command};

/// What a program may use at the most, where the system can hold it to that.
#[cfg(target_os = "linux")]
const LIMITS: &[(rustix::process::Resource, u64)] = &[
    (rustix::process::Resource::Core, 0),
    // Seconds of a processor.
    (rustix::process::Resource::Cpu, 3600),
    (rustix::process::Resource::Data, 4 << 30),
    // It keeps a cache or a few objects, and writes nothing else.
    (rustix::process::Resource::Fsize, 256 << 20),
    (rustix::process::Resource::Nofile, 256),
];

/// So old is a folder that a run which was killed has left behind.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// The program of this name, if it is installed: in the folders of `PATH` that are absolute, so that it does not depend on
/// the folder that the user happens to be in.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let mut folders = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    folders.find_map(|folder| Some(folder.join(&name)).filter(|file| file.is_file()))
}

/// Leaves a program nothing of the environment but these, and the proxy that the user has set: then that one alone.
pub fn leave(command: &mut Command, names: &[&str], proxy: Option<&str>) {
    command.env_clear();
    for name in names {
        let is_of_proxies = name.to_ascii_lowercase().ends_with("_proxy");
        let value = std::env::var_os(name).filter(|_| proxy.is_none() || !is_of_proxies);
        command.envs(value.map(|value| (name, value)));
    }
    // Not as an argument: those are seen by everybody on the machine, and it may have a password.
    for name in ["all_proxy", "http_proxy", "https_proxy"] {
        command.envs(proxy.map(|proxy| (name, proxy)));
    }
}

/// Removes the folders of programs that runs which were killed have left behind, as far as they are one's own.
pub fn sweep_rooms(folder: &Path, is_room: impl Fn(&str) -> bool) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_room = entry.file_name().to_str().is_some_and(&is_room);
        // Of a link, this is the link's own.
        let about = entry.metadata().ok();
        let Some(about) = about.filter(|about| is_room && about.is_dir()) else {
            continue;
        };
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::uid(&about) != rustix::process::geteuid().as_raw() {
            continue;
        }
        let age = about.modified().ok().and_then(|time| time.elapsed().ok());
        if age.is_some_and(|age| age > STALE) {
            // Whoever else sweeps at the same time may be there first.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// A program at work. Dropping it ends it, and what it has started.
#[derive(Debug)]
pub struct Running {
    /// The program itself.
    pub process: Child,
    /// By its own number, since what it has started may outlive it.
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
}

impl Running {
    /// Starts it, and holds it to what it may use.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(command: &mut Command) -> io::Result<Running> {
        command.kill_on_drop(true);
        // Ctrl-C is for us, who end it when the time has come.
        #[cfg(unix)]
        command.process_group(0);
        let process = command.spawn()?;
        #[cfg(unix)]
        let group = process
            .id()
            .and_then(|id| rustix::process::Pid::from_raw(id.try_into().ok()?));
        #[cfg(target_os = "linux")]
        limit(group);
        Ok(Running {
            process,
            #[cfg(unix)]
            group,
        })
    }

    /// Ends it and what it has started.
    pub fn kill(&self) {
        // Whatever is over already cannot be ended.
        #[cfg(unix)]
        if let Some(group) = self.group {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Holds it to what it may use. It has begun by then, and has not come far.
#[cfg(target_os = "linux")]
fn limit(process: Option<rustix::process::Pid>) {
    for (resource, most) in LIMITS {
        let limit = rustix::process::Rlimit {
            current: Some(*most),
            maximum: Some(*most),
        };
        // The system may hold us to less, and then it as well.
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
    async fn what_it_has_started_ends_with_it() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "sleep 600 & echo begun; wait"]);
        let mut running = Running::start(command.stdout(Stdio::piped())).unwrap();
        let mut said = BufReader::new(running.process.stdout.take().unwrap());
        said.read_line(&mut String::new()).await.unwrap();
        drop(running);
        // As long as one of them is there, the pipe has no end.
        let mut rest = Vec::new();
        let end = said.read_to_end(&mut rest);
        timeout(Duration::from_secs(60), end)
            .await
            .unwrap()
            .unwrap();
    }
}
