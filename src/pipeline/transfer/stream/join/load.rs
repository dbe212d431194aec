//! Takes over what an earlier run left of a track, as far as it is proven.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::{Digests, Join, Joined, Proof, Waiting, still_open_error};
use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::Algorithm;
use crate::pipeline::naming::HEAD;
use crate::pipeline::sink::{Partial, Place, quickly, slowly};
use crate::pipeline::transfer::content::BATCH;
use crate::pipeline::transfer::stream::state::{State, Stored};

impl Join {
    /// Opens the file of a track, with what an earlier run left, as far as `fits` says that its state is of these
    /// parts, and the bytes match that state.
    pub(in super::super) async fn open(
        place: Place,
        beside: Place,
        algorithm: Option<Algorithm>,
        fits: impl FnOnce(&State) -> bool + Send + 'static,
    ) -> Result<Join> {
        slowly(move || {
            let partial = Partial::open(place)?;
            let state = partial.state().and_then(|bytes| State::decode(&bytes));
            let mut join = Join {
                partial: Arc::new(partial),
                beside,
                spool: None,
                next: 0,
                most: usize::MAX,
                joined: 0,
                last: 0,
                base: 0,
                len: 0,
                batch: Vec::new(),
                in_batch: 0,
                held: Vec::new(),
                head: Vec::new(),
                before: Digests::new(algorithm),
                now: Digests::new(algorithm),
                proofs: VecDeque::new(),
                recording: false,
                waiting: BTreeMap::new(),
                kept: Vec::new(),
                saving: None,
            };
            let is_there = match state.filter(fits) {
                Some(state) => join.load(&state)?,
                None => false,
            };
            if !is_there {
                join.partial.restart()?;
            }
            Ok(join)
        })
        .await
    }

    /// Returns what an earlier run recorded of a live stream, if it cannot be resumed: its segments cannot be
    /// downloaded again.
    pub(in super::super) async fn unresumable_recording(
        place: Place,
        algorithm: Option<Algorithm>,
        fits: impl FnOnce(&State) -> bool + Send + 'static,
    ) -> Result<Option<Joined>> {
        let looked = place.clone();
        if !quickly(move || Ok(looked.has_state())).await? {
            return Ok(None);
        }
        slowly(move || {
            let partial = Partial::open(place)?;
            let state = partial.state().and_then(|bytes| State::decode(&bytes));
            let Some(state) = state.filter(|state| state.live && state.count > 0 && !fits(state))
            else {
                return Ok(None);
            };
            if partial.len()? < state.len {
                return Ok(None);
            }
            partial.cut(state.len)?;
            let (recording, hash) = Joined::read(partial, state.len, algorithm)?;
            let is_it = hash.to_hex().as_str() == state.digest;
            Ok(is_it.then_some(recording))
        })
        .await
    }

    /// Takes over what a state describes, if the bytes match it. Blocks.
    fn load(&mut self, state: &State) -> Result<bool> {
        if self.partial.len()? < state.len {
            return Ok(false);
        }
        self.partial.cut(state.len)?;
        let mut before = self.before.clone();
        let (mut all, mut last) = (blake3::Hasher::new(), blake3::Hasher::new());
        let mut at = 0;
        self.partial.read_all(|bytes| {
            let room = state.last.saturating_sub(at).min(bytes.len() as u64) as usize;
            before.update(&bytes[..room]);
            last.update(&bytes[room..]);
            all.update(bytes);
            at += bytes.len() as u64;
        })?;
        if state.count > 0 && all.finalize().to_hex().as_str() != state.digest {
            return Ok(false);
        }
        for stored in &state.waiting {
            self.load_waiting(stored)?;
        }
        if state.count > 0 {
            self.proofs.push_back(Proof {
                index: state.at,
                digest: last.finalize(),
                hasher: blake3::Hasher::new(),
            });
            self.next = state.at;
            self.joined = state.at;
            self.recording = state.live;
        }
        (self.last, self.base, self.len) = (state.last, state.last, state.last);
        self.head = self.partial.read(0, state.last.min(HEAD as u64) as usize)?;
        self.now = before.clone();
        self.before = before;
        Ok(true)
    }

    /// Makes the first waiting part be requested once more, too, since the part that was joined last proves nothing.
    pub(in super::super) fn recheck_waiting(&mut self) {
        let Some((index, waiting)) = self.waiting.pop_first() else {
            return;
        };
        let digest = waiting.stored.map(|stored| stored.digest);
        match digest.and_then(|digest| blake3::Hash::from_hex(digest).ok()) {
            Some(digest) => self.proofs.push_back(Proof {
                index,
                digest,
                hasher: blake3::Hasher::new(),
            }),
            None => self.waiting.clear(),
        }
    }

