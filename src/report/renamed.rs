//! Files whose planned name was taken.

use super::OpenItem;
use super::text::clean;
use crate::model::Outcome;

/// The line for a file that got a number because its planned name was taken.
pub(super) fn renamed(outcome: &Outcome, item: Option<&OpenItem>) -> Option<String> {
    let Outcome::Saved {
        path,
        warning: None,
        ..
    } = outcome
    else {
        return None;
    };
    let stem = |path: &str| match path.rsplit_once('.') {
        Some((stem, ext)) if !ext.contains('/') => stem.to_owned(),
        _ => path.to_owned(),
    };
    let planned = &item?.named.path;
    let saved = stem(path);
    let number = saved.strip_prefix(stem(planned).as_str())?;
    let number = number.strip_prefix(" (")?.strip_suffix(')')?;
    number.parse::<u32>().ok()?;
    // The other file has the same extension.
    let name = stem(planned) + &path[saved.len()..];
    let name = name.rsplit('/').next().unwrap_or(&name);
    let (path, name) = (clean(path), clean(name));
    Some(format!("saved `{path}`: `{name}` is another file"))
}

#[cfg(test)]
mod tests {
    use super::super::Named;
    use super::*;

    #[test]
    fn tells_of_a_number_that_a_name_got() {
        let line_for = |planned: &str, path: &str| {
            let item = OpenItem {
                named: Named {
                    path: planned.to_owned(),
                    ..Named::default()
                },
                ..OpenItem::default()
            };
            let outcome = Outcome::Saved {
                path: path.to_owned(),
                size: 1,
                warning: None,
            };
            renamed(&outcome, Some(&item))
        };
        let line = "saved `x/cat (2).jpg`: `cat.jpg` is another file";
        assert_eq!(
            line_for("x/cat.jpg", "x/cat (2).jpg").as_deref(),
            Some(line)
        );
        // The other file is of the same type: `cat.jpg` may not exist.
        let line = "saved `cat (3).png`: `cat.png` is another file";
        assert_eq!(line_for("cat.jpg", "cat (3).png").as_deref(), Some(line));
        let line = "saved `a.b/cat (2)`: `cat` is another file";
        assert_eq!(line_for("a.b/cat", "a.b/cat (2)").as_deref(), Some(line));
        for (planned, path) in [
            ("cat.jpg", "cat.jpg"),
            ("cat.jpg", "cat.png"),
            ("cat (2).jpg", "cat (2).jpg"),
            ("cat.jpg", "cat (x).jpg"),
            ("cat.jpg", "dog (2).jpg"),
        ] {
            assert_eq!(line_for(planned, path), None, "{planned} {path}");
        }
    }
}
