//! Saves the state of a track while it goes on.

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use super::{Join, Waiting};
use crate::model::Result;
use crate::pipeline::sink::joined;
use crate::pipeline::transfer::stream::state::{State, Stored, free_offset};

impl Join {
    /// Whether the last saved state is on the disk.
    pub(in super::super) fn is_saved(&self) -> bool {
        self.saving.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Starts to save how far the track is, completing `state`, on a thread that waits for the disk. As long as what an
    /// earlier run left is not proven, the state that it saved stands.
    pub(in super::super) async fn save(&mut self, mut state: State) -> Result<()> {
        self.saved().await?;
        if !self.is_proven() {
            return Ok(());
        }
        self.write().await?;
        let is_new = |waiting: &Waiting| waiting.is_complete && waiting.stored.is_none();
        let spool = match self.waiting.values().any(is_new) {
            true => Some(self.spool().await?),
            false => None,
        };
        let mut taken = self.kept.clone();
        taken.extend(self.waiting.values().filter_map(|waiting| {
            let stored = waiting.stored.as_ref()?;
            Some((stored.at, stored.len))
        }));
        let mut new: Vec<(u64, Vec<Bytes>)> = Vec::new();
        for (index, waiting) in &mut self.waiting {
            if is_new(waiting) {
                let len = waiting.len();
                let at = free_offset(taken.clone(), len);
                taken.push((at, len));
                let mut hasher = blake3::Hasher::new();
                waiting.pieces.iter().for_each(|piece| {
                    hasher.update(piece);
                });
                waiting.stored = Some(Stored {
                    index: *index,
                    at,
                    len,
                    digest: hasher.finalize().to_hex().to_string(),
                });
                new.push((at, waiting.pieces.clone()));
            }
            state.waiting.extend(waiting.stored.clone());
        }
        self.kept = state
            .waiting
            .iter()
            .map(|stored| (stored.at, stored.len))
            .collect();
        (state.count, state.len) = (self.next, self.base);
        (state.at, state.last) = (self.joined, self.last);
        state.digest = self.before.blake3.finalize().to_hex().to_string();
        let partial = self.partial.clone();
        self.saving = Some(spawn_blocking(move || {
            if let Some(spool) = spool {
                for (at, pieces) in new {
                    spool.write(at, &pieces)?;
                }
                spool.finish(None, true)?;
            }
            partial.save(&state.encode()?)
        }));
        Ok(())
    }

    /// Waits until the state that is being saved is on the disk.
    pub(in super::super) async fn saved(&mut self) -> Result<()> {
        match self.saving.take() {
            Some(saving) => joined(saving.await),
            None => Ok(()),
        }
    }
}
