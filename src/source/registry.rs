//! The sources of a run, and which of them recognises a link.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::sync::{Arc, OnceLock};

use url::{Host, ParseError, Url};

use super::by_domain::ByDomain;
use super::route::Address;
use super::typed::{explain_start, redacted};
use super::{Source, Target, nearest, scheme};
use crate::model::{Document, Error, Kind, Link, Result};
use crate::net::Redacted;

/// Sources in the order in which they are asked.
#[derive(Clone, Default)]
pub struct Registry {
    sources: Vec<Arc<dyn Source>>,
    unusable: Vec<(String, Arc<Error>)>,
    /// Built when the first link comes, and again after a source is added.
    by_domain: OnceLock<Arc<ByDomain>>,
}

impl Registry {
    /// Creates a registry without sources.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a source to be asked after all others.
    pub fn add(&mut self, source: impl Source + 'static) {
        self.sources.push(Arc::new(source));
        self.by_domain = OnceLock::new();
    }

    /// Adds a source to be asked before all others.
    pub fn prefer(&mut self, source: impl Source + 'static) {
        self.sources.insert(0, Arc::new(source));
        self.by_domain = OnceLock::new();
    }

    /// Records that the source of this name cannot be used, and why. The others can.
    pub fn mark_unusable(&mut self, name: impl Into<String>, error: Error) {
        self.unusable.push((name.into(), Arc::new(error)));
    }

    /// Returns the names of the sources that cannot be used, and why.
    pub fn unusable(&self) -> impl Iterator<Item = (&str, &Error)> {
        self.unusable
            .iter()
            .map(|(name, error)| (name.as_str(), error.as_ref()))
    }

    /// Returns the sources, in the order in which they are asked.
    pub fn sources(&self) -> impl Iterator<Item = &Arc<dyn Source>> {
        self.sources.iter()
    }

