//! Downloads one segment: its response, its bytes, and the joint with the next segment.

use bytes::Bytes;
use tokio::time::{Instant, timeout};

use super::batch::Batch;
use super::segment_request::SegmentResponse;
use super::{Crew, JOINT};
use crate::net::{Opened, Permit};
use crate::pipeline::transfer::content::BATCH;
use crate::pipeline::transfer::ledger::Segment;
use crate::pipeline::transfer::read_body::{stopped_early, strip_overlap};
use crate::pipeline::transfer::seams::Joint;
use crate::pipeline::transfer::setback::Setback;

/// How a worker finished with a segment.
pub(super) enum Finish {
    /// All of it is there, or another worker has taken it over.
    Done,
    /// It was left unfinished because the worker had to leave.
    Left,
}

/// What became of receiving a segment.
enum Received {
    /// All of it came. These are the bytes beyond its end that came along, and where it ended.
    All {
        beyond: Bytes,
        end: u64,
    },
    Finished(Finish),
}

impl Crew<'_> {
    /// Downloads one segment, from its first response or from one yet to be requested.
    pub(super) async fn download_segment(
        &self,
        segment: Segment,
        first: Option<SegmentResponse>,
        batch: &mut Batch,
        permit: &mut Option<Permit>,
    ) -> Result<Finish, Setback> {
        let response = match first {
            Some(response) => response,
            None => {
                // Not cancelled when the segment is taken over: the read would keep the file open.
                let overlap = self.read_overlap(segment).await?;
                let began = Instant::now();
                let request = self.request_segment(segment, overlap, permit);
                let request = self.leaving.unless_leaving(request);
                let Some(response) = self.unless_taken(segment.id, request).await else {
                    return Ok(Finish::Done);
                };
                let Some(response) = response else {
                    return Ok(Finish::Left);
                };
                batch.waited += began.elapsed();
                response?
            }
        };
        let mut opened = response.opened;
        let (overlap, last) = (&response.overlap, response.end);
        match self
            .receive(segment, &mut opened, overlap, last, batch)
            .await?
        {
            Received::Finished(finish) => Ok(finish),
            Received::All { beyond, end } => {
                self.read_joint(&mut opened, beyond, end).await?;
                Ok(Finish::Done)
            }
        }
    }

    /// Receives the bytes of a segment, whose end may move meanwhile, from a response that ends at `last`.
    async fn receive(
        &self,
        segment: Segment,
        opened: &mut Opened,
        mut overlap: &[u8],
        last: u64,
        batch: &mut Batch,
    ) -> Result<Received, Setback> {
        let (mut at, mut end) = (segment.at, segment.end);
        let mut beyond = Bytes::new();
        loop {
            if at >= end {
                // The segment behind may have been taken from here and given up. This response covers it, too.
                end = self.ledger().extend(segment.id, last);
            }
            if at >= end {
                return Ok(Received::All { beyond, end });
            }
            if at >= last {
                // The server sent less than was requested, and all of that is here.
                return Err(Setback::Incomplete);
            }
            let mut piece = std::mem::take(&mut beyond);
            if piece.is_empty() {
                let began = Instant::now();
                let next = self.unless_over(opened.chunk());
                let Some(next) = self.unless_taken(segment.id, next).await else {
                    return Ok(Received::Finished(Finish::Done));
                };
                batch.waited += began.elapsed();
                let Some(next) = next?? else {
                    return Err(Setback::Retry(stopped_early(at, last)));
                };
                piece = next;
                self.at_rate(&piece).await?;
                strip_overlap(&mut piece, &mut overlap)?;
            }
            // Others may have taken from the segment while this worker waited.
            end = self.ledger().end(segment.id);
            let room = end.saturating_sub(at).min(piece.len() as u64) as usize;
            beyond = piece.split_off(room);
            at += room as u64;
            batch.push(piece);
            self.ledger().note_read(segment.id, at);
            if batch.len >= BATCH {
                self.write(segment.id, batch).await?;
            }
            if self.leaving.try_leave_while_receiving() {
                return Ok(Received::Finished(Finish::Left));
            }
        }
    }

    /// Reads a little beyond the end of a segment, to compare it with what the next worker has written there.
    async fn read_joint(
        &self,
        opened: &mut Opened,
        beyond: Bytes,
        end: u64,
    ) -> Result<(), Setback> {
        let mut bytes = beyond.to_vec();
        let most = JOINT.min(self.total - end) as usize;
        while bytes.len() < most {
            // Without the joint, one proof is missing, which can be had later.
            let next = self.unless_over(opened.chunk());
            let next = match self.needs_proof {
                true => next.await,
                false => match timeout(self.stall_limit(), next).await {
                    Ok(next) => next,
                    Err(_) => break,
                },
            };
            let Ok(Ok(Some(piece))) = next else {
                break;
            };
            self.at_rate(&piece).await?;
            bytes.extend_from_slice(&piece);
        }
        bytes.truncate(most);
        if !bytes.is_empty() {
            self.ledger().add_joint(Joint { at: end, bytes });
            self.compare_joints(false).await?;
        }
        Ok(())
    }
}
