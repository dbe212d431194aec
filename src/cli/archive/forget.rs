//! `fetch archive forget`: removes items from the archive. Their files stay.

use std::collections::BTreeSet;
use std::path::Path;

use crate::cli::messages::{counted, eprint, print, shell_word};
use crate::model::{Error, Kind, Result};
use crate::net::Redacted;
use crate::pipeline::archive::{Known, Records};
use crate::report::clean;
use crate::source::Registry;

/// An argument that selects items.
struct Selector {
    text: String,
    /// The argument as a link, if it is one.
    link: Option<String>,
}

/// Forgets the items that any of these words selects, or lists them with `dry_run`.
pub(super) fn forget(
    archive: &Path,
    root: &Path,
    registry: &Registry,
    words: &[String],
    dry_run: bool,
) -> Result<()> {
    let below = || words.iter().find_map(|word| below(archive, root, word));
    let records = Records::known(archive, root);
    let records = records.map_err(|error| match below() {
        Some(hint) => error.hint(hint),
        None => error,
    })?;
    let selectors: Vec<_> = words
        .iter()
        .map(|word| Selector::new(word, registry))
        .collect();
    let meant = records.items().filter(|known| match known {
        Ok(known) => selectors.iter().any(|selector| selector.selects(known)),
        Err(_) => true,
    });
    let mut links = BTreeSet::new();
    for link in selectors
        .iter()
        .filter_map(|selector| selector.link.as_deref())
    {
        let sources = registry.sources().map(|source| &source.manifest().name);
        // A source that reads the response to a link records the link with its name before it.
        let named = sources.map(|name| format!("{name}:{link}"));
        for link in named.chain([link.to_owned()]) {
            if records.knows_link(&link)? {
                links.insert(link);
            }
        }
    }
    let (mut items, mut lists) = (0, 0);
    if dry_run {
        for known in meant {
            items += 1;
            print(&line(&known?))?;
        }
        for link in &links {
            lists += 1;
            print(&format!("{}\n", clean(link)))?;
        }
    } else {
        items = records.forget(archive, meant.map(|known| Ok(known?.id)))?;
        for link in &links {
            lists += u64::from(records.forget_link(archive, link)?);
        }
    }
    let what = match (items, lists) {
        (0, 0) => {
            let named = words.join("`, `");
            let message = format!("no item in the archive matches `{named}`");
            return Err(Error::new(Kind::Missing, message).hint(below().unwrap_or_else(|| {
                "give a link, `source:key` with a key from `fetch archive export`, or a path below the output folder, with \
                 `*` and `?` as wildcards; the key of a file by its own URL is that URL"
                    .into()
            })));
        }
        (_, 0) => counted(items, "item", "items"),
        (0, _) => counted(lists, "link", "links"),
        _ => {
            let items = counted(items, "item", "items");
            format!("{items} and {}", counted(lists, "link", "links"))
        }
    };
    eprint(&match (dry_run, items + lists, items) {
        (true, ..) => format!("{what} would be forgotten\n"),
        (false, 1, 0) => format!("{what} is forgotten\n"),
        (false, _, 0) => format!("{what} are forgotten\n"),
        (false, 1, _) => format!("{what} is forgotten; its file stays\n"),
        (false, ..) => format!("{what} are forgotten; their files stay\n"),
    });
    Ok(())
}

/// The hint for a path relative to the current folder, if it is a file in an output folder.
fn below(archive: &Path, root: &Path, word: &str) -> Option<String> {
    let file = std::path::absolute(word)
        .ok()
        .filter(|file| file.exists())?;
    let here = std::path::absolute(root).ok()?;
    let starts = "paths start at the output folder";
    if let Ok(path) = file.strip_prefix(&here)
        && here != std::env::current_dir().ok()?
    {
        return Some(format!("{starts}: `{}`", path.display()));
    }
    let roots = Records::roots(archive).ok()?;
    let roots = roots
        .iter()
        .filter(|other| **other != here && file.starts_with(other));
    let nearest = roots.max_by_key(|root| root.components().count())?;
    let path = file.strip_prefix(nearest).ok()?;
    let (root, path) = (
        shell_word(&nearest.to_string_lossy()).into_owned(),
        path.to_string_lossy(),
    );
    Some(format!("{starts}: `-d {root} {}`", shell_word(&path)))
}

