//! Content codings of bodies, and how to decode them (RFC 9110 §8.4).
//!
//! Files that are compressed themselves are another matter: servers may describe `a.tar.gz` as a coded `a.tar`, but
//! whoever requests it wants it as it is.

use std::io::{self, BufRead, BufReader, Read};

use bytes::Bytes;
use flate2::bufread::GzDecoder;
use flate2::read::{DeflateDecoder, ZlibDecoder};
use http::{HeaderMap, StatusCode, header};
use url::Url;

use super::{Redacted, too_long};
use crate::model::{Error, Kind, Result};

/// A coding that can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
}

/// Bodies of up to this many coded bytes are decoded on the spot, as that takes less time than handing them over. They
/// decode to four megabytes at most.
const MAX_INLINE: usize = 4 << 10;

/// Values that are not codings: `identity` (RFC 9110 §12.5.3), charsets, values that belong to mail, and what storage
/// services remember of how a file was uploaded.
const NOT_CODINGS: [&str; 9] = [
    "identity",
    "none",
    "null",
    "binary",
    "7bit",
    "8bit",
    "utf-8",
    "utf8",
    "aws-chunked",
];

/// How many characters of a coding's name are shown.
const MAX_SHOWN_NAME: usize = 60;

/// File name endings of compressed files, and their media types.
const COMPRESSED_ENDINGS: [&str; 7] = [".br", ".gz", ".svgz", ".tgz", ".z", ".zst", ".zz"];
const COMPRESSED_TYPES: [&str; 4] = [
    "application/gzip",
    "application/x-gzip",
    "application/x-compressed-tar",
    "application/zstd",
];

/// Checks whether the resource itself is compressed, by one of its names or its media type.
pub(crate) fn is_compressed<'a>(
    names: impl IntoIterator<Item = &'a str>,
    headers: &HeaderMap,
) -> bool {
    let ends_so = |name: &str| {
        let name = name.to_ascii_lowercase();
        COMPRESSED_ENDINGS.iter().any(|end| name.ends_with(end))
    };
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .and_then(|kind| kind.split(';').next())
        .unwrap_or("");
    names.into_iter().any(ends_so)
        || COMPRESSED_TYPES.contains(&kind.trim().to_ascii_lowercase().as_str())
}

