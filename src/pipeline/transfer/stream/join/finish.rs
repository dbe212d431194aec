//! Ends a track: its file is handed over or removed.

use std::sync::Arc;

use super::{Digests, Join, still_open_error};
use crate::model::Result;
use crate::pipeline::archive::{Algorithm, Sum, Summing};
use crate::pipeline::naming::HEAD;
use crate::pipeline::sink::{Partial, slowly};

/// A complete track.
pub(in super::super) struct Joined {
    pub(in super::super) partial: Partial,
    pub(in super::super) len: u64,
    pub(in super::super) head: Vec<u8>,
    pub(in super::super) digest: Option<Sum>,
}

impl Join {
    /// Removes the file of the track, and the one beside it.
    pub(in super::super) async fn discard(mut self) -> Result<()> {
        self.saved().await?;
        slowly(move || {
            self.partial.discard()?;
            self.discard_spool()
        })
        .await
    }

    fn discard_spool(&self) -> Result<()> {
        match &self.spool {
            Some(spool) => spool.discard(),
            None => self.beside.clear(),
        }
    }

    /// Hands over the complete track. The state stays until the file is named, but for what refers to the file beside.
    pub(in super::super) async fn finish(mut self) -> Result<Joined> {
        self.saved().await?;
        self.write().await?;
        slowly(move || {
            self.partial.cut(self.len)?;
            self.discard_spool()?;
            let partial = Arc::into_inner(self.partial).ok_or_else(still_open_error)?;
            Ok(Joined {
                partial,
                len: self.len,
                head: self.head,
                digest: self.now.summing.map(Summing::finish),
            })
        })
        .await
    }

    /// Hands over what has been written of the track, if anything, after the disk has failed.
    pub(in super::super) async fn finish_written(
        mut self,
        algorithm: Option<Algorithm>,
    ) -> Result<Option<Joined>> {
        // A state that could not be saved does not matter any more.
        let _ = self.saved().await;
        let len = self.len - self.in_batch;
        slowly(move || {
            self.discard_spool()?;
            let partial = Arc::into_inner(self.partial).ok_or_else(still_open_error)?;
            if len == 0 {
                partial.discard()?;
                return Ok(None);
            }
            partial.cut(len)?;
            Joined::read(partial, len, algorithm).map(|(written, _)| Some(written))
        })
        .await
    }
}

impl Joined {
    /// Reads a file of this length, and returns the hash of its bytes, too. Blocks.
    pub(super) fn read(
        partial: Partial,
        len: u64,
        algorithm: Option<Algorithm>,
    ) -> Result<(Joined, blake3::Hash)> {
        let mut digests = Digests::new(algorithm);
        partial.read_all(|bytes| digests.update(bytes))?;
        let head = partial.read(0, len.min(HEAD as u64) as usize)?;
        let joined = Joined {
            partial,
            len,
            head,
            digest: digests.summing.map(Summing::finish),
        };
        Ok((joined, digests.blake3.finalize()))
    }
}
