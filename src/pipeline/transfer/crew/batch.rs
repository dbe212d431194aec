//! Bytes that a worker has read and not yet written.

use bytes::Bytes;
use tokio::time::Duration;

/// Consecutive bytes that are to be written together.
pub(super) struct Batch {
    pub(super) at: u64,
    pub(super) len: u64,
    pub(super) pieces: Vec<Bytes>,
    /// How long the worker waited for the server.
    pub(super) waited: Duration,
}

impl Batch {
    pub(super) fn new(at: u64) -> Batch {
        Batch {
            at,
            len: 0,
            pieces: Vec::new(),
            waited: Duration::ZERO,
        }
    }

    /// Adds the next bytes.
    pub(super) fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.len += piece.len() as u64;
            self.pieces.push(piece);
        }
    }
}
