//! The login in a URL: it holds for all of its origin, also for absolute URLs in a playlist.

use http::HeaderValue;
use url::Url;

use crate::net::login_in_url;

/// Returns the Authorization header for `to`, by the login in another URL of the same origin, unless `to` has its own.
pub(super) fn authorization_for(from: &Url, to: &Url) -> Option<HeaderValue> {
    match login_in_url(to) {
        Some(_) => None,
        None => login_in_url(from),
    }
}
