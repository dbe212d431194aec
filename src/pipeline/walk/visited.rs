//! Which links were listed in a run, and under which of the user's options.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use url::Url;

use crate::pipeline::LinkOptions;
use crate::pipeline::hashes::Hashes;

/// Hashes of the links that were listed. The hash key is random, so nobody can craft two links that collide.
#[derive(Default)]
pub(super) struct VisitedLinks {
    marks: Mutex<Marks>,
    hasher: RandomState,
}

#[derive(Default)]
struct Marks {
    hashes: Hashes,
    /// Whether any of them is of a link with options.
    has_options: bool,
}

/// Whether a link was listed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visit {
    New,
    /// All of it was listed, under other options.
    UnderOtherOptions,
    Before,
}

impl VisitedLinks {
    /// Takes a link under the user's options. `handed` says that a listing has led to it.
    ///
    /// A link given with options counts for these options alone. A link handed on by a listing counts for all options
    /// that select the same of it, so that several links of a list can lead to one that is listed once.
    pub(super) fn visit(&self, url: &Url, options: Option<&LinkOptions>, handed: bool) -> Visit {
        let plain = self.hasher.hash_one(url.as_str());
        let under = |options: &LinkOptions| self.hasher.hash_one((url.as_str(), options.to_json()));
        let whole = || under(&LinkOptions::default());
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(options) = options else {
            return match marks.hashes.insert(plain) {
                false => Visit::Before,
                true if marks.has_options && marks.hashes.contains(whole()) => {
                    Visit::UnderOtherOptions
                }
                true => Visit::New,
            };
        };
        marks.has_options = true;
        let is_whole = marks.hashes.contains(plain) || marks.hashes.contains(whole());
        // Positions are counted within it, so it is listed for these even if all of it has been.
        if handed && is_whole && options.items.is_none() {
            return Visit::Before;
        }
        let is_new = marks.hashes.insert(under(&options.choosing()));
        // A listing that leads back to its own link is a loop.
        let is_new = match handed {
            true => is_new,
            false => marks.hashes.insert(self.hasher.hash_one((
                url.as_str(),
                options.to_json(),
                "own",
            ))),
        };
        match (is_new, is_whole) {
            (false, _) => Visit::Before,
            (true, true) => Visit::UnderOtherOptions,
            (true, false) => Visit::New,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> LinkOptions {
        let mut options = LinkOptions {
            link: Some("https://a.test/root".into()),
            ..LinkOptions::default()
        };
        for word in text.split(' ') {
            match word.split_once('=').unwrap() {
                ("items", value) => options.items = Some(value.parse().unwrap()),
                ("filter", value) => options.filter = Some(value.parse().unwrap()),
                (_, value) => options.directory = Some(value.parse().unwrap()),
            }
        }
        options
    }

    #[test]
    fn a_link_counts_as_listed_where_the_same_of_it_was() {
        let (typed, handed) = (false, true);
        // The first link, the next one, and how that one counts.
        let table = [
            (("", typed), ("", typed), Visit::Before),
            (("", typed), ("", handed), Visit::Before),
            (("", handed), ("", typed), Visit::Before),
            (("items=1", typed), ("items=1", typed), Visit::Before),
            (("items=1", typed), ("items=2", typed), Visit::New),
            (("items=1", typed), ("", typed), Visit::New),
            (("", typed), ("items=1", typed), Visit::UnderOtherOptions),
            (
                ("directory=x", typed),
                ("directory=y", typed),
                Visit::UnderOtherOptions,
            ),
            (
                ("directory=x", typed),
                ("", typed),
                Visit::UnderOtherOptions,
            ),
            (
                ("directory=x", typed),
                ("directory=y", handed),
                Visit::Before,
            ),
            (
                ("directory=x", handed),
                ("directory=y", handed),
                Visit::Before,
            ),
            (
                ("directory=x", handed),
                ("directory=x", typed),
                Visit::UnderOtherOptions,
            ),
            (("filter=ext=='jpg'", handed), ("", typed), Visit::New),
            (
                ("filter=ext=='jpg'", handed),
                ("filter=ext=='png'", handed),
                Visit::New,
            ),
            (
                ("filter=ext=='jpg' directory=x", handed),
                ("filter=ext=='jpg'", handed),
                Visit::Before,
            ),
            (("", typed), ("filter=ext=='jpg'", handed), Visit::Before),
            (("", typed), ("items=1", handed), Visit::UnderOtherOptions),
            (("items=1", typed), ("items=1", handed), Visit::Before),
        ];
        for (first, then, expected) in table {
            let visited = VisitedLinks::default();
            let visit = |(text, handed): (&str, bool)| {
                let own = (!text.is_empty()).then(|| options(text));
                visited.visit(&"https://a.test/1".parse().unwrap(), own.as_ref(), handed)
            };
            assert_eq!(visit(first), Visit::New, "{first:?}");
            assert_eq!(visit(then), expected, "{first:?} {then:?}");
        }
    }
}
