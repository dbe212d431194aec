//! `fetch config check`: finds mistakes in the settings before a run does.

use std::path::Path;

use super::args::Args;
use super::batch::List;
use super::messages::print;
use super::{jobs, main, overrides, variables};
use crate::config::Config;
use crate::model::{Error, Result};
use crate::net::Client;
use crate::source::Registry;

/// Checks for everything that would make a run or a job fail at its start, and for variables without effect.
pub(super) fn check(args: &Args, sources: impl FnOnce(&Config) -> Result<Registry>) -> Result<()> {
    let config = main::config(args)?;
    let registry = main::registry(&config, sources)?;
    let net = overrides::net(args, config.net()?)?;
    Client::new(net)?;
    main::check_programs(&overrides::pipeline(args, config.pipeline()?)?)?;
    config.check_commands()?;
    for name in config.jobs() {
        let job = config.job(name)?;
        Client::new(overrides::net(args, job.net()?)?)?;
        overrides::pipeline(args, job.pipeline()?).map_err(|error| of_job(name, error))?;
        let (links, lists) = jobs::links(name, &job)?;
        for link in &links {
            check_link(name, link, &registry)?;
        }
        for list in lists.iter().filter(|list| *list != Path::new("-")) {
            check_list(name, list)?;
        }
    }
    variables::warn_of_all(&config)?;
    print("the settings are valid\n")
}

/// Adds which job could not run.
fn of_job(job: &str, error: Error) -> Error {
    let message = format!("the job `{job}` could not run: {}", error.message);
    Error { message, ..error }
}

/// Refuses an invalid link of a job.
fn check_link(job: &str, link: &str, registry: &Registry) -> Result<()> {
    registry.parse_link(link).map(drop).map_err(|mut error| {
        error.message = format!("the job `{job}` has an invalid link: {}", error.message);
        error
    })
}

/// Refuses a list of a job that cannot be read.
fn check_list(job: &str, list: &Path) -> Result<()> {
    List::open(list).map(drop).map_err(|mut error| {
        error.message = format!("the job `{job}` {}", error.message);
        match list.is_absolute() {
            true => error,
            false => {
                error.hint("it is looked for in the current folder: use an absolute path, or `~/…`")
            }
        }
    })
}
