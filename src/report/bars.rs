//! Progress bars for a terminal.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::lines::{Detail, line};
use super::meter::Meter;
use super::places::Places;
use super::present_file::PresentFile;
use super::repeats::Repeats;
use super::screen::{Wait, screen};
use super::totals::totals;
use super::{OpenItem, Reporter, Summary, Verbosity};
use crate::model::{Event, Kind, Outcome};

/// The minimum time between two draws: ten per second look smooth and cost nothing.
const INTERVAL: Duration = Duration::from_millis(95);

/// How long a failure is held back before it is printed. If the run ends before, only the totals show it, and it does not
/// appear twice.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long nothing has to happen before a missing response is shown.
const SILENCE: Duration = Duration::from_millis(1500);

/// Keeps lines at the bottom of the terminal that show the progress; messages scroll by above them.
#[derive(Debug)]
pub struct Bars {
    // A single bar whose message is all lines: they are drawn at once, so nothing flickers.
    bar: ProgressBar,
    term: Term,
    verbosity: Verbosity,
    began: Instant,
    drawn: Option<Instant>,
    meter: Meter,
    waits: Vec<(Wait, Instant)>,
    messages: VecDeque<Message>,
    repeats: Repeats,
    places: Places,
    present_file: PresentFile,
    /// When something last happened.
    last_event: Instant,
}

/// A message to print above the bars.
#[derive(Debug)]
struct Message {
    text: String,
    /// When to print it, if the totals will contain it as well.
    not_before: Option<Instant>,
}

impl Bars {
    /// Bars on stderr, or none if that is no terminal that supports them. `root` is the output root as the user gave it.
    pub fn stderr(verbosity: Verbosity, root: &Path) -> Option<Bars> {
        let term = Term::stderr();
        if !term.is_term()
            || is_dumb(std::env::var_os("TERM").as_deref())
            || verbosity == Verbosity::Quiet
        {
            return None;
        }
        // `INTERVAL` limits the rate; the same limit here would drop every other draw.
        let target = ProgressDrawTarget::term(Term::buffered_stderr(), 30);
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(ProgressStyle::with_template("{msg}").ok()?);
        Some(Bars {
            bar,
            term,
            verbosity,
            began: Instant::now(),
            drawn: None,
            meter: Meter::default(),
            waits: Vec::new(),
            messages: VecDeque::new(),
            repeats: Repeats::default(),
            places: Places::new(root),
            present_file: PresentFile::default(),
            last_event: Instant::now(),
        })
    }

    fn note_wait(&mut self, event: &Event, now: Instant) {
        match event {
            Event::Waiting {
                id,
                host,
                millis,
                reason,
            } => {
                let remaining = Duration::from_millis(*millis);
                self.waits
                    .retain(|(wait, _)| wait.id != *id || wait.host != *host);
                let wait = Wait {
                    id: *id,
                    host: host.clone(),
                    reason: reason.clone(),
                    remaining,
                };
                if let Some(end) = now.checked_add(remaining) {
                    self.waits.push((wait, end));
                }
            }
            // An item that makes progress or has ended is no longer waiting.
            Event::Moved { id, .. } | Event::Ended { id, .. } => {
                self.waits.retain(|(wait, _)| wait.id != Some(*id));
            }
            _ => {}
        }
    }

    fn waits(&mut self, now: Instant) -> Vec<Wait> {
        self.waits.retain(|(_, end)| *end > now);
        let remaining = |(wait, end): &(Wait, Instant)| Wait {
            remaining: *end - now,
            ..wait.clone()
        };
        self.waits.iter().map(remaining).collect()
    }
}

impl Reporter for Bars {
    fn event(
        &mut self,
        event: &Event,
        item: Option<&OpenItem>,
        summary: &Summary,
    ) -> io::Result<()> {
        let now = Instant::now();
        self.last_event = now;
        self.note_wait(event, now);
        self.places.note(event);
        self.present_file.note(event);
        let detail = match self.verbosity {
            Verbosity::Verbose => Detail::All,
            _ => Detail::Failures,
        };
        if self.repeats.is_repeat(event) && detail < Detail::All {
            return Ok(());
        }
        if let Some(line) = line(event, item, summary, detail) {
            self.messages.push_back(Message {
                text: line + "\n",
                not_before: is_failure(event).then(|| now + PATIENCE),
            });
        }
        Ok(())
    }

    fn notice(&mut self, text: &str) -> io::Result<()> {
        self.messages.push_back(Message {
            text: text.to_owned() + "\n",
            not_before: None,
        });
        Ok(())
    }

    fn flush(&mut self, summary: &Summary) -> io::Result<()> {
        let now = Instant::now();
        if self.drawn.is_some_and(|drawn| now < drawn + INTERVAL) {
            return Ok(());
        }
        self.drawn = Some(now);
        let mut above = String::new();
        while let Some(line) = self.messages.front() {
            if line.not_before.is_some_and(|time| time > now) {
                break;
            }
            above.push_str(&line.text);
            self.messages.pop_front();
        }
        if !above.is_empty() {
            // If writing fails, the terminal is gone, which the run learns by SIGHUP.
            self.bar.suspend(|| {
                let _ = io::stderr().lock().write_all(above.as_bytes());
            });
        }
        self.meter.note(now - self.began, summary.moved);
        let (rows, columns) = self.term.size();
        let waits = self.waits(now);
        let rate = self.meter.rate();
        let silent = now > self.last_event + SILENCE;
        let size = (rows.into(), columns.into());
        let lines = screen(summary, &waits, silent, rate, size);
        self.bar.set_message(lines.join("\n"));
        self.bar.tick();
        // If the cursor stayed at the end of a full line, a `^C` printed by the terminal would start a new line and move the
        // bars down. At the start of the line, it is drawn over.
        let _ = io::stderr().lock().write_all(b"\r");
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        self.bar.finish_and_clear();
        let colours = console::colors_enabled_stderr();
        let above = self
            .messages
            .drain(..)
            .filter(|line| line.not_before.is_none());
        let mut text: String = above.map(|line| line.text).collect();
        if self.verbosity == Verbosity::Normal {
            text.push_str(&self.present_file.line(summary));
        }
        let totals = totals(summary, self.verbosity, colours);
        text.push_str(
            &match (self.places.description(), totals.split_once('\n')) {
                (Some(places), Some((first, rest))) => format!("{first}   {places}\n{rest}"),
                _ => totals,
            },
        );
        let _ = io::stderr().lock().write_all(text.as_bytes());
        Ok(())
    }
}

/// Whether a terminal with this name cannot move its cursor. On systems without such names, all terminals can.
fn is_dumb(term: Option<&OsStr>) -> bool {
    term.map_or(cfg!(not(windows)), |term| term.is_empty() || term == "dumb")
}

/// Whether the totals contain this event as a failure, too.
fn is_failure(event: &Event) -> bool {
    match event {
        Event::Ended { outcome, .. } => matches!(outcome, Outcome::Failed(_)),
        Event::Listed { failure, .. } => failure
            .as_ref()
            .is_some_and(|failure| failure.kind != Kind::Closed),
        Event::Missed { .. } => true,
        _ => false,
    }
}
