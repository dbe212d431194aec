//! `fetch plugin pack`: a package to give to others.

use std::path::Path;

use crate::cli::talk::{print, tell};
use crate::model::Result;
use crate::report::clean;
use crate::script;

/// Makes the package of a plugin here, and prints what stands in an index for it.
pub(super) fn pack(folder: &Path) -> Result<()> {
    let packed = script::pack(folder, Path::new(""))?;
    for name in &packed.left {
        tell(&format!("left out: {}\n", clean(name)));
    }
    for (case, site) in &packed.at_home {
        let (case, site) = (clean(case), clean(site));
        tell(&format!(
            "note: the case `{case}` has the address of a site of yours: {site}; whoever gets the package sees it\n"
        ));
    }
    tell(&format!("made `{}`\n", packed.file.display()));
    print(&format!("{}\n", packed.entry))
}
