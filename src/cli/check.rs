//! `fetch config check`: mistakes in the settings, before they go wrong in a run.

use std::collections::BTreeSet;
use std::path::Path;

use url::{Host, Url};

use super::args::Args;
use super::batch::List;
use super::talk::print;
use super::{jobs, main, meaning};
use crate::config::Config;
use crate::model::{Error, Kind, Result};
use crate::net::Client;
use crate::source::Registry;

/// Looks at all that a run or a job would be refused for.
pub(super) fn check(args: &Args, sources: impl FnOnce(&Config) -> Result<Registry>) -> Result<()> {
    let config = main::config(args)?;
    main::registry(&config, sources)?;
    let net = meaning::net(args, config.net()?)?;
    // The names are sorted, so that it is the same one each time.
    for host in net.hosts.keys().collect::<BTreeSet<_>>() {
        check_host(host)?;
    }
    Client::new(net)?;
    config.pipeline()?;
    config.check_commands()?;
    for name in config.jobs() {
        let job = config.job(name)?;
        Client::new(meaning::net(args, job.net()?)?)?;
        job.pipeline()?;
        let (_, lists) = jobs::links(name, &job)?;
        for list in lists.iter().filter(|list| *list != Path::new("-")) {
            check_list(name, list)?;
        }
    }
    print("the settings are well\n")
}

/// Refuses what no host is called: nothing would ever be looked up by it.
fn check_host(name: &str) -> Result<()> {
    if Host::parse(name).is_ok() {
        return Ok(());
    }
    let message = format!("`{name}` is not the name of a host, in `[host.{name:?}]`");
    let error = Error::new(Kind::Config, message);
    let url = match name.contains("://") {
        true => Url::parse(name),
        false => Url::parse(&format!("https://{name}")),
    };
    Err(match url.as_ref().ok().and_then(Url::host_str) {
        Some(host) => error.hint(format!(
            "write `[host.{host:?}]`, which is for all its ports"
        )),
        None => error.hint("a host has a section of its own: `[host.\"example.org\"]`"),
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
