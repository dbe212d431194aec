//! `fetch verify`: checks that saved files are still there and intact.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::args::{self, Args, Repair, ResultArgs};
use super::messages::{eprint, print};
use super::{exit, interrupt, main, repair};
use crate::config::Config;
use crate::model::{Error, Kind, Result};
use crate::pipeline::Stop;
use crate::pipeline::verify::{Checked, Progress, State, Verify, broken_name};
use crate::report::{Checks, Signals, check_line, check_object};
use crate::source::Registry;

/// How many results may be queued for printing.
const AHEAD: usize = 256;

/// How often the progress bar is drawn.
const TICK: Duration = Duration::from_millis(100);

/// The most files to download again in one run, per output root; the next run continues.
const MOST: usize = 100_000;

/// Checks all files, reports problems, and repairs them if requested.
pub(super) fn verify(
    mut args: Args,
    verify: args::Verify,
    sources: impl FnOnce(&Config) -> Result<Registry>,
) -> Result<u8> {
    verify.location.apply(&mut args.output);
    args.network = verify.network;
    let config = main::config(&args)?;
    let settings = config.pipeline()?;
    let folder = verify.folder.unwrap_or(settings.root.clone());
    let archive = existing_archive(settings.archive.clone())?;
    let mut repairs = Repairs::default();
    let mut packed = Vec::new();
    let checks = check_files(&archive, &folder, &verify.report, |checked| {
        let wanted = match checked.state {
            State::Missing => Repair::Missing,
            State::Broken => Repair::Broken,
            State::Changed => Repair::Changed,
            _ => return,
        };
        if verify.repair.contains(&wanted) {
            match &checked.known {
                Some(known) => repairs.add(known.id, checked),
                // Only packed albums can be broken without being items.
                None => packed.push((checked.root.clone(), checked.path.clone())),
            }
        }
    })?;
    if checks.interrupted {
        return Ok(exit::INTERRUPTED);
    }
    let left_out = left_out(&verify.repair, &checks);
    if !left_out.is_empty() && !verify.report.quiet {
        eprint(&left_as_they_are(&left_out));
    }
    if repairs.files.is_empty() && packed.is_empty() {
        return Ok(if checks.is_intact() {
            exit::SUCCESS
        } else {
            exit::PARTIAL
        });
    }
    args.report.json = verify.report.json;
    args.report.quiet = verify.report.quiet;
    args.report.verbose = verify.report.verbose.into();
    let (asides, files) = (repairs.aside_paths(), std::mem::take(&mut repairs.files));
    let mut codes = repair::fetch_again((&args, &config), &archive, files, &settings, sources)?;
    let mut is_aside = asides.iter().any(|aside| aside.exists());
    // A damaged packed album may need the files just downloaded again.
    if !codes.ends_with(&[exit::INTERRUPTED]) && !packed.is_empty() {
        let (is_other, is_well) = repair::remake_all(&archive, &packed, &verify.report)?;
        is_aside |= is_other;
        codes.push(if is_well {
            exit::SUCCESS
        } else {
            exit::PARTIAL
        });
    }
    if !verify.report.quiet {
        if is_aside {
            eprint("the replaced files are kept beside the new ones as `NAME.broken`\n");
        }
        if repairs.remaining > 0 {
            eprint(&format!(
                "{} more have to be downloaded again: run the same command to continue\n",
                repairs.remaining
            ));
        }
    }
    if repairs.remaining + checks.unreadable > 0 || !left_out.is_empty() {
        codes.push(exit::PARTIAL);
    }
    Ok(exit::of_runs(&codes))
}

/// The problems that `--repair` does not cover: how many files, and their state.
fn left_out(repair: &[Repair], checks: &Checks) -> Vec<(u64, &'static str)> {
    let all = [
        (Repair::Missing, checks.missing, "missing"),
        (Repair::Broken, checks.broken, "broken"),
        (Repair::Changed, checks.changed, "changed"),
    ];
    let left = all
        .iter()
        .filter(|(what, count, _)| *count > 0 && !repair.is_empty() && !repair.contains(what));
    left.map(|(_, count, word)| (*count, *word)).collect()
}

