//! Reads and writes the archives of other programs, without interpreting their entries.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::sqlite::schema::plain;
use crate::model::{Error, Kind, Result};

/// Maximum length of an entry, in bytes.
const LONGEST: usize = 16 << 10;

/// The entries of another program's archive.
#[derive(Debug)]
pub enum Foreign {
    /// A database with a table `archive(entry)`, as gallery-dl writes it.
    Table(Connection, String),
    /// A text file of lines, as yt-dlp writes it.
    Lines(BufReader<File>, String),
}

impl Foreign {
    /// Opens the archive in this file, for reading only.
    ///
    /// # Errors
    /// [`Kind::Config`] if it cannot be read or is not an archive.
    pub fn open(file: &Path) -> Result<Foreign> {
        let name = file.display().to_string();
        let mut opened = File::open(file).map_err(|error| cannot(&name, error))?;
        let mut magic = Vec::new();
        let head = opened.by_ref().take(16).read_to_end(&mut magic);
        head.map_err(|error| cannot(&name, error))?;
        if magic != b"SQLite format 3\0" {
            let rewound = opened.rewind().and_then(|()| {
                let is_text = is_text(&mut opened)?;
                opened.rewind().map(|()| is_text)
            });
            if !rewound.map_err(|error| cannot(&name, error))? {
                return Err(no_list(&name, "not all of it is text"));
            }
            let mut lines = BufReader::new(opened);
            // Some editors put a byte order mark before a text.
            let begins = lines.fill_buf().map_err(|error| cannot(&name, error))?;
            if begins.starts_with(b"\xef\xbb\xbf") {
                lines.consume(3);
            }
            let begins = lines.fill_buf().map_err(|error| cannot(&name, error))?;
            if begins.starts_with(b"{") {
                let error = cannot(&name, "it is an export written by `fetch archive export`");
                return Err(error.hint(
                    "copy the `archive.db` itself, and name the copy with `--archive FILE`",
                ));
            }
            return Ok(Foreign::Lines(lines, name));
        }
        let open = || -> rusqlite::Result<_> {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(plain(file), flags)?;
            connection.busy_timeout(std::time::Duration::from_secs(30))?;
            // Code in a stranger's schema is not run.
            connection.pragma_update(None, "trusted_schema", false)?;
            connection.prepare("SELECT entry FROM archive")?;
            // A view could produce entries without end.
            let kind = "SELECT type FROM sqlite_schema WHERE name = 'archive' COLLATE NOCASE";
            let kind: String = connection.query_row(kind, [], |row| row.get(0))?;
            Ok((connection, kind))
        };
        let hint = "an archive of gallery-dl has a table `archive` with a column `entry`";
        match open() {
            Ok((connection, kind)) if kind == "table" => Ok(Foreign::Table(connection, name)),
            Ok((_, kind)) => {
                let cause = format!("its `archive` is not a table but a {kind}");
                Err(cannot(&name, cause).hint(hint))
            }
            Err(error) => Err(cannot(&name, error).hint(hint)),
        }
    }

    /// Passes on each entry. One that is not text, or too long, is passed on as an empty one.
    ///
    /// # Errors
    /// [`Kind::Config`] if it cannot be read to its end, and those of `next`.
    pub fn each(self, mut next: impl FnMut(&str) -> Result<()>) -> Result<()> {
        match self {
            Foreign::Table(connection, name) => {
                let wrong = |error: rusqlite::Error| cannot(&name, error);
                let query = connection.prepare("SELECT entry FROM archive");
                let mut query = query.map_err(wrong)?;
                let mut rows = query.query([]).map_err(wrong)?;
                while let Some(row) = rows.next().map_err(wrong)? {
                    let entry = match row.get_ref(0).map_err(wrong)? {
                        ValueRef::Text(text) if text.len() <= LONGEST => text,
                        _ => b"",
                    };
                    next(std::str::from_utf8(entry).unwrap_or(""))?;
                }
                Ok(())
            }
            Foreign::Lines(mut reader, name) => each_line(&mut reader, &name, next),
        }
    }

    /// Checks that at least half of the lines of a text are entries; other texts are not archives. A database passes.
    ///
    /// # Errors
    /// [`Kind::Config`] if fewer are, or if it cannot be read to its end.
    pub fn check_lines(&mut self, is_entry: impl Fn(&str) -> bool) -> Result<()> {
        let Foreign::Lines(reader, name) = self else {
            return Ok(());
        };
        let (mut all, mut entries) = (0u64, 0u64);
        let start = reader.stream_position();
        let start = start.map_err(|error| cannot(name, error))?;
        each_line(reader, name, |line| {
            all += 1;
            entries += u64::from(is_entry(line));
            Ok(())
        })?;
        let rewound = reader.seek(SeekFrom::Start(start));
        rewound.map_err(|error| cannot(name, error))?;
        match all - entries > entries {
            true => Err(no_list(name, "most of its lines are not entries")),
            false => Ok(()),
        }
    }
}

