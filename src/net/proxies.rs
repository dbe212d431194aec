//! Which requests go through a proxy, according to the settings, the environment and the system.
//!
//! This decides for all connections. A proxy that cannot be understood is an error, and in doubt a request goes through
//! the proxy or nowhere: whoever has set a proxy does not want to be seen at the other end.

use std::ffi::OsString;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use url::{Position, Url};

use super::{Redacted, Settings};
use crate::model::{Error, Kind, Result};

/// The kinds of proxies.
pub(crate) const KINDS: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// Which requests go through a proxy.
pub(super) enum Proxies {
    /// All, through this one.
    All(Url),
    /// Those that the environment or the system names.
    Some(Box<Named>),
    /// None.
    None,
}

/// The proxies of the environment and the system.
pub(super) struct Named {
    http: Option<Url>,
    https: Option<Url>,
    /// Matches every request that is not exempt from the proxy.
    rule: Matcher,
    /// Knows the proxies that the environment does not name.
    system: Matcher,
}

impl Proxies {
    /// Returns the proxies that apply with these settings.
    ///
    /// # Errors
    /// [`Kind::Config`] for a proxy that cannot be understood, even if the environment names it.
    pub(super) fn of(settings: &Settings) -> Result<Proxies> {
        if let Some(proxy) = &settings.proxy {
            return Ok(match read(proxy, "cannot use this proxy")? {
                Some(proxy) => Proxies::All(proxy),
                None => Proxies::None,
            });
        }
        let named = Named::read(|name| std::env::var_os(name), Matcher::from_system())?;
        // Most systems have none, and need not be asked for each request. Desktop settings can be queried only by host,
        // and no host can stand for all: it may be one that is exempt.
        let may_be_system = cfg!(any(target_os = "macos", windows));
        let is_any = may_be_system || named.http.is_some() || named.https.is_some();
        Ok(match is_any {
            true => Proxies::Some(Box::new(named)),
            false => Proxies::None,
        })
    }

    /// Returns the proxy that a request to this URL goes through.
    pub(super) fn proxy_for(&self, url: &Url) -> Option<Url> {
        match self {
            Proxies::All(proxy) => Some(proxy.clone()),
            Proxies::Some(named) => named.proxy_for(url),
            Proxies::None => None,
        }
    }

    /// Returns the same proxy in printable form.
    pub(super) fn shown_for(&self, url: &Url) -> Option<String> {
        self.proxy_for(url)
            .map(|proxy| Redacted(&proxy).to_string())
    }
}

impl Named {
    /// Reads the variables, in the order of the HTTP library.
    fn read(variable: impl Fn(&str) -> Option<OsString>, system: Matcher) -> Result<Named> {
        // In a CGI script, this variable holds the request header `Proxy`.
        let is_script = variable("REQUEST_METHOD").is_some();
        let variable = |name: &str| variable(name).filter(|_| name != "HTTP_PROXY" || !is_script);
        let first = |names: [&'static str; 2]| {
            let found = names
                .into_iter()
                .find_map(|name| Some((name, variable(name)?)));
            found.unwrap_or_default()
        };
        let proxy = |names| {
            let (name, value) = first(names);
            let cannot = format!("cannot use the proxy that `{name}` names");
            match value.to_str() {
                Some(value) => read(value, &cannot),
                None => Err(Error::new(Kind::Config, cannot).because("it is not UTF-8 text")),
            }
        };
        let all = proxy(["ALL_PROXY", "all_proxy"])?;
        let http = proxy(["HTTP_PROXY", "http_proxy"])?;
        let https = proxy(["HTTPS_PROXY", "https_proxy"])?;
        let (_, no) = first(["NO_PROXY", "no_proxy"]);
        Ok(Named {
            http: http.or_else(|| all.clone()),
            https: https.or(all),
            rule: Matcher::builder()
                .all("http://proxy.invalid")
                .no(no.to_string_lossy().into_owned())
                .build(),
            system,
        })
    }

    fn proxy_for(&self, url: &Url) -> Option<Url> {
        let proxy = match url.scheme() {
            "https" => &self.https,
            _ => &self.http,
        };
        // What follows the host does not matter, and the `Uri` type may not accept it.
        let place = url[..Position::BeforeUsername].to_owned()
            + &url[Position::BeforeHost..Position::AfterPort];
        let place: Option<Uri> = place.parse().ok();
        match (proxy, place) {
            (Some(proxy), Some(place)) => {
                self.rule.intercept(&place)?;
                Some(proxy.clone())
            }
            (Some(proxy), None) => Some(proxy.clone()),
            (None, place) => {
                let found = self.system.intercept(&place?)?;
                found.uri().to_string().parse().ok()
            }
        }
    }
}

