//! Families of sites: one script for many hosts, which are listed in the manifest and in the user's settings.

use url::{Origin, Url};

use super::manifest::{Manifest, RouteSpec};
use super::options::to_site_url;
use crate::model::{Link, Result};
use crate::source::{Route, Target};

/// The placeholder in a pattern for each host of the family.
const SITE: &str = "{site}";

/// Checks whether a pattern applies to each host of the family.
pub(super) fn is_for_all(pattern: &str) -> bool {
    pattern
        .strip_prefix(SITE)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns a plugin's routes; those for all sites once for each of these hosts.
pub(super) fn routes(manifest: &Manifest, sites: &[String]) -> Result<Vec<Route>> {
    let mut routes = Vec::new();
    for spec in &manifest.routes {
        match is_for_all(&spec.pattern) {
            true => {
                for site in sites {
                    routes.push(at(spec, site)?);
                }
            }
            false => routes.push(Route::new(&spec.name, &spec.pattern, &spec.example)?),
        }
    }
    Ok(routes)
}

fn at(spec: &RouteSpec, site: &str) -> Result<Route> {
    // In the form in which hosts are compared.
    let site = plain(site).unwrap_or(site);
    let pattern = spec.pattern.replacen(SITE, site, 1);
    Route::new(&spec.name, &pattern, &spec.example)
}

/// For `ID:https://HOST/…`, returns the target for the link after the colon. Routes for all sites also apply to its
/// host; where none matches, only the link of the target changes.
pub(super) fn named(manifest: &Manifest, target: &Target) -> Option<Target> {
    if !manifest.permissions.named_host || target.link.url.scheme() != manifest.id {
        return None;
    }
    let url = behind(&target.link.url)?;
    let host = url.host_str()?.to_owned();
    // A host that cannot be part of a pattern has no routes.
    let routes = routes(manifest, &[host]).unwrap_or_default();
    let fits = routes
        .iter()
        .find_map(|route| Some((route.name.clone(), route.pattern.matches(&url)?)));
    let link = Link {
        url,
        meta: target.link.meta.clone(),
    };
    let mut target = Target {
        link,
        ..target.clone()
    };
    if let Some((route, params)) = fits {
        (target.route, target.params) = (route, params);
    }
    Some(target)
}

/// For `ID:https://HOST/…`, matches the link after the colon against these routes. A link to a site that the user has
/// set counts as one to the site it stands in for.
pub(super) fn by_route(
    routes: &[Route],
    target: &Target,
    stand_ins: &[(Origin, Url)],
) -> Option<Target> {
    if matches!(target.link.url.scheme(), "http" | "https") {
        return None;
    }
    let url = behind(&target.link.url)?;
    let is_at = to_site_url(url.clone(), stand_ins);
    let (route, params) = routes
        .iter()
        .find_map(|route| Some((route.name.clone(), route.pattern.matches(&is_at)?)))?;
    let meta = target.link.meta.clone();
    Some(Target {
        link: Link { url, meta },
        route,
        params,
        ..target.clone()
    })
}

/// Returns the page named after the colon of a link.
fn behind(link: &Url) -> Option<Url> {
    let (_, behind) = link.as_str().split_once(':')?;
    let url = Url::parse(behind).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// Returns the site that a link belongs to: its host, or, if that is one of these sites with a `www.` or `m.` in front,
/// that site.
pub(super) fn site<'a>(mut sites: impl Iterator<Item = &'a String>, url: &'a Url) -> &'a str {
    let host = url.host_str().unwrap_or("");
    plain(host)
        .filter(|plain| sites.any(|site| site == plain))
        .unwrap_or(host)
}

/// Returns a host without its leading `www.` or `m.`, if it has one.
fn plain(host: &str) -> Option<&str> {
    host.strip_prefix("www.")
        .or_else(|| host.strip_prefix("m."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_another_only_where_that_is_a_site() {
        let sites = ["a.test".to_owned(), "m.b.test".to_owned()];
        let table = [
            ("https://a.test/", "a.test"),
            ("https://m.a.test/", "a.test"),
            ("https://www.a.test/", "a.test"),
            ("https://x.a.test/", "x.a.test"),
            ("https://m.b.test/", "m.b.test"),
            ("https://www.b.test/", "www.b.test"),
            ("https://m.c.test/", "m.c.test"),
            ("mine:@tom", ""),
        ];
        for (url, expected) in table {
            let link = Url::parse(url).unwrap();
            assert_eq!(site(sites.iter(), &link), expected, "{url}");
        }
    }

    #[test]
    fn a_host_that_is_named_is_a_site_as_others() {
        let text = "manifest = 1\nid = 'mine'\nabout = 'x'\nversion = '1'\napi = 1\nsites = ['a.test', 'b.test']\n\
            permissions = { request = [], named_host = true }\n\
            [[route]]\nname = 'one'\npattern = '{site}/@{user}'\nexample = 'https://a.test/@u'\n";
        let manifest = Manifest::read("mine", text).unwrap();
        let hosts: Vec<_> = routes(&manifest, &manifest.sites.0).unwrap();
        let hosts: Vec<_> = hosts
            .iter()
            .map(|route| route.pattern.to_string())
            .collect();
        assert_eq!(hosts, ["a.test/@{user}", "b.test/@{user}"]);
        let of = |link: &str| {
            let target = Target {
                link: Url::parse(link).unwrap().into(),
                route: "id".into(),
                params: [("id".to_owned(), "all of it".to_owned())].into(),
                resume: None,
                validator: None,
                terms: None,
                handed: false,
            };
            let target = named(&manifest, &target)?;
            let params = target.params.into_values().collect::<Vec<_>>().join(" ");
            Some(format!("{} {params} {}", target.route, target.link.url))
        };
        let table = [
            (
                "mine:https://c.test/@tom?x=1#y",
                Some("one tom https://c.test/@tom?x=1#y"),
            ),
            (
                "mine:https://m.c.test/@tom",
                Some("one tom https://m.c.test/@tom"),
            ),
            (
                "mine:https://c.test/other",
                Some("id all of it https://c.test/other"),
            ),
            (
                "mine:http://127.0.0.1:8/@tom",
                Some("one tom http://127.0.0.1:8/@tom"),
            ),
            ("mine:http://[::1]/@tom", Some("one tom http://[::1]/@tom")),
            ("mine:https:///", None),
            ("mine:ftp://c.test/@tom", None),
            ("mine:@tom", None),
            ("other:https://c.test/@tom", None),
            ("https://a.test/@tom", None),
        ];
        for (link, expected) in table {
            assert_eq!(of(link).as_deref(), expected, "{link}");
        }
    }

    #[test]
    fn a_link_behind_a_name_is_that_of_a_route_also_at_a_site_of_the_users() {
        let route = |name, pattern| Route::new(name, pattern, "https://a.test/x/1").unwrap();
        let routes = [
            route("one", "a.test/x/{id:digits}"),
            route("all", "b.test/{rest...}"),
        ];
        let at = |site: &str| Url::parse(site).unwrap();
        let stand_ins = [(at("http://127.0.0.1:8").origin(), at("https://a.test"))];
        let of = |link: &str| {
            let target = Target {
                link: at(link).into(),
                route: "id".into(),
                params: Default::default(),
                resume: None,
                validator: None,
                terms: None,
                handed: false,
            };
            let target = by_route(&routes, &target, &stand_ins)?;
            let params = target.params.into_values().collect::<Vec<_>>().join(" ");
            Some(format!("{} {params} {}", target.route, target.link.url))
        };
        let table = [
            ("mine:https://a.test/x/7", Some("one 7 https://a.test/x/7")),
            ("mine:http://b.test/y", Some("all y http://b.test/y")),
            (
                "mine:http://127.0.0.1:8/x/7?q",
                Some("one 7 http://127.0.0.1:8/x/7?q"),
            ),
            // Another port is another site.
            ("mine:http://127.0.0.1:9/x/7", None),
            ("mine:https://127.0.0.1:8/x/7", None),
            ("mine:http://127.0.0.1:8/y", None),
            ("mine:https://c.test/x/7", None),
            ("mine:ftp://a.test/x/7", None),
            ("mine:7", None),
            ("https://a.test/x/7", None),
        ];
        for (link, expected) in table {
            assert_eq!(of(link).as_deref(), expected, "{link}");
        }
    }
}
