//! `fetch archive stats`: the size and contents of the archive.

use std::path::Path;

use serde_json::json;

use crate::cli::messages::{counted, print};
use crate::model::Result;
use crate::pipeline::archive::{SourceStats, source_stats};
use crate::report::{clean, size};

/// From how many items on the size per item is shown.
const MANY: u64 = 1000;

/// Prints the contents of an archive by output root and source.
pub(super) fn stats(file: &Path, json: bool) -> Result<()> {
    let shares = source_stats(file)?;
    // The write-ahead log is part of the archive until it is checkpointed.
    let length = |ending: &str| {
        let mut file = file.as_os_str().to_owned();
        file.push(ending);
        std::fs::metadata(file).map_or(0, |metadata| metadata.len())
    };
    let length = length("") + length("-wal");
    let items = shares.iter().map(|share| share.items).sum::<u64>();
    print(&match json {
        true => format!(
            "{}\n",
            json!({
                "v": 1, "archive": file.to_string_lossy(), "size": length, "items": items,
                "bytes": shares.iter().map(|share| share.bytes).sum::<u64>(), "shares": shares,
            })
        ),
        false => table(file, &shares, length, items),
    })
}

fn table(file: &Path, shares: &[SourceStats], length: u64, items: u64) -> String {
    let mut text = String::new();
    let mut last = None;
    let width = shares
        .iter()
        .map(|share| share.source.len())
        .max()
        .unwrap_or(0);
    for share in shares {
        if last != Some(&share.root) {
            text.push_str(&format!("{}\n", clean(&share.root)));
        }
        last = Some(&share.root);
        let SourceStats {
            source,
            items,
            saved,
            bytes,
            ..
        } = share;
        text.push_str(&format!(
            "  {source:width$}  {}: {saved} saved, {}",
            counted(*items, "item", "items"),
            size(*bytes)
        ));
        let more = [
            (share.imported, "imported from another program"),
            (share.failed, "failed"),
            (share.gone, "gone"),
        ];
        for (count, what) in more.iter().filter(|(count, _)| *count > 0) {
            text.push_str(&format!("; {count} {what}"));
        }
        text.push('\n');
    }
    text.push_str(&format!(
        "{}: {}, {}",
        file.display(),
        counted(items, "item", "items"),
        size(length)
    ));
    // With few items, this would mostly be the size of an empty archive.
    if items >= MANY {
        let each = length / items;
        text.push_str(&format!(", {each} bytes per item"));
    }
    text.push('\n');
    text
}
