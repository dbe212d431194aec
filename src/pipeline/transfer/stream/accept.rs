//! What to request for a part, and whether a response has it.

use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::coded::Coded;
use crate::model::{Error, Kind};
use crate::net::{is_partial, parse_content_range};
use crate::pipeline::transfer::response_head::{
    RangeRequest, Representation, ResponseKind, interpret,
};
use crate::pipeline::transfer::setback::Setback;

/// The headers that request unencoded bytes, or a range of them.
pub(super) fn part_headers(range: Option<(u64, u64)>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    let range = range
        .and_then(|(start, end)| HeaderValue::try_from(format!("bytes={start}-{}", end - 1)).ok());
    if let Some(range) = range {
        headers.insert(header::RANGE, range);
    }
    headers
}

/// What a response brings.
#[derive(Debug)]
pub(super) struct Accepted {
    /// The length of the body, if known.
    pub(super) length: Option<u64>,
    /// How many of its bytes are wanted, unless all are.
    pub(super) most: Option<u64>,
    /// The representation that it is a range of.
    pub(super) of: Option<Representation>,
    /// The content coding that it comes in.
    pub(super) coded: Option<Coded>,
}

/// Checks whether a response has what was requested.
pub(super) fn accept(
    status: StatusCode,
    headers: &HeaderMap,
    range: Option<(u64, u64)>,
) -> Result<Accepted, Setback> {
    let here = Representation::of(headers);
    let coding = here.coding.as_deref().filter(|_| status.is_success());
    let coded = coding.map(|name| Coded::of(name, range.is_some()));
    let coded = coded.transpose().map_err(Setback::GiveUp)?;
    let length = here.total;
    let part = || parse_content_range(headers.get(header::CONTENT_RANGE)?.to_str().ok()?);
    let is_partial = is_partial(status, headers);
    match (status.as_u16(), range) {
        (_, Some((start, end))) if is_partial => match part() {
            Some((from, to, total)) if from == start && to >= end => Ok(Accepted {
                length,
                most: Some(end - start),
                of: Some(Representation { total, ..here }),
                coded,
            }),
            _ => Err(Setback::GiveUp(Error::new(
                Kind::Corrupt,
                "the server sent a different range than requested",
            ))),
        },
        (200..=203 | 207..=299, Some((0, end))) => Ok(Accepted {
            length,
            most: Some(end),
            of: Some(here),
            coded,
        }),
        (200..=203 | 207..=299, Some(_)) => Err(Setback::GiveUp(Error::new(
            Kind::Corrupt,
            "the server sends whole files only, but the stream needs ranges of them",
        ))),
        (200..=203 | 207..=299, None) if !is_partial => Ok(Accepted {
            length,
            most: None,
            of: None,
            coded,
        }),
        _ => {
            let known = Representation::default();
            let requested = RangeRequest {
                start: 0,
                known: &known,
            };
            Err(match interpret(status, headers, requested) {
                ResponseKind::Refused {
                    error,
                    is_temporary: true,
                } => Setback::Retry(error),
                ResponseKind::Refused { error, .. } => Setback::GiveUp(error),
                _ => Setback::GiveUp(Error::new(
                    Kind::Corrupt,
                    format!("the server answered {status}"),
                )),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_must_match_the_requested_range() {
        let headers = |range: &str| {
            let mut headers = HeaderMap::new();
            if !range.is_empty() {
                headers.insert(header::CONTENT_RANGE, range.parse().unwrap());
            }
            headers.insert(header::CONTENT_LENGTH, "10".parse().unwrap());
            headers
        };
        let table = [
            (200, "", None, Some(None)),
            (206, "bytes 5-14/99", Some((5, 15)), Some(Some(10))),
            (206, "bytes 5-14/99", Some((5, 16)), None),
            (206, "bytes 4-13/99", Some((5, 14)), None),
            (206, "", Some((5, 15)), None),
            (206, "bytes 0-9/99", None, None),
            (200, "bytes 0-98/99", None, Some(None)),
            (200, "bytes 0-9/99", None, None),
            (200, "bytes 5-14/99", Some((5, 15)), Some(Some(10))),
            (200, "bytes 4-13/99", Some((5, 14)), None),
            (200, "", Some((0, 5)), Some(Some(5))),
            (200, "", Some((1, 5)), None),
            (404, "", None, None),
            (503, "", None, None),
            (304, "", None, None),
        ];
        for (status, range, asked, expected) in table {
            let status = StatusCode::from_u16(status).unwrap();
            let read = accept(status, &headers(range), asked);
            let most = read.as_ref().ok().map(|accepted| accepted.most);
            assert_eq!(most, expected, "{status} {range} {asked:?}");
            if let Err(setback) = read {
                assert_eq!(
                    matches!(setback, Setback::Retry(_)),
                    // A part that nobody requested may be the response to another request.
                    status == 503 || !range.is_empty() && asked.is_none(),
                    "{status}"
                );
            }
        }
    }
}
