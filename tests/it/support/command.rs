//! The program under test, in a home of its own.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::filter;

/// The path of the program from Cargo, for tests; the demo shares this file and does not need it.
const PROGRAM: Option<&str> = option_env!("CARGO_BIN_EXE_fetch");

/// How long a run may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A call of the program, with a home, a state folder and an output folder of its own, and nothing of the tester's
/// environment. A clone shares the folders: it is the next call by the same user.
#[derive(Clone)]
pub struct Fetch {
    root: Arc<TempDir>,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    through: Vec<OsString>,
}

impl Default for Fetch {
    fn default() -> Self {
        Fetch::new()
    }
}

impl Fetch {
    /// Creates a call without arguments, in the output folder.
    pub fn new() -> Fetch {
        let root = tempfile::tempdir().expect("a temporary folder");
        for folder in ["home", "out", "temp"] {
            std::fs::create_dir(root.path().join(folder)).expect("a new folder");
        }
        Fetch {
            root: Arc::new(root),
            args: Vec::new(),
            env: Vec::new(),
            through: Vec::new(),
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Fetch {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Fetch {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Fetch {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Starts the program through another one: `strace -f`, `sh -c`. The program and its arguments follow these words.
    pub fn through(mut self, words: impl IntoIterator<Item = impl Into<OsString>>) -> Fetch {
        self.through = words.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a configuration file with this text: `-c FILE`.
    pub fn config(self, text: &str) -> Fetch {
        let file = self.root().join("test.toml");
        std::fs::write(&file, text).expect("a new file");
        self.arg("-c").arg(file)
    }

    /// Returns the folder that contains the others of this call.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// Returns the output folder, in which the program runs.
    pub fn out(&self) -> PathBuf {
        self.root().join("out")
    }

    /// Runs it to completion.
    pub fn run(&self) -> Done {
        self.spawn().wait()
    }

    /// Starts it, to be watched, interrupted or killed.
    pub fn spawn(&self) -> Running {
        let binary = PROGRAM.expect("only a test knows the program");
        let home = self.root().join("home");
        let mut words = self.through.clone();
        words.push(binary.into());
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .args(&self.args)
            .current_dir(self.out())
            .env_clear()
            .env("HOME", &home)
            .env("USERPROFILE", &home)
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_STATE_HOME", home.join("state"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("XDG_DATA_HOME", home.join("data"))
            .env("TMPDIR", self.root().join("temp"))
            .env("LANG", "C.UTF-8")
            // Ignore whatever else is installed where the tests run.
            .env("FETCH_EXTRACTOR__ORDER", "off")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for name in ["PATH", "SystemRoot", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        let began = Instant::now();
        let mut child = command.spawn().expect("the program starts");
        let (ended, ends) = channel();
        let read = |pipe: Box<dyn Read + Send>| {
            let stream = Arc::new(Stream::default());
            std::thread::spawn({
                let (stream, ended) = (stream.clone(), ended.clone());
                move || {
                    stream.fill(pipe);
                    let _ = ended.send(());
                }
            });
            stream
        };
        let stdout = read(Box::new(child.stdout.take().expect("a pipe")));
        let stderr = read(Box::new(child.stderr.take().expect("a pipe")));
        Running {
            child,
            began,
            stdout,
            stderr,
            ends,
            root: self.root.clone(),
        }
    }

    /// Returns the files in the output folder by relative path, without partial files.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.all();
        files.retain(|path, _| !is_partial(path));
        files
    }

    /// Returns the paths of partial files and their state files.
    pub fn partials(&self) -> Vec<String> {
        let mut paths: Vec<_> = self.all().into_keys().collect();
        paths.retain(|path| is_partial(path));
        paths
    }

    /// Lists the files in the output folder with their lengths, one per line.
    pub fn tree(&self) -> String {
        let files = self.files();
        let lines = files
            .iter()
            .map(|(path, bytes)| format!("{path} {}\n", bytes.len()));
        lines.collect()
    }

    fn all(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![(self.out(), String::new())];
        while let Some((folder, prefix)) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a folder") {
                let entry = entry.expect("an entry");
                // A program that is still running may remove a file meanwhile.
                let vanished = |error: std::io::Error| {
                    assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{error}");
                };
                let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
                // A symbolic link is not followed, but shown as a file that points elsewhere.
                match entry.file_type().expect("a type") {
                    kind if kind.is_dir() => folders.push((entry.path(), format!("{path}/"))),
                    kind if kind.is_symlink() => {
                        files.insert(path, b"a symbolic link".to_vec());
                    }
                    _ => match std::fs::read(entry.path()) {
                        Ok(bytes) => drop(files.insert(path, bytes)),
                        Err(error) => vanished(error),
                    },
                }
            }
        }
        files
    }
}

fn is_partial(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with('.') && (name.ends_with(".part") || name.ends_with(".part.json"))
}

/// A run in progress. Dropping it kills the program.
pub struct Running {
    child: Child,
    began: Instant,
    stdout: Arc<Stream>,
    stderr: Arc<Stream>,
    ends: Receiver<()>,
    root: Arc<TempDir>,
}

/// The output of a run so far.
#[derive(Default)]
struct Stream {
    text: Mutex<(Vec<u8>, bool)>,
    grown: Condvar,
}

impl Stream {
    fn fill(&self, mut pipe: impl Read) {
        let mut piece = [0; 4096];
        loop {
            let count = pipe.read(&mut piece).unwrap_or(0);
            let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
            text.0.extend_from_slice(&piece[..count]);
            text.1 = count == 0;
            self.grown.notify_all();
            if count == 0 {
                return;
            }
        }
    }

    fn so_far(&self) -> String {
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&text.0).into_owned()
    }

    /// Waits for a text; returns whether it came before the end.
    fn wait_for(&self, wanted: &str) -> bool {
        let has = |text: &(Vec<u8>, bool)| String::from_utf8_lossy(&text.0).contains(wanted);
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .grown
            .wait_timeout_while(text, PATIENCE, |text| !text.1 && !has(text));
        has(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }
}

impl Running {
    /// Returns the process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns its stderr so far.
    pub fn stderr(&self) -> String {
        self.stderr.so_far()
    }

    /// Waits until it has printed this on stderr.
    pub fn wait_for_stderr(&self, text: &str) {
        let found = self.stderr.wait_for(text);
        assert!(found, "it never said `{text}`:\n{}", self.stderr());
    }

    /// Waits until it has printed this on stdout.
    pub fn wait_for_stdout(&self, text: &str) {
        let found = self.stdout.wait_for(text);
        let so_far = self.stdout.so_far();
        assert!(found, "it never wrote `{text}`:\n{so_far}");
    }

    /// Kills it, as abruptly as a power failure.
    pub fn kill9(mut self) -> Done {
        self.child.kill().expect("a process to kill");
        self.wait()
    }

    /// Sends SIGINT, as Ctrl-C does.
    #[cfg(unix)]
    pub fn interrupt(&self) {
        use rustix::process::{Pid, Signal, kill_process};
        let id = Pid::from_child(&self.child);
        kill_process(id, Signal::INT).expect("a process to interrupt");
    }

    /// Sends SIGTERM, as a system does when shutting down.
    #[cfg(unix)]
    pub fn terminate(&self) {
        use rustix::process::{Pid, Signal, kill_process};
        let id = Pid::from_child(&self.child);
        kill_process(id, Signal::TERM).expect("a process to end");
    }

    /// Sends SIGHUP, as when its terminal is closed.
    #[cfg(unix)]
    pub fn hang_up(&self) {
        use rustix::process::{Pid, Signal, kill_process};
        let id = Pid::from_child(&self.child);
        kill_process(id, Signal::HUP).expect("a process without a terminal");
    }

    /// Waits for it to end. A run that does not end is killed, and the test fails.
    pub fn wait(mut self) -> Done {
        let deadline = self.began + PATIENCE;
        for _stream in ["stdout", "stderr"] {
            let left = deadline.saturating_duration_since(Instant::now());
            if self.ends.recv_timeout(left) == Err(RecvTimeoutError::Timeout) {
                let _ = self.child.kill();
                panic!("it did not end in {PATIENCE:?}:\n{}", self.stderr());
            }
        }
        let status = self.child.wait().expect("a process that ended");
        Done {
            code: status.code().unwrap_or(-1),
            stdout: self.stdout.so_far(),
            stderr: self.stderr.so_far(),
            took: self.began.elapsed(),
            root: self.root.clone(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail if it has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A run that has ended.
pub struct Done {
    /// The exit code; -1 if a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
    root: Arc<TempDir>,
}

impl Done {
    /// Checks that it exited with 0.
    #[track_caller]
    pub fn success(self) -> Done {
        self.fails(0)
    }

    /// Checks that it exited with this code.
    #[track_caller]
    pub fn fails(self, code: i32) -> Done {
        let Done { stdout, stderr, .. } = &self;
        assert_eq!(
            self.code, code,
            "exit code\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
        );
        self
    }

    /// Checks that stderr contains this.
    #[track_caller]
    pub fn says(self, text: &str) -> Done {
        assert!(self.stderr.contains(text), "{}", self.stderr);
        self
    }

    /// Returns stderr, with `ROOT`, `PORT`, `TIME` and `RATE` in place of what differs between runs.
    pub fn stderr_filtered(&self) -> String {
        filter::filter(&self.stderr, self.root.path())
    }

    /// Returns stdout in the same form.
    pub fn stdout_filtered(&self) -> String {
        filter::filter(&self.stdout, self.root.path())
    }
}
