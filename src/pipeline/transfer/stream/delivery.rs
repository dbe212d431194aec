//! Passes the bytes of a part on as they come: decrypted, and checked for what they are.

use bytes::Bytes;

use super::Streaming;
use super::cipher::Decrypter;
use super::download_part::{PartRequest, PartSink, Stop, send};
use super::join::PartEvent;
use super::list::Content;
use super::look::{Head, Look};
use super::memory::MemoryShare;
use crate::model::{Error, Kind};
use crate::pipeline::stream::vtt;
use crate::pipeline::transfer::read_body::stopped_early;
use crate::pipeline::transfer::setback::Setback;

/// A part whose bytes are coming.
pub(super) struct Delivery<'a, 'm> {
    streaming: &'a Streaming<'a>,
    out: &'a PartSink,
    share: &'a mut MemoryShare<'m>,
    index: usize,
    decrypter: Option<Decrypter>,
    look: Look,
    head: Head,
    /// How many bytes have come in all.
    pub(super) count: u64,
}

impl<'a, 'm> Delivery<'a, 'm> {
    /// Starts before the first byte.
    pub(super) fn new(
        streaming: &'a Streaming<'a>,
        request: PartRequest<'_>,
        share: &'a mut MemoryShare<'m>,
        out: &'a PartSink,
    ) -> Delivery<'a, 'm> {
        let PartRequest {
            index,
            part,
            decrypter,
            ..
        } = request;
        let is_head = part.is_map || index == 0;
        Delivery {
            streaming,
            out,
            share,
            index,
            look: Look::new(out.form, decrypter.is_some(), part.inner),
            head: Head::new(is_head && out.form == Content::Medium),
            decrypter,
            count: 0,
        }
    }

    /// Takes the next bytes as they came, and returns those that can be passed on.
    pub(super) fn clear(&mut self, piece: Bytes) -> Result<Option<Bytes>, Error> {
        self.look.clear(&mut self.decrypter, piece)
    }

    /// Passes bytes on, with the memory that they take.
    pub(super) async fn pass(&mut self, plain: Bytes) -> Result<(), Stop> {
        self.head.push(&plain);
        if plain.is_empty() {
            return Ok(());
        }
        // If memory runs short here, the length of the part is unknown: it is at least this long, and most likely
        // longer.
        let more = usize::try_from(self.count.saturating_mul(2)).unwrap_or(usize::MAX);
        let held = self
            .share
            .take(plain.len())
            .map_err(|_| Stop::NotEnoughMemory(more))?;
        self.streaming.add_bytes(plain.len());
        Ok(send(self.out, PartEvent::Bytes(self.index, plain, held)).await?)
    }

    /// Checks whether as many bytes have come as there should be.
    pub(super) fn check_length(&self, expected: Option<u64>) -> Result<(), Setback> {
        if let Some(expected) = expected.filter(|expected| *expected != self.count) {
            return Err(Setback::Retry(stopped_early(self.count, expected)));
        }
        // The subtitles of a silent stretch may be empty.
        if self.count == 0 && self.out.form == Content::Medium {
            // An empty body is more often a hiccup of the server than a real response.
            let error = Error::new(Kind::Network, "an empty segment came");
            return Err(Setback::Retry(error));
        }
        Ok(())
    }

    /// Passes on what was held back, now that all bytes have come. Returns whether the part says that it is the last.
    pub(super) async fn finish(&mut self) -> Result<bool, Stop> {
        if let Some(decrypter) = self.decrypter.take()
            && let Some(plain) = self.look.push(decrypter.finish()?)?
        {
            self.pass(plain).await?;
        }
        if let Some(plain) = self.look.finish()? {
            self.pass(plain).await?;
        }
        self.head.check()?;
        if self.out.form == Content::Lines {
            self.pass(Bytes::from_static(vtt::BETWEEN)).await?;
        }
        Ok(self.look.is_last)
    }
}
