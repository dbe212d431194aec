//! What each of a crew does: ask for a part, move it, take the next.

use bytes::Bytes;

use super::{Crew, JOINT, LEAST, restart};
use crate::model::{Error, Kind};
use crate::net::{Opened, Permit};
use crate::pipeline::sink::quickly;
use crate::pipeline::transfer::answer::{Asked, Reading, read};
use crate::pipeline::transfer::attempt::{bound_headers, may_have_run_out, range_headers};
use crate::pipeline::transfer::content::BATCH;
use crate::pipeline::transfer::ledger::Segment;
use crate::pipeline::transfer::take::{same_bytes, short};
use crate::pipeline::transfer::tries::Setback;

impl Crew<'_> {
    /// Moves parts until there is none to take, and tells the pace what came of it.
    pub(super) async fn work(
        &self,
        segment: Segment,
        first: Option<Opened>,
        mut permit: Option<Permit>,
    ) -> Result<(), Setback> {
        let done = self.parts(segment, first, &mut permit).await;
        if let Some(permit) = permit {
            match &done {
                Ok(()) => permit.succeeded(),
                Err(Setback::Again(error))
                    if error.kind == Kind::Busy || error.retry_after.is_some() =>
                {
                    permit.refused(error.retry_after);
                }
                Err(Setback::Again(_) | Setback::Expired(_)) => {
                    permit.broke();
                }
                Err(_) => {}
            }
        }
        done
    }

    async fn parts(
        &self,
        mut segment: Segment,
        mut first: Option<Opened>,
        permit: &mut Option<Permit>,
    ) -> Result<(), Setback> {
        loop {
            let mut batch = Batch::new(segment.at);
            let moved = self.part(segment, first.take(), &mut batch, permit).await;
            let written = self.write(segment.id, &mut batch).await;
            self.ledger().leave(segment.id);
            written?;
            match moved {
                Ok(true) | Err(Setback::More) => {}
                Ok(false) => return Ok(()),
                Err(setback) => return Err(setback),
            }
            match self.ledger().take(LEAST) {
                Some(next) => segment = next,
                None => return Ok(()),
            }
        }
    }

    /// Moves one part. `false` if it was left because somebody was to go.
    async fn part(
        &self,
        segment: Segment,
        first: Option<Opened>,
        batch: &mut Batch,
        permit: &mut Option<Permit>,
    ) -> Result<bool, Setback> {
        let mut at = segment.at;
        let mut end = segment.end;
        let (mut opened, before, last) = match first {
            Some(opened) => (opened, Vec::new(), self.total),
            None => self.ask(segment, permit).await?,
        };
        let mut before: &[u8] = &before;
        let mut beyond = Vec::new();
        while at < end {
            if at >= last {
                // The server gave less than was asked for, and all of that is here.
                return Err(Setback::More);
            }
            let Some(mut piece) = self.piece(&mut opened).await? else {
                return Err(Setback::Again(short(at, last)));
            };
            same_bytes(&mut piece, &mut before)?;
            let room = (end - at).min(piece.len() as u64) as usize;
            beyond = piece.split_off(room).to_vec();
            at += room as u64;
            batch.push(piece);
            end = self.ledger().read(segment.id, at);
            if batch.len >= BATCH {
                self.write(segment.id, batch).await?;
            }
            if self.is_to_leave() {
                return Ok(false);
            }
        }
        let most = JOINT.min(self.total - end) as usize;
        while beyond.len() < most {
            // Without the joint there is one proof less, but nothing wrong.
            let Ok(Some(piece)) = self.piece(&mut opened).await else {
                break;
            };
            beyond.extend_from_slice(&piece);
        }
        beyond.truncate(most);
        if !beyond.is_empty() {
            self.ledger().joint(end, beyond);
        }
        Ok(true)
    }

    /// Asks for a part. Gives the answer, the bytes before the part that it begins with, and where it ends.
    async fn ask(
        &self,
        segment: Segment,
        permit: &mut Option<Permit>,
    ) -> Result<(Opened, Vec<u8>, u64), Setback> {
        let have = self.ledger().before(segment.at).min(JOINT);
        let start = segment.at - have;
        let before = match have {
            0 => Vec::new(),
            have => {
                let partial = self.partial.clone();
                quickly(move || partial.read(start, have as usize)).await?
            }
        };
        let end = (segment.end + JOINT).min(self.total);
        let free = range_headers(&self.known, start, Some(end), self.without_if_range)?;
        let bound = bound_headers(self.course)?;
        let open = self
            .mover
            .client
            .open_led(self.course.led, self.course.url, &bound, &free);
        let opened = self.unless_over(open).await??;
        if let Some(permit) = permit
            && opened.response.status().is_success()
        {
            permit.accepted(opened.response.content_length());
        }
        let asked = Asked {
            start,
            known: &self.known,
        };
        match read(opened.response.status(), opened.response.headers(), asked) {
            Reading::Rest { end, .. } => Ok((opened, before, end)),
            Reading::Whole(_) => Err(restart("the server sent everything in place of a part")),
            Reading::Restart(why) => Err(restart(why)),
            // While others go on, it may be one connection too many; when nobody does, the address has run out.
            Reading::Refused { error, .. } if may_have_run_out(&error) => {
                Err(Setback::Expired(error))
            }
            Reading::Refused { error, .. } => Err(Setback::Again(error)),
        }
    }

    async fn piece(&self, opened: &mut Opened) -> Result<Option<Bytes>, Setback> {
        let piece = self.unless_over(self.mover.client.chunk(opened)).await??;
        if let (Some(rate), Some(piece)) = (self.mover.client.rate(), &piece) {
            self.unless_over(rate.take(piece.len() as u64)).await?;
        }
        Ok(piece)
    }

    async fn write(&self, id: usize, batch: &mut Batch) -> Result<(), Error> {
        let Batch { at, len, pieces } = std::mem::replace(batch, Batch::new(batch.at + batch.len));
        if len == 0 {
            return Ok(());
        }
        let partial = self.partial.clone();
        quickly(move || partial.write(at, &pieces)).await?;
        self.ledger().wrote(id, (at, at + len));
        Ok(())
    }
}

/// Bytes that were read one behind the other and are to be written at once.
struct Batch {
    at: u64,
    len: u64,
    pieces: Vec<Bytes>,
}

impl Batch {
    fn new(at: u64) -> Batch {
        Batch {
            at,
            len: 0,
            pieces: Vec::new(),
        }
    }

    fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.len += piece.len() as u64;
            self.pieces.push(piece);
        }
    }
}
