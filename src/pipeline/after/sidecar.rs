//! Metadata as JSON beside the file that it describes. It is not an item, and never takes an item's name.

use std::io::{self, Seek, SeekFrom, Write};

use serde_json::{Value, json};

use crate::model::{Error, Item, Kind, Result};
use crate::pipeline::archive::Archive;
use crate::pipeline::naming::{fields, shown_within};
use crate::pipeline::sink::{Disk, Folder, disk_error, parts};

/// Maximum length of a file that is examined to find out whether it is ours.
pub(in crate::pipeline) const LONGEST: u64 = 4 << 20;
/// How many names are tried.
pub(in crate::pipeline) const COPIES: u32 = 1000;
/// The name of the file with a line for each item, and its extension.
pub(in crate::pipeline) const LINES: (&str, &str) = ("metadata", "jsonl");

/// Returns all that is known of a saved item, without secrets.
pub(super) fn document(item: &Item, path: &str, size: u64) -> Value {
    let mut document = metadata(item);
    document["path"] = json!(path);
    document["size"] = json!(size);
    document
}

/// Returns all metadata of an item, without secrets.
pub(in crate::pipeline) fn metadata(item: &Item) -> Value {
    // Nothing in an item is beyond what JSON can express.
    let mut document = shown_within(serde_json::to_value(&item.meta).unwrap_or_default());
    let field = |name: &str| {
        let found = fields(item).into_iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value).unwrap_or_default()
    };
    document["source"] = json!(item.source);
    document["key"] = shown_within(json!(item.key));
    for name in ["kind", "url"] {
        document[name] = field(name);
    }
    document
}

/// Writes the metadata of the file at this path, as `NAME.json` beside it. Replaces existing metadata of the same item,
/// and nothing else.
pub(in crate::pipeline) fn write(
    disk: &Disk,
    archive: &dyn Archive,
    document: &Value,
    path: &str,
) -> Result<()> {
    let (names, name) = parts(path);
    let folder = disk.folder(&names)?;
    // The same for all copies, so that whoever cleans up after a kill need not know which copy it was.
    let temporary = temporary(&numbered(name, "json", 1));
    let text = format!("{document:#}\n");
    let is_ours = |content: &[u8]| {
        serde_json::from_slice::<Value>(content).is_ok_and(|there| is_of(&there, document))
    };
    for copy in 1..COPIES {
        let name = numbered(name, "json", copy);
        let below = [names.as_slice(), std::slice::from_ref(&name)]
            .concat()
            .join("/");
        if archive.owner(&below)?.is_some() {
            continue;
        }
        let replaces = match folder.read(&name, LONGEST) {
            Ok(content) if content == text.as_bytes() => return Ok(()),
            Ok(content) if is_ours(&content) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            // Somebody else's file, or a link.
            _ => continue,
        };
        let fill = |file: &mut std::fs::File| file.write_all(text.as_bytes()).map(|()| true);
        match put(&folder, &temporary, &name, replaces, fill) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(cannot(&folder, &name, error)),
            Ok(_) => return Ok(()),
        }
    }
    Err(all_taken(name))
}

/// Returns the temporary path of the metadata of the file at this path.
pub(in crate::pipeline) fn unfinished(path: &str) -> String {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let temporary = temporary(&numbered(name, "json", 1));
    match folders {
        "" => temporary,
        folders => format!("{folders}/{temporary}"),
    }
}

/// Appends the metadata of a file to `metadata.jsonl` in the output directory.
pub(in crate::pipeline) fn append(
    disk: &Disk,
    archive: &dyn Archive,
    document: &Value,
) -> Result<()> {
    let folder = disk.folder(&[])?;
    for copy in 1..COPIES {
        let name = numbered(LINES.0, LINES.1, copy);
        let is_ours = match folder.open_to_read(&name) {
            Ok(file) => begins_as_ours(file),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if !is_ours || archive.owner(&name)?.is_some() {
            continue;
        }
        let add = || {
            let mut file = folder.open(&name)?;
            // Another process may add lines, too. Some network file systems have no locks.
            let _ = file.lock();
            let end = file.seek(SeekFrom::End(0))?;
            let mut line = format!("{document}\n");
            if end > 0 && !ends_with_line(&mut file)? {
                // A line cut short by a kill stays on a line of its own.
                line.insert(0, '\n');
            }
            file.seek(SeekFrom::End(0))?;
            file.write_all(line.as_bytes())
        };
        return add().map_err(|error| cannot(&folder, &name, error));
    }
    Err(all_taken(LINES.0))
}

/// Writes a file under a temporary name, and renames it once it is complete, unless `fill` returns that it is not
/// needed after all.
pub(in crate::pipeline) fn put_with(
    folder: &Folder,
    name: &str,
    replaces: bool,
    fill: impl FnOnce(&mut std::fs::File) -> io::Result<bool>,
) -> io::Result<bool> {
    put(folder, &temporary(name), name, replaces, fill)
}

/// Returns the temporary name of a file until it is complete.
fn temporary(name: &str) -> String {
    let key = blake3::hash(name.as_bytes()).to_hex();
    format!(".{}.part.json.new", &key[..16])
}

fn put(
    folder: &Folder,
    temporary: &str,
    name: &str,
    replaces: bool,
    fill: impl FnOnce(&mut std::fs::File) -> io::Result<bool>,
) -> io::Result<bool> {
    match folder.remove(temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let named = folder.create(temporary).and_then(|mut file| {
        let is_wanted = fill(&mut file)?;
        match (is_wanted, replaces) {
            (false, _) => {}
            (true, true) => folder.rename(temporary, name)?,
            (true, false) => folder.rename_new(temporary, name)?,
        }
        Ok(is_wanted)
    });
    if !matches!(named, Ok(true)) {
        // The first error is the one that matters.
        let _ = folder.remove(temporary);
    }
    named
}

/// Checks whether two documents describe the same item.
pub(in crate::pipeline) fn is_of(there: &Value, document: &Value) -> bool {
    there["key"].is_string()
        && (&there["source"], &there["key"]) == (&document["source"], &document["key"])
}

/// Checks whether the first line of a file is one of ours; an empty file also passes.
pub(in crate::pipeline) fn begins_as_ours(file: std::fs::File) -> bool {
    let mut line = Vec::new();
    let mut reader = io::BufReader::new(io::Read::take(file, LONGEST));
    match io::BufRead::read_until(&mut reader, b'\n', &mut line) {
        Ok(0) => true,
        Ok(_) => serde_json::from_slice::<Value>(&line)
            .is_ok_and(|line| line["key"].is_string() && line["source"].is_string()),
        Err(_) => false,
    }
}

fn ends_with_line(file: &mut std::fs::File) -> io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    io::Read::read_exact(file, &mut last)?;
    Ok(last == *b"\n")
}

/// Returns the file name with this number; the first has none.
pub(in crate::pipeline) fn numbered(stem: &str, ext: &str, copy: u32) -> String {
    match copy {
        1 => format!("{stem}.{ext}"),
        copy => format!("{stem} ({copy}).{ext}"),
    }
}

/// Builds the error for a file that cannot be written.
pub(in crate::pipeline) fn cannot(folder: &Folder, name: &str, error: io::Error) -> Error {
    disk_error(
        format!("cannot write `{}`", folder.path().join(name).display()),
        error,
    )
}

/// Builds the error for a name of which all numbered variants are taken.
pub(in crate::pipeline) fn all_taken(name: &str) -> Error {
    Error::new(
        Kind::Disk,
        format!("{COPIES} names like `{name}` are taken"),
    )
}
