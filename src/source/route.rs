//! Routes: patterns that tie links to a source.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use url::Url;

use crate::model::{Error, Kind, Link, Result};

/// A pattern with a name that the source matches on, and an example that serves as a test.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The kind of link, for the source: `album`. Several routes may share it.
    pub name: String,
    /// Which links match.
    pub pattern: Pattern,
    /// A link that this route is the first to match.
    pub example: String,
}

impl Route {
    /// Creates a route.
    ///
    /// # Errors
    /// [`Kind::Config`] if the pattern is invalid.
    pub fn new(name: &str, pattern: &str, example: &str) -> Result<Route> {
        Ok(Route {
            name: name.into(),
            pattern: pattern.parse()?,
            example: example.into(),
        })
    }
}

/// A link template such as `imgur.com/a/{id}`.
///
/// `{name}` matches a whole label of the host or a whole segment of the path, `@{name}` a segment that begins with `@`,
/// `{name:digits}` one of digits only, and `{name...}` all that remain, possibly none.
/// Hosts are compared ignoring case and a leading `www.` or `m.`; a trailing slash, the query and the fragment are ignored.
/// `source:{rest}` matches links of that scheme.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    text: String,
    scheme: Option<String>,
    host: Vec<Part>,
    /// The labels that every matching host ends with.
    host_end: String,
    path: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Literal(String),
    One(String),
    /// A literal prefix, and the name of the rest.
    Prefixed(String, String),
    Digits(String),
    Rest(String),
}

/// A URL split into the parts that patterns match, once for all patterns.
pub(super) struct Address<'a> {
    scheme: &'a str,
    /// The host without the parts that are ignored.
    host: String,
    segments: Vec<Cow<'a, str>>,
}

impl<'a> Address<'a> {
    pub(super) fn new(url: &'a Url) -> Address<'a> {
        let decode = |segment| percent_encoding::percent_decode_str(segment).decode_utf8_lossy();
        let (scheme, path) = (url.scheme(), url.path());
        let segments = match scheme {
            "http" | "https" => {
                let segments = path.split('/').filter(|segment| !segment.is_empty());
                segments.map(decode).collect()
            }
            _ => path.split('/').map(decode).collect(),
        };
        Address {
            scheme,
            host: plain_host(url),
            segments,
        }
    }

    /// Returns the last two labels of the host of a web page.
    pub(super) fn domain(&self) -> Option<&str> {
        matches!(self.scheme, "http" | "https").then(|| last_two(&self.host))?
    }

    fn labels(&self) -> impl Iterator<Item = &str> {
        self.host.split('.')
    }

    fn segments(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().map(Cow::as_ref)
    }
}

impl Pattern {
    /// Returns the values of the placeholders if this URL matches.
    pub fn matches(&self, url: &Url) -> Option<BTreeMap<String, String>> {
        self.matches_address(&Address::new(url))
    }

    /// Checks whether links of every host can match.
    pub fn takes_any_host(&self) -> bool {
        matches!(self.host.as_slice(), [Part::Rest(_)])
    }

    /// Returns the last two labels of every matching host, if they are known.
    pub(super) fn domain(&self) -> Option<&str> {
        last_two(&self.host_end)
    }

