//! Files written beside others: metadata and packed albums. They are not items, so the archive does not know them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use super::sidecar::{LINES, LONGEST, begins_as_ours};
use crate::pipeline::albums;

/// Checks whether a file was written by this program beside what it saves, as far as the file itself shows.
pub(in crate::pipeline) fn follows(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let Some((name, ext)) = name.and_then(|name| name.rsplit_once('.')) else {
        return false;
    };
    let open = || File::open(path).ok();
    // Strips its number, if another file already had its name.
    let stem = match name.rsplit_once(" (") {
        Some((stem, number)) if number.ends_with(')') => stem,
        _ => name,
    };
    match ext {
        "zip" | "cbz" => open().is_some_and(|mut file| albums::is_marked(&mut file)),
        ext if ext == LINES.1 => stem == LINES.0 && open().is_some_and(begins_as_ours),
        "json" if stem == "info" && open().is_some_and(albums::is_album_info) => true,
        "json" => open().and_then(read).is_some_and(|document| {
            let recorded = document["path"].as_str();
            let recorded = recorded.and_then(|recorded| recorded.rsplit('/').next());
            document["key"].is_string()
                && recorded.is_some_and(|recorded| recorded == stem || recorded == name)
        }),
        _ => false,
    }
}

fn read(file: File) -> Option<Value> {
    let mut text = Vec::new();
    file.take(LONGEST).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}
