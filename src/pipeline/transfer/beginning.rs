//! What the first bytes of a body that is a whole file show of it.

use bytes::Bytes;
use http::{HeaderValue, header};

use super::check;
use super::coding::{self, Coding};
use super::content::Content;
use super::digest::promised;
use super::login;
use super::read_body::PendingBody;
use super::response_head::Representation;
use super::setback::Setback;
use crate::model::{Document, Error, Kind, Request};
use crate::net::Redacted;
use crate::pipeline::documents::document;
use crate::pipeline::naming::{Content as Seen, HEAD, Sniff, broken_promise, sniff};

/// A body whose first bytes have come.
pub(super) struct Beginning {
    /// The representation, as described by the head of the response.
    pub(super) representation: Representation,
    /// The coding of the body.
    pub(super) coding: Option<Coding>,
    /// What the first bytes are.
    pub(super) seen: Sniff,
    content_type: Option<String>,
    /// The first bytes, decoded: as many as sniffing looks at.
    head: Bytes,
    /// The length of the decoded body, if known.
    len: Option<u64>,
    is_empty: bool,
}

impl Beginning {
    /// Looks at the first pieces of a body.
    pub(super) fn of(
        pending: &PendingBody<'_>,
        mut representation: Representation,
        early: &[Bytes],
    ) -> Result<Beginning, Setback> {
        let opened = &pending.opened;
        let reply = opened.response.headers();
        let content_type = reply
            .get(header::CONTENT_TYPE)
            .and_then(|value: &HeaderValue| value.to_str().ok())
            .map(str::to_owned);
        representation.open_end = opened.open_end();
        representation.packed =
            coding::is_packed([&pending.target.request.url, &opened.url], reply);
        let coding = Coding::of(&representation)?;
        let head = first_bytes(early);
        let is_empty = head.is_empty();
        let (head, len) = match coding {
            None => (head, representation.total),
            // An empty body is empty in any coding.
            Some(_) if is_empty => (head, representation.total),
            Some(coding) => (coding.head(&head)?.into(), None),
        };
        Ok(Beginning {
            representation,
            coding,
            seen: sniff(&head),
            content_type,
            head,
            len,
            is_empty,
        })
    }

    /// Returns which document this is, if the request may lead to that one.
    pub(super) fn document(&self, request: &Request) -> Option<Document> {
        let expect = &request.expect;
        // What the source takes for a file may be the playlist of a film, unless the source gave a digest of these very
        // bytes.
        let may_be_film = self.seen.kind.is_readable() && expect.digests.is_empty();
        if !expect.document && !may_be_film {
            return None;
        }
        let content_type = self.content_type.as_deref();
        document(&request.url, &self.seen, content_type, &self.head)
            .filter(|found| expect.document || *found == Document::Stream)
    }

    /// Checks whether this can be the file of this name that was requested.
    pub(super) fn check(
        &self,
        pending: &PendingBody<'_>,
        name: Option<&str>,
    ) -> Result<(), Setback> {
        let (request, url) = (pending.target.request, &pending.opened.url);
        let content_type = self.content_type.as_deref();
        let wrong = check::first_look(&request.expect, name, &self.seen, content_type, self.len);
        let Some(error) = wrong else {
            return Ok(());
        };
        let error = match *url == request.url {
            true => error,
            false => login::explain(error, &request.url, url)
                .because(format!("redirected to `{}`", Redacted(url))),
        };
        // An empty body is more often a hiccup of the server than a real response.
        Err(match self.is_empty {
            true => Setback::Retry(Error {
                kind: Kind::Network,
                ..error
            }),
            false => Setback::GiveUp(error),
        })
    }

    /// Whether this is a text or a web page where the request, or the name, promises something else.
    pub(super) fn is_text_instead_of(&self, pending: &PendingBody<'_>, name: Option<&str>) -> bool {
        let is_text = matches!(self.seen.kind, Seen::Page | Seen::Text);
        let content_type = self.content_type.as_deref();
        let came = (self.seen.kind, self.len);
        is_text
            && (pending.target.request.expect.medium.is_some()
                || name.is_some_and(|name| broken_promise(name, came, content_type).is_some()))
    }

    /// Whether this is another version than the one of which some is already downloaded.
    pub(super) fn is_new_version_of(&self, content: &Content) -> bool {
        let (previous, here) = (&content.representation, &self.representation);
        content.len() > 0 && (previous.total != here.total || !previous.may_match(here))
    }

    /// Notes in the empty content which body it is about to get.
    pub(super) fn describe(
        self,
        content: &mut Content,
        pending: &PendingBody<'_>,
        server_name: Option<String>,
    ) {
        content.representation = self.representation;
        content.over_tls = pending.opened.url.scheme() == "https";
        content.content_type = self.content_type;
        content.name = server_name;
        content.promised = promised(pending.opened.response.headers(), false);
    }
}

/// The first bytes, as many as sniffing looks at.
fn first_bytes(pieces: &[Bytes]) -> Bytes {
    match pieces {
        [piece] => piece.slice(..piece.len().min(HEAD)),
        pieces => {
            let bytes = pieces.iter().flatten().copied();
            bytes.take(HEAD).collect()
        }
    }
}
