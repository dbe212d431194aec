//! Hosts as a manifest declares them: `example.org` is that host, `*.example.org` every host below it.

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// A set of hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hosts(pub Vec<String>);

impl Hosts {
    /// Checks whether the URL names one of these hosts. An IP address never matches.
    pub(super) fn has(&self, url: &Url) -> bool {
        let Some(Host::Domain(host)) = url.host() else {
            return false;
        };
        self.0
            .iter()
            .any(|declared| match declared.strip_prefix("*.") {
                Some(parent) => host
                    .strip_suffix(parent)
                    .is_some_and(|child| child.len() > 1 && child.ends_with('.')),
                None => declared == host,
            })
    }

    /// Returns the first entry that is not a host, or that covers too many.
    pub(super) fn wrong(&self) -> Option<&str> {
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        // A number at the end would make it an IP address, and a single label a whole top-level domain or a name in the
        // local network.
        let is_host = |host: &str| {
            let labels: Vec<&str> = host.strip_prefix("*.").unwrap_or(host).split('.').collect();
            let last = labels.last().copied().unwrap_or("");
            labels.len() >= 2
                && labels.iter().all(|name| label(name))
                && last.starts_with(|c: char| c.is_ascii_lowercase())
        };
        self.0
            .iter()
            .map(String::as_str)
            .find(|host| !is_host(host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_patterns_match_whole_hosts() {
        let hosts = Hosts(vec!["a.org".into(), "*.b.org".into()]);
        let table = [
            ("https://a.org/", true),
            ("https://A.org:443/x", true),
            ("https://x.a.org/", false),
            ("https://a.org.evil.org/", false),
            ("https://xa.org/", false),
            ("https://a.org./", false),
            ("https://b.org/", false),
            ("https://.b.org/", false),
            ("https://x.b.org/", true),
            ("https://x.y.b.org/", true),
            ("https://xb.org/", false),
            ("https://127.0.0.1/", false),
            ("https://[::1]/", false),
            ("https://evil.org/?https://a.org", false),
            ("https://a.org@evil.org/", false),
            ("data:a.org", false),
        ];
        for (url, expected) in table {
            assert_eq!(hosts.has(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn what_is_no_host_is_found() {
        for host in [
            "*",
            "*.",
            "*.org",
            "org",
            "localhost",
            "127.0.0.1",
            "[::1]",
            "a.org:8",
            "a.org/x",
            "A.org",
            "a..org",
            "*.*.a.org",
            "a*.org",
            "u@a.org",
            "",
        ] {
            assert_eq!(Hosts(vec![host.into()]).wrong(), Some(host), "{host}");
        }
        assert_eq!(
            Hosts(vec!["a.org".into(), "*.x-1.b.org".into()]).wrong(),
            None
        );
    }
}
