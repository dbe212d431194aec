//! Packs the files of an album: `NAME.zip` or `NAME.cbz` beside its folder. The files stay, unless it is to
//! have them alone.
//!
//! What was packed once stays packed, be its file there or not. Whether there is anything to do is found by looks at the
//! files alone: a mark at the end of the ZIP tells of what it was made.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;

use super::along::within;
use super::comic;
use super::gather::{Fate, Gathered, Told, Volume};
use super::info::{page, source};
use super::merged::merged;
use super::parts::{ALONE, BESIDE, Book, DIGITS, MARK_LENGTH, Packer, Part, fingerprint};
use super::spot::{Search, Spot};
use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::Sum;
use crate::pipeline::naming::{ROOM, component, shown_text};
use crate::pipeline::sink::{Stamp, disk_error};
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

/// What was done.
#[derive(Default)]
pub(super) struct Done {
    /// If something has changed.
    pub(super) packed: Option<Packed>,
    /// The files that are packed now and may go, where they are to be packed alone. What is elsewhere stays.
    pub(super) loose: Vec<Spare>,
    /// Why something is not in what was packed, or not alone.
    pub(super) lacks: Option<Error>,
}

/// A file that is packed, as it was then.
pub(super) struct Spare {
    pub(super) path: String,
    pub(super) stamp: Stamp,
}

/// What is to be packed.
pub(super) struct Pack<'a> {
    pub(super) search: Search<'a>,
    pub(super) gathered: &'a Gathered,
    pub(super) volume: &'a Volume,
    pub(super) form: Form,
    /// Its files are to go.
    pub(super) is_only: bool,
    /// How much of the disk stays free.
    pub(super) min_free: u64,
    pub(super) goes_on: &'a dyn Fn() -> bool,
}

