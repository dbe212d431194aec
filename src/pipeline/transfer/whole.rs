//! What is complete.

use std::fs::File;

use bytes::Bytes;

use crate::model::Result;
use crate::pipeline::sink::{Partial, same};

/// What is complete: in memory, or in the partial file.
#[derive(Debug)]
pub(super) enum Whole {
    Memory(Vec<Bytes>),
    File(Partial),
}

impl Whole {
    /// Whether this file, read from its start, has the same bytes.
    ///
    /// # Errors
    /// The partial file cannot be read.
    pub(super) fn equals(&self, other: &mut File) -> Result<bool> {
        match self {
            Whole::Memory(pieces) => Ok(same(pieces, other)),
            Whole::File(partial) => partial.equals(other),
        }
    }
}
