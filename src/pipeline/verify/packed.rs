//! Files that are no longer there, and what was packed of their albums.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::{Progress, State};
use crate::pipeline::albums::{self, Bound, Shelf, is_named};
use crate::pipeline::archive::{Record, Sum, Summing};
use crate::pipeline::sink::Disk;
use crate::pipeline::zip::{Entry, Index};

/// How much is read at once.
const PIECE: usize = 64 << 10;

/// What is packed below one output root.
pub(super) struct Packed<'a> {
    disk: &'a Disk,
    shelf: Shelf,
}

impl<'a> Packed<'a> {
    pub(super) fn new(disk: &'a Disk) -> Self {
        Packed {
            disk,
            shelf: Shelf::default(),
        }
    }

    /// What became of a file that is not there: packed with the bytes that were saved, or missing.
    pub(super) fn look(&self, record: &Record) -> (State, Option<String>) {
        let mut why = None;
        let holder = self.shelf.holder(self.disk, &record.path, |bound, entry| {
            let told = self.hold(bound, entry, record);
            let path = &bound.path;
            why = Some(match told {
                Ok(true) => format!("in `{path}`"),
                Ok(false) => format!("`{path}` has other bytes"),
                Err(ref error) => format!("in `{path}`: {error}"),
            });
            told.is_ok_and(|is_it| is_it)
        });
        match holder {
            Some(_) => (State::Packed, why),
            None => (State::Missing, why),
        }
    }

    /// Whether an entry has the bytes that were saved.
    fn hold(&self, bound: &Bound, entry: &Entry, record: &Record) -> io::Result<bool> {
        if entry.size != record.size {
            return Ok(false);
        }
        let mut file = self.disk.read(&bound.path)?;
        let (crc, sum) = read(&mut file, &bound.index, entry, record.digest)?;
        Ok(crc == entry.crc && sum == record.digest)
    }
}

/// Says what is wrong with a packed album, if it is one: its entries have the checksums that they were packed with.
pub(super) fn flaw(path: &Path, progress: &Progress) -> Option<String> {
    if !is_named(path.to_str()?) {
        return None;
    }
    let mut file = File::open(path).ok()?;
    let index = match albums::index(&mut file)? {
        Ok(index) => index,
        Err(error) => return Some(error.to_string()),
    };
    for entry in &index.entries {
        if progress.is_over() {
            return None;
        }
        let name = &entry.name;
        match read(&mut file, &index, entry, None) {
            Ok((crc, _)) if crc == entry.crc => {}
            Ok(_) => return Some(format!("`{name}` in it has other bytes than were packed")),
            Err(error) => return Some(format!("`{name}` in it: {error}")),
        }
    }
    None
}

/// The checksum of an entry, and a digest that is made as another was.
fn read(
    file: &mut File,
    index: &Index,
    entry: &Entry,
    like: Option<Sum>,
) -> io::Result<(u32, Option<Sum>)> {
    let mut summing = like.map(|sum| Summing::new(sum.algorithm()));
    let mut hasher = crc32fast::Hasher::new();
    let mut bytes = index.open(file, entry)?;
    let mut piece = vec![0; PIECE];
    loop {
        let count = match bytes.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(&piece[..count]);
        if let Some(summing) = &mut summing {
            summing.update(&piece[..count]);
        }
    }
    Ok((hasher.finalize(), summing.map(Summing::finish)))
}
