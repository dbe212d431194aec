//! The planned path of an item.

use super::extension::{split, usable};
use super::safe::{ROOM, component, cut, defused};
use super::types::{PROGRAMS, is_medium, same_type};
use crate::model::Item;

/// The planned path of an item, except for its final extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The folders below the output directory, outermost first. Each is already safe.
    pub folder: Vec<String>,
    /// The file name without extension.
    pub stem: String,
    /// The proposed extension: from the template if it is fixed, else from the site or the URL.
    pub ext: Option<String>,
    /// Whether the template itself sets the extension, so that nothing overrides it.
    pub fixed_ext: bool,
    /// Whether the stem alone is the name of a folder, so that no file may have it.
    pub is_folder: bool,
}

/// Maximum length of a stem in bytes. The remaining room is for the extension and the number of a copy, so that neither
/// changes where a long stem is cut.
const STEM: usize = ROOM - 24;

impl Planned {
    /// Creates a plan from a path rendered by a template, without the extension.
    pub(super) fn new(path: &str, item: &Item, ext: Option<String>, fixed_ext: bool) -> Planned {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        let folder = folders
            .split('/')
            .map(|name| component(name, ROOM))
            .filter(|name| !name.is_empty());
        Planned {
            folder: folder.collect(),
            stem: stem(name, item),
            ext,
            fixed_ext,
            is_folder: false,
        }
    }

    /// Creates a plan that leads to an existing file.
    pub(crate) fn at(path: &str) -> Planned {
        let mut names = path.split('/').map(str::to_owned);
        // An earlier version may have saved it under a name that is no longer allowed.
        let stem = names.next_back().unwrap_or_default();
        Planned {
            stem: defused(&stem).into_owned(),
            folder: names.collect(),
            ext: None,
            fixed_ext: false,
            is_folder: false,
        }
    }

    /// Returns the path below the output directory of the file with this extension.
    pub(crate) fn path(&self, ext: Option<&str>, copy: u32) -> String {
        let folders = self.folder.iter();
        let folder: String = folders.flat_map(|name| [name.as_str(), "/"]).collect();
        folder + &self.file_name(ext, copy)
    }

    /// Returns the file name with this extension, unless the template fixes another. The first copy is 1; the second is
    /// named `stem (2).ext`.
    pub fn file_name(&self, ext: Option<&str>, copy: u32) -> String {
        let ext = if self.fixed_ext {
            self.ext.clone()
        } else {
            ext.and_then(usable)
        };
        let (bare, own) = split(&self.stem);
        let number = if copy > 1 {
            format!(" ({copy})")
        } else {
            String::new()
        };
        let (stem, end) = match (ext, own) {
            // A title may already end in the extension.
            (Some(ext), Some(own))
                if own.eq_ignore_ascii_case(&ext) || is_medium(&ext) && same_type(&ext, &own) =>
            {
                (bare.to_owned(), format!("{number}.{ext}"))
            }
            (Some(ext), _) => (self.stem.clone(), format!("{number}.{ext}")),
            // A title must not turn a file into a program that nobody called one. `example.com` is a host.
            (None, Some(own)) if own != "com" && PROGRAMS.contains(&own.as_str()) => {
                (format!("{bare}_{own}"), number)
            }
            (None, _) if self.is_folder => (format!("_{}", self.stem), number),
            (None, _) => (self.stem.clone(), number),
        };
        let stem = cut(&stem, ROOM.saturating_sub(end.len()));
        component(&format!("{stem}{end}"), ROOM)
    }

    /// Returns which copy this path is, with this extension, if it is one.
    pub(in crate::pipeline) fn copy_of(&self, ext: Option<&str>, path: &str) -> Option<u32> {
        let number = path.rsplit_once(" (").and_then(|(_, rest)| {
            let (number, _) = rest.split_once(')')?;
            number.parse().ok()
        });
        let copies = [number, Some(1)].into_iter().flatten();
        copies
            .into_iter()
            .find(|copy| self.path(ext, *copy) == path)
    }
}

