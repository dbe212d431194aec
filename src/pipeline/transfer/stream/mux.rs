//! Puts picture and sound in one file, with `ffmpeg` if it is installed: copied as they are, not encoded again.
//!
//! The input is hostile: `ffmpeg` is told the format of each file, so that none of them can be a list of others, and
//! may open only files. It is looked up in the absolute folders of `PATH`.

mod lengths;
mod sync;

use std::io::{ErrorKind, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use self::sync::Clock;
use super::join::Joined;
use super::track::Done;
use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::{Algorithm, Summing};
use crate::pipeline::naming::{HEAD, sniff};
use crate::pipeline::sink::{Partial, Place};
use crate::pipeline::stream::clock;
use crate::source::find_program;

pub(super) use self::lengths::Expected;

/// How long it may take for an empty file, and for each gibibyte.
const TIME_LIMIT: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(300));
/// How often to check whether it has ended.
const LOOK: Duration = Duration::from_millis(20);
/// How long to wait for its output after its end: something that it started may keep the pipe open.
const LINGER: Duration = Duration::from_millis(200);
/// How many bytes of its output are kept, from the end.
const KEPT_OUTPUT: usize = 4 << 10;

/// The containers for picture and sound, best first, by their names in `ffmpeg`.
const INTO: [&str; 2] = ["mp4", "matroska"];
/// The same if both come in Matroska or WebM.
const INTO_WEB: [&str; 2] = ["webm", "matroska"];

/// Puts both together at this place, and checks whether all of both is in it. Blocks.
///
/// # Errors
/// [`Kind::Unsupported`] with the reason where they stay apart; [`Kind::Disk`]; [`Kind::Closed`] if everything is to end.
pub(super) fn mux(
    picture: &Done,
    sound: &Done,
    place: Place,
    algorithm: Option<Algorithm>,
    stop: &CancellationToken,
) -> Result<Joined> {
    let apart = |why: &str| Error::new(Kind::Unsupported, why);
    let program = find_program("ffmpeg").ok_or_else(|| {
        apart("`ffmpeg` is not installed")
            .hint("with `ffmpeg` installed, picture and sound come as one file")
    })?;
    let expected = [picture.expected, sound.expected];
    let forms = form(&picture.joined.head).zip(form(&sound.joined.head));
    let forms =
        forms.ok_or_else(|| apart("`ffmpeg` is not asked to read files of an unknown format"))?;
    let clock = |done: &Done, form| {
        let len = done.joined.len.min(clock::LOOK as u64) as usize;
        let start = clock::start(&done.joined.partial.read(0, len)?);
        let ahead = done.ahead;
        Ok::<_, Error>(Clock { start, form, ahead })
    };
    let moves = sync::moves(clock(picture, forms.0)?, clock(sound, forms.1)?).map_err(apart)?;
    let (picture, sound) = (&picture.joined, &sound.joined);
    let partial = Partial::open(place)?;
    partial.restart()?;
    let gibibytes = (picture.len + sound.len) as f64 / f64::from(1 << 30);
    let deadline = Instant::now() + TIME_LIMIT.0 + TIME_LIMIT.1.mul_f64(gibibytes);
    let mut said = String::new();
    let choices = match forms {
        ("matroska", "matroska") => INTO_WEB,
        _ => INTO,
    };
    for into in choices {
        let mut command = command(&program);
        let [picture, sound, whole] =
            [&picture.partial, &sound.partial, &partial].map(|partial| url(&partial.path()));
        input(&mut command, forms.0, moves[0], &picture);
        input(&mut command, forms.1, moves[1], &sound);
        // The separate sound is the one that was chosen, whatever comes with the picture. A codec that `ffmpeg` does
        // not know in either is an error.
        let both = ["-map", "0:v", "-map", "1:a"];
        command
            .args(both)
            .args(["-map_metadata", "-1", "-c", "copy"]);
        // Both are timed by the same clock, which keeps them in sync.
        command
            .args(["-avoid_negative_ts", "make_zero", "-f", into])
            .arg(whole);
        match run(command, deadline, stop) {
            Ok((status, _)) if status.success() => {
                return match lengths::differ(expected, lengths::read(&partial)?) {
                    None => joined_file(partial, algorithm),
                    Some(why) => {
                        partial.discard()?;
                        Err(apart(&why))
                    }
                };
            }
            Ok((status, words)) => said = reason(&words).unwrap_or_else(|| status.to_string()),
            Err(error) => {
                partial.discard()?;
                return Err(error);
            }
        }
    }
    partial.discard()?;
    Err(apart("`ffmpeg` cannot put them together").because(said))
}

/// Returns why it failed, from all that it says.
fn reason(said: &str) -> Option<String> {
    let mut lines = said.lines().map(str::trim).rev();
    // The last line may be a hint how to avoid the failure, which nobody here can follow.
    let is_it = |line: &&str| !line.is_empty() && !line.starts_with("To ignore this");
    let line = lines.find(is_it)?;
    Some(line.trim_end_matches('.').to_owned())
}

