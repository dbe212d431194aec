//! Opens a database for reading, even where nothing can be written.
//!
//! In WAL mode, all processes that have a database open share an index of its log, which is a file beside it, as the
//! log is. Where neither file can be created, SQLite refuses to read such a database, although nobody can be writing: a
//! writer would have created both. It does read it as a file that never changes, but then without the log; or, as its
//! only user, with an index of its own. Either way nothing reports that somebody has begun to write, so that is checked
//! here.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use url::Url;

use super::schema::{VERSION, connect_to_read, foreign, prepare, refused, settle, version};

/// The VFS of SQLite that takes no locks, since the system grants none on read-only files.
const WITHOUT_LOCKS: &str = if cfg!(windows) {
    "vfs=win32-none"
} else {
    "vfs=unix-none"
};

/// A database opened for reading, and its state at that time if nothing else would report a change.
#[derive(Debug)]
pub(in crate::pipeline::archive) struct ReadConnection {
    pub(in crate::pipeline::archive) connection: Connection,
    pub(in crate::pipeline::archive) snapshot: Option<FileSnapshot>,
}

/// Opens an existing database for reading. One of an earlier version is migrated, which is the only thing ever written.
pub(in crate::pipeline::archive) fn open_known(
    file: &Path,
) -> rusqlite::Result<Option<ReadConnection>> {
    match fs::metadata(file) {
        Ok(there) if there.is_file() => {}
        Ok(_) => return Err(refused("it is not a file".to_owned())),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(refused(error.to_string())),
    }
    // Its companion files are beside the file that a link leads to.
    let file = &file.canonicalize().unwrap_or_else(|_| file.to_owned());
    if is_writable(file) {
        // Only a process that may write removes the files that it has created beside it.
        let mut connection = connect_to_read(file)?;
        prepare(&mut connection)?;
        return Ok(Some(ReadConnection {
            connection,
            snapshot: None,
        }));
    }
    let opened = open(file)?;
    match version(&opened.connection)? {
        VERSION => Ok(Some(opened)),
        earlier @ 1..VERSION => Err(refused(format!(
            "it was made by an earlier version of this program (schema {earlier}) and cannot be upgraded there; copy it to \
             a writable place"
        ))),
        other => Err(foreign(other)),
    }
}

/// Opens a database that cannot be written to.
fn open(file: &Path) -> rusqlite::Result<ReadConnection> {
    // SQLite copes if the index exists, or a journal with a change to be rolled back.
    if beside(file, "-shm").exists() || length(&beside(file, "-journal")) > 0 {
        let connection = connect(file, None)?;
        let is_missing =
            |error: rusqlite::Error| error.sqlite_error_code() == Some(ErrorCode::CannotOpen);
        if !version(&connection).is_err_and(is_missing) {
            return Ok(ReadConnection {
                connection,
                snapshot: None,
            });
        }
    }
    let snapshot = FileSnapshot::of(file);
    let connection = match length(&beside(file, "-wal")) {
        0 => connect(file, Some("immutable=1"))?,
        _ => {
            let connection = connect(file, Some(WITHOUT_LOCKS))?;
            // Keeps the index in memory.
            connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
            connection
        }
    };
    Ok(ReadConnection {
        connection,
        snapshot: Some(snapshot),
    })
}

fn connect(file: &Path, how: Option<&str>) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::default()
        .difference(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
        .union(OpenFlags::SQLITE_OPEN_READ_ONLY);
    let connection = match (how, Url::from_file_path(file)) {
        (Some(how), Ok(mut url)) => {
            url.set_query(Some(how));
            Connection::open_with_flags(url.as_str(), flags)?
        }
        _ => Connection::open_with_flags(file, flags)?,
    };
    settle(&connection)?;
    Ok(connection)
}

/// The state of a database and its log at one time.
#[derive(Debug)]
pub(in crate::pipeline::archive) struct FileSnapshot {
    files: [PathBuf; 2],
    were: [Option<(u64, SystemTime)>; 2],
}

impl FileSnapshot {
    fn of(file: &Path) -> FileSnapshot {
        let files = [file.to_owned(), beside(file, "-wal")];
        let were = files.each_ref().map(|file| metadata_of(file));
        FileSnapshot { files, were }
    }

    /// Checks whether nobody has written since. Whoever opens it for writing creates a log first.
    pub(in crate::pipeline::archive) fn is_unchanged(&self) -> bool {
        self.files.each_ref().map(|file| metadata_of(file)) == self.were
    }
}

fn metadata_of(file: &Path) -> Option<(u64, SystemTime)> {
    let found = fs::metadata(file).ok()?;
    Some((found.len(), found.modified().ok()?))
}

fn length(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |found| found.len())
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(ending);
    name.into()
}

/// Checks whether a database can be written to, and files created beside it.
#[cfg(unix)]
fn is_writable(file: &Path) -> bool {
    use rustix::fs::{Access, access};
    let folder = file.parent().unwrap_or(file);
    access(file, Access::WRITE_OK).is_ok()
        && access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn is_writable(file: &Path) -> bool {
    !fs::metadata(file).is_ok_and(|found| found.permissions().readonly())
}

#[cfg(test)]
mod tests {
    use super::super::Sqlite;
    use super::*;
    use crate::pipeline::archive::Records;

    #[test]
    fn that_somebody_writes_is_seen_where_nobody_else_would_tell() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("100% #1?.db");
        drop(Sqlite::open(&file, folder.path(), None).unwrap());
        let opened = open(&file).unwrap();
        let mut records = Records::open(&file, folder.path()).unwrap().unwrap();
        (records.connection, records.snapshot) = (opened.connection, opened.snapshot);
        assert_eq!(records.items().count(), 0);
        let owner = Sqlite::open(&file, folder.path(), None).unwrap();
        let error = records.items().next().unwrap().unwrap_err();
        assert!(error.to_string().contains("was written to"), "{error}");
        drop(owner);
    }
}
