//! `fetch verify`: is what was saved still there, and whole?

use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use super::args::{self, Args, Telling};
use super::talk::{print, tell};
use super::{exit, interrupt, main};
use crate::model::{Error, Kind, Result};
use crate::pipeline::Stop;
use crate::pipeline::verify::{Checked, Progress, State, Verify};
use crate::report::{Checks, check_line, check_object};

/// How many findings wait to be told.
const AHEAD: usize = 256;

/// How often the bar is drawn.
const TICK: Duration = Duration::from_millis(100);

/// Looks at all files, and tells what is wrong.
pub(super) fn verify(mut args: Args, verify: args::Verify) -> Result<u8> {
    verify.place.apply(&mut args.place);
    let settings = main::config(&args)?.pipeline()?;
    let folder = verify.folder.unwrap_or(settings.root);
    let archive = known(settings.archive)?;
    let checks = look(&archive, &folder, &verify.talk)?;
    Ok(match checks {
        Checks {
            interrupted: true, ..
        } => exit::INTERRUPTED,
        checks if checks.is_well() => exit::WELL,
        _ => exit::SOME,
    })
}

/// The archive, which must be there.
pub(super) fn known(archive: Option<PathBuf>) -> Result<PathBuf> {
    match archive {
        Some(file) if file.is_file() => Ok(file),
        Some(file) => {
            let message = format!("there is no archive `{}`", file.display());
            Err(Error::new(Kind::Config, message)
                .hint("the first file that is saved makes it; `--archive FILE` names another"))
        }
        None => Err(Error::new(Kind::Config, "the archive is switched off")
            .hint("`archive.enabled` switches it on; `--archive FILE` names one")),
    }
}

/// Looks, and tells what is found as it comes.
fn look(archive: &Path, folder: &Path, talk: &Telling) -> Result<Checks> {
    let began = Instant::now();
    let verify = Verify::new(archive, folder)?;
    let progress = verify.progress();
    let here = std::env::current_dir().unwrap_or_default();
    let (stop, interrupted) = (Stop::default(), CancellationToken::new());
    let runtime = main::runtime()?;
    // It goes with the process: nothing has to be put in order.
    let watch = interrupt::watch(stop.clone(), interrupted.clone());
    thread::spawn(move || runtime.block_on(watch));
    let (sender, found) = sync_channel(AHEAD);
    let looking = thread::spawn(move || verify.run(sender));
    let bar = bar(&progress, talk);
    let mut checks = Checks::default();
    loop {
        if stop.drain.is_cancelled() {
            progress.stop();
        }
        match found.recv_timeout(TICK) {
            Ok(checked) => {
                checks.take(&checked);
                if let Some(text) = text(&checked, talk, &here) {
                    bar.suspend(|| print(&text))?;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        bar.set_position(progress.bytes_done());
        bar.set_message(format!(
            "{} of {} files",
            progress.files_done(),
            progress.files()
        ));
    }
    bar.finish_and_clear();
    match looking.join() {
        Ok(done) => done?,
        Err(panic) => std::panic::resume_unwind(panic),
    }
    checks.interrupted = interrupted.is_cancelled();
    if talk.json {
        print(&checks.json())?;
    }
    if !talk.json && !talk.quiet || talk.verbose {
        tell(&checks.totals(began.elapsed()));
    }
    Ok(checks)
}

/// What is said of one file, if anything is.
fn text(checked: &Checked, talk: &Telling, here: &Path) -> Option<String> {
    let is_fine = matches!(checked.state, State::Whole { .. } | State::Unknown);
    if is_fine && !talk.verbose {
        return None;
    }
    Some(match talk.json {
        true => check_object(checked),
        false => check_line(checked, here),
    })
}

/// A bar on stderr; nothing is drawn where that is no terminal.
fn bar(progress: &Progress, talk: &Telling) -> ProgressBar {
    if talk.quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(progress.bytes());
    let template = "{wide_bar} {msg}, {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
