//! Validates URLs, headers and cookies from other programs: only http and https URLs, and headers that they may set.

use std::collections::BTreeMap;

use fetch::model::{Error, Headers, Kind, Result};
use serde_json::Value;
use url::Url;

/// The longest URL, and the longest header including its name, in bytes.
const URL: usize = 16 << 10;
const HEADER: usize = 8 << 10;
/// The most headers.
const HEADERS: usize = 32;

/// Headers that only the connection or the transfer may set, or that would change the target of a request.
const OURS: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "forwarded",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "origin-trial",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-for",
    "x-forwarded-host",
];

/// Parses an http or https URL.
///
/// # Errors
/// [`Kind::Corrupt`] for an invalid URL, and for another scheme, which the message names.
pub(super) fn web(text: &str) -> Result<Url> {
    let wrong = |why: String| Error::new(Kind::Corrupt, why);
    if text.len() > URL {
        return Err(wrong("it names a URL that is too long".into()));
    }
    let url = Url::parse(text).map_err(|_| wrong("it names an invalid URL".into()))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        scheme => Err(wrong(format!(
            "it leads to `{scheme}:`, which is not followed"
        ))),
    }
}

/// Whether all URLs of a request are http or https.
#[cfg(any(test, fuzzing))]
pub(super) fn is_of_web(request: &fetch::model::Request) -> bool {
    let mut urls = request.mirrors.iter().chain([&request.url]);
    urls.all(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// The usable ones of these headers.
pub(super) fn headers(given: &Value) -> BTreeMap<String, String> {
    let given = given.as_object().into_iter().flatten();
    let usable = given.filter_map(|(name, value)| {
        let value = value.as_str()?;
        is_usable(name, value).then(|| (name.clone(), value.to_owned()))
    });
    usable.take(HEADERS).collect()
}

/// Adds a header if it is usable and not set yet.
pub(super) fn add(headers: &mut BTreeMap<String, String>, name: &str, value: &str) {
    let is_there = headers.keys().any(|known| known.eq_ignore_ascii_case(name));
    if !is_there && is_usable(name, value) {
        headers.insert(name.to_owned(), value.to_owned());
    }
}

/// A cookie, and where it may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cookie {
    pub(super) domain: String,
    pub(super) path: String,
    pub(super) secure: bool,
    pub(super) name: String,
    pub(super) value: String,
}

impl Cookie {
    /// Whether it may be sent to this URL.
    fn is_for(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or("");
        let domain = self.domain.trim_start_matches('.');
        let is_host = host.eq_ignore_ascii_case(domain)
            || self.domain.starts_with('.')
                && url.domain().is_some()
                && host
                    .to_ascii_lowercase()
                    .ends_with(&format!(".{}", domain.to_ascii_lowercase()));
        let path = self.path.as_str();
        let is_path = matches!(path, "" | "/")
            || url.path().strip_prefix(path).is_some_and(|rest| {
                path.ends_with('/') || rest.is_empty() || rest.starts_with('/')
            });
        !domain.is_empty() && is_host && is_path && (!self.secure || url.scheme() == "https")
    }
}

/// Adds the cookies for this URL. Like all headers of an item, they are sent only to its origin.
pub(super) fn add_cookies(headers: &mut BTreeMap<String, String>, url: &Url, cookies: &[Cookie]) {
    let own = cookies.iter().filter(|cookie| cookie.is_for(url));
    let pairs: Vec<String> = own
        .filter(|cookie| !cookie.name.is_empty() && !cookie.value.contains(';'))
        .map(|cookie| format!("{}={}", cookie.name, cookie.value))
        .collect();
    if !pairs.is_empty() {
        add(headers, "Cookie", &pairs.join("; "));
    }
}

/// Converts headers to the type that items have.
pub(super) fn of(headers: BTreeMap<String, String>) -> Headers {
    Headers(headers)
}

fn is_usable(name: &str, value: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let lower = name.to_ascii_lowercase();
    !name.is_empty()
        && name.bytes().all(is_token)
        && name.len() + value.len() <= HEADER
        && value.bytes().all(|byte| (0x20..0x7f).contains(&byte))
        && !OURS.contains(&lower.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_web_is_followed() {
        for text in ["https://x.org/a", "HTTP://x.org"] {
            assert!(web(text).is_ok(), "{text}");
        }
        let table = [
            (
                "file:///etc/passwd",
                "it leads to `file:`, which is not followed",
            ),
            (
                "data:text/plain,x",
                "it leads to `data:`, which is not followed",
            ),
            (
                "rtmp://x.org/a",
                "it leads to `rtmp:`, which is not followed",
            ),
            ("text:x", "it leads to `text:`, which is not followed"),
            ("/etc/passwd", "it names an invalid URL"),
            ("--exec=x", "it names an invalid URL"),
            ("", "it names an invalid URL"),
        ];
        for (text, expected) in table {
            let error = web(text).unwrap_err();
            assert_eq!(
                (error.kind, error.message.as_str()),
                (Kind::Corrupt, expected)
            );
        }
        assert!(web(&format!("https://x.org/{}", "a".repeat(URL))).is_err());
    }

    #[test]
    fn extractor_headers_are_filtered() {
        let given = json!({
            "Referer": "https://x.org/", "User-Agent": "x", "Host": "evil", "host": "evil", "Range": "bytes=0-",
            "Transfer-Encoding": "chunked", "X-A": "1\r\nX-B: 2", "X-C": "a\u{0}", "X D": "1", "": "1", "X-N": 5,
            "Accept-Encoding": "br", "X-E": "ü",
        });
        let taken: Vec<_> = headers(&given).into_keys().collect();
        assert_eq!(taken, ["Referer", "User-Agent"]);
        assert!(headers(&json!(["Referer"])).is_empty());
        let many: serde_json::Map<_, _> = (0..99).map(|n| (format!("x-{n}"), json!("1"))).collect();
        assert_eq!(headers(&many.into()).len(), HEADERS);
    }

    #[test]
    fn extractor_cookies_go_to_their_host_only() {
        let cookie = |domain: &str, path: &str, secure| Cookie {
            domain: domain.into(),
            path: path.into(),
            secure,
            name: "a".into(),
            value: "1".into(),
        };
        let table = [
            ("x.org", "/", false, "https://x.org/b", true),
            ("x.org", "/", false, "https://cdn.x.org/b", false),
            (".x.org", "/", false, "https://cdn.x.org/b", true),
            (".x.org", "/", false, "https://evilx.org/b", false),
            (".0.0.1", "/", false, "http://127.0.0.1/b", false),
            ("x.org", "/b", false, "https://x.org/b/c", true),
            ("x.org", "/b", false, "https://x.org/bc", false),
            ("x.org", "/", true, "http://x.org/", false),
            ("", "/", false, "https://x.org/", false),
        ];
        for (domain, path, secure, url, expected) in table {
            let mut headers = BTreeMap::new();
            let url = Url::parse(url).unwrap();
            add_cookies(&mut headers, &url, &[cookie(domain, path, secure)]);
            assert_eq!(
                headers.contains_key("Cookie"),
                expected,
                "{domain} {path} {url}"
            );
        }
    }
}
