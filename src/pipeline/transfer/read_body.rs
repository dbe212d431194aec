//! Reads the body of a response.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use tokio::time::{Duration, Instant, timeout_at};

use super::Mover;
use super::attempt::RequestTarget;
use super::beginning::Beginning;
use super::content::Content;
use super::growth::{self, Advice, Growth, TICK};
use super::mismatch::{in_place_of_the_rest, mismatch};
use super::response_head::{Representation, SHORTER};
use super::retry::RetryState;
use super::setback::{Setback, restart_because};
use crate::model::{Error, Event, Kind};
use crate::net::{Opened, Permit, Response, full_range_length};
use crate::pipeline::naming::{HEAD, server_file_name};

/// How often progress is reported.
pub(super) const REPORT_EVERY: Duration = Duration::from_millis(200);

/// A response whose body is to be read.
pub(super) struct PendingBody<'a> {
    pub(super) target: &'a RequestTarget<'a>,
    pub(super) opened: Opened,
    /// Whether the server has shown that the download can be split over more connections.
    splits: bool,
}

impl<'a> PendingBody<'a> {
    pub(super) fn new(
        target: &'a RequestTarget<'a>,
        opened: Opened,
        splits: bool,
    ) -> PendingBody<'a> {
        PendingBody {
            target,
            opened,
            splits,
        }
    }

    /// The file name that the server gives.
    fn server_name(&self) -> Option<String> {
        let disposition = self.opened.response.headers();
        let disposition = disposition.get(header::CONTENT_DISPOSITION);
        let disposition = disposition.map(HeaderValue::as_bytes);
        server_file_name(disposition, &self.target.request.url, &self.opened.url)
    }
}

impl Mover {
    /// Reads a body that is the whole file, from its first byte. What an earlier attempt left is discarded only once
    /// the first bytes of this body have passed the checks.
    pub(super) async fn read_whole(
        &self,
        mut pending: PendingBody<'_>,
        content: &mut Content,
        retry: &mut RetryState,
        permit: &mut Permit,
    ) -> Result<(), Setback> {
        let response = &pending.opened.response;
        let mut representation = Representation::of(response.headers());
        let total = length_of_whole(response, &representation, &content.representation);
        representation.total = total;
        let last = end_by_range(response, total);
        let early = self.first_pieces(&mut pending.opened, last).await?;
        let beginning = Beginning::of(&pending, representation, &early)?;
        let server_name = pending.server_name();
        let name = server_name.as_deref().or(pending.target.name);
        retry.is_text_instead = content.len() == 0 && beginning.is_text_instead_of(&pending, name);
        if let Some(document) = beginning.document(pending.target.request) {
            if content.len() > 0 {
                // Part of a file is already on disk, so the item is no document. This may be a login page, which will
                // pass.
                let came = format!("a {document}");
                return Err(Setback::GiveUp(in_place_of_the_rest(came)));
            }
            if self.may_retry_forbidden(pending.target.url, permit, retry) {
                let message = format!("a {document} came in place of the file");
                return Err(Setback::Retry(Error::new(Kind::Corrupt, message)));
            }
            let read = self.read_document(pending, early, beginning.coding, document);
            return Err(read.await?);
        }
        if let Some(unnamed) = pending.target.unnamed {
            return Err(Setback::GiveUp(unnamed.duplicate()));
        }
        if let Err(setback) = beginning.check(&pending, name) {
            return Err(match setback {
                Setback::GiveUp(error)
                    if self.may_retry_forbidden(pending.target.url, permit, retry) =>
                {
                    retry.forbidden_as = Some(error.duplicate());
                    Setback::Retry(error)
                }
                setback => setback,
            });
        }
        permit.accepted(pending.opened.response.content_length());
        self.note_let_in(pending.target.url, retry);
        if let Some(setback) = mismatch(content, &beginning.representation, &beginning.seen) {
            return Err(setback);
        }
        self.reserve_space(content, total, retry).await?;
        if beginning.is_new_version_of(content) {
            retry.note_new_version();
        }
        content.clear().await?;
        beginning.describe(content, &pending, server_name);
        content.reserve().await?;
        self.began(pending.target.id, content, retry).await?;
        for piece in early {
            self.add(content, piece).await?;
        }
        self.read_body(pending, content, retry, total).await?;
        match total {
            Some(total) if content.len() != total => {
                Err(Setback::Retry(stopped_early(content.len(), total)))
            }
            Some(_) => Ok(()),
            // Without a promised length, the end of the body is the end of the file.
            None => {
                content.representation.total = Some(content.len());
                Ok(())
            }
        }
    }