/// Parses a proxy; an empty text means none. A host alone is an `http` proxy, and `socks` is what desktops call SOCKS 5
/// with the proxy resolving host names.
fn read(text: &str, cannot: &str) -> Result<Option<Url>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    // The error says no more: there may be a password anywhere in the text.
    let wrong = |why: &str| Error::new(Kind::Config, cannot).because(why.to_owned());
    let (kind, place) = text.split_once("://").unwrap_or(("http", text));
    let kind = match kind.to_ascii_lowercase() {
        kind if kind == "socks" => "socks5h".to_owned(),
        kind => kind,
    };
    if !KINDS.contains(&kind.as_str()) {
        let kinds = KINDS.map(|kind| format!("`{kind}`")).join(", ");
        let error = wrong("there is no such kind of proxy");
        return Err(error.hint(format!("the kinds are {kinds}")));
    }
    let way_out = "write it as `socks5h://host:port` or `http://user:password@host:port`; in a password, `#` is `%23`, `/` is `%2F` and `?` is `%3F`";
    let url = Url::parse(&format!("{kind}://{place}"));
    let url = url.map_err(|error| wrong(&error.to_string()).hint(way_out))?;
    let is_place = url.has_host()
        && matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none();
    // The library would ignore a proxy that it cannot parse.
    let matcher = Matcher::builder().all(url.to_string()).build();
    let is_read = matcher.intercept(&Uri::from_static("http://host.invalid"));
    match is_place && is_read.is_some() {
        true => Ok(Some(url)),
        false => Err(wrong("it is not the address of a proxy").hint(way_out)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    /// Reads these variables.
    fn named(variables: &[(&str, &str)]) -> Result<Named> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.into())
        };
        Named::read(variable, Matcher::builder().build())
    }

    #[test]
    fn proxy_urls_are_parsed_or_refused() {
        let table = [
            ("http://127.0.0.1:3128", Some("http://127.0.0.1:3128/")),
            ("proxy.test", Some("http://proxy.test/")),
            ("proxy.test:3128/", Some("http://proxy.test:3128/")),
            ("socks5h://127.0.0.1:9050", Some("socks5h://127.0.0.1:9050")),
            ("SOCKS5://127.0.0.1:9050", Some("socks5://127.0.0.1:9050")),
            (" socks5://h:1 ", Some("socks5://h:1")),
            ("socks://127.0.0.1:7771/", Some("socks5h://127.0.0.1:7771/")),
            ("socks5h://us er@h:1", Some("socks5h://us%20er@h:1")),
            ("http://u:p%23ss@h:1", Some("http://u:p%23ss@h:1/")),
            ("socks9://h:1", None),
            ("ftp://h:1", None),
            ("socks5h:127.0.0.1:9050", None),
            ("http//127.0.0.1:9050", None),
            ("http://user:pa#ss@127.0.0.1:7771", None),
            ("http://user:12#ss@127.0.0.1:7771", None),
            ("http://user:1/ss@127.0.0.1:7771", None),
            ("http://a{b:1", None),
            ("socks5://", None),
        ];
        for (text, expected) in table {
            match named(&[("all_proxy", text)]) {
                Ok(named) => {
                    let found = named.proxy_for(&url("http://cat.test/"));
                    assert_eq!(found.as_ref().map(Url::as_str), expected, "{text}");
                }
                Err(error) => {
                    assert_eq!(expected, None, "{text}: {error:?}");
                    assert_eq!(error.kind, Kind::Config);
                    let said = "cannot use the proxy that `all_proxy` names";
                    assert_eq!(error.message, said);
                    assert!(!format!("{error:?}").contains("ss@"), "{error:?}");
                }
            }
            let set = Proxies::of(&Settings {
                proxy: Some(text.into()),
                ..Settings::default()
            });
            assert_eq!(set.is_ok(), expected.is_some(), "{text}");
        }
        for none in ["", " "] {
            let named = named(&[("all_proxy", none)]).unwrap();
            assert_eq!(named.proxy_for(&url("http://cat.test/")), None);
        }
    }

    #[test]
    fn proxy_variables_apply_per_scheme_with_no_proxy() {
        let named = named(&[
            ("all_proxy", "socks5h://all.test:1"),
            ("HTTPS_PROXY", "http://s.test:2"),
            ("https_proxy", "not://read"),
            ("no_proxy", "home.test, 10.0.0.0/8"),
        ])
        .unwrap();
        let table = [
            ("http://cat.test/", Some("socks5h://all.test:1")),
            ("https://cat.test/", Some("http://s.test:2/")),
            ("http://a.home.test/", None),
            ("https://10.1.2.3:8/", None),
        ];
        for (there, expected) in table {
            let found = named.proxy_for(&url(there));
            assert_eq!(found.as_ref().map(Url::as_str), expected, "{there}");
        }
    }

    #[test]
    fn no_url_is_odd_enough_to_go_past_a_proxy() {
        let named = named(&[("http_proxy", "h:1"), ("no_proxy", "home.test")]).unwrap();
        let long = format!("http://cat.test/{}", "a".repeat(70_000));
        for there in [
            "http://a{b.test/",
            "http://a\"b.test/",
            "http://a`b}/",
            &long,
        ] {
            let found = named.proxy_for(&url(there));
            assert_eq!(found, Some(url("http://h:1")), "{there:.20}");
        }
        let long = long.replace("cat.test", "me:secret@home.test");
        assert_eq!(named.proxy_for(&url(&long)), None);
    }

    #[test]
    fn http_proxy_is_ignored_in_a_cgi_environment() {
        let script = [("HTTP_PROXY", "http://h:1"), ("REQUEST_METHOD", "GET")];
        let named = |more: &[(&str, &str)]| super::tests::named(&[&script, more].concat()).unwrap();
        assert_eq!(named(&[]).proxy_for(&url("http://cat.test/")), None);
        let others = named(&[("all_proxy", "http://a:1"), ("HTTPS_PROXY", "http://s:1")]);
        for (there, expected) in [
            ("http://cat.test/", "http://a:1"),
            ("https://cat.test/", "http://s:1"),
        ] {
            assert_eq!(
                others.proxy_for(&url(there)),
                Some(url(expected)),
                "{there}"
            );
        }
        let small = named(&[("http_proxy", "http://h:2")]);
        assert_eq!(
            small.proxy_for(&url("http://cat.test/")),
            Some(url("http://h:2"))
        );
    }
}