/// Returns the coding of a body in lower case, if it has one; several as in a single header field, the last one
/// outermost.
pub(crate) fn coding(headers: &HeaderMap) -> Option<String> {
    let fields = headers.get_all(header::CONTENT_ENCODING).into_iter();
    let fields: Vec<_> = fields
        .map(|field| String::from_utf8_lossy(field.as_bytes()).to_lowercase())
        .collect();
    let names = fields.iter().flat_map(|field| field.split(','));
    let names: Vec<_> = names
        .map(str::trim)
        .filter(|name| !name.is_empty() && !NOT_CODINGS.contains(name))
        .collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// Shortens and escapes the name of a coding for messages.
pub(crate) fn shorten_name(coding: &str) -> String {
    let name: String = coding.chars().take(MAX_SHOWN_NAME).collect();
    name.escape_debug().collect()
}

/// Decodes the body of a complete response, if it is coded, and adjusts its headers.
///
/// # Errors
/// [`Kind::Corrupt`] for an unsupported coding or invalid data, and for more bytes than `limit`. The body of a refusal
/// is left as it is: the status is what counts.
pub(super) async fn decode_response(
    url: &Url,
    status: StatusCode,
    headers: &mut HeaderMap,
    body: Bytes,
    limit: usize,
) -> Result<Bytes> {
    let Some(name) = coding(headers) else {
        return Ok(body);
    };
    if body.is_empty()
        || status == StatusCode::PARTIAL_CONTENT
        || is_compressed([url.path()], headers)
    {
        return Ok(body);
    }
    let plain = match Coding::named(&name) {
        Some(coding) => coding
            .decode_async(body.clone(), limit)
            .await
            .map_err(|error| {
                let message = format!("the response from `{}` is damaged", Redacted(url));
                Error::new(Kind::Corrupt, message).because(error)
            }),
        None => Err(Error::new(
            Kind::Corrupt,
            format!(
                "`{}` answered in the content coding `{}`, which was not requested",
                Redacted(url),
                shorten_name(&name)
            ),
        )),
    };
    match plain {
        Ok(Some(plain)) => {
            headers.remove(header::CONTENT_ENCODING);
            headers.remove(header::CONTENT_LENGTH);
            Ok(plain.into())
        }
        Ok(None) => Err(too_long(url, limit)),
        Err(_) if !status.is_success() => Ok(body),
        Err(error) => Err(error),
    }
}

impl Coding {
    /// Returns the coding of this lower-case name, if it can be decoded.
    pub(crate) fn named(name: &str) -> Option<Coding> {
        match name {
            "gzip" | "x-gzip" => Some(Coding::Gzip),
            "deflate" => Some(Coding::Deflate),
            _ => None,
        }
    }

    /// Decodes a body; returns None if the result is longer than `most`.
    ///
    /// # Errors
    /// If the body is not in this coding.
    pub(crate) fn decode(self, coded: &[u8], most: usize) -> io::Result<Option<Vec<u8>>> {
        let mut plain = Vec::new();
        let mut decoder = self.decoder(coded)?.take(most as u64 + 1);
        decoder.read_to_end(&mut plain)?;
        Ok((plain.len() <= most).then_some(plain))
    }

    /// Like [`Coding::decode`], without blocking the thread for long.
    async fn decode_async(self, coded: Bytes, most: usize) -> io::Result<Option<Vec<u8>>> {
        match coded.len() {
            ..=MAX_INLINE => self.decode(&coded, most),
            _ => tokio::task::spawn_blocking(move || self.decode(&coded, most)).await?,
        }
    }

    /// Decodes the beginning of a coded body, up to `most` bytes.
    ///
    /// # Errors
    /// If the beginning is not in this coding.
    pub(crate) fn head(self, coded: &[u8], most: usize) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        let mut decoder = self.decoder(coded)?.take(most as u64);
        match decoder.read_to_end(&mut head) {
            // The input is cut off, as expected.
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
            _ => Ok(head),
        }
    }

    /// Returns a reader that decodes a body.
    ///
    /// # Errors
    /// If its first bytes cannot be read.
    pub(crate) fn decoder<'a>(self, mut coded: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
        if self == Coding::Gzip {
            return Ok(Box::new(Members(Some(GzDecoder::new(BufReader::new(
                coded,
            ))))));
        }
        // `deflate` means the zlib format (RFC 9110 §8.4.1.2), but some servers send it without the zlib header.
        let mut start = Vec::new();
        (&mut coded).take(2).read_to_end(&mut start)?;
        let is_zlib = start.len() == 2
            && start[0] & 0x0f == 8
            && u16::from_be_bytes([start[0], start[1]]) % 31 == 0;
        let coded = io::Cursor::new(start).chain(coded);
        Ok(match is_zlib {
            true => Box::new(ZlibDecoder::new(coded)),
            false => Box::new(DeflateDecoder::new(coded)),
        })
    }
}

/// Concatenated gzip members, possibly followed by zeros that fill up a block, which gzip itself accepts.
struct Members<R>(Option<GzDecoder<R>>);

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.0 {
            let count = member.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let Some(mut rest) = self.0.take().map(GzDecoder::into_inner) else {
                break;
            };
            match rest.fill_buf()? {
                [] => {}
                [0, ..] => only_zeros(rest)?,
                _ => self.0 = Some(GzDecoder::new(rest)),
            }
        }
        Ok(0)
    }
}

