//! Resumes a listing where an earlier run stopped.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Origin, Walk};
use crate::model::{Error, Event, Result};
use crate::pipeline::progress::{Progress, Ticket};
use crate::source::Target;

/// The maximum age of a cursor. A resumed listing would miss what the site has changed since then.
const FRESH: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Walk {
    /// Begins to track a listing, and resumes it where it stopped, if it did and resuming is enabled. Also returns how
    /// many items precede that place.
    pub(super) async fn resume_listing(
        &self,
        origin: &Arc<Origin>,
        target: &mut Target,
        entry: Option<Ticket>,
    ) -> Result<(Option<Arc<Progress>>, u64)> {
        let progress = Progress::new(self.archive.clone(), origin.clone(), entry);
        let stopped = self.archive.cursor(origin).filter(|_| self.resumes);
        let mut items = 0;
        if let Some((cursor, since)) = stopped {
            let ago = Timestamp::now().duration_since(since);
            if ago < FRESH {
                items = cursor.items;
                target.resume = Some(cursor.at);
                let link = origin.url.clone();
                let ago = ago.as_secs().max(0).unsigned_abs();
                // At the first page, nothing is skipped.
                if items > 0 {
                    let sent = self.events.send(Event::Resumed { link, items, ago });
                    sent.await.map_err(|_| Error::closed())?;
                }
            }
        }
        Ok((Some(progress), items))
    }
}
