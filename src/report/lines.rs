//! Plain lines, for output that is no terminal.

use std::io::{self, BufWriter, Stderr, Write};
use std::time::{Duration, Instant};

use super::meter::Meter;
use super::present_file::PresentFile;
use super::renamed::renamed;
use super::repeats::Repeats;
use super::text::{address, clean, size, whole_time};
use super::totals::{name, totals};
use super::waits::Waits;
use super::{OpenItem, Reporter, Summary, Verbosity};
use crate::model::{Event, Failure, Kind, Outcome, Skip};

/// How often a long run reports its progress.
const PROGRESS: Duration = Duration::from_secs(10);

/// Writes a line for each event worth one, and the totals at the end.
#[derive(Debug)]
pub struct Lines<W: Write = BufWriter<Stderr>> {
    out: W,
    verbosity: Verbosity,
    colours: bool,
    began: Instant,
    last_progress: Duration,
    meter: Meter,
    repeats: Repeats,
    waits: Waits,
    present_file: PresentFile,
}

impl Lines {
    /// Writes to stderr.
    pub fn stderr(verbosity: Verbosity) -> Self {
        let colours = console::colors_enabled_stderr();
        Lines::new(BufWriter::new(io::stderr()), verbosity, colours)
    }
}

impl<W: Write> Lines<W> {
    /// Writes to this writer.
    pub fn new(out: W, verbosity: Verbosity, colours: bool) -> Self {
        Lines {
            out,
            verbosity,
            colours,
            began: Instant::now(),
            last_progress: Duration::ZERO,
            meter: Meter::default(),
            repeats: Repeats::default(),
            waits: Waits::default(),
            present_file: PresentFile::default(),
        }
    }

    fn progress(&mut self, now: Duration, summary: &Summary) -> io::Result<()> {
        self.meter.note(now, summary.moved);
        if self.verbosity == Verbosity::Quiet || now < self.last_progress + PROGRESS {
            return Ok(());
        }
        self.last_progress = now;
        let rate = self.meter.rate().unwrap_or(0);
        writeln!(
            self.out,
            "{} files, {}, {}/s",
            done(summary),
            size(summary.moved),
            size(rate)
        )
    }
}

impl<W: Write + Send> Reporter for Lines<W> {
    // An unreadable stderr is no reason to end a run, so its errors are ignored.

    fn event(
        &mut self,
        event: &Event,
        item: Option<&OpenItem>,
        summary: &Summary,
    ) -> io::Result<()> {
        self.present_file.note(event);
        let detail = match self.verbosity {
            Verbosity::Quiet => return Ok(()),
            // If nothing makes progress, the user wants to know why.
            Verbosity::Normal if self.waits.should_report(event, Instant::now()) => Detail::All,
            Verbosity::Normal => Detail::Ends,
            Verbosity::Verbose => Detail::All,
        };
        if self.repeats.is_repeat(event) && detail < Detail::All {
            return Ok(());
        }
        if let Some(line) = line(event, item, summary, detail) {
            let _ = writeln!(self.out, "{line}");
        }
        Ok(())
    }

    fn notice(&mut self, text: &str) -> io::Result<()> {
        let _ = writeln!(self.out, "{text}").and_then(|()| self.out.flush());
        Ok(())
    }

    fn flush(&mut self, summary: &Summary) -> io::Result<()> {
        let now = self.began.elapsed();
        let _ = self.progress(now, summary).and_then(|()| self.out.flush());
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let text = totals(summary, self.verbosity, self.colours);
        let had = match self.verbosity {
            Verbosity::Normal => self.present_file.line(summary),
            _ => String::new(),
        };
        let _ = write!(self.out, "{had}{text}").and_then(|()| self.out.flush());
        Ok(())
    }
}

/// Which events are worth a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Detail {
    /// Problems, and what would be done.
    Failures,
    /// Also the outcome of each item that was not downloaded before.
    Ends,
    /// Everything but mere progress.
    All,
}

