//! Recordings of live streams that cannot be resumed: they are kept under a name, since nothing can be downloaded again.

use std::sync::Arc;

use super::Streaming;
use super::extra_files::INTERRUPTED;
use super::join::{Join, Joined};
use super::list::Role;
use crate::model::{Document, Error, Result};
use crate::pipeline::sink::Place;
use crate::pipeline::transfer::{Job, Mover};

impl Streaming<'_> {
    /// The error of a stream that is gone. What an earlier run recorded of it, if it was live, is kept under a name.
    pub(super) async fn gone(&self, error: Error) -> Result<Error> {
        let names = self.mover.name_recordings(self.job, self.place).await?;
        Ok(with_recording_hint(error, &names))
    }
}

impl Mover {
    /// The error of an item that is gone. If it was a live stream of which an earlier run recorded something, that is kept
    /// under a name.
    pub(in super::super) async fn gone(&self, mut job: Job, error: Error) -> Result<Error> {
        let reader = self.registry.reader(Document::Stream);
        let Some(reader) = reader.filter(|_| job.document_sender.is_some()) else {
            return Ok(error);
        };
        Arc::make_mut(&mut job.item).source = reader.manifest().name.clone();
        let place = self.place(&job).await?;
        let names = self.name_recordings(&job, &place).await?;
        Ok(with_recording_hint(error, &names))
    }

    /// Names what an earlier run recorded of a live stream at this place, and returns the names.
    async fn name_recordings(&self, job: &Job, place: &Place) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for role in [Role::Main, Role::Sound] {
            let place = match role.name().as_str() {
                "" => place.clone(),
                name => place.beside(name),
            };
            if let Some(recording) =
                Join::unresumable_recording(place, self.digest, |_| false).await?
            {
                names.push(self.name_interrupted(job, recording).await?);
            }
        }
        Ok(names)
    }

    /// Names what was recorded of a live stream, and returns the name.
    pub(super) async fn name_interrupted(&self, job: &Job, kept: Joined) -> Result<String> {
        let place = kept.partial.place().clone();
        self.name_beside(job, &place, kept, INTERRUPTED).await
    }
}

/// Adds to the error where recordings were saved, if any were.
pub(super) fn with_recording_hint(error: Error, names: &[String]) -> Error {
    if names.is_empty() {
        return error;
    }
    error.hint(format!(
        "what was recorded of it is in `{}`",
        names.join("`, `")
    ))
}
