//! Pages that redirect by `<meta http-equiv="refresh">`.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use url::Url;

/// A longer delay is meant for readers, and reloads the page.
const LONGEST: u32 = 30;

/// Returns the target in the content of such an element.
pub(super) fn target(content: &str) -> Option<&str> {
    let content = content.trim_start();
    let end = content.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let seconds = content[..end].split('.').next().unwrap_or("");
    let is_soon = seconds
        .parse()
        .map_or(seconds.is_empty(), |seconds: u32| seconds <= LONGEST);
    let rest = content[end..].trim_start();
    let rest = rest.strip_prefix([';', ',']).unwrap_or(rest).trim_start();
    let url = match rest.get(..3) {
        Some(word) if word.eq_ignore_ascii_case("url") => {
            let value = rest[3..].trim_start().strip_prefix('=');
            value.map_or(rest, str::trim_start)
        }
        _ => rest,
    };
    let url = match url.chars().next() {
        Some(quote @ ('"' | '\'')) => url[1..].split(quote).next().unwrap_or(""),
        _ => url,
    };
    let url = url.trim();
    (is_soon && end > 0 && !url.is_empty()).then_some(url)
}

/// How many redirects are remembered; loops after that are not reported.
const MOST: usize = 100_000;
/// Longer loops are stopped by the depth limit.
const HOPS: usize = 16;

/// The redirects of pages in this run. Only hashes are kept.
#[derive(Default)]
pub(super) struct Redirects {
    places: Mutex<HashMap<u64, u64>>,
    hasher: RandomState,
}

impl Redirects {
    /// Notes a redirect, and returns whether it leads back to the page.
    pub(super) fn leads_back(&self, from: &Url, to: &Url) -> bool {
        let hash = |url: &Url| self.hasher.hash_one(url.as_str());
        let (from, to) = (hash(from), hash(to));
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() < MOST {
            places.insert(from, to);
        }
        let hops = std::iter::successors(Some(to), |at| places.get(at).copied());
        hops.take(HOPS).any(|at| at == from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refresh_loops_are_detected() {
        let url = |path: &str| Url::parse("https://x.org/").unwrap().join(path).unwrap();
        let redirects = Redirects::default();
        assert!(!redirects.leads_back(&url("a"), &url("b")));
        assert!(!redirects.leads_back(&url("c"), &url("b")));
        assert!(!redirects.leads_back(&url("b"), &url("d")));
        assert!(redirects.leads_back(&url("d"), &url("a")));
        assert!(redirects.leads_back(&url("e"), &url("e")));
        // A page that leads into a loop without being part of it.
        assert!(!redirects.leads_back(&url("f"), &url("a")));
    }

    #[test]
    fn meta_refresh_targets_are_parsed() {
        let table = [
            ("0; url=/a", Some("/a")),
            ("5;URL='/a b'", Some("/a b")),
            (" 3.5 , url = \"/a\"x", Some("/a")),
            ("0;/a", Some("/a")),
            ("0; urls/a", Some("urls/a")),
            ("0", None),
            ("0;", None),
            ("0; url=", None),
            ("0; url='", None),
            ("300; url=/a", None),
            ("99999999999; url=/a", None),
            ("soon; url=/a", None),
            ("", None),
            ("0; ü", Some("ü")),
        ];
        for (content, expected) in table {
            assert_eq!(target(content), expected, "{content}");
        }
    }
}
