//! Past runs and their outcomes.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::sqlite::cannot;
use super::sqlite::read_only::open_known;
use super::sqlite::schema::{connect_known, known_root};
use super::{absolute_root, legacy_root};
use crate::model::Result;

/// How many runs are remembered, apart from those still needed.
const RUNS: i64 = 10_000;
/// Selects old runs that are no longer needed. When a job is due next depends on its last completed run, and which run
/// that is depends on how runs ended; failures are retried by the job of their run.
const FORGOTTEN: &str = "
    id <= ? AND id NOT IN (
        SELECT max(id) FROM run WHERE job IS NOT NULL AND command = ? AND ended IS NOT NULL GROUP BY root, job, exit
        UNION ALL SELECT run FROM item JOIN failure ON failure.item = item.id WHERE run IS NOT NULL
        UNION ALL SELECT run FROM unlisted WHERE run IS NOT NULL)";
/// Maximum total length of the summaries of all runs, in bytes. The oldest are dropped first.
const SUMMARIES: i64 = 32 << 20;

/// A run to be recorded.
#[derive(Debug, Default)]
pub struct Run {
    command: String,
    job: Option<String>,
    id: OnceLock<i64>,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct RunResult {
    /// The exit code of the program.
    pub exit: u8,
    /// The error that ended it early.
    pub ending: Option<String>,
    /// How many items it found.
    pub found: u64,
    /// How many of them are new.
    pub new: u64,
    /// How many of them were already downloaded.
    pub had: u64,
    /// How many of them, and how many links, failed.
    pub failed: u64,
    /// Its summary as JSON, including its failures.
    pub summary: String,
}

/// What is recorded of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRun {
    /// Its number.
    pub id: i64,
    /// The output directory.
    pub root: PathBuf,
    /// The command, without secrets.
    pub command: String,
    /// The job that it ran.
    pub job: Option<String>,
    /// When it began.
    pub began: Timestamp,
    /// When it ended; `None` if it was killed or is still in progress.
    pub ended: Option<Timestamp>,
    /// The exit code of the program.
    pub exit: Option<u8>,
    /// The error that ended it early.
    pub ending: Option<String>,
    /// How many items it found.
    pub found: u64,
    /// How many of them are new.
    pub new: u64,
    /// How many of them were already downloaded.
    pub had: u64,
    /// How many of them, and how many links, failed.
    pub failed: u64,
    /// Its summary as JSON, including its failures; `None` if it was too long ago.
    pub summary: Option<String>,
}

/// The command of a run of a job. Other actions for a job, such as a retry, have other commands.
const OF_JOB: &str = "fetch run";

impl Run {
    /// Returns a run of a job.
    pub fn of_job(name: &str) -> Run {
        Run::new(OF_JOB, Some(name.to_owned()))
    }

    /// Returns a run with this command, which holds no secrets.
    pub fn new(command: impl Into<String>, job: Option<String>) -> Run {
        Run {
            command: command.into(),
            job,
            id: OnceLock::new(),
        }
    }

    /// Records that the run begins, and returns its number.
    pub(super) fn begin(&self, connection: &Connection, root: i64) -> rusqlite::Result<i64> {
        let insert = "INSERT INTO run (root, command, job, began) VALUES (?, ?, ?, ?)";
        let now = Timestamp::now().as_millisecond();
        connection.execute(insert, params![root, self.command, self.job, now])?;
        Ok(*self.id.get_or_init(|| connection.last_insert_rowid()))
    }

    /// Records how it ended in the archive in this file. A run that never began leaves nothing.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`] if the archive cannot be used.
    pub fn end(&self, file: &Path, ended: &RunResult) -> Result<()> {
        let Some(id) = self.id.get() else {
            return Ok(());
        };
        let write = || {
            let mut connection = connect_known(file)?;
            let behavior = rusqlite::TransactionBehavior::Immediate;
            let transaction = connection.transaction_with_behavior(behavior)?;
            transaction.execute(
                "UPDATE run SET ended = ?, exit = ?, ending = ?, found = ?, new = ?, had = ?, failed = ?, summary = ?
                 WHERE id = ?",
                params![
                    Timestamp::now().as_millisecond(),
                    ended.exit,
                    ended.ending,
                    ended.found as i64,
                    ended.new as i64,
                    ended.had as i64,
                    ended.failed as i64,
                    ended.summary,
                    id,
                ],
            )?;
            let forget = format!("DELETE FROM run WHERE {FORGOTTEN}");
            transaction.execute(&forget, params![id - RUNS, OF_JOB])?;
            transaction.execute(
                "UPDATE run SET summary = NULL WHERE summary IS NOT NULL AND id <= (SELECT max(id) FROM (
                    SELECT id, sum(octet_length(summary)) OVER (ORDER BY id DESC) AS all_of_them FROM run)
                 WHERE all_of_them > ?)",
                [SUMMARIES],
            )?;
            transaction.commit()
        };
        write().map_err(|error: rusqlite::Error| cannot(&file.display().to_string(), error.into()))
    }
}

