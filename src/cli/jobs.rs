//! `fetch run`: jobs of the configuration, one after another.

use jiff::Timestamp;
use serde_json::json;

use super::args::{Args, Run};
use super::due::When;
use super::lock::{Asked, Lock};
use super::talk::{explain, print, tell};
use super::{due, exit, main};
use crate::config::Config;
use crate::model::{Error, Kind, Result};
use crate::source::Registry;

/// Runs the jobs that are asked for. What is wrong with one does not keep the others from running.
pub(super) fn run(
    mut args: Args,
    run: Run,
    sources: impl FnOnce(&Config) -> Result<Registry>,
) -> Result<u8> {
    (args.what, args.place, args.how, args.talk) = (run.what, run.place, run.how, run.talk);
    let all = main::config(&args)?;
    let registry = main::registry(&all, sources)?;
    let names = match run.jobs.names.as_slice() {
        [] => all.jobs(),
        names => names.iter().map(String::as_str).collect(),
    };
    if names.is_empty() {
        return Err(Error::new(Kind::Config, "there is no job to run")
            .hint("a job is a section `[job.NAME]` of the configuration"));
    }
    // That one is not there is told before another begins.
    let jobs = names.iter().map(|name| Ok((*name, all.job(name)?)));
    let mut jobs = jobs.collect::<Result<Vec<_>>>()?;
    if run.jobs.due {
        let now = Timestamp::now();
        let mut due = Vec::new();
        for (name, config) in jobs {
            if When::of(name, &config, now)?.due {
                due.push((name, config));
            }
        }
        jobs = due;
        if jobs.is_empty() && !args.talk.quiet {
            tell("no job is due\n");
        }
    }
    // Whoever asks for all that are due has named none.
    let named = match run.jobs.due {
        true => &[],
        false => run.jobs.names.as_slice(),
    };
    let mut codes = Vec::new();
    for (name, config) in &jobs {
        announce(&args, name, jobs.len())?;
        let code = one(&mut args, named, name, config, &registry);
        codes.push(code.unwrap_or_else(|error| {
            tell(&explain(&error));
            exit::of_error(error.kind)
        }));
        if codes.ends_with(&[exit::INTERRUPTED]) {
            break;
        }
    }
    Ok(exit::of_runs(&codes))
}

/// Prints each job with its last run and its next.
pub(super) fn list(all: &Config, as_json: bool) -> Result<()> {
    let now = Timestamp::now();
    let mut rows = Vec::new();
    for name in all.jobs() {
        rows.push(When::of(name, &all.job(name)?, now)?);
    }
    print(&match as_json {
        true => rows
            .iter()
            .map(|when| format!("{}\n", when.row()))
            .collect(),
        false => due::table(&rows),
    })
}

/// Says which of so many jobs comes next.
fn announce(args: &Args, name: &str, count: usize) -> Result<()> {
    if args.talk.json {
        print(&format!(
            "{}\n",
            json!({ "v": 1, "event": "job", "name": name })
        ))?;
    }
    if count > 1 && !args.talk.quiet && !args.talk.get_urls {
        tell(&format!("job `{name}`\n"));
    }
    Ok(())
}

fn one(
    args: &mut Args,
    named: &[String],
    name: &str,
    config: &Config,
    registry: &Registry,
) -> Result<u8> {
    (args.links.links, args.links.input_file) = config.links();
    if args.links.links.is_empty() && args.links.input_file.is_empty() {
        let message = format!("the job `{name}` has nothing to fetch");
        return Err(Error::new(Kind::Config, message).hint("give it `links`, or `lists` of them"));
    }
    // Who only looks is in nobody's way.
    if args.talk.simulate || args.talk.get_urls {
        return main::fetch(args, config, registry.clone(), Some(name));
    }
    match Lock::ask(name)? {
        Asked::Free(_lock) => main::fetch(args, config, registry.clone(), Some(name)),
        Asked::Running(process) => {
            let process =
                process.map_or("another process".to_owned(), |id| format!("process {id}"));
            let message = format!("the job `{name}` is running already, as {process}");
            if named.is_empty() {
                tell(&format!("{message}; left alone\n"));
                return Ok(exit::WELL);
            }
            // It has a code of its own, so it is told here.
            let error = Error::new(Kind::Config, message);
            tell(&explain(&error.hint("wait for its end, or end it")));
            Ok(exit::RUNNING)
        }
    }
}
