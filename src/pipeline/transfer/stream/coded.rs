//! Segments in a coding that nobody asked for: it is taken off when all of one is there.

use bytes::Bytes;

use crate::model::{Error, Kind, Result};
use crate::net::{Coding, said};
use crate::pipeline::sink::slowly;

/// So long is one at the most, in its coding and without it.
const LONGEST: usize = 64 << 20;

/// What came of a segment that is in a coding.
#[derive(Debug)]
pub(super) struct Coded {
    coding: Coding,
    body: Vec<u8>,
}

impl Coded {
    /// One in this coding, of which nothing came yet.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] for a coding that cannot be taken off, and for a part of a file: only all of it could be read.
    pub(super) fn of(name: &str, is_part: bool) -> Result<Coded> {
        match Coding::named(name).filter(|_| !is_part) {
            Some(coding) => Ok(Coded {
                coding,
                body: Vec::new(),
            }),
            None => Err(Error::new(
                Kind::Corrupt,
                format!(
                    "a segment came in the coding `{}`",
                    said(name).escape_debug()
                ),
            )),
        }
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<()> {
        match self.body.len() + piece.len() {
            ..=LONGEST => self.body.extend_from_slice(piece),
            _ => return Err(too_long()),
        }
        Ok(())
    }

    /// Takes the coding off.
    pub(super) async fn plain(self) -> Result<Bytes> {
        let plain = slowly(move || {
            // Nothing is nothing in any coding.
            if self.body.is_empty() {
                return Ok(Some(Vec::new()));
            }
            let plain = self.coding.plain(&self.body, LONGEST);
            plain.map_err(|error| {
                Error::new(Kind::Corrupt, "the coding of a segment is damaged").because(error)
            })
        });
        plain.await?.map(Bytes::from).ok_or_else(too_long)
    }
}

fn too_long() -> Error {
    let message = format!("a segment in a coding is longer than {LONGEST} bytes");
    Error::new(Kind::Corrupt, message)
}
