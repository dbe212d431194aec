//! Moves saved files to where another template puts them, without any request.
//!
//! A file gets its new name before the record changes, and loses the old one afterwards. So whatever a kill interrupts,
//! the record names an existing file; and intended moves are recorded beforehand, so that the next run knows what is
//! left over. Nothing is ever replaced: a file whose new name is taken gets a number, and loses it once all others have
//! moved, so that files can swap names.

mod facts;
mod list_options;
mod mover;
mod outcome;
mod packed;

use std::collections::HashMap;
use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use self::facts::{FactSources, ItemFacts};
pub use self::list_options::ListOptions;
use self::list_options::{OwnOptions, link_of};
use self::mover::{Batch, Mover};
pub use self::outcome::{RenameOutcome, Renamed};
use self::outcome::{in_one, renamed};
use self::packed::PackedItems;
use super::archive::{self, Identity, Known, Moves, Moving, Record, Records};
use super::naming::{Planned, split};
use super::numbers::CopyNumbers;
use super::sink::Disk;
use super::{LinkOptions, Templates, archive::absolute_root, wanted};
use crate::model::{Error, Item, Kind, Result};

/// How many files are moved together.
const TOGETHER: usize = 200;

/// What to rename, and how.
#[derive(Debug)]
pub struct Rename {
    /// The archive.
    pub archive: PathBuf,
    /// The output directory.
    pub root: PathBuf,
    /// The templates that name the files now.
    pub templates: Templates,
    /// What links list now, by identity: for these items it takes precedence over stored metadata.
    pub listed: HashMap<Identity, Item>,
    /// What lists say of their links now; for other links, the recorded options hold.
    pub list_options: ListOptions,
    /// Whether to report only, and change nothing.
    pub simulate: bool,
}

impl Rename {
    /// Renames everything known of the root, and reports the outcome of each file.
    ///
    /// # Errors
    /// The archive knows nothing of the output directory, one of the two cannot be used, or nobody listens.
    pub fn run(
        &self,
        stop: &CancellationToken,
        each: &mut dyn FnMut(Renamed) -> Result<()>,
    ) -> Result<()> {
        let records = Records::known(&self.archive, &self.root)?;
        if !self.root.is_dir() {
            let message = format!("there is no folder `{}`", self.root.display());
            return Err(Error::new(Kind::Config, message)
                .hint("if it has moved, record that with `fetch archive move OLD NEW`"));
        }
        let root = absolute_root(&self.root);
        let disk = Disk::open(&root)?;
        let archive = archive::open(Some(&self.archive), &root, None, false)?;
        let mover = match self.simulate {
            true => None,
            false => {
                let moves = Moves::open(&self.archive, &root)?;
                Some(Mover::new(&disk, &*archive, moves)?)
            }
        };
        let mut shared: HashMap<String, Vec<i64>> = HashMap::new();
        for (path, item) in records.shared()? {
            shared.entry(path).or_default().push(item);
        }
        let mut work = Work {
            rename: self,
            packed: PackedItems::new(&disk, &*archive, self.simulate),
            disk: &disk,
            records: &records,
            shared,
            mover,
            batch: Batch::default(),
            numbered: HashMap::new(),
            numbers: CopyNumbers::default(),
            each,
        };
        let mut facts = FactSources::open(&disk, &records);
        for known in records.items() {
            if stop.is_cancelled() {
                break;
            }
            work.take(&mut facts, known?)?;
        }
        work.finish()?;
        // Files that have a number because their name was taken: everything that moved has freed its name by now.
        if !work.numbered.is_empty() {
            work.numbers = CopyNumbers::default();
            let mut facts = FactSources::open(&disk, &records);
            for known in records.items() {
                work.settle(&mut facts, known?, stop.is_cancelled())?;
            }
            work.finish()?;
        }
        let known = (&mut facts, &disk);
        work.packed.finish(known, work.mover.as_mut(), work.each)?;
        if let Some(mover) = &mut work.mover {
            mover.tidy();
        }
        Ok(())
    }
}

