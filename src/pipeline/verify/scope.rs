//! Which output roots a folder is related to.

use std::path::{Path, PathBuf};

use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::{Records, absolute_root, root_text};

/// An output root, or a folder in one.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) root: PathBuf,
    /// The folder below the root, ending in `/`; empty for the whole root.
    pub(super) folder: String,
    pub(super) records: Records,
}

/// Why nothing is known about the files below a root, and what to do about it.
pub(super) const GONE: &str = "the output folder is not there; create it again and restore its files with `--repair`, \
    or tell where it has moved with `fetch archive move OLD NEW`";

/// Returns the output roots of an archive that are below a folder or contain it, and those of them that do not exist
/// although they should.
pub(super) fn find(archive: &Path, folder: &Path) -> Result<(Vec<Scope>, Vec<PathBuf>)> {
    let roots = Records::roots(archive)?;
    let folder = absolute_root(folder);
    let (mut scopes, mut gone) = (Vec::new(), Vec::new());
    // What an earlier version recorded for a folder whose name is not UTF-8 may apply to other folders, too.
    let other = folder.to_str().is_none() && !roots.contains(&folder);
    for root in roots.iter().chain(other.then_some(&folder)) {
        let below = match (root.starts_with(&folder), folder.strip_prefix(root)) {
            (true, _) => String::new(),
            (_, Ok(below)) => below.iter().fold(String::new(), |path, name| {
                path + &name.to_string_lossy() + "/"
            }),
            _ => continue,
        };
        if let Some(records) = Records::open(archive, root)? {
            // Without this, all files of a disk that is not mounted would count as missing.
            if !root.is_dir() {
                if records.count(&below)?.0 > 0 {
                    gone.push(root.clone());
                }
                continue;
            }
            scopes.push(Scope {
                root: root.clone(),
                folder: below,
                records,
            });
        }
    }
    if scopes.is_empty()
        && let [root, ..] = gone.as_slice()
    {
        let message = format!("the output folder `{}` is not there", root_text(root));
        return Err(Error::new(Kind::Config, message).hint(
            "if it has moved, tell the archive with `fetch archive move OLD NEW`; if it was deleted, create it again and \
             let `fetch verify --repair` restore its files",
        ));
    }
    if scopes.is_empty() {
        let message = format!("the archive knows nothing below `{}`", root_text(&folder));
        let known = roots
            .iter()
            .take(5)
            .map(|root| format!("`{}`", root_text(root)));
        let known = known.collect::<Vec<_>>().join(", ");
        return Err(
            Error::new(Kind::Config, message).hint(match known.is_empty() {
                true => format!("there is nothing in `{}` yet", archive.display()),
                false => format!("it knows {known}; `fetch archive stats` lists all"),
            }),
        );
    }
    Ok((scopes, gone))
}
