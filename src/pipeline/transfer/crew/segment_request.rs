//! Requests a segment, and checks that the response continues what is on disk before it.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use tokio::time::Instant;

use super::{Crew, JOINT};
use crate::model::{Error, Kind};
use crate::net::{Opened, Permit};
use crate::pipeline::sink::quickly;
use crate::pipeline::transfer::attempt::{has_ranges, may_have_expired};
use crate::pipeline::transfer::ledger::Segment;
use crate::pipeline::transfer::read_body::{stopped_early, strip_overlap};
use crate::pipeline::transfer::request_headers::{bound_headers, range_headers};
use crate::pipeline::transfer::response_head::{
    RangeRequest, Representation, ResponseKind, SHORTER, interpret,
};
use crate::pipeline::transfer::setback::{Setback, restart_because};

/// The response to a request for a segment.
pub(super) struct SegmentResponse {
    pub(super) opened: Opened,
    /// The bytes on disk before the segment, with which the response must begin.
    pub(super) overlap: Vec<u8>,
    /// Where the response ends.
    pub(super) end: u64,
}

impl Crew<'_> {
    /// Reads the bytes on disk just before a segment.
    pub(super) async fn read_overlap(&self, segment: Segment) -> Result<Vec<u8>, Error> {
        let have = self.ledger().len_before(segment.at).min(JOINT);
        if have == 0 {
            return Ok(Vec::new());
        }
        let partial = self.partial.clone();
        quickly(move || partial.read(segment.at - have, have as usize)).await
    }

    /// Requests a segment, along with these bytes on disk before it.
    pub(super) async fn request_segment(
        &self,
        segment: Segment,
        overlap: Vec<u8>,
        permit: &mut Option<Permit>,
    ) -> Result<SegmentResponse, Setback> {
        let overlap_start = segment.at - overlap.len() as u64;
        let response = self.request_range(segment, overlap, permit).await?;
        if response.end > segment.at {
            return Ok(response);
        }
        // The server sends little at a time, or only to the end of its own block. If that agrees, request the rest.
        self.compare_overlap(response, overlap_start).await?;
        let response = self.request_range(segment, Vec::new(), permit).await?;
        match response.end > segment.at {
            true => Ok(response),
            false => Err(Setback::Incomplete),
        }
    }

    /// Reads a response that ends before the segment begins; its bytes must equal those on disk.
    async fn compare_overlap(&self, response: SegmentResponse, start: u64) -> Result<(), Setback> {
        let SegmentResponse {
            mut opened,
            overlap,
            end,
        } = response;
        let mut expected = &overlap[..(end - start) as usize];
        while !expected.is_empty() {
            let next = self.unless_over(opened.chunk());
            let Some(mut piece) = next.await?? else {
                let at = end - expected.len() as u64;
                return Err(Setback::Retry(stopped_early(at, end)));
            };
            self.at_rate(&piece).await?;
            strip_overlap(&mut piece, &mut expected)?;
        }
        Ok(())
    }

    /// Sends one request for a segment and for the bytes before it, and checks the head of the response.
    async fn request_range(
        &self,
        segment: Segment,
        overlap: Vec<u8>,
        permit: &mut Option<Permit>,
    ) -> Result<SegmentResponse, Setback> {
        let start = segment.at - overlap.len() as u64;
        let end = (segment.end + JOINT).min(self.total);
        let without_if_range = self.without_if_range.load(Ordering::Relaxed);
        let opened = self.send(start, end, without_if_range, permit).await?;
        let requested = RangeRequest {
            start,
            known: &self.known,
        };
        let (status, headers) = (opened.response.status(), opened.response.headers());
        match interpret(status, headers, requested) {
            ResponseKind::Rest { end: last, .. } => {
                self.has_ranges.store(true, Ordering::Relaxed);
                if last < end {
                    self.longest_short
                        .fetch_max(last - start, Ordering::Relaxed);
                }
                Ok(SegmentResponse {
                    opened,
                    overlap,
                    end: last,
                })
            }
            ResponseKind::Whole(here)
                if !without_if_range && self.seems_unchanged(&opened, &here) =>
            {
                // The server sends the whole file because of If-Range: ask again without.
                self.without_if_range.store(true, Ordering::Relaxed);
                drop(opened);
                Box::pin(self.request_range(segment, overlap, permit)).await
            }
            ResponseKind::Whole(_) => {
                // While another worker continues, this is no worse than a server without ranges.
                self.without_ranges.store(true, Ordering::Relaxed);
                let message = "the server sent the whole file instead of a range";
                Err(Setback::RequestWhole(Error::new(Kind::Changed, message)))
            }
            ResponseKind::End { .. } => Err(restart_because(SHORTER)),
            ResponseKind::Restart(why) => Err(restart_because(why)),
            // While others continue, this may be one connection too many; when none does, the address has expired.
            ResponseKind::Refused { error, .. } if may_have_expired(&error) => {
                Err(Setback::Expired(error))
            }
            ResponseKind::Refused { error, .. } => Err(Setback::Retry(error)),
        }
    }

    /// Sends a range request, and notes how long the response took to begin.
    async fn send(
        &self,
        start: u64,
        end: u64,
        without_if_range: bool,
        permit: &mut Option<Permit>,
    ) -> Result<Opened, Setback> {
        let free = range_headers(&self.known, start, Some(end), without_if_range)?;
        let bound = bound_headers(self.target)?;
        let constraints = self.target.constraints();
        let client = &self.mover.client;
        let open = client.open_with(constraints, self.target.url, &bound, &free);
        let began = Instant::now();
        let opened = self.unless_over(open).await??;
        let took = began.elapsed().as_micros() as u64;
        self.answer_micros.store(took.max(1), Ordering::Relaxed);
        if let Some(permit) = permit
            && opened.response.status().is_success()
        {
            permit.accepted(opened.response.content_length());
        }
        Ok(opened)
    }

    /// Whether a response with the whole file is of the same file as before, as far as its head shows.
    fn seems_unchanged(&self, opened: &Opened, here: &Representation) -> bool {
        has_ranges(opened.response.headers())
            && (self.is_resumed || self.known.etag != here.etag)
            && self.known.may_match_despite_if_range(here)
    }

    /// Waits until these bytes fit the user's rate limit.
    pub(super) async fn at_rate(&self, piece: &Bytes) -> Result<(), Error> {
        match self.mover.client.rate() {
            Some(rate) => self.unless_over(rate.take(piece.len() as u64)).await,
            None => Ok(()),
        }
    }
}
