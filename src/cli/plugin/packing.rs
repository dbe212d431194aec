//! `fetch plugin pack`: packages a plugin for others.

use std::path::Path;

use crate::cli::messages::{eprint, print};
use crate::model::Result;
use crate::report::clean;
use crate::script;

/// Writes the package of a plugin to the current folder, and prints its index entry.
pub(super) fn pack(folder: &Path) -> Result<()> {
    let packed = script::pack(folder, Path::new(""))?;
    for name in &packed.left {
        eprint(&format!("left out: {}\n", clean(name)));
    }
    for (case, site) in &packed.at_home {
        let (case, site) = (clean(case), clean(site));
        eprint(&format!(
            "note: the case `{case}` has the address of a site of yours: {site}; everybody who gets the package sees it\n"
        ));
    }
    eprint(&format!("created `{}`\n", packed.file.display()));
    print(&format!("{}\n", packed.entry))
}
