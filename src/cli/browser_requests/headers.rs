//! Which headers of a recorded request are sent again.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue};

use crate::model::Headers;

/// The most header bytes of a request, names and values together. Servers accept no more.
const MOST: usize = 64 << 10;

/// Headers of a single connection or body, and those that a transfer sets itself.
const LEFT_OUT: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "http2-settings",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "priority",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
];

/// The headers of a request, merged by name.
#[derive(Clone, Default)]
pub(super) struct RequestHeaders {
    map: BTreeMap<String, String>,
    length: usize,
}

impl RequestHeaders {
    /// Adds a header, and returns whether it can be sent. Headers in [`LEFT_OUT`] are silently ignored.
    pub(super) fn add(&mut self, name: &str, value: &str) -> bool {
        // HTTP/2 pseudo-headers, which replace the request line.
        if name.starts_with(':') {
            return true;
        }
        let name = name.trim().to_ascii_lowercase();
        let value = value.trim();
        if LEFT_OUT.contains(&name.as_str()) {
            return true;
        }
        let is_one = HeaderName::from_bytes(name.as_bytes()).is_ok();
        self.length += name.len() + value.len();
        if !is_one || HeaderValue::from_str(value).is_err() || self.length > MOST {
            return false;
        }
        match self.map.get_mut(&name) {
            None => drop(self.map.insert(name, value.to_owned())),
            // A header split into several lines (RFC 9110 §5.3, RFC 9113 §8.2.3).
            Some(known) => {
                known.push_str(if name == "cookie" { "; " } else { ", " });
                known.push_str(value);
            }
        }
        true
    }

    /// Sets a header, replacing its previous value.
    pub(super) fn set(&mut self, name: &str, value: &str) -> bool {
        self.map.remove(name);
        self.add(name, value)
    }

    /// Removes a header.
    pub(super) fn remove(&mut self, name: &str) {
        self.map.remove(&name.trim().to_ascii_lowercase());
    }

    /// Returns the value of a header.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.map.get(name).map(String::as_str)
    }

    /// Returns the headers to send.
    pub(super) fn finish(self) -> Headers {
        Headers(self.map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_headers_are_kept_and_connection_headers_dropped() {
        let table = [
            (":authority", "x.org", true),
            ("Cookie", "a=1", true),
            ("cookie", "b=2", true),
            ("Accept", "image/*", true),
            ("accept", "text/html", true),
            ("Range", "bytes=0-1", true),
            ("Host", "y.org", true),
            ("X-Two\nLines", "x", false),
            ("X-Value", "a\r\nHost: y.org", false),
            ("", "x", false),
        ];
        let mut headers = RequestHeaders::default();
        for (name, value, expected) in table {
            assert_eq!(headers.add(name, value), expected, "{name:?}");
        }
        let long = "x".repeat(MOST);
        assert!(!headers.add("x-long", &long));
        let headers: Vec<_> = headers.finish().0.into_iter().collect();
        let expected = [("accept", "image/*, text/html"), ("cookie", "a=1; b=2")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(headers, expected);
    }
}