fn only_zeros(mut rest: impl BufRead) -> io::Result<()> {
    loop {
        let bytes = rest.fill_buf()?;
        let count = bytes.len();
        if bytes.iter().any(|byte| *byte != 0) {
            let message = "there is data after the end of the gzip stream";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        if count == 0 {
            return Ok(());
        }
        rest.consume(count);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Default::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Decodes a response in this coding; also returns whether it is still labelled as coded.
    async fn decoded(
        path: &str,
        status: u16,
        coding: &str,
        body: &[u8],
    ) -> Result<(Vec<u8>, bool)> {
        let url = Url::parse("http://a.org").unwrap().join(path).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, coding.parse().unwrap());
        let status = StatusCode::from_u16(status).unwrap();
        let body = Bytes::copy_from_slice(body);
        let plain = decode_response(&url, status, &mut headers, body, 8000).await?;
        let says_so = headers.contains_key(header::CONTENT_ENCODING);
        Ok((plain.to_vec(), says_so))
    }

    #[tokio::test]
    async fn a_coded_response_is_decoded_up_to_its_size_limit() {
        let (text, coded) = (b"a page".to_vec(), gzip(b"a page"));
        let plain = Ok((text.clone(), false));
        // Large enough to be decoded on another thread.
        let large: Vec<u8> = (0..7000_u32).map(|at| ((at * at) >> 7) as u8).collect();
        let coded_large = gzip(&large);
        assert!(coded_large.len() > MAX_INLINE);
        let as_it_is = |bytes: &[u8]| Ok((bytes.to_vec(), true));
        let corrupt = Err(Kind::Corrupt);
        let table = [
            ("/x", 200, "gzip", &coded[..], plain.clone()),
            ("/x", 404, " X-GZIP", &coded, plain.clone()),
            ("/x", 200, "aws-chunked, gzip", &coded, plain),
            ("/x", 200, "none", &text, as_it_is(&text)),
            ("/x", 200, "UTF-8", &text, as_it_is(&text)),
            ("/x", 200, "binary, aws-chunked", &text, as_it_is(&text)),
            ("/x", 200, "gzip", &coded_large, Ok((large, false))),
            ("/x.tar.gz", 200, "gzip", &coded, as_it_is(&coded)),
            ("/x", 206, "gzip", &coded, as_it_is(&coded)),
            ("/x", 200, "identity", &text, as_it_is(&text)),
            ("/x", 304, "gzip", b"", as_it_is(b"")),
            ("/x", 200, "gzip", &text, corrupt.clone()),
            ("/x", 200, "gzip", &coded[..12], corrupt.clone()),
            ("/x", 404, "gzip", &text, as_it_is(&text)),
            ("/x", 200, "br", &text, corrupt.clone()),
            ("/x", 404, "br", &text, as_it_is(&text)),
            ("/x", 200, "gzip", &gzip(&[b'a'; 8001]), corrupt),
        ];
        for (path, status, coding, body, expected) in table {
            let found = decoded(path, status, coding, body).await;
            let found = found.map_err(|error| error.kind);
            assert_eq!(found, expected, "{path} {status} {coding}");
        }
        let bomb = gzip(&[b'a'; 1 << 20]);
        let long = decoded("/x", 200, "gzip", &bomb).await;
        let message = long.unwrap_err().message;
        assert!(message.contains("longer than 8000 bytes"), "{message}");
    }

    #[test]
    fn gzip_members_may_be_concatenated_and_zero_padded() {
        let (a, b) = (gzip(b"a"), gzip(b"b"));
        let table = [
            (a.clone(), Some("a")),
            ([a.clone(), b.clone()].concat(), Some("ab")),
            ([a.clone(), b.clone(), vec![0; 20_000]].concat(), Some("ab")),
            ([a.clone(), vec![0; 9], b.clone()].concat(), None),
            ([a.clone(), vec![0; 20_000], vec![1]].concat(), None),
            ([a.clone(), b"more".to_vec()].concat(), None),
            ([a.clone(), b[..9].to_vec()].concat(), None),
            (a[..a.len() - 1].to_vec(), None),
            (Vec::new(), None),
        ];
        for (coded, expected) in table {
            let plain = Coding::Gzip.decode(&coded, 1000).ok().flatten();
            assert_eq!(plain.as_deref(), expected.map(str::as_bytes), "{coded:?}");
        }
    }
}
