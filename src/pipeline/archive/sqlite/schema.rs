//! What the database looks like, and how it is opened.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

/// The version of the schema below, kept in `user_version`.
const VERSION: i64 = 1;

const SCHEMA: &str = "
    CREATE TABLE root (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);
    CREATE TABLE item (
        root INTEGER NOT NULL REFERENCES root, source TEXT NOT NULL, key TEXT NOT NULL,
        path TEXT, folded TEXT, size INTEGER, outcome TEXT NOT NULL, reason TEXT, noted INTEGER NOT NULL,
        PRIMARY KEY (root, source, key)) WITHOUT ROWID;
    CREATE INDEX item_by_path ON item (root, folded) WHERE folded IS NOT NULL;
";

pub(super) fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(Duration::from_secs(30))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // In WAL mode a power cut loses the last commits at the worst, and never the database.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(connection)
}

pub(super) fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == 0 {
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    } else if version > VERSION {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_SCHEMA);
        let message = format!("it was made by a later version of this program (schema {version})");
        return Err(rusqlite::Error::SqliteFailure(code, Some(message)));
    }
    transaction.commit()
}

pub(super) fn root_id(connection: &Connection, path: &str) -> rusqlite::Result<i64> {
    connection.execute(
        "INSERT INTO root (path) VALUES (?) ON CONFLICT DO NOTHING",
        [path],
    )?;
    connection.query_row("SELECT id FROM root WHERE path = ?", [path], |row| {
        row.get(0)
    })
}
