//! Brings one part of a track: asks for it until it is whole, and sends on what comes.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};

use super::Streaming;
use super::cipher::Decrypter;
use super::join::Came;
use super::part::Part;
use crate::model::{Error, Event, Kind, Result};
use crate::net::{Led, Permit, Way};
use crate::pipeline::naming::{Content, HEAD, sniff};
use crate::pipeline::transfer::answer::{Asked, Reading, Representation, content_range, read};
use crate::pipeline::transfer::take::short;
use crate::pipeline::transfer::tries::{Setback, Tries};

/// Where what comes goes, and which part is the next in order.
#[derive(Clone)]
pub(super) struct Out {
    pub(super) came: mpsc::Sender<Came>,
    pub(super) next: watch::Receiver<usize>,
}

impl Streaming<'_> {
    /// Brings the part of this index, over as many attempts as are sensible.
    pub(super) async fn bring(
        &self,
        index: usize,
        part: Part,
        led: Led,
        mut out: Out,
    ) -> Result<()> {
        let mover = self.mover;
        let host = part.spot.url.host_str().unwrap_or("");
        let mut tries = Tries::new(&mover.client);
        loop {
            let mut permit = mover.client.pace().enter(host).await;
            tries.status = None;
            let came = self.once(index, &part, led, &mut permit, &mut tries, &mut out);
            let error = match came.await {
                Ok(()) => {
                    permit.succeeded();
                    return send(&out, Came::Whole(index)).await;
                }
                Err(Setback::Again(error)) => error,
                Err(setback) => return Err(setback.into_error()),
            };
            tries.refusal = mover.learn(permit, &tries, &error);
            send(&out, Came::Again(index)).await?;
            let wait = tries.wait(error)?;
            mover
                .tell(Event::Waiting {
                    id: Some(self.id),
                    host: host.to_owned(),
                    millis: wait.time.as_millis().try_into().unwrap_or(u64::MAX),
                    reason: wait.reason,
                })
                .await?;
            if !wait.is_in_line {
                tokio::time::sleep(wait.time).await;
            }
        }
    }

    /// Asks once, and takes what comes.
    async fn once(
        &self,
        index: usize,
        part: &Part,
        led: Led,
        permit: &mut Permit,
        tries: &mut Tries,
        out: &mut Out,
    ) -> Result<(), Setback> {
        let client = &self.mover.client;
        let spot = &part.spot;
        let mut decrypter = match &part.cipher {
            Some(cipher) => Some(Decrypter::new(
                &self.key(&cipher.key, led).await?,
                cipher.iv,
            )?),
            None => None,
        };
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
        let (length, most) = accept(
            opened.response.status(),
            opened.response.headers(),
            spot.range,
        )?;
        permit.accepted(length);
        let mut look = Look::new(part.cipher.is_some());
        let mut count = 0u64;
        while most.is_none_or(|most| count < most) {
            let Some(mut piece) = client.chunk(&mut opened).await? else {
                break;
            };
            if let Some(most) = most {
                piece.truncate((most - count).try_into().unwrap_or(usize::MAX));
            }
            count += piece.len() as u64;
            if let Some(rate) = client.rate() {
                rate.take(piece.len() as u64).await;
            }
            if let Some(decrypter) = &mut decrypter {
                piece = decrypter.push(&piece)?;
            }
            if let Some(plain) = look.push(piece)? {
                self.hand(index, plain, out).await?;
            }
        }
        if let Some(expected) = most.or(length).filter(|expected| *expected != count) {
            return Err(Setback::Again(short(count, expected)));
        }
        if count == 0 {
            // Nothing at all is a server's hiccup more often than an answer.
            return Err(Setback::Again(Error::new(
                Kind::Network,
                "an empty segment came",
            )));
        }
        if let Some(decrypter) = decrypter
            && let Some(plain) = look.push(decrypter.finish()?)?
        {
            self.hand(index, plain, out).await?;
        }
        match look.finish()? {
            Some(plain) => Ok(self.hand(index, plain, out).await?),
            None => Ok(()),
        }
    }

    /// Sends bytes on, once there is room for them in memory. The next part in order needs none.
    async fn hand(&self, index: usize, bytes: Bytes, out: &mut Out) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let is_next = *out.next.borrow() == index;
        let held = match is_next {
            true => None,
            false => self.room(index, bytes.len(), &mut out.next).await,
        };
        self.came(bytes.len());
        send(out, Came::Bytes(index, bytes, held)).await
    }

    async fn room(
        &self,
        index: usize,
        len: usize,
        next: &mut watch::Receiver<usize>,
    ) -> Option<OwnedSemaphorePermit> {
        let memory = self.mover.memory.clone();
        tokio::select! {
            biased;
            // It is never closed.
            held = memory.acquire_many_owned(len.try_into().unwrap_or(u32::MAX)) => held.ok(),
            _ = next.wait_for(|next| *next >= index) => None,
        }
    }
}

