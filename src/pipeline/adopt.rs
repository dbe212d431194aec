//! Adopts existing files as those of listed items, as if they had been downloaded. No file is downloaded.

use std::io;
use std::sync::Arc;

use url::Url;

use super::LinkOptions;
use super::archive::{Algorithm, Archive, Ending, Identity, Note, Origin, Record, Summing};
use super::naming::{Content, Planned, broken_promise, sniff};
use super::sink::{Disk, disk_error};
use super::structure::{Input, Structure, structure};
use super::transfer::ListingCheck;
use crate::model::{Body, Error, Failure, Item, Kind, Outcome, Result, Skip};

/// Extensions to try where the listing names a different one, since the bytes decided the extension of a saved file.
const EXTENSIONS: [&str; 18] = [
    "jpg", "jpeg", "png", "gif", "webp", "avif", "heic", "mp4", "webm", "mov", "mkv", "m4v", "mp3",
    "m4a", "ogg", "flac", "pdf", "zip",
];

/// The warning for a format without an end marker.
const UNSHOWN: &str = "nothing shows whether it is whole; a run with `--skip changed` compares it";

/// Extensions of the files that other programs keep beside an unfinished file: aria2, axel, and yt-dlp with
/// `--no-part`.
const UNFINISHED: [&str; 3] = ["aria2", "st", "ytdl"];

/// Checks whether a URL ends in an extension of files that can be adopted.
pub(super) fn is_named_as_file(url: &Url) -> bool {
    let ext = url
        .path()
        .rsplit_once('.')
        .map(|(_, ext)| ext.to_ascii_lowercase());
    ext.is_some_and(|ext| EXTENSIONS.contains(&ext.as_str()))
}

/// An item whose file is looked for on disk, and the archive that records it.
pub(super) struct Adopt {
    pub(super) disk: Arc<Disk>,
    pub(super) archive: Arc<dyn Archive>,
    pub(super) algorithm: Algorithm,
    pub(super) item: Box<Item>,
    pub(super) origin: Option<Arc<Origin>>,
    pub(super) planned: Planned,
}

impl Adopt {
    /// Looks for the file where it would be saved, and records it as saved if it is complete and belongs to no other
    /// item. Blocks.
    ///
    /// # Errors
    /// The archive cannot be used.
    pub(super) fn run(self) -> Result<Outcome> {
        let Some(path) = self.find() else {
            return Ok(Outcome::Skipped {
                reason: Skip::Absent,
                path: self.planned.path(self.planned.ext.as_deref(), 1),
                warning: None,
            });
        };
        let identity = Identity {
            source: self.item.source.clone(),
            key: self.item.key.clone(),
        };
        let failed = |error: Error| Ok(Outcome::Failed(Failure::new(&error, 0)));
        if self
            .archive
            .owner(&path)?
            .is_some_and(|owner| owner != identity)
        {
            let message = format!("`{path}` belongs to another item");
            return failed(Error::new(Kind::Changed, message));
        }
        let (record, warning) = match self.examine(&path) {
            Ok(found) => found,
            Err(error) => return failed(error),
        };
        self.archive.note(Note {
            identity,
            origin: self.origin,
            ending: Ending::Saved(record),
        })?;
        Ok(Outcome::Skipped {
            reason: Skip::Adopted,
            path,
            warning,
        })
    }

    /// Returns the path of the first existing file with the planned name.
    fn find(&self) -> Option<String> {
        let named = self.planned.ext.as_deref();
        let others = EXTENSIONS.iter().filter(|_| !self.planned.fixed_ext);
        let names = [named].into_iter().chain(others.map(|ext| Some(*ext)));
        let mut paths = names.map(|ext| self.planned.path(ext, 1));
        paths.find(|path| self.disk.size(path).is_some())
    }

    /// Checks that a file can be the item's. Returns what to record, and a warning if the file differs from the
    /// listing.
    fn examine(&self, path: &str) -> Result<(Record, Option<String>)> {
        let cannot = |error: io::Error| disk_error(format!("cannot read `{path}`"), error);
        let broken = |why: String| Error::new(Kind::Corrupt, format!("`{path}` exists, but {why}"));
        let mut beside = UNFINISHED.iter().map(|ext| format!("{path}.{ext}"));
        if let Some(beside) = beside.find(|path| self.disk.has(path)) {
            let why = format!("`{beside}` shows that another program has not finished it");
            return Err(broken(why).hint("let that program finish it, or move both files away"));
        }
        let file = self.disk.read(path).map_err(cannot)?;
        let len = file.metadata().map_err(cannot)?.len();
        let mut input = Input::new(file, len);
        let expect = match &self.item.body {
            Body::File(request) => Some(&request.expect),
            _ => None,
        };
        let head = input.some(0).map_err(cannot)?;
        let seen = sniff(head);
        let mut stored = expect.map(|expect| ListingCheck::new(expect, &self.item.meta, head, len));
        let medium = expect.and_then(|expect| expect.medium);
        if matches!(seen.kind, Content::Empty | Content::Zeros | Content::Page)
            || medium.is_some_and(|medium| !seen.kind.can_be(medium))
            || broken_promise(path, (seen.kind, Some(len)), None).is_some()
        {
            return Err(broken("it does not match the listing".to_owned()));
        }
        let found = structure(&mut input).map_err(cannot)?;
        if found.is_bad() {
            return Err(broken(format!("it is {found}")));
        }
        let mut summing = Summing::new(self.algorithm);
        let mut at = 0;
        while at < len {
            let some = input.some(at).map_err(cannot)?;
            summing.update(some);
            if let Some(stored) = &mut stored {
                stored.update(some);
            }
            at += some.len() as u64;
        }
        let held = stored.map(ListingCheck::finish).transpose();
        let warning = held.map_err(|error| Error {
            message: format!("`{path}` exists, but {}", error.message),
            ..error
        })?;
        let listed = match &self.item.body {
            Body::Text(text) => Some(text.len() as u64),
            _ => expect.and_then(|expect| expect.size),
        };
        let has_digest = expect.is_some_and(|expect| !expect.digests.is_empty());
        let is_shown = found == Structure::Whole || listed == Some(len) || has_digest;
        let warning = warning
            .flatten()
            .or_else(|| (!is_shown).then(|| UNSHOWN.to_owned()));
        let record = Record {
            path: path.to_owned(),
            size: len,
            digest: Some(summing.finish()),
            media: seen.media_type,
            published: self.item.meta.date,
            naming: Some(LinkOptions::naming(None, "")),
            ..Record::default()
        };
        Ok((record, warning))
    }
}
