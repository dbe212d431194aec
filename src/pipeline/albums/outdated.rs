//! Entries of an existing ZIP whose names now belong to other files. They are kept, with numbers.

use std::collections::HashSet;

use super::moves::below;
use super::parts::Part;
use crate::pipeline::naming::{fold, split};
use crate::pipeline::sink::Disk;
use crate::pipeline::zip::Index;

/// The outdated entries found while a ZIP is written.
pub(super) struct Outdated<'a> {
    disk: &'a Disk,
    parts: &'a [Part],
    index: &'a Index,
    /// The names taken, folded for case and normalisation; filled when first needed.
    taken: HashSet<String>,
    /// The entries to keep, each with the index of the part that has its name now.
    kept: Vec<(usize, Part)>,
}

impl<'a> Outdated<'a> {
    pub(super) fn new(disk: &'a Disk, parts: &'a [Part], index: &'a Index) -> Self {
        Outdated {
            disk,
            parts,
            index,
            taken: HashSet::new(),
            kept: Vec::new(),
        }
    }

    /// Notes the checksum of the file at this index, and returns the old entry to keep beside it, if it differs.
    pub(super) fn note_checksum(&mut self, place: usize, crc: u32) -> Option<&Part> {
        let (parts, index) = (self.parts, self.index);
        let part = &parts[place];
        let Part::Loose {
            path,
            name,
            before: Some(before),
            ..
        } = part
        else {
            return None;
        };
        let entry = &index.entries[*before as usize];
        if (entry.size, entry.crc) == (part.size(index), crc) {
            return None;
        }
        let of = path[..*name].trim_end_matches('/');
        let name = self.free(of, &entry.name);
        let kept = Part::Kept {
            place: *before,
            name: Some(name.into()),
        };
        self.kept.push((place, kept));
        self.kept.last().map(|(_, part)| part)
    }

    /// Returns the entries to keep, each with the index of the part that has its name now.
    pub(super) fn into_kept(self) -> Vec<(usize, Part)> {
        self.kept
    }

    /// Returns the first numbered name that is free both in the ZIP and in the folder that it belongs to.
    fn free(&mut self, of: &str, name: &str) -> String {
        if self.taken.is_empty() {
            let parts = self.parts.iter().map(|part| part.name(self.index));
            let entries = self.index.entries.iter().map(|entry| entry.name.as_str());
            self.taken.extend(parts.chain(entries).map(fold));
        }
        let mut copy = 2;
        loop {
            let free = copy_of(name, copy);
            if !self.disk.has(&below(of, &free)) && self.taken.insert(fold(&free)) {
                return free;
            }
            copy += 1;
        }
    }
}

/// Returns all parts, with each kept entry after the part that has its name.
pub(super) fn insert_kept(parts: Vec<Part>, kept: Vec<(usize, Part)>) -> Vec<Part> {
    if kept.is_empty() {
        return parts;
    }
    let mut all = Vec::with_capacity(parts.len() + kept.len());
    let mut kept = kept.into_iter().peekable();
    for (place, part) in parts.into_iter().enumerate() {
        all.push(part);
        all.extend(kept.next_if(|(of, _)| *of == place).map(|(_, part)| part));
    }
    all
}

/// Returns the name of an entry with this number.
pub(super) fn copy_of(name: &str, copy: u32) -> String {
    let ext = split(name).1.map_or(0, |ext| ext.len() + 1);
    let (stem, end) = name.split_at(name.len() - ext);
    format!("{stem} ({copy}){end}")
}