async fn send(out: &Out, came: Came) -> Result<()> {
    out.came.send(came).await.map_err(|_| Error::closed())
}

/// The headers that ask for bytes as they are, or for some of them.
fn asked(range: Option<(u64, u64)>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    let range = range
        .and_then(|(start, end)| HeaderValue::try_from(format!("bytes={start}-{}", end - 1)).ok());
    if let Some(range) = range {
        headers.insert(header::RANGE, range);
    }
    headers
}

/// How long the body is, if that is told, and how many of its bytes are wanted, unless all are.
fn accept(
    status: StatusCode,
    headers: &HeaderMap,
    range: Option<(u64, u64)>,
) -> Result<(Option<u64>, Option<u64>), Setback> {
    let here = Representation::of(headers);
    if status.is_success()
        && let Some(coding) = &here.coding
    {
        let message = format!("a segment came in the coding `{}`", coding.escape_debug());
        return Err(Setback::Over(Error::new(Kind::Corrupt, message)));
    }
    let part = || content_range(headers.get(header::CONTENT_RANGE)?.to_str().ok()?);
    match (status.as_u16(), range) {
        (206, Some((start, end))) => match part() {
            Some((from, to, _)) if from == start && to >= end => {
                Ok((here.total, Some(end - start)))
            }
            _ => Err(Setback::Over(Error::new(
                Kind::Corrupt,
                "the server sent another part than was asked for",
            ))),
        },
        (200 | 203, Some((0, end))) => Ok((here.total, Some(end))),
        (200 | 203, Some(_)) => Err(Setback::Over(Error::new(
            Kind::Corrupt,
            "the server sends whole files only, and this stream is made of their parts",
        ))),
        (200 | 203, None) => Ok((here.total, None)),
        _ => {
            let known = Representation::default();
            let asked = Asked {
                start: 0,
                known: &known,
            };
            Err(match read(status, headers, asked) {
                Reading::Refused {
                    error,
                    passes: true,
                } => Setback::Again(error),
                Reading::Refused { error, .. } => Setback::Over(error),
                _ => Setback::Over(Error::new(
                    Kind::Corrupt,
                    format!("the server answered {status}"),
                )),
            })
        }
    }
}

/// The first bytes of a part, before they are believed.
struct Look {
    early: Vec<u8>,
    seen: bool,
    encrypted: bool,
}

impl Look {
    fn new(encrypted: bool) -> Look {
        Look {
            early: Vec::new(),
            seen: false,
            encrypted,
        }
    }

    /// Takes the next bytes, and gives those that can go on.
    fn push(&mut self, piece: Bytes) -> Result<Option<Bytes>> {
        if self.seen {
            return Ok(Some(piece));
        }
        if self.early.is_empty() && piece.len() >= HEAD {
            self.seen = true;
            check(&piece[..HEAD], self.encrypted)?;
            return Ok(Some(piece));
        }
        self.early.extend_from_slice(&piece);
        match self.early.len() >= HEAD {
            true => self.finish(),
            false => Ok(None),
        }
    }

