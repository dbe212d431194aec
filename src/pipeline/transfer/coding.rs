//! Bodies in a content coding that nobody asked for (RFC 9110 §8.4).
//!
//! Ranges and digests count the encoded bytes, so an encoded body is kept as it comes until it is whole, and is decoded
//! then. A file that is compressed itself is another matter: servers call `a.tar.gz` an encoded `a.tar`, but whoever
//! downloads it wants it as it is.

use std::io::{self, Read};

use http::{HeaderMap, header};
use url::Url;

use super::body::{CompleteBody, hash};
use super::check;
use super::content::Content;
use super::digest::{Digesting, Hashed, Hasher};
use super::response_head::Representation;
use super::setback::Setback;
use crate::model::{Digest, Error, Expect, Kind, Result};
use crate::net;
use crate::pipeline::naming::{HEAD, file_name};
use crate::pipeline::sink::slowly;

/// A content coding that can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Coding(net::Coding);

/// How long a decoded body may be: this many times its encoded length, plus this many bytes. Anything longer is meant
/// to do harm.
const MAX_EXPANSION: (u64, u64) = (100, 16 << 20);

/// Whether the file behind this response is compressed itself: by its address, its name, or its type.
pub(super) fn is_packed(urls: [&Url; 2], headers: &HeaderMap) -> bool {
    let name = headers
        .get(header::CONTENT_DISPOSITION)
        .and_then(|name| file_name(name.as_bytes()));
    let paths = urls.iter().map(|url| url.path());
    net::is_compressed(paths.chain(name.as_deref()), headers)
}

impl Coding {
    /// Returns the coding of a body that has to be decoded, if it has one.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] with the name of a coding that cannot be decoded.
    pub(super) fn of(representation: &Representation) -> Result<Option<Coding>> {
        let Some(coding) = &representation.coding else {
            return Ok(None);
        };
        match net::Coding::named(coding) {
            _ if representation.packed => Ok(None),
            Some(coding) => Ok(Some(Coding(coding))),
            None => Err(Error::new(
                Kind::Corrupt,
                format!(
                    "the server sent the content coding `{}`, although none was requested",
                    net::shorten_name(coding)
                ),
            )),
        }
    }

    /// Decodes the first bytes of an encoded body, as far as they go.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] if they are not in this coding.
    pub(super) fn head(self, coded: &[u8]) -> Result<Vec<u8>> {
        self.0.head(coded, HEAD).map_err(damaged)
    }

    /// Decodes a whole body. `None` if the result is longer than `most`.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] if it is not in this coding.
    pub(super) fn plain(self, coded: &[u8], most: usize) -> Result<Option<Vec<u8>>> {
        self.0.decode(coded, most).map_err(damaged)
    }

    /// Decodes a body: passes its bytes to `write`, and returns their number and the first of them. Blocks.
    fn decode_to(
        self,
        coded: impl Read,
        len: u64,
        mut write: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<(u64, Vec<u8>), Setback> {
        let (times, more) = MAX_EXPANSION;
        let most = len.saturating_mul(times).saturating_add(more);
        let again = |error| Setback::Restart(damaged(error));
        let mut decoder = self.0.decoder(coded).map_err(again)?;
        let (mut come, mut head) = (0, Vec::new());
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = match decoder.read(&mut buffer) {
                Ok(0) => return Ok((come, head)),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(again(error)),
            };
            let bytes = &buffer[..count];
            come += count as u64;
            if come > most {
                let message =
                    format!("it decompresses to too much: {len} bytes become over {most}");
                return Err(Setback::GiveUp(Error::new(Kind::Corrupt, message)));
            }
            let room = HEAD.saturating_sub(head.len()).min(count);
            head.extend_from_slice(&bytes[..room]);
            write(bytes)?;
        }
    }
}

fn damaged(error: io::Error) -> Error {
    Error::new(
        Kind::Corrupt,
        "the content coding of the response is damaged",
    )
    .because(error)
}

/// Decodes what has come, if it is in a coding that is to be removed.
pub(super) async fn decode_body(content: &mut Content) -> Result<(), Setback> {
    match Coding::of(&content.representation)? {
        // An empty body is empty in any coding.
        Some(_) if content.len() == 0 => Ok(()),
        // Boxed: it is rare and large.
        Some(coding) => Box::pin(decode(coding, content)).await,
        None => Ok(()),
    }
}

