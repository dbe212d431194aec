//! Starts over a track that has changed on the server: nothing that was known of it holds any more.

use std::sync::Arc;

use super::super::Streaming;
use super::super::extra_files::INTERRUPTED;
use super::super::join::{Join, Joined, PartEvent};
use super::{List, Role, Track};
use crate::model::{Document, Error, Kind, Result};
use crate::pipeline::sink::Place;
use crate::pipeline::transfer::{Job, Mover};

impl Track {
    /// Opens the track again, from a reloaded list.
    pub(in super::super) async fn reopen(
        self,
        streaming: &Streaming<'_>,
        list: List,
    ) -> Result<Track> {
        let role = self.role.clone();
        let mut warnings = self.forget(streaming).await?;
        let mut track = Track::open(streaming, role, list).await?;
        warnings.append(&mut track.warnings);
        Ok(Track { warnings, ..track })
    }

    /// Forgets what is there, and returns the warnings about it. What was recorded of a live stream cannot be
    /// downloaded again, and is kept.
    pub(in super::super) async fn forget(
        mut self,
        streaming: &Streaming<'_>,
    ) -> Result<Vec<String>> {
        let mut warnings = std::mem::take(&mut self.warnings);
        match self.is_recorded().await? {
            true => {
                let name = self.name_recording(streaming).await?;
                warnings.push(format!(
                    "it changed on the way: what was recorded of it is in `{name}`"
                ));
            }
            false => self.join.discard().await?,
        }
        Ok(warnings)
    }

    /// Gives up a track that cannot go on, because of an error of this kind. What was recorded of a live stream is kept
    /// under a name, which is returned: a later run may find nothing to resume it with.
    pub(in super::super) async fn abandon(
        mut self,
        streaming: &Streaming<'_>,
        kind: Kind,
    ) -> Result<Option<String>> {
        match self.is_recorded().await? {
            // If the disk fails once more, the first time is reported.
            true if kind == Kind::Disk => {
                Ok(self.name_written(streaming).await.unwrap_or_default())
            }
            true => self.name_recording(streaming).await.map(Some),
            false => {
                self.park(streaming).await?;
                Ok(None)
            }
        }
    }

    /// Whether there are segments that cannot be downloaded again.
    async fn is_recorded(&mut self) -> Result<bool> {
        let next = self.join.next();
        self.join.take(PartEvent::Discarded(next)).await?;
        Ok((self.live || self.join.is_recording()) && self.join.written() > 0)
    }

    /// Names what was recorded of a live stream, and returns the name.
    async fn name_recording(self, streaming: &Streaming<'_>) -> Result<String> {
        let recording = self.join.finish().await?;
        let mover = streaming.mover;
        mover.name_interrupted(streaming.job, recording).await
    }

    /// The same, as far as it reached the disk before that failed.
    async fn name_written(self, streaming: &Streaming<'_>) -> Result<Option<String>> {
        match self.join.finish_written(streaming.mover.digest).await? {
            Some(written) => {
                let named = streaming.mover.name_interrupted(streaming.job, written);
                named.await.map(Some)
            }
            None => Ok(None),
        }
    }
}

impl Streaming<'_> {
    /// The error of a stream that is gone. What an earlier run recorded of it, if it was live, is kept under a name.
    pub(in super::super) async fn gone(&self, error: Error) -> Result<Error> {
        let names = self.mover.name_recordings(self.job, self.place).await?;
        Ok(with_recording_hint(error, &names))
    }
}

impl Mover {
    /// The error of an item that is gone. If it was a live stream of which an earlier run recorded something, that is kept
    /// under a name.
    pub(in super::super::super) async fn gone(&self, mut job: Job, error: Error) -> Result<Error> {
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

    async fn name_interrupted(&self, job: &Job, kept: Joined) -> Result<String> {
        let place = kept.partial.place().clone();
        self.name_beside(job, &place, kept, INTERRUPTED).await
    }
}

/// Adds to the error where recordings were saved, if any were.
pub(in super::super) fn with_recording_hint(error: Error, names: &[String]) -> Error {
    if names.is_empty() {
        return error;
    }
    error.hint(format!(
        "what was recorded of it is in `{}`",
        names.join("`, `")
    ))
}
