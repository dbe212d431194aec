//! What `./fetch.toml` may set. It is read in whatever folder the user happens to be in, so anybody may have written it: a
//! downloaded archive, a cloned repository, another user in `/tmp`. It can say what to download into that folder and how
//! gently; it cannot lead out of the folder, read secrets kept elsewhere, or come between the user and a site.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::path::{Component, Path};

use serde_json::Value;

use super::author::Author;
use super::layer::{Entry, Layer, Raw};
use super::secret_reader::is_reference;
use super::value::path;
use crate::model::{Error, Kind, Result};

/// The keys that it may set. A new key must be added here deliberately.
const ALLOWED_KEYS: &[&str] = &[
    "after.cbz",
    "after.info",
    "after.lines",
    "after.metadata",
    "after.zip",
    "archive.digest",
    "archive.duplicates",
    "archive.enabled",
    "archive.file",
    "archive.skip",
    "host.*.connections",
    "host.*.requests_per_second",
    "job.*.connections",
    "job.*.filter",
    "job.*.items",
    "job.*.kinds",
    "job.*.links",
    "job.*.lists",
    "job.*.max_new",
    "job.*.output",
    "job.*.rate",
    "job.*.schedule",
    "job.*.since",
    "job.*.skip",
    "job.*.stop_after_known",
    "job.*.template",
    "job.*.until",
    "net.backoff",
    "net.connect_timeout",
    "net.connections",
    "net.longest_wait",
    "net.per_file",
    "net.per_host",
    "net.rate",
    "net.retries",
    "net.speed_floor",
    "net.speed_window",
    "net.stall_timeout",
    "net.user_agent",
    "output.directory",
    "output.min_free",
    "output.mtime",
    "output.template",
    "source.*.*",
    "stream.live_for",
    "stream.quality",
    "stream.subtitles",
];

/// The keys whose values are paths, which have to stay in the folder.
const PATH_KEYS: [&str; 4] = [
    "archive.file",
    "job.*.lists",
    "job.*.output",
    "output.directory",
];

/// The maximum length of the file in bytes. Longer lists of links belong in files beside it.
const MAX_LENGTH: u64 = 1 << 20;

/// Refuses what a folder's file may not set.
pub(super) fn check(layers: &[Layer]) -> Result<()> {
    let entries = layers.iter().flat_map(|layer| &layer.entries);
    let (ours, others): (Vec<_>, Vec<_>) =
        entries.partition(|entry| entry.author == Author::Folder);
    let jobs: HashSet<_> = others.iter().filter_map(|entry| job_name(entry)).collect();
    for entry in ours {
        if let Some(name) = job_name(entry)
            && jobs.contains(name)
        {
            return Err(refused(
                entry,
                &format!("the job `{name}` belongs to another file"),
            ));
        }
        let Raw::Typed(value) = &entry.raw else {
            continue;
        };
        if !ALLOWED_KEYS.iter().any(|key| matches_key(key, &entry.path)) {
            return Err(refused(entry, "a folder's file may not set this"));
        }
        if PATH_KEYS.iter().any(|key| matches_key(key, &entry.path)) {
            texts(value).try_for_each(|text| match stays_inside(Path::new("."), text) {
                true => Ok(()),
                false => Err(refused(entry, &format!("`{text}` leads out of the folder"))),
            })?;
        }
        if texts(value).any(is_reference) {
            return Err(refused(entry, "it refers to a secret kept elsewhere"));
        }
    }
    Ok(())
}

/// Returns the name of the job that an entry belongs to.
fn job_name(entry: &Entry) -> Option<&str> {
    match entry.path.as_slice() {
        [section, name, ..] if section == "job" => Some(name),
        _ => None,
    }
}

/// Reads the file if it is a regular one: a pipe would keep the program waiting, and a device would fill the memory.
pub(super) fn read(path: &Path) -> io::Result<String> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // Opens a pipe without waiting for its other end.
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32);
    }
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut text = String::new();
    file.take(MAX_LENGTH + 1).read_to_string(&mut text)?;
    match text.len() as u64 > MAX_LENGTH {
        true => Err(io::Error::other(format!(
            "it has more than {MAX_LENGTH} bytes"
        ))),
        false => Ok(text),
    }
}

