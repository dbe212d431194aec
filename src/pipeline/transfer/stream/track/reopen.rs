//! Starts over a track that has changed on the server: nothing that was known of it holds any more.

use super::super::Streaming;
use super::super::extra_files::INTERRUPTED;
use super::super::join::{Join, PartEvent};
use super::{List, Role, Track};
use crate::model::{Error, Result};

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

    /// Gives up a track that has changed and cannot be opened again, and returns the error. What was recorded of a live
    /// stream is kept under a name, since it is not proven, and a later run could not resume it.
    pub(in super::super) async fn abandon(
        mut self,
        streaming: &Streaming<'_>,
        error: Error,
    ) -> Result<Error> {
        match self.is_recorded().await? {
            true => Ok(with_recording_hint(
                error,
                &[self.name_recording(streaming).await?],
            )),
            false => {
                self.park(streaming).await?;
                Ok(error)
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
        let kept = self.join.finish().await?;
        let place = kept.partial.place().clone();
        let mover = streaming.mover;
        mover
            .name_beside(streaming.job, &place, kept, INTERRUPTED)
            .await
    }
}

impl Streaming<'_> {
    /// The error of a stream that is gone. What an earlier run recorded of it, if it was live, is kept under a name.
    pub(in super::super) async fn gone(&self, error: Error) -> Result<Error> {
        let mut names = Vec::new();
        for role in [Role::Main, Role::Sound] {
            let place = self.place(&role.name());
            let recording =
                Join::unresumable_recording(place.clone(), self.mover.digest, |_| false).await?;
            if let Some(recording) = recording {
                let named = self
                    .mover
                    .name_beside(self.job, &place, recording, INTERRUPTED);
                names.push(named.await?);
            }
        }
        Ok(match names.is_empty() {
            true => error,
            false => with_recording_hint(error, &names),
        })
    }
}

/// Adds to the error where the recording was saved.
fn with_recording_hint(error: Error, names: &[String]) -> Error {
    error.hint(format!(
        "what was recorded of it is in `{}`",
        names.join("`, `")
    ))
}
