//! Where a redirect may lead (RFC 9110 §15.4). A pure decision: nothing is sent.

use std::borrow::Cow;

use http::StatusCode;
use percent_encoding::{CONTROLS, percent_encode};
use url::Url;

use super::Redacted;
use crate::model::{Error, Kind, Result};

/// The maximum number of redirects.
pub(super) const MAX_REDIRECTS: usize = 20;

/// Checks whether a response with this status and a Location is a redirect.
pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Returns the next URL after a response from the last URL of `trail` with this Location.
///
/// Relative references are resolved, and a fragment is carried over. User and password are those at the beginning of
/// the trail, until it leaves its origin; those in a Location are dropped. Returning to an earlier URL is a loop,
/// unless a cookie has been stored since: then the response may differ. The index `since` is that of the first URL
/// requested with it.
///
/// # Errors
/// [`Kind::Blocked`] for a target that is not http or https, or a step from https down to http; [`Kind::Corrupt`] for a
/// loop, too many redirects, or an invalid Location; retrying does not help against these.
pub(super) fn next_url(trail: &[Url], since: usize, location: &[u8]) -> Result<Url> {
    let Some(from) = trail.last() else {
        return Err(Error::new(Kind::Network, "a redirect from nowhere"));
    };
    // Bytes that are not UTF-8 are percent-encoded, as browsers and curl do.
    let location = match str::from_utf8(location) {
        Ok(text) => Cow::from(text),
        Err(_) => percent_encode(location, CONTROLS).into(),
    };
    let cannot =
        |kind: Kind, why: String| Error::new(kind, format!("`{}` redirects {why}", Redacted(from)));
    let mut to = from
        .join(location.trim())
        .map_err(|error| cannot(Kind::Corrupt, "to an invalid URL".into()).because(error))?;
    if !matches!(to.scheme(), "http" | "https") {
        return Err(cannot(
            Kind::Blocked,
            format!("to `{}:`, which is not followed", to.scheme()),
        ));
    }
    if from.scheme() == "https" && to.scheme() == "http" {
        return Err(cannot(
            Kind::Blocked,
            format!("down to plain http at `{}`", Redacted(&to)),
        )
        .hint(
            "the connection would no longer be private; if that is fine, fetch the http URL directly",
        ));
    }
    // The user and password of the link are kept while the trail stays on its origin, as other headers are. Those in a
    // Location are ignored: they are not for a server to set.
    let at_home = |hop: &Url| hop.origin() == to.origin();
    let (user, password) = match trail.first() {
        Some(first) if trail.iter().all(at_home) => (first.username(), first.password()),
        _ => ("", None),
    };
    // Neither fails: the schemes above have a host. Both are stored encoded in a URL, and are not encoded again.
    let _ = to.set_username(user);
    let _ = to.set_password(password);
    if to.fragment().is_none() {
        to.set_fragment(from.fragment());
    }
    if trail.iter().skip(since).any(|hop| *hop == to) {
        return Err(cannot(
            Kind::Corrupt,
            format!("in a loop, to `{}`", Redacted(&to)),
        ));
    }
    if trail.len() > MAX_REDIRECTS {
        return Err(cannot(
            Kind::Corrupt,
            format!("too many times; {MAX_REDIRECTS} redirects were followed"),
        ));
    }
    Ok(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_follow_the_rules_for_targets() {
        let table = [
            ("http://a.org/x/y", "z", Ok("http://a.org/x/z")),
            ("http://a.org/x/y", "/z", Ok("http://a.org/z")),
            ("https://a.org/x", "//b.org/z", Ok("https://b.org/z")),
            ("http://a.org/x", "https://b.org/", Ok("https://b.org/")),
            ("http://a.org/x#f", "y", Ok("http://a.org/y#f")),
            ("http://a.org/x", "http://u:p@b.org/", Ok("http://b.org/")),
            ("http://u:p@a.org/x", "/y", Ok("http://u:p@a.org/y")),
            ("http://u:%3A@a.org/x", "/y", Ok("http://u:%3A@a.org/y")),
            (
                "http://u:p@a.org/x",
                "http://a.org/y",
                Ok("http://u:p@a.org/y"),
            ),
            (
                "http://u:p@a.org/x",
                "http://v:q@a.org/y",
                Ok("http://u:p@a.org/y"),
            ),
            ("http://u:p@a.org/x", "http://b.org/", Ok("http://b.org/")),
            (
                "http://u:p@a.org/x",
                "http://a.org:8/",
                Ok("http://a.org:8/"),
            ),
            ("http://u:p@a.org/x", "https://a.org/", Ok("https://a.org/")),
            ("http://a.org/x", " /a b ", Ok("http://a.org/a%20b")),
            ("http://a.org/x", "file:///etc/passwd", Err(Kind::Blocked)),
            ("http://a.org/x", "ftp://b.org/", Err(Kind::Blocked)),
            ("https://a.org/x", "http://a.org/x", Err(Kind::Blocked)),
            ("http://a.org/x", "http://a.org/x", Err(Kind::Corrupt)),
            ("http://a.org/x", "http://[", Err(Kind::Corrupt)),
        ];
        for (from, location, expected) in table {
            let found = next_url(&[Url::parse(from).unwrap()], 0, location.as_bytes());
            let found = found.as_ref().map(Url::as_str).map_err(|error| error.kind);
            assert_eq!(found, expected, "{from} -> {location}");
        }
    }

    #[test]
    fn non_utf8_locations_are_percent_encoded_as_they_are() {
        let from = [Url::parse("http://a.org/x").unwrap()];
        let table: [(&[u8], &str); 3] = [
            (
                b"/caf\xe9 1.bin?\xff#\xfe",
                "http://a.org/caf%E9%201.bin?%FF#%FE",
            ),
            ("/caf\u{e9}.bin".as_bytes(), "http://a.org/caf%C3%A9.bin"),
            (b"//b.org/%41\xe9", "http://b.org/%41%E9"),
        ];
        for (location, expected) in table {
            assert_eq!(next_url(&from, 0, location).unwrap().as_str(), expected);
        }
        assert!(next_url(&from, 0, b"http://caf\xe9.org/").is_err());
    }

    #[test]
    fn ends_after_twenty() {
        let mut trail = vec![Url::parse("http://a.org/0").unwrap()];
        for step in 1..=MAX_REDIRECTS {
            trail.push(next_url(&trail, 0, format!("/{step}").as_bytes()).unwrap());
        }
        assert!(next_url(&trail, 0, b"/more").is_err());
    }

    #[test]
    fn a_circle_begins_anew_with_a_cookie() {
        let trail = ["http://a.org/x", "http://a.org/y"].map(|url| Url::parse(url).unwrap());
        assert!(next_url(&trail, 0, b"/x").is_err());
        assert!(next_url(&trail, 1, b"/x").is_ok());
        assert!(next_url(&trail, 1, b"/y").is_err());
        assert!(next_url(&trail, 2, b"/y").is_ok());
    }
}