    /// Returns the source of this name.
    ///
    /// # Errors
    /// [`Kind::Config`], with the known names, if there is none.
    pub fn source(&self, name: &str) -> Result<&Arc<dyn Source>> {
        self.sources
            .iter()
            .find(|source| source.manifest().name == name)
            .ok_or_else(|| {
                let message = format!("no source is called `{name}`");
                let known: Vec<_> = self.typed().collect();
                Error::new(Kind::Config, message).hint(match nearest(name, &known) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("the known ones are `{}`", known.join("`, `")),
                })
            })
    }

    /// Returns the names that can be typed before an id. A source without routes, which only lists what other code
    /// passes to it, has none.
    fn typed(&self) -> impl Iterator<Item = &str> {
        let manifests = self.sources.iter().map(|source| source.manifest());
        let typed = manifests.filter(|manifest| !manifest.routes.is_empty());
        typed.map(|manifest| manifest.name.as_str())
    }

    /// Returns the first source that reads documents of this kind.
    pub fn reader(&self, document: Document) -> Option<&Arc<dyn Source>> {
        self.sources.iter().find(|source| source.reads(document))
    }

    /// Returns the first source with a route that matches this link, and the values of the route's placeholders.
    ///
    /// # Errors
    /// [`Kind::Unsupported`] if there is none.
    pub fn find(&self, link: &Link) -> Result<(Arc<dyn Source>, Target)> {
        let scheme = link.url.scheme();
        // `http` and `https` never name a source, even if one has such a name: it would take every link.
        let is_page = matches!(scheme, "http" | "https");
        let is_named = |source: &&Arc<dyn Source>| !is_page && source.manifest().name == scheme;
        if let Some(source) = self.sources.iter().find(is_named) {
            let params = BTreeMap::from([("id".to_owned(), link.url.path().to_owned())]);
            return Ok((source.clone(), Target::new(link, "id", params)));
        }
        let address = Address::new(&link.url);
        let by_domain = self
            .by_domain
            .get_or_init(|| Arc::new(ByDomain::new(&self.sources)));
        for (source, route) in by_domain.candidates(&address) {
            let source = &self.sources[source];
            let route = &source.manifest().routes[route];
            if let Some(params) = route.pattern.matches_address(&address) {
                let target = Target::new(link, &route.name, params);
                return Ok((source.clone(), target));
            }
        }
        Err(self.unknown(&Redacted(&link.url).to_string(), link.url.scheme()))
    }

    /// Checks whether the source of a particular site knows this URL, as opposed to one that takes whatever is left.
    pub fn is_of_site(&self, url: &Url) -> bool {
        let Ok((source, target)) = self.find(&Link::from(url.clone())) else {
            return false;
        };
        let mut routes = source.manifest().routes.iter();
        !routes.any(|known| known.name == target.route && known.pattern.takes_any_host())
    }

    /// Checks whether a URL that is of no particular site was redirected to one that is.
    pub(crate) fn leads_to_site(&self, url: &Url, final_url: &Url) -> bool {
        url != final_url && !self.is_of_site(url) && self.is_of_site(final_url)
    }

    /// Returns the error for a link with this scheme that no source recognises.
    fn unknown(&self, shown: &str, scheme: &str) -> Error {
        let error = Error::new(Kind::Unsupported, format!("no source recognises `{shown}`"));
        if matches!(scheme, "http" | "https") {
            return error.hint("`fetch sources` lists the supported sites");
        }
        if let Some(meant) = scheme::corrected(scheme) {
            return error.hint(format!("did you mean `{meant}://`?"));
        }
        let known: Vec<_> = self.typed().map(|name| format!("`{name}:`")).collect();
        error.hint(format!(
            "`{scheme}:` is not supported; the supported ones are http, https and {}",
            known.join(", ")
        ))
    }

    /// Parses a link as a person types it: a URL, a URL without its scheme, `source:rest`, or a word that exactly one
    /// source claims as its id.
    ///
    /// # Errors
    /// [`Kind::Config`] if it is none of these, [`Kind::Unsupported`] for an address that does not lead to a page.
    pub fn parse_link(&self, text: &str) -> Result<Link> {
        let text = text.trim();
        // The delimiters of URLs in text (RFC 3986, appendix C).
        let within = text
            .strip_prefix('<')
            .and_then(|text| text.strip_suffix('>'));
        let text = within.map_or(text, str::trim);
        let wrong = |why: &str| not_a_link(text, why);
        if text.is_empty() {
            return Err(wrong("it is empty"));
        }
        if text.starts_with("//") {
            return Url::parse(&format!("https:{text}"))
                .map(Link::from)
                .map_err(|error| wrong(&error.to_string()));
        }
        if ["/", "./", "../", "~/"]
            .iter()
            .any(|start| text.starts_with(start))
        {
            return Err(wrong("it is a path").hint("`fetch -i FILE` reads the links of a list"));
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            let is_page = ["http", "https"]
                .iter()
                .any(|page| scheme.eq_ignore_ascii_case(page));
            // A URL parser would take the first segment of the path for the host.
            if is_page && rest.starts_with(['/', '\\']) {
                return Err(wrong("it has no host"));
            }
            return Url::parse(text)
                .map(Link::from)
                .map_err(|error| match error {
                    ParseError::RelativeUrlWithoutBase => wrong(&explain_start(text)),
                    error => wrong(&error.to_string()),
                });
        }
        if text.parse::<Ipv6Addr>().is_ok() {
            return Err(wrong("an IPv6 address needs brackets").hint(format!("write `[{text}]`")));
        }
        if let Some((name, rest)) = text.split_once(':')
            && let Some(link) = self.link_after_colon(text, name, rest)
        {
            return link;
        }
        if !text.contains(['.', '/', ':']) && text != "localhost" {
            return self.claimed_link(text);
        }
        // `1.`, from a list with numbered lines, would be the address 0.0.0.1.
        let number = text.strip_suffix('.').unwrap_or("");
        if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong("a number is not a host"));
        }
        match Url::parse(&format!("https://{text}")) {
            Ok(url) if url.host_str().is_some_and(|host| host.contains('=')) => {
                Err(wrong("a host name cannot contain `=`"))
            }
            Ok(url) if url.host().is_some_and(is_full_host) => Ok(Link::from(url)),
            Ok(_) => Err(wrong("it has no host")),
            Err(error) => Err(wrong(&error.to_string())),
        }
    }

    /// Parses `source:rest`; `None` if what precedes the colon is a host or user.
    fn link_after_colon(&self, text: &str, name: &str, rest: &str) -> Option<Result<Link>> {
        let wrong = |why: &str| not_a_link(text, why);
        if scheme::is_slashless(name) && self.source(name).is_err() {
            let shown = redacted(text);
            return Some(Err(Error {
                link: Some(shown.clone()),
                ..self.unknown(&shown, &name.to_ascii_lowercase())
            }));
        }
        // A host with a port, or a user with a password, is not a source with an id.
        let is_host = name.contains(['.', '/', '['])
            || name.eq_ignore_ascii_case("localhost")
            || rest.contains('@');
        match self.source(name) {
            Ok(_) => Some(
                Url::parse(text)
                    .map(Link::from)
                    .map_err(|error| wrong(&error.to_string())),
            ),
            Err(_) if matches!(&*name.to_ascii_lowercase(), "http" | "https") => {
                let scheme = name.to_ascii_lowercase();
                let error = wrong(&format!("`{scheme}:` must be followed by two slashes"));
                Some(Err(error.hint(format!("write `{scheme}://`"))))
            }
            Err(unknown) if !is_host => Some(Err(Error {
                hint: unknown.hint,
                ..wrong(&unknown.message)
            })),
            Err(_) => None,
        }
    }

    /// Returns the link for a word that exactly one source claims as its id.
    fn claimed_link(&self, text: &str) -> Result<Link> {
        let wrong = |why: &str| not_a_link(text, why);
        let claims: Vec<_> = self
            .sources
            .iter()
            .filter(|source| source.claims(text))
            .collect();
        match claims.as_slice() {
            [source] => {
                let url = format!("{}:{text}", source.manifest().name);
                Url::parse(&url)
                    .map(Link::from)
                    .map_err(|error| wrong(&error.to_string()))
            }
            [] => Err(wrong("no source claims it as an id")
                .hint("a link has a host: `https://…` or `example.org/…`")),
            several => {
                let names: Vec<_> = several
                    .iter()
                    .map(|s| format!("`{}:{text}`", s.manifest().name))
                    .collect();
                Err(wrong("several sources claim it")
                    .hint(format!("say which: {}", names.join(" or "))))
            }
        }
    }
}

/// Builds the error for typed text that is not a link.
fn not_a_link(text: &str, why: &str) -> Error {
    let shown = redacted(text);
    let message = format!("`{shown}` is not a link: {why}");
    Error {
        link: Some(shown),
        ..Error::new(Kind::Config, message)
    }
}

/// Checks whether this can be the host of an address typed without a scheme: a single word is more likely something else.
fn is_full_host(host: Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.contains('.') || name == "localhost",
        Host::Ipv4(_) | Host::Ipv6(_) => true,
    }
}
