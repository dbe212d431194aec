//! When a job ran, and when it is to run next.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::exit;
use crate::config::Config;
use crate::model::Result;
use crate::pipeline::archive::{History, Past};

/// How many runs are looked through for one that came to its end.
const RUNS: u32 = 50;

/// When a job ran, and when it is to run next.
#[derive(Debug)]
pub(super) struct When {
    job: String,
    schedule: Option<String>,
    last: Option<Past>,
    next: Option<Timestamp>,
    /// Whether its time has come.
    pub(super) due: bool,
}

impl When {
    /// Looks it up in the archive of the job.
    pub(super) fn of(name: &str, config: &Config, now: Timestamp) -> Result<When> {
        let history = match config.pipeline()?.archive {
            Some(file) => History::open(&file)?,
            None => None,
        };
        let runs = history.map(|history| history.of_job(name, RUNS));
        let runs = runs.transpose()?.unwrap_or_default();
        // What was cut short is to be done again.
        let is_whole = |run: &&Past| run.ended.is_some() && run.exit != Some(exit::INTERRUPTED);
        let whole = runs.iter().find(is_whole).map(|run| run.began);
        let schedule = config.schedule();
        Ok(When {
            job: name.to_owned(),
            schedule: schedule.map(ToString::to_string),
            due: schedule.is_some_and(|s| whole.is_none_or(|last| s.is_due(last, now))),
            next: schedule.map(|schedule| whole.map_or(now, |last| schedule.next(last).max(now))),
            last: runs.into_iter().next(),
        })
    }

    /// As JSON.
    pub(super) fn row(&self) -> Value {
        let last = self.last.as_ref().map(|run| {
            json!({
                "run": run.id,
                "began": run.began,
                "ended": run.ended,
                "exit": run.exit,
                "found": run.found,
                "new": run.new,
                "had": run.had,
                "failed": run.failed,
            })
        });
        json!({
            "v": 1,
            "job": self.job,
            "schedule": self.schedule,
            "last": last,
            "next": self.next,
            "due": self.due,
        })
    }
}

/// One line for each job.
pub(super) fn table(rows: &[When]) -> String {
    if rows.is_empty() {
        return "no jobs; one is a section `[job.NAME]` of the configuration\n".to_owned();
    }
    let time = |time: Timestamp| time.strftime("%Y-%m-%d %H:%M").to_string();
    let wide = rows.iter().map(|when| when.job.chars().count());
    let wide = wide.max().unwrap_or(0).max(3);
    let mut text = format!(
        "{:wide$}  {:10}  {:16}  {:>6}  {:>6}  {:>6}  {:4}  {}\n",
        "job", "schedule", "last (UTC)", "found", "new", "failed", "exit", "next (UTC)"
    );
    for when in rows {
        let next = match when.next {
            Some(_) if when.due => "now".to_owned(),
            next => next.map_or("-".to_owned(), time),
        };
        let schedule = when.schedule.as_deref().unwrap_or("-");
        let last = match &when.last {
            Some(run) => {
                let exit = run.exit.map_or("-".to_owned(), |code| code.to_string());
                let began = time(run.began);
                format!(
                    "{began:16}  {:>6}  {:>6}  {:>6}  {exit:4}",
                    run.found, run.new, run.failed
                )
            }
            None => format!(
                "{:16}  {:>6}  {:>6}  {:>6}  {:4}",
                "never", "-", "-", "-", "-"
            ),
        };
        text.push_str(&format!(
            "{:wide$}  {schedule:10}  {last}  {next}\n",
            when.job
        ));
    }
    text
}
