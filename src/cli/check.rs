//! `fetch config check`: mistakes in the settings, before they go wrong in a run.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::args::Args;
use super::batch::List;
use super::talk::{print, tell, warn};
use super::{jobs, main, meaning};
use crate::config::{Config, nearest};
use crate::model::{Error, Kind, Result};
use crate::net::Client;
use crate::source::Registry;

/// How the variables begin that are read.
const PREFIX: &str = "FETCH_";

/// Looks at all that a run or a job would be refused for, and at what would do nothing.
pub(super) fn check(args: &Args, sources: impl FnOnce(&Config) -> Result<Registry>) -> Result<()> {
    let config = main::config(args)?;
    let registry = main::registry(&config, sources)?;
    let net = meaning::net(args, config.net()?)?;
    Client::new(net)?;
    config.pipeline()?;
    config.check_commands()?;
    for name in config.jobs() {
        let job = config.job(name)?;
        Client::new(meaning::net(args, job.net()?)?)?;
        job.pipeline()?;
        let (links, lists) = jobs::links(name, &job)?;
        for link in &links {
            check_link(name, link, &registry)?;
        }
        for list in lists.iter().filter(|list| *list != Path::new("-")) {
            check_list(name, list)?;
        }
    }
    check_variables(&config)?;
    print("the settings are well\n")
}

/// Refuses a link of a job that is none.
fn check_link(job: &str, link: &str, registry: &Registry) -> Result<()> {
    registry.read(link).map(drop).map_err(|mut error| {
        error.message = format!("the job `{job}` has a link that is none: {}", error.message);
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
                error.hint("it is looked for in the current folder: write the whole path, or `~/…`")
            }
        }
    })
}

/// Warns of variables that are called as if they were read. Their values do not show.
fn check_variables(config: &Config) -> Result<()> {
    let variables = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let strays = variables.filter(|name| name.starts_with(PREFIX) && !name.contains("__"));
    let strays: BTreeSet<_> = strays.collect();
    if strays.is_empty() {
        return Ok(());
    }
    let schema = serde_json::from_str(&config.schema()?).unwrap_or_default();
    let mut keys = Vec::new();
    collect(&schema, "", &mut keys);
    for stray in &strays {
        let message = format!("the variable `{stray}` means nothing");
        let error = Error::new(Kind::Config, message);
        tell(&warn(&match meant(stray, &keys) {
            Some(key) => error.hint(format!("did you mean `{key}`?")),
            None => {
                error.hint("a section and its key have two `_` in between: `FETCH_NET__RETRIES`")
            }
        }));
    }
    Ok(())
}

/// The names of the variables for all keys below a part of the schema.
fn collect(schema: &Value, start: &str, keys: &mut Vec<String>) {
    let Some(properties) = schema["properties"].as_object() else {
        keys.extend(start.strip_prefix("__").map(|key| format!("{PREFIX}{key}")));
        return;
    };
    for (key, schema) in properties {
        collect(
            schema,
            &format!("{start}__{}", key.to_ascii_uppercase()),
            keys,
        );
    }
}

/// The variable that was most likely meant.
fn meant<'a>(name: &str, keys: &'a [String]) -> Option<&'a str> {
    let bare = |name: &str| name[PREFIX.len()..].replace("__", "_");
    let bares: Vec<_> = keys.iter().map(|key| bare(key)).collect();
    let bares: Vec<_> = bares.iter().map(String::as_str).collect();
    let without_section = format!("__{}", bare(name));
    let ends = || keys.iter().position(|key| key.ends_with(&without_section));
    let near = nearest(&bare(name), &bares);
    let near = near.and_then(|near| bares.iter().position(|bare| *bare == near));
    keys.get(near.or_else(ends)?).map(String::as_str)
}
