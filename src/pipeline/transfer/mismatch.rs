//! Responses that come in place of the rest of a file, and are something else.

use std::fmt::Display;

use super::content::Content;
use super::response_head::Representation;
use super::setback::Setback;
use crate::model::{Error, Kind};
use crate::pipeline::naming::{Content as Format, HEAD, Sniff, sniff};

/// The error for something else that came in place of the rest of a file.
pub(super) fn in_place_of_the_rest(what: impl Display) -> Error {
    let message = format!("{what} came in place of the rest of the file");
    Error::new(Kind::Blocked, message)
        .hint("the partial file is kept for a later run; if a login is needed, pass your cookies with `-C FILE`")
}

/// What follows if a response claims to be the whole file but does not begin like the part on disk: servers in trouble
/// send error pages with any status, and the bytes on disk tell better than a name what is wanted. A new version may be
/// anything: it has a strong ETag of its own, or is longer than that part.
pub(super) fn mismatch(content: &Content, here: &Representation, seen: &Sniff) -> Option<Setback> {
    let previous = &content.representation;
    let is_another =
        here.strong_etag().is_some() && previous.etag.is_some() && here.etag != previous.etag;
    if content.len() == 0 || is_another {
        return None;
    }
    if seen.kind == Format::Empty {
        // A hiccup more often than a real response.
        return Some(Setback::Retry(Error {
            kind: Kind::Network,
            ..in_place_of_the_rest("nothing")
        }));
    }
    // Fewer bytes may look different from all of them.
    let before = sniff(content.head());
    if content.head().len() < HEAD || (before.kind, &before.ext) == (seen.kind, &seen.ext) {
        return None;
    }
    let is_longer = here.total.is_some_and(|total| total > content.len());
    let what = match seen.kind {
        _ if is_longer => return None,
        Format::Page | Format::Text => "a text",
        Format::Image => "a picture",
        _ => "something else",
    };
    Some(Setback::GiveUp(in_place_of_the_rest(what)))
}
