//! Values that must not be printed, and URLs in printable form.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use url::Url;

/// A key, token or password. It is printed and serialized as `***`.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Secret(value.into())
    }

    /// Returns the value itself, to be sent and never shown.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

/// A URL in printable form: without user and password, and with `***` for query values that grant access.
#[derive(Clone, Copy)]
pub struct Redacted<'a>(pub &'a Url);

/// Query names whose values are secrets, in lower case and without `-` and `_`.
const SECRET_NAMES: &[&str] = &[
    "accesskey",
    "auth",
    "authkey",
    "authorization",
    "bearer",
    "clientid",
    "code",
    "credential",
    "hash",
    "hdnea",
    "hdnts",
    "hmac",
    "jwt",
    "key",
    "keypairid",
    "mac",
    "md5",
    "otp",
    "pass",
    "pin",
    "policy",
    "pw",
    "pwd",
    "sess",
    "session",
    "sid",
    "sig",
    "sign",
    "ticket",
    "verify",
    "wmsauthsign",
    "xamzcredential",
    "xgoogcredential",
];

/// How deeply nested URLs in query values are searched.
const DEPTH: u8 = 2;

/// Endings of further secret names, in the same form.
const SECRET_ENDS: &[&str] = &[
    "accesskeyid",
    "apikey",
    "appkey",
    "passphrase",
    "password",
    "passwd",
    "privatekey",
    "secret",
    "secretkey",
    "sessid",
    "sessionid",
    "signature",
    "token",
];

/// Checks whether the value of this configuration key should be hidden. This hides more than in URLs, which have to
/// remain useful.
pub(crate) fn names_secret(key: &str) -> bool {
    [
        "key",
        "secret",
        "token",
        "password",
        "client_id",
        "credential",
    ]
    .iter()
    .any(|part| key.to_ascii_lowercase().contains(part))
}

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.0;
        // In `source:URL`, the secrets are in the inner URL.
        if url.cannot_be_a_base()
            && let Some((source, rest)) = url.as_str().split_once(':')
            && let Ok(inner) = Url::parse(rest)
            && inner.has_host()
        {
            return write!(f, "{source}:{}", Redacted(&inner));
        }
        let has_user = !url.username().is_empty() || url.password().is_some();
        let secret_query = url
            .query_pairs()
            .any(|(name, value)| hides(&name, &value, DEPTH));
        let secret_fragment = url
            .fragment()
            .is_some_and(|fragment| fragment.contains('='));
        if !has_user && !secret_query && !secret_fragment {
            return f.write_str(url.as_str());
        }
        let mut shown = url.clone();
        if has_user {
            // A URL without a host has no user, so neither call can fail here.
            let _ = shown.set_username("***");
            let _ = shown.set_password(None);
        }
        if let Some(query) = url.query().filter(|_| secret_query) {
            let pairs: Vec<String> = query
                .split('&')
                .map(|pair| match pair.split_once('=') {
                    Some((name, value)) if hides(&decoded(name), &decoded(value), DEPTH) => {
                        format!("{name}=***")
                    }
                    _ => pair.to_owned(),
                })
                .collect();
            shown.set_query(Some(&pairs.join("&")));
        }
        if secret_fragment {
            shown.set_fragment(None);
        }
        f.write_str(shown.as_str())
    }
}

/// Checks whether a query pair must be hidden: for its name, or for a URL in its value, which may contain a secret.
fn hides(name: &str, value: &str, depth: u8) -> bool {
    is_secret(name) || grants_access(value, depth)
}

/// Checks whether a query value of this name is a secret. In `user[token]` and `token[0]`, the last word decides.
fn is_secret(name: &str) -> bool {
    let mut parts = name.rsplit('[').map(|part| part.trim_end_matches(']'));
    let last = parts.find(|part| part.contains(|c: char| !c.is_ascii_digit()));
    let plain: String = last
        .unwrap_or(name)
        .chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    SECRET_NAMES.contains(&plain.as_str()) || SECRET_ENDS.iter().any(|end| plain.ends_with(end))
}

