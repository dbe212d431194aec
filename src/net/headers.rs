//! Headers as they are sent.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::model::{Error, Headers, Kind, Result};

/// Headers as they are sent. Their values do not show in anything that prints a map of headers.
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
