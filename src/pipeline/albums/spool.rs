//! Texts that together may not fit in memory, stored in a file that disappears with its owner.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use crate::pipeline::sink::Folder;

/// How much is kept in memory before it is written. Most albums have less.
const TAIL: usize = 256 << 10;
/// How much is read at once.
const WINDOW: usize = 64 << 10;

/// A store of texts, each retrieved by its position.
pub(super) struct Spool {
    inner: Mutex<Inner>,
}

struct Inner {
    folder: Arc<Folder>,
    file: Option<File>,
    /// Number of bytes written.
    written: u64,
    /// Bytes not written yet.
    tail: Vec<u8>,
    /// A piece of the written bytes, and its position.
    window: (u64, Vec<u8>),
    /// Why a write failed; then the whole spool is useless.
    failed: Option<io::Error>,
}

impl Spool {
    /// Creates a spool with its file in this folder.
    pub(super) fn new(folder: Arc<Folder>) -> Spool {
        Spool {
            inner: Mutex::new(Inner {
                folder,
                file: None,
                written: 0,
                tail: Vec::new(),
                window: (0, Vec::new()),
                failed: None,
            }),
        }
    }

    /// Adds a text, and returns its position. A failure to write it is reported by `get`.
    pub(super) fn add(&self, text: &[u8]) -> u64 {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let place = inner.written + inner.tail.len() as u64;
        if inner.failed.is_some() {
            return place;
        }
        let length = (text.len() as u64).to_le_bytes();
        inner.tail.extend(length);
        inner.tail.extend(text);
        if inner.tail.len() >= TAIL
            && let Err(error) = inner.write()
        {
            inner.tail = Vec::new();
            inner.failed = Some(error);
        }
        place
    }

    /// Returns the text at this position.
    ///
    /// # Errors
    /// It could not be written, or cannot be read.
    pub(super) fn get(&self, place: u64) -> io::Result<Vec<u8>> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = &inner.failed {
            return Err(io::Error::new(error.kind(), error.to_string()));
        }
        let mut length = [0; 8];
        inner.read(place, &mut length)?;
        let mut text = vec![0; usize::try_from(u64::from_le_bytes(length)).unwrap_or(0)];
        inner.read(place + 8, &mut text)?;
        Ok(text)
    }
}

impl Inner {
    fn write(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                // Unlinked at once, so that it disappears with the process.
                let name = format!(".{:016x}.part", RandomState::new().hash_one(0));
                let file = self.folder.create(&name)?;
                self.folder.remove(&name)?;
                none.insert(file)
            }
        };
        file.seek(SeekFrom::Start(self.written))?;
        file.write_all(&self.tail)?;
        self.written += self.tail.len() as u64;
        self.tail.clear();
        Ok(())
    }

    fn read(&mut self, at: u64, bytes: &mut [u8]) -> io::Result<()> {
        let part = |held: &[u8], from: u64, bytes: &mut [u8]| {
            let begin = usize::try_from(at.checked_sub(from)?).ok()?;
            let held = held.get(begin..begin.checked_add(bytes.len())?)?;
            bytes.copy_from_slice(held);
            Some(())
        };
        if part(&self.tail, self.written, bytes).is_some()
            || part(&self.window.1, self.window.0, bytes).is_some()
        {
            return Ok(());
        }
        let Some(file) = &mut self.file else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        file.seek(SeekFrom::Start(at))?;
        let mut window = std::mem::take(&mut self.window.1);
        window.clear();
        let most = bytes.len().max(WINDOW) as u64;
        file.take(most).read_to_end(&mut window)?;
        self.window = (at, window);
        part(&self.window.1, at, bytes).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spooled_records_are_read_in_any_order_and_leave_no_file() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::root(root.path()).unwrap();
        let spool = Spool::new(Arc::new(folder));
        let text = |number: usize| vec![number as u8; number % 7000];
        let places: Vec<_> = (0..2000).map(|number| spool.add(&text(number))).collect();
        for number in (0..2000).chain((0..2000).rev()).chain([1999, 0, 1000]) {
            assert!(
                spool.get(places[number]).unwrap() == text(number),
                "{number}"
            );
        }
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
        assert!(spool.get(places[1999] + 100_000).is_err());
    }
}
