//! Packs the files of an album: `NAME.zip` or `NAME.cbz` beside its folder. The files stay.
//!
//! What was packed once stays packed, be its file there or not. Whether there is anything to do is found by looks at the
//! files alone: a mark at the end of the ZIP tells of what it was made.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;

use super::along::within;
use super::comic;
use super::gather::{Fate, Gathered, Volume};
use super::info::{page, source};
use super::merged::merged;
use super::parts::{Book, DIGITS, MARK, MARK_LENGTH, Packer, Part, Stamp, fingerprint};
use super::spot::{Search, Spot};
use crate::model::{Error, Kind, Result};
use crate::pipeline::naming::{ROOM, component, shown_text};
use crate::pipeline::sink::disk_error;
use crate::pipeline::zip::{Index, comment};

/// How it is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Zip,
    Cbz,
}

impl Form {
    pub(super) fn ext(self) -> &'static str {
        match self {
            Form::Zip => "zip",
            Form::Cbz => "cbz",
        }
    }
}

/// What came of it.
pub(super) struct Packed {
    pub(super) path: String,
    pub(super) size: u64,
    /// How many files are in it.
    pub(super) files: u64,
}

/// What is to be packed.
pub(super) struct Pack<'a> {
    pub(super) search: Search<'a>,
    pub(super) gathered: &'a Gathered,
    pub(super) volume: &'a Volume,
    pub(super) form: Form,
    /// How much of the disk stays free.
    pub(super) min_free: u64,
    pub(super) goes_on: &'a dyn Fn() -> bool,
}

impl Pack<'_> {
    /// Where it is or would be.
    pub(super) fn find(&self) -> Result<Spot<String>> {
        let album = &self.volume.album;
        let owner = self.owner();
        let title = match &album.title {
            Some(title) => format!("{title} {}", album.id),
            None => album.id.clone(),
        };
        let named = |of: &str| match of.rsplit_once('/') {
            Some((folder, name)) => (folder.to_owned(), name.to_owned()),
            None if of.is_empty() => (String::new(), component(&shown_text(title.clone()), ROOM)),
            None => (String::new(), of.to_owned()),
        };
        self.search.find(named, |file| made_of(file, &owner))
    }

    /// Packs it, unless nothing has changed. Blocks.
    ///
    /// # Errors
    /// Something cannot be read or written; then all is as it was.
    pub(super) fn run(&self, mut spot: Spot<String>) -> Result<Option<Packed>> {
        let cannot =
            |doing: &str, error| disk_error(format!("cannot {doing} `{}`", spot.path), error);
        let (mut there, made_of) = spot.there.take().unzip();
        let index = match &mut there {
            Some(file) => Index::read(file, MARK_LENGTH).map_err(|error| cannot("read", error))?,
            None => Index::none(),
        };
        let parts = self.parts(&spot.of, &index)?;
        let pages = parts.len();
        if pages == 0 {
            return Ok(None);
        }
        let comic = (self.form == Form::Cbz).then(|| {
            let album = &self.volume.album;
            let title = album.title.clone().unwrap_or_else(|| album.id.clone());
            comic::info(&shown_text(title), page(&self.gathered.origin), pages)
        });
        let mark = fingerprint(&parts, &index, comic.as_deref());
        if made_of.is_some_and(|made_of| made_of == mark) {
            return Ok(None);
        }
        let replaced = there.as_ref().map(File::try_clone).transpose();
        let replaced = replaced.map_err(|error| cannot("read", error))?;
        let book = Book {
            folder: &spot.folder,
            name: &spot.name,
            path: &spot.path,
            ext: self.form.ext(),
            owner: &self.owner(),
            replaces: replaced.as_ref(),
        };
        let packer = Packer {
            disk: self.search.disk,
            min_free: self.min_free,
            goes_on: self.goes_on,
        };
        let there = there.as_mut();
        let size = packer.write(&book, &parts, &index, there, comic.as_deref(), &mark)?;
        Ok(Some(Packed {
            path: spot.path,
            size,
            files: pages as u64,
        }))
    }

    /// Whose it is, as the mark has it.
    fn owner(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher
            .update(source(&self.gathered.origin).as_bytes())
            .update(&[0])
            .update(shown_text(self.volume.album.id.clone()).as_bytes());
        hasher.finalize().to_hex()[..DIGITS].to_owned()
    }

    /// What it is to have, in the order of the album.
    fn parts(&self, of: &str, index: &Index) -> Result<Vec<Part>> {
        let entries = (0..).zip(&index.entries);
        let mut known: HashMap<Mark, u32> = entries
            .filter(|(_, entry)| self.form == Form::Zip || entry.name != comic::NAME)
            .map(|(place, entry)| (mark(&entry.name), place))
            .collect();
        let (mut listed, mut paths) = (Vec::new(), HashSet::new());
        for member in &self.volume.members {
            let is_there = match member.fate {
                Fate::There => true,
                Fate::Seen => false,
                _ => continue,
            };
            let path = self.gathered.told(member)?.path;
            if self.form == Form::Cbz && !comic::is_page(&path) || !paths.insert(mark(&path)) {
                continue;
            }
            let name = within(of, &path);
            let (begin, mark) = (path.len() - name.len(), mark(name));
            let part = match (Stamp::at(self.search.disk, &path), known.remove(&mark)) {
                (Ok(stamp), _) => Part::Loose {
                    path,
                    name: begin,
                    stamp,
                },
                (Err(_), Some(place)) => Part::Kept { place, name: None },
                // What the user does not want any more.
                (Err(_), None) if !is_there => continue,
                (Err(error), None) => {
                    return Err(disk_error(format!("cannot read `{path}`"), error));
                }
            };
            listed.push((mark, part));
        }
        let names: HashSet<_> = listed.iter().map(|(name, _)| *name).collect();
        if names.len() < listed.len()
            || names.contains(&mark(comic::NAME)) && self.form == Form::Cbz
        {
            let message = "two of its files would have one name in it";
            return Err(Error::new(Kind::Config, message));
        }
        let left = known.into_iter();
        let left = left.map(|(mark, place)| (mark, Part::Kept { place, name: None }));
        let before = index.entries.iter().map(|entry| mark(&entry.name));
        Ok(merged(before, left.collect(), listed))
    }
}

