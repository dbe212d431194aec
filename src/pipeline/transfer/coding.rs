//! Bodies in a coding that nobody asked for (RFC 9110 §8.4).
//!
//! Ranges and digests count the bytes as they are coded, so a coded body is kept as it comes until it is whole, and the
//! coding is taken off then. A file that is packed itself is another matter: servers call `a.tar.gz` a coded `a.tar`, and
//! whoever asks for it wants it as it is.

use std::io::{self, Read};

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, header};
use url::Url;

use super::answer::Representation;
use super::check;
use super::content::{Content, Digesting};
use super::digest::Hasher;
use super::prove::hash;
use super::prove::throw_away;
use super::tries::Setback;
use super::whole::Whole;
use crate::model::{Error, Expect, Kind, Result};
use crate::pipeline::naming::{HEAD, file_name};
use crate::pipeline::sink::slowly;

/// A coding that can be taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
}

/// So many times as long as it was coded a body may become, and so many bytes more. What is longer is there to do harm.
const SWELLS: (u64, u64) = (100, 16 << 20);

/// The ends of names whose bytes are packed, and the types.
const PACKED: [&str; 7] = [".br", ".gz", ".svgz", ".tgz", ".z", ".zst", ".zz"];
const PACKED_TYPES: [&str; 4] = [
    "application/gzip",
    "application/x-gzip",
    "application/x-compressed-tar",
    "application/zstd",
];

/// Whether the file behind this answer is packed itself: by its address, its name, or its type.
pub(super) fn is_packed(urls: [&Url; 2], headers: &HeaderMap) -> bool {
    let ends_so = |name: &str| {
        let name = name.to_ascii_lowercase();
        PACKED.iter().any(|end| name.ends_with(end))
    };
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .and_then(|kind| kind.split(';').next())
        .unwrap_or("");
    let name = headers
        .get(header::CONTENT_DISPOSITION)
        .and_then(|name| file_name(name.as_bytes()));
    urls.iter().any(|url| ends_so(url.path()))
        || name.is_some_and(|name| ends_so(&name))
        || PACKED_TYPES.contains(&kind.trim().to_ascii_lowercase().as_str())
}

impl Coding {
    /// The coding that has to be taken off a body, if one has.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] with the name of a coding that cannot be.
    pub(super) fn of(representation: &Representation) -> Result<Option<Coding>> {
        let Some(coding) = &representation.coding else {
            return Ok(None);
        };
        match coding.as_str() {
            _ if representation.packed => Ok(None),
            "gzip" | "x-gzip" => Ok(Some(Coding::Gzip)),
            "deflate" => Ok(Some(Coding::Deflate)),
            _ => Err(Error::new(
                Kind::Corrupt,
                format!(
                    "the server sent it in the coding `{coding}`, although the bytes as they are were asked for"
                ),
            )),
        }
    }

    /// The first bytes of what is behind the first bytes of a coded body.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] if they are not in this coding.
    pub(super) fn head(self, coded: &[u8]) -> Result<Vec<u8>> {
        let mut head = Vec::new();
        let mut decoder = self.decoder(coded)?.take(HEAD as u64);
        match decoder.read_to_end(&mut head) {
            // It goes on behind what is there.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(head),
            Err(error) => Err(damaged(error)),
            Ok(_) => Ok(head),
        }
    }

    /// What is behind a coded body; none if that is longer than this.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] if it is not in this coding.
    pub(super) fn plain(self, coded: &[u8], most: usize) -> Result<Option<Vec<u8>>> {
        let mut plain = Vec::new();
        let mut decoder = self.decoder(coded)?.take(most as u64 + 1);
        decoder.read_to_end(&mut plain).map_err(damaged)?;
        Ok((plain.len() <= most).then_some(plain))
    }

