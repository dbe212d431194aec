//! Partial responses (RFC 9110 §14). Pure decisions.

use http::{HeaderMap, StatusCode, header};

use crate::model::{Error, Kind};

/// Returns the error for a partial response to a request without a range.
pub(crate) fn unrequested_part() -> Error {
    let message = "the server sent a partial response, although no range was requested";
    Error::new(Kind::Network, message)
}

/// Checks whether a response has only a part of what was requested as a whole.
pub(super) fn is_incomplete(status: StatusCode, headers: &HeaderMap) -> bool {
    is_partial(status, headers) && full_range_length(headers).is_none()
}

/// Checks whether a body is partial. Some servers send a Content-Range without status 206; such a body counts as whole
/// only if it is as long as the whole.
pub(crate) fn is_partial(status: StatusCode, headers: &HeaderMap) -> bool {
    let range = header_text(headers, header::CONTENT_RANGE).and_then(parse_content_range);
    let length =
        header_text(headers, header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    match (status.as_u16(), range) {
        (206, _) => true,
        (200..=299, Some((start, end, total))) => {
            (start, Some(end)) != (0, total) && (total.is_none() || length != total)
        }
        _ => false,
    }
}

/// Returns the total length if this range covers everything: some servers send the whole body as a range.
pub(crate) fn full_range_length(headers: &HeaderMap) -> Option<u64> {
    match header_text(headers, header::CONTENT_RANGE).and_then(parse_content_range)? {
        (0, end, Some(total)) if end == total => Some(total),
        _ => None,
    }
}

/// Parses `bytes 10-19/100` into start, exclusive end, and total unless that is `*` (RFC 9110 §14.4).
pub(crate) fn parse_content_range(text: &str) -> Option<(u64, u64, Option<u64>)> {
    let (range, total) = strip_unit(text)?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let digits = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse::<u64>().ok())?
    };
    let (first, last) = (digits(first.trim())?, digits(last.trim())?);
    let total = match total.trim() {
        "*" => None,
        total => Some(digits(total)?),
    };
    let end = last.checked_add(1)?;
    (first <= last && total.is_none_or(|total| end <= total)).then_some((first, end, total))
}

/// Parses the total length from the refusal of a range: `bytes */100`.
pub(crate) fn parse_unsatisfied_range(text: &str) -> Option<u64> {
    strip_unit(text)?.strip_prefix("*/")?.trim().parse().ok()
}

/// Strips the unit, `bytes` in any case (RFC 9110 §14.1), also where it is written as in a request.
fn strip_unit(text: &str) -> Option<&str> {
    let (unit, rest) = text.trim().split_once([' ', '='])?;
    unit.eq_ignore_ascii_case("bytes")
        .then(|| rest.trim_start())
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}