/// The line for an event, if it is worth one.
pub(super) fn line(
    event: &Event,
    item: Option<&OpenItem>,
    summary: &Summary,
    detail: Detail,
) -> Option<String> {
    let (least, line) = match event {
        Event::Found { path, .. } => (Detail::All, format!("found `{}`", clean(path))),
        Event::Began { id, total, have } => {
            let item = summary.open_item(*id)?;
            let mut line = format!("fetching `{}`", clean(&item.named.path));
            if let Some(total) = total {
                line.push_str(&format!(", {}", size(*total)));
            }
            if *have > 0 {
                line.push_str(&format!(", of which {} are already there", size(*have)));
            }
            (Detail::All, line)
        }
        Event::Ended { id, outcome } => {
            let kept = summary.failures.last();
            let is_kept = kept.is_some_and(|last| last.id == *id);
            match renamed(outcome, item) {
                // If each saved file gets a line anyway, that line shows its name.
                Some(line) if detail == Detail::Failures => (Detail::Failures, line),
                _ => ended(outcome, item, is_kept)?,
            }
        }
        Event::Listed {
            link,
            items,
            failure,
            ..
        } => match failure {
            Some(failure) if failure.kind != Kind::Closed => {
                let kept = summary.link_failures.last();
                // An invalid link is reported in full: its message is its only name.
                let is_link = failure.kind != Kind::Config;
                let is_kept = is_link && kept.is_some_and(|last| last.link == *link);
                (Detail::Failures, failed(address(link), failure, is_kept))
            }
            _ => (Detail::All, format!("listed `{}`: {items}", clean(link))),
        },
        Event::Resumed { link, ago, .. } => {
            let ago = whole_time(Duration::from_secs(*ago));
            let line = format!(
                "`{}` resumes where it stopped {ago} ago; `--from-start` lists it from the start",
                clean(link)
            );
            (Detail::Failures, line)
        }
        Event::Waiting {
            id,
            host,
            millis,
            reason,
        } => {
            let path = id.and_then(|id| Some(&summary.open_item(id)?.named.path));
            let wait = whole_time(Duration::from_millis(*millis));
            let who = clean(path.unwrap_or(host));
            let line = format!("`{who}` waits {wait}: {}", clean(reason));
            (Detail::All, line)
        }
        Event::Missed {
            what,
            path,
            failure,
            ..
        } => (Detail::Failures, missed(what, path, failure)),
        Event::Packed {
            path,
            files,
            size: bytes,
        } => {
            let what = if *files == 1 { "file" } else { "files" };
            let (path, bytes) = (clean(path), size(*bytes));
            let line = format!("packed `{path}`, {files} {what}, {bytes}");
            (Detail::Ends, line)
        }
        Event::Unchanged { link, .. } => (Detail::All, format!("unchanged: `{}`", clean(link))),
        Event::Warned { text, .. } => (Detail::Failures, format!("warning: {}", clean(text))),
        Event::Noted { source, text } => (Detail::All, format!("{source}: {}", clean(text))),
        Event::Said { text, .. } => (Detail::Failures, clean(text).into_owned()),
        Event::Moved { .. } | Event::LeftOut { .. } | Event::Complete => return None,
    };
    (detail >= least).then_some(line)
}

/// The line for a step after the download that failed, such as a command, and why.
pub(super) fn missed(what: &str, path: &str, failure: &Failure) -> String {
    let message = clean(&failure.message);
    match path {
        "" => format!("failed: `{what}`: {message}"),
        path => format!("failed: `{what}` for `{}`: {message}", clean(path)),
    }
}

/// The line for a failure as it happens: what failed, and the kind of failure; or the full reason, if the summary at the end
/// has no room for it.
fn failed(name: &str, failure: &Failure, is_kept: bool) -> String {
    let (name, message) = (clean(name), clean(&failure.message));
    match is_kept {
        true if name != message => format!("failed: `{name}` ({})", failure.kind),
        _ if name.is_empty() || message.contains(&*name) => format!("failed: {message}"),
        _ => format!("failed: `{name}` {message}"),
    }
}

fn ended(outcome: &Outcome, item: Option<&OpenItem>, is_kept: bool) -> Option<(Detail, String)> {
    Some(match outcome {
        Outcome::Saved {
            path,
            size: bytes,
            warning: None,
        } => (
            Detail::Ends,
            format!("saved `{}`, {}", clean(path), size(*bytes)),
        ),
        Outcome::Saved {
            path,
            warning: Some(warning),
            ..
        } => (
            Detail::Failures,
            format!("saved `{}`; warning: {}", clean(path), clean(warning)),
        ),
        Outcome::Document { document } => {
            let named = item.map(|item| name(&item.named)).unwrap_or_default();
            (
                Detail::All,
                format!("`{}` is a {document}: reading it", clean(&named)),
            )
        }
        Outcome::Skipped {
            reason,
            path,
            warning: Some(warning),
        } => {
            let done = match reason {
                Skip::Adopted => "adopted",
                _ => "had",
            };
            let (path, warning) = (clean(path), clean(warning));
            (
                Detail::Failures,
                format!("{done} `{path}`; warning: {warning}"),
            )
        }
        Outcome::Skipped { reason, path, .. } => {
            let path = clean(path);
            match reason {
                Skip::Simulated => (Detail::Failures, format!("would fetch `{path}`")),
                Skip::Present => (Detail::All, format!("had `{path}`")),
                Skip::Packed => (Detail::All, format!("had `{path}`, packed")),
                Skip::Seen => (Detail::All, format!("had `{path}` once")),
                Skip::Duplicate => (Detail::Ends, format!("the same as `{path}`")),
                Skip::Adopted => (Detail::Ends, format!("adopted `{path}`")),
                Skip::Absent => (Detail::Ends, format!("not there: `{path}`")),
                Skip::Gone => (Detail::All, format!("gone from its site: `{path}`")),
                Skip::Again => (Detail::All, format!("came before: `{path}`")),
            }
        }
        Outcome::Failed(failure) if failure.kind == crate::model::Kind::Closed => return None,
        Outcome::Failed(failure) => {
            let name = item.map(|item| name(&item.named)).unwrap_or_default();
            (Detail::Failures, failed(&name, failure, is_kept))
        }
    })
}

/// How many items are done: `3 of 24+`, where the `+` means that more may be found.
pub(super) fn done(summary: &Summary) -> String {
    let more = if summary.complete { "" } else { "+" };
    format!("{} of {}{more}", summary.ended(), summary.found)
}

#[cfg(test)]
mod tests;
