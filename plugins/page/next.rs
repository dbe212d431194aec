//! The next page of a listing.

use url::{Position, Url};

use super::choice::web;
use super::parsed_page::ParsedPage;
use super::single_item::{is_another_item, is_item_of_series};

/// Query parameters that select an article rather than a page of a listing.
const ARTICLES: [&str; 3] = ["attachment_id", "id", "page_id"];
/// Declared types of pages that are about a single thing.
const KINDS: [&str; 5] = ["article", "image", "photo", "product", "video"];

/// Returns the next page, if it belongs to the same listing. The first page read may not belong to a listing at all.
pub(super) fn next(parsed: &ParsedPage, here: &Url, is_first: bool) -> Option<Url> {
    let base = parsed.base(here);
    let next = match &parsed.next {
        Some(next) => web(&base, next)?,
        None => {
            web(&base, parsed.pager.as_deref()?).filter(|next| value(next, "cpage").is_none())?
        }
    };
    // If a base address moves the page's links elsewhere, the page itself counts as being there, under its own name.
    let name = here.path().rsplit('/').next().unwrap_or("");
    let query = &here[Position::AfterPath..Position::AfterQuery];
    let moved = base.join(&format!("./{name}{query}")).ok();
    let is_other = is_first && (is_alone(parsed, here) || is_item_of_series(here));
    let is_named = parsed.next_title.as_deref().is_some_and(is_name);
    let leads_away = |here: &Url| is_named || is_other && is_counted(here, &next);
    let follows = |here: &Url| {
        is_next(here, &next)
            && !(is_first && is_another_item(here, &next))
            && (is_turned(here, &next) || !leads_away(here))
    };
    let is_one = follows(here) || moved.as_ref().is_some_and(follows);
    (is_one && here.origin() == next.origin()).then_some(next)
}

/// Checks whether this is the next page of the same listing: on the same host, with the same address except for
/// numbers, or with a word for paging. Weblogs mark the next article as the next page, too.
fn is_next(here: &Url, next: &Url) -> bool {
    let is_paged = match is_same(here, next) && here.query() != next.query() {
        true => is_asked(here, next),
        false => {
            plain(here) == plain(next)
                || !is_counted(here, next)
                || stem(here) == stem(next) && here.query() == next.query()
                || has_page_number(next)
        }
    };
    here.origin() == next.origin() && is_paged
}

/// Checks whether they have the same path.
fn is_same(here: &Url, next: &Url) -> bool {
    here.path().trim_end_matches('/') == next.path().trim_end_matches('/')
}

/// Returns a path without the number at its end.
fn plain(url: &Url) -> &str {
    let path = url.path().trim_end_matches('/');
    let path = path.trim_end_matches(|c: char| c.is_ascii_digit());
    path.trim_end_matches(['/', '-', '_'])
}

/// Returns a path without its numbers.
fn stem(url: &Url) -> String {
    let path = url.path().chars();
    path.filter(|c| !c.is_ascii_digit()).collect()
}

/// Checks whether a path has a word for paging, with a number.
fn has_page_number(url: &Url) -> bool {
    let parts: Vec<&str> = url.path().split('/').collect();
    parts.windows(2).any(|pair| {
        matches!(pair[0], "page" | "p" | "seite")
            && pair[1].starts_with(|c: char| c.is_ascii_digit())
    })
}

/// Checks whether a query selects another page of the same listing, not another article. `p` is used for both: article
/// numbers are not consecutive.
fn is_asked(here: &Url, next: &Url) -> bool {
    if ARTICLES
        .iter()
        .any(|name| value(here, name) != value(next, name))
    {
        return false;
    }
    match (value(here, "p"), value(next, "p")) {
        (one, other) if one == other => true,
        (None, Some(other)) => matches!(&*other, "1" | "2"),
        (Some(one), Some(other)) => {
            let number = |text: String| text.parse::<u32>().ok();
            number(one).and_then(|one| one.checked_add(1)) == number(other)
        }
        _ => true,
    }
}

/// Returns the value of a query parameter.
pub(super) fn value(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    let found = pairs.find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned())
}

/// Checks whether the address itself marks it as a page of a listing, whatever else is said.
fn is_turned(here: &Url, next: &Url) -> bool {
    has_page_number(next)
        || is_same(here, next)
            && here.query() != next.query()
            && value(here, "p") == value(next, "p")
}

/// Checks whether both have a number: pages of a listing, or items of a series. The first page of a listing often has
/// none.
fn is_counted(here: &Url, next: &Url) -> bool {
    !is_same(here, next) && here.path().trim_end_matches('/') != plain(next)
}

/// Checks whether a page declares itself to be about a single thing.
pub(super) fn is_alone(parsed: &ParsedPage, here: &Url) -> bool {
    let kind = parsed.meta("og:type").unwrap_or("");
    let own = parsed.canonical.as_deref().or(parsed.meta("og:url"));
    let own = own.and_then(|own| web(&parsed.base(here), own));
    let is_own = own.is_some_and(|own| own.path() == here.path());
    is_own && is_alone_by_kind(kind)
}

/// Checks whether a declared type is one of a single thing.
pub(super) fn is_alone_by_kind(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    KINDS.iter().any(|known| kind.contains(known))
}

