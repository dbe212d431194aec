//! The login that stands in an address: it is for all of its origin, also for what a playlist names in full.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use percent_encoding::percent_decode_str;
use url::Url;

/// What logs in at an address by the login of another of the same origin, unless it has its own.
pub(super) fn login(from: &Url, to: &Url) -> Option<HeaderValue> {
    let has_login = |url: &Url| !url.username().is_empty() || url.password().is_some();
    if !has_login(from) || has_login(to) {
        return None;
    }
    let decoded = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
    let (user, password) = (from.username(), from.password().unwrap_or(""));
    let pair = [decoded(user), decoded(password)].join(&b':');
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).ok()?;
    value.set_sensitive(true);
    Some(value)
}
