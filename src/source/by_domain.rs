//! Narrows down the routes that can match a link: there are hundreds, of which a host has only a few.

use std::collections::HashMap;
use std::sync::Arc;

use super::Source;
use super::route::Address;

/// The index of a source in the registry, and of one of its routes in the manifest.
type RouteIndex = (usize, usize);

/// The routes by the last two labels of their hosts, each list in the order in which sources are asked.
#[derive(Debug)]
pub(super) struct ByDomain {
    lists: HashMap<String, Vec<RouteIndex>>,
    /// Routes whose hosts may have any ending; they are in all lists.
    any_host: Vec<RouteIndex>,
}

impl ByDomain {
    pub(super) fn new(sources: &[Arc<dyn Source>]) -> ByDomain {
        let mut lists: HashMap<String, Vec<RouteIndex>> = HashMap::new();
        let mut any_host = Vec::new();
        for (index, source) in sources.iter().enumerate() {
            for (route, known) in source.manifest().routes.iter().enumerate() {
                match known.pattern.domain() {
                    Some(domain) => lists.entry(domain.to_owned()).or_default(),
                    None => &mut any_host,
                }
                .push((index, route));
            }
        }
        for list in lists.values_mut() {
            list.extend(&any_host);
            list.sort_unstable();
        }
        ByDomain { lists, any_host }
    }

    /// Returns the routes to try, in order.
    pub(super) fn candidates(&self, url: &Address<'_>) -> impl Iterator<Item = RouteIndex> {
        let list = url.domain().and_then(|domain| self.lists.get(domain));
        list.unwrap_or(&self.any_host).iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use url::Url;

    use super::*;
    use crate::model::{Link, Result};
    use crate::source::{Ctx, Manifest, Outlet, Registry, Route, Target};

    struct Known(Manifest);

    #[async_trait]
    impl Source for Known {
        fn manifest(&self) -> &Manifest {
            &self.0
        }

        async fn list(&self, _: &Ctx, _: &Target, _: &Outlet) -> Result<()> {
            Ok(())
        }
    }

    fn known(name: &str, patterns: &[&str]) -> Known {
        let route = |pattern: &&str| Route::new(pattern, pattern, "https://example.com/").unwrap();
        Known(Manifest {
            name: name.into(),
            about: "a test".into(),
            routes: patterns.iter().map(route).collect(),
        })
    }

    #[test]
    fn finds_what_trying_every_route_in_turn_finds() {
        let sources = [
            known("first", &["a.example.org/x/{id}", "first:{rest}"]),
            known(
                "wide",
                &["{host...}/x/{id}", "{site}/y/{id}", "{site}.org/z"],
            ),
            known(
                "last",
                &[
                    "{user}.example.org/{page}",
                    "localhost/{page}",
                    "example.org/{page...}",
                ],
            ),
        ];
        let patterns: Vec<_> = sources
            .iter()
            .flat_map(|source| source.0.routes.clone())
            .collect();
        let mut registry = Registry::new();
        sources.into_iter().for_each(|source| registry.add(source));
        let mut found = std::collections::HashSet::new();
        for link in [
            "https://a.example.org/x/1",
            "https://www.a.example.org/x/1",
            "https://b.example.org/x/1",
            "https://b.example.org/p",
            "https://example.org/p/q",
            "https://m.example.org/",
            "https://example.org/x/1",
            "http://localhost/p",
            "http://localhost/y/1",
            "https://example.org/y/1",
            "https://other.org/z",
            "https://[::1]/x/1",
            "https://127.0.0.1/none",
            "ftp://a.example.org/x/1",
        ] {
            let url = Url::parse(link).unwrap();
            let by_trying = patterns
                .iter()
                .find(|route| route.pattern.matches(&url).is_some())
                .map(|route| route.name.clone());
            let by_domain = registry.find(&Link::from(url)).ok();
            let by_domain = by_domain.map(|(_, target)| target.route);
            assert_eq!(by_domain, by_trying, "{link}");
            found.extend(by_domain);
        }
        assert_eq!(found.len(), 7, "{found:?}");
    }
}
