//! Where bytes end: the disk.
//!
//! Everything here blocks, so it is called from threads that may. It does not know HTTP or what an item is.

mod disk;
#[cfg(unix)]
mod folder;
#[cfg(not(unix))]
#[path = "folder_portable.rs"]
mod folder;
mod partial;
mod quick;
mod small;
mod sole;
mod stamp;
mod unnamed;

pub(super) use disk::Disk;
pub(super) use folder::Folder;
pub(super) use partial::{Partial, Place};
pub(super) use quick::{defect, is_quick, joined, quickly, slowly, timed};
pub(super) use sole::{folders, parts, stays_below};
pub(super) use stamp::Stamp;
pub(super) use unnamed::{Unnamed, same};

use std::io;

use crate::model::{Error, Kind};

/// An error of the disk, with what was being done: `cannot write `cat.jpg``.
pub(super) fn disk_error(doing: String, cause: io::Error) -> Error {
    let error = Error::new(Kind::Disk, doing);
    match cause.kind() {
        _ if is_out_of_files(&cause) => error
            .hint("`-N` with fewer connections opens fewer files at once; `ulimit -n` says how many may be"),
        io::ErrorKind::FileTooLarge if cause.raw_os_error().is_some() => error
            .hint("`ulimit -f` says how long a file may be, and no file on FAT has over 4 GiB"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => error
            .hint("free some space and run the same command again; it goes on where it stopped"),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            error.hint("choose a folder that you may write to with `-d DIR`")
        }
        _ => error,
    }
    .because(cause)
}

#[cfg(unix)]
fn is_out_of_files(cause: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(
        Errno::from_io_error(cause),
        Some(Errno::MFILE | Errno::NFILE)
    )
}

#[cfg(not(unix))]
fn is_out_of_files(_: &io::Error) -> bool {
    false
}

/// Whether the disk is full, or takes no writes any more: then no other transfer can go on either.
pub(super) fn takes_no_more(error: &Error) -> bool {
    let cause = error
        .source
        .as_deref()
        .and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| {
        matches!(
            cause.kind(),
            io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::ReadOnlyFilesystem
        )
    })
}