    /// Takes over a part that was waiting. Blocks.
    fn load_waiting(&mut self, stored: &Stored) -> Result<()> {
        if self.spool.is_none() {
            self.spool = Some(Arc::new(Partial::open(self.beside.clone())?));
        }
        let spool = self.spool.as_ref().ok_or_else(still_open_error)?;
        let end = stored.at.checked_add(stored.len);
        // What cannot be read from there is downloaded again.
        if end.is_none_or(|end| spool.len().is_ok_and(|len| len < end)) {
            return Ok(());
        }
        let bytes = spool.read(stored.at, stored.len as usize)?;
        if blake3::hash(&bytes).to_hex().as_str() == stored.digest {
            self.kept.push((stored.at, stored.len));
            self.waiting.insert(
                stored.index,
                Waiting {
                    is_complete: true,
                    stored: Some(stored.clone()),
                    ..Waiting::default()
                },
            );
        }
        Ok(())
    }

    /// Appends a part from the file beside, with no more of it in memory than necessary.
    pub(super) async fn append_stored(&mut self, stored: &Stored) -> Result<()> {
        let mut hasher = blake3::Hasher::new();
        let (mut at, end) = (stored.at, stored.at + stored.len);
        while at < end {
            let (spool, len) = (self.spool().await?, (end - at).min(BATCH));
            let piece = quickly(move || spool.read(at, len as usize)).await?;
            hasher.update(&piece);
            at += len;
            self.append(piece.into()).await?;
        }
        match hasher.finalize().to_hex().as_str() == stored.digest {
            true => Ok(()),
            false => Err(Error::new(
                Kind::Disk,
                "a segment stored on the disk no longer has the bytes that were written",
            )),
        }
    }

    /// Returns the file beside, which is opened when it is first needed.
    pub(super) async fn spool(&mut self) -> Result<Arc<Partial>> {
        if let Some(spool) = &self.spool {
            return Ok(spool.clone());
        }
        let beside = self.beside.clone();
        let spool = slowly(move || Partial::open(beside).map(Arc::new)).await?;
        Ok(self.spool.insert(spool).clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::PartEvent;
    use super::*;
    use crate::pipeline::sink::Folder;

    /// Returns this many bytes, which differ by seed.
    fn bytes(seed: u8, len: usize) -> bytes::Bytes {
        let more = (0..len).map(|at| (at % 251) as u8 ^ seed);
        more.collect::<Vec<u8>>().into()
    }

    #[tokio::test]
    async fn waiting_segments_are_of_one_version() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Arc::new(Folder::root(folder.path()).unwrap());
        for (key, is_same) in [("one", true), ("other", false)] {
            let place = Place::new(folder.clone(), "test", key);
            let open = async || {
                let beside = place.beside("beside");
                Join::open(place.clone(), beside, None, |_| true).await
            };
            let bring = async |join: &mut Join, index: usize, seed: u8| {
                let event = PartEvent::Bytes(index, bytes(seed, 300), None);
                join.take(event).await?;
                join.take(PartEvent::Complete(index)).await
            };
            let mut join = open().await.unwrap();
            for index in [0, 2, 3] {
                bring(&mut join, index, index as u8).await.unwrap();
            }
            join.save(State::default()).await.unwrap();
            join.saved().await.unwrap();
            drop(join);
            let mut join = open().await.unwrap();
            join.recheck_waiting();
            assert!(!join.has(2) && join.has(3));
            bring(&mut join, 0, 0).await.unwrap();
            assert!(!join.is_proven());
            bring(&mut join, 1, 1).await.unwrap();
            let seed = if is_same { 2 } else { 7 };
            let proven = bring(&mut join, 2, seed).await;
            match is_same {
                true => assert_eq!(
                    (proven.is_ok(), join.next(), join.is_proven()),
                    (true, 4, true)
                ),
                false => assert_eq!(proven.unwrap_err().kind, Kind::Changed),
            }
        }
    }

    #[tokio::test]
    async fn waiting_segments_are_read_from_disk_in_turn() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Arc::new(Folder::root(folder.path()).unwrap());
        let place = Place::new(folder, "test", "key");
        let open = async || {
            let beside = place.beside("beside");
            Join::open(place.clone(), beside, None, |_| true).await
        };
        let parts = [10, 20, 3 << 20, 700_001].map(|len| bytes(len as u8, len));
        let bring = async |join: &mut Join, index: usize| {
            let event = PartEvent::Bytes(index, parts[index].clone(), None);
            join.take(event).await?;
            join.take(PartEvent::Complete(index)).await
        };
        let mut join = open().await.unwrap();
        for index in [0, 2, 3] {
            bring(&mut join, index).await.unwrap();
        }
        let have = join.have();
        join.save(State::default()).await.unwrap();
        join.saved().await.unwrap();
        drop(join);
        let mut join = open().await.unwrap();
        // The first one is yet to be proven.
        assert_eq!((join.next(), join.have()), (0, have - 10));
        assert!(join.has(2) && join.has(3) && !join.has(1));
        let mut waiting = join.waiting.values();
        assert!(waiting.all(|waiting| waiting.pieces.is_empty()));
        for index in [0, 1] {
            bring(&mut join, index).await.unwrap();
        }
        assert_eq!(join.next(), 4);
        let joined = join.finish().await.unwrap();
        let all = joined.partial.read(0, joined.len as usize).unwrap();
        assert!(all == parts.concat());
    }
}