/// Returns the format of a file that begins like this, by its name in `ffmpeg`; `None` if `ffmpeg` is not to read it.
fn form(head: &[u8]) -> Option<&'static str> {
    match sniff(head).ext.as_deref()? {
        "ts" | "m2ts" => Some("mpegts"),
        "mp4" | "m4a" | "m4v" | "mov" | "3gp" => Some("mov"),
        "webm" | "mkv" => Some("matroska"),
        "aac" => Some("aac"),
        "mp3" => Some("mp3"),
        "ac3" => Some("ac3"),
        _ => None,
    }
}

/// The path as a URL that is a file in any case, and no option.
fn url(path: &Path) -> std::ffi::OsString {
    let mut url = std::ffi::OsString::from("file:");
    url.push(path);
    url
}

fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    for name in ["PATH", "LD_LIBRARY_PATH", "SystemRoot", "TMPDIR"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command.args([
        "-nostdin",
        "-hide_banner",
        "-loglevel",
        "error",
        "-y",
        "-copyts",
    ]);
    command
}

/// Adds a file in this format, with all of its times this many seconds later.
fn input(command: &mut Command, form: &str, later: f64, url: &std::ffi::OsStr) {
    if later != 0.0 {
        command.args(["-itsoffset", &format!("{later:.6}")]);
    }
    command
        .args(["-protocol_whitelist", "file", "-f", form, "-i"])
        .arg(url);
}

/// Runs the command to its end, and returns what it said.
fn run(
    mut command: Command,
    deadline: Instant,
    stop: &CancellationToken,
) -> Result<(ExitStatus, String)> {
    let cannot = |error| Error::new(Kind::Unsupported, "`ffmpeg` cannot be run").because(error);
    let mut child = command.spawn().map_err(cannot)?;
    let mut stderr = child.stderr.take();
    let said: Arc<Mutex<Vec<u8>>> = Arc::default();
    let (over, is_over) = channel();
    let heard = said.clone();
    std::thread::spawn(move || {
        let mut piece = [0; KEPT_OUTPUT];
        while let Some(stderr) = &mut stderr {
            let read = match stderr.read(&mut piece) {
                Ok(read @ 1..) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                // Output that cannot be read counts as none.
                _ => break,
            };
            let mut said = heard.lock().unwrap_or_else(PoisonError::into_inner);
            said.extend_from_slice(&piece[..read]);
            let surplus = said.len().saturating_sub(KEPT_OUTPUT);
            said.drain(..surplus);
        }
        // Nobody may be waiting any more.
        let _ = over.send(());
    });
    let end = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Ok(status),
            Ok(None) => {}
            Err(error) => break Err(cannot(error)),
        }
        if stop.is_cancelled() {
            break Err(Error::closed());
        }
        if Instant::now() > deadline {
            break Err(Error::new(Kind::Unsupported, "`ffmpeg` took too long"));
        }
        std::thread::sleep(LOOK);
    };
    if end.is_err() {
        // Both fail if it has ended meanwhile.
        let _ = child.kill();
        let _ = child.wait();
    }
    // Whatever came by then is what it said.
    let _ = is_over.recv_timeout(LINGER);
    let said = said.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((end?, String::from_utf8_lossy(&said).into_owned()))
}

/// Describes the finished file. Blocks.
pub(super) fn joined_file(partial: Partial, algorithm: Option<Algorithm>) -> Result<Joined> {
    let len = partial.len()?;
    let mut summing = algorithm.map(Summing::new);
    if let Some(summing) = &mut summing {
        partial.read_all(|bytes| summing.update(bytes))?;
    }
    let head = partial.read(0, len.min(HEAD as u64) as usize)?;
    Ok(Joined {
        partial,
        len,
        head,
        digest: summing.map(Summing::finish),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_the_last_meaningful_line() {
        let table = [
            ("", None),
            ("\n \n", None),
            ("[mov] odd\nx: Invalid data\n\n", Some("x: Invalid data")),
            (
                "Stream map '0:v' matches no streams.\nTo ignore this, add a trailing '?' to the map.\n",
                Some("Stream map '0:v' matches no streams"),
            ),
        ];
        for (said, expected) in table {
            assert_eq!(reason(said).as_deref(), expected);
        }
    }

    #[cfg(unix)]
    #[test]
    fn children_of_ffmpeg_are_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("/bin/sh");
        // The process that stays keeps stderr open until it is told, or for some seconds.
        let words = "(for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do \
            test -e told && exit; sleep 0.25; done; echo > alone) & echo why >&2; exit 3";
        command.args(["-c", words]).current_dir(folder.path());
        command.stderr(Stdio::piped());
        let deadline = Instant::now() + TIME_LIMIT.0;
        let (status, said) = run(command, deadline, &CancellationToken::new()).unwrap();
        assert!(!folder.path().join("alone").exists());
        std::fs::write(folder.path().join("told"), "").unwrap();
        assert_eq!((status.code(), said.as_str()), (Some(3), "why\n"));
    }
}
