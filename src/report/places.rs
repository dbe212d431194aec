//! Describes briefly where files were saved.

use std::path::Path;

use super::text::clean;
use crate::model::{Event, Outcome};

/// Where the files of a run were saved.
#[derive(Debug)]
pub(super) struct Places {
    /// The output root as the user gave it; empty for the current folder.
    root: String,
    files: u64,
    /// The path of the last one.
    last: String,
    /// The innermost folder that contains all of them.
    above: Vec<String>,
    /// Whether some are in folders below it.
    deep: bool,
}

impl Places {
    pub(super) fn new(root: &Path) -> Places {
        let root = match root == Path::new(".") {
            true => String::new(),
            false => root.to_string_lossy().into_owned(),
        };
        Places {
            root,
            files: 0,
            last: String::new(),
            above: Vec::new(),
            deep: false,
        }
    }

    /// Counts a saved file.
    pub(super) fn note(&mut self, event: &Event) {
        let Event::Ended {
            outcome: Outcome::Saved { path, .. },
            ..
        } = event
        else {
            return;
        };
        let (folder, _) = path.rsplit_once('/').unwrap_or_default();
        let names = folder.split('/').filter(|name| !name.is_empty());
        if self.files == 0 {
            self.above = names.map(str::to_owned).collect();
        } else {
            let same = self.above.iter().zip(names.clone());
            let same = same.take_while(|(one, other)| one == other).count();
            self.deep |= same < self.above.len() || names.count() > same;
            self.above.truncate(same);
        }
        self.files += 1;
        self.last.clone_from(path);
    }

    /// Where the files are, if there are any.
    pub(super) fn description(&self) -> Option<String> {
        let below = |path: &str| {
            let root = self.root.trim_end_matches('/');
            let path = match (root.is_empty(), path.is_empty()) {
                (true, _) if self.root.is_empty() => path.to_owned(),
                (false, true) => root.to_owned(),
                _ => format!("{root}/{path}"),
            };
            clean(&path).into_owned()
        };
        let folder = below(&self.above.join("/"));
        let folder = match folder.is_empty() {
            true => "the current folder".to_owned(),
            false => format!("`{folder}`"),
        };
        Some(match (self.files, self.deep) {
            (0, _) => return None,
            (1, _) => format!("as `{}`", below(&self.last)),
            (_, false) => format!("in {folder}"),
            (_, true) => format!("below {folder}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::summary::tests::ended;

    fn description(root: &str, paths: &[&str]) -> Option<String> {
        let mut places = Places::new(Path::new(root));
        for (id, path) in (1..).zip(paths) {
            let outcome = Outcome::Saved {
                path: (*path).to_owned(),
                size: 1,
                warning: None,
            };
            places.note(&ended(id, outcome));
        }
        places.description()
    }

    #[test]
    fn tells_the_file_or_the_folder_of_all() {
        let table: [(&str, &[&str], Option<&str>); 10] = [
            (".", &[], None),
            (".", &["a.jpg"], Some("as `a.jpg`")),
            ("x/", &["b/a.jpg"], Some("as `x/b/a.jpg`")),
            (".", &["a.jpg", "b.jpg"], Some("in the current folder")),
            (".", &["a/1", "a/2"], Some("in `a`")),
            (".", &["a/1", "b/2"], Some("below the current folder")),
            ("x", &["a/b/1", "a/c/2", "a/d"], Some("below `x/a`")),
            ("x", &["a/b/1", "a/b/2", "a/b/c/2"], Some("below `x/a/b`")),
            ("/", &["1", "2"], Some("in `/`")),
            ("x", &["1", "2"], Some("in `x`")),
        ];
        for (root, paths, expected) in table {
            assert_eq!(
                description(root, paths).as_deref(),
                expected,
                "{root} {paths:?}"
            );
        }
    }
}
