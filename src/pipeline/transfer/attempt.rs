//! One attempt: requests the missing bytes and reads the response.

use std::sync::OnceLock;

use http::{HeaderMap, StatusCode, header};
use tokio::time::Instant;
use url::Url;

use super::Mover;
use super::check;
use super::content::Content;
use super::crew::JOINT;
use super::growth::Growth;
use super::read_body::PendingBody;
use super::request_headers::{bound_headers, range_headers};
use super::response_head::{RangeRequest, Representation, ResponseKind, SHORTER, interpret};
use super::retry::RetryState;
use super::setback::{Setback, restart_because};
use super::state::TAIL;
use super::unchanged::{condition_header, is_unchanged};
use crate::model::{Document, Error, Kind, Request};
use crate::net::{self, Constraints, NamedBy, Opened, Permit, Pin, Refusal};
use crate::pipeline::archive::Version;
use crate::pipeline::documents::{ReceivedDocument, is_refusal};

/// What an attempt requests, and from where.
pub(super) struct RequestTarget<'a> {
    /// The item's id, for events.
    pub(super) id: u64,
    /// The item's name in the listing.
    pub(super) name: Option<&'a str>,
    /// The item's request.
    pub(super) request: &'a Request,
    /// The URL of that request, or one of its mirrors.
    pub(super) url: &'a Url,
    /// Who named that URL.
    pub(super) named_by: NamedBy,
    /// The version that was saved before, to detect whether it has changed.
    pub(super) known: Option<&'a Version>,
    /// Why the item cannot be named, if it turns out to be a file.
    pub(super) unnamed: Option<&'a Error>,
    /// The address of the host to stay with, once one is pinned.
    pub(super) pin: &'a OnceLock<Pin>,
}

impl RequestTarget<'_> {
    /// How to reach the URL.
    pub(super) fn constraints(&self) -> Constraints<'_> {
        Constraints {
            named_by: self.named_by,
            pin: self.pin.get(),
            gate: None,
        }
    }
}

impl Mover {
    /// Makes one attempt at the missing bytes and adds what arrives to the content.
    pub(super) async fn attempt(
        &self,
        target: &RequestTarget<'_>,
        content: &mut Content,
        retry: &mut RetryState,
        permit: Option<Permit>,
    ) -> Result<(), Setback> {
        let mut permit = match permit {
            Some(permit) => permit,
            None => self.permit(target.url).await?,
        };
        // While this one waited, others may have found out that the host means it.
        if let Some(error) = retry.forbidden_as.take()
            && self.quirks.forbidden.is_meant(target.url)
        {
            return Err(Setback::GiveUp(error));
        }
        retry.status = None;
        retry.is_text_instead = false;
        let done = match content.is_in_parts() && !retry.from_start {
            // Boxed because it is rare and large: otherwise every transfer would reserve space for it.
            true => Box::pin(self.fill(target, content, retry)).await,
            false => self.request(target, content, retry, &mut permit).await,
        };
        if !matches!(done, Err(Setback::Incomplete)) {
            retry.broke_off();
        }
        retry.refusal = match &done {
            Ok(()) | Err(Setback::Incomplete | Setback::Unchanged) => {
                if retry.refused_at().is_some() {
                    permit.recovered();
                }
                permit.succeeded();
                None
            }
            Err(Setback::Retry(error)) => self.report_failure(permit, retry, error),
            Err(_) => None,
        };
        done
    }

    /// Reports a failed request to the host's pace controller, unless the failure says nothing about the pace.
    pub(super) fn report_failure(
        &self,
        permit: Permit,
        retry: &RetryState,
        error: &Error,
    ) -> Option<Refusal> {
        let has_retry_after = retry.retry_after(error).is_some();
        if !has_retry_after && !retry.may_be_rate_limit() {
            return None;
        }
        if has_retry_after {
            // Only this file reports a wait that is too long; no other file should wait for it.
            let longest = self.client.settings().longest_wait;
            return Some(permit.refused(error.retry_after.filter(|wait| *wait <= longest)));
        }
        let is_busy = retry.status.is_some_and(net::is_busy) || retry.may_be_crowd();
        if error.retry_after.is_some() || is_busy {
            return Some(permit.refused_again(retry.refused_at(), retry.patience()));
        }
        // Any other status is a failure of this one file.
        retry
            .status
            .is_none_or(|status| status.is_success())
            .then(|| permit.broke_again(retry.refused_at()))
    }

    /// Downloads the missing ranges of a file that has gaps.
    async fn fill(
        &self,
        target: &RequestTarget<'_>,
        content: &mut Content,
        retry: &mut RetryState,
    ) -> Result<(), Setback> {
        let total = content.representation.total;
        self.reserve_space(content, total, retry).await?;
        self.began(target.id, content, retry).await?;
        let most = self.max_connections();
        let most = if retry.single_connection { 1 } else { most };
        let growth = (Growth::new(most, Instant::now(), content.len()), 0);
        self.crew(target, content, None, growth, retry).await
    }

