//! A small file written in one go: it has no name until it is complete, so nothing is left of it if it never is.

use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use bytes::Bytes;

use super::partial::Place;
use super::{Folder, disk_error};
use crate::model::Result;

/// Whether creating a file without a name has failed. One file system without support is enough to stop trying.
static IN_VAIN: AtomicBool = AtomicBool::new(false);

/// A complete file without a name.
#[derive(Debug)]
pub(in crate::pipeline) struct Unnamed<'a> {
    folder: &'a Folder,
    file: File,
    pieces: &'a [Bytes],
}

impl<'a> Unnamed<'a> {
    /// Writes these pieces to a file without a name; `None` if the file system does not support that.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`].
    pub(in crate::pipeline) fn write(
        place: &'a Place,
        pieces: &'a [Bytes],
        modified: Option<SystemTime>,
    ) -> Result<Option<Unnamed<'a>>> {
        let folder = place.folder();
        if IN_VAIN.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let Ok(mut file) = folder.create_unnamed() else {
            // Whatever the reason is, writing under a name will meet it too, and report it.
            IN_VAIN.store(true, Ordering::Relaxed);
            return Ok(None);
        };
        write_all(&mut file, pieces).map_err(|error| {
            let path = folder.path().display();
            disk_error(format!("cannot write a file in `{path}`"), error)
        })?;
        if let Some(modified) = modified {
            // A file system that cannot store this time is no reason to lose the file.
            let _ = file.set_modified(modified);
        }
        Ok(Some(Unnamed {
            folder,
            file,
            pieces,
        }))
    }

    /// Gives it this name. Returns `false` if the name is taken.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`]; a system without `/proc` is one cause.
    pub(in crate::pipeline) fn publish(&self, name: &str) -> io::Result<bool> {
        match self.folder.name(&self.file, name) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Checks whether a file with this name has the same bytes.
    pub(in crate::pipeline) fn equals(&self, name: &str) -> bool {
        let len: usize = self.pieces.iter().map(Bytes::len).sum();
        if self.folder.size(name) != Some(len as u64) {
            return false;
        }
        let Ok(mut other) = self.folder.open_to_read(name) else {
            return false;
        };
        same(self.pieces, &mut other)
    }
}

/// Checks whether a file as long as these pieces has the same bytes in the same order.
pub(in crate::pipeline) fn same(pieces: &[Bytes], other: &mut File) -> bool {
    pieces.iter().all(|piece| {
        let mut theirs = vec![0; piece.len()];
        other.read_exact(&mut theirs).is_ok() && theirs == piece[..]
    })
}

fn write_all(file: &mut File, pieces: &[Bytes]) -> io::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
    let mut left = &mut slices[..];
    IoSlice::advance_slices(&mut left, 0);
    while !left.is_empty() {
        match file.write_vectored(left) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut left, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
