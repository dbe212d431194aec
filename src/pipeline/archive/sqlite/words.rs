//! Strings shared by many rows, stored as numbers.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};

/// How many words are cached. A server can make up media types without end.
const KEPT: usize = 1000;

/// The numbers of words looked up so far.
#[derive(Debug, Default)]
pub(super) struct Words {
    ids: HashMap<String, i64>,
}

impl Words {
    /// Returns the number of a word, adding it if needed.
    pub(super) fn id(&mut self, connection: &Connection, word: &str) -> rusqlite::Result<i64> {
        if let Some(id) = self.known(connection, word)? {
            return Ok(id);
        }
        connection
            .prepare_cached("INSERT INTO word (text) VALUES (?)")?
            .execute([word])?;
        Ok(self.keep(word, connection.last_insert_rowid()))
    }

    /// Returns the number of a word, if it has one.
    pub(super) fn known(
        &mut self,
        connection: &Connection,
        word: &str,
    ) -> rusqlite::Result<Option<i64>> {
        if let Some(id) = self.ids.get(word) {
            return Ok(Some(*id));
        }
        let id = connection
            .prepare_cached("SELECT id FROM word WHERE text = ?")?
            .query_row([word], |row| row.get(0))
            .optional()?;
        Ok(id.map(|id| self.keep(word, id)))
    }

    fn keep(&mut self, word: &str, id: i64) -> i64 {
        if self.ids.len() >= KEPT {
            self.ids.clear();
        }
        self.ids.insert(word.to_owned(), id);
        id
    }
}
