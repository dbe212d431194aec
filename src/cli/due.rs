//! When a job ran, and when it is to run next.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::exit;
use super::history::{is_running, seconds};
use crate::config::Config;
use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::{History, Past};

/// How many runs are looked through for one that came to its end.
const RUNS: u32 = 50;

/// When a job ran, and when it is to run next.
#[derive(Debug)]
pub(super) struct When {
    job: String,
    schedule: Option<String>,
    last: Option<Past>,
    /// Whether nobody knows when it ran.
    is_lost: bool,
    next: Option<Timestamp>,
    /// Whether its time has come.
    pub(super) due: bool,
}

impl When {
    /// Looks it up in the archive of the job.
    pub(super) fn of(name: &str, config: &Config, now: Timestamp) -> Result<When> {
        let settings = config.pipeline()?;
        let has_archive = settings.archive.is_some();
        let history = match settings.archive {
            Some(file) => History::open(&file)?,
            None => None,
        };
        let runs = history.map(|history| history.of_job(name, &settings.root, RUNS));
        let runs = runs.transpose()?.unwrap_or_default();
        // What was cut short is to be done again.
        let is_whole = |run: &&Past| run.ended.is_some() && run.exit != Some(exit::INTERRUPTED);
        let whole = runs.iter().find(is_whole).map(|run| run.began);
        let schedule = config.schedule();
        let written = schedule.map(ToString::to_string);
        // Without an archive, its time would always have come.
        let is_lost = schedule.is_some() && !has_archive;
        let schedule = schedule.filter(|_| has_archive);
        Ok(When {
            job: name.to_owned(),
            schedule: written,
            is_lost,
            due: schedule.is_some_and(|s| whole.is_none_or(|last| s.is_due(last, now))),
            next: schedule.map(|schedule| whole.map_or(now, |last| schedule.next(last).max(now))),
            last: runs.into_iter().next(),
        })
    }

    /// Refuses a job with a schedule that has no archive.
    ///
    /// # Errors
    /// [`Kind::Config`] for such a one.
    pub(super) fn check(&self) -> Result<()> {
        if !self.is_lost {
            return Ok(());
        }
        let message = format!(
            "the job `{}` has a schedule, but no archive that knows when it ran",
            self.job
        );
        Err(Error::new(Kind::Config, message)
            .hint("run it by its name, or let it have an archive: `archive.enabled`"))
    }

    /// As JSON.
    pub(super) fn row(&self) -> Value {
        let last = self.last.as_ref().map(|run| {
            json!({
                "run": run.id,
                "began": seconds(run.began),
                "ended": run.ended.map(seconds),
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
            "next": self.next.map(seconds),
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
                let exit = match run.exit {
                    Some(code) => code.to_string(),
                    None if is_running(run) => "runs".to_owned(),
                    None => "-".to_owned(),
                };
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