    /// Sends a request and reads the response.
    async fn request(
        &self,
        target: &RequestTarget<'_>,
        content: &mut Content,
        retry: &mut RetryState,
        permit: &mut Permit,
    ) -> Result<(), Setback> {
        let start = resume_point(content, retry);
        let mut tail = Vec::new();
        if start > 0 {
            retry.without_if_range |= self.quirks.is_without_if_range(target.url);
            tail = content.tail(start).await?;
        }
        // Once part of a new version is on disk, it is resumed unconditionally.
        let saved = target
            .known
            .filter(|_| content.len() == 0 && *target.url == target.request.url);
        let requested = RangeRequest {
            start,
            known: &content.representation,
        };
        let opened = self.send(target, requested, saved, retry).await?;
        let (status, reply) = (opened.response.status(), opened.response.headers());
        if saved.is_some_and(|saved| is_unchanged(saved, status, reply)) {
            return Err(Setback::Unchanged);
        }
        if status.is_success() {
            self.note_success(target, &opened, retry, permit);
        }
        check_head(target, &opened, start)?;
        match interpret(status, reply, requested) {
            ResponseKind::Refused {
                error,
                is_temporary: true,
            } => Err(Setback::Retry(error)),
            ResponseKind::Refused { error, .. } if worked_before(&error, content) => {
                Err(Setback::Expired(error))
            }
            ResponseKind::Refused { error, .. } => {
                Err(self.setback_of_refusal(target, &opened, error, retry, permit))
            }
            ResponseKind::End { is_explicit }
                if start == content.len() && (is_explicit || retry.to_end) =>
            {
                content.representation.total = Some(start);
                content.representation.open_end = false;
                Ok(())
            }
            ResponseKind::End { .. } => Err(restart_because(SHORTER)),
            ResponseKind::Restart(why) => Err(restart_because(why)),
            ResponseKind::Whole(here) => {
                let splits = check_whole(&here, requested, reply, retry)?;
                let pending = PendingBody::new(target, opened, splits);
                self.read_whole(pending, content, retry, permit).await
            }
            ResponseKind::Rest { end, total } => {
                retry.has_ranges = true;
                self.note_let_in(target.url, retry);
                content.representation.total = total;
                content.representation.open_end &= total.is_none();
                let splits =
                    content.representation.if_range().is_some() && !retry.is_single_connection();
                let pending = PendingBody::new(target, opened, splits);
                self.resume(pending, content, retry, (start, end), tail)
                    .await
            }
        }
    }

    /// Sends the request and waits for the head of the response.
    async fn send(
        &self,
        target: &RequestTarget<'_>,
        requested: RangeRequest<'_>,
        saved: Option<&Version>,
        retry: &mut RetryState,
    ) -> Result<Opened, Setback> {
        let RangeRequest { start, known } = requested;
        let bound = bound_headers(target)?;
        let mut free = range_headers(known, start, None, retry.without_if_range)?;
        free.extend(saved.and_then(|saved| condition_header(saved.validator.as_ref()?)));
        let began = Instant::now();
        let opened = self
            .client
            .open_with(target.constraints(), target.url, &bound, &free);
        let opened = self.await_head(opened).await?;
        retry.waited_for(began.elapsed());
        let silence = self.client.settings().stall_timeout;
        let is_silent = !silence.is_zero() && began.elapsed() >= silence;
        if start > 0 && opened.is_err() && is_silent {
            retry.note_no_response();
        }
        let opened = opened?;
        retry.status = Some(opened.response.status());
        Ok(opened)
    }

    /// Notes that the host accepted the request, and stays with its address if that is wanted.
    fn note_success(
        &self,
        target: &RequestTarget<'_>,
        opened: &Opened,
        retry: &RetryState,
        permit: &mut Permit,
    ) {
        // A text may say that the host is too busy, so its first bytes decide; a range is one of the file.
        let is_range = opened.response.status() == StatusCode::PARTIAL_CONTENT;
        if is_range || !is_text(opened.response.headers()) {
            permit.accepted(opened.response.content_length());
        }
        if retry.pins_address
            && target.pin.get().is_none()
            && let Some(pin) = self.client.pin(opened)
        {
            // Cannot fail: the cell was empty, and nothing else sets it.
            let _ = target.pin.set(pin);
        }
    }

