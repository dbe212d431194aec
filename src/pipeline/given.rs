//! Links as the user gives them now, so that what failed once is asked for with what is not remembered of them, or has
//! changed since.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use url::{Origin, Url};

use super::Wanted;
use super::archive::link_mark;
use crate::net::Shown;

/// Links as the user gives them now, with their secrets and with what holds for them alone.
#[derive(Debug, Default)]
pub struct Given {
    /// The marks of those that are looked for.
    marks: HashSet<i64>,
    links: HashMap<i64, Vec<Wanted>>,
    origins: HashMap<Origin, Url>,
}

impl Given {
    /// Room for the links with these marks, which [`Records::marks`](super::archive::Records::marks) has. Of others, it is
    /// only kept that the user knows their hosts.
    pub fn new(marks: HashSet<i64>) -> Given {
        Given {
            marks,
            ..Given::default()
        }
    }

    /// Takes a link.
    pub fn add(&mut self, wanted: Wanted) {
        let url = behind(&wanted.link.url);
        let origin = url.origin();
        if origin.is_tuple() {
            self.origins
                .entry(origin)
                .or_insert_with(|| url.into_owned());
        }
        let mark = link_mark(&Shown(&wanted.link.url).to_string());
        if self.marks.contains(&mark) {
            let links = self.links.entry(mark).or_default();
            // Of one that is given twice, the first counts, as in a run.
            if links.iter().all(|known| known.link.url != wanted.link.url) {
                links.push(wanted);
            }
        }
    }

    /// One link of each host that the user has named.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &Url> {
        self.origins.values()
    }

    /// The links that are shown so: several, if they differ in secrets alone.
    pub(super) fn find(&self, shown: &str) -> &[Wanted] {
        let found = self.links.get(&link_mark(shown));
        found.map_or(&[], Vec::as_slice)
    }
}

/// The URL that a link leads to, which may stand behind `source:`.
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
    fn links_are_found_by_how_they_are_shown() {
        let shown = Shown(&"https://a.test/x?sig=1".parse().unwrap()).to_string();
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
