//! Joins the parts of a track in one file, in order, whatever the order in which they come.
//!
//! The bytes of the next part in order go to their place at once. Those of later parts wait in memory, of which all
//! streams of a run share a fixed amount: a part that finds none has to wait, and the next in order never has to. Parts
//! that are complete and waiting when the state is saved go to a file beside, so that a kill costs no more than the
//! last seconds. Nothing is copied as a whole.

mod finish;
mod load;
mod save;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;

pub(super) use self::finish::Joined;
use super::state::Stored;
use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::{Algorithm, Summing};
use crate::pipeline::naming::HEAD;
use crate::pipeline::sink::{Partial, Place, quickly, slowly};
use crate::pipeline::transfer::content::BATCH;

/// What the download of a part reports.
#[derive(Debug)]
pub(super) enum PartEvent {
    /// Its next bytes, and the memory that they hold.
    Bytes(usize, Bytes, Option<OwnedSemaphorePermit>),
    /// Its bytes so far are of no use.
    Discarded(usize),
    /// It says that it is the last one of a live stream; all of it has come.
    Last(usize),
    /// All of it has come.
    Complete(usize),
    /// There is no such part any more.
    Gone(usize),
}

/// A part that waits for earlier ones: in memory, or where an earlier run stored it.
#[derive(Debug, Default)]
struct Waiting {
    pieces: Vec<Bytes>,
    held: Vec<OwnedSemaphorePermit>,
    is_complete: bool,
    gone: bool,
    stored: Option<Stored>,
}

/// Digests of the joined bytes.
#[derive(Clone)]
struct Digests {
    blake3: blake3::Hasher,
    summing: Option<Summing>,
}

/// A part that an earlier run had, and that is requested once more: it has to be the same.
struct Proof {
    index: usize,
    digest: blake3::Hash,
    hasher: blake3::Hasher,
}

/// The file in which the parts are joined.
pub(super) struct Join {
    partial: Arc<Partial>,
    beside: Place,
    spool: Option<Arc<Partial>>,
    /// The next part in order.
    next: usize,
    /// How many parts there are at most: what comes of later ones is ignored.
    most: usize,
    /// The part that was joined last.
    joined: usize,
    /// Where the last joined part and the next one begin, and the length with what came of the next one.
    last: u64,
    base: u64,
    len: u64,
    /// The last bytes, which are yet to be written.
    batch: Vec<Bytes>,
    in_batch: u64,
    held: Vec<OwnedSemaphorePermit>,
    head: Vec<u8>,
    /// Without the next part, and with what came of it.
    before: Digests,
    now: Digests,
    /// The parts that are yet to be proven, in order.
    proofs: VecDeque<Proof>,
    /// Whether an earlier run left the recording of a live stream.
    recording: bool,
    waiting: BTreeMap<usize, Waiting>,
    /// The ranges of the file beside that the state on disk refers to.
    kept: Vec<(u64, u64)>,
    saving: Option<JoinHandle<Result<()>>>,
}

impl Waiting {
    fn len(&self) -> u64 {
        match &self.stored {
            Some(stored) => stored.len,
            None => self.pieces.iter().map(|piece| piece.len() as u64).sum(),
        }
    }
}

impl Digests {
    fn new(algorithm: Option<Algorithm>) -> Digests {
        Digests {
            blake3: blake3::Hasher::new(),
            summing: algorithm.map(Summing::new),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.blake3.update(bytes);
        if let Some(summing) = &mut self.summing {
            summing.update(bytes);
        }
    }
}

impl Join {
    /// The next part in order.
    pub(super) fn next(&self) -> usize {
        self.next
    }

    /// The part that was joined last.
    pub(super) fn joined(&self) -> usize {
        self.joined
    }

    /// How many bytes are joined.
    pub(super) fn written(&self) -> u64 {
        self.len
    }

    /// Where the bytes go.
    pub(super) fn place(&self) -> &Place {
        self.partial.place()
    }

    /// Whether this part is there already.
    pub(super) fn has(&self, index: usize) -> bool {
        index < self.next
            || self
                .waiting
                .get(&index)
                .is_some_and(|waiting| waiting.is_complete)
    }

    /// Whether what an earlier run left has been proven, if there is any.
    pub(super) fn is_proven(&self) -> bool {
        self.proofs.is_empty()
    }

    /// Whether an earlier run left the recording of a live stream, which cannot be downloaded again.
    pub(super) fn is_recording(&self) -> bool {
        self.recording
    }

    /// How many bytes are there.
    pub(super) fn have(&self) -> u64 {
        self.len + self.waiting.values().map(Waiting::len).sum::<u64>()
    }

