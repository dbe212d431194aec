//! How a server delimits a body (RFC 9112 §6.3).

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Version};

/// How the end of a body is determined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// By the protocol: by a length, chunks or a frame.
    Delimited,
    /// By chunks, although there is also a length, which is ignored.
    ChunkedDespiteLength,
    /// By a length, although there is also `Transfer-Encoding: identity`, which codes nothing and was removed from
    /// HTTP.
    LengthDespiteCoding(u64),
    /// Only by the end of the connection.
    Open,
}

impl Framing {
    /// Determines the framing of a response with these headers.
    ///
    /// # Errors
    /// The transfer coding of the body, which was not requested: only chunks are decoded.
    pub(super) fn of(version: Version, headers: &HeaderMap) -> Result<Framing, String> {
        // HTTP/2 has frames, and no transfer coding.
        let has_coding = headers.contains_key(TRANSFER_ENCODING);
        if version >= Version::HTTP_2 || !has_coding && headers.contains_key(CONTENT_LENGTH) {
            return Ok(Framing::Delimited);
        }
        let lines = headers.get_all(TRANSFER_ENCODING).iter();
        let coding = lines
            .map(|line| String::from_utf8_lossy(line.as_bytes()))
            .collect::<Vec<_>>()
            .join(", ");
        let names = coding.split(',').map(str::trim);
        let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
        let length = || headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok();
        match names[..] {
            [] => Ok(length().map_or(Framing::Open, Framing::LengthDespiteCoding)),
            // Proxies repeat the name, but the body is chunked only once.
            [_, ..] if ends_in_chunks(headers) && names.iter().all(|name| is_chunked(name)) => {
                Ok(match headers.contains_key(CONTENT_LENGTH) {
                    true => Framing::ChunkedDespiteLength,
                    false => Framing::Delimited,
                })
            }
            [name] if name.eq_ignore_ascii_case("identity") => {
                Ok(length().map_or(Framing::Open, Framing::LengthDespiteCoding))
            }
            _ => Err(coding),
        }
    }
}

fn is_chunked(name: &str) -> bool {
    name.eq_ignore_ascii_case("chunked")
}

/// Checks whether hyper decodes the chunks: it looks for `chunked` after the last comma of the last line, and nowhere
/// else. A list may have empty members (RFC 9110 §5.6.1), so a chunked response may end in one.
fn ends_in_chunks(headers: &HeaderMap) -> bool {
    let last = headers.get_all(TRANSFER_ENCODING).iter().next_back();
    let last = last.and_then(|line| line.to_str().ok()?.rsplit(',').next());
    last.is_some_and(|name| is_chunked(name.trim_matches([' ', '\t'])))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_chunked_transfer_coding_is_decoded() {
        let of = |coding: &[&str], length: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            for coding in coding {
                let coding = HeaderValue::from_bytes(coding.as_bytes()).unwrap();
                headers.append(TRANSFER_ENCODING, coding);
            }
            if let Some(length) = length {
                headers.insert(CONTENT_LENGTH, HeaderValue::from_static(length));
            }
            Framing::of(Version::HTTP_11, &headers)
        };
        assert_eq!(of(&[], Some("5")), Ok(Framing::Delimited));
        assert_eq!(of(&[], None), Ok(Framing::Open));
        assert_eq!(
            of(&["Chunked"], Some("5")),
            Ok(Framing::ChunkedDespiteLength)
        );
        assert_eq!(of(&["chunked", "chunked"], None), Ok(Framing::Delimited));
        assert_eq!(
            of(&["identity"], Some("5")),
            Ok(Framing::LengthDespiteCoding(5))
        );
        assert_eq!(of(&["identity"], None), Ok(Framing::Open));
        assert_eq!(
            of(&["gzip, chunked"], None),
            Err("gzip, chunked".to_owned())
        );
        assert_eq!(
            of(&["gzip", "chunked"], None),
            Err("gzip, chunked".to_owned())
        );
        assert_eq!(
            of(&["chunked, gzip"], None),
            Err("chunked, gzip".to_owned())
        );
        assert_eq!(of(&["gzip"], Some("5")), Err("gzip".to_owned()));
        assert_eq!(of(&["chunked \t"], None), Ok(Framing::Delimited));
        assert_eq!(of(&[",chunked"], None), Ok(Framing::Delimited));
        for coding in [&["chunked,"][..], &["chunked", ""], &["chunked\u{a0}"]] {
            assert!(of(coding, Some("5")).is_err(), "{coding:?}");
        }
        assert_eq!(of(&[""], None), Ok(Framing::Open));
        assert_eq!(of(&[","], Some("5")), Ok(Framing::LengthDespiteCoding(5)));
    }
}
