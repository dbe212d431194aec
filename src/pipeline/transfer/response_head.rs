//! Interprets the head of a response, given what was requested. Pure decisions, tested by a table; nothing is sent
//! here.
//!
//! The rule: a download is resumed only if the response proves to be of the same representation. Servers ignore
//! `If-Range`, and send other ranges than they say, so every 206 is checked, and the last bytes on disk are requested
//! once more and compared.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, StatusCode, header};
use serde::{Deserialize, Serialize};

use crate::model::{Error, Kind};
use crate::net::{
    self, full_range_length, is_partial, parse_content_range, parse_unsatisfied_range,
};

/// What a response says of its representation (RFC 9110 §8).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Representation {
    /// Its length in bytes, if the server told it.
    pub(super) total: Option<u64>,
    /// Its ETag, with quotes and, if weak, the `W/`.
    pub(super) etag: Option<String>,
    /// Its Last-Modified, verbatim.
    pub(super) last_modified: Option<String>,
    /// Whether Last-Modified is strong: at least a minute before the response (RFC 9110 §8.8.2.2), and plausible for a
    /// file.
    pub(super) date_is_strong: bool,
    /// Whether the server said that it has no ranges (RFC 9110 §14.3).
    pub(super) no_ranges: bool,
    /// The content coding of its bytes, in lower case.
    pub(super) coding: Option<String>,
    /// Whether that coding is the file's own, so that it is kept.
    pub(super) packed: bool,
    /// Whether nothing but the end of the connection marked its end (RFC 9112 §6.3).
    pub(super) open_end: bool,
}

/// The start of 1995, since 1970. An older date is ignored: reproducible builds set 1970 or 1980 on every file.
const FIRST_DATE: Duration = Duration::from_secs(788_918_400);

/// The reason to start over if the file is shorter than before.
pub(super) const SHORTER: &str = "the file on the server is now shorter";

/// What was requested: the whole file, or the rest.
#[derive(Clone, Copy, Debug)]
pub(super) struct RangeRequest<'a> {
    /// The first byte requested; 0 means that no range was.
    pub(super) start: u64,
    /// What the response that began the download said.
    pub(super) known: &'a Representation,
}

/// What to do with a response.
#[derive(Debug)]
pub(super) enum ResponseKind {
    /// The body is the whole representation.
    Whole(Representation),
    /// The body is the range from the first byte requested up to this one, exclusive.
    Rest {
        /// Where it ends.
        end: u64,
        /// The length of the whole, if known.
        total: Option<u64>,
    },
    /// There are no bytes from the requested one on, and the length of the whole was not known.
    End {
        /// Whether the server says that the file ends there, or just that there is no more.
        is_explicit: bool,
    },
    /// The bytes so far are of no use here: request the whole file.
    Restart(&'static str),
    /// There is no usable body.
    Refused {
        /// Why.
        error: Error,
        /// Whether the same request may succeed later.
        is_temporary: bool,
    },
}

impl Representation {
    /// Reads from these headers what a response says of its representation. The total is the length of its body, which
    /// is that of the whole only if the body is.
    pub(super) fn of(headers: &HeaderMap) -> Representation {
        let last_modified = text(headers, header::LAST_MODIFIED);
        let time = |name: HeaderName| httpdate::parse_http_date(text(headers, name)?).ok();
        let date_is_strong = match (time(header::LAST_MODIFIED), time(header::DATE)) {
            (Some(modified), Some(date)) => {
                let is_old = |age| age >= Duration::from_secs(60);
                is_of_a_file(modified) && date.duration_since(modified).is_ok_and(is_old)
            }
            _ => false,
        };
        Representation {
            total: text(headers, header::CONTENT_LENGTH).and_then(|length| length.parse().ok()),
            etag: text(headers, header::ETAG).map(str::to_owned),
            last_modified: last_modified.map(str::to_owned),
            date_is_strong,
            no_ranges: text(headers, header::ACCEPT_RANGES)
                .is_some_and(|units| units.trim().eq_ignore_ascii_case("none")),
            coding: net::coding(headers),
            packed: false,
            // The headers alone do not tell: with HTTP/2, a frame marks the end.
            open_end: false,
        }
    }

    /// Returns the ETag if it is strong (RFC 9110 §8.8.1).
    pub(super) fn strong_etag(&self) -> Option<&str> {
        self.etag
            .as_deref()
            .filter(|etag| etag.starts_with('"') && etag.len() > 2)
    }

    /// Returns the value for If-Range, if there is a validator strong enough for it (RFC 9110 §13.1.5).
    pub(super) fn if_range(&self) -> Option<&str> {
        match self.etag {
            Some(_) => self.strong_etag(),
            None => self
                .last_modified
                .as_deref()
                .filter(|_| self.date_is_strong),
        }
    }

