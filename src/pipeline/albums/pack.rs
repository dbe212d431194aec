//! Packs the files of an album into `NAME.zip` or `NAME.cbz` beside its folder. The files stay, unless the ZIP is to
//! replace them.
//!
//! A file once packed stays packed, whether or not it still exists. Whether there is anything to do is decided without
//! reading the files: a mark at the end of the ZIP tells what it was made of.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;

use super::comic;
use super::gather::{AlbumItems, GatheredListing, ItemMetadata, MemberOutcome};
use super::info::{page, source};
use super::merged::merged;
use super::moves::within;
use super::output_file::{OutputFile, Search};
use super::parts::{BESIDE, DIGITS, MARK_LENGTH, Packer, Part, REPLACING, ZipTarget, fingerprint};
use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::Sum;
use crate::pipeline::naming::{ROOM, component, shown_text};
use crate::pipeline::sink::{Stamp, disk_error};
use crate::pipeline::zip::{Index, comment};

/// The format of a packed album.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Zip,
    Cbz,
}

impl Form {
    /// Returns the file extension.
    pub(super) fn ext(self) -> &'static str {
        match self {
            Form::Zip => "zip",
            Form::Cbz => "cbz",
        }
    }
}

/// A finished ZIP.
pub(super) struct Packed {
    pub(super) path: String,
    pub(super) size: u64,
    /// Number of files in it.
    pub(super) files: u64,
}

/// The result of packing.
#[derive(Default)]
pub(super) struct PackResult {
    /// The ZIP, if anything has changed.
    pub(super) packed: Option<Packed>,
    /// The packed files that may be removed, if the ZIP is to replace them. Files elsewhere stay.
    pub(super) removable: Vec<RemovableFile>,
    /// Why a file is not in the ZIP, or was not removed.
    pub(super) lacks: Option<Error>,
}

/// A packed file, and its stamp at that time.
pub(super) struct RemovableFile {
    pub(super) path: String,
    pub(super) stamp: Stamp,
}

/// An album to be packed.
pub(super) struct Pack<'a> {
    pub(super) search: Search<'a>,
    pub(super) gathered: &'a GatheredListing,
    pub(super) album_items: &'a AlbumItems,
    pub(super) form: Form,
    /// Whether its files are to be removed.
    pub(super) is_only: bool,
    /// Disk space to keep free, in bytes.
    pub(super) min_free: u64,
    pub(super) goes_on: &'a dyn Fn() -> bool,
}

