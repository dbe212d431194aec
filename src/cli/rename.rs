//! `fetch rename`: renames saved files by another template.

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::args::{self, Args};
use super::batch::List;
use super::lock::{Lock, TryLock};
use super::messages::{counted, eprint, explain, print};
use super::{exit, interrupt, job_links, main, overrides, verify};
use crate::config::Config;
use crate::model::{Error, Item, Kind, Result};
use crate::net::Client;
use crate::pipeline::archive::{Identity, Records};
use crate::pipeline::rename::{ListOptions, Rename, RenameOutcome, Renamed};
use crate::pipeline::{self, Stop};
use crate::report::{Signals, clean};
use crate::source::Registry;

/// How many files were moved, or why not.
#[derive(Debug, Default)]
struct Counts {
    moved: u64,
    /// Files written for albums, such as ZIPs, that were moved along.
    along: u64,
    right: u64,
    absent: u64,
    /// Moved files that keep a number which they should have lost.
    numbered: u64,
    stays: u64,
    /// Files that stay because a field is not known.
    fields_unknown: u64,
    /// Files that stay because the options that a list set are not known.
    options_unknown: u64,
}

/// Renames files, and returns the exit code.
pub(super) fn rename(
    mut args: Args,
    rename: args::Rename,
    sources: impl FnOnce(&Config) -> Result<Registry>,
) -> Result<u8> {
    rename.location.apply(&mut args.output);
    args.output.template = rename.output.or(args.output.template.take());
    let all = main::config(&args)?;
    let mut said = jobs_without_lists(&all);
    let config = match &rename.job {
        Some(name) => all.job(name)?,
        None => all,
    };
    let settings = config.pipeline()?;
    let archive = verify::existing_archive(settings.archive)?;
    // A mistyped folder is reported before any request.
    drop(Records::known(&archive, &settings.root)?);
    let mut listed = HashMap::new();
    let registry = main::registry(&config, sources)?;
    if rename.job.is_some() || !rename.links.is_empty() || !rename.input_file.is_empty() {
        let lists = (&rename.input_file[..], rename.report.quiet);
        add_lists(&mut said, lists, &config, &registry)?;
        listed = list(&args, &config, &rename.links, &registry)?;
    }
    let mut templates = settings.templates;
    templates.free_folders(registry.sources().map(|source| source.manifest()));
    let work = Rename {
        archive,
        root: settings.root,
        templates,
        listed,
        list_options: said,
        simulate: rename.simulate,
    };
    // Another rename would take the unfinished work of this one for leftovers.
    let _locks = match rename.simulate {
        true => None,
        false => match Lock::try_rename(&work.root)? {
            TryLock::Acquired(lock) => Some((lock, Lock::shared(&work.root))),
            // It has its own exit code, so it is printed here.
            TryLock::Held(_) => {
                let message = format!("another `fetch rename` runs in `{}`", work.root.display());
                let error = Error::new(Kind::Config, message).hint("wait until it is done");
                eprint(&explain(&error));
                return Ok(exit::IN_USE);
            }
        },
    };
    let (stop, signals) = (Stop::default(), Signals::default());
    interrupt::watch(&stop, &signals)?;
    let mut counts = Counts::default();
    work.run(&stop.drain, &mut |renamed| {
        counts.take(&renamed);
        if rename.report.json {
            return print(&format!("{}\n", object(&renamed, rename.simulate)));
        }
        line(&renamed, &rename.report)
    })?;
    if rename.report.json {
        print(&format!("{}\n", counts.object()))?;
    } else if !rename.report.quiet {
        eprint(&counts.line(rename.simulate));
        if counts.options_unknown > 0 {
            eprint(
                "hint: name the list: `fetch rename -i FILE`, or `--job NAME` for that of a job\n",
            );
        }
        if counts.fields_unknown > 0 && rename.links.is_empty() {
            eprint("hint: give their links to look up missing fields: `fetch rename LINK…`\n");
        }
    }
    Ok(match signals.interrupted.is_cancelled() {
        true => exit::INTERRUPTED,
        false => counts.code(),
    })
}

/// The jobs without lists. Jobs with mistakes are skipped; running them reports the mistakes.
fn jobs_without_lists(all: &Config) -> ListOptions {
    let mut said = ListOptions::default();
    let has_none = |name: &&str| all.job(name).is_ok_and(|job| job.links().1.is_empty());
    for name in all.jobs().into_iter().filter(has_none) {
        said.add_job_without_list(name);
    }
    said
}

/// Adds the options that lists now set for their links: first the lists named, then those of the job.
fn add_lists(
    said: &mut ListOptions,
    (lists, is_quiet): (&[PathBuf], bool),
    config: &Config,
    registry: &Registry,
) -> Result<()> {
    for path in lists {
        let mut wrong = None;
        List::open(path)?.read(registry, &mut |wanted| {
            match wanted {
                Ok(wanted) => said.add(wanted),
                Err(error) => wrong = Some(error),
            }
            wrong.is_none()
        });
        wrong.map_or(Ok(()), Err)?;
    }
    job_links::for_each(config, registry, is_quiet, &mut |wanted| {
        said.add(wanted);
    });
    Ok(())
}