    /// What follows a refusal that seems to be permanent: it may yet pass, or somebody may know how to request it.
    fn setback_of_refusal(
        &self,
        target: &RequestTarget<'_>,
        opened: &Opened,
        error: Error,
        retry: &mut RetryState,
        permit: &mut Permit,
    ) -> Setback {
        let for_walk = || {
            Setback::Document(Box::new(ReceivedDocument::refusal(
                target.url.clone(),
                opened,
            )))
        };
        // No site's source knows the link itself.
        let may_help = target.request.expect.document && is_refusal(opened.response.status());
        if may_help && self.registry.leads_to_site(target.url, &opened.url) {
            return for_walk();
        }
        if self.may_retry_forbidden(target.url, permit, retry) {
            retry.forbidden_as = Some(error.duplicate());
            return Setback::Retry(error);
        }
        match may_help && self.registry.reader(Document::Refusal).is_some() {
            true => for_walk(),
            false => Setback::GiveUp(error),
        }
    }

    /// Reads a range that continues what is already downloaded.
    async fn resume(
        &self,
        pending: PendingBody<'_>,
        content: &mut Content,
        retry: &mut RetryState,
        range: (u64, u64),
        tail: Vec<u8>,
    ) -> Result<(), Setback> {
        let target = pending.target;
        self.reserve_space(content, content.representation.total, retry)
            .await?;
        self.began(target.id, content, retry).await?;
        let rest = self.read_rest(pending, content, retry, range, tail);
        let done = Box::pin(rest).await;
        if retry.without_if_range && matches!(done, Ok(()) | Err(Setback::Incomplete)) {
            self.quirks.note_without_if_range(target.url);
        }
        done
    }
}

/// Checks what the head of a response says on its own, before its body is read.
fn check_head(target: &RequestTarget<'_>, opened: &Opened, start: u64) -> Result<(), Setback> {
    let reply = opened.response.headers();
    let etag = reply.get(header::ETAG).and_then(|etag| etag.to_str().ok());
    let path = opened.redirected.then(|| opened.url.path());
    if let Some(error) = check::before_body(&target.request.expect, path, etag) {
        return Err(Setback::GiveUp(error));
    }
    if start > 0 && opened.response.status() == StatusCode::NOT_MODIFIED {
        // The server treats If-Range like If-None-Match.
        let message = "the server answered a range with 304 Not Modified";
        return Err(Setback::RequestWhole(Error::new(Kind::Changed, message)));
    }
    Ok(())
}

/// Checks whether the whole file is to be read although the rest was requested, and returns whether the server has
/// shown that it can be split over more connections.
fn check_whole(
    here: &Representation,
    requested: RangeRequest<'_>,
    reply: &HeaderMap,
    retry: &mut RetryState,
) -> Result<bool, Setback> {
    let RangeRequest { start, known } = requested;
    if known.is_contradicted_by(here, start) {
        let message = "the server sent another length for a file it says is unchanged";
        return Err(Setback::RequestWhole(Error::new(Kind::Changed, message)));
    }
    let ranges = has_ranges(reply);
    let same = known.may_match_despite_if_range(here);
    if start > 0 && same && ranges && !retry.without_if_range {
        // Nothing seems to have changed, yet the server sends the whole file: ask again without If-Range.
        retry.without_if_range = true;
        return Err(Setback::Incomplete);
    }
    // A body in a content coding is rarely large, and never on purpose.
    Ok(ranges
        && here.if_range().is_some()
        && here.coding.is_none()
        && !retry.is_single_connection())
}

/// Whether a response says that it is a text or a web page.
fn is_text(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/"))
}

/// Where to resume: a little before the end of the downloaded bytes, so that the overlap can be compared. The overlap
/// is larger where the server sends no validator, and while all goes well no larger than where segments of a file meet.
fn resume_point(content: &Content, retry: &RetryState) -> u64 {
    if content.representation.no_ranges || retry.from_start {
        return 0;
    }
    let len = content.len();
    if retry.from_end {
        return len;
    }
    let part = if content.representation.if_range().is_some() {
        4
    } else {
        2
    };
    len - (len / part).min(if retry.agreed { JOINT } else { TAIL })
}

/// Whether a response says that byte ranges can be requested (RFC 9110 §14.3).
pub(super) fn has_ranges(headers: &HeaderMap) -> bool {
    let units = headers.get(header::ACCEPT_RANGES);
    units.is_some_and(|units| units.as_bytes().eq_ignore_ascii_case(b"bytes"))
}

/// Whether a refusal can mean that the address has expired: it has sent bytes before.
fn worked_before(error: &Error, content: &Content) -> bool {
    content.len() > 0 && may_have_expired(error)
}

/// Whether a refusal by an address that has sent bytes can mean that it has expired.
pub(super) fn may_have_expired(error: &Error) -> bool {
    matches!(error.kind, Kind::Login | Kind::Blocked | Kind::Missing)
}
