//! `fetch rename`: what was saved gets the names that another template gives.

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::args::{self, Args};
use super::batch::List;
use super::lock::{Asked, Lock};
use super::talk::{counted, explain, print, tell};
use super::{exit, given, interrupt, main, meaning, verify};
use crate::config::Config;
use crate::model::{Error, Item, Kind, Result};
use crate::net::Client;
use crate::pipeline::archive::{Identity, Records};
use crate::pipeline::rename::{Fate, Rename, Renamed, Said};
use crate::pipeline::{self, Stop};
use crate::report::{Signals, clean};
use crate::source::Registry;

/// How many files had which fate.
#[derive(Debug, Default)]
struct Counts {
    moved: u64,
    /// How many files that were written of albums went along.
    along: u64,
    right: u64,
    absent: u64,
    /// How many of what was moved keep a number that they were to lose.
    numbered: u64,
    stays: u64,
    /// How many of these lack a field.
    unknown: u64,
    /// Of how many it is not known what a list has said.
    unsaid: u64,
}

/// Renames, and gives the exit code.
pub(super) fn rename(
    mut args: Args,
    rename: args::Rename,
    sources: impl FnOnce(&Config) -> Result<Registry>,
) -> Result<u8> {
    rename.place.apply(&mut args.place);
    args.place.output = rename.output.or(args.place.output.take());
    let all = main::config(&args)?;
    let mut said = silent(&all);
    let config = match &rename.job {
        Some(name) => all.job(name)?,
        None => all,
    };
    let settings = config.pipeline()?;
    let archive = verify::known(settings.archive)?;
    // A slip is told before anything is asked for.
    drop(Records::known(&archive, &settings.root)?);
    let mut listed = HashMap::new();
    let registry = main::registry(&config, sources)?;
    if rename.job.is_some() || !rename.links.is_empty() || !rename.input_file.is_empty() {
        let lists = (&rename.input_file[..], rename.talk.quiet);
        say(&mut said, lists, &config, &registry)?;
        listed = list(&args, &config, &rename.links, &registry)?;
    }
    let mut templates = settings.templates;
    templates.free_folders(registry.sources().map(|source| source.manifest()));
    let work = Rename {
        archive,
        root: settings.root,
        templates,
        listed,
        said,
        simulate: rename.simulate,
    };
    // What one has begun, another would take for left over.
    let _locks = match rename.simulate {
        true => None,
        false => match Lock::rename(&work.root)? {
            Asked::Free(lock) => Some((lock, Lock::share(&work.root))),
            // It has a code of its own, so it is told here.
            Asked::Running(_) => {
                let message = format!("`{}` is being renamed already", work.root.display());
                let error = Error::new(Kind::Config, message).hint("wait until that is done");
                tell(&explain(&error));
                return Ok(exit::RUNNING);
            }
        },
    };
    let (stop, signals) = (Stop::default(), Signals::default());
    interrupt::watch(&stop, &signals)?;
    let mut counts = Counts::default();
    work.run(&stop.drain, &mut |renamed| {
        counts.take(&renamed);
        if rename.talk.json {
            return print(&format!("{}\n", object(&renamed, rename.simulate)));
        }
        line(&renamed, &rename.talk)
    })?;
    if rename.talk.json {
        print(&format!("{}\n", counts.object()))?;
    } else if !rename.talk.quiet {
        tell(&counts.line(rename.simulate));
        if counts.unsaid > 0 {
            tell(
                "hint: the list says it: `fetch rename -i FILE`, or `--job NAME` for that of a job\n",
            );
        }
        if counts.unknown > 0 && rename.links.is_empty() {
            tell("hint: their links tell what is not known here: `fetch rename LINK…`\n");
        }
    }
    Ok(match signals.interrupted.is_cancelled() {
        true => exit::INTERRUPTED,
        false => counts.code(),
    })
}

/// The jobs without lists. What is wrong with one is told by a run of it.
fn silent(all: &Config) -> Said {
    let mut said = Said::default();
    let has_none = |name: &&str| all.job(name).is_ok_and(|job| job.links().1.is_empty());
    for name in all.jobs().into_iter().filter(has_none) {
        said.silent(name);
    }
    said
}

/// Takes what lists say of their links now: those that are named, and then those of the job.
fn say(
    said: &mut Said,
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
    given::each(config, registry, is_quiet, &mut |wanted| {
        said.add(wanted);
    });
    Ok(())
}

/// What these links list now, by identity.
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
    let client = Client::new(meaning::net(args, config.net()?)?)?;
    let runtime = main::runtime()?;
    for text in links {
        let link = registry.read(text)?;
        let look = pipeline::look(client.clone(), registry.clone(), link, usize::MAX);
        let (items, failures) = runtime.block_on(look);
        // What could not be listed stays where it is.
        for failure in failures {
            tell(&format!("`{}`: {}\n", clean(text), clean(&failure.message)));
        }
        listed.extend(items.into_iter().map(|item| {
            let (source, key) = (item.source.clone(), item.key.clone());
            (Identity { source, key }, item)
        }));
    }
    runtime.shutdown_background();
    Ok(listed)
}

fn line(renamed: &Renamed, talk: &args::Telling) -> Result<()> {
    let old = clean(&renamed.old);
    match &renamed.fate {
        Fate::Moved(new) if !talk.quiet => print(&format!("{old} → {}\n", clean(new)))?,
        Fate::Numbered(here, error) => {
            let here = clean(here);
            if !talk.quiet {
                print(&format!("{old} → {here}\n"))?;
            }
            tell(&format!(
                "{here} keeps its number: {}{}\n",
                reason(error),
                hint(error)
            ));
        }
        Fate::Stays(error) => tell(&format!("{old} stays: {}{}\n", reason(error), hint(error))),
        Fate::Absent if talk.verbose => tell(&format!("{old} is not there\n")),
        Fate::Moved(_) | Fate::Right | Fate::Absent => {}
    }
    Ok(())
}

fn hint(error: &Error) -> String {
    let hint = error.hint.as_deref();
    hint.map_or_else(String::new, |hint| format!("\n  hint: {hint}"))
}

/// Why a file stays, with the cause.
fn reason(error: &Error) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    clean(&(error.message.clone() + &cause.unwrap_or_default())).into_owned()
}

fn object(renamed: &Renamed, simulate: bool) -> Value {
    let (event, to, why) = match &renamed.fate {
        Fate::Moved(new) if simulate => ("would_move", Some(new), None),
        Fate::Moved(new) => ("moved", Some(new), None),
        Fate::Numbered(here, error) => ("numbered", Some(here), Some(reason(error))),
        Fate::Right => ("right", None, None),
        Fate::Absent => ("absent", None, None),
        Fate::Stays(error) => ("stays", None, Some(reason(error))),
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
        let count = match renamed.fate {
            Fate::Moved(_) if renamed.identity.is_none() => &mut self.along,
            Fate::Moved(_) => &mut self.moved,
            Fate::Numbered(..) => {
                self.numbered += 1;
                &mut self.moved
            }
            Fate::Right => &mut self.right,
            Fate::Absent => &mut self.absent,
            Fate::Stays(ref error) => {
                self.unknown += u64::from(error.kind == Kind::Missing);
                self.unsaid += u64::from(error.kind == Kind::Expired);
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
            (0, _) => exit::WELL,
            (_, 0) => exit::NOTHING,
            _ => exit::SOME,
        }
    }
}