impl Pack<'_> {
    /// Finds the existing ZIP, or the place for a new one.
    pub(super) fn find(&self) -> Result<OutputFile<ZipMark>> {
        let album = &self.album_items.album;
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
        let output = self.search.find(named, ours)?;
        let has_root = self.search.folders.iter().any(String::is_empty);
        if output.existing.is_none()
            && has_root
            && let Some(found) = self.search.in_root(ours)?
        {
            return Ok(found);
        }
        Ok(output)
    }

    /// Packs it, unless nothing has changed. Blocks.
    ///
    /// # Errors
    /// Something cannot be read or written; then everything is as it was.
    pub(super) fn run(&self, mut output: OutputFile<ZipMark>) -> Result<PackResult> {
        let cannot =
            |doing: &str, error| disk_error(format!("cannot {doing} `{}`", output.path), error);
        let (mut there, known) = output.existing.take().unzip();
        let index = match &mut there {
            Some(file) => Index::read(file, MARK_LENGTH).map_err(|error| cannot("read", error))?,
            None => Index::none(),
        };
        let (parts, elsewhere) = self.parts(&output.item_folder, &index)?;
        if parts.is_empty() {
            return Ok(PackResult::default());
        }
        let comic = |pages| {
            let album = &self.album_items.album;
            let title = album.title.clone().unwrap_or_else(|| album.id.clone());
            comic::info(&shown_text(title), page(&self.gathered.origin), pages)
        };
        let comic: Option<&dyn Fn(usize) -> String> = match self.form {
            Form::Cbz => Some(&comic),
            Form::Zip => None,
        };
        // Once a ZIP has replaced files, they are looked for in it.
        let replaces_files = known.as_ref().is_some_and(|known| known.mark == REPLACING);
        let mark = match self.is_only || replaces_files {
            true => REPLACING,
            false => BESIDE,
        };
        let comic_info = comic.map(|comic| comic(parts.len()));
        let made_of = fingerprint(&parts, &index, comic_info.as_deref());
        if known.is_some_and(|known| known.mark == mark && Some(known.made_of) == made_of) {
            return Ok(PackResult::default());
        }
        let replaced = there.as_ref().map(File::try_clone).transpose();
        let replaced = replaced.map_err(|error| cannot("read", error))?;
        let target = ZipTarget {
            folder: &output.folder,
            name: &output.name,
            path: &output.path,
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
        let (size, parts) = packer.write(&target, parts, &index, there, comic)?;
        let (removable, altered) = match self.is_only {
            true => self.proven(&output, &parts, &index)?,
            false => (Vec::new(), None),
        };
        Ok(PackResult {
            packed: Some(Packed {
                path: output.path,
                size,
                files: parts.len() as u64,
            }),
            removable,
            lacks: lacks(&elsewhere).or(altered),
        })
    }

    /// Returns the identity of the album, as in the mark.
    fn owner(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher
            .update(source(&self.gathered.origin).as_bytes())
            .update(&[0])
            .update(shown_text(self.album_items.album.id.clone()).as_bytes());
        hasher.finalize().to_hex()[..DIGITS].to_owned()
    }

    /// Returns what the ZIP is to contain, in album order, and the files that exist only in the ZIP of another album.
    fn parts(&self, of: &str, index: &Index) -> Result<(Vec<Part>, Vec<String>)> {
        let entries = (0..).zip(&index.entries);
        let mut known: HashMap<Mark, u32> = entries
            .filter(|(_, entry)| self.form == Form::Zip || entry.name != comic::NAME)
            .map(|(place, entry)| (mark(&entry.name), place))
            .collect();
        let (mut listed, mut paths, mut elsewhere) = (Vec::new(), HashSet::new(), Vec::new());
        for member in &self.album_items.members {
            let is_there = match member.outcome {
                MemberOutcome::Present => true,
                MemberOutcome::SavedBefore => false,
                MemberOutcome::Packed => true,
                _ => continue,
            };
            let ItemMetadata { path, is_home, .. } = self.gathered.metadata(member)?;
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
                    // A file elsewhere may be somebody else's, and nobody would look for it in this ZIP.
                    by_content: self.is_only && is_home && (begin > 0 || of.is_empty()),
                },
                (Err(_), Some(place)) => Part::Kept { place, name: None },
                // A file that the user has removed.
                (Err(_), None) if !is_there => continue,
                // It is not in a folder of the album's own.
                (Err(_), None) if begin == 0 && matches!(member.outcome, MemberOutcome::Packed) => {
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
            let message = "two of its files would have the same name in it";
            return Err(Error::new(Kind::Config, message));
        }
        let left = known.into_iter();
        let left = left.map(|(mark, place)| (mark, Part::Kept { place, name: None }));
        let before = index.entries.iter().map(|entry| mark(&entry.name));
        Ok((merged(before, left.collect(), listed), elsewhere))
    }

    /// Returns the packed files that may be removed: the ZIP is read once more, and they are intact in it. A file whose
    /// bytes differ from those saved stays as well, and an error says which.
    fn proven(
        &self,
        output: &OutputFile<ZipMark>,
        parts: &[Part],
        index: &Index,
    ) -> Result<(Vec<RemovableFile>, Option<Error>)> {
        let wrong = |error| disk_error(format!("cannot read `{}` again", output.path), error);
        let mut file = output.folder.open_to_read(&output.name).map_err(wrong)?;
        let written = Index::read(&mut file, MARK_LENGTH).map_err(wrong)?;
        let (mut removable, mut altered) = (Vec::new(), None);
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
            removable.push(RemovableFile {
                path: path.clone(),
                stamp: *stamp,
            });
        }
        Ok((removable, altered))
    }

    /// Returns the digest of what was saved at this path, if known.
    fn known(&self, path: &str) -> Result<Option<Sum>> {
        let archive = self.search.archive;
        let owner = archive.owner(path)?;
        let digest = owner.map(|owner| archive.digest(&owner)).transpose()?;
        Ok(digest.flatten())
    }
}

fn not_as_saved(path: &str) -> Error {
    let message = format!("`{path}` no longer has the bytes that were saved, so it stays");
    Error::new(Kind::Corrupt, message).hint("`fetch verify --repair` downloads it again")
}

/// Returns an error for files left out because they are packed elsewhere, if any.
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
    let hint =
        "use `--zip` instead of `--zip=only` to keep files for every album that contains them";
    Some(Error::new(Kind::Missing, message).hint(hint))
}

/// Identifies a name in less space.
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

/// Checks whether a file ends with the mark of a packed album.
pub(in crate::pipeline) fn is_marked(file: &mut File) -> bool {
    marked(file).is_some()
}

/// Returns the index of a packed album, if it is one.
pub(in crate::pipeline) fn index(file: &mut File) -> Option<io::Result<Index>> {
    is_marked(file).then(|| Index::read(file, MARK_LENGTH))
}

/// Returns the mark of a ZIP, if it belongs to this owner.
fn made_of(file: &mut File, owner: &str) -> Option<ZipMark> {
    let marked = marked(file)?;
    let is_ours = marked.owner == owner && Index::read(file, MARK_LENGTH).is_ok();
    is_ours.then_some(marked)
}

/// The mark of a ZIP of ours.
pub(super) struct ZipMark {
    /// Its prefix.
    pub(super) mark: &'static str,
    pub(super) owner: String,
    made_of: String,
}

/// Reads the mark of a ZIP, if it is one of ours.
pub(super) fn marked(file: &mut File) -> Option<ZipMark> {
    let text = String::from_utf8(comment(file, MARK_LENGTH).ok()??).ok()?;
    let mark = [BESIDE, REPLACING]
        .into_iter()
        .find(|mark| text.starts_with(mark))?;
    let (owner, made_of) = text[mark.len()..].split_once(' ')?;
    // File names are made from the mark, whoever wrote it.
    let is_digits = |text: &str| {
        let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        text.len() == DIGITS && text.bytes().all(is_digit)
    };
    if !is_digits(owner) || !is_digits(made_of) {
        return None;
    }
    Some(ZipMark {
        mark,
        owner: owner.to_owned(),
        made_of: made_of.to_owned(),
    })
}
