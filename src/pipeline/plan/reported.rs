//! What becomes of an item that is reported and not skipped.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Named, Plan, skip, wanted_name};
use crate::model::{Error, Event, Failure, Outcome, Quality, Result, Skip};
use crate::pipeline::adopt::Adopt;
use crate::pipeline::albums::AlbumSlot;
use crate::pipeline::sink::slowly;
use crate::pipeline::transfer::{Job, SavedFile};
use crate::pipeline::walk::Found;

/// What was decided about an item when it was reported.
pub(super) struct Reported {
    pub(super) id: u64,
    /// Which rendition, if it is a stream.
    pub(super) quality: Quality,
    /// The path of the file that it replaces.
    pub(super) at: Option<String>,
    /// Its plan, if that had to be worked out.
    pub(super) planned: Option<Named>,
    /// The path reported, in a simulation.
    pub(super) simulated: Option<String>,
    pub(super) slot: Option<AlbumSlot>,
    /// What was saved before, if there is a question about it.
    pub(super) known: Option<Box<SavedFile>>,
}

impl Plan {
    /// Sends an item to be downloaded; or ends it, where files are only adopted or nothing is saved.
    pub(super) async fn download(
        &mut self,
        found: Found,
        reported: Reported,
        jobs: &mpsc::Sender<Job>,
    ) -> Result<()> {
        let Reported {
            id, slot, known, ..
        } = reported;
        let own = found.options.as_deref();
        // What is missing from an existing video goes beside it.
        let film = known.as_ref().filter(|had| had.version().is_none());
        let at = film.map(|had| had.path.clone()).or(reported.at);
        let (planned, unnamed) = match reported.planned {
            Some(named) => named,
            None => self.plan(at.as_deref(), own, &found.item)?,
        };
        let request = found.item.body.request();
        // A document needs no file name.
        let (fault, unnamed) = match request.is_some_and(|request| request.expect.document) {
            true => (found.fault, unnamed),
            false => (found.fault.or(unnamed), None),
        };
        self.new += u64::from(known.is_none());
        if self.settings.adopt
            && let Some(disk) = self.disk.clone()
        {
            let adopt = Adopt {
                disk,
                archive: self.archive.clone(),
                algorithm: self.settings.digest,
                item: found.item,
                origin: found.origin,
                planned,
            };
            let outcome = match fault.or(unnamed) {
                Some(error) => Outcome::Failed(Failure::new(&error, 1)),
                None => slowly(move || adopt.run()).await?,
            };
            return self.emit(Event::Ended { id, outcome }).await;
        }
        if let Some(path) = reported.simulated {
            let outcome = match found.refusal.or(fault).or(unnamed) {
                Some(error) => Outcome::Failed(Failure::new(&error, 1)),
                None => skip(Skip::Simulated, path),
            };
            return self.emit(Event::Ended { id, outcome }).await;
        }
        let turn = self.turns.next(wanted_name(&planned));
        let job = Job {
            id,
            item: Arc::from(found.item),
            source: found.source,
            named_by: found.named_by,
            origin: found.origin,
            document_sender: found.document_sender,
            fault,
            unnamed,
            known,
            reuses_name: at.is_some(),
            quality: reported.quality,
            options: found.options,
            planned,
            turn,
            slot,
            ticket: found.ticket,
        };
        jobs.send(job).await.map_err(|_| Error::closed())
    }
}
