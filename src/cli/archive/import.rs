//! `fetch archive import`: what another program has had is not fetched again.

use std::path::Path;

use super::peers::{Peer, read};
use crate::cli::talk::{counted, tell};
use crate::model::Result;
use crate::pipeline::archive::{self, Foreign};
use crate::report::clean;

/// How many entries that nothing is known about are named.
const NAMED: usize = 3;

/// How many letters of each.
const SHOWN: usize = 60;

/// Reads an archive of gallery-dl's or yt-dlp's, whichever it is.
pub(super) fn import(file: &Path, archive: &Path, root: &Path) -> Result<()> {
    let foreign = Foreign::open(file)?;
    let peer = match foreign {
        Foreign::Table(..) => Peer::GalleryDl,
        Foreign::Lines(..) => Peer::YtDlp,
    };
    let (mut all, mut ours) = (0u64, 0u64);
    let (mut foreigners, mut named) = (0u64, Vec::new());
    let new = archive::import(archive, root, |take| {
        foreign.each(|entry| {
            all += 1;
            let items = read(peer, entry);
            if items.is_empty() {
                foreigners += 1;
                if named.len() < NAMED && !entry.is_empty() {
                    named.push(format!("`{}`", shown(entry)));
                }
                return Ok(());
            }
            ours += 1;
            items.into_iter().try_for_each(&mut *take)
        })
    })?;
    let mut text = format!(
        "{}: {ours} of sources that are known here, with {}\n",
        counted(all, "entry", "entries"),
        counted(new, "key that was new", "keys that were new"),
    );
    if foreigners > 0 {
        text.push_str(&format!(
            "{} left out",
            counted(
                foreigners,
                "is of another source and was",
                "are of other sources and were",
            ),
        ));
        if !named.is_empty() {
            text.push_str(&format!(", such as {}", named.join(", ")));
        }
        text.push('\n');
    }
    tell(&text);
    Ok(())
}

/// An entry as it is named, which may be anything.
fn shown(entry: &str) -> String {
    let mut text = String::new();
    for (index, letter) in entry.chars().enumerate() {
        match letter {
            _ if index == SHOWN => {
                text.push('…');
                break;
            }
            letter if letter.is_control() => text.extend(letter.escape_default()),
            letter => text.push(letter),
        }
    }
    clean(&text).into_owned()
}
