//! What becomes of a live track: its list grows, stands still, and ends.

use tokio::time::Instant;

use super::{List, STILL, Track};
use crate::model::{Error, Kind, Result};

/// So many of the newest segments may be late, and so often they are asked for again.
const NEWEST: usize = 3;
const TIMES: u32 = 4;

impl Track {
    /// Adds what is new in a live list.
    pub(super) fn reloaded(
        &mut self,
        list: Option<Result<List>>,
        grew: &mut Instant,
    ) -> Result<()> {
        match list {
            Some(Ok(List { media, led, .. })) => {
                self.led = led;
                self.target = self.target.max(media.target);
                if self.parts.add(media.segments) {
                    *grew = Instant::now();
                }
                self.ended = media.ended;
                if let Some(end) = media.end {
                    // What the clock promised behind its end was never there.
                    let count = self.parts.before(end);
                    self.gone.retain(|index| *index < count);
                    self.parts.truncate(count);
                }
            }
            Some(Err(error)) if error.kind == Kind::Missing => self.ended = true,
            Some(Err(error)) if error.kind == Kind::Network || error.kind == Kind::Busy => {}
            Some(Err(error)) => return Err(error),
            None => {}
        }
        if self.parts.full {
            self.ended = true;
            self.warnings
                .push("it was left, since it has more segments than can be followed".into());
        }
        if !self.ended && grew.elapsed() > STILL.max(self.target * 3) {
            self.stand_still();
        }
        Ok(())
    }

    pub(super) fn stand_still(&mut self) {
        self.ended = true;
        self.warnings
            .push("the stream stood still, and did not say that it had ended".into());
    }

    /// Whether a segment of a live stream that is not there may be there soon: the clock that tells of it is before that of
    /// its server, or not all machines of that have it.
    pub(super) fn may_be_late(&mut self, index: usize, error: &Error) -> bool {
        let is_new = index + NEWEST >= self.parts.len() || self.parts.is_first_map(index);
        if !self.live || error.kind != Kind::Missing || !is_new {
            return false;
        }
        let count = self.late.entry(index).or_default();
        *count += 1;
        *count <= TIMES
    }
}
