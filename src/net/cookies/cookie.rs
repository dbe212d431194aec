//! A single cookie, as stored in cookie files.

use std::time::{Duration, UNIX_EPOCH};

use cookie_store::{CookieDomain, CookieExpiration, CookieStore, RawCookie};
use url::Url;

/// The last second of the year 9999, the last year an HTTP date can hold.
const MAX_EXPIRY: u64 = 253_402_300_799;

/// A cookie.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Cookie {
    /// The host it belongs to, without a leading dot.
    pub(super) host: String,
    /// Whether subdomains get it, too.
    pub(super) domain_wide: bool,
    pub(super) path: String,
    pub(super) secure: bool,
    pub(super) http_only: bool,
    /// When it expires, in seconds since 1970; none for a session cookie.
    pub(super) expires: Option<u64>,
    pub(super) name: String,
    pub(super) value: String,
}

/// What identifies a cookie (RFC 6265 §5.3): host, path, name.
pub(super) type Key = (String, String, String);

impl Cookie {
    /// Checks whether the cookie can be written in a header and in a line of a file.
    pub(super) fn is_writable(&self) -> bool {
        let texts = [&self.host, &self.path, &self.name, &self.value];
        !texts.iter().any(|text| text.contains(char::is_control))
    }

    /// Returns what identifies the cookie.
    pub(super) fn key(&self) -> Key {
        (self.host.clone(), self.path.clone(), self.name.clone())
    }

    /// Puts the cookie into a store, unless it has expired. Returns None if its host is invalid.
    pub(super) fn put(self, store: &mut CookieStore) -> Option<()> {
        let url = Url::parse(&format!("https://{}/", self.host)).ok()?;
        let date = self.expires.map(|expires| {
            let time = UNIX_EPOCH + Duration::from_secs(expires.min(MAX_EXPIRY));
            format!("; Expires={}", httpdate::fmt_http_date(time))
        });
        let mut raw = RawCookie::parse(format!("x={}", date.unwrap_or_default())).ok()?;
        raw.set_name(self.name);
        raw.set_value(self.value);
        raw.set_path(self.path);
        raw.set_secure(self.secure);
        raw.set_http_only(self.http_only);
        if self.domain_wide {
            raw.set_domain(self.host);
        }
        // The store refuses only expired cookies.
        let _ = store.insert_raw(&raw, &url);
        Some(())
    }

    /// Converts a cookie of the store.
    pub(super) fn of(cookie: &cookie_store::Cookie<'_>) -> Option<Cookie> {
        let (host, domain_wide) = match &cookie.domain {
            CookieDomain::HostOnly(host) => (host.clone(), false),
            CookieDomain::Suffix(host) => (host.clone(), true),
            CookieDomain::NotPresent | CookieDomain::Empty => return None,
        };
        let expires = match &cookie.expires {
            CookieExpiration::AtUtc(time) => Some(time.unix_timestamp().max(1).unsigned_abs()),
            CookieExpiration::SessionEnd => None,
        };
        Some(Cookie {
            host,
            domain_wide,
            path: String::from(&cookie.path),
            secure: cookie.secure().unwrap_or(false),
            http_only: cookie.http_only().unwrap_or(false),
            expires,
            name: cookie.name().to_owned(),
            value: cookie.value().to_owned(),
        })
    }
}
