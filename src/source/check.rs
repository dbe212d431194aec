//! The contract of sources, as a check that anybody can run on their own registry.

use std::collections::HashSet;

use url::Url;

use super::Registry;
use crate::model::Link;

/// A source that violates the contract, and how.
pub type Violation = String;

/// Checks every source of a registry against the contract; an empty result means that there are no violations.
///
/// Names are unique lower-case words. Every source has a one-line description and a route. Every route has an example, and
/// in this registry that route is the first to match it. Only the last source may claim `https://example.com/`.
pub fn check(registry: &Registry) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut names = HashSet::new();
    let count = registry.sources().count();
    for (index, source) in registry.sources().enumerate() {
        let manifest = source.manifest();
        let name = &manifest.name;
        let mut wrong = |what: String| violations.push(format!("source `{name}`: {what}"));
        if !names.insert(name.clone()) {
            wrong("another source has this name".into());
        }
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(plain) {
            wrong("the name is not a lower-case word".into());
        }
        if manifest.about.is_empty() || manifest.about.contains('\n') {
            wrong("`about` is not one line".into());
        }
        if manifest.routes.is_empty() {
            wrong("it has no route".into());
        }
        let is_catch_all = index + 1 == count;
        if let Ok(example) = Url::parse("https://example.com/")
            && !is_catch_all
            && manifest
                .routes
                .iter()
                .any(|route| route.pattern.matches(&example).is_some())
        {
            wrong("it claims `https://example.com/`".into());
        }
        for route in &manifest.routes {
            let example = &route.example;
            let Ok(url) = Url::parse(example) else {
                wrong(format!("the example `{example}` is not a URL"));
                continue;
            };
            match registry.find(&Link::from(url.clone())) {
                Ok((found, target)) if found.manifest().name != *name => {
                    wrong(format!(
                        "`{example}` goes to `{}`, route `{}`",
                        found.manifest().name,
                        target.route
                    ));
                }
                Ok((_, target)) if target.route != route.name => {
                    wrong(format!(
                        "`{example}` is taken by route `{}` before `{}`",
                        target.route, route.name
                    ));
                }
                Ok(_) => {}
                Err(_) if route.pattern.matches(&url).is_none() => {
                    let (name, pattern) = (&route.name, &route.pattern);
                    wrong(format!(
                        "the example of route `{name}`, `{example}`, does not match `{pattern}`; variable parts are written as `{{id}}`"
                    ));
                }
                Err(error) => wrong(format!("`{example}`: {error}")),
            }
        }
    }
    violations
}