/// Returns a safe stem. If it is cut, it ends in the key or a digest of it, so that long titles stay distinct.
fn stem(name: &str, item: &Item) -> String {
    let safe = component(name, usize::MAX);
    if safe.is_empty() {
        let key = component(&super::address::readable(&item.key), STEM);
        return if key.is_empty() {
            "file".to_owned()
        } else {
            key
        };
    }
    if safe.len() <= STEM {
        return safe;
    }
    let key = if item.key.len() <= 32 {
        component(&item.key, 32)
    } else {
        String::new()
    };
    let tag = if !key.is_empty() && key == item.key {
        key
    } else {
        let digest = blake3::hash(format!("{}\0{}", item.source, item.key).as_bytes());
        digest.to_hex()[..8].to_owned()
    };
    format!("{} {tag}", cut(&safe, STEM - 1 - tag.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::naming::sample;

    fn planned(path: &str, key: &str) -> Planned {
        let mut item = sample::bare();
        item.key = key.to_owned();
        Planned::new(path, &item, None, false)
    }

    #[test]
    fn names_carry_extension_and_number() {
        let table = [
            ("cat", Some("jpg"), 1, "cat.jpg"),
            ("cat", Some(".JPG"), 2, "cat (2).jpg"),
            ("cat", None, 1, "cat"),
            ("cat", None, 3, "cat (3)"),
            ("cat", Some("not/good"), 1, "cat"),
            ("cat", Some("tar.gz"), 2, "cat (2).tar.gz"),
            ("cat.jpg", Some("jpg"), 1, "cat.jpg"),
            ("cat.JPEG", Some("jpg"), 2, "cat (2).jpg"),
            ("cat.png", Some("jpg"), 1, "cat.png.jpg"),
            ("notes.md", Some("txt"), 1, "notes.md.txt"),
            ("cat.exe", None, 1, "cat_exe"),
            ("cat.exe", Some("jpg"), 1, "cat.exe.jpg"),
            ("example.com", None, 1, "example.com"),
            ("v1.2", Some("jpg"), 1, "v1.2.jpg"),
            ("desktop", Some("ini"), 1, "_desktop.ini"),
            ("nul", Some("jpg"), 1, "_nul.jpg"),
            ("...", Some("jpg"), 1, "key.jpg"),
            ("archive.db-journal", None, 2, "archive.db_journal (2)"),
            ("archive.db-journal", None, 1, "archive.db_journal"),
        ];
        for (stem, ext, copy, expected) in table {
            assert_eq!(
                planned(stem, "key").file_name(ext, copy),
                expected,
                "{stem}"
            );
        }
        assert_eq!(planned("..", "/").stem, "_");
        assert_eq!(planned("..", "..").stem, "file");
        let fixed = Planned {
            ext: Some("JPG".to_owned()),
            fixed_ext: true,
            ..planned("cat", "key")
        };
        assert_eq!(fixed.file_name(Some("png"), 1), "cat.JPG");
    }

    #[test]
    fn folders_are_separate_components() {
        let folder = |path: &str| planned(path, "key").folder;
        assert_eq!(folder("a/b/c"), ["a", "b"]);
        assert_eq!(folder("/a//../. /CON/c"), ["a", "_CON"]);
        assert_eq!(folder("c"), [""; 0]);
    }

    #[test]
    fn long_names_keep_extension_and_key() {
        let title = "日本語".repeat(40);
        let name = planned(&title, "q6i58").file_name(Some("jpeg"), 12);
        assert!(
            name.ends_with(" q6i58 (12).jpeg") && name.starts_with("日本語") && name.len() <= ROOM,
            "{name}"
        );
        let one = planned(&title, "https://example.com/1").stem;
        let other = planned(&title, "https://example.com/2").stem;
        assert_ne!(one, other);
        assert_eq!(one.len(), other.len());
    }
}
