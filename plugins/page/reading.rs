//! Reads one page: what is on it, and what is known of all of that.

use std::sync::Arc;

use fetch::model::{Album, Error, Kind, Meta, Result};
use fetch::net::Shown;
use fetch::source::Answer;
use http::{HeaderMap, header};
use url::Url;

use super::choice::{Chosen, choose};
use super::folder::{self, Listed};
use super::linked::Linked;
use super::options::Options;
use super::sheet::Sheet;
use super::{PATIENCE, markup, text};

/// A page as it was read, and what is found on it.
pub(super) struct Reading {
    pub(super) sheet: Sheet,
    pub(super) found: Found,
}

/// What a page is.
pub(super) enum Found {
    Folder(Listed),
    Page(Chosen),
}

/// Reads the markup, where that holds up nobody.
pub(super) async fn reading(answer: &Answer, options: &Options) -> Result<Reading> {
    let page = text::decode(&answer.body, answer.header("content-type"));
    let (url, options) = (answer.url.clone(), options.clone());
    let read = move || {
        let sheet = markup::read(&page, PATIENCE)?;
        let found = match folder::read(&sheet, &url) {
            Some(listed) => Found::Folder(listed),
            None => Found::Page(choose(&sheet, &url, &options)),
        };
        Ok(Reading { sheet, found })
    };
    let read = tokio::task::spawn_blocking(read).await;
    read.unwrap_or_else(|error| {
        Err(Error::new(Kind::Unsupported, "cannot read the page").because(error))
    })
}

/// Tells of a page that has more than was taken.
pub(super) fn whole(page: &Url, is_cut: bool) -> Result<()> {
    match is_cut {
        false => Ok(()),
        true => {
            let message = format!("`{}` has more on it than is read of a page", Shown(page));
            Err(Error::new(Kind::Corrupt, message))
        }
    }
}

/// What is known of all media of a page.
pub(super) fn about(
    sheet: &Sheet,
    linked: &Linked,
    known: &Meta,
    page: &Url,
    album: &Arc<Album>,
) -> Meta {
    let date = sheet.meta("article:published_time").or(sheet.meta("date"));
    let date = date.or(linked.date.as_deref()).and_then(text::date);
    let author = sheet.meta("author").or(linked.author.as_deref());
    Meta {
        album: Some(album.clone()),
        author: author.map(text::line),
        date: date.or(known.date),
        page: Some(page.clone()),
        extra: known.extra.clone(),
        ..Meta::default()
    }
}

/// Whether this is the next page of the same listing: on the same host, and called the same but for numbers, or with a
/// word for paging. A weblog calls the next article its next page, too.
pub(super) fn is_next(here: &Url, next: &Url) -> bool {
    let plain = |url: &Url| {
        let path = url.path().trim_end_matches('/');
        let path = path.trim_end_matches(|c: char| c.is_ascii_digit());
        path.trim_end_matches(['/', '-', '_']).to_owned()
    };
    let says = |url: &Url| {
        let mut parts = url.path().split('/');
        parts.any(|part| matches!(part, "page" | "p" | "seite"))
    };
    let stem = |url: &Url| -> String {
        let path = url.path().chars();
        path.filter(|c| !c.is_ascii_digit()).collect()
    };
    let is_paged = here.path() == next.path() && here.query() != next.query()
        || plain(here) == plain(next)
        || stem(here) == stem(next) && here.query() == next.query()
        || says(next);
    here.origin() == next.origin() && is_paged
}

/// Whether an answer is a page by what it says of itself.
pub(super) fn is_page(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let essence = kind.split(';').next().unwrap_or("").trim();
    ["text/html", "application/xhtml+xml"]
        .iter()
        .any(|page| essence.eq_ignore_ascii_case(page))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse("https://x.org/").unwrap().join(text).unwrap()
    }

    #[test]
    fn the_next_page_is_of_the_same_listing() {
        let table = [
            ("/list", "/list?page=2", true),
            ("/list", "/list/page/2", true),
            ("/list/2", "/list/3", true),
            ("/list", "/list-2", true),
            ("/list.html", "/list2.html", true),
            ("/2024/one-post", "/2024/another-post", false),
            ("/list", "https://y.org/list?page=2", false),
        ];
        for (here, next, expected) in table {
            assert_eq!(is_next(&url(here), &url(next)), expected, "{here} {next}");
        }
    }
}
