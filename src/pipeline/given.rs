//! Links as the user gives them now. A failed item is retried with them, since they have what the archive does not
//! remember (secrets), or what has changed since.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use url::{Origin, Url};

use super::archive::link_mark;
use super::{LinkOptions, Wanted};
use crate::net::Redacted;

/// Links as the user gives them now, with their secrets and their own options.
#[derive(Debug, Default)]
pub struct Given {
    /// The marks of the links that are needed.
    marks: HashSet<i64>,
    links: HashMap<i64, Vec<Wanted>>,
    origins: HashMap<Origin, Url>,
}

impl Given {
    /// Creates an empty set for the links with these marks, which come from
    /// [`Records::marks`](super::archive::Records::marks). Of other links, only their host is kept, as one the user
    /// knows.
    pub fn new(marks: HashSet<i64>) -> Given {
        Given {
            marks,
            ..Given::default()
        }
    }

    /// Adds a link.
    pub fn add(&mut self, wanted: Wanted) {
        let url = behind(&wanted.link.url);
        let origin = url.origin();
        if origin.is_tuple() {
            self.origins
                .entry(origin)
                .or_insert_with(|| url.into_owned());
        }
        let mark = link_mark(&Redacted(&wanted.link.url).to_string());
        if self.marks.contains(&mark) {
            let links = self.links.entry(mark).or_default();
            // A link that is given twice is kept once for each set of options, as in a run.
            if links.iter().all(|known| !known.is_same(&wanted)) {
                links.push(wanted);
            }
        }
    }

    /// Returns one link of each host that the user has named.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &Url> {
        self.origins.values()
    }

    /// Returns the links with this displayed form: several if they differ only in secrets or in options.
    pub(super) fn find(&self, shown: &str) -> &[Wanted] {
        let found = self.links.get(&link_mark(shown));
        found.map_or(&[], Vec::as_slice)
    }

    /// Returns the link with this displayed form and these options; else one whose naming options match; else the
    /// first.
    pub(super) fn find_as(&self, shown: &str, held: Option<&LinkOptions>) -> Option<&Wanted> {
        let links = self.find(shown);
        let naming = |own: Option<&LinkOptions>| LinkOptions::naming(own, shown);
        let whole = |own: Option<&LinkOptions>| own.map(LinkOptions::to_json);
        let with = |is_it: &dyn Fn(Option<&LinkOptions>) -> bool| {
            links.iter().find(|wanted| is_it(wanted.options.as_deref()))
        };
        with(&|own| whole(own) == whole(held))
            .or_else(|| with(&|own| naming(own) == naming(held)))
            .or_else(|| links.first())
    }
}

/// Returns the URL that a link leads to, without a `source:` prefix.
pub(super) fn behind(url: &Url) -> Cow<'_, Url> {
    let rest = url.as_str().split_once(':').map_or("", |(_, rest)| rest);
    match Url::parse(rest) {
        Ok(inner) if inner.has_host() => Cow::Owned(inner),
        _ => Cow::Borrowed(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(url: &str) -> Wanted {
        Wanted {
            link: url.parse::<Url>().unwrap().into(),
            options: None,
        }
    }

    #[test]
    fn links_are_found_by_their_options() {
        let url = "https://a.test/x";
        let own = |directory: &str, items: &str| LinkOptions {
            link: Some(url.into()),
            directory: Some(directory.parse().unwrap()),
            items: Some(items.parse().unwrap()),
            ..LinkOptions::default()
        };
        let mut given = Given::new([link_mark(url)].into());
        for (directory, items) in [("best", "1"), ("rest", "2"), ("rest", "3"), ("rest", "3")] {
            given.add(Wanted {
                options: Some(own(directory, items).into()),
                ..wanted(url)
            });
        }
        assert_eq!(given.find(url).len(), 3);
        let found = |held: LinkOptions| {
            let found = given.find_as(url, Some(&held)).unwrap();
            found
                .options
                .as_ref()
                .unwrap()
                .items
                .clone()
                .unwrap()
                .to_string()
        };
        assert_eq!(found(own("rest", "3")), "3");
        assert_eq!(found(own("rest", "7")), "2");
        assert_eq!(found(own("gone", "7")), "1");
    }

    #[test]
    fn links_are_found_by_how_they_are_shown() {
        let shown = Redacted(&"https://a.test/x?sig=1".parse().unwrap()).to_string();
        let marks = [shown.as_str(), "https://b.test/"].map(link_mark);
        let mut given = Given::new(marks.into());
        for url in [
            "https://a.test/x?sig=1",
            "https://a.test/x?sig=2",
            "https://a.test/x?sig=1",
            "https://b.test/",
            "https://c.test/",
            "https://c.test/more",
            "imgur:https://d.test/",
            "imgur:xyz",
        ] {
            given.add(wanted(url));
        }
        let found = |url: &str| -> Vec<_> {
            let links = given.find(url).iter();
            links
                .map(|wanted| wanted.link.url.as_str().to_owned())
                .collect()
        };
        let both = ["https://a.test/x?sig=1", "https://a.test/x?sig=2"];
        assert_eq!(found(&shown), both);
        assert_eq!(found("https://b.test/"), ["https://b.test/"]);
        assert_eq!(found("https://c.test/"), [""; 0]);
        let mut hosts: Vec<_> = given.hosts().filter_map(Url::host_str).collect();
        hosts.sort_unstable();
        assert_eq!(hosts, ["a.test", "b.test", "c.test", "d.test"]);
    }
}