/// Refuses the address of a site: requests to it, with a key from the environment for example, would go to somebody else.
pub(super) fn check_option(entry: &Entry, default: &Value) -> Result<()> {
    let is_address = texts(default).any(|text| text.contains("://"));
    match entry.author == Author::Folder && is_address {
        true => Err(refused(entry, "it sets the address of a site")),
        false => Ok(()),
    }
}

/// Refuses the lists among a plugin's options, which are always lists of hosts that it may request.
pub(super) fn check_hosts(layers: &[Layer], source: &str, known: &Value) -> Result<()> {
    let entries = layers.iter().flat_map(|layer| &layer.entries);
    for entry in entries.filter(|entry| entry.author == Author::Folder) {
        if let [section, name, key, ..] = entry.path.as_slice()
            && (section.as_str(), name.as_str()) == ("source", source)
            && known[key].is_array()
        {
            return Err(refused(entry, "it sets the hosts of a site"));
        }
    }
    Ok(())
}

/// Returns the text of a value, or of the values in a list.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let list = value.as_array().into_iter().flatten();
    list.chain([value]).filter_map(Value::as_str)
}

fn matches_key(key: &str, path: &[String]) -> bool {
    let mut parts = key.split('.');
    path.iter()
        .all(|name| parts.next().is_some_and(|part| part == "*" || part == name))
        && parts.next().is_none()
}

/// Checks whether a path stays in a folder, even through symbolic links.
fn stays_inside(folder: &Path, text: &str) -> bool {
    let path = path(text);
    let is_inside = |part: Component| matches!(part, Component::Normal(_) | Component::CurDir);
    if !path.components().all(is_inside) {
        return false;
    }
    let ends_inside = || -> io::Result<bool> {
        let folder = folder.canonicalize()?;
        let path = folder.join(path);
        // The part that does not exist yet cannot be a symbolic link.
        let there = path
            .ancestors()
            .find(|part| part.symlink_metadata().is_ok());
        Ok(there
            .unwrap_or(&folder)
            .canonicalize()?
            .starts_with(&folder))
    };
    ends_inside().unwrap_or(false)
}

fn refused(entry: &Entry, why: &str) -> Error {
    let key = entry.path.join(".");
    let message = format!("`{key}` cannot be set in {}: {why}", entry.place);
    Error::new(Kind::Config, message).hint(
        "this file is read in whatever folder you are in, so it is restricted; use `-c fetch.toml` if you trust it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_out_of_the_folder_are_detected() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("inner/deep")).unwrap();
        let mut table = vec![
            (".", true),
            ("new/er", true),
            ("./inner/new", true),
            ("inner/deep", true),
            ("..", false),
            ("inner/../..", false),
            ("/tmp", false),
            ("~/x", false),
            ("~", false),
        ];
        #[cfg(unix)]
        {
            use std::os::unix::fs::symlink;
            symlink("/", folder.path().join("out")).unwrap();
            symlink("/nowhere/at/all", folder.path().join("lost")).unwrap();
            symlink("inner", folder.path().join("in")).unwrap();
            table.extend([
                ("out", false),
                ("out/new", false),
                ("lost", false),
                ("in/new", true),
            ]);
        }
        for (text, expected) in table {
            assert_eq!(stays_inside(folder.path(), text), expected, "{text}");
        }
    }

    #[test]
    fn it_is_read_only_if_it_has_an_end_that_is_near() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fetch.toml");
        let whole = "#".repeat(MAX_LENGTH as usize);
        std::fs::write(&path, &whole).unwrap();
        assert!(read(&path).unwrap() == whole);
        std::fs::write(&path, whole + "\n").unwrap();
        let said = "it has more than 1048576 bytes";
        assert_eq!(read(&path).unwrap_err().to_string(), said);
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{CWD, FileType, Mode, mknodat};
            let pipe = folder.path().join("pipe");
            mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
            let device = folder.path().join("device");
            std::os::unix::fs::symlink("/dev/zero", &device).unwrap();
            for path in [pipe, device] {
                let error = read(&path).unwrap_err();
                assert_eq!(error.to_string(), "it is not a regular file");
            }
        }
    }
}