    /// Gives what was kept back.
    fn finish(&mut self) -> Result<Option<Bytes>> {
        if std::mem::replace(&mut self.seen, true) {
            return Ok(None);
        }
        check(&self.early[..self.early.len().min(HEAD)], self.encrypted)?;
        Ok(Some(std::mem::take(&mut self.early).into()))
    }
}

/// Whether a part can begin so.
fn check(head: &[u8], encrypted: bool) -> Result<()> {
    let seen = sniff(head);
    let came = match seen.kind {
        Content::Page => "a web page",
        Content::Zeros => "nothing but zeros",
        Content::Text if !head.starts_with(b"WEBVTT") => "a text",
        Content::Image if !encrypted => "a picture",
        // What a wrong key gives is noise, of which one in 256 has a padding that looks right.
        _ if encrypted && !begins_as_media(head) => {
            return Err(Error::new(
                Kind::Corrupt,
                "what the key makes of a segment is no medium",
            ));
        }
        _ => return Ok(()),
    };
    Err(Error::new(
        Kind::Corrupt,
        format!("{came} came in place of a segment"),
    ))
}

/// A transport stream, boxes, packed sound, or subtitles (RFC 8216 §3).
fn begins_as_media(head: &[u8]) -> bool {
    let boxes: [&[u8]; 11] = [
        b"ftyp", b"styp", b"moof", b"moov", b"sidx", b"emsg", b"prft", b"mdat", b"free", b"skip",
        b"uuid",
    ];
    let is_box = head.get(4..8).is_some_and(|name| boxes.contains(&name));
    let is_sound = head.starts_with(b"ID3")
        || head.starts_with(b"\x0b\x77")
        || matches!(head, [0xff, second, ..] if second & 0xe0 == 0xe0);
    head.first() == Some(&0x47) || is_box || is_sound || head.starts_with(b"WEBVTT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_what_was_asked_for() {
        let headers = |range: &str| {
            let mut headers = HeaderMap::new();
            if !range.is_empty() {
                headers.insert(header::CONTENT_RANGE, range.parse().unwrap());
            }
            headers.insert(header::CONTENT_LENGTH, "10".parse().unwrap());
            headers
        };
        let table = [
            (200, "", None, Some(None)),
            (206, "bytes 5-14/99", Some((5, 15)), Some(Some(10))),
            (206, "bytes 5-14/99", Some((5, 16)), None),
            (206, "bytes 4-13/99", Some((5, 14)), None),
            (206, "", Some((5, 15)), None),
            (206, "bytes 0-9/99", None, None),
            (200, "", Some((0, 5)), Some(Some(5))),
            (200, "", Some((1, 5)), None),
            (404, "", None, None),
            (503, "", None, None),
            (304, "", None, None),
        ];
        for (status, range, asked, expected) in table {
            let status = StatusCode::from_u16(status).unwrap();
            let read = accept(status, &headers(range), asked);
            let most = read.as_ref().ok().map(|(_, most)| *most);
            assert_eq!(most, expected, "{status} {range} {asked:?}");
            if let Err(setback) = read {
                assert_eq!(
                    matches!(setback, Setback::Again(_)),
                    // A part that nobody asked for may be another's answer.
                    status == 503 || status == 206 && asked.is_none(),
                    "{status}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_segment_is_refused() {
        let table: [(&[u8], bool, bool); 8] = [
            (b"<!doctype html><title>x</title>", false, false),
            (b"{\"error\": 1}", false, false),
            (b"WEBVTT\n\n", false, true),
            (b"\x47\x40\x11\x10\0\x42", false, true),
            (b"\xde\xad\xbe\xef\x01\x02", false, true),
            (b"\xde\xad\xbe\xef\x01\x02", true, false),
            (b"\0\0\0\x18styp", true, true),
            (b"\xff\xf1\x50\x80", true, true),
        ];
        for (head, encrypted, expected) in table {
            assert_eq!(
                check(head, encrypted).is_ok(),
                expected,
                "{}",
                head.escape_ascii()
            );
        }
    }
}