/// By what a name is known again: shorter than it is.
type Mark = [u8; 16];

fn mark(name: &str) -> Mark {
    let mut mark = Mark::default();
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(name.as_bytes())
        .finalize_xof()
        .fill(&mut mark);
    mark
}

/// Whether a file ends with the mark of a packed album.
pub(in crate::pipeline) fn is_marked(file: &mut File) -> bool {
    let mark = comment(file, MARK_LENGTH).ok().flatten();
    mark.is_some_and(|mark| mark.starts_with(MARK.as_bytes()))
}

/// What is in a packed album, if it is one.
pub(in crate::pipeline) fn index(file: &mut File) -> Option<io::Result<Index>> {
    is_marked(file).then(|| Index::read(file, MARK_LENGTH))
}

/// Whose a packed album is, as its mark has it.
pub(super) fn owner(file: &mut File) -> Option<String> {
    let (whose, _) = marked(file)?;
    Some(whose)
}

/// What stands in the mark of a ZIP of this owner's, if it is one.
fn made_of(file: &mut File, owner: &str) -> Option<String> {
    let (whose, made_of) = marked(file)?;
    let is_ours = whose == owner && Index::read(file, MARK_LENGTH).is_ok();
    is_ours.then_some(made_of)
}

/// What stands in the mark of a ZIP, if it is one of ours: whose it is, and of what it was made.
fn marked(file: &mut File) -> Option<(String, String)> {
    let mark = String::from_utf8(comment(file, MARK_LENGTH).ok()??).ok()?;
    let (whose, made_of) = mark.strip_prefix(MARK)?.split_once(' ')?;
    Some((whose.to_owned(), made_of.to_owned()))
}
