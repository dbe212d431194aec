//! The headers of a request for a file, or for a range of it.

use http::{HeaderMap, HeaderValue, header};

use super::attempt::RequestTarget;
use super::response_head::Representation;
use crate::model::{Error, Kind};
use crate::net::header_map;

/// The headers set by the source, unless they were set for another origin.
pub(super) fn bound_headers(target: &RequestTarget<'_>) -> Result<HeaderMap, Error> {
    match target.url.origin() == target.request.url.origin() {
        true => header_map(&target.request.headers),
        false => Ok(HeaderMap::new()),
    }
}

/// The headers that request unencoded bytes from `start` on, up to `end` if given, provided the file is unchanged.
pub(super) fn range_headers(
    known: &Representation,
    start: u64,
    end: Option<u64>,
    without_if_range: bool,
) -> Result<HeaderMap, Error> {
    let value = |text: &str| {
        HeaderValue::from_str(text)
            .map_err(|error| Error::new(Kind::Network, "cannot request the rest").because(error))
    };
    let mut headers = HeaderMap::new();
    headers.insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    if start > 0 {
        let last = end.map(|end| (end - 1).to_string()).unwrap_or_default();
        headers.insert(header::RANGE, value(&format!("bytes={start}-{last}"))?);
        if let Some(validator) = known.if_range().filter(|_| !without_if_range) {
            headers.insert(header::IF_RANGE, value(validator)?);
        }
    }
    Ok(headers)
}
