//! `fetch verify --repair`: downloads broken and missing files again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use futures_util::stream;
use serde_json::json;

use super::args::{Args, ResultArgs};
use super::messages::{counted, eprint, print};
use super::{browser_requests, exit, main};
use crate::config::Config;
use crate::model::Result;
use crate::pipeline::archive::{Records, Run, root_text};
use crate::pipeline::verify::{Remade, remake};
use crate::pipeline::{self, Ask};
use crate::report::clean;
use crate::source::Registry;

/// Files to download again, by output root: the id of the item, and the path.
pub(super) type Files = BTreeMap<PathBuf, Vec<(i64, String)>>;

/// Downloads files again, each to its own path, and returns the exit codes of the runs.
pub(super) fn fetch_again(
    (args, config): (&Args, &Config),
    archive: &Path,
    files: Files,
    settings: &pipeline::Settings,
    sources: impl FnOnce(&Config) -> Result<Registry>,
) -> Result<Vec<u8>> {
    let mut codes = Vec::new();
    if files.is_empty() {
        return Ok(codes);
    }
    let mut registry = main::registry(config, sources)?;
    browser_requests::register_expired(&mut registry);
    for (root, files) in files {
        let Some(records) = Records::open(archive, &root)? else {
            continue;
        };
        let again = records.renew(files)?;
        let settings = pipeline::Settings {
            root,
            ..settings.clone()
        };
        let asks = stream::iter(again.map(|again| again.map(Ask::Retry)));
        let run = Run::new("fetch verify --repair", None);
        let registry = registry.clone();
        codes.push(main::perform(args, config, registry, settings, asks, run)?);
        if codes.ends_with(&[exit::INTERRUPTED]) {
            break;
        }
    }
    Ok(codes)
}

/// Repacks damaged albums and reports the results. Returns whether one was moved aside, and whether all are intact.
pub(super) fn remake_all(
    archive: &Path,
    packed: &[(PathBuf, String)],
    report: &ResultArgs,
) -> Result<(bool, bool)> {
    let (mut is_aside, mut is_well) = (false, true);
    for (root, path) in packed {
        let done = remake(archive, root, path);
        let shown = clean(path);
        is_aside |= done.is_ok();
        is_well &= matches!(done, Ok(Remade::Anew(_)));
        if report.json {
            let (event, why) = match &done {
                Ok(Remade::Anew(_)) => ("repacked", None),
                Ok(Remade::Aside) => ("aside", None),
                Err(error) => ("broken", Some(&error.message)),
            };
            let object = json!({"v": 1, "event": event, "root": root_text(root), "path": path, "reason": why});
            print(&format!("{object}\n"))?;
            continue;
        }
        match done {
            Ok(_) if report.quiet => {}
            Ok(Remade::Anew(files)) => eprint(&format!(
                "repacked `{shown}`, {}\n",
                counted(files, "file", "files")
            )),
            Ok(Remade::Aside) => eprint(&format!(
                "`{shown}` cannot be read and was moved aside; the next run of its album repacks it\n"
            )),
            Err(error) => {
                eprint(&format!(
                    "`{shown}` was not repacked: {}\n",
                    clean(&error.message)
                ));
                let hint = error.hint.as_deref();
                hint.iter()
                    .for_each(|hint| eprint(&format!("  hint: {hint}\n")));
            }
        }
    }
    Ok((is_aside, is_well))
}
