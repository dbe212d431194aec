//! One attempt: ask for what is missing, and take what comes.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use tokio::time::{Duration, Instant};
use url::Url;

use super::Mover;
use super::answer::{Asked, Reading, Representation, read};
use super::check;
use super::coding::{self, Coding};
use super::content::Content;
use super::digest::promised;
use super::state::TAIL;
use super::tries::{Setback, Tries};
use crate::model::{Error, Event, Kind, Request};
use crate::net::{Opened, Permit, header_map};
use crate::pipeline::naming::{HEAD, sniff};

/// How often it is told how far a transfer is.
const TELL_EVERY: Duration = Duration::from_millis(200);

impl Mover {
    /// Asks once for what is missing and adds it to the content.
    pub(super) async fn attempt(
        &self,
        id: u64,
        request: &Request,
        url: &Url,
        content: &mut Content,
        tries: &mut Tries,
        permit: Option<Permit>,
    ) -> Result<(), Setback> {
        let _permit = match permit {
            Some(permit) => permit,
            None => self.permit(url).await?,
        };
        let start = resume_point(content);
        let tail = if start > 0 {
            content.tail(start).await?
        } else {
            Vec::new()
        };
        let bound = if url.origin() == request.url.origin() {
            header_map(&request.headers)?
        } else {
            HeaderMap::new()
        };
        let free = headers(content, start, tries.without_if_range)?;
        let opened = self
            .unless_ending(self.client.open(url, &bound, &free))
            .await??;
        let reply = opened.response.headers();
        let etag = reply.get(header::ETAG).and_then(|etag| etag.to_str().ok());
        let path = opened.redirected.then(|| opened.url.path());
        if let Some(error) = check::before_body(&request.expect, path, etag) {
            return Err(Setback::Over(error));
        }
        let asked = Asked {
            start,
            known: &content.representation,
        };
        match read(opened.response.status(), reply, asked) {
            Reading::Refused {
                error,
                passes: true,
            } => Err(Setback::Again(error)),
            Reading::Refused { error, .. } if worked_before(&error, content) => {
                Err(Setback::Expired(error))
            }
            Reading::Refused { error, .. } => Err(Setback::Over(error)),
            Reading::Restart(why) => Err(Setback::Restart(Error::new(Kind::Changed, why))),
            Reading::Whole(here) => {
                let ranges = reply
                    .get(header::ACCEPT_RANGES)
                    .is_some_and(|units| units == "bytes");
                let same = content.representation.may_be_unknown_to(&here);
                if start > 0 && same && ranges && !tries.without_if_range {
                    // It seems that nothing changed, and yet it sends everything. Ask without If-Range.
                    tries.without_if_range = true;
                    return Err(Setback::More);
                }
                self.take_whole(id, request, opened, content, tries).await
            }
            Reading::Rest { end, total } => {
                content.representation.total = total;
                content.representation.open_end &= total.is_none();
                self.began(id, content, tries).await?;
                self.take_rest(id, opened, content, (start, end), tail)
                    .await
            }
        }
    }

    /// Takes a body that is all of it. What was there before goes only once the first bytes are what was wanted.
    async fn take_whole(
        &self,
        id: u64,
        request: &Request,
        mut opened: Opened,
        content: &mut Content,
        tries: &mut Tries,
    ) -> Result<(), Setback> {
        let total = opened.response.content_length();
        let mut early: Vec<Bytes> = Vec::new();
        let mut come = 0;
        while come < HEAD {
            let Some(piece) = self.piece(&mut opened).await? else {
                break;
            };
            come += piece.len();
            early.push(piece);
        }
        let head = early.concat();
        let reply = opened.response.headers();
        let text = |name| {
            reply
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
                .map(str::to_owned)
        };
        let content_type = text(header::CONTENT_TYPE);
        let mut representation = Representation::of(reply);
        representation.total = total;
        representation.packed = coding::is_packed([&request.url, &opened.url], reply);
        let (seen, len) = match Coding::of(&representation)? {
            None => (sniff(&head[..head.len().min(HEAD)]), total),
            Some(coding) => (sniff(&coding.head(&head)?), None),
        };
        if let Some(error) = check::first_look(&request.expect, &seen, content_type.as_deref(), len)
        {
            // Nothing at all is a server's hiccup more often than an answer.
            return Err(if come == 0 {
                Setback::Again(Error {
                    kind: Kind::Network,
                    ..error
                })
            } else {
                Setback::Over(error)
            });
        }
        content.restart().await?;
        content.representation = representation;
        content.content_type = content_type;
        content.disposition = reply
            .get(header::CONTENT_DISPOSITION)
            .map(|value| value.as_bytes().to_vec());
        content.promised = promised(reply, false);
        content.reserve().await?;
        self.began(id, content, tries).await?;
        let mut told = Instant::now();
        for piece in early {
            self.add(id, content, piece, &mut told).await?;
        }
        while let Some(piece) = self.piece(&mut opened).await? {
            self.add(id, content, piece, &mut told).await?;
        }
        match total {
            Some(total) if content.len() != total => {
                Err(Setback::Again(short(content.len(), total)))
            }
            Some(_) => Ok(()),
            // Without a promised length, the end of the body is the end.
            None => {
                content.representation.total = Some(content.len());
                Ok(())
            }
        }
    }

