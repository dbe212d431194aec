//! When a job last ran, and when it is due.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::exit;
use super::history::{is_running, seconds};
use crate::config::Config;
use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::{History, PastRun};

/// How many runs are searched for one that was completed.
const RUNS: u32 = 50;

/// The last and the next run of a job.
#[derive(Debug)]
pub(super) struct JobStatus {
    job: String,
    schedule: Option<String>,
    last: Option<PastRun>,
    /// Whether it has a schedule but no archive that records its runs.
    lacks_archive: bool,
    next: Option<Timestamp>,
    /// Whether it is due now.
    pub(super) is_due: bool,
}

impl JobStatus {
    /// Looks up the runs in the archive of the job.
    pub(super) fn of(name: &str, config: &Config, now: Timestamp) -> Result<JobStatus> {
        let settings = config.pipeline()?;
        let has_archive = settings.archive.is_some();
        let history = match settings.archive {
            Some(file) => History::open(&file)?,
            None => None,
        };
        let runs = history.map(|history| history.of_job(name, &settings.root, RUNS));
        let runs = runs.transpose()?.unwrap_or_default();
        // An incomplete run has to be repeated.
        let is_whole = |run: &&PastRun| run.ended.is_some() && run.exit != Some(exit::INTERRUPTED);
        let whole = runs.iter().find(is_whole).map(|run| run.began);
        let schedule = config.schedule();
        let written = schedule.map(ToString::to_string);
        // Without an archive, it would always be due.
        let lacks_archive = schedule.is_some() && !has_archive;
        let schedule = schedule.filter(|_| has_archive);
        Ok(JobStatus {
            job: name.to_owned(),
            schedule: written,
            lacks_archive,
            is_due: schedule.is_some_and(|s| whole.is_none_or(|last| s.is_due(last, now))),
            next: schedule.map(|schedule| whole.map_or(now, |last| schedule.next(last).max(now))),
            last: runs.into_iter().next(),
        })
    }

    /// Refuses a job with a schedule that has no archive.
    ///
    /// # Errors
    /// [`Kind::Config`] for such a job.
    pub(super) fn check(&self) -> Result<()> {
        if !self.lacks_archive {
            return Ok(());
        }
        let message = format!(
            "the job `{}` has a schedule, but no archive that records when it ran",
            self.job
        );
        Err(Error::new(Kind::Config, message)
            .hint("run it by name, or give it an archive: `archive.enabled`"))
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
            "due": self.is_due,
        })
    }
}

/// One line for each job.
pub(super) fn table(rows: &[JobStatus]) -> String {
    if rows.is_empty() {
        return "no jobs; define one as a section `[job.NAME]` of the configuration\n".to_owned();
    }
    let time = |time: Timestamp| time.strftime("%Y-%m-%d %H:%M").to_string();
    let wide = rows.iter().map(|status| status.job.chars().count());
    let wide = wide.max().unwrap_or(0).max(3);
    let mut text = format!(
        "{:wide$}  {:10}  {:16}  {:>6}  {:>6}  {:>6}  {:4}  {}\n",
        "job", "schedule", "last (UTC)", "found", "new", "failed", "exit", "next (UTC)"
    );
    for status in rows {
        let next = match status.next {
            Some(_) if status.is_due => "now".to_owned(),
            next => next.map_or("-".to_owned(), time),
        };
        let schedule = status.schedule.as_deref().unwrap_or("-");
        let last = match &status.last {
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
            status.job
        ));
    }
    text
}
