//! `fetch plugin trust`: the plugins of a project.

use std::path::Path;

use super::installed::store;
use crate::cli::talk::print;
use crate::config::Config;
use crate::model::Result;
use crate::report::clean;
use crate::script::Grants;

/// Trusts the plugins of a folder as they are, and tells what they may do; or trusts them no more.
pub(super) fn trust(config: &Config, folder: &Path, undo: bool) -> Result<()> {
    let store = store(config)?;
    if undo {
        store.distrust(folder)?;
        return print("its plugins are trusted no more\n");
    }
    let mut text = String::new();
    for package in store.trust(folder)? {
        let manifest = &package.manifest;
        text.push_str(&format!(
            "{} {} is trusted as it is\n",
            manifest.id, manifest.version
        ));
        for line in Grants::of(manifest).told() {
            text.push_str(&format!("  it {}\n", clean(&line)));
        }
    }
    print(&text)
}
