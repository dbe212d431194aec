//! The login that stands in an address: it is for all of its origin, also for what a playlist names in full.

use http::HeaderValue;
use url::Url;

use crate::net::login_of;

/// What logs in at an address by the login of another of the same origin, unless it has its own.
pub(super) fn login(from: &Url, to: &Url) -> Option<HeaderValue> {
    match login_of(to) {
        Some(_) => None,
        None => login_of(from),
    }
}
