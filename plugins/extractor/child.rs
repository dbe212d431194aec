//! Another program at work: started with little, bounded in what it says and how long it is silent, and gone when nobody
//! waits for it.

use std::ffi::OsString;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use fetch::model::{Error, Kind, Result};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::room::Room;
use super::said;

/// What it gets of the environment: where things are, the language, and what leads to the network.
const ENVIRONMENT: &[&str] = &[
    "ALL_PROXY",
    "APPDATA",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LOCALAPPDATA",
    "LOGNAME",
    "NO_PROXY",
    "PATH",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "SystemRoot",
    "TMPDIR",
    "TZ",
    "USER",
    "USERPROFILE",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];
/// And what it gets beside that: to say at once what it has to say, in UTF-8 and without colour.
const TOLD: &[(&str, &str)] = &[
    ("NO_COLOR", "1"),
    ("PYTHONIOENCODING", "utf-8"),
    ("PYTHONUNBUFFERED", "1"),
    ("TERM", "dumb"),
];

/// The most bytes of all that it says, and those of its last complaints that are kept.
const SAYS: u64 = 1 << 30;
const COMPLAINT: usize = 8 << 10;
/// As much is read of a file that it leaves.
const LEFT: u64 = 4 << 20;

/// What a program may use at the most, where the system can hold it to that.
#[cfg(target_os = "linux")]
const LIMITS: &[(rustix::process::Resource, u64)] = &[
    (rustix::process::Resource::Core, 0),
    // Seconds of a processor.
    (rustix::process::Resource::Cpu, 3600),
    (rustix::process::Resource::Data, 4 << 30),
    // It keeps a cache, and writes nothing else.
    (rustix::process::Resource::Fsize, 256 << 20),
    (rustix::process::Resource::Nofile, 256),
];

/// What is to be run.
pub(super) struct Task<'a> {
    pub(super) name: &'static str,
    pub(super) program: &'a Path,
    pub(super) args: Vec<OsString>,
    /// The proxy that the user has set.
    pub(super) proxy: Option<&'a str>,
    pub(super) room: Room,
    /// How long it may say nothing.
    pub(super) patience: Duration,
    /// The longest line.
    pub(super) longest: usize,
}

/// A program at work. Dropping it ends it, and what it has started.
#[derive(Debug)]
pub(super) struct Child {
    name: &'static str,
    process: tokio::process::Child,
    /// By its own number, since what it has started may outlive it.
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
    lines: BufReader<tokio::io::Take<ChildStdout>>,
    complaint: JoinHandle<String>,
    patience: Duration,
    longest: usize,
    /// Its folder goes after it.
    room: Room,
}

/// How it ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// Its exit code; none if it was killed.
    pub(super) code: Option<i32>,
    /// What it complained of, line by line.
    pub(super) complaint: String,
}

