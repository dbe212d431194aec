//! How an output directory is stored as text, so that it is the same however it is reached.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

/// Prefix of a root that is not valid text. One that is valid text is an absolute path, which never starts like this.
const NO_TEXT: &str = "file://";

/// The characters escaped in a root that is not valid text, besides non-ASCII.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'#').add(b'%').add(b'?');

/// Returns an output directory as text: unchanged, or as `file:///l%FF` if it is not valid text.
pub fn root_text(root: &Path) -> Cow<'_, str> {
    match root.to_str() {
        Some(text) => text.into(),
        None => {
            let bytes = percent_encode(root.as_os_str().as_encoded_bytes(), ESCAPED);
            format!("{NO_TEXT}{bytes}").into()
        }
    }
}

/// Returns the output directory that was stored as this text.
pub fn root_from_text(text: &str) -> PathBuf {
    let no_text = text.strip_prefix(NO_TEXT).and_then(decoded);
    no_text.unwrap_or_else(|| text.into())
}

#[cfg(unix)]
fn decoded(text: &str) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    let bytes = percent_encoding::percent_decode_str(text).collect();
    Some(std::ffi::OsString::from_vec(bytes).into())
}

/// Elsewhere the bytes cannot be used, and such names are practically unknown.
#[cfg(not(unix))]
fn decoded(_text: &str) -> Option<PathBuf> {
    None
}

/// Returns how an earlier version stored a root that is not valid text; `None` if it is valid, or if another folder
/// really has that name.
pub(super) fn legacy_root_text(root: &Path) -> Option<String> {
    let once = match root.to_string_lossy() {
        Cow::Borrowed(_) => return None,
        Cow::Owned(once) => once,
    };
    (!Path::new(&once).exists()).then_some(once)
}

/// Returns the output directory stored by an earlier version as this text, if it exists and is unambiguous.
pub(super) fn legacy_root(text: &str) -> PathBuf {
    let whole = root_from_text(text);
    if !text.contains(char::REPLACEMENT_CHARACTER) || whole.exists() {
        return whole;
    }
    let mut found = PathBuf::new();
    for part in whole.components() {
        let next = found.join(part);
        let name = part.as_os_str().to_string_lossy();
        if next.exists() || !name.contains(char::REPLACEMENT_CHARACTER) {
            found = next;
            continue;
        }
        let entries = std::fs::read_dir(&found).into_iter().flatten().flatten();
        let mut meant = entries.filter(|entry| entry.file_name().to_string_lossy() == name);
        match (meant.next(), meant.next()) {
            (Some(entry), None) => found = entry.path(),
            _ => return whole,
        }
    }
    found
}

/// Returns the absolute path of an output directory, without symbolic links. It need not exist.
pub fn absolute_root(root: &Path) -> PathBuf {
    let whole = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
    // A path that does not exist is no link, so the existing part above it decides.
    let resolved = whole.ancestors().find_map(|above| {
        let found = above.canonicalize().ok()?;
        let below = whole.strip_prefix(above).ok()?;
        Some(within(&found, below))
    });
    resolved.unwrap_or(whole)
}

/// Joins a folder and a path below it; returns the folder itself if that path is empty.
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
        let before = absolute_root(&root);
        assert_eq!(before, above.canonicalize().unwrap().join("a/b"));
        std::fs::create_dir_all(&root).unwrap();
        assert_eq!(absolute_root(&root), before);
        #[cfg(unix)]
        {
            let link = folder.path().join("link");
            std::os::unix::fs::symlink(&above, &link).unwrap();
            assert_eq!(absolute_root(&link.join("a/b")), before);
            assert_eq!(
                absolute_root(&link.join("c")),
                absolute_root(&above.join("c"))
            );
        }
        assert!(absolute_root(Path::new("nowhere")).is_absolute());
    }

    #[cfg(unix)]
    #[test]
    fn non_utf8_roots_round_trip() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let table: [(&[u8], &str); 5] = [
            (b"/home/cats", "/home/cats"),
            ("/home/Bücher/100%".as_bytes(), "/home/Bücher/100%"),
            (b"/home/l\xff", "file:///home/l%FF"),
            (
                b"/100%/a b?#\\c|/\x80\n",
                "file:///100%25/a%20b%3F%23\\c|/%80%0A",
            ),
            (b"/file:///%FF", "/file:///%FF"),
        ];
        for (bytes, expected) in table {
            let root = Path::new(OsStr::from_bytes(bytes));
            assert_eq!(root_text(root), expected);
            assert_eq!(root_from_text(expected), root);
        }
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join(OsStr::from_bytes(b"a\xff/b/c\xfe"));
        std::fs::create_dir_all(&root).unwrap();
        let once = legacy_root_text(&root).unwrap();
        assert_eq!(legacy_root(&once), root);
        std::fs::create_dir(root.with_file_name(OsStr::from_bytes(b"c\xfd"))).unwrap();
        assert_eq!(legacy_root(&once), Path::new(&once));
    }
}
