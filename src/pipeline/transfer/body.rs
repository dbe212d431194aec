//! A complete body, and what is done with all of its bytes.

use std::fs::File;

use bytes::Bytes;

use super::digest::{Digesting, Hashed, Hasher};
use crate::model::Result;
use crate::pipeline::archive::Summing;
use crate::pipeline::sink::{Partial, quickly, same, slowly};

/// A complete body: in memory, or in the partial file.
#[derive(Debug)]
pub(super) enum CompleteBody {
    Memory(Vec<Bytes>),
    File(Partial),
}

impl CompleteBody {
    /// Whether this file, read from its start, has the same bytes.
    ///
    /// # Errors
    /// The partial file cannot be read.
    pub(super) fn equals(&self, other: &mut File) -> Result<bool> {
        match self {
            CompleteBody::Memory(pieces) => Ok(same(pieces, other)),
            CompleteBody::File(partial) => partial.equals(other),
        }
    }

    /// Discards a body that turned out to be wrong.
    pub(super) async fn discard(self) -> Result<()> {
        match self {
            CompleteBody::Memory(_) => Ok(()),
            CompleteBody::File(partial) => quickly(move || partial.discard()).await,
        }
    }
}

/// Computes the digests that are wanted. A body in memory is small, and its digest for the archive can wait; a file is
/// read on a thread that may block.
pub(super) async fn hash(
    mut hasher: Hasher,
    digest: Digesting,
    body: CompleteBody,
) -> Result<(CompleteBody, Hashed)> {
    let algorithm = match digest {
        Digesting::Done(_) => None,
        Digesting::Wanted(algorithm) => Some(algorithm),
    };
    let finish = move |hasher: Hasher, sum| Hashed {
        sum,
        ..hasher.finish()
    };
    match body {
        CompleteBody::File(partial) if algorithm.is_some() || !hasher.is_idle() => {
            slowly(move || {
                let mut summing = algorithm.map(Summing::new);
                partial.read_all(|bytes| {
                    hasher.update(bytes);
                    if let Some(summing) = &mut summing {
                        summing.update(bytes);
                    }
                })?;
                let made = summing.map(|summing| Digesting::Done(Some(summing.finish())));
                Ok((
                    CompleteBody::File(partial),
                    finish(hasher, made.unwrap_or(digest)),
                ))
            })
            .await
        }
        CompleteBody::File(partial) => Ok((CompleteBody::File(partial), finish(hasher, digest))),
        CompleteBody::Memory(pieces) => {
            pieces.iter().for_each(|piece| hasher.update(piece));
            Ok((CompleteBody::Memory(pieces), finish(hasher, digest)))
        }
    }
}