    /// Whether a whole response to If-Range can be of the same representation: from a server that does not know
    /// If-Range, or a machine that has an ETag of its own. Without If-Range, the bytes decide.
    pub(super) fn may_match_despite_if_range(&self, other: &Representation) -> bool {
        let dated = |here: &Representation| here.last_modified.is_some() && here.total.is_some();
        self.strong_etag().is_some() && self.etag == other.etag
            || dated(self)
                && (&self.last_modified, self.total) == (&other.last_modified, other.total)
                && (!differs(&self.etag, &other.etag) || self.has_same_date(other))
    }

    /// The modification date, unless it is more than a day in the future: then the clock is wrong.
    pub(super) fn modified(&self) -> Option<SystemTime> {
        let time = httpdate::parse_http_date(self.last_modified.as_deref()?).ok();
        time.filter(is_plausible)
    }

    /// The same for the file on disk, where the date may also be in a form that no standard has. Such a date is never
    /// sent in a request.
    pub(super) fn modified_leniently(&self) -> Option<SystemTime> {
        let lenient = || net::read_date(self.last_modified.as_deref()?);
        let lenient = || lenient().map(SystemTime::from).filter(is_plausible);
        self.modified().or_else(lenient)
    }

    /// Whether another response can be of the same representation, judged by what both say. An ETag that differs while
    /// date and length agree is a habit of some servers (one ETag for each machine); then the bytes decide.
    pub(super) fn may_match(&self, other: &Representation) -> bool {
        if differs(&self.last_modified, &other.last_modified) {
            return self.strong_etag().is_some() && self.etag == other.etag;
        }
        !differs(&self.etag, &other.etag) || self.has_same_date(other)
    }

    /// Returns the length for a response that has none of its own, and whose validator says that the file has not
    /// changed.
    pub(super) fn length_of(&self, other: &Representation) -> Option<u64> {
        self.total.filter(|_| self.is_validated_by(other))
    }

    /// Whether a response to a range request from `start` on, which claims to be the whole, cannot be: its validator
    /// says that the file has not changed, yet it has another length or none; or there is no validator, and it is as
    /// long as the rest.
    pub(super) fn is_contradicted_by(&self, other: &Representation, start: u64) -> bool {
        let Some(total) = self.total.filter(|_| start > 0) else {
            return false;
        };
        match other.total {
            Some(length) if length == total => false,
            Some(length) if length == total - start.min(total) => {
                self.is_validated_by(other) || self.is_unvalidated() && other.is_unvalidated()
            }
            _ => self.is_validated_by(other),
        }
    }

    /// Whether the validators of both say that the bytes are the same, in the same coding.
    fn is_validated_by(&self, other: &Representation) -> bool {
        let is_tagged = self.etag.is_some() && self.etag == other.etag;
        let is_dated = !differs(&self.etag, &other.etag) && self.has_same_date(other);
        self.coding == other.coding && (is_tagged || is_dated)
    }

    fn is_unvalidated(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }

