//! What is to be asked for once more, in its order: a table of the connection. SQLite puts it into a temporary file as it
//! grows, so that the memory does not grow with it.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

/// The table, and where items are gathered before those of one link stand together.
const TABLES: &str = "
    PRAGMA temp_store = FILE;
    CREATE TEMP TABLE found (place INTEGER PRIMARY KEY, link INTEGER, item INTEGER NOT NULL, at TEXT);
    CREATE TEMP TABLE sought (
        place INTEGER PRIMARY KEY, link INTEGER, item INTEGER NOT NULL, at TEXT, mark INTEGER);
    CREATE INDEX temp.sought_by_mark ON sought (mark) WHERE mark IS NOT NULL;
";

/// Puts the items of one link together, where the first of them stands.
const TOGETHER: &str = "
    INSERT INTO sought (link, item, at)
    SELECT found.link, item, at FROM found
    LEFT JOIN (SELECT link, min(place) AS first FROM found WHERE link IS NOT NULL GROUP BY link) AS head
        ON head.link = found.link
    ORDER BY coalesce(first, place), place;
    DROP TABLE found;
";

/// Seeks what a query finds, which gives the link and the number of each item.
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
    // Nobody else sees any of it, so nobody waits for it.
    connection.execute_batch(TABLES)?;
    let transaction = connection.unchecked_transaction()?;
    find()?;
    transaction.execute_batch(TOGETHER)?;
    transaction.commit()
}

/// The items of one link that come next, from this place on: the link, and their places.
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
