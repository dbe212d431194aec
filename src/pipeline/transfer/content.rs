//! The bytes of one item as they arrive: in memory while they are few, otherwise in its partial file.

use std::time::Duration;

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::Instant;

use super::body::CompleteBody;
use super::digest::Digesting;
use super::ledger::Range;
use super::response_head::Representation;
use super::state::{About, State, TAIL};
use crate::model::{Digest, Error, Item, Kind, Result};
use crate::pipeline::archive::{Algorithm, Summing};
use crate::pipeline::naming::HEAD;
use crate::pipeline::sink::{Partial, Place, is_quick, joined, quickly, slowly, timed};

/// How many bytes are gathered for one write. A file of at most this length is written at its end, in one go.
pub(super) const BATCH: u64 = 256 << 10;
/// The length from which a later run can resume a transfer. Below it, starting over costs less than keeping the state,
/// unless the transfer is slow.
pub(super) const MIN_RESUMABLE: u64 = 8 << 20;
/// A transfer that has taken this long can be resumed, too.
const SLOW_DOWNLOAD: Duration = Duration::from_secs(10);
/// How often the state is saved, and thus how much a run may lose when it is killed.
pub(super) const SAVE_EVERY: Duration = Duration::from_secs(2);

/// The bytes of an item that have arrived so far. Knows nothing of the network.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) place: Place,
    source: String,
    key: String,
    /// The algorithm for the digest of the whole.
    digest: Option<Algorithm>,
    /// The representation, as described by the response that began the download.
    pub(super) representation: Representation,
    /// Its Content-Type.
    pub(super) content_type: Option<String>,
    /// Whether it came over TLS.
    pub(super) over_tls: bool,
    /// The file name that the server gave.
    pub(super) name: Option<String>,
    /// The digests that its headers promised.
    pub(super) promised: Vec<Digest>,
    head: Vec<u8>,
    len: u64,
    memory: Vec<Bytes>,
    in_memory: u64,
    /// The downloaded ranges, unless they are a single one from the start.
    parts: Option<Vec<Range>>,
    file: Option<Partial>,
    writing: Option<JoinHandle<Result<Partial>>>,
    saved: Instant,
    /// When the download began.
    began: Instant,
    /// The digest of the bytes written so far, as long as they were in order from the start.
    summing: Option<Box<Summing>>,
}

impl Content {
    /// Creates an empty content that is to be kept at this place.
    pub(super) fn new(place: Place, item: &Item, digest: Option<Algorithm>) -> Content {
        Content {
            place,
            source: item.source.clone(),
            key: item.key.clone(),
            digest,
            representation: Representation::default(),
            content_type: None,
            over_tls: false,
            name: None,
            promised: Vec::new(),
            head: Vec::new(),
            len: 0,
            memory: Vec::new(),
            in_memory: 0,
            parts: None,
            file: None,
            writing: None,
            saved: Instant::now(),
            began: Instant::now(),
            summing: None,
        }
    }

    /// Loads what an earlier run left, as far as its state proves it.
    pub(super) async fn load(&mut self) -> Result<()> {
        let place = self.place.clone();
        let identity = (self.source.clone(), self.key.clone());
        let asked = place.clone();
        if !quickly(move || Ok(asked.has_state())).await? {
            return Ok(());
        }
        let (partial, found) = slowly(move || {
            let partial = Partial::open(place)?;
            let state = partial.state().and_then(|bytes| State::decode(&bytes));
            let ours = |state: &State| {
                (&state.about.source, &state.about.key) == (&identity.0, &identity.1)
            };
            if let Some(state) = state.filter(ours) {
                let read = |(start, end): Range| partial.read(start, (end - start) as usize);
                let done = state.matching_ranges(partial.len()?, read)?;
                if let (Some(&(_, first)), Some(&(_, last))) = (done.first(), done.last()) {
                    partial.cut(last)?;
                    let head = partial.read(0, first.min(HEAD as u64) as usize)?;
                    return Ok((Some(partial), Some((state, head, done))));
                }
            }
            partial.restart()?;
            Ok((Some(partial), None))
        })
        .await?;
        self.file = partial;
        if let Some((state, head, done)) = found {
            self.note(done);
            self.head = head;
            self.representation = state.about.representation;
            self.content_type = state.about.content_type;
            self.name = state.about.name;
            self.promised = state.about.promised;
        }
        Ok(())
    }

