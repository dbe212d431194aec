//! Packages as files, `ID-VERSION.tar.gz`. A package may be malicious, so it is unpacked in memory, and anything that
//! is not exactly a file of a plugin is refused.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use tar::{Archive, Builder, EntryType, Header};

use crate::model::{Error, Kind, Result};
use crate::script::package::{MANIFEST, cannot, is_script};

/// The files of a package by name.
pub(in crate::script) type Files = BTreeMap<String, Vec<u8>>;

/// The maximum size of a packed package in bytes.
pub(super) const PACKED: usize = 1 << 20;
/// The maximum size of its unpacked files in bytes, and their maximum number.
pub(super) const UNPACKED: u64 = 4 << 20;
pub(super) const ENTRIES: usize = 256;
/// The maximum length of each part of a file name.
const LONGEST: usize = 90;

/// Unpacks the files of a package.
///
/// # Errors
/// [`Kind::Corrupt`] if it is not a valid package.
pub(super) fn unpack(packed: &[u8]) -> Result<Files> {
    let mut tar = Vec::new();
    let most = UNPACKED + (ENTRIES as u64) * 1024;
    let read = GzDecoder::new(packed).take(most + 1).read_to_end(&mut tar);
    read.map_err(|error| wrong("is not a gzip file").because(error))?;
    if tar.len() as u64 > most {
        return Err(wrong(format!("unpacks to more than {UNPACKED} bytes")));
    }
    untar(&tar)
}

/// Reads the files of a tar archive.
pub(super) fn untar(tar: &[u8]) -> Result<Files> {
    let broken = |error: io::Error| wrong("is not a tar file").because(error);
    let (mut files, mut seen, mut total) = (Files::new(), HashSet::new(), 0);
    let mut archive = Archive::new(tar);
    // Raw entries: extensions for long names or large sizes are not needed, and are refused as unexpected entry types.
    for (count, entry) in archive.entries().map_err(broken)?.raw(true).enumerate() {
        let mut entry = entry.map_err(broken)?;
        if count >= ENTRIES {
            return Err(wrong(format!("has more than {ENTRIES} files")));
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let shown = name.escape_debug().to_string();
        match entry.header().entry_type() {
            EntryType::Regular => {}
            EntryType::Directory if matches!(name.as_str(), "lib/" | "cases/") => continue,
            other => {
                let what = kind(other);
                return Err(wrong(format!("has `{shown}`, which is {what}")));
            }
        }
        if !is_own(&name) {
            return Err(wrong(format!("has `{shown}`, which is not a plugin file")));
        }
        // Some file systems are case-insensitive.
        if !seen.insert(name.to_ascii_lowercase()) {
            return Err(wrong(format!("has `{shown}` twice")));
        }
        total = entry.size().saturating_add(total);
        if total > UNPACKED {
            return Err(wrong(format!("unpacks to more than {UNPACKED} bytes")));
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(broken)?;
        files.insert(name, content);
    }
    Ok(files)
}

/// Packs these files; the result is the same wherever and whenever it is made.
///
/// # Errors
/// [`Kind::Disk`], if memory runs out.
pub(super) fn pack(files: &Files) -> Result<Vec<u8>> {
    let packed = || {
        let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
        for (name, content) in files {
            let mut header = Header::new_ustar();
            header.set_path(name)?;
            header.set_entry_type(EntryType::Regular);
            header.set_mode(0o644);
            header.set_size(content.len() as u64);
            header.set_cksum();
            tar.append(&header, &content[..])?;
        }
        let mut gzip = tar.into_inner()?;
        gzip.flush()?;
        gzip.finish()
    };
    packed().map_err(|error: io::Error| {
        Error::new(Kind::Disk, "cannot create the package").because(error)
    })
}

/// Collects the files in a folder that belong to a package, and the names of those that do not.
///
/// # Errors
/// [`Kind::Config`] for files that cannot be read, and for links.
pub(super) fn gather(folder: &Path) -> Result<(Files, Vec<String>)> {
    let (mut files, mut others) = (Files::new(), Vec::new());
    for (below, prefix) in [
        (folder.to_owned(), ""),
        (folder.join("lib"), "lib/"),
        (folder.join("cases"), "cases/"),
    ] {
        let entries = match fs::read_dir(&below) {
            Ok(entries) => entries,
            Err(_) if !prefix.is_empty() => continue,
            Err(error) => return Err(cannot(&below).because(error)),
        };
        for entry in entries {
            let path = entry.map_err(|error| cannot(&below).because(error))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let name = format!("{prefix}{name}");
            if path.is_dir() && matches!(name.as_str(), "lib" | "cases") {
                continue;
            }
            match is_own(&name) {
                true => files.insert(name, content(&path)?),
                false => {
                    others.push(name);
                    None
                }
            };
        }
    }
    others.sort();
    Ok((files, others))
}

fn content(path: &Path) -> Result<Vec<u8>> {
    let read = || {
        if !fs::symlink_metadata(path)?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let mut content = Vec::new();
        fs::File::open(path)?
            .take(UNPACKED + 1)
            .read_to_end(&mut content)?;
        match content.len() as u64 > UNPACKED {
            true => Err(io::Error::other(format!(
                "it has more than {UNPACKED} bytes"
            ))),
            false => Ok(content),
        }
    };
    read().map_err(|error| cannot(path).because(error))
}

/// Checks whether a package may have a file of this name.
pub(super) fn is_own(name: &str) -> bool {
    let is_plain = |part: &str| {
        let is_word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let first = part.bytes().next().unwrap_or(b'.');
        part.bytes().all(is_word)
            && !matches!(first, b'.' | b'-')
            && !part.ends_with('.')
            && part.len() <= LONGEST
    };
    match name.split_once('/') {
        Some(("lib", file)) => is_plain(file) && is_script(name),
        Some(("cases", file)) => is_plain(file),
        Some(_) => false,
        None => {
            let known = [
                MANIFEST,
                "README.md",
                "LICENSE",
                "LICENSE.md",
                "LICENSE.txt",
            ];
            known.contains(&name) || (is_plain(name) && is_script(name))
        }
    }
}

fn kind(entry: EntryType) -> &'static str {
    match entry {
        EntryType::Link | EntryType::Symlink => "a link",
        EntryType::Directory => "not a plugin folder",
        _ => "not a regular file",
    }
}

fn wrong(why: impl Into<String>) -> Error {
    Error::new(Kind::Corrupt, format!("the package {}", why.into()))
}

#[cfg(test)]
mod tests;