/// Passes on each line that is not blank. One that is too long is passed on as an empty one.
fn each_line(
    reader: &mut BufReader<File>,
    name: &str,
    mut next: impl FnMut(&str) -> Result<()>,
) -> Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let most = LONGEST as u64 + 1;
        let read = reader.by_ref().take(most).read_until(b'\n', &mut line);
        if read.map_err(|error| cannot(name, error))? == 0 {
            return Ok(());
        }
        if line.len() as u64 == most && !line.ends_with(b"\n") {
            line.clear();
            let skipped = reader.skip_until(b'\n');
            skipped.map_err(|error| cannot(name, error))?;
        } else if line.trim_ascii().is_empty() {
            continue;
        }
        let text = std::str::from_utf8(&line).unwrap_or("");
        next(text.trim())?;
    }
}

/// Checks whether the whole file is text, before anything is taken from it.
fn is_text(file: &mut impl Read) -> std::io::Result<bool> {
    let mut piece = vec![0; 64 << 10];
    // Length of an incomplete character at the end, which the next piece completes.
    let mut kept = 0;
    loop {
        let count = file.read(&mut piece[kept..])?;
        let length = kept + count;
        let text = &piece[..length];
        kept = match std::str::from_utf8(text) {
            _ if text.contains(&0) => return Ok(false),
            Ok(_) => 0,
            Err(error) if error.error_len().is_none() && count > 0 => length - error.valid_up_to(),
            Err(_) => return Ok(false),
        };
        if count == 0 {
            return Ok(true);
        }
        piece.copy_within(length - kept..length, 0);
    }
}

/// The error for a file that is neither a database nor a list of entries.
fn no_list(name: &str, why: &str) -> Error {
    cannot(name, format!("it is not a list of keys: {why}")).hint(
        "an archive of yt-dlp is UTF-8 with one item per line, one of gallery-dl is an SQLite database",
    )
}

fn cannot(name: &str, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(Kind::Config, format!("cannot read the archive `{name}`")).because(cause)
}

/// Writes an archive as gallery-dl does: a new database with a table `archive(entry)`. On failure, the file is removed.
///
/// # Errors
/// [`Kind::Disk`] if it cannot be written, and the errors of the entries; [`Kind::Config`] if it already exists.
pub fn write_table(file: &Path, entries: impl Iterator<Item = Result<String>>) -> Result<()> {
    let wrong = |cause: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(Kind::Disk, format!("cannot write `{}`", file.display())).because(cause)
    };
    // An existing database belongs to somebody.
    File::create_new(file).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => is_there(&file.display().to_string()),
        _ => wrong(error.into()),
    })?;
    let done = fill(file, entries, |error| wrong(error.into()));
    if done.is_err() {
        // The error to report is that of the export.
        let _ = std::fs::remove_file(file);
    }
    done
}

/// The error for a file that was to be new but already exists.
pub fn is_there(name: &str) -> Error {
    Error::new(Kind::Config, format!("`{name}` already exists"))
        .hint("choose another name or move that file away; nothing is overwritten")
}

fn fill(
    file: &Path,
    entries: impl Iterator<Item = Result<String>>,
    wrong: impl Fn(rusqlite::Error) -> Error,
) -> Result<()> {
    let mut connection = Connection::open(plain(file)).map_err(&wrong)?;
    let transaction = connection.transaction().map_err(&wrong)?;
    transaction
        .execute_batch("CREATE TABLE archive (entry TEXT PRIMARY KEY) WITHOUT ROWID")
        .map_err(&wrong)?;
    for entry in entries {
        let entry = entry?;
        let mut insert = transaction
            .prepare_cached("INSERT OR IGNORE INTO archive (entry) VALUES (?)")
            .map_err(&wrong)?;
        insert.execute([entry]).map_err(&wrong)?;
    }
    transaction.commit().map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_stripped_from_imported_lists() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("had.txt");
        std::fs::write(&file, "\u{feff}youtube a\r\n\u{feff}youtube b\n").unwrap();
        let mut entries = Vec::new();
        let each = Foreign::open(&file).unwrap().each(|entry| {
            entries.push(entry.to_owned());
            Ok(())
        });
        each.unwrap();
        assert_eq!(entries, ["youtube a", "\u{feff}youtube b"]);
    }

    #[test]
    fn a_list_is_read_from_its_start_after_the_check() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("had.txt");
        std::fs::write(&file, "\u{feff}a\nb\n\nc").unwrap();
        let mut foreign = Foreign::open(&file).unwrap();
        let error = foreign.check_lines(|line| line == "a").unwrap_err();
        assert_eq!(error.kind, Kind::Config);
        let mut foreign = Foreign::open(&file).unwrap();
        foreign.check_lines(|line| line != "a").unwrap();
        let mut entries = Vec::new();
        let each = foreign.each(|entry| {
            entries.push(entry.to_owned());
            Ok(())
        });
        each.unwrap();
        assert_eq!(entries, ["a", "b", "c"]);
    }

    #[test]
    fn our_own_exports_are_not_imported_as_foreign_lists() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("had.jsonl");
        std::fs::write(&file, "{\"v\":1,\"source\":\"direct\"}\n").unwrap();
        let error = Foreign::open(&file).unwrap_err();
        assert_eq!(error.kind, Kind::Config);
        assert!(error.hint.unwrap().contains("archive.db"));
    }
}
