//! Downloads one part of a track: requests it until it is complete, and passes its bytes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::mpsc;
use url::Url;

use super::Streaming;
use super::accept::{Accepted, accept, asked};
use super::ahead::{Ahead, Room};
use super::cipher::Decrypter;
use super::join::Came;
use super::list::Content;
use super::look::{Head, Look};
use super::part::Part;
use super::versions::Versions;
use crate::model::{Error, Kind, Result};
use crate::net::{Led, Permit, Way};
use crate::pipeline::stream::vtt;
use crate::pipeline::transfer::setback::Setback;
use crate::pipeline::transfer::take::short;
use crate::pipeline::transfer::tries::Tries;

/// Where the bytes go, and the memory for those that have to wait there.
#[derive(Clone)]
pub(super) struct Out {
    pub(super) came: mpsc::Sender<Came>,
    pub(super) ahead: Ahead,
    /// The known versions of the files that parts are ranges of, if those must not change.
    pub(super) versions: Option<Arc<Versions>>,
    /// What the segments contain.
    pub(super) form: Content,
    /// How many parts were ended by nothing but the end of the connection.
    pub(super) open: Arc<AtomicUsize>,
}

/// Why an attempt ended early.
enum Stop {
    Setback(Setback),
    /// This much memory is needed at once, and less is free.
    Crowded(usize),
}

impl From<Setback> for Stop {
    fn from(setback: Setback) -> Stop {
        Stop::Setback(setback)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Setback(error.into())
    }
}