/// Checks whether a value is a URL with a secret, or the end of one.
fn grants_access(value: &str, depth: u8) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return false;
    };
    match Url::parse(value) {
        Ok(url) if url.has_host() => {
            let mut pairs = url.query_pairs();
            let fragment = url.fragment();
            !url.username().is_empty()
                || url.password().is_some()
                || pairs.any(|(name, value)| hides(&name, &value, depth))
                || fragment.is_some_and(|fragment| fragment.contains('='))
        }
        // `/cat.jpg?token=…`
        _ => value.split_once('?').is_some_and(|(_, query)| {
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            pairs.any(|(name, value)| hides(&name, &value, depth))
        }),
    }
}

fn decoded(value: &str) -> String {
    let pairs = url::form_urlencoded::parse(value.as_bytes());
    pairs.map(|(name, _)| name.into_owned()).collect()
}

impl fmt::Debug for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_displayed_without_their_secrets() {
        let table = [
            ("https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
            ("https://user:pw@example.org/", "https://***@example.org/"),
            (
                "page:https://u:pw@example.org/a?token=1&b=2",
                "page:https://***@example.org/a?token=***&b=2",
            ),
            (
                "https://x.org/f?X-Amz-Signature=ab&w=3",
                "https://x.org/f?X-Amz-Signature=***&w=3",
            ),
            (
                "https://x.org/f?access_token=ab",
                "https://x.org/f?access_token=***",
            ),
            (
                "https://x.org/f?API-KEY=ab&id=1",
                "https://x.org/f?API-KEY=***&id=1",
            ),
            (
                "https://x.org/f?upload_token=ab",
                "https://x.org/f?upload_token=***",
            ),
            (
                "https://x.org/f?%74oken=ab&user[token]=ab&user%5Bpassword%5D=ab&md5=ab&v=1",
                "https://x.org/f?%74oken=***&user[token]=***&user%5Bpassword%5D=***&md5=***&v=1",
            ),
            (
                "https://x.org/f?PHPSESSID=ab&private_key=ab&access-key-id=ab&monkey=1",
                "https://x.org/f?PHPSESSID=***&private_key=***&access-key-id=***&monkey=1",
            ),
            ("https://x.org/f#access_token=ab", "https://x.org/f"),
            (
                "https://x.org/to?u=http://u:pw@y.org/&v=1",
                "https://x.org/to?u=***&v=1",
            ),
            (
                "https://x.org/to?u=http%3A%2F%2Fu%3Apw%40y.org%2F%3Fa%3Db",
                "https://x.org/to?u=***",
            ),
            (
                "https://x.org/p?url=https%3A%2F%2Fcdn.org%2Fp.jpg%3Ftoken%3DSECRET&w=3",
                "https://x.org/p?url=***&w=3",
            ),
            ("https://x.org/?u=https://ab@x.org/", "https://x.org/?u=***"),
            (
                "https://x.org/?u=https%3A%2F%2Fy.org%2F%3Fu%3Dhttps%253A%252F%252Fz.org%252F%253Fsig%253Dab",
                "https://x.org/?u=***",
            ),
            (
                "https://x.org/?next=%2Fp.jpg%3Fw%3D1%26sig%3Dab",
                "https://x.org/?next=***",
            ),
            (
                "https://x.org/?u=https%3A%2F%2Fy.org%2F%3Fa%3Db&q=what?",
                "https://x.org/?u=https%3A%2F%2Fy.org%2F%3Fa%3Db&q=what?",
            ),
            (
                "https://x.org/?api-key[]=ab&token[0]=ab&tags[]=cat",
                "https://x.org/?api-key[]=***&token[0]=***&tags[]=cat",
            ),
            (
                "https://x.org/?pw=ab&bearer=ab&otp=1&pin=1&sess=ab&wmsAuthSign=ab&pins=1",
                "https://x.org/?pw=***&bearer=***&otp=***&pin=***&sess=***&wmsAuthSign=***&pins=1",
            ),
            (
                "https://x.org/to?u=http://y.org/@me",
                "https://x.org/to?u=http://y.org/@me",
            ),
        ];
        for (url, expected) in table {
            assert_eq!(Redacted(&Url::parse(url).unwrap()).to_string(), expected);
        }
    }

    #[test]
    fn a_secret_does_not_print() {
        let secret = Secret::new("hunter2");
        let shown = format!(
            "{secret} {secret:?} {}",
            serde_json::to_string(&secret).unwrap()
        );
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
