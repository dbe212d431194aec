//! How an output root is written down, so that it is the same one however it is reached.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

/// What a root that is no text begins with. One that is a text is a whole path, which never does.
const NO_TEXT: &str = "file://";

/// What is escaped in one that is no text, beside what is not ASCII.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'#').add(b'%').add(b'?');

/// An output root as a text: as it is, or `file:///l%FF` where that is no text.
pub fn written(root: &Path) -> Cow<'_, str> {
    match root.to_str() {
        Some(text) => text.into(),
        None => {
            let bytes = percent_encode(root.as_os_str().as_encoded_bytes(), ESCAPED);
            format!("{NO_TEXT}{bytes}").into()
        }
    }
}

/// The output root that was written so.
pub fn root_of(text: &str) -> PathBuf {
    let no_text = text.strip_prefix(NO_TEXT).and_then(decoded);
    no_text.unwrap_or_else(|| text.into())
}

#[cfg(unix)]
fn decoded(text: &str) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    let bytes = percent_encoding::percent_decode_str(text).collect();
    Some(std::ffi::OsString::from_vec(bytes).into())
}

/// Elsewhere the bytes are of no use to anybody, and such names next to unknown.
#[cfg(not(unix))]
fn decoded(_text: &str) -> Option<PathBuf> {
    None
}

/// How an earlier version wrote a root that is no text, as it did others; none if another folder is really called so.
pub(super) fn once_written(root: &Path) -> Option<String> {
    let once = match root.to_string_lossy() {
        Cow::Borrowed(_) => return None,
        Cow::Owned(once) => once,
    };
    (!Path::new(&once).exists()).then_some(once)
}

/// The output root that was written so by an earlier version, if it is there and there is but one.
pub(super) fn root_once(text: &str) -> PathBuf {
    let whole = root_of(text);
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

    #[cfg(unix)]
    #[test]
    fn a_root_that_is_no_text_is_the_same_when_it_is_read() {
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
            assert_eq!(written(root), expected);
            assert_eq!(root_of(expected), root);
        }
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join(OsStr::from_bytes(b"a\xff/b/c\xfe"));
        std::fs::create_dir_all(&root).unwrap();
        let once = once_written(&root).unwrap();
        assert_eq!(root_once(&once), root);
        std::fs::create_dir(root.with_file_name(OsStr::from_bytes(b"c\xfd"))).unwrap();
        assert_eq!(root_once(&once), Path::new(&once));
    }
}
