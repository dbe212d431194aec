//! A file that is already there for another item, with the same bytes.

use std::fs::File;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::body::CompleteBody;
use crate::model::Result;
use crate::pipeline::archive::{Archive, Identity, Record, Sum};
use crate::pipeline::sink::Disk;

/// A file with the same bytes.
pub(super) struct Twin {
    /// Its path below the root.
    pub(super) path: String,
    /// The file, open, so that it stays the one that was compared whatever becomes of its name.
    pub(super) file: File,
}

/// Bytes that are being saved: if two files with the same bytes end together, the second has to see the first. All runs
/// of a process share them, which costs a wait at worst.
static SAVING: Saving = Saving::new();

struct Saving {
    sums: Mutex<Vec<(u64, Sum)>>,
    left: Condvar,
}

/// Permission to save these bytes, which nobody else does meanwhile.
pub(super) struct SavePermit<'a> {
    saving: &'a Saving,
    sum: (u64, Sum),
}

impl Saving {
    const fn new() -> Saving {
        Saving {
            sums: Mutex::new(Vec::new()),
            left: Condvar::new(),
        }
    }

    fn turn(&self, size: u64, digest: &Sum) -> SavePermit<'_> {
        let sum = (size, *digest);
        let sums = self.sums();
        let wait = self.left.wait_while(sums, |sums| sums.contains(&sum));
        wait.unwrap_or_else(PoisonError::into_inner).push(sum);
        SavePermit { saving: self, sum }
    }

    fn sums(&self) -> MutexGuard<'_, Vec<(u64, Sum)>> {
        self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SavePermit<'_> {
    fn drop(&mut self) {
        self.saving.sums().retain(|sum| *sum != self.sum);
        self.saving.left.notify_all();
    }
}

/// Waits until nobody else is saving the bytes of this record. Blocks.
pub(super) fn wait_to_save(record: &Record) -> Option<SavePermit<'static>> {
    let digest = record.digest.as_ref()?;
    Some(SAVING.turn(record.size, digest))
}

/// Finds a twin, if there is one. The digest only says where to look; all bytes are compared.
///
/// # Errors
/// The archive, or the downloaded file, cannot be read.
pub(super) fn find(
    (archive, disk): (&dyn Archive, &Disk),
    identity: &Identity,
    record: &Record,
    body: &CompleteBody,
) -> Result<Option<Twin>> {
    let Some(digest) = &record.digest else {
        return Ok(None);
    };
    for path in archive.twins(record.size, digest, identity)? {
        // A file that cannot be read is no twin.
        let Ok(mut file) = disk.read(&path) else {
            continue;
        };
        let is_as_long = file.metadata().is_ok_and(|data| data.len() == record.size);
        if is_as_long && body.equals(&mut file)? {
            return Ok(Some(Twin { path, file }));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_same_bytes_are_saved_one_after_the_other_and_others_meanwhile() {
        let saving = Saving::new();
        let (one, other) = (Sum::Xxh3([1; 16]), Sum::Xxh3([2; 16]));
        let others = [saving.turn(8, &other), saving.turn(9, &one)];
        let (live, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let _turn = saving.turn(8, &one);
                    most.fetch_max(live.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(2));
                    live.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(most.into_inner(), 1);
        drop(others);
        assert!(saving.sums().is_empty());
    }
}