    /// Takes a range, of which the first bytes must be those that are there.
    async fn take_rest(
        &self,
        id: u64,
        mut opened: Opened,
        content: &mut Content,
        (start, end): (u64, u64),
        tail: Vec<u8>,
    ) -> Result<(), Setback> {
        let mut known: &[u8] = &tail;
        let mut at = start;
        let mut told = Instant::now();
        while at < end {
            let Some(mut piece) = self.piece(&mut opened).await? else {
                break;
            };
            piece.truncate((end - at).try_into().unwrap_or(usize::MAX));
            at += piece.len() as u64;
            let same = piece.split_to(piece.len().min(known.len()));
            if same != known[..same.len()] {
                return Err(Setback::Restart(Error::new(
                    Kind::Changed,
                    "the bytes on the server are others now",
                )));
            }
            known = &known[same.len()..];
            if !piece.is_empty() {
                self.add(id, content, piece, &mut told).await?;
            }
        }
        if at < end {
            return Err(Setback::Again(short(at, end)));
        }
        match content.representation.total {
            Some(total) if content.len() < total => Err(Setback::More),
            Some(_) => Ok(()),
            None => {
                content.representation.total = Some(content.len());
                Ok(())
            }
        }
    }

    async fn piece(&self, opened: &mut Opened) -> Result<Option<Bytes>, Setback> {
        Ok(self.unless_ending(self.client.chunk(opened)).await??)
    }

    async fn add(
        &self,
        id: u64,
        content: &mut Content,
        piece: Bytes,
        told: &mut Instant,
    ) -> Result<(), Setback> {
        if let Some(rate) = self.client.rate() {
            self.unless_ending(rate.take(piece.len() as u64)).await?;
        }
        content.push(piece).await?;
        if told.elapsed() >= TELL_EVERY {
            *told = Instant::now();
            self.tell(Event::Moved {
                id,
                bytes: content.len(),
            })
            .await?;
        }
        Ok(())
    }

    async fn began(&self, id: u64, content: &Content, tries: &mut Tries) -> Result<(), Setback> {
        if !std::mem::replace(&mut tries.began, true) {
            let total = content.representation.total;
            self.tell(Event::Began {
                id,
                total,
                have: content.len(),
            })
            .await?;
        }
        Ok(())
    }
}

/// From where to ask: a little before the end of what is there, so that bytes can be compared. The less the server tells
/// to go by, the more.
fn resume_point(content: &Content) -> u64 {
    if content.representation.no_ranges {
        return 0;
    }
    let len = content.len();
    let part = if content.representation.if_range().is_some() {
        4
    } else {
        2
    };
    len - (len / part).min(TAIL)
}

fn headers(content: &Content, start: u64, without_if_range: bool) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    if start > 0 {
        headers.insert(header::RANGE, value(&format!("bytes={start}-"))?);
        if let Some(validator) = content
            .representation
            .if_range()
            .filter(|_| !without_if_range)
        {
            headers.insert(header::IF_RANGE, value(validator)?);
        }
    }
    Ok(headers)
}

fn value(text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text)
        .map_err(|error| Error::new(Kind::Network, "cannot ask for the rest").because(error))
}

/// Whether a refusal can mean that the address has run out: it gave bytes before.
fn worked_before(error: &Error, content: &Content) -> bool {
    content.len() > 0 && matches!(error.kind, Kind::Login | Kind::Blocked | Kind::Missing)
}

fn short(len: u64, total: u64) -> Error {
    Error::new(
        Kind::Network,
        format!("the server stopped after {len} of {total} bytes"),
    )
}