    /// Reads the first pieces of a body, up to byte `last` if that is given: enough to tell what it is.
    async fn first_pieces(
        &self,
        opened: &mut Opened,
        last: Option<u64>,
    ) -> Result<Vec<Bytes>, Setback> {
        let mut early: Vec<Bytes> = Vec::new();
        let mut come = 0;
        while come < HEAD && last.is_none_or(|last| (come as u64) < last) {
            let Some(mut piece) = self.piece(opened).await? else {
                break;
            };
            if let Some(last) = last {
                piece.truncate((last - come as u64).try_into().unwrap_or(usize::MAX));
            }
            come += piece.len();
            early.push(piece);
        }
        Ok(early)
    }

    /// Reads a range whose first bytes must equal those already downloaded.
    pub(super) async fn read_rest(
        &self,
        mut pending: PendingBody<'_>,
        content: &mut Content,
        retry: &mut RetryState,
        (start, end): (u64, u64),
        tail: Vec<u8>,
    ) -> Result<(), Setback> {
        let before = content.len();
        if content
            .representation
            .total
            .is_some_and(|total| total < before)
        {
            return Err(restart_because(SHORTER));
        }
        let mut known: &[u8] = &tail;
        let mut at = start;
        while !known.is_empty() && at < end {
            let began = Instant::now();
            let piece = self.piece(&mut pending.opened).await?;
            retry.waited_for(began.elapsed());
            let Some(mut piece) = piece else {
                break;
            };
            piece.truncate((end - at).try_into().unwrap_or(usize::MAX));
            at += piece.len() as u64;
            strip_overlap(&mut piece, &mut known)?;
            if !piece.is_empty() {
                self.add(content, piece).await?;
            }
        }
        let is_more = |total: u64| before < total;
        if at == end && end <= before && content.representation.total.is_none_or(is_more) {
            // The server sends little at a time, or no further than the end of one of its own blocks. All of that is
            // already downloaded and agrees. Or, where nobody knows the length, this is the end of the file.
            retry.from_end = true;
            retry.to_end |= end == before;
            return Err(Setback::Incomplete);
        }
        if at < content.len() {
            return Err(Setback::Retry(stopped_early(at, end)));
        }
        // Without a validator, the next response has to overlap and agree again.
        let is_proven = content.representation.if_range().is_some();
        retry.from_end &= is_proven;
        self.read_body(pending, content, retry, Some(end)).await?;
        if content.len() < end {
            return Err(Setback::Retry(stopped_early(content.len(), end)));
        }
        match content.representation.total {
            Some(total) if content.len() >= total => Ok(()),
            // A server may send less than was requested, so where nobody knows the length, this may not be the end.
            _ => {
                retry.to_end = true;
                retry.agreed = is_proven;
                Err(Setback::Incomplete)
            }
        }
    }

