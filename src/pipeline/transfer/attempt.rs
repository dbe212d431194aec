//! One attempt: requests the missing bytes and reads the response.

use std::sync::OnceLock;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::time::Instant;
use url::Url;

use super::Mover;
use super::answer::{Asked, Reading, Representation, SHORTER, read};
use super::check;
use super::content::Content;
use super::crew::{JOINT, restart};
use super::forbidden::may_be_crowd;
use super::growth::Growth;
use super::setback::Setback;
use super::state::TAIL;
use super::take::Taking;
use super::tries::Tries;
use super::unchanged::{is_it, unless_it_is};
use crate::model::{Document, Error, Kind, Request};
use crate::net::{self, Led, Opened, Permit, Pin, Refusal, Way, header_map};
use crate::pipeline::archive::Version;
use crate::pipeline::documents::{Came, is_refusal};

/// What an attempt requests, and from where.
pub(super) struct Course<'a> {
    /// The item's id, for events.
    pub(super) id: u64,
    /// The item's name in the listing.
    pub(super) name: Option<&'a str>,
    /// The item's request.
    pub(super) request: &'a Request,
    /// The URL of that request, or one of its mirrors.
    pub(super) url: &'a Url,
    /// Who named that URL.
    pub(super) led: Led,
    /// The version that was saved before, to detect whether it has changed.
    pub(super) known: Option<&'a Version>,
    /// Why the item cannot be named, if it turns out to be a file.
    pub(super) unnamed: Option<&'a Error>,
    /// The address of the host to stay with, once one is pinned.
    pub(super) pin: &'a OnceLock<Pin>,
}

impl Course<'_> {
    /// How to reach the URL.
    pub(super) fn way(&self) -> Way<'_> {
        Way {
            led: self.led,
            pin: self.pin.get(),
            gate: None,
        }
    }
}

impl Mover {
    /// Makes one attempt at the missing bytes and adds what arrives to the content.
    pub(super) async fn attempt(
        &self,
        course: &Course<'_>,
        content: &mut Content,
        tries: &mut Tries,
        permit: Option<Permit>,
    ) -> Result<(), Setback> {
        let mut permit = match permit {
            Some(permit) => permit,
            None => self.permit(course.url).await?,
        };
        tries.status = None;
        let done = match content.is_in_parts() && !tries.from_start {
            // Boxed because it is rare and large: otherwise every transfer would reserve space for it.
            true => Box::pin(self.fill(course, content, tries)).await,
            false => self.ask(course, content, tries, &mut permit).await,
        };
        if !matches!(done, Err(Setback::More)) {
            tries.broke_off();
        }
        tries.refusal = match &done {
            Ok(()) | Err(Setback::More | Setback::Unchanged) => {
                if tries.refused_at().is_some() {
                    permit.recovered();
                }
                permit.succeeded();
                None
            }
            Err(Setback::Again(error)) => self.learn(permit, tries, error),
            Err(_) => None,
        };
        done
    }

    /// Reports a failed request to the host's pace controller, unless the failure says nothing about the pace.
    pub(super) fn learn(&self, permit: Permit, tries: &Tries, error: &Error) -> Option<Refusal> {
        let is_told = tries.told(error).is_some();
        if !is_told && !tries.may_be_haste() {
            return None;
        }
        if is_told {
            // Only this file reports a wait that is too long; no other file should wait for it.
            let longest = self.client.settings().longest_wait;
            return Some(permit.refused(error.retry_after.filter(|told| *told <= longest)));
        }
        let is_busy = |status| net::is_busy(status) || may_be_crowd(status);
        if error.retry_after.is_some() || tries.status.is_some_and(is_busy) {
            return Some(permit.refused_again(tries.refused_at()));
        }
        // Any other status is a failure of this one file.
        tries
            .status
            .is_none_or(|status| status.is_success())
            .then(|| permit.broke_again(tries.refused_at()))
    }

