//! A child process: started with a minimal environment, limited in the size of its output and the time it may be silent, and
//! killed when nobody waits for it.

use std::ffi::OsString;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use fetch::model::{Error, Kind, Result};
use fetch::source::{RunningProgram, restrict_environment};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::sanitize;
use super::temp_dir::TempDir;

/// The environment variables passed on to it: paths, the locale, and network settings.
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
/// Additional variables: for unbuffered output, in UTF-8 and without colours.
const EXTRA_ENVIRONMENT: &[(&str, &str)] = &[
    ("NO_COLOR", "1"),
    ("PYTHONIOENCODING", "utf-8"),
    ("PYTHONUNBUFFERED", "1"),
    ("TERM", "dumb"),
];

/// The most bytes of output in total, and how many of its last error output are kept.
const MAX_OUTPUT: u64 = 1 << 30;
const STDERR_TAIL: usize = 8 << 10;
/// How long to wait for its last error output after its end: a process that has left its group may hold the pipe open.
const STDERR_WAIT: Duration = Duration::from_secs(1);
/// The most bytes read from a file that it has written.
const MAX_FILE: u64 = 4 << 20;

/// A program to run.
pub(super) struct Task<'a> {
    pub(super) name: &'static str,
    pub(super) program: &'a Path,
    pub(super) args: Vec<OsString>,
    /// The proxy that the user has set.
    pub(super) proxy: Option<&'a str>,
    pub(super) dir: TempDir,
    /// How long it may print nothing.
    pub(super) patience: Duration,
    /// The longest line, in bytes.
    pub(super) longest: usize,
}

/// A running program. Dropping it kills it and its own children.
#[derive(Debug)]
pub(super) struct Child {
    name: &'static str,
    running: RunningProgram,
    lines: BufReader<tokio::io::Take<ChildStdout>>,
    stderr: JoinHandle<String>,
    patience: Duration,
    longest: usize,
    /// Its folder is removed last.
    dir: TempDir,
}

/// How it ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// Its exit code; none if it was killed.
    pub(super) code: Option<i32>,
    /// Its error output.
    pub(super) stderr: String,
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
            dir,
            patience,
            longest,
        } = task;
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        restrict_environment(&mut command, ENVIRONMENT, proxy);
        command.envs(EXTRA_ENVIRONMENT.iter().copied());
        let cannot = || {
            let message = format!("cannot start `{name}`");
            Error::new(Kind::Config, message).hint(format!(
                "it was looked for as `{}`; `extractor.order = \"off\"` does without it",
                program.display()
            ))
        };
        let mut running =
            RunningProgram::start(&mut command).map_err(|error| cannot().because(error))?;
        let process = &mut running.process;
        let (Some(out), Some(errors)) = (process.stdout.take(), process.stderr.take()) else {
            return Err(cannot());
        };
        Ok(Child {
            name,
            running,
            lines: BufReader::with_capacity(64 << 10, out.take(MAX_OUTPUT)),
            stderr: tokio::spawn(last_of(errors)),
            patience,
            longest,
            dir,
        })
    }

    /// Reads the next line of its output; none at its end.
    ///
    /// # Errors
    /// [`Kind::Network`] if it prints nothing for too long, [`Kind::Corrupt`] if a line is too long.
    pub(super) async fn line(&mut self) -> Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        loop {
            let piece = match timeout(self.patience, self.lines.fill_buf()).await {
                Ok(piece) => piece.map_err(|error| broken(self.name, error))?,
                Err(_) => return Err(self.silence_error()),
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
                    "`{}` printed a line of more than {} bytes",
                    self.name, self.longest
                );
                return Err(Error::new(Kind::Corrupt, message));
            }
            if end.is_some() {
                return Ok(Some(line));
            }
        }
    }

    /// Reads the beginning of a file that it has written to its folder, and whether there is more.
    pub(super) fn read_file(&self, name: &str) -> (String, bool) {
        read(&self.dir.path().join(name)).unwrap_or_default()
    }

    /// Waits for its end, after all output has been read.
    ///
    /// # Errors
    /// [`Kind::Network`] if it does not end in time.
    pub(super) async fn end(mut self) -> Result<Ended> {
        let status = match timeout(self.patience, self.running.process.wait()).await {
            Ok(status) => status.map_err(|error| broken(self.name, error))?,
            Err(_) => return Err(self.silence_error()),
        };
        // A process that it has started may hold the pipe open, and is not waited for.
        self.running.kill();
        let stderr = match timeout(STDERR_WAIT, &mut self.stderr).await {
            Ok(stderr) => stderr.unwrap_or_default(),
            Err(_) => String::new(),
        };
        Ok(Ended {
            code: status.code(),
            stderr,
        })
    }

    fn silence_error(&self) -> Error {
        let message = format!(
            "`{}` printed nothing for {} s and was stopped",
            self.name,
            self.patience.as_secs_f32()
        );
        Error::new(Kind::Network, message).hint("`extractor.timeout` allows more time")
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.running.kill();
        self.stderr.abort();
    }
}

