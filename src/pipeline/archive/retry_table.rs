//! The items to be retried, in order, as a temporary table. SQLite moves it to a file as it grows, so that memory use
//! does not.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

/// The table, and one in which items are collected before they are grouped by link.
const TABLES: &str = "
    PRAGMA temp_store = FILE;
    CREATE TEMP TABLE found (place INTEGER PRIMARY KEY, link INTEGER, item INTEGER NOT NULL, at TEXT);
    CREATE TEMP TABLE sought (
        place INTEGER PRIMARY KEY, link INTEGER, item INTEGER NOT NULL, at TEXT, mark INTEGER);
    CREATE INDEX temp.sought_by_mark ON sought (mark) WHERE mark IS NOT NULL;
";

/// Groups the items of each link at the position of its first item.
const TOGETHER: &str = "
    INSERT INTO sought (link, item, at)
    SELECT found.link, item, at FROM found
    LEFT JOIN (SELECT link, min(place) AS first FROM found WHERE link IS NOT NULL GROUP BY link) AS head
        ON head.link = found.link
    ORDER BY coalesce(first, place), place;
    DROP TABLE found;
";

/// Seeks the items that a query returns, as link and item number.
pub(super) fn seek(
    connection: &Connection,
    query: &str,
    values: &Option<String>,
) -> rusqlite::Result<()> {
    fill(connection, || {
        let insert = format!("INSERT INTO found (link, item) {query}");
        let mut insert = connection.prepare(&insert)?;
        insert.execute(params_from_iter(values.iter()))?;
        Ok(())
    })
}

/// Seeks these items, each with the path of its file.
pub(super) fn seek_files(
    connection: &Connection,
    files: Vec<(i64, String)>,
) -> rusqlite::Result<()> {
    fill(connection, || {
        let insert = "
            INSERT INTO found (link, item, at) VALUES ((SELECT link FROM item WHERE id = ?1), ?1, ?2)";
        let mut insert = connection.prepare(insert)?;
        for (item, path) in files {
            insert.execute(params![item, path])?;
        }
        Ok(())
    })
}

fn fill(
    connection: &Connection,
    find: impl FnOnce() -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    // The tables are private to the connection, so no other process waits for them.
    connection.execute_batch(TABLES)?;
    let transaction = connection.unchecked_transaction()?;
    find()?;
    transaction.execute_batch(TOGETHER)?;
    transaction.commit()
}

/// Returns the next items of one link from this position on: the link, and their range of positions.
pub(super) fn next(
    connection: &Connection,
    from: i64,
) -> rusqlite::Result<Option<(Option<i64>, Range<i64>)>> {
    let query = "SELECT place, link FROM sought WHERE place >= ? ORDER BY place LIMIT 1";
    let mut query = connection.prepare_cached(query)?;
    let first = query.query_row([from], |row| Ok((row.get(0)?, row.get(1)?)));
    let (place, link): (i64, Option<i64>) = match first.optional()? {
        Some(first) => first,
        None => return Ok(None),
    };
    let Some(link) = link else {
        return Ok(Some((None, place..place + 1)));
    };
    let query = "SELECT place FROM sought WHERE place > ? AND link IS NOT ? ORDER BY place LIMIT 1";
    let mut query = connection.prepare_cached(query)?;
    let end = query
        .query_row([place, link], |row| row.get(0))
        .optional()?;
    Ok(Some((Some(link), place..end.unwrap_or(i64::MAX))))
}