    /// Downloads the missing ranges of a file that has gaps.
    async fn fill(
        &self,
        course: &Course<'_>,
        content: &mut Content,
        tries: &mut Tries,
    ) -> Result<(), Setback> {
        let total = content.representation.total;
        self.make_room(content, total, tries).await?;
        self.began(course.id, content, tries).await?;
        let most = self.most_for_one();
        let most = if tries.alone { 1 } else { most };
        let growth = (Growth::new(most, Instant::now(), content.len()), 0);
        self.crew(course, content, None, growth, tries).await
    }

    /// Sends a request and reads the response.
    async fn ask(
        &self,
        course: &Course<'_>,
        content: &mut Content,
        tries: &mut Tries,
        permit: &mut Permit,
    ) -> Result<(), Setback> {
        let Course {
            id, request, url, ..
        } = *course;
        let start = resume_point(content, tries);
        if start > 0 {
            tries.without_if_range |= self.habits.is_without_if_range(url);
        }
        let tail = if start > 0 {
            content.tail(start).await?
        } else {
            Vec::new()
        };
        let bound = bound_headers(course)?;
        let mut free = range_headers(&content.representation, start, None, tries.without_if_range)?;
        // Once part of a new version is on disk, it is resumed unconditionally.
        let known = course
            .known
            .filter(|_| content.len() == 0 && *url == request.url);
        free.extend(known.and_then(|known| unless_it_is(known.validator.as_ref()?)));
        let began = Instant::now();
        let opened = self
            .head(self.client.open_by(course.way(), url, &bound, &free))
            .await?;
        tries.waited_for(began.elapsed());
        let silence = self.client.settings().stall_timeout;
        let is_silent = !silence.is_zero() && began.elapsed() >= silence;
        if start > 0 && opened.is_err() && is_silent {
            tries.was_mute();
        }
        let opened = opened?;
        tries.status = Some(opened.response.status());
        let (status, reply) = (opened.response.status(), opened.response.headers());
        if known.is_some_and(|known| is_it(known, status, reply)) {
            return Err(Setback::Unchanged);
        }
        if opened.response.status().is_success() {
            permit.accepted(opened.response.content_length());
            if tries.forbidden > 0 {
                self.habits.forbidden.passed(url);
            }
            if tries.stays
                && course.pin.get().is_none()
                && let Some(pin) = self.client.pin(&opened)
            {
                // Cannot fail: the cell was empty, and nothing else sets it.
                let _ = course.pin.set(pin);
            }
        }
        let reply = opened.response.headers();
        let etag = reply.get(header::ETAG).and_then(|etag| etag.to_str().ok());
        let path = opened.redirected.then(|| opened.url.path());
        if let Some(error) = check::before_body(&request.expect, path, etag) {
            return Err(Setback::GiveUp(error));
        }
        if start > 0 && status == StatusCode::NOT_MODIFIED {
            // The server treats If-Range like If-None-Match.
            let message = "the server answered a range with 304 Not Modified";
            return Err(Setback::Whole(Error::new(Kind::Changed, message)));
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
            Reading::Refused { error, .. } if self.may_let_in(url, permit, tries) => {
                Err(Setback::Again(error))
            }
            Reading::Refused { error, .. } => match self.refusal(course, &opened) {
                Some(came) => Err(Setback::Document(Box::new(came))),
                None => Err(Setback::GiveUp(error)),
            },
            Reading::End { told } if start == content.len() && (told || tries.to_end) => {
                content.representation.total = Some(start);
                content.representation.open_end = false;
                Ok(())
            }
            Reading::End { .. } => Err(restart(SHORTER)),
            Reading::Restart(why) => Err(restart(why)),
            Reading::Whole(here) if content.representation.is_contradicted_by(&here, start) => {
                let message = "the server sent another length for a file it says is unchanged";
                Err(Setback::Whole(Error::new(Kind::Changed, message)))
            }
            Reading::Whole(here) => {
                let ranges = has_ranges(reply);
                let same = content.representation.may_be_unknown_to(&here);
                if start > 0 && same && ranges && !tries.without_if_range {
                    // Nothing seems to have changed, yet the server sends the whole file: ask again without If-Range.
                    tries.without_if_range = true;
                    return Err(Setback::More);
                }
                // A body in a content coding is rarely large, and never on purpose.
                let splits = ranges
                    && here.if_range().is_some()
                    && here.coding.is_none()
                    && !tries.is_alone();
                let taking = Taking::new(course, opened, splits);
                self.take_whole(taking, content, tries).await
            }
            Reading::Rest { end, total } => {
                tries.has_ranges = true;
                content.representation.total = total;
                content.representation.open_end &= total.is_none();
                self.make_room(content, total, tries).await?;
                self.began(id, content, tries).await?;
                let splits = content.representation.if_range().is_some() && !tries.is_alone();
                let taking = Taking::new(course, opened, splits);
                let rest = self.take_rest(taking, content, tries, (start, end), tail);
                let done = Box::pin(rest).await;
                if tries.without_if_range && matches!(done, Ok(()) | Err(Setback::More)) {
                    self.habits.note_without_if_range(url);
                }
                done
            }
        }
    }
}