/// Reads the beginning of a file, and whether there is more; nothing if it is not a regular file.
fn read(path: &Path) -> std::io::Result<(String, bool)> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        // Do not follow a symbolic link, and do not wait for the writer of a pipe.
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        let flags = flags.bits().cast_signed();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    }
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Ok(Default::default());
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    let is_cut = bytes.len() as u64 > MAX_FILE;
    bytes.truncate(MAX_FILE as usize);
    Ok((String::from_utf8_lossy(&bytes).into_owned(), is_cut))
}

/// Reads a pipe to its end, and returns the last part without terminal escape sequences.
async fn last_of(mut pipe: impl AsyncRead + Unpin) -> String {
    let mut last: Vec<u8> = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(count @ 1..) = pipe.read(&mut piece).await {
        last.extend_from_slice(&piece[..count]);
        if last.len() > 2 * STDERR_TAIL {
            last.drain(..last.len() - STDERR_TAIL);
        }
    }
    sanitize::plain(&String::from_utf8_lossy(&last))
}

fn broken(name: &str, error: std::io::Error) -> Error {
    Error::new(Kind::Network, format!("cannot read from `{name}`")).because(error)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(words: &str, patience: Duration) -> Child {
        Child::start(Task {
            name: "sh",
            program: Path::new("/bin/sh"),
            args: vec!["-c".into(), words.into()],
            proxy: None,
            dir: TempDir::new().unwrap(),
            patience,
            longest: 1 << 20,
        })
        .unwrap()
    }

    #[test]
    fn leftover_files_are_read_only_if_plain_and_short() {
        let dir = TempDir::new().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::os::unix::fs::symlink("/etc/passwd", at("link")).unwrap();
        std::process::Command::new("mkfifo")
            .arg(at("pipe"))
            .status()
            .unwrap();
        assert!(read(&at("link")).is_err());
        assert_eq!(read(&at("pipe")).unwrap(), (String::new(), false));
        let text = "ü".repeat(MAX_FILE as usize / 2);
        dir.write("whole", &text).unwrap();
        assert_eq!(read(&at("whole")).unwrap(), (text.clone(), false));
        dir.write("more", &format!("x{text}")).unwrap();
        let (cut, is_cut) = read(&at("more")).unwrap();
        assert!(is_cut && cut.starts_with("xü") && cut.ends_with('\u{fffd}'));
    }

    #[tokio::test]
    async fn a_child_outside_the_group_holding_the_pipe_is_not_waited_for() {
        // The reader at the end of the pipe is in a group of its own.
        let words = "set -m; sleep 20 >/dev/null & echo $!";
        let mut child = shell(words, Duration::from_secs(60));
        let line = child.line().await.unwrap().unwrap();
        let held: i32 = String::from_utf8(line).unwrap().trim().parse().unwrap();
        let ended = timeout(Duration::from_secs(15), child.end()).await;
        let held = rustix::process::Pid::from_raw(held).unwrap();
        rustix::process::kill_process(held, rustix::process::Signal::KILL).unwrap();
        assert_eq!(ended.expect("it waits").unwrap().code, Some(0));
    }

    #[tokio::test]
    async fn a_child_is_killed_when_dropped_or_silent() {
        let mut child = shell("echo $$; exec sleep 300", Duration::from_secs(60));
        let line = child.line().await.unwrap().unwrap();
        let number: i32 = String::from_utf8(line).unwrap().trim().parse().unwrap();
        let process = rustix::process::Pid::from_raw(number).unwrap();
        assert!(rustix::process::test_kill_process(process).is_ok());
        child.patience = Duration::from_millis(1);
        assert_eq!(child.line().await.unwrap_err().kind, Kind::Network);
        drop(child);
        // The runtime reaps it.
        let gone = async {
            while rustix::process::test_kill_process(process).is_ok() {
                let stat = std::fs::read_to_string(format!("/proc/{number}/stat"));
                if stat.is_ok_and(|stat| stat.contains(") Z ")) {
                    break;
                }
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(30), gone)
            .await
            .expect("it is still there");
    }
}