    /// Reads the rest of the body, up to byte `end` if that is known. A large file may switch to several connections on
    /// the way.
    async fn read_body(
        &self,
        pending: PendingBody<'_>,
        content: &mut Content,
        retry: &mut RetryState,
        end: Option<u64>,
    ) -> Result<(), Setback> {
        let PendingBody {
            target,
            mut opened,
            splits,
        } = pending;
        let total = content
            .representation
            .total
            .filter(|_| splits && end == content.representation.total);
        let most = self.max_connections();
        let large = total.filter(|total| *total >= growth::MIN_SPLIT_SIZE && most > 1);
        let last = end_by_range(&opened.response, end);
        let mut reported = Instant::now();
        let mut growth = Growth::new(most, reported, content.len());
        let mut tick = reported + TICK;
        loop {
            if last.is_some_and(|last| content.len() >= last) {
                opened.release_guest();
                return Ok(());
            }
            let began = Instant::now();
            let piece = match large {
                None => self.piece(&mut opened).await?,
                // A timeout loses nothing: the next call continues where this one stopped.
                Some(_) => match timeout_at(tick, self.piece(&mut opened)).await {
                    Ok(piece) => piece?,
                    Err(_) => Some(Bytes::new()),
                },
            };
            retry.waited_for(began.elapsed());
            let Some(mut piece) = piece else {
                return Ok(());
            };
            if let Some(end) = end {
                piece.truncate((end - content.len()).try_into().unwrap_or(usize::MAX));
            }
            if !piece.is_empty() {
                self.add(content, piece).await?;
            }
            let now = Instant::now();
            if now - reported >= REPORT_EVERY {
                reported = now;
                let bytes = content.len();
                self.emit(Event::Moved {
                    id: target.id,
                    bytes,
                })
                .await?;
            }
            if let Some(total) = large
                && now >= tick
            {
                tick = now + TICK;
                if let Advice::Add(more) = growth.tick(now, content.len(), total, 1) {
                    let growth = (growth, more);
                    let crew = self.crew(target, content, Some(opened), growth, retry);
                    return Box::pin(crew).await;
                }
            }
        }
    }

    /// How many connections one file may have. Under a rate limit, more than one would gain nothing.
    pub(super) fn max_connections(&self) -> usize {
        match self.client.rate() {
            None => self.client.settings().per_file,
            Some(_) => 1,
        }
    }

    /// Returns the next bytes of a body; `None` at its end.
    pub(super) async fn piece(&self, opened: &mut Opened) -> Result<Option<Bytes>, Setback> {
        Ok(self.unless_ending(opened.chunk()).await??)
    }

    async fn add(&self, content: &mut Content, piece: Bytes) -> Result<(), Setback> {
        if let Some(rate) = self.client.rate() {
            self.unless_ending(rate.take(piece.len() as u64)).await?;
        }
        Ok(content.push(piece).await?)
    }

    /// Reports that the transfer has begun, once.
    pub(super) async fn began(
        &self,
        id: u64,
        content: &Content,
        retry: &mut RetryState,
    ) -> Result<(), Setback> {
        if !std::mem::replace(&mut retry.began, true) {
            let total = content.representation.total;
            self.emit(Event::Began {
                id,
                total,
                have: content.len(),
            })
            .await?;
        }
        Ok(())
    }
}

/// The length of a body that is the whole file: as it says itself, or else as the version of which some is already
/// downloaded has it.
fn length_of_whole(
    response: &Response,
    here: &Representation,
    known: &Representation,
) -> Option<u64> {
    let is_part = response.status() == StatusCode::PARTIAL_CONTENT;
    let all = || full_range_length(response.headers()).filter(|_| is_part);
    let length = response.content_length().or_else(all);
    length.or_else(|| known.length_of(here))
}

/// Where to stop reading a body that has no length of its own: at the end of its range, since the server may send more
/// for ever. A body with a length ends by itself, and its connection can be reused.
fn end_by_range(response: &Response, end: Option<u64>) -> Option<u64> {
    end.filter(|_| response.content_length().is_none())
}

/// Removes from the front of a piece the bytes that are already downloaded, which must be equal.
pub(super) fn strip_overlap(piece: &mut Bytes, known: &mut &[u8]) -> Result<(), Setback> {
    let common = piece.split_to(piece.len().min(known.len()));
    if common != known[..common.len()] {
        let message = "the server sends different bytes now";
        return Err(Setback::Restart(Error::new(Kind::Changed, message)));
    }
    *known = &known[common.len()..];
    Ok(())
}

/// Builds the error for a body that ended too early.
pub(super) fn stopped_early(len: u64, total: u64) -> Error {
    let message = format!("the server stopped after {len} of {total} bytes");
    Error::new(Kind::Network, message)
}
