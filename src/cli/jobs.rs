//! `fetch run` and `fetch jobs`: the jobs of the configuration, run one after another.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::json;

use super::args::{Args, Jobs, Run};
use super::job_status::JobStatus;
use super::lock::{Lock, TryLock};
use super::messages::{eprint, explain, print};
use super::{exit, job_status, main, variables};
use crate::config::Config;
use crate::model::{Error, Kind, Result};
use crate::source::Registry;

/// Runs the requested jobs. A failure of one does not keep the others from running.
pub(super) fn run(
    mut args: Args,
    run: Run,
    sources: impl FnOnce(&Config) -> Result<Registry>,
) -> Result<u8> {
    args.apply(run.flags);
    let all = main::config(&args)?;
    let registry = main::registry(&all, sources)?;
    variables::warn_of_typos(&all)?;
    let names = match run.jobs.names.as_slice() {
        [] => all.jobs(),
        names => names.iter().map(String::as_str).collect(),
    };
    if names.is_empty() {
        return Err(Error::new(Kind::Config, "there is no job to run")
            .hint("a job is a section `[job.NAME]` of the configuration"));
    }
    if run.jobs.names.is_empty() && !run.jobs.all && !run.jobs.due {
        let is_one = names.len() == 1;
        let known = format!("`{}`", names.join("`, `"));
        let jobs = if is_one { "the job is" } else { "the jobs are" };
        return Err(Error::new(Kind::Config, "no job was named").hint(format!(
            "say which: `fetch run NAME`, `--due` or `--all`; {jobs} {known}"
        )));
    }
    // A missing job is reported before any other starts.
    let jobs = names.iter().map(|name| Ok((*name, all.job(name)?)));
    let mut jobs = jobs.collect::<Result<Vec<_>>>()?;
    let mut codes = Vec::new();
    if run.jobs.due {
        let now = Timestamp::now();
        let mut due = Vec::new();
        for (name, config) in jobs {
            let status = JobStatus::of(name, &config, now)?;
            if let Err(error) = status.check() {
                codes.push(code_of(&error));
            }
            if status.is_due {
                due.push((name, config));
            }
        }
        jobs = due;
        if jobs.is_empty() && codes.is_empty() && !args.report.quiet {
            eprint("no job is due\n");
        }
    }
    let is_one = run.jobs.names.len() == 1;
    for (name, config) in &jobs {
        let is_named = announce(&args, name, jobs.len())? || is_one;
        let code = run_one(&mut args, &run.jobs, name, config, &registry);
        codes.push(code.unwrap_or_else(|error| {
            if !is_named {
                eprint(&heading(name));
            }
            code_of(&error)
        }));
        if codes.ends_with(&[exit::INTERRUPTED]) {
            break;
        }
    }
    Ok(exit::of_runs(&codes))
}

/// Prints each job with its last and next run.
pub(super) fn list(all: &Config, as_json: bool) -> Result<()> {
    let now = Timestamp::now();
    let mut rows = Vec::new();
    for name in all.jobs() {
        rows.push(JobStatus::of(name, &all.job(name)?, now)?);
    }
    for error in rows.iter().filter_map(|status| status.check().err()) {
        eprint(&explain(&error));
    }
    print(&match as_json {
        true => rows
            .iter()
            .map(|status| format!("{}\n", status.row()))
            .collect(),
        false => job_status::table(&rows),
    })
}

/// Announces the next of `count` jobs, and returns whether its heading was printed.
fn announce(args: &Args, name: &str, count: usize) -> Result<bool> {
    if args.report.json {
        print(&format!(
            "{}\n",
            json!({ "v": 1, "event": "job", "name": name })
        ))?;
    }
    let is_printed = count > 1 && !args.report.quiet && !args.report.get_urls;
    if is_printed {
        eprint(&heading(name));
    }
    Ok(is_printed)
}

fn heading(name: &str) -> String {
    format!("job `{name}`\n")
}

/// The links and lists of a job; it is an error if it has none.
pub(super) fn links(name: &str, config: &Config) -> Result<(Vec<String>, Vec<PathBuf>)> {
    let (links, lists) = config.links();
    if links.is_empty() && lists.is_empty() {
        let message = format!("the job `{name}` has no links");
        return Err(Error::new(Kind::Config, message).hint("give it `links` or `lists`"));
    }
    Ok((links, lists))
}

/// Prints the error of a job, and returns its exit code.
fn code_of(error: &Error) -> u8 {
    eprint(&explain(error));
    exit::of_error(error.kind)
}

fn run_one(
    args: &mut Args,
    jobs: &Jobs,
    name: &str,
    config: &Config,
    registry: &Registry,
) -> Result<u8> {
    (args.links.links, args.links.input_file) = links(name, config)?;
    let fetch = || main::fetch(args, config, registry.clone(), Some(name));
    // Simulating needs no lock.
    if args.report.simulate || args.report.get_urls {
        return fetch();
    }
    // With `--due` or `--all`, a job already running is no failure.
    let running = match jobs.due || jobs.names.is_empty() {
        true => IfRunning::Skip {
            is_reported: !args.report.quiet,
        },
        false => IfRunning::Fail,
    };
    locked(name, config, running, || {
        // Another process may have run it since the check.
        if jobs.due && !JobStatus::of(name, config, Timestamp::now())?.is_due {
            if !args.report.quiet {
                eprint(&format!("the job `{name}` is no longer due\n"));
            }
            return Ok(exit::SUCCESS);
        }
        fetch()
    })
}

/// What to do if a job is already running.
#[derive(Clone, Copy)]
pub(super) enum IfRunning {
    /// Fail: the user named it.
    Fail,
    /// Skip it: the user asked for all jobs, or all that are due.
    Skip { is_reported: bool },
}

/// Does `work` for a job while holding its lock.
pub(super) fn locked(
    name: &str,
    config: &Config,
    running: IfRunning,
    work: impl FnOnce() -> Result<u8>,
) -> Result<u8> {
    let process = match Lock::try_job(name, &config.pipeline()?.root)? {
        TryLock::Acquired(_lock) => return work(),
        TryLock::Held(process) => process,
    };
    let process = process.map_or("another process".to_owned(), |id| format!("process {id}"));
    let message = format!("the job `{name}` is already running, as {process}");
    if let IfRunning::Skip { is_reported } = running {
        if is_reported {
            eprint(&format!("{message}; skipped\n"));
        }
        return Ok(exit::SUCCESS);
    }
    // It has its own exit code, so it is printed here.
    let error = Error::new(Kind::Config, message);
    eprint(&explain(&error.hint("wait until it ends, or stop it")));
    Ok(exit::IN_USE)
}
