//! `fetch plugin trust`: the plugins of a project.

use std::path::Path;

use super::consent::{agree, permissions};
use super::installed::store;
use crate::cli::messages::print;
use crate::config::Config;
use crate::model::Result;
use crate::plugins::SCRIPTS;
use crate::script::{self, Origin, Project, SearchPaths};
use crate::source::Registry;

/// Trusts the plugins of a folder as they are now, once the user agrees.
pub(super) fn trust(
    config: &Config,
    known: &Registry,
    folder: &Path,
    has_agreed: bool,
) -> Result<()> {
    let (store, project) = (store(config)?, Project::of(folder)?);
    let lines = project_permissions(config, known, &project)?;
    agree(
        &lines,
        "trust them?",
        has_agreed,
        "--yes",
        "nothing was trusted",
    )?;
    store.trust(&project)?;
    let trusted = project.packages().map(|package| &package.manifest);
    let trusted = trusted.map(|its| format!("{} {} is trusted as it is\n", its.id, its.version));
    print(&trusted.collect::<String>())
}

/// Stops trusting the plugins of a folder.
pub(super) fn undo(config: &Config, folder: &Path) -> Result<()> {
    store(config)?.distrust(folder)?;
    print("its plugins are no longer trusted\n")
}

/// The permissions of each plugin, and which other ones it would replace.
fn project_permissions(
    config: &Config,
    known: &Registry,
    project: &Project,
) -> Result<Vec<String>> {
    let others = SearchPaths {
        named: Vec::new(),
        project: None,
        ..config.plugins().clone()
    };
    let (others, _) = script::find(&others, SCRIPTS)?;
    let mut lines = Vec::new();
    for package in project.packages() {
        let manifest = &package.manifest;
        let id = &manifest.id;
        lines.push(format!("{id} {}: {}", manifest.version, manifest.about));
        let same = others
            .iter()
            .filter(|other| other.package.manifest.id == *id);
        let origins = same.flat_map(|other| [&other.origin].into_iter().chain(&other.shadowed));
        let mut origins: Vec<_> = origins.map(Origin::to_string).collect();
        if origins.is_empty() && known.source(id).is_ok() {
            origins.push(Origin::Builtin.to_string());
        }
        lines.extend(
            origins
                .iter()
                .map(|origin| format!("  replaces {origin} `{id}`")),
        );
        lines.extend(permissions(config, manifest));
    }
    Ok(lines)
}
