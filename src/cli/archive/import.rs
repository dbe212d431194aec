//! `fetch archive import`: imports the archive of another program, so that its files are not downloaded again.

use std::path::Path;

use super::peers::{Peer, is_ytdlp_entry, read};
use crate::cli::messages::{counted, eprint};
use crate::model::Result;
use crate::pipeline::archive::{self, Foreign};
use crate::report::clean;

/// How many unknown entries are shown.
const NAMED: usize = 3;

/// How many characters of each are shown.
const SHOWN: usize = 60;

/// Imports an archive of gallery-dl or yt-dlp, whichever it is.
pub(super) fn import(file: &Path, archive: &Path, root: &Path) -> Result<()> {
    let mut foreign = Foreign::open(file)?;
    // Before anything is imported, and before the archive is created.
    foreign.check_lines(is_ytdlp_entry)?;
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
                    named.push(format!("`{}`", display(entry)));
                }
                return Ok(());
            }
            ours += 1;
            items.into_iter().try_for_each(&mut *take)
        })
    })?;
    let mut text = format!(
        "{}: {ours} of known sources, with {}\n",
        counted(all, "entry", "entries"),
        counted(new, "new key", "new keys"),
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
    eprint(&text);
    Ok(())
}

/// An entry for display, cut and escaped: it may contain anything.
fn display(entry: &str) -> String {
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
