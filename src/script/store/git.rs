//! Uses the installed `git` to read a repository.
//!
//! Nothing is checked out: objects are fetched into an empty repository, and the few that are wanted are read as they
//! are. So no hooks, filters, submodules or configuration apply, and no protocol except that of the address.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Once;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::time::{Instant, timeout_at};

use super::bundle::{ENTRIES, Files, UNPACKED, is_own};
use crate::model::{Error, Kind, Result};
use crate::source::{RunningProgram, find_program, remove_stale_folders, restrict_environment};

/// The time limit for all git commands together.
const PATIENCE: Duration = Duration::from_secs(120);
/// The maximum size of a file list in bytes.
const LISTED: u64 = 1 << 20;
/// How many bytes of git's error output are shown.
const COMPLAINT: usize = 400;
/// The settings for every command: no hooks, no helpers, no redirects, and no background tasks.
const SETTINGS: [&str; 10] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "credential.helper=",
    "fetch.fsckObjects=true",
    "gc.auto=0",
    "maintenance.auto=false",
    "http.followRedirects=false",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=30",
    "protocol.allow=never",
];
/// The environment variables that git gets.
const ENVIRONMENT: &[&str] = &[
    "PATH",
    "SystemRoot",
    "TMPDIR",
    "TEMP",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "no_proxy",
];

/// The git program, with a temporary repository of its own.
pub(super) struct Git<'a> {
    program: PathBuf,
    folder: TempFolder,
    scheme: &'a str,
    proxy: Option<&'a str>,
    /// The deadline for all commands.
    until: Instant,
}

impl<'a> Git<'a> {
    /// Creates an empty repository for addresses of this scheme.
    ///
    /// # Errors
    /// [`Kind::Config`] without git; [`Kind::Disk`].
    pub(super) fn new(scheme: &'a str, proxy: Option<&'a str>) -> Result<Git<'a>> {
        let program = find_program("git").ok_or_else(|| {
            Error::new(
                Kind::Config,
                "there is no `git` to read the repository with",
            )
            .hint("install it, or install the plugin from an index")
        })?;
        Ok(Git {
            program,
            folder: TempFolder::new()?,
            scheme,
            proxy,
            until: Instant::now() + PATIENCE,
        })
    }

    /// Reads the files of a plugin in a commit.
    pub(super) async fn files(&self, commit: &str, below: Option<&str>) -> Result<Files> {
        let wrong = |why: String| Error::new(Kind::Corrupt, format!("the repository {why}"));
        let root = below.map_or_else(String::new, |below| format!("{below}/"));
        let (mut wanted, mut total) = (Vec::new(), 0);
        let mut folders = vec![""];
        while let Some(prefix) = folders.pop() {
            let tree = format!("{commit}:{root}{prefix}");
            let tree = tree.trim_end_matches('/');
            let words = ["ls-tree", "-z", "-l", "--full-tree", tree];
            let list = self.run(&words, b"", LISTED).await.map_err(|error| {
                let below = below.unwrap_or("/").escape_debug();
                wrong(format!("has no folder `{below}{prefix}`")).because(error)
            })?;
            for line in list
                .split(|byte| *byte == 0)
                .filter(|line| !line.is_empty())
            {
                let line = String::from_utf8_lossy(line);
                let Some((what, name)) = line.split_once('\t') else {
                    return Err(wrong("has an unreadable file list".into()));
                };
                let name = format!("{prefix}{name}");
                let what: Vec<_> = what.split_whitespace().collect();
                let [mode, kind, object, size] = what[..] else {
                    return Err(wrong("has an unreadable file list".into()));
                };
                if kind == "tree" {
                    match name.as_str() {
                        "lib" => folders.push("lib/"),
                        "cases" => folders.push("cases/"),
                        _ => {}
                    }
                    continue;
                }
                if !is_own(&name) {
                    continue;
                }
                if !matches!(mode, "100644" | "100755") {
                    return Err(wrong(format!("has `{name}`, which is not a regular file")));
                }
                total = size
                    .parse::<u64>()
                    .unwrap_or(u64::MAX)
                    .saturating_add(total);
                wanted.push((name, object.to_owned()));
                if total > UNPACKED || wanted.len() > ENTRIES {
                    let message = "has a plugin with too many files, or too large ones";
                    return Err(wrong(message.into()));
                }
            }
        }
        let asked: String = wanted
            .iter()
            .map(|(_, object)| format!("{object}\n"))
            .collect();
        let most = UNPACKED + LISTED;
        let output = self
            .run(&["cat-file", "--batch"], asked.as_bytes(), most)
            .await?;
        let (mut files, mut rest) = (Files::new(), &output[..]);
        for (name, object) in wanted {
            let read = content(rest, &object);
            let (content, more) = read.ok_or_else(|| wrong(format!("has no `{name}`")))?;
            files.insert(name, content.to_vec());
            rest = more;
        }
        Ok(files)
    }

    /// Runs a git command and returns its output.
    pub(super) async fn run(&self, words: &[&str], input: &[u8], most: u64) -> Result<Vec<u8>> {
        let mut command = Command::new(&self.program);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        let null = if cfg!(windows) { "NUL" } else { "/dev/null" };
        command
            .args(["-c", &format!("protocol.{}.allow=always", self.scheme)])
            .args(words)
            .current_dir(&self.folder.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        restrict_environment(&mut command, ENVIRONMENT, self.proxy);
        command
            .env("HOME", &self.folder.0)
            .env("GIT_DIR", &self.folder.0)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", null)
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_ALLOW_PROTOCOL", self.scheme)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("LC_ALL", "C");
        let doing = words.first().copied().unwrap_or_default();
        let wrong = |why: &str| Error::new(Kind::Network, format!("`git {doing}` {why}"));
        let work = async {
            // When this is dropped, the process and its helpers are killed.
            let mut running = RunningProgram::start(&mut command)?;
            let child = &mut running.process;
            let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
            let (Some(mut stdin), Some(stdout), Some(stderr)) = pipes else {
                return Err(std::io::Error::other("it has no pipes"));
            };
            let (mut said, mut complaint) = (Vec::new(), Vec::new());
            let mut stdout = stdout.take(most + 1);
            let mut stderr = stderr.take(LISTED);
            let hear = async {
                let heard = stdout.read_to_end(&mut said).await?;
                match heard as u64 > most {
                    true => Err(io::Error::from(io::ErrorKind::FileTooLarge)),
                    false => Ok(heard),
                }
            };
            let tell = async {
                // A process that reads no input may have ended already.
                let _ = stdin.write_all(input).await;
                drop(stdin);
                Ok(0)
            };
            tokio::try_join!(tell, hear, stderr.read_to_end(&mut complaint))?;
            drop((stdout, stderr));
            Ok((child.wait().await?, said, complaint))
        };
        let done = timeout_at(self.until, work).await;
        let done =
            done.map_err(|_| wrong(&format!("took longer than {} s", PATIENCE.as_secs())))?;
        let (status, said, complaint) = done.map_err(|error| match error.kind() {
            io::ErrorKind::FileTooLarge => wrong("printed too much"),
            _ => wrong("cannot be run").because(error),
        })?;
        match status.success() {
            true => Ok(said),
            false => {
                let complaint = String::from_utf8_lossy(&complaint);
                let complaint: String = complaint.trim().chars().take(COMPLAINT).collect();
                Err(wrong("failed").because(complaint.replace(['\n', '\r'], "; ")))
            }
        }
    }
}

