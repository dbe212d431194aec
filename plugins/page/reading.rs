//! Reads one page, and the metadata for its media.

use std::sync::Arc;

use fetch::model::{Album, Error, Kind, Meta, Result};
use fetch::net::Redacted;
use fetch::source::Answer;
use http::{HeaderMap, header};
use url::Url;

use super::choice::{Chosen, choose};
use super::folder::{self, Listed};
use super::json_ld::JsonLd;
use super::options::Options;
use super::parsed_page::ParsedPage;
use super::{PATIENCE, markup, text};

/// A page, and what was found on it.
pub(super) struct Reading {
    pub(super) parsed: ParsedPage,
    pub(super) kind: PageKind,
}

/// What a page turned out to be.
pub(super) enum PageKind {
    Folder(Listed),
    Page(Box<Chosen>),
}

/// Reads the markup on a thread where that blocks nothing else.
pub(super) async fn reading(answer: &Answer, options: &Options) -> Result<Reading> {
    let page = answer.text();
    let (url, options) = (answer.url.clone(), options.clone());
    let read = move || {
        let parsed = markup::read(&page, PATIENCE)?;
        let kind = match folder::read(&parsed, &url) {
            Some(listed) => PageKind::Folder(listed),
            None => PageKind::Page(choose(&parsed, &url, &options).into()),
        };
        Ok(Reading { parsed, kind })
    };
    let read = tokio::task::spawn_blocking(read).await;
    read.unwrap_or_else(|error| {
        Err(Error::new(Kind::Unsupported, "cannot read the page").because(error))
    })
}

/// Returns an error for a page that has more than was taken.
pub(super) fn check_complete(page: &Url, is_cut: bool) -> Result<()> {
    match is_cut {
        false => Ok(()),
        true => {
            let message = format!(
                "`{}` has more on it than is read from one page",
                Redacted(page)
            );
            Err(Error::new(Kind::Corrupt, message))
        }
    }
}

/// Checks whether a page has the usual end: its closing tags, with hardly anything after them.
pub(super) fn has_end(body: &[u8]) -> bool {
    let end = &body[body.len().saturating_sub(1024)..];
    let closes = |tag: &[u8]| {
        end.windows(tag.len())
            .any(|part| part.eq_ignore_ascii_case(tag))
    };
    closes(b"</html") || closes(b"</body")
}

/// Returns the metadata common to all media of a page.
pub(super) fn page_meta(
    parsed: &ParsedPage,
    json_ld: &JsonLd,
    known: &Meta,
    page: &Url,
    album: &Arc<Album>,
) -> Meta {
    let date = parsed
        .meta("article:published_time")
        .or(parsed.meta("date"));
    let date = date.or(json_ld.date.as_deref()).and_then(text::date);
    let author = parsed.meta("author").or(json_ld.author.as_deref());
    Meta {
        album: Some(album.clone()),
        author: author.map(text::line),
        date: date.or(known.date),
        page: Some(page.clone()),
        extra: known.extra.clone(),
        ..Meta::default()
    }
}

/// Checks whether a response is certainly not a page: it is declared as a medium, and does not start like a page.
pub(super) fn is_medium(answer: &Answer) -> bool {
    let kind = answer.header("content-type").unwrap_or("");
    let kind = kind.trim_start().to_ascii_lowercase();
    let says_so = ["image/", "video/", "audio/"]
        .iter()
        .any(|start| kind.starts_with(start));
    says_so && !answer.body.trim_ascii_start().starts_with(b"<")
}

/// Checks whether a response is declared as a page.
pub(super) fn is_page(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let essence = kind.split(';').next().unwrap_or("").trim();
    ["text/html", "application/xhtml+xml"]
        .iter()
        .any(|page| essence.eq_ignore_ascii_case(page))
}