fn left_as_they_are(left: &[(u64, &str)]) -> String {
    let counts: Vec<_> = left
        .iter()
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let words: Vec<_> = left.iter().map(|(_, word)| *word).collect();
    let (are, them) = match left {
        [(1, _)] => ("is left as it is", "it"),
        _ => ("are left as they are", "them"),
    };
    let (counts, words) = (counts.join(" and "), words.join(","));
    format!("{counts} {are}; `--repair={words}` fetches {them} again\n")
}

/// The files to download again.
#[derive(Debug, Default)]
struct Repairs {
    /// By output root: the id of the item, and the path.
    files: repair::Files,
    /// Those that exist, and are moved aside.
    existing: Vec<PathBuf>,
    /// How many are left for the next run.
    remaining: u64,
}

impl Repairs {
    fn add(&mut self, id: i64, checked: &Checked) {
        let files = self.files.entry(checked.root.clone()).or_default();
        if files.len() >= MOST {
            self.remaining += 1;
            return;
        }
        files.push((id, checked.path.clone()));
        if checked.state != State::Missing {
            self.existing.push(checked.root.join(&checked.path));
        }
    }

    /// The names that they will get when moved aside, which are still free.
    fn aside_paths(&self) -> Vec<PathBuf> {
        let free = |path: &PathBuf| {
            let name = path.file_name()?.to_str()?;
            let mut names = (1..1000).map(|copy| path.with_file_name(broken_name(name, copy)));
            names.find(|path| path.symlink_metadata().is_err())
        };
        self.existing.iter().filter_map(free).collect()
    }
}

/// The archive, which must exist.
pub(super) fn existing_archive(archive: Option<PathBuf>) -> Result<PathBuf> {
    match archive {
        Some(file) if file.is_file() => Ok(file),
        Some(file) => {
            let message = format!("there is no archive `{}`", file.display());
            Err(Error::new(Kind::Config, message)
                .hint("the first saved file creates it; `--archive FILE` names another"))
        }
        None => Err(Error::new(Kind::Config, "the archive is disabled")
            .hint("`archive.enabled` enables it; `--archive FILE` names one")),
    }
}

/// Checks the files, and reports results as they come.
fn check_files(
    archive: &Path,
    folder: &Path,
    report: &ResultArgs,
    mut each: impl FnMut(&Checked),
) -> Result<Checks> {
    let began = Instant::now();
    let verify = Verify::new(archive, folder)?;
    let progress = verify.progress();
    let here = std::env::current_dir().unwrap_or_default();
    let (stop, signals) = (Stop::default(), Signals::default());
    interrupt::watch(&stop, &signals)?;
    let (sender, found) = sync_channel(AHEAD);
    let looking = thread::spawn(move || verify.run(sender));
    let bar = bar(&progress, report);
    let mut checks = Checks::default();
    loop {
        if stop.drain.is_cancelled() {
            progress.stop();
        }
        match found.recv_timeout(TICK) {
            Ok(checked) => {
                checks.take(&checked);
                each(&checked);
                if let Some(text) = line(&checked, report, &here) {
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
    checks.interrupted = signals.interrupted.is_cancelled();
    if report.json {
        print(&checks.json())?;
    }
    if !report.json && !report.quiet || report.verbose {
        eprint(&checks.totals(began.elapsed()));
    }
    Ok(checks)
}

/// The line for one file, if it is reported.
fn line(checked: &Checked, report: &ResultArgs, here: &Path) -> Option<String> {
    let is_fine = matches!(
        checked.state,
        State::Whole { .. } | State::Packed | State::Unknown
    );
    if is_fine && !report.verbose {
        return None;
    }
    Some(match report.json {
        true => check_object(checked),
        false => check_line(checked, here),
    })
}

/// A progress bar on stderr, hidden if that is not a terminal.
fn bar(progress: &Progress, report: &ResultArgs) -> ProgressBar {
    if report.quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(progress.bytes());
    let template = "{wide_bar} {msg}, {decimal_bytes} of {decimal_total_bytes}, {decimal_bytes_per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repairs_over_the_limit_are_counted() {
        let mut repairs = Repairs::default();
        let checked = Checked {
            root: "/pictures".into(),
            path: "cat.jpg".into(),
            known: None,
            state: State::Missing,
            reason: None,
        };
        (0..MOST as i64 + 2).for_each(|id| repairs.add(id, &checked));
        assert_eq!(
            (repairs.files[&checked.root].len(), repairs.remaining),
            (MOST, 2)
        );
    }
}