impl Child {
    /// Starts a program in a folder of its own.
    ///
    /// # Errors
    /// [`Kind::Config`] if it cannot be started.
    pub(super) fn start(task: Task<'_>) -> Result<Child> {
        let Task {
            name,
            program,
            args,
            proxy,
            room,
            patience,
            longest,
        } = task;
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(room.path())
            .env_clear()
            .envs(TOLD.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        for name in ENVIRONMENT {
            let is_of_proxies = name.to_ascii_lowercase().ends_with("_proxy");
            let value = std::env::var_os(name).filter(|_| proxy.is_none() || !is_of_proxies);
            command.envs(value.map(|value| (name, value)));
        }
        // Not as an argument: those are seen by everybody on the machine, and it may have a password.
        for name in ["all_proxy", "http_proxy", "https_proxy"] {
            command.envs(proxy.map(|proxy| (name, proxy)));
        }
        // Ctrl-C is for us, who end it when the time has come.
        #[cfg(unix)]
        command.process_group(0);
        let cannot = || {
            let message = format!("cannot start `{name}`");
            Error::new(Kind::Config, message).hint(format!(
                "it was looked for as `{}`; `extractor.order = \"off\"` does without",
                program.display()
            ))
        };
        let mut process = command.spawn().map_err(|error| cannot().because(error))?;
        #[cfg(unix)]
        let group = process
            .id()
            .and_then(|id| rustix::process::Pid::from_raw(id.try_into().ok()?));
        #[cfg(target_os = "linux")]
        limit(group);
        let (Some(out), Some(errors)) = (process.stdout.take(), process.stderr.take()) else {
            return Err(cannot());
        };
        Ok(Child {
            name,
            process,
            #[cfg(unix)]
            group,
            lines: BufReader::with_capacity(64 << 10, out.take(SAYS)),
            complaint: tokio::spawn(last_of(errors)),
            patience,
            longest,
            room,
        })
    }

    /// The next line of what it says; none at its end.
    ///
    /// # Errors
    /// [`Kind::Network`] if it says nothing for too long, [`Kind::Corrupt`] if a line is too long.
    pub(super) async fn line(&mut self) -> Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        loop {
            let piece = match timeout(self.patience, self.lines.fill_buf()).await {
                Ok(piece) => piece.map_err(|error| broken(self.name, error))?,
                Err(_) => return Err(self.silent()),
            };
            if piece.is_empty() {
                return Ok((!line.is_empty()).then_some(line));
            }
            let end = piece.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(piece.len(), |end| end + 1);
            line.extend_from_slice(&piece[..end.unwrap_or(taken)]);
            self.lines.consume(taken);
            if line.len() > self.longest {
                let message = format!(
                    "`{}` said more than {} bytes at once",
                    self.name, self.longest
                );
                return Err(Error::new(Kind::Corrupt, message));
            }
            if end.is_some() {
                return Ok(Some(line));
            }
        }
    }

    /// What it has left in a file of its folder, as far as that is a text.
    pub(super) fn left(&self, name: &str) -> Option<String> {
        let mut text = String::new();
        let file = std::fs::File::open(self.room.path().join(name)).ok()?;
        file.take(LEFT).read_to_string(&mut text).ok()?;
        Some(text)
    }

    /// Waits for its end, once it has said all.
    ///
    /// # Errors
    /// [`Kind::Network`] if that does not come.
    pub(super) async fn end(mut self) -> Result<Ended> {
        let status = match timeout(self.patience, self.process.wait()).await {
            Ok(status) => status.map_err(|error| broken(self.name, error))?,
            Err(_) => return Err(self.silent()),
        };
        // Something that it has started may hold on to the pipe: nobody waits for that.
        self.kill();
        let complaint = (&mut self.complaint).await.unwrap_or_default();
        Ok(Ended {
            code: status.code(),
            complaint,
        })
    }

    fn silent(&self) -> Error {
        let message = format!(
            "`{}` said nothing for {} s and was ended",
            self.name,
            self.patience.as_secs_f32()
        );
        Error::new(Kind::Network, message).hint("`extractor.timeout` allows for more")
    }

    /// Ends it and what it has started.
    fn kill(&self) {
        // Whatever is over already cannot be ended.
        #[cfg(unix)]
        if let Some(group) = self.group {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
        self.complaint.abort();
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

/// The last of what comes through a pipe, without what is for terminals.
async fn last_of(mut pipe: impl AsyncRead + Unpin) -> String {
    let mut last: Vec<u8> = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(count @ 1..) = pipe.read(&mut piece).await {
        last.extend_from_slice(&piece[..count]);
        if last.len() > 2 * COMPLAINT {
            last.drain(..last.len() - COMPLAINT);
        }
    }
    said::plain(&String::from_utf8_lossy(&last))
}

fn broken(name: &str, error: std::io::Error) -> Error {
    Error::new(Kind::Network, format!("cannot hear `{name}`")).because(error)
}
