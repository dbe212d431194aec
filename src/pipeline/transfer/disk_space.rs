//! Disk space: a large file is started only if it fits beside the downloads in progress.
//!
//! Nothing is allocated ahead, since a server that lies about a length could fill the disk that way. What the other
//! downloads still need is looked up only when another large one starts; small files cost nothing.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Mover;
use super::content::{Content, MIN_RESUMABLE};
use super::retry::RetryState;
use crate::model::{Error, Kind, Result};
use crate::pipeline::sink::{Place, disk_error, quickly};

/// The disk space of a run.
#[derive(Debug)]
pub(in crate::pipeline) struct DiskSpace {
    /// How many bytes must stay free.
    min_free: u64,
    claims: Mutex<Vec<(u64, Need)>>,
    /// The number of the next claim.
    next: AtomicU64,
    /// How many bytes small files have promised since the free space was last looked up. It starts at the limit, as
    /// nothing is known then.
    unchecked: AtomicU64,
}

/// The space that a file needs.
#[derive(Debug)]
pub(super) struct Need {
    pub(super) place: Place,
    /// How many of its bytes are on disk already. A disk that compresses, or stores no zeros, shows fewer.
    pub(super) on_disk: u64,
    pub(super) total: u64,
}

impl Need {
    /// How many bytes are still missing, at most.
    fn missing(&self) -> u64 {
        let on_disk = self.place.allocated().max(self.on_disk);
        self.total.saturating_sub(on_disk)
    }
}

/// The claim of a large file in progress. Dropping it releases the space.
#[derive(Debug)]
pub(super) struct Claim {
    disk_space: Arc<DiskSpace>,
    number: u64,
    total: u64,
}

impl DiskSpace {
    /// Creates the space of a run that must leave this many bytes free.
    pub(in crate::pipeline) fn new(min_free: u64) -> DiskSpace {
        DiskSpace {
            min_free,
            claims: Mutex::default(),
            next: AtomicU64::new(0),
            unchecked: AtomicU64::new(MIN_RESUMABLE),
        }
    }

    /// Whether this file is too small to check for.
    fn is_too_small(&self, total: u64) -> bool {
        total < MIN_RESUMABLE
            && (self.min_free == 0
                || self.unchecked.fetch_add(total, Ordering::Relaxed) < MIN_RESUMABLE)
    }

    /// Claims disk space for a file. Blocks.
    fn claim(self: Arc<Self>, need: Need) -> Result<Option<Claim>> {
        let folder = need.place.folder();
        self.unchecked.store(0, Ordering::Relaxed);
        // Where the free space is unknown, the disk itself reports when it is full.
        let Ok((disk, free)) = folder.free() else {
            return Ok(None);
        };
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let others = claims.iter().map(|(_, other)| other).filter(|other| {
            let theirs = other.place.folder().free();
            theirs.is_ok_and(|(other, _)| other == disk)
        });
        let others = others.map(Need::missing).sum();
        if let Some(why) = refuse(need.missing(), free, others, self.min_free) {
            let message = format!("{why}, in `{}`", folder.path().display());
            if free < self.min_free {
                let full = io::Error::new(io::ErrorKind::StorageFull, "that much must stay free");
                return Err(disk_error(message, full));
            }
            return Err(Error::new(Kind::Disk, message)
                .hint("free some space, or choose a folder on another disk with `-d DIR`"));
        }
        let total = need.total;
        if total < MIN_RESUMABLE {
            return Ok(None);
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        claims.push((number, need));
        drop(claims);
        Ok(Some(Claim {
            disk_space: self,
            number,
            total,
        }))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let claims = self.disk_space.claims.lock();
        let mut claims = claims.unwrap_or_else(PoisonError::into_inner);
        claims.retain(|(number, ..)| *number != self.number);
    }
}

/// Returns why a file that needs this much does not fit, if it does not.
fn refuse(need: u64, free: u64, others: u64, min_free: u64) -> Option<String> {
    if need.saturating_add(others).saturating_add(min_free) <= free {
        return None;
    }
    let mut why = format!(
        "it does not fit: it needs {}, and {} are free",
        size(need, u64::div_ceil),
        size(free, |bytes, unit| bytes / unit)
    );
    if others > 0 {
        why += &format!(
            ", {} of them for downloads in progress",
            size(others, u64::div_ceil)
        );
    }
    if min_free > 0 {
        why += &format!(", and {} must stay free", size(min_free, u64::div_ceil));
    }
    Some(why)
}

/// A size in whole units, rounded as `divide` does.
fn size(bytes: u64, divide: fn(u64, u64) -> u64) -> String {
    match bytes >> 20 {
        0 => format!("{} KiB", divide(bytes, 1 << 10)),
        _ => format!("{} MiB", divide(bytes, 1 << 20)),
    }
}

impl Mover {
    /// Makes sure that a file of this length fits on the disk, as far as that can be known.
    pub(super) async fn reserve_space(
        &self,
        content: &Content,
        total: Option<u64>,
        retry: &mut RetryState,
    ) -> Result<()> {
        let Some(total) = total else {
            return Ok(());
        };
        let has = |claim: &Claim| claim.total == total;
        if retry.claim.as_ref().is_some_and(has) || self.disk_space.is_too_small(total) {
            return Ok(());
        }
        let need = Need {
            place: content.place.clone(),
            on_disk: content.len(),
            total,
        };
        self.claim(need, &mut retry.claim).await
    }