async fn decode(coding: Coding, content: &mut Content) -> Result<(), Setback> {
    let len = content.len();
    let body = content.finish().await?;
    // The server's promises are about the bytes as it sent them (RFC 9530 §2, RFC 3230 §4.1).
    let promised = std::mem::take(&mut content.promised);
    let (body, open) = without(promised, body).await?;
    let plain = slowly(move || Ok(plain(coding, body, len))).await??;
    let (body, len, head) = plain;
    // Where a coding was added later, the digest is that of the decoded bytes.
    let (body, open) = without(open, body).await?;
    if let Err(error) =
        check::verify_digests(&Expect::default(), &open, None, len, &Hashed::default())
    {
        body.discard().await?;
        return Err(Setback::Restart(error));
    }
    content.replace(body, len, head);
    Ok(())
}

/// Returns the digests that these bytes do not have.
async fn without(
    mut digests: Vec<Digest>,
    body: CompleteBody,
) -> Result<(CompleteBody, Vec<Digest>)> {
    let mut hasher = Hasher::default();
    hasher.want(&digests);
    let (body, hashed) = hash(hasher, Digesting::Done(None), body).await?;
    digests.retain(|digest| !hashed.has(digest));
    Ok((body, digests))
}

/// Decodes a body. Also returns its length and its first bytes. Blocks.
fn plain(
    coding: Coding,
    body: CompleteBody,
    len: u64,
) -> Result<(CompleteBody, u64, Vec<u8>), Setback> {
    match body {
        CompleteBody::Memory(pieces) => {
            let coded = pieces.concat();
            let mut bytes = Vec::new();
            let (len, head) = coding.decode_to(&coded[..], len, |piece| {
                bytes.extend_from_slice(piece);
                Ok(())
            })?;
            Ok((CompleteBody::Memory(vec![bytes.into()]), len, head))
        }
        CompleteBody::File(mut partial) => {
            let rewritten = partial.rewrite(|coded, write| coding.decode_to(coded, len, write));
            match rewritten {
                Ok((len, head)) => Ok((CompleteBody::File(partial), len, head)),
                Err(setback) => {
                    partial.discard()?;
                    Err(setback)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn of(coding: &str, packed: bool) -> Result<Option<Coding>> {
        Coding::of(&Representation {
            coding: Some(coding.to_owned()),
            packed,
            ..Representation::default()
        })
    }

    #[test]
    fn content_codings_are_decoded_except_for_packed_files() {
        assert_eq!(of("gzip", false).unwrap(), Some(Coding(net::Coding::Gzip)));
        assert_eq!(of("gzip", true).unwrap(), None);
        assert_eq!(of("br", true).unwrap(), None);
        assert!(of("br", false).is_err());
        let table = [
            ("http://a.org/a.tar.GZ?x=1", "", "", true),
            ("http://a.org/a.tar", "", "", false),
            ("http://a.org/a", "Application/GZip; x=1", "", true),
            (
                "http://a.org/a",
                "text/html",
                "attachment; filename=b.tgz",
                true,
            ),
            ("http://a.org/gz", "text/html", "inline", false),
        ];
        for (url, kind, name, packed) in table {
            let url = Url::parse(url).unwrap();
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
            headers.insert(header::CONTENT_DISPOSITION, name.parse().unwrap());
            assert_eq!(
                is_packed([&url, &url], &headers),
                packed,
                "{url} {kind} {name}"
            );
        }
    }

    #[test]
    fn a_beginning_is_read_as_far_as_it_goes() {
        let bytes: Vec<u8> = (0..50_000u32).flat_map(u32::to_be_bytes).collect();
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Default::default());
        encoder.write_all(&bytes).unwrap();
        let coded = encoder.finish().unwrap();
        let head = Coding(net::Coding::Deflate).head(&coded).unwrap();
        assert!(
            head == bytes[..HEAD],
            "without the format that it should have"
        );
        let head = Coding(net::Coding::Deflate).head(&coded[..500]).unwrap();
        assert!(!head.is_empty() && bytes.starts_with(&head));
        assert!(
            Coding(net::Coding::Gzip)
                .head(b"no such thing at all")
                .is_err()
        );
    }
}
