//! Puts picture and sound in one file, by `ffmpeg` where it is installed: copied as they are, not coded again.
//!
//! What came is hostile: `ffmpeg` is told what each file is, so that none of them can be a list of others, and may open
//! files alone. It is found in the folders of `PATH` that are absolute.

use std::io::Read;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::join::Joined;
use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::{Algorithm, Summing};
use crate::pipeline::naming::{HEAD, sniff};
use crate::pipeline::sink::{Partial, Place};
use crate::source::program;

/// How long it may take for a file that is nothing, and for each gibibyte of it.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(300));
/// How often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(20);
/// As much of what it says is kept.
const SAID: u64 = 4 << 10;

/// What picture and sound are put in, best first, in the words of `ffmpeg`.
const INTO: [&str; 2] = ["mp4", "matroska"];
/// The same for what both come in Matroska or WebM.
const INTO_WEB: [&str; 2] = ["webm", "matroska"];

/// Puts them together at this place. Blocks.
///
/// # Errors
/// [`Kind::Unsupported`] with the reason where they stay apart; [`Kind::Disk`]; [`Kind::Closed`] if everything is to end.
pub(super) fn mux(
    picture: &Joined,
    sound: &Joined,
    place: Place,
    algorithm: Option<Algorithm>,
    stop: &CancellationToken,
) -> Result<Joined> {
    let apart = |why: &str| Error::new(Kind::Unsupported, why);
    let program = program("ffmpeg").ok_or_else(|| {
        apart("`ffmpeg` is not installed")
            .hint("with `ffmpeg` installed, picture and sound come as one file")
    })?;
    let forms = form(&picture.head).zip(form(&sound.head));
    let forms =
        forms.ok_or_else(|| apart("`ffmpeg` is not asked to read what is not known here"))?;
    let partial = Partial::open(place)?;
    partial.restart()?;
    let gibibytes = (picture.len + sound.len) as f64 / f64::from(1 << 30);
    let deadline = Instant::now() + PATIENCE.0 + PATIENCE.1.mul_f64(gibibytes);
    let mut said = String::new();
    let choices = match forms {
        ("matroska", "matroska") => INTO_WEB,
        _ => INTO,
    };
    for into in choices {
        let mut command = command(&program);
        let [picture, sound, whole] =
            [&picture.partial, &sound.partial, &partial].map(|partial| url(&partial.path()));
        input(&mut command, forms.0, &picture);
        input(&mut command, forms.1, &sound);
        // The sound that is apart is the one that was chosen, whatever comes with the picture.
        command.args([
            "-map",
            "0:v?",
            "-map",
            "1:a?",
            "-map_metadata",
            "-1",
            "-c",
            "copy",
        ]);
        // Both are timed by one clock, and stay together by it.
        command
            .args(["-avoid_negative_ts", "make_zero", "-f", into])
            .arg(whole);
        match run(command, deadline, stop) {
            Ok((status, _)) if status.success() => return whole_of(partial, algorithm),
            Ok((_, words)) => said = words,
            Err(error) => {
                partial.discard()?;
                return Err(error);
            }
        }
    }
    partial.discard()?;
    let said = said.lines().last().unwrap_or("").trim().to_owned();
    Err(apart("`ffmpeg` cannot put them together").because(said))
}

/// What a file is that begins so, in the words of `ffmpeg`; none for what is not to be read by it.
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

/// Its name as one that is a file in any case, and no option.
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

fn input(command: &mut Command, form: &str, url: &std::ffi::OsStr) {
    command
        .args(["-protocol_whitelist", "file", "-f", form, "-i"])
        .arg(url);
}

/// Runs it to its end, and gives what it said.
fn run(
    mut command: Command,
    deadline: Instant,
    stop: &CancellationToken,
) -> Result<(ExitStatus, String)> {
    let cannot = |error| Error::new(Kind::Unsupported, "`ffmpeg` cannot be run").because(error);
    let mut child = command.spawn().map_err(cannot)?;
    let mut stderr = child.stderr.take();
    let reading = std::thread::spawn(move || {
        let mut said = Vec::new();
        if let Some(stderr) = &mut stderr {
            // What cannot be read was not said.
            let _ = stderr.by_ref().take(SAID).read_to_end(&mut said);
            let _ = std::io::copy(stderr, &mut std::io::sink());
        }
        String::from_utf8_lossy(&said).into_owned()
    });
    let end = loop {
        if let Some(status) = child.try_wait().map_err(cannot)? {
            break Ok(status);
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
        // Both fail when it has ended meanwhile.
        let _ = child.kill();
        let _ = child.wait();
    }
    let said = reading.join().unwrap_or_default();
    Ok((end?, said))
}

/// What became of it. Blocks.
pub(super) fn whole_of(partial: Partial, algorithm: Option<Algorithm>) -> Result<Joined> {
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
