//! `fetch config`: shows, checks and creates settings.

use std::fs::{self, File};
use std::io::Write;

use super::args::{Args, ConfigCommand};
use super::messages::print;
use super::{browser_requests, check, main};
use crate::config::{Config, EXAMPLE, locations};
use crate::model::{Error, Kind, Result};
use crate::source::Registry;

/// Runs a subcommand of `fetch config`.
pub(super) fn settings(
    args: &Args,
    command: &ConfigCommand,
    sources: impl FnOnce(&Config) -> Result<Registry>,
) -> Result<()> {
    match command {
        ConfigCommand::Path => print(&path(args)),
        ConfigCommand::Show { origin } => {
            let config = main::config(args)?;
            // Creating the sources, as far as the settings allow, registers which keys are secrets.
            let _ = sources(&config);
            print(&config.show(*origin)?)
        }
        ConfigCommand::Check => check::check(args, sources),
        ConfigCommand::Init { stdout: true } => print(EXAMPLE),
        ConfigCommand::Init { stdout: false } => init(),
        ConfigCommand::Schema => {
            // Independent of the user's settings, which may be wrong: the schema helps to fix them.
            let config = Config::default();
            sources(&config)?;
            browser_requests::check_config(&config)?;
            print(&config.schema()?)
        }
    }
}

fn path(args: &Args) -> String {
    let locations = locations(&args.settings.config);
    let lines = locations.iter().map(|location| {
        let is_there = match location.path.exists() {
            true => "",
            false => "  (not there)",
        };
        format!(
            "{:6}  {}{is_there}\n",
            location.scope,
            location.path.display()
        )
    });
    lines.collect()
}

fn init() -> Result<()> {
    let location = locations(&[])
        .into_iter()
        .find(|location| location.scope == "user");
    let Some(location) = location else {
        return Err(Error::new(
            Kind::Config,
            "there is no home folder for the settings",
        ));
    };
    let name = location.path.display();
    let write = || {
        fs::create_dir_all(location.path.parent().unwrap_or("".as_ref()))?;
        File::create_new(&location.path)?.write_all(EXAMPLE.as_bytes())
    };
    write().map_err(|error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Error::new(Kind::Config, format!("`{name}` already exists"))
                .hint("`fetch config init --stdout` prints the new file for comparison")
        }
        _ => Error::new(Kind::Disk, format!("cannot write `{name}`")).because(error),
    })?;
    print(&format!("{name}\n"))
}
