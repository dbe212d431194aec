//! The schema of the database, and how it is opened.
//!
//! Values shared by many rows are stored as numbers: roots, words (sources, media types, reasons), links. Keys and
//! paths are looked up by a number derived from them, and then compared, since they are long and an index would store
//! them a second time.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use super::migrate;
use crate::pipeline::archive::{legacy_root_text, root_text};
use crate::pipeline::naming::fold;

/// The version of this schema, stored in `user_version`.
pub(super) const VERSION: i64 = 4;

/// The tables and indexes of a new database.
pub(super) const SCHEMA: &str = "
    CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
    CREATE TABLE link (
        id INTEGER PRIMARY KEY, mark INTEGER NOT NULL, source INTEGER REFERENCES word, url TEXT NOT NULL,
        redacted INTEGER NOT NULL, public INTEGER NOT NULL, meta TEXT);
    CREATE INDEX link_by_mark ON link (mark);
    CREATE TABLE run (
        id INTEGER PRIMARY KEY, root INTEGER NOT NULL REFERENCES root, command TEXT NOT NULL, job TEXT,
        began INTEGER NOT NULL, ended INTEGER, exit INTEGER, ending TEXT,
        found INTEGER, new INTEGER, had INTEGER, failed INTEGER, summary TEXT);
    CREATE TABLE item (
        id INTEGER PRIMARY KEY, root INTEGER NOT NULL REFERENCES root, mark INTEGER NOT NULL,
        source INTEGER NOT NULL REFERENCES word, key TEXT NOT NULL,
        outcome INTEGER NOT NULL, link INTEGER REFERENCES link, run INTEGER,
        folded INTEGER, path TEXT, size INTEGER, digest BLOB, validator, media INTEGER REFERENCES word,
        published INTEGER, saved INTEGER, naming INTEGER REFERENCES word);
    CREATE INDEX item_by_mark ON item (root, mark);
    CREATE INDEX item_by_path ON item (root, folded) WHERE folded IS NOT NULL;
    CREATE TABLE failure (
        item INTEGER PRIMARY KEY REFERENCES item ON DELETE CASCADE,
        reason INTEGER NOT NULL REFERENCES word, message TEXT NOT NULL, attempts INTEGER NOT NULL,
        number INTEGER NOT NULL, noted INTEGER NOT NULL, json TEXT, options TEXT, job TEXT);
    CREATE TABLE unlisted (
        root INTEGER NOT NULL REFERENCES root, link INTEGER NOT NULL REFERENCES link,
        reason INTEGER NOT NULL REFERENCES word, message TEXT NOT NULL, attempts INTEGER NOT NULL,
        noted INTEGER NOT NULL, run INTEGER, options TEXT, job TEXT,
        PRIMARY KEY (root, link)) WITHOUT ROWID;
    CREATE TABLE cursor (
        root INTEGER NOT NULL REFERENCES root, link INTEGER NOT NULL REFERENCES link,
        cursor TEXT NOT NULL, made INTEGER NOT NULL, PRIMARY KEY (root, link)) WITHOUT ROWID;
";

/// The only table that is the same in version 1.
pub(super) const ROOT: &str =
    "CREATE TABLE root (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE)";

/// How long to wait for other writers.
const PATIENCE: Duration = Duration::from_secs(30);

/// How an item ended, as stored.
pub(in crate::pipeline::archive) const SAVED: i64 = 0;
pub(in crate::pipeline::archive) const FAILED: i64 = 1;
pub(in crate::pipeline::archive) const GONE: i64 = 2;
pub(in crate::pipeline::archive) const IMPORTED: i64 = 3;

/// Returns the number by which an item is looked up.
pub(in crate::pipeline) fn mark(source: &str, key: &str) -> i64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(source.as_bytes());
    hasher.update(&[0]);
    hasher.update(key.as_bytes());
    number(hasher.finalize())
}

/// Returns the number by which a path is looked up; paths that differ only in case or normalisation share it.
pub(in crate::pipeline::archive) fn folded(path: &str) -> i64 {
    number(blake3::hash(fold(path).as_bytes()))
}

/// Returns the first 64 bits of a hash. Nobody can produce many texts that share them.
fn number(hash: blake3::Hash) -> i64 {
    let (first, _) = hash
        .as_bytes()
        .split_first_chunk()
        .unwrap_or((&[0; 8], &[]));
    i64::from_le_bytes(*first)
}

/// Returns the number by which a link is looked up.
pub(in crate::pipeline) fn link_mark(url: &str) -> i64 {
    number(blake3::hash(url.as_bytes()))
}

/// Opens the database, creating it if needed.
pub(super) fn connect(file: &Path) -> rusqlite::Result<Connection> {
    open(file, OpenFlags::default())
}

/// Opens an existing database.
pub(in crate::pipeline::archive) fn connect_known(file: &Path) -> rusqlite::Result<Connection> {
    open(file, known())
}