    /// The number of bytes downloaded.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Whether all bytes are there.
    pub(super) fn is_complete(&self) -> bool {
        self.len > 0 && self.representation.total == Some(self.len)
    }

    /// The first bytes, as many as sniffing looks at.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Opens the partial file, unless the content stays in memory, to make sure that it can be written.
    pub(super) async fn reserve(&mut self) -> Result<()> {
        let total = self.representation.total;
        if total.is_some_and(|total| total <= BATCH)
            || self.file.is_some()
            || self.writing.is_some()
        {
            return Ok(());
        }
        let place = self.place.clone();
        self.file = Some(
            quickly(move || {
                let partial = Partial::open(place)?;
                partial.restart()?;
                Ok(partial)
            })
            .await?,
        );
        Ok(())
    }

    /// Adds the next bytes. Gathered bytes are written while more are read.
    pub(super) async fn push(&mut self, piece: Bytes) -> Result<()> {
        if self.head.len() < HEAD {
            let room = (HEAD - self.head.len()).min(piece.len());
            self.head.extend_from_slice(&piece[..room]);
        }
        self.len += piece.len() as u64;
        self.in_memory += piece.len() as u64;
        self.memory.push(piece);
        let stays = self
            .representation
            .total
            .is_some_and(|total| total <= BATCH);
        let save = !stays && self.saved.elapsed() >= SAVE_EVERY && self.can_be_resumed();
        if save || self.in_memory >= BATCH && !stays {
            self.write(save).await?;
        }
        Ok(())
    }

    /// Returns the downloaded bytes from `start` on.
    pub(super) async fn tail(&mut self, start: u64) -> Result<Vec<u8>> {
        let len = (self.len - start) as usize;
        if self.in_memory == self.len {
            let all: Vec<u8> = self.memory.concat();
            return Ok(all[all.len() - len..].to_vec());
        }
        if self.in_memory > 0 {
            self.write(false).await?;
        }
        let partial = self.take_file().await?;
        let (partial, tail) =
            quickly(move || partial.read(start, len).map(|tail| (partial, tail))).await?;
        self.file = Some(partial);
        Ok(tail)
    }

    /// Forgets everything, since the server has something else now.
    pub(super) async fn clear(&mut self) -> Result<()> {
        self.memory.clear();
        self.in_memory = 0;
        self.len = 0;
        self.began = Instant::now();
        self.parts = None;
        self.head.clear();
        self.promised.clear();
        self.name = None;
        self.content_type = None;
        self.representation = Representation::default();
        if self.file.is_some() || self.writing.is_some() {
            let partial = self.take_file().await?;
            self.file = Some(quickly(move || partial.restart().map(|()| partial)).await?);
        }
        Ok(())
    }

    /// Whether the downloaded bytes have gaps.
    pub(super) fn is_in_parts(&self) -> bool {
        self.parts.is_some()
    }

    /// Hands the partial file to those who download its segments, with the ranges that are in it.
    pub(super) async fn lend(&mut self) -> Result<(Partial, Vec<Range>)> {
        if self.in_memory > 0 {
            self.write(false).await?;
        }
        let done = self.done();
        Ok((self.take_file().await?, done))
    }

    /// Takes the partial file back, with the ranges that are in it now.
    pub(super) fn give_back(&mut self, partial: Partial, done: Vec<Range>) {
        self.file = Some(partial);
        self.note(done);
    }

    /// Describes whose bytes these are, and what was promised of them.
    pub(super) fn about(&self) -> About {
        About {
            source: self.source.clone(),
            key: self.key.clone(),
            representation: self.representation.clone(),
            content_type: self.content_type.clone(),
            name: self.name.clone(),
            promised: self.promised.clone(),
        }
    }

    fn done(&self) -> Vec<Range> {
        self.parts.clone().unwrap_or_else(|| vec![(0, self.len)])
    }

    fn note(&mut self, done: Vec<Range>) {
        self.len = done.iter().map(|(start, end)| end - start).sum();
        self.parts = Some(done).filter(|done| *done != [(0, self.len)]);
    }

    /// Hands over the complete bytes.
    pub(super) async fn finish(&mut self) -> Result<CompleteBody> {
        if self.file.is_none() && self.writing.is_none() {
            self.in_memory = 0;
            return Ok(CompleteBody::Memory(std::mem::take(&mut self.memory)));
        }
        if self.in_memory > 0 {
            self.write(false).await?;
        }
        Ok(CompleteBody::File(self.take_file().await?))
    }