impl Streaming<'_> {
    /// Downloads the part of this index, over as many attempts as are sensible.
    pub(super) async fn bring(&self, index: usize, part: Part, led: Led, out: Out) -> Result<()> {
        let mut tries = Tries::new(&self.mover.client);
        let mut want = part.len().unwrap_or_else(|| out.ahead.usual());
        loop {
            (tries.status, tries.refusal) = (None, None);
            let done = self.attempt(index, &part, led, want, &mut tries, &out);
            let error = match done.await {
                Ok(is_last) => {
                    if is_last {
                        send(&out, Came::Last(index)).await?;
                    }
                    return send(&out, Came::Whole(index)).await;
                }
                Err(Stop::Crowded(more)) => {
                    want = more;
                    send(&out, Came::Again(index)).await?;
                    continue;
                }
                Err(Stop::Setback(Setback::Again(error))) => error,
                Err(Stop::Setback(setback)) => return Err(setback.into_error()),
            };
            send(&out, Came::Again(index)).await?;
            self.wait(&part.spot.url, error, &mut tries).await?;
        }
    }

    /// Waits as long as this error asks for, even when nothing new is to start: a live stream ends with all that was
    /// requested.
    pub(super) async fn wait(&self, url: &Url, error: Error, tries: &mut Tries) -> Result<()> {
        let wait = tries.wait(error)?;
        let told = self
            .mover
            .tell_wait(Some(self.id), url, wait.time, wait.reason);
        told.await?;
        if !wait.is_in_line {
            tokio::time::sleep(wait.time).await;
        }
        Ok(())
    }

    /// Acquires all that a part needs, its place at the host last: whoever has one waits for nothing but bytes.
    async fn attempt(
        &self,
        index: usize,
        part: &Part,
        led: Led,
        want: usize,
        tries: &mut Tries,
        out: &Out,
    ) -> Result<bool, Stop> {
        let decrypter = match &part.cipher {
            Some(cipher) => {
                let key = self.key(&cipher.key, led).await?;
                Some(Decrypter::new(&key, cipher.iv)?)
            }
            None => None,
        };
        let mut room = out.ahead.room(index, want).await;
        let host = part.spot.url.host_str().unwrap_or("");
        let mut permit = self.mover.client.pace().enter(host).await;
        let taking = Taking {
            index,
            part,
            led,
            decrypter,
        };
        let done = self.once(taking, &mut permit, &mut room, tries, out).await;
        match &done {
            Ok(_) => permit.succeeded(),
            Err(Stop::Setback(Setback::Again(error))) => {
                tries.refusal = self.mover.learn(permit, tries, error);
            }
            Err(_) => {}
        }
        done
    }

    /// Sends one request and reads the response.
    async fn once(
        &self,
        taking: Taking<'_>,
        permit: &mut Permit,
        room: &mut Room<'_>,
        tries: &mut Tries,
        out: &Out,
    ) -> Result<bool, Stop> {
        let client = &self.mover.client;
        let Taking {
            index,
            part:
                Part {
                    spot,
                    inner,
                    is_map,
                    ..
                },
            led,
            mut decrypter,
        } = taking;
        let way = Way {
            led,
            pin: None,
            gate: None,
        };
        let bound = self.bound(&spot.url)?;
        let mut opened = client
            .open_by(way, &spot.url, &bound, &asked(spot.range))
            .await?;
        tries.status = Some(opened.response.status());
        let Accepted {
            length,
            most,
            of,
            mut coded,
        } = accept(
            opened.response.status(),
            opened.response.headers(),
            spot.range,
        )?;
        if let Some((versions, of)) = out.versions.as_ref().zip(of) {
            versions.check(&spot.url, of)?;
        }
        permit.accepted(length);
        // Encrypted bytes mark their own end.
        let open_end = opened.open_end() && decrypter.is_none();
        let expected = most.or(length);
        if let Some(expected) = expected.map(|len| usize::try_from(len).unwrap_or(usize::MAX)) {
            out.ahead.learn(expected);
            room.fit(expected).map_err(|_| Stop::Crowded(expected))?;
        }
        let mut look = Look::new(out.form, decrypter.is_some(), *inner);
        let is_head = *is_map || index == 0;
        let mut head = Head::new(is_head && out.form == Content::Medium);
        let mut count = 0u64;
        while most.is_none_or(|most| count < most) {
            let Some(mut piece) = opened.chunk().await? else {
                break;
            };
            if let Some(most) = most {
                piece.truncate((most - count).try_into().unwrap_or(usize::MAX));
            }
            count += piece.len() as u64;
            if let Some(rate) = client.rate() {
                rate.take(piece.len() as u64).await;
            }
            if let Some(coded) = &mut coded {
                coded.push(&piece)?;
                continue;
            }
            if let Some(plain) = look.clear(&mut decrypter, piece)? {
                head.push(&plain);
                self.hand(index, plain, count, room, out).await?;
            }
        }
        if let Some(expected) = expected.filter(|expected| *expected != count) {
            return Err(Setback::Again(short(count, expected)).into());
        }
        // The subtitles of a silent stretch may be empty.
        if count == 0 && out.form == Content::Medium {
            // An empty body is more often a hiccup of the server than a real response.
            let error = Error::new(Kind::Network, "an empty segment came");
            return Err(Setback::Again(error).into());
        }
        if let Some(coded) = coded {
            let plain = coded.plain().await?;
            if let Some(plain) = look.clear(&mut decrypter, plain)? {
                head.push(&plain);
                self.hand(index, plain, count, room, out).await?;
            }
        }
        if let Some(decrypter) = decrypter
            && let Some(plain) = look.push(decrypter.finish()?)?
        {
            head.push(&plain);
            self.hand(index, plain, count, room, out).await?;
        }
        if let Some(plain) = look.finish()? {
            head.push(&plain);
            self.hand(index, plain, count, room, out).await?;
        }
        head.check()?;
        if out.form == Content::Lines {
            let between = Bytes::from_static(vtt::BETWEEN);
            self.hand(index, between, count, room, out).await?;
        }
        if open_end && expected.is_none() {
            out.open.fetch_add(1, Ordering::Relaxed);
        }
        Ok(look.is_last)
    }

    /// Passes bytes on, with the memory that they take; `count` bytes have come in all.
    async fn hand(
        &self,
        index: usize,
        bytes: Bytes,
        count: u64,
        room: &mut Room<'_>,
        out: &Out,
    ) -> Result<(), Stop> {
        if bytes.is_empty() {
            return Ok(());
        }
        // If memory runs short here, the length of the part is unknown: it is at least this long, and most likely
        // longer.
        let more = usize::try_from(count.saturating_mul(2)).unwrap_or(usize::MAX);
        let held = room.take(bytes.len()).map_err(|_| Stop::Crowded(more))?;
        self.came(bytes.len());
        Ok(send(out, Came::Bytes(index, bytes, held)).await?)
    }
}

/// What an attempt requests, and how it is decrypted.
struct Taking<'a> {
    index: usize,
    part: &'a Part,
    led: Led,
    decrypter: Option<Decrypter>,
}

async fn send(out: &Out, came: Came) -> Result<()> {
    out.came.send(came).await.map_err(|_| Error::closed())
}
