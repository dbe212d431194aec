//! Reads one page: what is on it, and what is known of all of that.

use std::sync::Arc;

use fetch::model::{Album, Error, Kind, Meta, Result};
use fetch::net::Shown;
use fetch::source::Answer;
use http::{HeaderMap, header};
use url::{Position, Url};

use super::choice::{Chosen, choose, web};
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
    Page(Box<Chosen>),
}

/// Reads the markup, where that holds up nobody.
pub(super) async fn reading(answer: &Answer, options: &Options) -> Result<Reading> {
    let page = text::decode(&answer.body, answer.header("content-type"));
    let (url, options) = (answer.url.clone(), options.clone());
    let read = move || {
        let sheet = markup::read(&page, PATIENCE)?;
        let found = match folder::read(&sheet, &url) {
            Some(listed) => Found::Folder(listed),
            None => Found::Page(choose(&sheet, &url, &options).into()),
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

/// The page that follows, if it is of the same listing.
pub(super) fn next(sheet: &Sheet, here: &Url) -> Option<Url> {
    let base = sheet.base(here);
    let next = web(&base, sheet.next.as_deref()?)?;
    // Where a base moves its links elsewhere, it is there that they are called as it is.
    let name = here.path().rsplit('/').next().unwrap_or("");
    let query = &here[Position::AfterPath..Position::AfterQuery];
    let moved = base.join(&format!("./{name}{query}")).ok();
    let follows = |here: &Url| is_next(here, &next);
    let is_one = follows(here) || moved.as_ref().is_some_and(follows);
    (is_one && here.origin() == next.origin()).then_some(next)
}

/// Whether this is the next page of the same listing: on the same host, and called the same but for numbers, or with a
/// word for paging. A weblog calls the next article its next page, too.
fn is_next(here: &Url, next: &Url) -> bool {
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

    #[test]
    fn the_next_page_is_found_from_the_base() {
        let next = |page: &str, head: &str| {
            let sheet = markup::read(head, PATIENCE).unwrap();
            next(&sheet, &url(page)).map(|url| url.path().to_owned())
        };
        let moved = "<base href=/b/><link rel=next href=list2.html>";
        assert_eq!(
            next("/a/list.html", moved).as_deref(),
            Some("/b/list2.html")
        );
        let paged = "<base href=/b/><link rel=next href='./list?p=2'>";
        assert_eq!(next("/a/list?p=1", paged).as_deref(), Some("/b/list"));
        let plain = "<link rel=next href=list2.html>";
        assert_eq!(
            next("/a/list.html", plain).as_deref(),
            Some("/a/list2.html")
        );
        let article = "<base href=/b/><link rel=next href=other.html>";
        assert_eq!(next("/a/list.html", article), None);
        let away = "<base href=https://y.org/a/><link rel=next href=list2.html>";
        assert_eq!(next("/a/list.html", away), None);
    }
}