    /// Matches the address of a link. Returns the parameters.
    pub(super) fn matches_address(&self, url: &Address<'_>) -> Option<BTreeMap<String, String>> {
        let is_host = match &self.scheme {
            Some(scheme) => url.scheme == scheme,
            None => matches!(url.scheme, "http" | "https") && fits(&self.host, url.labels()),
        };
        if !is_host || !fits(&self.path, url.segments()) {
            return None;
        }
        let mut params = BTreeMap::new();
        capture(&self.host, url.labels(), ".", &mut params);
        capture(&self.path, url.segments(), "/", &mut params);
        Some(params)
    }
}

impl std::str::FromStr for Pattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Pattern> {
        let wrong = |why: &str| {
            Error::new(
                Kind::Config,
                format!("cannot read the route `{text}`: {why}"),
            )
        };
        let parts = |text: &str, separator: char| -> Result<Vec<Part>> {
            text.split(separator)
                .filter(|part| !part.is_empty())
                .map(|part| read_part(part).map_err(wrong))
                .collect()
        };
        let (scheme, host, path) = match text.split_once(":{") {
            Some((scheme, rest)) => (
                Some(scheme.to_owned()),
                Vec::new(),
                parts(&format!("{{{rest}"), '/')?,
            ),
            None => {
                let (host, path) = text.split_once('/').unwrap_or((text, ""));
                // The dots of `{name...}` do not separate labels.
                match host
                    .strip_suffix("...}")
                    .map(|host| host.trim_start_matches('{'))
                {
                    Some(name) => (None, vec![Part::Rest(name.to_owned())], parts(path, '/')?),
                    None => (None, parts(host, '.')?, parts(path, '/')?),
                }
            }
        };
        if scheme.is_none() && host.is_empty() {
            return Err(wrong("it has no host"));
        }
        let all = || host.iter().chain(&path);
        if path
            .iter()
            .rev()
            .skip(1)
            .any(|part| matches!(part, Part::Rest(_)))
        {
            return Err(wrong("`...` must come last"));
        }
        let mut names: Vec<&str> = all().filter_map(Part::name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        if names.len() != count {
            return Err(wrong("a name occurs twice"));
        }
        Ok(Pattern {
            text: text.to_owned(),
            scheme,
            host_end: literal_end(&host),
            host,
            path,
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Part {
    fn name(&self) -> Option<&str> {
        match self {
            Part::Literal(_) => None,
            Part::One(name) | Part::Prefixed(_, name) | Part::Digits(name) | Part::Rest(name) => {
                Some(name)
            }
        }
    }
}

/// A link together with the route that it matched.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The link.
    pub link: Link,
    /// The name of the route.
    pub route: String,
    /// The values of the route's placeholders, percent-decoded.
    pub params: BTreeMap<String, String>,
    /// Where an earlier listing of this link stopped, as given to [`super::Outlet::checkpoint`]. A source that sets no
    /// checkpoints never gets one.
    pub resume: Option<String>,
    /// What was given to [`super::Outlet::validator`] when the link was last listed, if the source may report that the
    /// listing has not changed instead of listing it.
    pub validator: Option<String>,
    /// What was given to [`super::Outlet::terms`] when the link was last listed, if that failed and is retried.
    pub terms: Option<String>,
    /// Whether another listing has passed it on. Otherwise the user gave it, or it is a response to a link of the user's.
    pub handed: bool,
}

impl Target {
    /// Creates a target for a link of the user's that was not listed before.
    pub fn new(link: &Link, route: &str, params: BTreeMap<String, String>) -> Target {
        Target {
            link: link.clone(),
            route: route.to_owned(),
            params,
            resume: None,
            validator: None,
            terms: None,
            handed: false,
        }
    }

    /// Returns the value of a placeholder, empty if the route has none of that name.
    pub fn param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    /// Returns the first value of a query parameter.
    pub fn query(&self, name: &str) -> Option<String> {
        self.link
            .url
            .query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// Returns the host in lower case, without the `www.` or `m.` that leads to the same site.
fn plain_host(url: &Url) -> String {
    // The URL parser has already made it lower case.
    let host = url.host_str().unwrap_or("").trim_end_matches('.');
    let host = host
        .strip_prefix("www.")
        .or_else(|| host.strip_prefix("m."))
        .unwrap_or(host);
    host.to_owned()
}

fn last_two(host: &str) -> Option<&str> {
    let (rest, _) = host.rsplit_once('.')?;
    let start = rest.rfind('.').map_or(0, |dot| dot + 1);
    Some(&host[start..])
}

/// Returns the literal labels at the end of a host pattern.
fn literal_end(host: &[Part]) -> String {
    let labels = host.iter().rev().map_while(|part| match part {
        Part::Literal(label) => Some(label.as_str()),
        _ => None,
    });
    let mut labels: Vec<&str> = labels.collect();
    labels.reverse();
    labels.join(".")
}

fn read_part(text: &str) -> Result<Part, &'static str> {
    let Some((start, inner)) = text.split_once('{') else {
        return match text.contains('}') {
            false => Ok(Part::Literal(text.to_owned())),
            true => Err("a placeholder must be at the end of a segment"),
        };
    };
    let name = inner
        .strip_suffix('}')
        .ok_or("a placeholder must be at the end of a segment")?;
    let (name, part): (_, fn(String) -> Part) =
        match (name.strip_suffix("..."), name.strip_suffix(":digits")) {
            (Some(name), _) => (name, Part::Rest),
            (_, Some(name)) => (name, Part::Digits),
            _ => (name, Part::One),
        };
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err("the name of a placeholder must be a word");
    }
    match (start, part(name.to_owned())) {
        ("", part) => Ok(part),
        (start, Part::One(name)) => Ok(Part::Prefixed(start.to_owned(), name)),
        _ => Err("a placeholder with a prefix takes neither `:digits` nor `...`"),
    }
}

fn fits<'a>(parts: &[Part], mut values: impl Iterator<Item = &'a str>) -> bool {
    for part in parts {
        let fits = match part {
            Part::Rest(_) => return true,
            Part::One(_) => values.next().is_some_and(|value| !value.is_empty()),
            Part::Prefixed(start, _) => values.next().is_some_and(|value| {
                value
                    .strip_prefix(start)
                    .is_some_and(|rest| !rest.is_empty())
            }),
            Part::Digits(_) => values.next().is_some_and(|value| {
                !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit())
            }),
            Part::Literal(literal) => values.next().is_some_and(|value| value == literal),
        };
        if !fits {
            return false;
        }
    }
    values.next().is_none()
}

/// Stores the values of the placeholders, given values that match.
fn capture<'a>(
    parts: &[Part],
    mut values: impl Iterator<Item = &'a str>,
    separator: &str,
    params: &mut BTreeMap<String, String>,
) {
    for part in parts {
        match part {
            Part::Rest(name) => {
                let rest: Vec<&str> = values.by_ref().collect();
                params.insert(name.clone(), rest.join(separator));
            }
            Part::One(name) | Part::Digits(name) => {
                let value = values.next().unwrap_or_default();
                params.insert(name.clone(), value.to_owned());
            }
            Part::Prefixed(start, name) => {
                let value = values.next().unwrap_or_default();
                let rest = value.strip_prefix(start).unwrap_or_default();
                params.insert(name.clone(), rest.to_owned());
            }
            Part::Literal(_) => drop(values.next()),
        }
    }
}

#[cfg(test)]
mod tests;
