//! `fetch run` and `fetch jobs`: the jobs of the configuration, run one after another.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::json;

use super::args::{Args, Jobs, Run};
use super::due::When;
use super::lock::{Asked, Lock};
use super::talk::{explain, print, tell};
use super::{due, exit, main, variables};
use crate::config::Config;
use crate::model::{Error, Kind, Result};
use crate::source::Registry;

/// Runs the requested jobs. A failure of one does not keep the others from running.
pub(super) fn run(
    mut args: Args,
    run: Run,
    sources: impl FnOnce(&Config) -> Result<Registry>,
) -> Result<u8> {
    args.take(run.flags);
    let all = main::config(&args)?;
    let registry = main::registry(&all, sources)?;
    variables::tell_of_slips(&all)?;
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
            let when = When::of(name, &config, now)?;
            if let Err(error) = when.check() {
                codes.push(code_of(&error));
            }
            if when.due {
                due.push((name, config));
            }
        }
        jobs = due;
        if jobs.is_empty() && codes.is_empty() && !args.talk.quiet {
            tell("no job is due\n");
        }
    }
    let is_one = run.jobs.names.len() == 1;
    for (name, config) in &jobs {
        let is_named = announce(&args, name, jobs.len())? || is_one;
        let code = one(&mut args, &run.jobs, name, config, &registry);
        codes.push(code.unwrap_or_else(|error| {
            if !is_named {
                tell(&heading(name));
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
        rows.push(When::of(name, &all.job(name)?, now)?);
    }
    for error in rows.iter().filter_map(|when| when.check().err()) {
        tell(&explain(&error));
    }
    print(&match as_json {
        true => rows
            .iter()
            .map(|when| format!("{}\n", when.row()))
            .collect(),
        false => due::table(&rows),
    })
}

/// Announces the next of `count` jobs, and returns whether its heading was printed.
fn announce(args: &Args, name: &str, count: usize) -> Result<bool> {
    if args.talk.json {
        print(&format!(
            "{}\n",
            json!({ "v": 1, "event": "job", "name": name })
        ))?;
    }
    let is_told = count > 1 && !args.talk.quiet && !args.talk.get_urls;
    if is_told {
        tell(&heading(name));
    }
    Ok(is_told)
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
    tell(&explain(error));
    exit::of_error(error.kind)
}

fn one(
    args: &mut Args,
    jobs: &Jobs,
    name: &str,
    config: &Config,
    registry: &Registry,
) -> Result<u8> {
    (args.links.links, args.links.input_file) = links(name, config)?;
    let fetch = || main::fetch(args, config, registry.clone(), Some(name));
    // Simulating needs no lock.
    if args.talk.simulate || args.talk.get_urls {
        return fetch();
    }
    // With `--due` or `--all`, a job already running is no failure.
    let running = match jobs.due || jobs.names.is_empty() {
        true => Running::LeftAlone {
            is_told: !args.talk.quiet,
        },
        false => Running::Fails,
    };
    alone(name, config, running, || {
        // Another process may have run it since the check.
        if jobs.due && !When::of(name, config, Timestamp::now())?.due {
            if !args.talk.quiet {
                tell(&format!("the job `{name}` is no longer due\n"));
            }
            return Ok(exit::WELL);
        }
        fetch()
    })
}

/// What to do if a job is already running.
#[derive(Clone, Copy)]
pub(super) enum Running {
    /// Fail: the user named it.
    Fails,
    /// Skip it: the user asked for all jobs, or all that are due.
    LeftAlone { is_told: bool },
}

/// Does `work` for a job while holding its lock.
pub(super) fn alone(
    name: &str,
    config: &Config,
    running: Running,
    work: impl FnOnce() -> Result<u8>,
) -> Result<u8> {
    let process = match Lock::ask(name, &config.pipeline()?.root)? {
        Asked::Free(_lock) => return work(),
        Asked::Running(process) => process,
    };
    let process = process.map_or("another process".to_owned(), |id| format!("process {id}"));
    let message = format!("the job `{name}` is already running, as {process}");
    if let Running::LeftAlone { is_told } = running {
        if is_told {
            tell(&format!("{message}; skipped\n"));
        }
        return Ok(exit::WELL);
    }
    // It has its own exit code, so it is printed here.
    let error = Error::new(Kind::Config, message);
    tell(&explain(&error.hint("wait until it ends, or stop it")));
    Ok(exit::RUNNING)
}