/// Reads past runs.
#[derive(Debug)]
pub struct History {
    connection: Connection,
    file: String,
}

const PAST: &str = "
    SELECT run.id, root.path, command, job, began, ended, exit, ending, found, new, had, failed, summary
    FROM run JOIN root ON root.id = run.root";

impl History {
    /// Opens the archive in this file, if there is one.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`] if the archive cannot be used.
    pub fn open(file: &Path) -> Result<Option<History>> {
        let name = file.display().to_string();
        let opened = open_known(file).map_err(|error| cannot(&name, error.into()))?;
        Ok(opened.map(|opened| History {
            connection: opened.connection,
            file: name,
        }))
    }

    /// Returns the last runs, latest first.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`] if the archive cannot be read.
    pub fn last(&self, count: u32) -> Result<Vec<PastRun>> {
        self.runs(&format!("{PAST} ORDER BY run.id DESC LIMIT ?"), [count])
    }

    fn runs(&self, query: &str, values: impl rusqlite::Params) -> Result<Vec<PastRun>> {
        let read = || {
            let mut query = self.connection.prepare(query)?;
            let runs = query.query_map(values, past)?;
            runs.collect::<rusqlite::Result<_>>()
        };
        read().map_err(|error| cannot(&self.file, error.into()))
    }

    /// Returns the last runs of the job with this name and output directory, latest first. Another configuration may
    /// have a job with the same name.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`] if the archive cannot be read.
    pub fn of_job(&self, job: &str, root: &Path, count: u32) -> Result<Vec<PastRun>> {
        let query = format!(
            "{PAST} WHERE job = ? AND run.root = ? AND command = ? ORDER BY run.id DESC LIMIT ?"
        );
        let root = known_root(&self.connection, &absolute_root(root));
        let root = root.map_err(|error| cannot(&self.file, error.into()))?;
        self.runs(&query, params![job, root, OF_JOB, count])
    }

    /// Returns the run with this number, if it is remembered.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`] if the archive cannot be read.
    pub fn run(&self, id: i64) -> Result<Option<PastRun>> {
        let query = format!("{PAST} WHERE run.id = ?");
        let run = self.connection.query_row(&query, [id], past).optional();
        run.map_err(|error| cannot(&self.file, error.into()))
    }
}

