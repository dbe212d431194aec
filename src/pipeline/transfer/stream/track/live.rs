//! How a live track goes on: its list grows, stands still, and ends.

use std::collections::HashSet;

use tokio::time::Instant;

use super::{List, Track, wait};
use crate::model::{Error, Kind, Result};

/// How many of the newest segments may be late, and how often they are requested again.
const NEWEST: usize = 3;
const TIMES: u32 = 4;

/// What of a live track could not be downloaded.
#[derive(Default)]
pub(super) struct Faults {
    /// Since when its list is gone.
    gone: Option<Instant>,
    /// Why its list could not be read, if the last one could not.
    unread: Option<Error>,
    /// The segments that came wrong, and why the last of them did.
    wrong: HashSet<usize>,
    why: Option<Error>,
}

impl Track {
    /// Adds the new segments of a live list.
    pub(super) fn reloaded(
        &mut self,
        list: Option<Result<List>>,
        grew: &mut Instant,
    ) -> Result<()> {
        match list {
            Some(Ok(List {
                media,
                named_by,
                url,
                ..
            })) => {
                (self.faults.gone, self.faults.unread) = (None, None);
                (self.url, self.named_by) = (url, named_by);
                self.target = self.target.max(media.target);
                if self.parts.add_listed(media.segments, media.cut) {
                    *grew = Instant::now();
                }
                self.ended = media.ended;
                if let Some(end) = media.end {
                    // Segments that the clock promised behind the end were never there.
                    let count = self.parts.before(end);
                    self.gone.retain(|index| *index < count);
                    self.faults.wrong.retain(|index| *index < count);
                    self.parts.truncate(count);
                }
            }
            Some(Err(error)) if error.kind == Kind::Closed => return Err(error),
            Some(Err(error)) if error.kind == Kind::Missing => {
                let since = *self.faults.gone.get_or_insert_with(Instant::now);
                if since.elapsed() >= wait::gone_limit(self.target) {
                    self.ended = true;
                    self.warnings
                        .push("its playlist is gone, and did not say that it had ended".into());
                }
            }
            // What came before is there all the same, and the next list may be right.
            Some(Err(error)) => self.faults.unread = Some(error),
            None => {}
        }
        if self.parts.full {
            self.ended = true;
            self.warnings.push(
                "the recording stopped, since it has more segments than can be followed".into(),
            );
        }
        if !self.ended && grew.elapsed() > wait::stall_limit(self.target) {
            self.stand_still();
        }
        Ok(())
    }

    /// Ends a live track whose list has stopped growing, with a warning.
    pub(super) fn stand_still(&mut self) {
        self.ended = true;
        let why = self.faults.unread.as_ref();
        let why = why.map_or(String::new(), |why| format!(": {}", why.message));
        self.warnings.push(format!(
            "the stream stopped growing, and did not say that it had ended{why}"
        ));
    }

    /// Whether a missing segment of a live stream may be there soon: the clock that announces it is ahead of its
    /// server's, or not all machines of the server have it yet.
    pub(super) fn may_be_late(&mut self, index: usize, error: &Error) -> bool {
        let is_new = index + NEWEST >= self.parts.len() || self.parts.is_first_map(index);
        if !self.live || error.kind != Kind::Missing || !is_new {
            return false;
        }
        let count = self.late.entry(index).or_default();
        *count += 1;
        *count <= TIMES
    }

    /// Whether a live stream goes on without a segment that failed like this. Its first initialization is needed by
    /// everything else.
    pub(super) fn goes_on_without(&self, index: usize, error: &Error) -> bool {
        let is_ours = matches!(error.kind, Kind::Closed | Kind::Disk);
        self.live && !is_ours && !self.parts.is_first_map(index)
    }

    /// Notes a segment that a live stream goes on without.
    ///
    /// # Errors
    /// The failure of this segment, if no known segment came right.
    pub(super) fn miss(&mut self, index: usize, error: Error) -> Result<()> {
        if error.kind == Kind::Missing {
            self.gone.insert(index);
            return Ok(());
        }
        self.faults.wrong.insert(index);
        let error = self.at(index, error);
        let failed = self.gone.len() + self.faults.wrong.len();
        match failed + self.parts.maps >= self.parts.len() {
            true => Err(error),
            false => {
                self.faults.why = Some(error);
                Ok(())
            }
        }
    }

    /// Whether no segment is there; initializations do not count.
    pub(super) fn is_empty(&self) -> bool {
        let is_missed = |index| self.gone.contains(&index) || self.faults.wrong.contains(&index);
        (0..self.join.next()).all(|index| is_missed(index) || !self.parts.is_segment(index))
    }

    /// The error of a live track of which nothing came.
    pub(super) fn no_segments_error(&mut self) -> Error {
        let error = Error::new(Kind::Missing, "no segment of the stream came");
        match self.faults.why.take().or(self.faults.unread.take()) {
            Some(why) => error.because(why),
            None => error,
        }
    }

    /// Returns a warning about the segments that came wrong.
    pub(super) fn failed_segments_warning(&self) -> Option<String> {
        let why = self.faults.why.as_ref()?;
        let count = self.faults.wrong.len();
        let segments = if count == 1 { "segment" } else { "segments" };
        Some(format!(
            "{count} {segments} could not be fetched, the last one because: {}",
            why.message
        ))
    }
}