    fn decoder<'a>(self, mut coded: impl Read + 'a) -> Result<Box<dyn Read + 'a>> {
        if self == Coding::Gzip {
            return Ok(Box::new(MultiGzDecoder::new(coded)));
        }
        // `deflate` means the zlib format (RFC 9110 §8.4.1.2), and some servers send it without that.
        let mut start = Vec::new();
        let read = (&mut coded).take(2).read_to_end(&mut start);
        read.map_err(damaged)?;
        let is_zlib = start.len() == 2
            && start[0] & 0x0f == 8
            && u16::from_be_bytes([start[0], start[1]]) % 31 == 0;
        let coded = io::Cursor::new(start).chain(coded);
        Ok(match is_zlib {
            true => Box::new(ZlibDecoder::new(coded)),
            false => Box::new(DeflateDecoder::new(coded)),
        })
    }

    /// Takes the coding off: gives the bytes to `write`, and their number and the first of them back. Blocks.
    fn take_off(
        self,
        coded: impl Read,
        len: u64,
        mut write: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<(u64, Vec<u8>), Setback> {
        let (times, more) = SWELLS;
        let most = len.saturating_mul(times).saturating_add(more);
        let again = |error| Setback::Restart(damaged(error));
        let mut decoder = self.decoder(coded).map_err(Setback::Restart)?;
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
                let message = format!("it swells beyond measure: {len} bytes become over {most}");
                return Err(Setback::Over(Error::new(Kind::Corrupt, message)));
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
        "the coding that the server sent it in is damaged",
    )
    .because(error)
}

/// Takes the coding off what has come, if there is one and it is to go.
pub(super) async fn take_off(content: &mut Content) -> Result<(), Setback> {
    match Coding::of(&content.representation)? {
        // Boxed: it is seldom, and large.
        Some(coding) => Box::pin(decode(coding, content)).await,
        None => Ok(()),
    }
}

async fn decode(coding: Coding, content: &mut Content) -> Result<(), Setback> {
    let len = content.len();
    let whole = match content.finish().await? {
        // What the server promised, it promised of the bytes as it sent them (RFC 9530 §2, RFC 3230 §4.1).
        whole if !content.promised.is_empty() => {
            let promised = std::mem::take(&mut content.promised);
            let mut hasher = Hasher::default();
            hasher.want(&promised);
            let (whole, hashed) = hash(hasher, Digesting::Done(None), whole).await?;
            let none = Expect::default();
            if let Err(error) = check::whole(&none, &promised, None, len, &hashed) {
                throw_away(whole).await?;
                return Err(Setback::Restart(error));
            }
            whole
        }
        whole => whole,
    };
    let plain = slowly(move || Ok(plain(coding, whole, len))).await??;
    let (whole, len, head) = plain;
    content.replace(whole, len, head);
    Ok(())
}

/// What is behind a coded body; its length and its first bytes. Blocks.
fn plain(coding: Coding, whole: Whole, len: u64) -> Result<(Whole, u64, Vec<u8>), Setback> {
    match whole {
        Whole::Memory(pieces) => {
            let coded = pieces.concat();
            let mut bytes = Vec::new();
            let (len, head) = coding.take_off(&coded[..], len, |piece| {
                bytes.extend_from_slice(piece);
                Ok(())
            })?;
            Ok((Whole::Memory(vec![bytes.into()]), len, head))
        }
        Whole::File(mut partial) => {
            let rewritten = partial.rewrite(|coded, write| coding.take_off(coded, len, write));
            match rewritten {
                Ok((len, head)) => Ok((Whole::File(partial), len, head)),
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
    fn a_coding_is_taken_off_unless_the_file_is_packed_itself() {
        assert_eq!(of("gzip", false).unwrap(), Some(Coding::Gzip));
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
        let head = Coding::Deflate.head(&coded).unwrap();
        assert!(
            head == bytes[..HEAD],
            "without the format that it should have"
        );
        let head = Coding::Deflate.head(&coded[..500]).unwrap();
        assert!(!head.is_empty() && bytes.starts_with(&head));
        assert!(Coding::Gzip.head(b"no such thing at all").is_err());
    }
}
