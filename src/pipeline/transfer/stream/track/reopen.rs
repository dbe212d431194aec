//! Starts over a track that has changed on the server: nothing that was known of it holds any more.

use super::super::Streaming;
use super::super::join::PartEvent;
use super::{List, Track};
use crate::model::{Kind, Result};

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