    /// Takes what came.
    pub(super) async fn take(&mut self, event: PartEvent) -> Result<()> {
        match event {
            PartEvent::Bytes(index, ..) | PartEvent::Complete(index) | PartEvent::Gone(index)
                if index >= self.most => {}
            // The track decides what that means.
            PartEvent::Last(_) => {}
            PartEvent::Bytes(index, piece, held) if index == self.next => {
                // The next part needs no memory for long.
                drop(held);
                self.append(piece).await?;
            }
            PartEvent::Bytes(index, piece, held) => {
                let waiting = self.waiting.entry(index).or_default();
                waiting.pieces.push(piece);
                waiting.held.extend(held);
            }
            PartEvent::Discarded(index) if index == self.next => self.take_back(),
            PartEvent::Discarded(index) => drop(self.waiting.remove(&index)),
            PartEvent::Complete(index) if index == self.next => {
                self.advance()?;
                self.catch_up().await?;
            }
            PartEvent::Complete(index) => self.waiting.entry(index).or_default().is_complete = true,
            PartEvent::Gone(index) => {
                if index == self.next {
                    self.take_back();
                }
                let gone = Waiting {
                    gone: true,
                    ..Waiting::default()
                };
                self.waiting.insert(index, gone);
                self.catch_up().await?;
            }
        }
        Ok(())
    }

    /// Takes no more than this many parts.
    pub(super) fn end(&mut self, count: usize) {
        self.most = count;
        self.waiting.retain(|index, _| *index < count);
    }

    /// Appends the parts that waited for the one that was just completed.
    async fn catch_up(&mut self) -> Result<()> {
        while let Some(waiting) = self.waiting.remove(&self.next) {
            if let (true, Some(stored)) = (waiting.pieces.is_empty(), &waiting.stored) {
                self.append_stored(stored).await?;
            }
            for piece in waiting.pieces {
                self.append(piece).await?;
            }
            self.held.extend(waiting.held);
            if waiting.gone {
                self.next += 1;
                continue;
            }
            if !waiting.is_complete {
                break;
            }
            self.advance()?;
        }
        Ok(())
    }

    async fn append(&mut self, piece: Bytes) -> Result<()> {
        if self.head.len() < HEAD {
            let room = (HEAD - self.head.len()).min(piece.len());
            self.head.extend_from_slice(&piece[..room]);
        }
        self.now.update(&piece);
        if let Some(proof) = self.proof() {
            proof.hasher.update(&piece);
        }
        self.len += piece.len() as u64;
        self.in_batch += piece.len() as u64;
        self.batch.push(piece);
        match self.in_batch >= BATCH {
            true => self.write().await,
            false => Ok(()),
        }
    }

    /// Notes that the next part is complete.
    fn advance(&mut self) -> Result<()> {
        if self.len == self.base {
            return Err(Error::new(Kind::Corrupt, "a segment is empty"));
        }
        let next = self.next;
        let is_other = |proof: &Proof| {
            proof.index < next || proof.index == next && proof.hasher.finalize() != proof.digest
        };
        if self.proofs.front().is_some_and(is_other) {
            return Err(Error::new(
                Kind::Changed,
                "the stream has changed on the server",
            ));
        }
        if self.proof().is_some() {
            self.proofs.pop_front();
        }
        (self.last, self.base) = (self.base, self.len);
        self.before = self.now.clone();
        self.joined = self.next;
        self.next += 1;
        Ok(())
    }

    /// Forgets what came of the next part.
    fn take_back(&mut self) {
        let in_batch = self.in_batch.min(self.len - self.base);
        let mut keep = self.in_batch - in_batch;
        self.in_batch = keep;
        for piece in &mut self.batch {
            piece.truncate(keep.min(piece.len() as u64) as usize);
            keep -= piece.len() as u64;
        }
        self.len = self.base;
        self.head.truncate(self.base.min(HEAD as u64) as usize);
        self.now = self.before.clone();
        if let Some(proof) = self.proof() {
            proof.hasher.reset();
        }
    }

    /// What the next part has to match, if anything.
    fn proof(&mut self) -> Option<&mut Proof> {
        let next = self.next;
        self.proofs.front_mut().filter(|proof| proof.index == next)
    }

    async fn write(&mut self) -> Result<()> {
        let pieces = std::mem::take(&mut self.batch);
        let at = self.len - std::mem::take(&mut self.in_batch);
        if !pieces.is_empty() {
            let partial = self.partial.clone();
            let (pieces, written) = quickly(move || {
                let written = partial.write(at, &pieces);
                Ok((pieces, written))
            })
            .await?;
            if written.is_err() {
                // No state must refer to them until they are written.
                (self.batch, self.in_batch) = (pieces, self.len - at);
                return written;
            }
        }
        self.held.clear();
        Ok(())
    }

    /// Forgets everything.
    pub(super) async fn restart(&mut self, algorithm: Option<Algorithm>) -> Result<()> {
        self.saved().await?;
        let partial = self.partial.clone();
        slowly(move || partial.restart()).await?;
        self.waiting.clear();
        self.batch.clear();
        self.held.clear();
        self.head.clear();
        self.kept.clear();
        (self.next, self.joined, self.in_batch) = (0, 0, 0);
        (self.last, self.base, self.len) = (0, 0, 0);
        (self.before, self.now) = (Digests::new(algorithm), Digests::new(algorithm));
        self.proofs.clear();
        self.recording = false;
        Ok(())
    }
}

fn still_open_error() -> Error {
    Error::new(Kind::Disk, "a defect of this program left the file open")
}