/// The items that these links now list, by identity.
fn list(
    args: &Args,
    config: &Config,
    links: &[String],
    registry: &Registry,
) -> Result<HashMap<Identity, Item>> {
    let mut listed = HashMap::new();
    if links.is_empty() {
        return Ok(listed);
    }
    let client = Client::new(overrides::net(args, config.net()?)?)?;
    let runtime = main::runtime()?;
    for text in links {
        let link = registry.parse_link(text)?;
        let preview = pipeline::preview(client.clone(), registry.clone(), link, usize::MAX);
        let (items, failures) = runtime.block_on(preview);
        // Files of items that could not be listed stay where they are.
        for failure in failures {
            eprint(&format!("`{}`: {}\n", clean(text), clean(&failure.message)));
        }
        listed.extend(items.into_iter().map(|item| {
            let (source, key) = (item.source.clone(), item.key.clone());
            (Identity { source, key }, item)
        }));
    }
    runtime.shutdown_background();
    Ok(listed)
}

fn line(renamed: &Renamed, report: &args::ResultArgs) -> Result<()> {
    let old = clean(&renamed.old);
    match &renamed.outcome {
        RenameOutcome::Moved(new) if !report.quiet => print(&format!("{old} → {}\n", clean(new)))?,
        RenameOutcome::Numbered(here, error) => {
            let here = clean(here);
            if !report.quiet {
                print(&format!("{old} → {here}\n"))?;
            }
            eprint(&format!(
                "{here} keeps its number: {}{}\n",
                reason(error),
                hint(error)
            ));
        }
        RenameOutcome::Stays(error) => {
            eprint(&format!("{old} stays: {}{}\n", reason(error), hint(error)))
        }
        RenameOutcome::Absent if report.verbose => eprint(&format!("{old} is not there\n")),
        RenameOutcome::Moved(_) | RenameOutcome::AlreadyNamed | RenameOutcome::Absent => {}
    }
    Ok(())
}

fn hint(error: &Error) -> String {
    let hint = error.hint.as_deref();
    hint.map_or_else(String::new, |hint| format!("\n  hint: {hint}"))
}

/// The message and cause of an error on one line.
fn reason(error: &Error) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    clean(&(error.message.clone() + &cause.unwrap_or_default())).into_owned()
}

fn object(renamed: &Renamed, simulate: bool) -> Value {
    let (event, to, why) = match &renamed.outcome {
        RenameOutcome::Moved(new) if simulate => ("would_move", Some(new), None),
        RenameOutcome::Moved(new) => ("moved", Some(new), None),
        RenameOutcome::Numbered(here, error) => ("numbered", Some(here), Some(reason(error))),
        RenameOutcome::AlreadyNamed => ("right", None, None),
        RenameOutcome::Absent => ("absent", None, None),
        RenameOutcome::Stays(error) => ("stays", None, Some(reason(error))),
    };
    let mut object = json!({"v": 1, "event": event, "path": renamed.old});
    if let Some(identity) = &renamed.identity {
        object["source"] = json!(identity.source);
        object["key"] = json!(identity.key);
    }
    if let Some(to) = to {
        object["to"] = json!(to);
    }
    if let Some(why) = why {
        object["reason"] = json!(why);
    }
    object
}

impl Counts {
    fn take(&mut self, renamed: &Renamed) {
        let count = match renamed.outcome {
            RenameOutcome::Moved(_) if renamed.identity.is_none() => &mut self.along,
            RenameOutcome::Moved(_) => &mut self.moved,
            RenameOutcome::Numbered(..) => {
                self.numbered += 1;
                &mut self.moved
            }
            RenameOutcome::AlreadyNamed => &mut self.right,
            RenameOutcome::Absent => &mut self.absent,
            RenameOutcome::Stays(ref error) => {
                self.fields_unknown += u64::from(error.kind == Kind::Missing);
                self.options_unknown += u64::from(error.kind == Kind::Expired);
                &mut self.stays
            }
        };
        *count += 1;
    }

    fn line(&self, simulate: bool) -> String {
        let moved = if simulate { "would move" } else { "moved" };
        let files = counted(self.moved, "file", "files");
        let right = counted(self.right, "is right already", "are right already");
        let keep = match self.numbered {
            0 => String::new(),
            count => format!(" ({})", counted(count, "keeps a number", "keep a number")),
        };
        let along = match self.along {
            0 => String::new(),
            count => format!(" and {count} of their albums (ZIP, info.json)"),
        };
        let mut line = format!("{moved} {files}{along}{keep}, {right}");
        if self.stays > 0 {
            let stay = counted(self.stays, "stays where it is", "stay where they are");
            line += &format!(", {stay}");
        }
        if self.absent > 0 {
            let absent = counted(self.absent, "is not there", "are not there");
            line += &format!(", {absent}");
        }
        line + "\n"
    }

    fn object(&self) -> Value {
        json!({
            "v": 1,
            "event": "summary",
            "moved": self.moved,
            "along": self.along,
            "numbered": self.numbered,
            "right": self.right,
            "stays": self.stays,
            "absent": self.absent,
        })
    }

    fn code(&self) -> u8 {
        match (self.stays + self.numbered, self.moved + self.right) {
            (0, _) => exit::SUCCESS,
            (_, 0) => exit::FAILED,
            _ => exit::PARTIAL,
        }
    }
}
