//! Begins a track anew that has changed on the server: nothing of what was known of it holds any more.

use super::super::Streaming;
use super::super::join::Came;
use super::{List, Track};
use crate::model::Result;

impl Track {
    /// Opens it again, by a list that was asked for again. What is there of a live stream cannot be had again, and is kept.
    pub(super) async fn anew(self, streaming: &Streaming<'_>, list: List) -> Result<Track> {
        let (mut join, mut warnings) = (self.join, self.warnings);
        let next = join.next();
        join.take(Came::Again(next)).await?;
        if (self.live || join.is_recording()) && join.written() > 0 {
            let kept = join.finish().await?;
            let (mover, job) = (streaming.mover, streaming.job);
            let place = kept.partial.place().clone();
            let name = mover.name_beside(job, &place, kept, "interrupted").await?;
            warnings.push(format!(
                "it changed on the way: what there was of it is in `{name}`"
            ));
        } else {
            join.discard().await?;
        }
        let mut track = Track::open(streaming, self.role, list).await?;
        warnings.append(&mut track.warnings);
        Ok(Track { warnings, ..track })
    }
}