/// A rename in progress.
struct Work<'a> {
    rename: &'a Rename,
    disk: &'a Disk,
    records: &'a Records,
    /// The items that share a file with another, by its path.
    shared: HashMap<String, Vec<i64>>,
    /// `None` when only reporting.
    mover: Option<Mover<'a>>,
    batch: Batch,
    packed: PackedItems<'a>,
    /// The items whose names have a number that they may lose: their old and current paths.
    numbered: HashMap<i64, (String, String)>,
    /// The numbers known to be taken.
    numbers: CopyNumbers,
    each: &'a mut dyn FnMut(Renamed) -> Result<()>,
}

/// The new path of a file.
struct Target {
    path: String,
    /// The link's own options, to be recorded.
    naming: String,
    /// Whether it has a number because the name without one is taken.
    is_numbered: bool,
    item_facts: ItemFacts,
}

impl Work<'_> {
    /// Queues the move of a file to its new path.
    fn take(&mut self, facts: &mut FactSources, mut known: Known) -> Result<()> {
        let Some(record) = known.record.take().filter(|record| !record.shared) else {
            return Ok(());
        };
        let packed = match self.disk.is_file(&record.path) {
            Ok(true) => None,
            Ok(false) => match self.packed.holder(&record) {
                None => return (self.each)(renamed(known, record.path, RenameOutcome::Absent)),
                packed => packed,
            },
            Err(error) => {
                let message = format!("cannot tell whether `{}` exists", record.path);
                let outcome = RenameOutcome::Stays(mover::disk_error(message, error));
                return (self.each)(renamed(known, record.path, outcome));
            }
        };
        let stuck = self
            .mover
            .as_mut()
            .and_then(|mover| mover.stuck.remove(&known.id));
        if let Some(error) = stuck {
            return (self.each)(renamed(known, record.path, RenameOutcome::Stays(error)));
        }
        match self.target(facts, &known, &record, &record.path) {
            Err(error) => (self.each)(renamed(known, record.path, RenameOutcome::Stays(error))),
            Ok(target) if target.path == record.path => {
                match target.is_numbered && packed.is_none() {
                    true => {
                        let both = (record.path.clone(), record.path);
                        self.numbered.insert(known.id, both);
                        Ok(())
                    }
                    false => (self.each)(renamed(known, record.path, RenameOutcome::AlreadyNamed)),
                }
            }
            Ok(target) => {
                if let Some(folder) = packed {
                    let (moving, item_facts) = self.moving(known.id, record, target);
                    let item = packed::Item {
                        identity: known.identity,
                        moving,
                        sidecar: item_facts.sidecar,
                    };
                    self.packed.add(folder, item);
                    return Ok(());
                }
                if target.is_numbered {
                    let both = (record.path.clone(), target.path.clone());
                    self.numbered.insert(known.id, both);
                }
                self.add(known, record, target)
            }
        }
    }

    /// Makes a file lose its number, if that is now possible.
    fn settle(&mut self, facts: &mut FactSources, mut known: Known, is_over: bool) -> Result<()> {
        let Some((old, here)) = self.numbered.get(&known.id).cloned() else {
            return Ok(());
        };
        let record = known.record.take().filter(|_| !is_over);
        let target = record.map(|record| (self.target(facts, &known, &record, &here), record));
        let outcome = match target {
            Some((Ok(target), record)) if target.path != here => {
                return self.add(known, record, target);
            }
            Some((Err(error), _)) if old == here => RenameOutcome::Stays(error),
            Some((Err(error), _)) => RenameOutcome::Numbered(here, error),
            _ if old == here => RenameOutcome::AlreadyNamed,
            _ => RenameOutcome::Moved(here),
        };
        self.numbered.remove(&known.id);
        self.report(renamed(known, old, outcome))
    }

    /// Reports the outcome of a file, and notes its new path for its album.
    fn report(&mut self, renamed: Renamed) -> Result<()> {
        self.packed.note(&renamed);
        (self.each)(renamed)
    }

    fn add(&mut self, known: Known, record: Record, target: Target) -> Result<()> {
        let (moving, item_facts) = self.moving(known.id, record, target);
        self.batch.add(known.identity, moving, item_facts);
        match self.batch.len() >= TOGETHER {
            true => self.finish(),
            false => Ok(()),
        }
    }

    fn moving(&self, item: i64, record: Record, target: Target) -> (Moving, ItemFacts) {
        let moving = Moving {
            item,
            shared: self.shared.get(&record.path).cloned().unwrap_or_default(),
            old: record.path,
            new: target.path,
            naming: Some(target.naming),
        };
        (moving, target.item_facts)
    }

    /// Returns the new path of a file that is, or would be, at `here`.
    fn target(
        &self,
        facts: &mut FactSources,
        known: &Known,
        record: &Record,
        here: &str,
    ) -> Result<Target> {
        let (disk, records) = (self.disk, self.records);
        let listed = self.rename.listed.get(&known.identity);
        let item_facts = facts.of((disk, records), known, record, listed)?;
        let Rename {
            templates,
            list_options,
            ..
        } = self.rename;
        let alone: OwnOptions = list_options.of(records, known, record)?;
        let alone = alone.as_deref();
        let template = alone.and_then(|alone| alone.template.as_ref());
        let template = template.or_else(|| templates.named(&item_facts.item.source));
        item_facts.may_use(template, record)?;
        let planned: Planned = wanted::plan(alone, templates, &item_facts.item)?;
        let naming = LinkOptions::naming(alone, link_of(known));
        let name = record.path.rsplit('/').next().unwrap_or(&record.path);
        let ext = split(name).1;
        /// How many names are tried.
        const COPIES: u32 = 10_000;
        let wanted = planned.path(ext.as_deref(), 1);
        let first = self.numbers.first(&wanted);
        // All copies before the first that may be free are taken, one of them possibly by this very file.
        let own = planned.copy_of(ext.as_deref(), here);
        let own = own.filter(|copy| *copy < first);
        for copy in own.into_iter().chain(first..COPIES) {
            let path = planned.path(ext.as_deref(), copy);
            // Uses the current archive: files moved before have freed their names.
            let is_free = || {
                let is_ours = records.owner(&path)?.is_none_or(|owner| owner == known.id);
                let is_free = is_ours && !disk.has(&path) || self.batch.frees(&path);
                let is_meant = self.batch.takes(&path) || self.packed.takes(&path);
                Ok::<_, Error>(is_free && !is_meant)
            };
            if path == here || is_free()? {
                return Ok(Target {
                    path,
                    naming,
                    is_numbered: copy > 1,
                    item_facts,
                });
            }
            if copy == self.numbers.first(&wanted) {
                self.numbers.note(&wanted, copy);
            }
        }
        let message = format!("{COPIES} names like `{wanted}` are taken");
        Err(Error::new(Kind::Config, message)
            .hint("a template with `{key}` gives each file its own name"))
    }

    /// Moves the queued files, and reports those that are in their final place.
    fn finish(&mut self) -> Result<()> {
        let done = match &mut self.mover {
            Some(mover) => mover.carry_out(std::mem::take(&mut self.batch))?,
            None => self.batch.preview(),
        };
        for (item, renamed) in done {
            let renamed = match (self.numbered.remove(&item), &renamed.outcome) {
                (Some((old, here)), RenameOutcome::Moved(new)) if *new == here => {
                    self.numbered.insert(item, (old, here));
                    continue;
                }
                (Some(first), _) => in_one(first, renamed),
                (None, _) => renamed,
            };
            self.report(renamed)?;
        }
        Ok(())
    }
}
