//! Goes on with a listing where an earlier run stopped.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Origin, Walk};
use crate::model::{Error, Event, Result};
use crate::pipeline::progress::{Progress, Ticket};
use crate::source::Target;

/// How old a cursor may be. What a site has changed since then, a listing that goes on would not see.
const FRESH: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Walk {
    /// Begins to track a listing, and has it go on where it stopped, if it did and that counts. Gives how many items come
    /// before that place, too.
    pub(super) async fn go_on(
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
                // At its first page, nothing is left out.
                if items > 0 {
                    let told = self.events.send(Event::Resumed { link, items, ago });
                    told.await.map_err(|_| Error::closed())?;
                }
            }
        }
        Ok((Some(progress), items))
    }
}