fn past(row: &Row<'_>) -> rusqlite::Result<PastRun> {
    let time = |index: usize| -> rusqlite::Result<Option<Timestamp>> {
        let millis = row.get::<_, Option<i64>>(index)?;
        Ok(millis.and_then(|millis| Timestamp::from_millisecond(millis).ok()))
    };
    let count = |index: usize| {
        row.get::<_, Option<i64>>(index)
            .map(|count| count.unwrap_or(0) as u64)
    };
    Ok(PastRun {
        id: row.get(0)?,
        root: legacy_root(row.get_ref(1)?.as_str()?),
        command: row.get(2)?,
        job: row.get(3)?,
        began: time(4)?.unwrap_or(Timestamp::UNIX_EPOCH),
        ended: time(5)?,
        exit: row.get(6)?,
        ending: row.get(7)?,
        found: count(8)?,
        new: count(9)?,
        had: count(10)?,
        failed: count(11)?,
        summary: row.get(12)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::NamedBy;
    use crate::pipeline::archive::{
        Archive, Ending, Identity, Note, Origin, RecordedFailure, Sqlite,
    };

    fn ended(failed: u64, summary: String) -> RunResult {
        RunResult {
            exit: 3,
            ending: None,
            found: failed + 3,
            new: 2,
            had: 1,
            failed,
            summary,
        }
    }

    #[test]
    fn runs_are_remembered_with_their_ends_and_the_latest_summaries() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("archive.db");
        assert!(History::open(&file).unwrap().is_none());
        let summary = "x".repeat(1 << 20);
        for number in 0..35 {
            let run = Run::new(format!("fetch {number}"), Some("cats".into()));
            drop(Sqlite::open(&file, folder.path(), Some(&run)).unwrap());
            run.end(&file, &ended(number, summary.clone())).unwrap();
        }
        let last = Run::new("fetch", None);
        drop(Sqlite::open(&file, folder.path(), Some(&last)).unwrap());
        let history = History::open(&file).unwrap().unwrap();
        let past = history.last(100).unwrap();
        assert_eq!(past.len(), 36);
        let kept = past.iter().filter(|past| past.summary.is_some()).count();
        assert_eq!(kept, 32);
        assert!(past[0].ended.is_none() && past[0].summary.is_none());
        assert!(past[1].summary.is_some() && past[35].summary.is_none());
        let one = history.run(past[1].id).unwrap().unwrap();
        assert_eq!(one, past[1]);
        assert_eq!((one.found, one.new, one.had, one.failed), (37, 2, 1, 34));
        assert_eq!((one.exit, one.job.as_deref()), (Some(3), Some("cats")));
        assert!(one.ended.unwrap() >= one.began);
        assert_eq!(history.run(1000).unwrap(), None);
    }

    #[test]
    fn old_runs_are_kept_while_referenced() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("archive.db");
        let roots = ["one", "other"].map(|name| folder.path().join(name));
        let failure = || RecordedFailure {
            reason: "network".into(),
            message: String::new(),
            attempts: 1,
            number: 0,
            item: None,
            options: None,
        };
        let failed = |archive: &Sqlite, key: &str| {
            let (source, key) = ("test".to_owned(), key.to_owned());
            let note = Note {
                identity: Identity { source, key },
                origin: None,
                ending: Ending::Failed(failure()),
            };
            archive.note(note).unwrap();
            archive.flush().unwrap();
        };
        for root in &roots {
            std::fs::create_dir(root).unwrap();
        }
        // A failure in no known run.
        failed(&Sqlite::open(&file, &roots[0], None).unwrap(), "old");
        let job = || Run::of_job("cats");
        let other = || Run::new("fetch retry", Some("cats".into()));
        let runs = [
            (job(), &roots[0], Some(0), false),
            (job(), &roots[1], Some(0), true),
            (job(), &roots[0], Some(0), true),
            // The last run that was cut short, and one without an end.
            (job(), &roots[0], Some(130), true),
            (job(), &roots[0], None, false),
            (other(), &roots[0], Some(0), false),
        ];
        let mut kept = Vec::new();
        for (run, root, exit, is_kept) in runs {
            drop(Sqlite::open(&file, root, Some(&run)).unwrap());
            if let Some(exit) = exit {
                let ended = RunResult {
                    exit,
                    ..ended(0, String::new())
                };
                run.end(&file, &ended).unwrap();
            }
            kept.extend(run.id.get().filter(|_| is_kept));
        }
        for key in ["item", "link"] {
            let run = other();
            let archive = Sqlite::open(&file, &roots[0], Some(&run)).unwrap();
            match key {
                "item" => failed(&archive, key),
                _ => {
                    let link = "https://example.org/".parse::<url::Url>().unwrap();
                    let origin = Origin::of(&link.into(), NamedBy::User);
                    archive.note_unlisted(origin.into(), failure()).unwrap();
                    archive.flush().unwrap();
                }
            }
            drop(archive);
            run.end(&file, &ended(1, String::new())).unwrap();
            kept.extend(run.id.get());
        }
        // As if there had been many runs since.
        let connection = connect_known(&file).unwrap();
        let insert = "INSERT INTO run (id, root, command, began) VALUES (?, 1, '', 0)";
        connection.execute(insert, [RUNS + 100]).unwrap();
        kept.push(RUNS + 100);
        let last = Run::new("fetch", None);
        drop(Sqlite::open(&file, &roots[0], Some(&last)).unwrap());
        last.end(&file, &ended(0, String::new())).unwrap();
        kept.extend(last.id.get());
        let history = History::open(&file).unwrap().unwrap();
        let past = history.last(100).unwrap();
        let past: Vec<_> = past.iter().rev().map(|past| past.id).collect();
        assert_eq!(past, kept);
    }

    #[test]
    fn a_run_that_never_started_leaves_no_record() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("archive.db");
        Run::new("fetch", None)
            .end(&file, &ended(0, String::new()))
            .unwrap();
        assert!(!file.exists());
    }
}