/// Checks whether the title of a link is the name of its target rather than a label such as "next", or has the name
/// after such a label: `Next : Cat`.
fn is_name(title: &str) -> bool {
    let title = title.to_lowercase();
    let leads_on = ["next", "older", "page", "seite"];
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric());
        words
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let says_so = |text: &str| {
        let words = words(text);
        words.iter().any(|word| leads_on.contains(&&**word))
    };
    let behind = title.split_once(':').map_or("", |(_, behind)| behind);
    let is_named = words(behind)
        .iter()
        .any(|word| word.parse::<u64>().is_err());
    !title.trim().is_empty() && (!says_so(&title) || is_named && !says_so(behind))
}

#[cfg(test)]
mod tests {
    use super::super::{PATIENCE, markup};
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
            ("/photos/5/page/2", "/photos/5/page/3", true),
            ("/view.php?id=7", "/view.php?id=7&page=2", true),
            ("/list?p=2", "/list?p=3", true),
            ("/list", "/list?p=2", true),
            ("/?p=1", "/?p=4", false),
            ("/?attachment_id=4", "/?attachment_id=5", false),
            ("/view.php?id=7", "/view.php?id=8", false),
            ("/p/one-post", "/p/another-post", false),
            ("/archives/12", "/archives/12/2", true),
            ("/2024/one-post", "/2024/another-post", false),
            ("/list", "https://y.org/list?page=2", false),
        ];
        for (here, next, expected) in table {
            assert_eq!(is_next(&url(here), &url(next)), expected, "{here} {next}");
        }
    }

    #[test]
    fn the_next_article_is_not_the_next_page() {
        let next = |page: &str, head: &str| {
            let parsed = markup::read(head, PATIENCE).unwrap();
            next(&parsed, &url(page), true).is_some()
        };
        let titled = |href: &str| format!("<link rel=next title='Another post' href='{href}'>");
        for (here, href, expected) in [
            ("/?p=1", "/?p=2", false),
            ("/archives/12", "/archives/13", false),
            // What a pager says about its pages.
            ("/topic", "/topic?page=2", true),
            ("/topic?start=20", "/topic?start=40", true),
            ("/topic", "/topic/page/2", true),
        ] {
            assert_eq!(next(here, &titled(href)), expected, "{here} {href}");
        }
        let tip = "<a rel=next title='Next page' href=/list/3>next</a>";
        assert!(next("/list/2", tip));
        let photo = |kind: &str, own: &str| {
            format!(
                "<meta property=og:type content={kind}><link rel=canonical href={own}>\
                 <link rel=next href=/photo/13>"
            )
        };
        assert!(!next("/photo/12", &photo("article", "/photo/12")));
        let plain = |href: &str| format!("<link rel=next href={href}>");
        for (here, href, expected) in [
            ("/photo/12", "/photo/13", false),
            ("/u/ann/image-12.html", "/u/ann/image-13.html", false),
            // From the first item on, it is a gallery.
            ("/photo/1", "/photo/2", true),
            ("/photos/12", "/photos/13", true),
            ("/photo/12", "/photo/12/2", true),
            ("/gallery-2.html", "/gallery-3.html", true),
        ] {
            assert_eq!(next(here, &plain(href)), expected, "{here} {href}");
        }
        assert!(!next("/photo/12", &photo("instapp:photo", "/photo/12?x")));
        let list = |kind: &str, own: &str| photo(kind, own).replace("/photo/13", "/list/13");
        assert!(!next("/list/12", &list("article", "/list/12")));
        assert!(next("/list/12", &list("website", "/list/12")));
        assert!(next("/list/12", &list("article", "/list")));
        // An article of several pages.
        let article = "<meta property=og:type content=article><link rel=canonical href=/a/owls/>\
            <link rel=next href=/a/owls/2/>";
        assert!(next("/a/owls/", article));
    }

    #[test]
    fn pagers_are_recognised_by_class() {
        let leads = |here: &str, html: &str| {
            let parsed = markup::read(html, PATIENCE).unwrap();
            next(&parsed, &url(here), true).map(|url| url.path().to_owned())
        };
        for class in [
            "next page-numbers",
            "wp-block-query-pagination-next",
            "nextpostslink",
        ] {
            let pager = |href: &str| format!("<a class='{class}' href='{href}'>Next</a>");
            let found = leads("/list/", &pager("/list/page/2/"));
            assert_eq!(found.as_deref(), Some("/list/page/2/"), "{class}");
            // It is the comments of an article that continue, not the article.
            for comments in ["/list/comment-page-2/#comments", "?cpage=2#comments"] {
                assert_eq!(leads("/list/", &pager(comments)), None, "{comments}");
            }
            assert_eq!(leads("/list/", &pager("/other/")), None);
            let said = pager("/list/page/9/") + "<link rel=next href=/list/page/2/>";
            assert_eq!(leads("/list/", &said).as_deref(), Some("/list/page/2/"));
        }
        let slides = "<a class='next' href='/list/page/2/'>Next</a>";
        assert_eq!(leads("/list/", slides), None);
    }

    #[test]
    fn the_next_page_is_found_from_the_base() {
        let next = |page: &str, head: &str| {
            let parsed = markup::read(head, PATIENCE).unwrap();
            next(&parsed, &url(page), true).map(|url| url.path().to_owned())
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
