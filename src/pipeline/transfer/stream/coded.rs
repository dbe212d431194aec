//! Segments in a content coding that nobody asked for: each is decoded once all of it is there.

use bytes::Bytes;

use crate::model::{Error, Kind, Result};
use crate::net::{Coding, shorten_name};
use crate::pipeline::sink::slowly;

/// The longest segment, both encoded and decoded.
const MAX_SEGMENT: usize = 64 << 20;

/// The bytes of an encoded segment that have come so far.
#[derive(Debug)]
pub(super) struct Coded {
    coding: Coding,
    body: Vec<u8>,
}

impl Coded {
    /// Creates an empty segment in this coding.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] for a coding that cannot be decoded, and for a part of a file: only the whole could be.
    pub(super) fn of(name: &str, is_part: bool) -> Result<Coded> {
        match Coding::named(name).filter(|_| !is_part) {
            Some(coding) => Ok(Coded {
                coding,
                body: Vec::new(),
            }),
            None => Err(Error::new(
                Kind::Corrupt,
                format!(
                    "a segment came in the content coding `{}`",
                    shorten_name(name)
                ),
            )),
        }
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<()> {
        match self.body.len() + piece.len() {
            ..=MAX_SEGMENT => self.body.extend_from_slice(piece),
            _ => return Err(too_long()),
        }
        Ok(())
    }

    /// Decodes the segment.
    pub(super) async fn plain(self) -> Result<Bytes> {
        let plain = slowly(move || {
            // An empty body is empty in any coding.
            if self.body.is_empty() {
                return Ok(Some(Vec::new()));
            }
            let plain = self.coding.decode(&self.body, MAX_SEGMENT);
            plain.map_err(|error| {
                Error::new(Kind::Corrupt, "the content coding of a segment is damaged")
                    .because(error)
            })
        });
        plain.await?.map(Bytes::from).ok_or_else(too_long)
    }
}

fn too_long() -> Error {
    let message = format!("an encoded segment is longer than {MAX_SEGMENT} bytes");
    Error::new(Kind::Corrupt, message)
}
