//! `fetch archive`: shows and changes what is remembered about files.

mod adopt;
mod export;
mod forget;
mod import;
mod peers;
mod stats;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::args::{ArchiveCommand, Args};
use super::lock::Lock;
use super::messages::{counted, eprint, explain};
use super::{exit, main, verify};
use crate::config::Config;
use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::{self, Records};
use crate::source::Registry;

/// Runs a subcommand of `fetch archive`, and returns the exit code.
pub(super) fn archive(
    mut args: Args,
    command: ArchiveCommand,
    sources: impl FnOnce(&Config) -> Result<Registry>,
) -> Result<u8> {
    match command {
        ArchiveCommand::Import { file, location } => {
            location.apply(&mut args.output);
            let settings = main::config(&args)?.pipeline()?;
            import::import(&file, &enabled(settings.archive)?, &settings.root)?;
        }
        ArchiveCommand::Export {
            file,
            format,
            location,
        } => {
            location.apply(&mut args.output);
            let settings = main::config(&args)?.pipeline()?;
            let archive = verify::existing_archive(settings.archive)?;
            let file = file.filter(|file| file.as_os_str() != "-");
            export::export(&archive, &settings.root, format, file.as_deref())?;
        }
        ArchiveCommand::Adopt(adopt) => return adopt::adopt(args, *adopt, sources),
        ArchiveCommand::Forget {
            what,
            dry_run,
            location,
        } => {
            location.apply(&mut args.output);
            let config = main::config(&args)?;
            let registry = main::registry(&config, sources)?;
            let settings = config.pipeline()?;
            let archive = verify::existing_archive(settings.archive)?;
            forget::forget(&archive, &settings.root, &registry, &what, dry_run)?;
        }
        ArchiveCommand::Stats { json, file } => {
            args.output.archive = file.or(args.output.archive.take());
            let settings = main::config(&args)?.pipeline()?;
            stats::stats(&verify::existing_archive(settings.archive)?, json)?;
        }
        ArchiveCommand::Move { old, new, file } => {
            args.output.archive = file.or(args.output.archive.take());
            let settings = main::config(&args)?.pipeline()?;
            let archive = verify::existing_archive(settings.archive)?;
            // The path may also be given as `stats` shows it.
            let old = old.to_str().map_or(old.clone(), archive::root_from_text);
            if !new.is_dir() {
                let message = format!("there is no folder `{}`", new.display());
                return Err(Error::new(Kind::Config, message).hint(
                    "this command only updates the archive: move the folder first, then run it",
                ));
            }
            return relocate(&archive, &old, &new);
        }
    }
    Ok(exit::SUCCESS)
}

/// The archive, which need not exist yet; it is an error if it is disabled.
fn enabled(archive: Option<PathBuf>) -> Result<PathBuf> {
    match archive {
        Some(file) => Ok(file),
        None => verify::existing_archive(None),
    }
}

fn relocate(file: &Path, old: &Path, new: &Path) -> Result<u8> {
    // A run in progress would lose its records.
    let known = Records::roots(file)?;
    let (from, to) = (archive::absolute_root(old), archive::absolute_root(new));
    let below = known
        .iter()
        .filter_map(|root| root.strip_prefix(&from).ok());
    // Each of them once: a lock also excludes its own process.
    let roots: BTreeSet<PathBuf> = below
        .chain([Path::new("")])
        .flat_map(|below| [archive::within(&from, below), archive::within(&to, below)])
        .collect();
    let mut locks = Vec::new();
    for root in roots {
        match Lock::exclusive(&root) {
            Some(lock) => locks.push(lock),
            // It has its own exit code, so it is printed here.
            None => {
                let message = format!("a running `fetch` uses `{}`", archive::root_text(&root));
                let error =
                    Error::new(Kind::Config, message).hint("wait until it ends, or stop it");
                eprint(&explain(&error));
                return Ok(exit::IN_USE);
            }
        }
    }
    match archive::relocate(file, old, new)? {
        0 => {
            let message = format!("the archive knows no output folder `{}`", old.display());
            Err(Error::new(Kind::Config, message)
                .hint("`fetch archive stats` lists those that it knows"))
        }
        count => {
            let folders = counted(count as u64, "output folder", "output folders");
            eprint(&format!("moved {folders} to `{}`\n", new.display()));
            Ok(exit::SUCCESS)
        }
    }
}