/// Splits off the content of this object from the output of `cat-file`.
fn content<'a>(output: &'a [u8], object: &str) -> Option<(&'a [u8], &'a [u8])> {
    let end = output.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(&output[..end]).ok()?;
    let size = head.strip_prefix(object)?.strip_prefix(" blob ")?;
    let (from, size) = (end + 1, size.parse::<usize>().ok()?);
    let to = from.checked_add(size)?;
    Some((output.get(from..to)?, output.get(to + 1..)?))
}

/// The prefix of the folder names.
const NAME: &str = "fetch-git-";
/// A temporary folder, removed when dropped.
struct TempFolder(PathBuf);

impl TempFolder {
    fn new() -> Result<TempFolder> {
        let cannot = |path: &Path, error: std::io::Error| {
            let message = format!("cannot make a folder in `{}`", path.display());
            Error::new(Kind::Disk, message).because(error)
        };
        static SWEPT: Once = Once::new();
        let below = std::env::temp_dir();
        SWEPT.call_once(|| {
            remove_stale_folders(&below, |name| {
                let is_plain = |b: u8| b.is_ascii_digit() || b == b'-';
                name.strip_prefix(NAME)
                    .is_some_and(|numbers| numbers.bytes().all(is_plain))
            })
        });
        let now = std::time::SystemTime::now();
        let now = now
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        let name = format!("{NAME}{}-{}", std::process::id(), now.as_nanos());
        let path = below.join(name);
        let mut folder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        // Creation fails if the name is taken, even by a symlink.
        folder
            .create(&path)
            .map_err(|error| cannot(&below, error))?;
        Ok(TempFolder(path))
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        // Leftovers are removed along with other temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[tokio::test]
    async fn git_is_killed_when_it_prints_too_much() {
        let Ok(git) = Git::new("https", None) else {
            let _ = writeln!(io::stderr(), "skipped: there is no `git`");
            return;
        };
        let init = ["init", "--quiet", "--bare", "--template=", "."];
        git.run(&init, b"", 0).await.unwrap();
        // More than a pipe holds, so writing waits for a reader.
        let asked = "x\n".repeat(100_000);
        let words = ["cat-file", "--batch-check"];
        let done = git.run(&words, asked.as_bytes(), 10);
        let done = tokio::time::timeout(PATIENCE / 2, done).await.unwrap();
        assert_eq!(done.unwrap_err().message, "`git cat-file` printed too much");
    }

    #[tokio::test]
    async fn all_git_calls_share_one_time_limit() {
        let Ok(git) = Git::new("https", None) else {
            let _ = writeln!(io::stderr(), "skipped: there is no `git`");
            return;
        };
        let most = LISTED;
        let pass = |time| async move {
            tokio::time::pause();
            tokio::time::advance(time).await;
            tokio::time::resume();
        };
        git.run(&["--version"], b"", most).await.unwrap();
        pass(PATIENCE / 2).await;
        git.run(&["--version"], b"", most).await.unwrap();
        // Each alone would have finished in time.
        pass(PATIENCE / 2).await;
        let late = git.run(&["--version"], b"", most).await.unwrap_err();
        assert_eq!(late.message, "`git --version` took longer than 120 s");
    }

    #[test]
    fn objects_are_read_as_long_as_they_are() {
        let output = b"ab blob 3\nx\ny\ncd blob 0\n\n";
        let (one, rest) = content(output, "ab").unwrap();
        assert_eq!(one, b"x\ny");
        assert_eq!(content(rest, "cd").unwrap(), (&b""[..], &b""[..]));
        for (output, object) in [
            (&output[..], "cd"),
            (b"ab missing\n", "ab"),
            (b"ab blob 9\nx\n", "ab"),
            (b"ab blob 18446744073709551615\nx\n", "ab"),
            (b"ab tree 1\nx\n", "ab"),
            (b"", "ab"),
        ] {
            assert!(content(output, object).is_none());
        }
    }
}
