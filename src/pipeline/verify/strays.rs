//! Files that the archive does not know.

use std::fs::{self, DirEntry, File};
use std::io::Read;
use std::path::Path;
use std::sync::mpsc::SyncSender;

use super::scope::Scope;
use super::{Checked, State, Verify, packed};
use crate::model::Result;
use crate::pipeline::after::follows;
use crate::pipeline::albums::is_named;
use crate::pipeline::structure::{Input, structure};
use crate::pipeline::zip::LOCAL;

/// Walks through a folder and reports the files that no root knows. Symbolic links are not followed.
pub(super) fn find(verify: &Verify, found: &SyncSender<Checked>) -> Result<()> {
    let archive = &verify.archive;
    let archive = archive.canonicalize().unwrap_or_else(|_| archive.clone());
    let scopes = &verify.scopes;
    let mut folders = vec![verify.folder.clone()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map(Iterator::collect::<Vec<_>>);
        let entries = entries.unwrap_or_else(|error| vec![Err(error)]);
        for entry in entries {
            if verify.progress.is_over() {
                return Ok(());
            }
            let looked = entry.and_then(|entry| Ok((entry.file_type()?.is_dir(), entry)));
            let (path, state, reason) = match looked {
                Ok((true, entry)) => {
                    folders.push(entry.path());
                    continue;
                }
                Ok((false, entry)) => {
                    let path = entry.path();
                    let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
                    if is_ours(&entry, &archive) || is_known(scopes, &path)? {
                        continue;
                    }
                    match is_file && follows(&path) {
                        false => match is_file.then(|| cut(scopes, &path)).flatten() {
                            None => (path, State::Unknown, None),
                            cut => (path, State::Broken, cut),
                        },
                        true => match packed::flaw(&path, &verify.progress) {
                            None => continue,
                            flaw => (path, State::Broken, flaw),
                        },
                    }
                }
                // The remaining entries can be checked all the same.
                Err(error) => (folder.clone(), State::Unreadable, Some(error.to_string())),
            };
            let (root, path) = match scopes.iter().find(|scope| path.starts_with(&scope.root)) {
                Some(scope) => (&scope.root, path.strip_prefix(&scope.root).unwrap_or(&path)),
                None => (
                    &verify.folder,
                    path.strip_prefix(&verify.folder).unwrap_or(&path),
                ),
            };
            let checked = Checked {
                root: root.clone(),
                path: path.to_string_lossy().into_owned(),
                known: None,
                state,
                reason,
            };
            if found.send(checked).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Checks whether it is a partial file, the archive, or one of SQLite's files beside it.
fn is_ours(entry: &DirEntry, archive: &Path) -> bool {
    let name = entry.file_name();
    let name = name.to_string_lossy();
    let whole = name.strip_suffix(".new").unwrap_or(&name);
    let is_partial =
        whole.starts_with('.') && (whole.ends_with(".part") || whole.ends_with(".part.json"));
    let beside = |ending: &str| {
        let mut file = archive.as_os_str().to_owned();
        file.push(ending);
        entry.path().as_os_str() == file
    };
    is_partial || ["", "-wal", "-shm"].iter().any(|ending| beside(ending))
}

/// Returns what is wrong with a file that is named like the packed file of a known album, if it is a ZIP without its
/// end.
fn cut(scopes: &[Scope], path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str().filter(|name| is_named(name))?;
    let stem = name.rsplit_once('.')?.0;
    let plain = stem.rsplit_once(" (").map_or(stem, |(plain, _)| plain);
    let is_known = |scope: &Scope, stem: &str| {
        let folder = path.with_file_name(stem);
        let folder = folder.strip_prefix(&scope.root).ok()?.to_str()?;
        Some(scope.records.count(&format!("{folder}/")).ok()?.0 > 0)
    };
    let is_packed = scopes.iter().any(|scope| {
        [stem, plain]
            .map(|stem| is_known(scope, stem))
            .contains(&Some(true))
    });
    if !is_packed {
        return None;
    }
    let mut file = File::open(path).ok()?;
    let mut magic = [0; 4];
    file.read_exact(&mut magic).ok()?;
    let length = file.metadata().ok()?.len();
    let found = structure(&mut Input::new(file, length)).ok()?;
    (magic == *LOCAL && found.is_bad()).then(|| found.to_string())
}

fn is_known(scopes: &[Scope], path: &Path) -> Result<bool> {
    for scope in scopes {
        let Ok(below) = path.strip_prefix(&scope.root) else {
            continue;
        };
        let names: Vec<_> = below.iter().map(|name| name.to_string_lossy()).collect();
        if scope.records.knows(&names.join("/"))? {
            return Ok(true);
        }
    }
    Ok(false)
}