impl Mover {
    /// Returns a refusal for the walk to handle, if no site's source knows the link and somebody may know how to
    /// request it.
    fn refusal(&self, course: &Course<'_>, opened: &Opened) -> Option<Came> {
        let may_help = course.request.expect.document
            && is_refusal(opened.response.status())
            && self.registry.reader(Document::Refusal).is_some();
        may_help.then(|| Came::refusal(course.url.clone(), opened))
    }
}

/// Where to resume: a little before the end of the downloaded bytes, so that the overlap can be compared. The overlap
/// is larger where the server sends no validator, and while all goes well no larger than where segments of a file meet.
fn resume_point(content: &Content, tries: &Tries) -> u64 {
    if content.representation.no_ranges || tries.from_start {
        return 0;
    }
    let len = content.len();
    if tries.from_end {
        return len;
    }
    let part = if content.representation.if_range().is_some() {
        4
    } else {
        2
    };
    len - (len / part).min(if tries.agreed { JOINT } else { TAIL })
}

/// The headers that request unencoded bytes from `start` on, up to `end` if given, provided the file is unchanged.
pub(super) fn range_headers(
    known: &Representation,
    start: u64,
    end: Option<u64>,
    without_if_range: bool,
) -> Result<HeaderMap, Error> {
    let value = |text: &str| {
        HeaderValue::from_str(text)
            .map_err(|error| Error::new(Kind::Network, "cannot request the rest").because(error))
    };
    let mut headers = HeaderMap::new();
    headers.insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    if start > 0 {
        let last = end.map(|end| (end - 1).to_string()).unwrap_or_default();
        headers.insert(header::RANGE, value(&format!("bytes={start}-{last}"))?);
        if let Some(validator) = known.if_range().filter(|_| !without_if_range) {
            headers.insert(header::IF_RANGE, value(validator)?);
        }
    }
    Ok(headers)
}

/// Whether a response says that byte ranges can be requested (RFC 9110 §14.3).
pub(super) fn has_ranges(headers: &HeaderMap) -> bool {
    let units = headers.get(header::ACCEPT_RANGES);
    units.is_some_and(|units| units.as_bytes().eq_ignore_ascii_case(b"bytes"))
}

/// The headers set by the source, unless they were set for another origin.
pub(super) fn bound_headers(course: &Course<'_>) -> Result<HeaderMap, Error> {
    match course.url.origin() == course.request.url.origin() {
        true => header_map(&course.request.headers),
        false => Ok(HeaderMap::new()),
    }
}

/// Whether a refusal can mean that the address has expired: it has sent bytes before.
fn worked_before(error: &Error, content: &Content) -> bool {
    content.len() > 0 && may_have_run_out(error)
}

/// Whether a refusal by an address that has sent bytes can mean that it has expired.
pub(super) fn may_have_run_out(error: &Error) -> bool {
    matches!(error.kind, Kind::Login | Kind::Blocked | Kind::Missing)
}
