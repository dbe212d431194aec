//! Where bytes end up: on the disk.
//!
//! Everything here blocks, so it is called from threads that may block. It knows neither HTTP nor items.

mod disk;
mod entry_name;
#[cfg(unix)]
mod folder;
#[cfg(not(unix))]
#[path = "folder_portable.rs"]
mod folder;
mod partial;
mod quick;
mod small;
mod stamp;
mod unnamed;

pub(super) use disk::Disk;
pub(super) use entry_name::{folders, parts, stays_below};
pub(super) use folder::Folder;
pub(super) use partial::{Partial, Place};
pub(super) use quick::{defect, is_quick, joined, quickly, slowly, timed};
pub(super) use stamp::Stamp;
pub(super) use unnamed::{Unnamed, same};

use std::io;

use crate::model::{Error, Kind};

/// Builds a disk error that says what was being done: `cannot write `cat.jpg``.
pub(super) fn disk_error(doing: String, cause: io::Error) -> Error {
    let error = Error::new(Kind::Disk, doing);
    match cause.kind() {
        _ if is_out_of_files(&cause) => error
            .hint("use fewer connections with `-N`, or raise the limit on open files that `ulimit -n` shows"),
        io::ErrorKind::FileTooLarge if cause.raw_os_error().is_some() => error
            .hint("`ulimit -f` shows the file size limit; FAT allows no file over 4 GiB"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => error
            .hint("free some space and run the same command again to resume"),
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

/// Checks whether the disk is full or read-only: then no other transfer can continue either.
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
