//! Which output roots a folder has to do with.

use std::path::{Path, PathBuf};

use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::{Records, place, written};

/// An output root, or a folder in one.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) root: PathBuf,
    /// The folder below the root, which ends in `/`; empty for all of it.
    pub(super) folder: String,
    pub(super) records: Records,
}

/// Why nothing can be said of what is below a root, and what to do about it.
pub(super) const GONE: &str = "the output folder is not there; made again, it gets its files by `--repair`, and \
    `fetch archive move OLD NEW` tells where it has moved";

/// The output roots of an archive that are below a folder, and those that it is a part of; then those of them that are
/// not there and should be.
pub(super) fn find(archive: &Path, folder: &Path) -> Result<(Vec<Scope>, Vec<PathBuf>)> {
    let roots = Records::roots(archive)?;
    let folder = place(folder);
    let (mut scopes, mut gone) = (Vec::new(), Vec::new());
    // What an earlier version wrote of it may be true of others, too.
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
            // Without this, all of a disk that is not mounted would be missing.
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
        let message = format!("the output folder `{}` is not there", written(root));
        return Err(Error::new(Kind::Config, message).hint(
            "where it has moved, `fetch archive move OLD NEW` tells the archive; where it was deleted, make it again, and \
             `fetch verify --repair` brings its files",
        ));
    }
    if scopes.is_empty() {
        let message = format!("the archive knows nothing below `{}`", written(&folder));
        let known = roots
            .iter()
            .take(5)
            .map(|root| format!("`{}`", written(root)));
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
