//! `fetch history`: the runs of the past.

use std::io::{self, IsTerminal};
use std::path::Path;

use serde_json::{Value, json};

use super::args::{Args, Past};
use super::main;
use super::talk::print;
use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::{self, History};
use crate::report::{Summary, Verbosity, clean, span, totals};

/// Prints the last runs, or what one of them came to.
pub(super) fn history(args: &Args, past: &Past) -> Result<()> {
    let config = main::config(args)?;
    let file = match (&past.archive, config.pipeline()?.archive) {
        (Some(file), _) => file.clone(),
        (None, Some(file)) => file,
        (None, None) => {
            return Err(Error::new(Kind::Config, "there is no archive")
                .hint("name it with `--archive FILE`"));
        }
    };
    let history = History::open(&file)?;
    match past.run {
        Some(id) => {
            let run = history
                .map(|history| history.run(id))
                .transpose()?
                .flatten();
            print(&one(&run.ok_or_else(|| unknown(id, &file))?, past.json)?)
        }
        None => {
            let runs = history.map(|history| history.last(past.count));
            let mut runs = runs.transpose()?.unwrap_or_default();
            runs.reverse();
            match past.json {
                true => print(&runs.iter().map(|run| line(&row(run))).collect::<String>()),
                false => print(&table(&runs)),
            }
        }
    }
}

fn unknown(id: i64, file: &Path) -> Error {
    let message = format!("there is no run {id} in the archive `{}`", file.display());
    Error::new(Kind::Config, message).hint("`fetch history` lists the last runs")
}

/// A run as it is shown, one line.
fn table(runs: &[archive::Past]) -> String {
    if runs.is_empty() {
        return "no runs yet\n".to_owned();
    }
    let mut text = format!(
        "{:>6}  {:16}  {:>10}  {:>6}  {:>6}  {:>6}  {:>6}  {}\n",
        "run", "when (UTC)", "took", "found", "new", "had", "failed", "what"
    );
    for run in runs {
        let archive::Past {
            found,
            new,
            had,
            failed,
            ..
        } = run;
        text.push_str(&format!(
            "{:>6}  {:16}  {:>10}  {found:>6}  {new:>6}  {had:>6}  {failed:>6}  {}\n",
            run.id,
            run.began.strftime("%Y-%m-%d %H:%M"),
            took(run),
            clean(&what(run)),
        ));
    }
    text
}

fn one(run: &archive::Past, as_json: bool) -> Result<String> {
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
        clean(&run.root.to_string_lossy()),
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
            text.push_str(&totals(&summary, Verbosity::Normal, colours));
        }
        None if run.ended.is_some() => text.push_str("its summary is no longer kept\n"),
        None => {}
    }
    Ok(text)
}

fn what(run: &archive::Past) -> String {
    match &run.job {
        Some(job) => format!("{} (job `{job}`)", run.command),
        None => run.command.clone(),
    }
}

fn took(run: &archive::Past) -> String {
    match run.ended {
        Some(ended) => {
            let took = ended.duration_since(run.began);
            span(took.try_into().unwrap_or_default())
        }
        // Nobody was there to note an end.
        None => "no end".to_owned(),
    }
}

fn row(run: &archive::Past) -> Value {
    json!({
        "v": 1,
        "run": run.id,
        "root": run.root,
        "command": run.command,
        "job": run.job,
        "began": run.began,
        "ended": run.ended,
        "exit": run.exit,
        "ending": run.ending,
        "found": run.found,
        "new": run.new,
        "had": run.had,
        "failed": run.failed,
    })
}

fn line(value: &Value) -> String {
    format!("{value}\n")
}
