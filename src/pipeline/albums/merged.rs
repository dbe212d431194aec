//! Merges the current listing with that of a previous run.

use std::collections::HashMap;
use std::hash::Hash;

/// Returns the listed entries in order, and among them those left over from before, each after the entry that it
/// followed.
pub(super) fn merged<K: Clone + Eq + Hash, T>(
    before: impl Iterator<Item = K>,
    mut left: HashMap<K, T>,
    listed: Vec<(K, T)>,
) -> Vec<T> {
    let mut behind: HashMap<Option<K>, Vec<T>> = HashMap::new();
    let mut last = None;
    for key in before {
        match left.remove(&key) {
            Some(item) => behind.entry(last.clone()).or_default().push(item),
            None => last = Some(key),
        }
    }
    let mut all = behind.remove(&None).unwrap_or_default();
    for (key, item) in listed {
        all.push(item);
        all.extend(behind.remove(&Some(key)).unwrap_or_default());
    }
    // The entries that they followed no longer exist.
    all.extend(behind.into_values().flatten());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_items_keep_their_place_in_merged_lists() {
        let table = [
            ("", "abc", "abc"),
            ("abc", "abc", "abc"),
            ("abcd", "ad", "abcd"),
            ("abcd", "xdya", "xdyabc"),
            ("abcd", "cd", "abcd"),
            ("ab", "", "ab"),
            ("ab", "cd", "abcd"),
        ];
        for (before, listed, expected) in table {
            let left = before.chars().filter(|c| !listed.contains(*c));
            let left = left.map(|c| (c, c)).collect();
            let listed = listed.chars().map(|c| (c, c)).collect();
            let all: String = merged(before.chars(), left, listed).into_iter().collect();
            assert_eq!(all, expected);
        }
    }
}
