//! What was written of albums goes along, and with it the items whose files are only packed.

use std::collections::{HashMap, HashSet};

use super::mover::Mover;
use super::{Fate, Renamed};
use crate::model::{Error, Kind, Result};
use crate::pipeline::albums::{Along, Carried};
use crate::pipeline::archive::{Archive, Identity, Landed, Moving, Record};
use crate::pipeline::naming::fold;
use crate::pipeline::sink::Disk;

/// What is to go along when all files have their names.
pub(super) struct Packed<'a> {
    along: Along<'a>,
    /// The items that are only packed, by the folder with whose items they are, and where they are to be.
    items: HashMap<String, Vec<(Identity, Moving)>>,
    /// The paths that they will have, as case and normalisation do not matter.
    taken: HashSet<String>,
}

impl<'a> Packed<'a> {
    pub(super) fn new(disk: &'a Disk, archive: &'a dyn Archive, simulate: bool) -> Packed<'a> {
        Packed {
            along: Along::new(disk, archive, simulate),
            items: HashMap::new(),
            taken: HashSet::new(),
        }
    }

    /// The folder with whose items the file of this record is packed, if it is.
    pub(super) fn holder(&self, record: &Record) -> Option<String> {
        let holder = self.along.holder(&record.path, record.size);
        holder.map(str::to_owned)
    }

    pub(super) fn takes(&self, path: &str) -> bool {
        self.taken.contains(&fold(path))
    }

    /// Notes what became of a file.
    pub(super) fn note(&mut self, renamed: &Renamed) {
        if let Fate::Moved(new) | Fate::Numbered(new, _) = &renamed.fate {
            self.along.note(&renamed.old, new);
        }
    }

    /// Has an item that is only packed get its name where it is packed.
    pub(super) fn add(&mut self, folder: String, identity: Identity, moving: Moving) {
        self.along.note(&moving.old, &moving.new);
        self.taken.insert(fold(&moving.new));
        let items = self.items.entry(folder).or_default();
        items.push((identity, moving));
    }

    /// Has all of it go along, and tells what became of it.
    pub(super) fn finish(
        mut self,
        mut mover: Option<&mut Mover<'_>>,
        each: &mut dyn FnMut(Renamed) -> Result<()>,
    ) -> Result<()> {
        for folder in self.along.folders() {
            let items = self.items.remove(&folder).unwrap_or_default();
            let (owners, moves): (Vec<_>, Vec<_>) = items.into_iter().unzip();
            if let Some(mover) = &mut mover {
                mover.moves.intend(&moves)?;
            }
            let carried = self.along.carry(&folder);
            let is_done = carried.iter().all(|carried| carried.new.is_ok());
            let landed = match &mut mover {
                Some(mover) if is_done => mover.moves.moved(&moves)?,
                _ => vec![Landed::Ours; moves.len()],
            };
            let is_kept = !is_done && !moves.is_empty();
            let carried = self.along.let_go(carried, !is_kept);
            if let Some(mover) = &mut mover {
                mover.moves.settled(&moves)?;
            }
            for ((identity, moving), landed) in owners.into_iter().zip(moves).zip(landed) {
                let fate = match (is_kept, landed) {
                    (false, Landed::Ours) => Fate::Moved(moving.new),
                    (true, _) => stays("what it is packed in stays"),
                    _ => stays("it was saved again or forgotten meanwhile"),
                };
                each(Renamed {
                    identity: Some(identity),
                    old: moving.old,
                    fate,
                })?;
            }
            for Carried { old, new } in carried {
                if let (Ok(_), false, Some(mover)) = (&new, is_kept, &mut mover) {
                    mover.has_left(&old);
                }
                let fate = match new {
                    Ok(_) if is_kept => stays("what else there is of its album stays"),
                    Ok(new) => Fate::Moved(new),
                    Err(error) => Fate::Stays(error),
                };
                each(Renamed {
                    identity: None,
                    old,
                    fate,
                })?;
            }
        }
        Ok(())
    }
}

fn stays(why: &str) -> Fate {
    Fate::Stays(Error::new(Kind::Changed, why))
}