impl Pack<'_> {
    /// Where it is or would be.
    pub(super) fn find(&self) -> Result<Spot<Marked>> {
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
        let ours = |file: &mut File| made_of(file, &owner);
        let spot = self.search.find(named, ours)?;
        let has_root = self.search.folders.iter().any(String::is_empty);
        if spot.there.is_none()
            && has_root
            && let Some(found) = self.search.in_root(ours)?
        {
            return Ok(found);
        }
        Ok(spot)
    }

    /// Packs it, unless nothing has changed. Blocks.
    ///
    /// # Errors
    /// Something cannot be read or written; then all is as it was.
    pub(super) fn run(&self, mut spot: Spot<Marked>) -> Result<Done> {
        let cannot =
            |doing: &str, error| disk_error(format!("cannot {doing} `{}`", spot.path), error);
        let (mut there, known) = spot.there.take().unzip();
        let index = match &mut there {
            Some(file) => Index::read(file, MARK_LENGTH).map_err(|error| cannot("read", error))?,
            None => Index::none(),
        };
        let (parts, elsewhere) = self.parts(&spot.of, &index)?;
        if parts.is_empty() {
            return Ok(Done::default());
        }
        let comic = |pages| {
            let album = &self.volume.album;
            let title = album.title.clone().unwrap_or_else(|| album.id.clone());
            comic::info(&shown_text(title), page(&self.gathered.origin), pages)
        };
        let comic: Option<&dyn Fn(usize) -> String> = match self.form {
            Form::Cbz => Some(&comic),
            Form::Zip => None,
        };
        // Once it has files alone, it is where those are to be looked for.
        let is_alone = known.as_ref().is_some_and(|known| known.mark == ALONE);
        let mark = match self.is_only || is_alone {
            true => ALONE,
            false => BESIDE,
        };
        let told = comic.map(|comic| comic(parts.len()));
        let made_of = fingerprint(&parts, &index, told.as_deref());
        if known.is_some_and(|known| known.mark == mark && Some(known.made_of) == made_of) {
            return Ok(Done::default());
        }
        let replaced = there.as_ref().map(File::try_clone).transpose();
        let replaced = replaced.map_err(|error| cannot("read", error))?;
        let book = Book {
            folder: &spot.folder,
            name: &spot.name,
            path: &spot.path,
            ext: self.form.ext(),
            mark,
            owner: &self.owner(),
            replaces: replaced.as_ref(),
        };
        let packer = Packer {
            disk: self.search.disk,
            min_free: self.min_free,
            goes_on: self.goes_on,
        };
        let there = there.as_mut();
        let (size, parts) = packer.write(&book, parts, &index, there, comic)?;
        let (loose, altered) = match self.is_only {
            true => self.proven(&spot, &parts, &index)?,
            false => (Vec::new(), None),
        };
        Ok(Done {
            packed: Some(Packed {
                path: spot.path,
                size,
                files: parts.len() as u64,
            }),
            loose,
            lacks: lacks(&elsewhere).or(altered),
        })
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

    /// What it is to have, in the order of the album; and the files that are in what was packed of another album alone.
    fn parts(&self, of: &str, index: &Index) -> Result<(Vec<Part>, Vec<String>)> {
        let entries = (0..).zip(&index.entries);
        let mut known: HashMap<Mark, u32> = entries
            .filter(|(_, entry)| self.form == Form::Zip || entry.name != comic::NAME)
            .map(|(place, entry)| (mark(&entry.name), place))
            .collect();
        let (mut listed, mut paths, mut elsewhere) = (Vec::new(), HashSet::new(), Vec::new());
        for member in &self.volume.members {
            let is_there = match member.fate {
                Fate::There => true,
                Fate::Seen => false,
                Fate::Packed => true,
                _ => continue,
            };
            let Told { path, is_home, .. } = self.gathered.told(member)?;
            if self.form == Form::Cbz && !comic::is_page(&path) || !paths.insert(mark(&path)) {
                continue;
            }
            let name = within(of, &path);
            let (begin, mark) = (path.len() - name.len(), mark(name));
            let part = match (Stamp::at(self.search.disk, &path), known.remove(&mark)) {
                (Ok(stamp), before) => Part::Loose {
                    path,
                    name: begin,
                    stamp,
                    before,
                    // What is elsewhere may be somebody else's, and nobody would look for it in here.
                    by_content: self.is_only && is_home && (begin > 0 || of.is_empty()),
                },
                (Err(_), Some(place)) => Part::Kept { place, name: None },
                // What the user does not want any more.
                (Err(_), None) if !is_there => continue,
                // Not one of its own folder.
                (Err(_), None) if begin == 0 && matches!(member.fate, Fate::Packed) => {
                    elsewhere.push(path);
                    continue;
                }
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
        Ok((merged(before, left.collect(), listed), elsewhere))
    }

    /// The files that were packed and may go: what is packed is read once more, and is whole. What has other bytes than were
    /// saved stays as well, and it is said which that is.
    fn proven(
        &self,
        spot: &Spot<Marked>,
        parts: &[Part],
        index: &Index,
    ) -> Result<(Vec<Spare>, Option<Error>)> {
        let wrong = |error| disk_error(format!("cannot read `{}` again", spot.path), error);
        let mut file = spot.folder.open_to_read(&spot.name).map_err(wrong)?;
        let written = Index::read(&mut file, MARK_LENGTH).map_err(wrong)?;
        let (mut spares, mut altered) = (Vec::new(), None);
        for (part, entry) in parts.iter().zip(&written.entries) {
            let Part::Loose {
                path,
                stamp,
                by_content: true,
                ..
            } = part
            else {
                continue;
            };
            let known = self.known(path)?;
            let (crc, sum) = written.sums(&mut file, entry, known).map_err(wrong)?;
            if crc != entry.crc || part.name(index) != entry.name {
                return Err(wrong(io::ErrorKind::InvalidData.into()));
            }
            if sum != known {
                altered.get_or_insert_with(|| not_as_saved(path));
                continue;
            }
            spares.push(Spare {
                path: path.clone(),
                stamp: *stamp,
            });
        }
        Ok((spares, altered))
    }

    /// The digest of what was saved at this path, if that is known.
    fn known(&self, path: &str) -> Result<Option<Sum>> {
        let archive = self.search.archive;
        let owner = archive.owner(path)?;
        let digest = owner.map(|owner| archive.digest(&owner)).transpose()?;
        Ok(digest.flatten())
    }
}

fn not_as_saved(path: &str) -> Error {
    let message = format!("`{path}` has other bytes than were saved, and stays");
    Error::new(Kind::Corrupt, message).hint("`fetch verify --repair` fetches it again")
}

/// Why files are left out that are packed elsewhere, if there are any.
fn lacks(elsewhere: &[String]) -> Option<Error> {
    let more = match elsewhere {
        [] => return None,
        [_] => String::new(),
        [_, others @ ..] => format!(" (and {} more)", others.len()),
    };
    let message = format!(
        "it lacks `{}`{more}, which is packed with another album",
        elsewhere[0]
    );
    let hint = "`--zip` in place of `--zip=only` keeps files for every album that they are in";
    Some(Error::new(Kind::Missing, message).hint(hint))
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
    marked(file).is_some()
}

/// What is in a packed album, if it is one.
pub(in crate::pipeline) fn index(file: &mut File) -> Option<io::Result<Index>> {
    is_marked(file).then(|| Index::read(file, MARK_LENGTH))
}

/// What stands in the mark of a ZIP of this owner's, if it is one.
fn made_of(file: &mut File, owner: &str) -> Option<Marked> {
    let marked = marked(file)?;
    let is_ours = marked.owner == owner && Index::read(file, MARK_LENGTH).is_ok();
    is_ours.then_some(marked)
}

/// The mark of a ZIP of ours.
pub(super) struct Marked {
    /// What it begins with.
    pub(super) mark: &'static str,
    pub(super) owner: String,
    made_of: String,
}

/// The mark of a ZIP, if it is one of ours.
pub(super) fn marked(file: &mut File) -> Option<Marked> {
    let text = String::from_utf8(comment(file, MARK_LENGTH).ok()??).ok()?;
    let mark = [BESIDE, ALONE]
        .into_iter()
        .find(|mark| text.starts_with(mark))?;
    let (owner, made_of) = text[mark.len()..].split_once(' ')?;
    // Whoever wrote it, names of files are made of it.
    let is_digits = |text: &str| {
        let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        text.len() == DIGITS && text.bytes().all(is_digit)
    };
    if !is_digits(owner) || !is_digits(made_of) {
        return None;
    }
    Some(Marked {
        mark,
        owner: owner.to_owned(),
        made_of: made_of.to_owned(),
    })
}
