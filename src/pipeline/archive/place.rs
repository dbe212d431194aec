//! How an output root is written down, so that it is the same one however it is reached.

use std::path::{Path, PathBuf};

/// The whole path of an output root, without symbolic links. The root need not be there.
pub fn place(root: &Path) -> PathBuf {
    let whole = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
    // What is not there is no link, so what is there above it decides.
    let resolved = whole.ancestors().find_map(|above| {
        let found = above.canonicalize().ok()?;
        let below = whole.strip_prefix(above).ok()?;
        Some(within(&found, below))
    });
    resolved.unwrap_or(whole)
}

/// What stands so below a folder: that itself, where nothing is between them.
pub fn within(folder: &Path, below: &Path) -> PathBuf {
    match below.as_os_str().is_empty() {
        true => folder.to_owned(),
        false => folder.join(below),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_the_same_before_it_is_there_and_after() {
        let folder = tempfile::tempdir().unwrap();
        let above = folder.path().join("above");
        std::fs::create_dir(&above).unwrap();
        let root = above.join("a/b");
        let before = place(&root);
        assert_eq!(before, above.canonicalize().unwrap().join("a/b"));
        std::fs::create_dir_all(&root).unwrap();
        assert_eq!(place(&root), before);
        #[cfg(unix)]
        {
            let link = folder.path().join("link");
            std::os::unix::fs::symlink(&above, &link).unwrap();
            assert_eq!(place(&link.join("a/b")), before);
            assert_eq!(place(&link.join("c")), place(&above.join("c")));
        }
        assert!(place(Path::new("nowhere")).is_absolute());
    }
}