fn line(known: &Known) -> String {
    let path = known.record.as_ref().map(|record| record.path.as_str());
    let path = path.map_or_else(String::new, |path| format!("  {path}"));
    let name = format!("{}:{}", known.identity.source, known.identity.key);
    format!("{}\n", clean(&(name + &path)))
}

impl Selector {
    fn new(text: &str, registry: &Registry) -> Selector {
        let link = registry.parse_link(text).ok();
        Selector {
            text: text.to_owned(),
            link: link.map(|link| Redacted(&link.url).to_string()),
        }
    }

    /// Whether this selects an item: by its link, by its identity, or by its path.
    fn selects(&self, known: &Known) -> bool {
        let by_link = |link: &String| {
            known.identity.key == *link
                || known.link.as_deref().is_some_and(|of| leads_to(of, link))
        };
        let identity = self.text.split_once(':');
        let by_identity =
            |(source, key)| known.identity.source == source && known.identity.key == key;
        let path = known.record.as_ref().map(|record| record.path.as_str());
        self.link.as_ref().is_some_and(by_link)
            || identity.is_some_and(by_identity)
            || path.is_some_and(|path| self.is_path(path))
    }

    /// Whether this matches the path, or a folder above it.
    fn is_path(&self, path: &str) -> bool {
        let pattern = self.text.strip_prefix("./").unwrap_or(&self.text);
        let pattern = pattern.trim_end_matches('/');
        if pattern.is_empty() {
            return false;
        }
        let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
        folders
            .chain([path])
            .any(|path| matches(pattern.as_bytes(), path.as_bytes()))
    }
}

/// Whether a recorded link is this one, or this one with the name of a source before it: `page:LINK`.
fn leads_to(of: &str, link: &str) -> bool {
    of.strip_suffix(link)
        .is_some_and(|source| source.is_empty() || source.ends_with(':') && !source.contains('/'))
}

/// Whether a text matches a pattern, in which `*` is any text without a slash, and `?` a character other than a slash.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    // Where to continue after a mismatch: after the last star, which takes one more byte.
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        let is_letter = |byte: u8| byte != b'/';
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at + 1, from));
                at += 1;
            }
            Some(b'?') if is_letter(text[from]) => {
                // Skip the remaining bytes of a multi-byte character.
                from += 1;
                while text.get(from).is_some_and(|byte| byte & 0xc0 == 0x80) {
                    from += 1;
                }
                at += 1;
            }
            Some(byte) if *byte == text[from] => (at, from) = (at + 1, from + 1),
            _ => match star {
                Some((behind, taken)) if is_letter(text[taken]) => {
                    star = Some((behind, taken + 1));
                    (at, from) = (behind, taken + 1);
                }
                _ => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_matched_as_each_source_reads_them() {
        let link = "https://example.org/a";
        let table = [
            ("https://example.org/a", true),
            ("page:https://example.org/a", true),
            ("https://example.com/?u=https://example.org/a", false),
            ("page:https://example.org/a/b", false),
        ];
        for (of, expected) in table {
            assert_eq!(leads_to(of, link), expected, "{of}");
        }
    }

    #[test]
    fn a_pattern_stays_within_its_folder() {
        let table = [
            ("cats/*.jpg", "cats/a.jpg", true),
            ("cats/*.jpg", "cats/more/a.jpg", false),
            ("cats", "cats/more/a.jpg", true),
            ("cats/", "cats/a.jpg", true),
            ("./cats", "cats/a.jpg", true),
            ("ca*", "cats/a.jpg", true),
            ("cat", "cats/a.jpg", false),
            ("*", "a.jpg", true),
            ("?.jpg", "ü.jpg", true),
            ("??.jpg", "ü.jpg", false),
            ("*a*b*", "xaxxbx", true),
            ("*a*b*", "xbxxax", false),
            ("", "a.jpg", false),
            ("/", "a.jpg", false),
            ("a[1].jpg", "a[1].jpg", true),
        ];
        for (text, path, expected) in table {
            let selector = Selector {
                text: text.to_owned(),
                link: None,
            };
            assert_eq!(selector.is_path(path), expected, "{text} {path}");
        }
    }
}
