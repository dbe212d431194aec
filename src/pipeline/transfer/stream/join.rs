//! Joins the parts of a track in one file, in their order, as they come in whatever order.
//!
//! What comes of the next part in order goes to its place at once. What comes of later ones waits in memory, of which all
//! streams of a run have so much and no more: whoever finds none waits, and the next in order never has to. What is whole and
//! waits when the state is saved goes to a file beside, so that a kill costs no more than the last seconds. Nothing is copied
//! as a whole.

mod load;
mod save;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;

use super::state::Stored;
use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::{Algorithm, Sum, Summing};
use crate::pipeline::naming::HEAD;
use crate::pipeline::sink::{Partial, Place, quickly, slowly};
use crate::pipeline::transfer::content::BATCH;

/// What comes of a part.
#[derive(Debug)]
pub(super) enum Came {
    /// The next bytes of it, and what they hold of the memory.
    Bytes(usize, Bytes, Option<OwnedSemaphorePermit>),
    /// What came of it so far is of no use.
    Again(usize),
    /// It says that it is the last one of a live stream; then all of it is there.
    Last(usize),
    /// All of it is there.
    Whole(usize),
    /// There is no such part any more.
    Gone(usize),
}

/// A part that waits for those before it: in memory, or where an earlier run has stored it.
#[derive(Debug, Default)]
struct Waiting {
    pieces: Vec<Bytes>,
    held: Vec<OwnedSemaphorePermit>,
    whole: bool,
    gone: bool,
    stored: Option<Stored>,
}

/// Digests of what is joined.
#[derive(Clone)]
struct Digests {
    whole: blake3::Hasher,
    summing: Option<Summing>,
}

/// A part that an earlier run had, which is asked for once more: it has to be the same.
struct Proof {
    index: usize,
    digest: blake3::Hash,
    hasher: blake3::Hasher,
}

/// The file that the parts become.
pub(super) struct Join {
    partial: Arc<Partial>,
    beside: Place,
    spool: Option<Arc<Partial>>,
    /// The part that is next.
    next: usize,
    /// So many parts there are at the most: what came of others is not wanted.
    most: usize,
    /// The part that was joined last.
    joined: usize,
    /// Where the last joined part and the next one begin, and how long all is with what came of that.
    last: u64,
    base: u64,
    len: u64,
    /// The last bytes, which are still to be written.
    batch: Vec<Bytes>,
    in_batch: u64,
    held: Vec<OwnedSemaphorePermit>,
    head: Vec<u8>,
    /// Up to the next part, and with what came of it.
    before: Digests,
    now: Digests,
    /// What is still to be proven, in order.
    proofs: VecDeque<Proof>,
    /// Whether what an earlier run left is of a live stream.
    recording: bool,
    waiting: BTreeMap<usize, Waiting>,
    /// What the state on the disk names of the file beside.
    kept: Vec<(u64, u64)>,
    saving: Option<JoinHandle<Result<()>>>,
}

/// A track that is whole.
pub(super) struct Joined {
    pub(super) partial: Partial,
    pub(super) len: u64,
    pub(super) head: Vec<u8>,
    pub(super) digest: Option<Sum>,
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
            whole: blake3::Hasher::new(),
            summing: algorithm.map(Summing::new),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.whole.update(bytes);
        if let Some(summing) = &mut self.summing {
            summing.update(bytes);
        }
    }
}

impl Join {
    /// The part that is next.
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

    /// Where they go.
    pub(super) fn place(&self) -> &Place {
        self.partial.place()
    }

    /// Whether this part is there already.
    pub(super) fn has(&self, index: usize) -> bool {
        index < self.next
            || self
                .waiting
                .get(&index)
                .is_some_and(|waiting| waiting.whole)
    }

    /// Whether what an earlier run left is proven, if there is any.
    pub(super) fn is_proven(&self) -> bool {
        self.proofs.is_empty()
    }

    /// Whether what an earlier run left is of a live stream, so that it cannot be had again.
    pub(super) fn is_recording(&self) -> bool {
        self.recording
    }

    /// How many bytes are there.
    pub(super) fn have(&self) -> u64 {
        self.len + self.waiting.values().map(Waiting::len).sum::<u64>()
    }

    /// Takes what came.
    pub(super) async fn take(&mut self, came: Came) -> Result<()> {
        match came {
            Came::Bytes(index, ..) | Came::Whole(index) | Came::Gone(index)
                if index >= self.most => {}
            // What it means is for the track to say.
            Came::Last(_) => {}
            Came::Bytes(index, piece, held) if index == self.next => {
                // What is next needs no room in memory for long.
                drop(held);
                self.append(piece).await?;
            }
            Came::Bytes(index, piece, held) => {
                let waiting = self.waiting.entry(index).or_default();
                waiting.pieces.push(piece);
                waiting.held.extend(held);
            }
            Came::Again(index) if index == self.next => self.take_back(),
            Came::Again(index) => drop(self.waiting.remove(&index)),
            Came::Whole(index) if index == self.next => {
                self.advance()?;
                self.catch_up().await?;
            }
            Came::Whole(index) => self.waiting.entry(index).or_default().whole = true,
            Came::Gone(index) => {
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

    /// Takes no more parts than these.
    pub(super) fn end(&mut self, count: usize) {
        self.most = count;
        self.waiting.retain(|index, _| *index < count);
    }

    /// Appends what waited for the part that was whole just now.
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
            if !waiting.whole {
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

    /// Notes that the next part is whole.
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

    /// What the next part has to be.
    fn proof(&mut self) -> Option<&mut Proof> {
        let next = self.next;
        self.proofs.front_mut().filter(|proof| proof.index == next)
    }

    async fn write(&mut self) -> Result<()> {
        let pieces = std::mem::take(&mut self.batch);
        let at = self.len - std::mem::take(&mut self.in_batch);
        if !pieces.is_empty() {
            let partial = self.partial.clone();
            quickly(move || partial.write(at, &pieces)).await?;
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

    /// Removes what is there.
    pub(super) async fn discard(mut self) -> Result<()> {
        self.saved().await?;
        slowly(move || {
            self.partial.discard()?;
            self.discard_spool()
        })
        .await
    }

    fn discard_spool(&self) -> Result<()> {
        match &self.spool {
            Some(spool) => spool.discard(),
            None => self.beside.clear(),
        }
    }

    /// Hands over what is whole. The state stays until the file gets its name, but for what speaks of the file beside.
    pub(super) async fn finish(mut self) -> Result<Joined> {
        self.saved().await?;
        self.write().await?;
        slowly(move || {
            self.partial.cut(self.len)?;
            self.discard_spool()?;
            let partial = Arc::into_inner(self.partial).ok_or_else(lost)?;
            Ok(Joined {
                partial,
                len: self.len,
                head: self.head,
                digest: self.now.summing.map(Summing::finish),
            })
        })
        .await
    }
}

fn lost() -> Error {
    Error::new(Kind::Disk, "a defect of this program left the file open")
}
