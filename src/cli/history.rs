//! `fetch history`: past runs.

use std::io::{self, IsTerminal};
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::args::{Args, HistoryArgs};
use super::lock::Lock;
use super::messages::print;
use super::{main, verify};
use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::{self, History, root_text};
use crate::report::{Summary, Verbosity, clean, span, totals};

/// The minimum width of the command column, however narrow the terminal is.
const LEAST: usize = 12;

/// Prints the last runs, or the summary of one of them.
pub(super) fn history(args: &Args, wanted: &HistoryArgs) -> Result<()> {
    let config = main::config(args)?;
    let file = match (&wanted.archive, config.pipeline()?.archive) {
        // An archive named explicitly must exist.
        (Some(file), _) => verify::existing_archive(Some(file.clone()))?,
        (None, Some(file)) => file,
        (None, None) => {
            return Err(Error::new(Kind::Config, "there is no archive")
                .hint("name it with `--archive FILE`"));
        }
    };
    let history = History::open(&file)?;
    match wanted.run {
        Some(id) => {
            let run = history
                .map(|history| history.run(id))
                .transpose()?
                .flatten();
            print(&one(&run.ok_or_else(|| unknown(id, &file))?, wanted.json)?)
        }
        None => {
            let runs = history.map(|history| history.last(wanted.count.get()));
            let mut runs = runs.transpose()?.unwrap_or_default();
            runs.reverse();
            match wanted.json {
                true => print(&runs.iter().map(|run| line(&row(run))).collect::<String>()),
                false => {
                    let term = console::Term::stdout();
                    let columns = term.is_term().then(|| usize::from(term.size().1));
                    print(&table(&runs, columns))
                }
            }
        }
    }
}

fn unknown(id: i64, file: &Path) -> Error {
    let message = format!("there is no run {id} in the archive `{}`", file.display());
    Error::new(Kind::Config, message).hint("`fetch history` lists the last runs")
}

/// The table of runs, one per line, cut to the width of the terminal if it is one.
fn table(runs: &[archive::PastRun], columns: Option<usize>) -> String {
    if runs.is_empty() {
        return "no runs yet\n".to_owned();
    }
    let titles = [
        "run",
        "when (UTC)",
        "took",
        "found",
        "new",
        "had",
        "failed",
        "exit",
    ];
    let titles = titles.map(str::to_owned);
    let cells = |run: &archive::PastRun| {
        [
            run.id.to_string(),
            run.began.strftime("%Y-%m-%d %H:%M").to_string(),
            took(run),
            run.found.to_string(),
            run.new.to_string(),
            run.had.to_string(),
            run.failed.to_string(),
            run.exit.map_or("-".to_owned(), |code| code.to_string()),
        ]
    };
    let mut rows = vec![(titles, "what".to_owned())];
    rows.extend(
        runs.iter()
            .map(|run| (cells(run), clean(&what(run)).into_owned())),
    );
    let width = |column: usize| rows.iter().map(|(cells, _)| cells[column].len()).max();
    let widths: [usize; 8] = std::array::from_fn(|column| width(column).unwrap_or(0));
    let used: usize = widths.iter().map(|width| width + 2).sum();
    let mut text = String::new();
    for (cells, what) in &rows {
        for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
            text.push_str(&match index {
                // Dates are left-aligned; they all have the same width.
                1 => format!("{cell:width$}  "),
                _ => format!("{cell:>width$}  "),
            });
        }
        // `fetch history RUN` shows the full command.
        let room = columns.map(|columns| columns.saturating_sub(used + 1).max(LEAST));
        text.push_str(&match room {
            Some(room) => console::truncate_str(what, room, "…"),
            None => what.into(),
        });
        text.push('\n');
    }
    text
}

fn one(run: &archive::PastRun, as_json: bool) -> Result<String> {
    let cannot = |error: serde_json::Error| {
        Error::new(
            Kind::Disk,
            format!("cannot read the summary of run {}", run.id),
        )
        .because(error)
    };
    if as_json {
        let mut row = row(run);
        if let Some(summary) = &run.summary {
            row["summary"] = serde_json::from_str(summary).map_err(cannot)?;
        }
        return Ok(line(&row));
    }
    let mut text = format!(
        "run {}: {}\n  root: {}\n  began: {}\n  took: {}\n",
        run.id,
        clean(&what(run)),
        clean(&root_text(&run.root)),
        run.began.strftime("%Y-%m-%d %H:%M:%S UTC"),
        took(run)
    );
    if let Some(code) = run.exit {
        text.push_str(&format!("  exit code: {code}\n"));
    }
    if let Some(ending) = &run.ending {
        text.push_str(&format!("  ended by: {}\n", clean(ending)));
    }
    match &run.summary {
        Some(summary) => {
            let summary: Summary = serde_json::from_str(summary).map_err(cannot)?;
            let colours = io::stdout().is_terminal() && console::colors_enabled();
            text.push_str(&totals(&summary, Verbosity::Verbose, colours));
        }
        None if run.ended.is_some() => text.push_str("its summary is no longer kept\n"),
        None => {}
    }
    Ok(text)
}

fn what(run: &archive::PastRun) -> String {
    match &run.job {
        Some(job) => format!("{} (job `{job}`)", run.command),
        None => run.command.clone(),
    }
}

/// Checks whether a run without an end is a job still running. For other runs, this is unknown.
pub(super) fn is_running(run: &archive::PastRun) -> bool {
    let job = run.job.as_ref().filter(|_| run.ended.is_none());
    job.is_some_and(|job| Lock::is_job_running(job, &run.root))
}

fn took(run: &archive::PastRun) -> String {
    match run.ended {
        Some(ended) => {
            let took = ended.duration_since(run.began);
            span(took.try_into().unwrap_or_default())
        }
        None if is_running(run) => "running".to_owned(),
        // The process was killed before it could record an end.
        None => "no end".to_owned(),
    }
}

fn row(run: &archive::PastRun) -> Value {
    json!({
        "v": 1,
        "run": run.id,
        "root": root_text(&run.root),
        "command": run.command,
        "job": run.job,
        "began": seconds(run.began),
        "ended": run.ended.map(seconds),
        "exit": run.exit,
        "ending": run.ending,
        "found": run.found,
        "new": run.new,
        "had": run.had,
        "failed": run.failed,
    })
}

/// A time for programs, in whole seconds.
pub(super) fn seconds(time: Timestamp) -> String {
    format!("{time:.0}")
}

fn line(value: &Value) -> String {
    format!("{value}\n")
}