    /// The digest of what was handed over, if one is wanted: ready, or still to be computed.
    pub(super) fn digest(&mut self, body: &CompleteBody) -> Digesting {
        let Some(algorithm) = self.digest else {
            return Digesting::Done(None);
        };
        let summing = self.summing.take();
        match (body, summing.filter(|summing| summing.count() == self.len)) {
            (CompleteBody::File(_), Some(summing)) => Digesting::Done(Some(summing.finish())),
            _ => Digesting::Wanted(algorithm),
        }
    }

    /// Replaces the bytes with their decoded form.
    pub(super) fn replace(&mut self, body: CompleteBody, len: u64, head: Vec<u8>) {
        match body {
            CompleteBody::Memory(pieces) => (self.memory, self.in_memory) = (pieces, len),
            CompleteBody::File(partial) => self.file = Some(partial),
        }
        self.summing = None;
        self.len = len;
        self.head = head;
        self.representation.total = Some(len);
        self.representation.coding = None;
        // A coding marks its own end, however it was carried.
        self.representation.open_end = false;
    }

    /// Stops for now: keeps what a later run can resume, and removes the rest.
    pub(super) async fn park(&mut self) -> Result<()> {
        if self.file.is_none() && self.writing.is_none() {
            return Ok(());
        }
        if self.can_be_resumed() && self.len > TAIL {
            self.write(true).await?;
            drop(self.take_file().await?);
            return Ok(());
        }
        self.discard().await
    }

    /// Removes the partial file, which no later run is to resume.
    pub(super) async fn discard(&mut self) -> Result<()> {
        if self.file.is_none() && self.writing.is_none() {
            let place = self.place.clone();
            return quickly(move || Partial::clear(place)).await;
        }
        let partial = self.take_file().await?;
        quickly(move || partial.discard()).await
    }

    fn can_be_resumed(&self) -> bool {
        let Representation {
            total, no_ranges, ..
        } = self.representation;
        let is_worth = total.is_none_or(|total| total >= MIN_RESUMABLE)
            || self.began.elapsed() >= SLOW_DOWNLOAD;
        is_worth && !no_ranges
    }

    /// Starts to write the gathered bytes and, with `save`, the state.
    async fn write(&mut self, save: bool) -> Result<()> {
        let partial = match (&self.file, &self.writing) {
            (None, None) if self.in_memory == self.len => None,
            _ => Some(self.take_file().await?),
        };
        let pieces = std::mem::take(&mut self.memory);
        let offset = self.len - self.in_memory;
        self.in_memory = 0;
        if offset == 0 {
            self.summing = self.digest.map(Summing::new).map(Box::new);
        }
        // Bytes that came out of order are read once more at the end.
        if let Some(summing) = self
            .summing
            .as_mut()
            .filter(|summing| summing.count() == offset)
        {
            pieces.iter().for_each(|piece| summing.update(piece));
        }
        let place = self.place.clone();
        let about = save.then(|| {
            self.saved = Instant::now();
            self.about()
        });
        let done = self.done();
        let write = move || {
            let partial = match partial {
                Some(partial) => partial,
                None => {
                    let partial = Partial::open(place)?;
                    partial.restart()?;
                    partial
                }
            };
            timed(|| partial.write(offset, &pieces))?;
            if let Some(about) = about {
                save_state(&partial, about, done)?;
            }
            Ok(partial)
        };
        // Saving a state waits for the disk.
        if save || !is_quick() {
            self.writing = Some(spawn_blocking(write));
        } else {
            self.file = Some(write()?);
        }
        Ok(())
    }

    /// Returns the partial file, once any write in progress is done.
    async fn take_file(&mut self) -> Result<Partial> {
        if let Some(writing) = self.writing.take() {
            return joined(writing.await);
        }
        self.file.take().ok_or_else(|| {
            Error::new(
                Kind::Disk,
                "the partial file was lost in an earlier failure",
            )
        })
    }
}

/// Saves the state, by which these ranges are in the file. Blocks.
pub(super) fn save_state(partial: &Partial, about: About, done: Vec<Range>) -> Result<()> {
    let read = |(start, end): Range| partial.read(start, (end - start) as usize);
    partial.save(&State::new(about, done, read)?.encode()?)
}
