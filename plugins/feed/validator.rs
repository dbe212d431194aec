//! Validators of feeds (RFC 9110 §13.1).

use fetch::source::Answer;
use http::header::{HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use jiff::SignedDuration;

use super::date::parse_date;

/// How much older than the response a date must be to count: a file changed twice in a second has the same date.
const SETTLED: SignedDuration = SignedDuration::from_secs(60);

/// Returns the validator of a response: an ETag, which may be weak, or else a date.
pub(super) fn of(answer: &Answer) -> Option<String> {
    if let Some(etag) = answer.header("etag").filter(|etag| etag.ends_with('"')) {
        return Some(format!("etag {etag}"));
    }
    let text = answer.header("last-modified")?;
    let age = parse_date(answer.header("date")?)?.duration_since(parse_date(text)?);
    (age >= SETTLED).then(|| format!("date {text}"))
}

/// Returns the header for a conditional request.
pub(super) fn headers(known: &str) -> Option<(HeaderName, String)> {
    let (kind, value) = known.split_once(' ')?;
    let name = match kind {
        "etag" => IF_NONE_MATCH,
        "date" => IF_MODIFIED_SINCE,
        _ => return None,
    };
    Some((name, value.to_owned()))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::*;

    fn conditional_header(
        headers: &[(&'static str, &'static str)],
    ) -> Option<(HeaderName, String)> {
        let headers = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        let answer = Answer {
            url: "https://x.org/feed".parse().unwrap(),
            status: StatusCode::OK,
            headers: headers.collect::<HeaderMap>(),
            body: Bytes::new(),
            open_end: false,
        };
        super::headers(&of(&answer)?)
    }

    #[test]
    fn an_etag_counts_and_a_date_that_is_settled() {
        let (noon, later) = (
            "Fri, 03 May 2024 12:00:00 GMT",
            "Fri, 03 May 2024 12:01:00 GMT",
        );
        let etag = |text: &str| Some((IF_NONE_MATCH, text.to_owned()));
        let date = Some((IF_MODIFIED_SINCE, noon.to_owned()));
        let both = [
            ("etag", "\"a b\""),
            ("last-modified", noon),
            ("date", later),
        ];
        assert_eq!(conditional_header(&both), etag("\"a b\""));
        assert_eq!(conditional_header(&both[1..]), date);
        assert_eq!(conditional_header(&[("etag", "W/\"7\"")]), etag("W/\"7\""));
        assert_eq!(
            conditional_header(&[("last-modified", noon), ("date", noon)]),
            None
        );
        assert_eq!(conditional_header(&[("last-modified", noon)]), None);
        assert_eq!(conditional_header(&[("etag", "no quotes")]), None);
        assert_eq!(conditional_header(&[]), None);
    }
}
