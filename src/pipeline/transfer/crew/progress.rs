//! Reports and saves how far a crew has come.

use futures_util::FutureExt;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::Instant;

use super::{Crew, JOINT};
use crate::model::{Event, Result};
use crate::pipeline::sink::joined;
use crate::pipeline::transfer::content::{SAVE_EVERY, save_state};
use crate::pipeline::transfer::read_body::REPORT_EVERY;
use crate::pipeline::transfer::state::About;

/// When the progress was last reported and saved.
pub(super) struct Progress {
    reported: Instant,
    saved: Instant,
    saving: Option<JoinHandle<Result<()>>>,
}

impl Progress {
    /// Begins now.
    pub(super) fn new() -> Progress {
        let now = Instant::now();
        Progress {
            reported: now,
            saved: now,
            saving: None,
        }
    }

    /// Reports that this many bytes are there, and saves the state, each if it is time for that.
    pub(super) async fn tick(
        &mut self,
        crew: &Crew<'_>,
        about: &About,
        now: Instant,
        bytes: u64,
    ) -> Result<()> {
        if now - self.reported >= REPORT_EVERY {
            self.reported = now;
            let id = crew.target.id;
            crew.mover.emit(Event::Moved { id, bytes }).await?;
        }
        // The workers continue while the state is being saved.
        let is_saved = self.saving.as_ref().is_none_or(JoinHandle::is_finished);
        if is_saved && now - self.saved >= SAVE_EVERY {
            let done = self.saving.take().and_then(FutureExt::now_or_never);
            done.map(joined).transpose()?;
            self.saved = now;
            let (partial, done) = (crew.partial.clone(), crew.ledger().resumable(JOINT));
            let about = about.clone();
            self.saving = Some(spawn_blocking(move || save_state(&partial, about, done)));
        }
        Ok(())
    }

    /// Waits until nothing is being saved any more.
    pub(super) async fn saved(self) -> Result<()> {
        match self.saving {
            Some(saving) => joined(saving.await),
            None => Ok(()),
        }
    }
}
