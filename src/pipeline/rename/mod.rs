//! Moves what was saved to where another template has it, without a request.
//!
//! A file gets its new name before the record says so, and loses the old one after. So whatever a kill cuts short, the
//! record names a file that is there, and what is meant to move is written down before, so that the next run knows what
//! is left over. Nothing is ever replaced.

mod facts;
mod mover;

use std::collections::HashMap;
use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use self::facts::Facts;
use self::mover::{Batch, Mover};
use super::archive::{self, Identity, Known, Moves, Moving, Record, Records};
use super::naming::{Planned, split};
use super::sink::Disk;
use super::{Templates, archive::place};
use crate::model::{Error, Item, Kind, Result};

/// How many files are moved together.
const TOGETHER: usize = 200;

/// What is to be renamed, and how.
#[derive(Debug)]
pub struct Rename {
    /// The archive.
    pub archive: PathBuf,
    /// The output root.
    pub root: PathBuf,
    /// The templates that name the files now.
    pub templates: Templates,
    /// What links list now, by identity: it is known of these items whatever was written down.
    pub listed: HashMap<Identity, Item>,
    /// Nothing is done, only told.
    pub simulate: bool,
}

/// What became of one file.
#[derive(Debug)]
pub struct Renamed {
    /// Whose it is.
    pub identity: Identity,
    /// Where it was.
    pub old: String,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a file.
#[derive(Debug)]
pub enum Fate {
    /// It is here now, or would be.
    Moved(String),
    /// It has its name already.
    Right,
    /// There is no such file.
    Absent,
    /// It stays where it is, for this reason.
    Stays(Error),
}

impl Rename {
    /// Renames everything that is known of the root, and tells of each file what became of it.
    ///
    /// # Errors
    /// The archive or the output root cannot be used, or nobody listens.
    pub fn run(
        &self,
        stop: &CancellationToken,
        each: &mut dyn FnMut(Renamed) -> Result<()>,
    ) -> Result<()> {
        let Some(records) = Records::open(&self.archive, &self.root)? else {
            return Ok(());
        };
        if !self.root.is_dir() {
            let message = format!("there is no folder `{}`", self.root.display());
            return Err(Error::new(Kind::Config, message)
                .hint("`fetch archive move OLD NEW` tells the archive that it is elsewhere now"));
        }
        let root = place(&self.root);
        let disk = Disk::open(&root)?;
        let archive = archive::open(Some(&self.archive), &root, None, false)?;
        let mut mover = match self.simulate {
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
        let mut facts = Facts::open(&disk, &records);
        let mut batch = Batch::default();
        for known in records.items() {
            if stop.is_cancelled() {
                break;
            }
            let mut known = known?;
            let Some(record) = known.record.take().filter(|record| !record.shared) else {
                continue;
            };
            if disk.size(&record.path).is_none() {
                each(told(known, record.path, Fate::Absent))?;
                continue;
            }
            match self.target((&disk, &records), &mut facts, &batch, &known, &record) {
                Err(error) => each(told(known, record.path, Fate::Stays(error)))?,
                Ok(None) => each(told(known, record.path, Fate::Right))?,
                Ok(Some((new, told))) => {
                    let moving = Moving {
                        item: known.id,
                        shared: shared.get(&record.path).cloned().unwrap_or_default(),
                        old: record.path,
                        new,
                    };
                    batch.add(known.identity, moving, told);
                }
            }
            if batch.len() >= TOGETHER {
                finish(&mut mover, &mut batch, each)?;
            }
        }
        finish(&mut mover, &mut batch, each)?;
        if let Some(mover) = mover {
            mover.tidy();
        }
        Ok(())
    }

    /// Where a file is to go; none if it is there.
    fn target(
        &self,
        (disk, records): (&Disk, &Records),
        facts: &mut Facts,
        batch: &Batch,
        known: &Known,
        record: &Record,
    ) -> Result<Option<(String, facts::Told)>> {
        let told = facts.of(
            (disk, records),
            known,
            record,
            self.listed.get(&known.identity),
        );
        told.may_use(&self.templates, record)?;
        let planned: Planned = self.templates.plan(&told.item)?;
        let name = record.path.rsplit('/').next().unwrap_or(&record.path);
        let ext = split(name).1;
        /// How many names are tried.
        const COPIES: u32 = 10_000;
        for copy in 1..COPIES {
            let path = planned.path(ext.as_deref(), copy);
            if path == record.path {
                return Ok(None);
            }
            // Asked of the archive as it is now: what was moved before has freed its name.
            let is_ours = records.owner(&path)?.is_none_or(|owner| owner == known.id);
            if is_ours && !batch.takes(&path) && !disk.has(&path) {
                return Ok(Some((path, told)));
            }
        }
        let path = planned.path(ext.as_deref(), 1);
        Err(Error::new(
            Kind::Disk,
            format!("{COPIES} names like `{path}` are taken"),
        ))
    }
}

fn told(known: Known, old: String, fate: Fate) -> Renamed {
    Renamed {
        identity: known.identity,
        old,
        fate,
    }
}

fn finish(
    mover: &mut Option<Mover<'_>>,
    batch: &mut Batch,
    each: &mut dyn FnMut(Renamed) -> Result<()>,
) -> Result<()> {
    let done = match mover {
        Some(mover) => mover.carry_out(std::mem::take(batch))?,
        None => batch.foretell(),
    };
    done.into_iter().try_for_each(each)
}