    /// Claims disk space for a file, replacing its earlier claim.
    pub(super) async fn claim(&self, need: Need, claim: &mut Option<Claim>) -> Result<()> {
        *claim = None;
        let disk_space = self.disk_space.clone();
        *claim = quickly(move || disk_space.claim(need)).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::sink::Folder;

    #[test]
    fn files_that_do_not_fit_are_refused_with_a_reason() {
        const MIB: u64 = 1 << 20;
        let table = [
            ((10, 10, 0, 0), None),
            (
                (11, 10, 0, 0),
                Some("it does not fit: it needs 11 MiB, and 10 MiB are free"),
            ),
            (
                (5, 10, 6, 0),
                Some(
                    "it does not fit: it needs 5 MiB, and 10 MiB are free, 6 MiB of them for downloads in progress",
                ),
            ),
            (
                (5, 10, 2, 4),
                Some(
                    "it does not fit: it needs 5 MiB, and 10 MiB are free, 2 MiB of them for downloads in progress, and 4 MiB must stay free",
                ),
            ),
            ((4, 10, 2, 4), None),
        ];
        for ((need, free, others, min_free), expected) in table {
            let why = refuse(need * MIB, free * MIB, others * MIB, min_free * MIB);
            assert_eq!(why.as_deref(), expected);
        }
        assert!(refuse(u64::MAX, 10, u64::MAX, 1).is_some());
    }

    #[cfg(unix)]
    #[test]
    fn disk_space_is_claimed_until_a_download_ends() {
        let folder = tempfile::tempdir().unwrap();
        let root = Arc::new(Folder::root(folder.path()).unwrap());
        let (_, free) = root.free().unwrap();
        // Room for one of them, and never for two, whatever else happens on this disk meanwhile.
        let most = free / 3 * 2;
        let need = |key, on_disk, total| Need {
            place: Place::new(root.clone(), "test", key),
            on_disk,
            total,
        };
        let disk_space = Arc::new(DiskSpace::new(0));
        let first = disk_space.clone().claim(need("a", 0, most)).unwrap();
        assert!(first.is_some());
        let error = disk_space.clone().claim(need("b", 0, most)).unwrap_err();
        assert!(
            error.message.contains("for downloads in progress"),
            "{error}"
        );
        // Bytes on disk need no more room, though a disk that compresses has little to show for them.
        let near = disk_space
            .clone()
            .claim(need("b", most, most + MIN_RESUMABLE))
            .unwrap();
        assert!(near.is_some());
        drop((first, near));
        let second = disk_space.claim(need("b", 0, most)).unwrap();
        assert!(second.is_some());
    }
}