    /// Whether both have the same date, and a meaningful one.
    fn has_same_date(&self, other: &Representation) -> bool {
        let date = self.last_modified.as_deref();
        let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
        self.last_modified == other.last_modified && date.is_some_and(is_of_a_file)
    }
}

/// Whether a date is no more than a day in the future.
pub(super) fn is_plausible(date: &SystemTime) -> bool {
    *date <= SystemTime::now() + Duration::from_secs(86_400)
}

/// Whether a date can be that of a file.
fn is_of_a_file(date: SystemTime) -> bool {
    let since_1970 = date.duration_since(SystemTime::UNIX_EPOCH);
    since_1970.is_ok_and(|age| age >= FIRST_DATE)
}

/// Whether both are present and not the same.
fn differs(one: &Option<String>, other: &Option<String>) -> bool {
    one.is_some() && other.is_some() && one != other
}

/// Interprets the head of a response.
pub(super) fn interpret(
    status: StatusCode,
    headers: &HeaderMap,
    requested: RangeRequest<'_>,
) -> ResponseKind {
    let here = Representation::of(headers);
    match status.as_u16() {
        _ if requested.start > 0 && is_partial(status, headers) => {
            interpret_range(headers, here, requested)
        }
        206 => match full_range_length(headers) {
            Some(total) if here.total.is_none_or(|length| length == total) => {
                let total = Some(total);
                ResponseKind::Whole(Representation { total, ..here })
            }
            _ => unrequested_part(),
        },
        _ if is_partial(status, headers) => unrequested_part(),
        // Whatever kind of success it is (RFC 9110 §15).
        200..=203 | 207..=299 => ResponseKind::Whole(here),
        416 if requested.start > 0 => {
            let total = text(headers, header::CONTENT_RANGE).and_then(parse_unsatisfied_range);
            match (total, requested.known.total) {
                // The range begins with bytes that we have, so if it cannot be satisfied, the file is shorter now.
                (Some(total), _) if total > requested.start => {
                    ResponseKind::Restart("the server refused a range that it has")
                }
                (Some(total), None) if total == requested.start => {
                    ResponseKind::End { is_explicit: true }
                }
                (None, None) => ResponseKind::End { is_explicit: false },
                _ => ResponseKind::Restart(SHORTER),
            }
        }
        _ => {
            let (error, is_temporary) = why_refused(status, headers);
            ResponseKind::Refused {
                error,
                is_temporary,
            }
        }
    }
}

fn unrequested_part() -> ResponseKind {
    let error = net::unrequested_part();
    refused(error.kind, error.message)
}

fn interpret_range(
    headers: &HeaderMap,
    here: Representation,
    requested: RangeRequest<'_>,
) -> ResponseKind {
    let range = text(headers, header::CONTENT_RANGE);
    let Some((start, end, total)) = range.and_then(parse_content_range) else {
        // A range of no bytes is invalid (RFC 9110 §14.1.2), but some servers use it to say that there are none.
        let none = format!("bytes {}-{}/", requested.start, requested.start - 1);
        let is_none = |range: &str| range.to_ascii_lowercase().starts_with(&none);
        if requested.known.total.is_none() && range.is_some_and(is_none) {
            return ResponseKind::End { is_explicit: false };
        }
        return ResponseKind::Restart("the server sent a part without saying which");
    };
    if start != requested.start {
        return ResponseKind::Restart("the server sent a different range than requested");
    }
    if here.coding != requested.known.coding {
        return ResponseKind::Restart("the server sent a part in another coding");
    }
    if here.total.is_some_and(|length| length != end - start) {
        return ResponseKind::Restart("the server sent a part of another length than it says");
    }
    if let (Some(known), Some(total)) = (requested.known.total, total)
        && known != total
    {
        return ResponseKind::Restart("its length has changed");
    }
    let total = total.or(requested.known.total);
    if total.is_some_and(|total| end > total) {
        return ResponseKind::Restart("the server sent a part beyond the end");
    }
    if !requested.known.may_match(&here) {
        return ResponseKind::Restart("it has changed on the server");
    }
    ResponseKind::Rest { end, total }
}

/// Returns why the server refuses with this response, and whether that may pass by itself.
pub(in crate::pipeline) fn why_refused(status: StatusCode, headers: &HeaderMap) -> (Error, bool) {
    let code = status.as_u16();
    let said = format!(
        "the server answered {code}{}",
        status
            .canonical_reason()
            .map(|r| format!(" {r}"))
            .unwrap_or_default()
    );
    let mut error = match status.is_redirection() && !headers.contains_key(header::LOCATION) {
        true => Error::new(Kind::Corrupt, said + " without saying where to go"),
        false => Error::new(net::kind_of(status), said),
    };
    if let Some(hint) = login_hint(code, headers) {
        error = error.hint(hint);
    }
    let retry_after = net::retry_after(headers).filter(|_| net::is_retryable_after_wait(status));
    let is_temporary = retry_after.is_some() || net::is_retryable(status);
    match retry_after {
        Some(wait) => (error.after(wait), is_temporary),
        None => (error, is_temporary),
    }
}

/// What may help after a refusal: what the server itself asks for, if it says so.
fn login_hint(code: u16, headers: &HeaderMap) -> Option<&'static str> {
    let asks = headers.get_all(header::WWW_AUTHENTICATE).iter();
    let asks = asks.filter_map(|value| value.to_str().ok());
    let asks: Vec<_> = asks
        .flat_map(|value| value.split([' ', ',']))
        .map(str::to_ascii_lowercase)
        .collect();
    let asks_for = |scheme: &str| asks.iter().any(|word| word == scheme);
    match code {
        401 if asks_for("basic") => {
            Some("pass a name and a password with `--netrc` or `https://USER:PASSWORD@…`")
        }
        401 if asks_for("bearer") => Some("pass a token with `--header 'Authorization: Bearer …'`"),
        401 => Some(
            "if a login is needed, pass your cookies with `--cookies-from firefox` or `-C FILE`",
        ),
        403 => Some(
            "if a login is needed, pass your cookies with `--cookies-from firefox` or `-C FILE`; if a browser gets it, \
             `fetch from-curl -` repeats its request, or `--header 'Referer: …'` or `--user-agent` may be enough",
        ),
        _ => None,
    }
}

fn refused(kind: Kind, message: String) -> ResponseKind {
    ResponseKind::Refused {
        error: Error::new(kind, message),
        is_temporary: kind == Kind::Network,
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests;