/// Opens an existing database, and leaves its journal mode unchanged.
pub(super) fn connect_to_read(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(plain(file), known())?;
    settle(&connection)?;
    Ok(connection)
}

fn known() -> OpenFlags {
    OpenFlags::default().difference(OpenFlags::SQLITE_OPEN_CREATE)
}

fn open(file: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(plain(file), flags)?;
    settle(&connection)?;
    log_ahead(&connection)?;
    // In WAL mode a power cut loses the last commits at worst, never the database.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(connection)
}

/// Returns a path that SQLite takes for a file path in any case: `:memory:` and `file:x?mode=memory` are file names,
/// too.
pub(in crate::pipeline::archive) fn plain(file: &Path) -> PathBuf {
    Path::new(".").join(file)
}

/// Applies the settings of every connection.
pub(super) fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    // Query plans do not depend on bound values. Otherwise, some statements would be prepared again for each value.
    let done = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true);
    done.map(drop)
}

/// Sets WAL mode, if it is not set. SQLite does not wait for other processes here (several may start on a new
/// database), so it is retried for as long as SQLite waits elsewhere.
fn log_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let began = Instant::now();
    loop {
        let is = |mode: String| mode.eq_ignore_ascii_case("wal");
        let known = connection.pragma_query_value(None, "journal_mode", |row| row.get(0));
        let done = known.and_then(|mode| match is(mode) {
            true => Ok(()),
            false => connection.pragma_update(None, "journal_mode", "WAL"),
        });
        match done {
            Err(error) if is_busy(&error) && began.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}

/// Checks whether another connection has locked the database.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(
        code,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// Returns the schema version of a database; 0 if it is new, or not ours.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Builds an error with just this message.
pub(super) fn refused(message: String) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(message.into())
}

/// The error for a database with an unknown schema.
pub(super) fn foreign(version: i64) -> rusqlite::Error {
    refused(match version {
        0 => "it is not an archive of this program".to_owned(),
        later => format!("it was made by a later version of this program (schema {later})"),
    })
}

fn has_tables(connection: &Connection) -> rusqlite::Result<bool> {
    let query = "SELECT EXISTS (SELECT 1 FROM sqlite_schema)";
    connection.query_row(query, [], |row| row.get(0))
}

/// Migrates the database to the version of this program.
pub(in crate::pipeline::archive) fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    // A process that only reads need not wait for those that write.
    if version(connection)? == VERSION {
        return Ok(());
    }
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    match version(&transaction)? {
        // A database with tables belongs to somebody.
        0 if has_tables(&transaction)? => return Err(foreign(0)),
        0 => {
            transaction.execute_batch(ROOT)?;
            transaction.execute_batch(SCHEMA)?;
        }
        1 => migrate::from_1(&transaction)?,
        2 => migrate::from_2(&transaction)?,
        3 => migrate::from_3(&transaction)?,
        VERSION => return Ok(()),
        other => return Err(foreign(other)),
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

/// Creates the index that finds items by their digest. Few need it, and it costs some 30 bytes per item.
pub(super) fn index_digests(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE INDEX IF NOT EXISTS item_by_digest ON item (root, digest) WHERE digest IS NOT NULL",
    )
}

/// Returns the number of an output directory, adding it if needed.
pub(super) fn root_id(connection: &Connection, root: &Path) -> rusqlite::Result<i64> {
    let path = root_text(root);
    if let Some(once) = legacy_root_text(root) {
        // It is the same directory, unless the new form is already there.
        let update = "UPDATE OR IGNORE root SET path = ? WHERE path = ?";
        connection.execute(update, [path.as_ref(), &once])?;
    }
    connection.execute(
        "INSERT INTO root (path) VALUES (?) ON CONFLICT DO NOTHING",
        [&path],
    )?;
    let query = "SELECT id FROM root WHERE path = ?";
    connection.query_row(query, [&path], |row| row.get(0))
}

/// Returns the number of an output directory, if it is known.
pub(in crate::pipeline::archive) fn known_root(
    connection: &Connection,
    root: &Path,
) -> rusqlite::Result<Option<i64>> {
    let find = |path: &str| {
        let query = "SELECT id FROM root WHERE path = ?";
        connection
            .query_row(query, [path], |row| row.get(0))
            .optional()
    };
    match (find(&root_text(root))?, legacy_root_text(root)) {
        (None, Some(once)) => find(&once),
        (found, _) => Ok(found),
    }
}

/// Returns the marks of the links below a root that could not be listed to their end.
pub(super) fn unlisted(connection: &Connection, root: i64) -> rusqlite::Result<HashSet<i64>> {
    let mut query = connection.prepare(
        "SELECT link.mark FROM unlisted JOIN link ON link.id = unlisted.link WHERE root = ?",
    )?;
    let marks = query.query_map([root], |row| row.get(0))?;
    marks.collect()
}
