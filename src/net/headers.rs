//! Conversion of headers to the form in which they are sent.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::model::{Error, Headers, Kind, Result};

/// Converts headers for sending. Their values are hidden when the map is printed.
///
/// # Errors
/// [`Kind::Config`] with the name of a header that cannot be sent.
pub(crate) fn header_map(headers: &Headers) -> Result<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in &headers.0 {
        let cannot = || Error::new(Kind::Config, format!("the header `{name}` cannot be sent"));
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| cannot())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| cannot())?;
        value.set_sensitive(true);
        map.insert(name, value);
    }
    Ok(map)
}

/// Returns the login in a URL as a header value (RFC 7617).
pub(crate) fn login_in_url(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let decoded = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
    let (user, password) = (url.username(), url.password().unwrap_or(""));
    login(&[decoded(user), decoded(password)].join(&b':'))
}

/// Returns `user:password` as a header value.
pub(super) fn login(pair: &[u8]) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).ok()?;
    value.set_sensitive(true);
    Some(value)
}
