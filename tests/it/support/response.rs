//! Builds the bytes of a response from a reply and a request. Nothing is sent here.

use std::ops::Range;
use std::sync::Arc;

use super::Request;
use super::reply::{Content, Framing, Reply};

/// A response, ready to be sent.
pub(super) struct Response {
    /// The status line and the header fields, with the empty line after them.
    pub(super) head: Vec<u8>,
    /// The bytes that the body is taken from.
    pub(super) bytes: Arc<[u8]>,
    /// Which part of them to send.
    pub(super) part: Range<usize>,
    /// Whether the connection can be reused.
    pub(super) keep: bool,
}

impl Response {
    /// Builds the response to this request. The reply is already decided, so it is not a `with` any more.
    pub(super) fn new(reply: &Reply, request: &Request) -> Response {
        let bytes = match &reply.content {
            Content::Bytes(bytes) => bytes.clone(),
            Content::Raw(raw) => {
                return Response {
                    head: Vec::new(),
                    part: 0..raw.len(),
                    bytes: raw.clone(),
                    keep: false,
                };
            }
            Content::With(_) => unreachable!("it was decided before"),
        };
        let whole = 0..bytes.len();
        let total = bytes.len() as u64;
        let mut headers = reply.headers.clone();
        let mut status = reply.status;
        let (bytes, part) = match asked_range(reply, request, total) {
            None => (bytes, whole),
            Some(None) => {
                status = 416;
                let total = reply.range_faults.total.unwrap_or(total);
                headers.push(("Content-Range".into(), format!("bytes */{total}")));
                (bytes, 0..0)
            }
            Some(Some((first, last))) => {
                status = 206;
                if !reply.range_faults.no_content_range {
                    let start = reply.range_faults.start.unwrap_or(first);
                    let end = start + (last - first);
                    let total = reply.range_faults.total.unwrap_or(total);
                    headers.push((
                        "Content-Range".into(),
                        format!("bytes {start}-{end}/{total}"),
                    ));
                }
                match &reply.range_faults.bytes {
                    Some(wrong) => (wrong.clone(), 0..wrong.len()),
                    None => (bytes, first as usize..last as usize + 1),
                }
            }
        };
        // Such a response has no body and gives no length (RFC 9110 §8.6).
        let bodiless = matches!(status, 100..=199 | 204 | 304);
        match reply.framing {
            _ if bodiless => {}
            Framing::Length => {
                let known = headers
                    .iter()
                    .any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
                if !known {
                    headers.push(("Content-Length".into(), part.len().to_string()));
                }
            }
            Framing::Chunked | Framing::ChunkedWithoutEnd => {
                headers.push(("Transfer-Encoding".into(), "chunked".into()));
            }
            Framing::Close => headers.push(("Connection".into(), "close".into())),
        }
        let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
        for (name, value) in &headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let part = if bodiless || request.method == "HEAD" {
            0..0
        } else {
            part
        };
        Response {
            head: head.into_bytes(),
            bytes,
            part,
            keep: matches!(reply.framing, Framing::Length | Framing::Chunked) && reply.extra == 0,
        }
    }
}

/// Returns the first and last byte requested; `Some(None)` if there are no such bytes; `None` if everything is to be
/// sent.
fn asked_range(reply: &Reply, request: &Request, total: u64) -> Option<Option<(u64, u64)>> {
    if !reply.ranges || reply.status != 200 || request.method != "GET" {
        return None;
    }
    let text = request.header("range")?.strip_prefix("bytes=")?;
    let (first, last) = text.split_once('-')?;
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => (first, last.min(total.saturating_sub(1))),
        (Ok(first), Err(_)) if last.is_empty() => (first, total.saturating_sub(1)),
        (Err(_), Ok(count)) if first.is_empty() && count > 0 => {
            (total.saturating_sub(count), total.saturating_sub(1))
        }
        (Err(_), Ok(_)) if first.is_empty() => (total, total),
        _ => return None,
    };
    let condition = request.header("if-range").filter(|_| reply.honors_if_range);
    if condition.is_some_and(|condition| !is_current(reply, condition)) {
        return None;
    }
    Some((range.0 < total).then_some(range))
}

/// Checks whether an If-Range names this version: a strong ETag, or the exact date (RFC 9110 §13.1.5).
fn is_current(reply: &Reply, condition: &str) -> bool {
    let name = if condition.starts_with(['"', 'W']) && condition.ends_with('"') {
        "etag"
    } else {
        "last-modified"
    };
    let value = reply
        .headers
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    !condition.starts_with("W/") && value.is_some_and(|(_, value)| value == condition)
}

fn reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Odd")
}
