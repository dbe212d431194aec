//! Listings of a server's folder: Apache, nginx, lighttpd, Caddy, Python.

use std::collections::HashSet;

use url::Url;

use super::choice::{ROOM, web};
use super::sheet::Sheet;

/// What is in a folder.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) urls: Vec<Url>,
    /// Whether there is more than was looked at.
    pub(super) cut: bool,
}

/// The files and folders in a listing, in its order; none if the page is no listing.
///
/// Only what is right in this folder counts: the links that sort the listing, or lead up, are none of it. Pages in it are
/// left out, as no page is ever saved.
pub(super) fn read(sheet: &Sheet, page: &Url) -> Option<Listed> {
    let texts = [sheet.title.trim(), sheet.heading.trim()];
    let named = texts.iter().filter_map(|text| {
        let mut starts = ["Index of ", "Directory listing for "].iter();
        starts.find_map(|start| text.strip_prefix(start))
    });
    let named: Vec<&str> = named.collect();
    let is_caddy = sheet
        .links
        .iter()
        .any(|link| link.contains("caddyserver.com"))
        && sheet.links.iter().any(|link| link.starts_with("./"));
    // What is no path may be a title all the same: `Index of refraction`.
    let is_sure = is_caddy || named.iter().any(|name| name.starts_with('/'));
    let leads_up = || {
        sheet
            .links
            .iter()
            .any(|link| matches!(&**link, ".." | "../"))
    };
    let may_be = |name: &&str| is_named(page, name) || leads_up();
    if !is_sure && !named.iter().any(may_be) {
        return None;
    }
    let mut seen = HashSet::new();
    let mut room = ROOM;
    let inside = sheet.links.iter().filter_map(|link| {
        let url = (room > 0).then(|| web(page, link))??;
        room = room.saturating_sub(url.as_str().len());
        let name = url.path().strip_prefix(page.path())?;
        let is_here = url.origin() == page.origin()
            && url.query().is_none()
            && !name.is_empty()
            && !name.trim_end_matches('/').contains('/');
        let is_page = [".html", ".htm", ".php"]
            .iter()
            .any(|end| name.to_ascii_lowercase().ends_with(end));
        (is_here && !is_page && seen.insert(url.clone())).then_some(url)
    });
    let urls: Vec<Url> = inside.collect();
    if urls.is_empty() && !is_sure {
        return None;
    }
    let cut = sheet.cut || room == 0;
    Some(Listed { urls, cut })
}

/// Whether the address of a page ends with what its title calls a folder.
fn is_named(page: &Url, name: &str) -> bool {
    let path = percent_encoding::percent_decode_str(page.path()).decode_utf8_lossy();
    let place = format!("{}{path}", page.host_str().unwrap_or(""));
    let name = name.trim().rsplit("://").next().unwrap_or("");
    let name = name.trim_matches('/');
    let rest = place.trim_matches('/').strip_suffix(name);
    !name.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::super::{PATIENCE, markup};
    use super::*;

    #[test]
    fn only_what_is_in_the_folder_counts() {
        let html = "<title>Index of /f/</title><h1>Index of /f/</h1><a href='?C=N;O=D'>Name</a>\
            <a href='../'>up</a><a href='/'>top</a><a href='/f/'>here</a><a href='a%20b.jpg'>a b</a><a href='sub/'>sub</a>\
            <a href='/f/c.zip'>c</a><a href='x/y.jpg'>y</a><a href='//evil.example/f/z.jpg'>z</a><a href='index.html'>i</a>";
        let page = Url::parse("http://x.org/f/").unwrap();
        let listed = read(&markup::read(html, PATIENCE).unwrap(), &page).unwrap();
        assert!(!listed.cut);
        let listed: Vec<_> = listed.urls.iter().map(Url::path).collect();
        assert_eq!(listed, ["/f/a%20b.jpg", "/f/sub/", "/f/c.zip"]);
        assert!(
            read(
                &markup::read("<title>Index</title>", PATIENCE).unwrap(),
                &page
            )
            .is_none()
        );
    }

    #[test]
    fn an_article_is_no_folder_whatever_it_is_called() {
        let listed = |title: &str, page: &str, rest: &str| {
            let html = format!("<title>{title}</title><h1>{title}</h1>{rest}");
            let page = Url::parse("http://x.org/").unwrap().join(page).unwrap();
            let sheet = markup::read(&html, PATIENCE).unwrap();
            read(&sheet, &page).map(|listed| listed.urls.len())
        };
        let file = "<a href='a.jpg'>a</a>";
        for (title, page, rest, expected) in [
            ("Index of refraction - Optics", "/wiki/ior", file, None),
            ("Index of refraction", "/optics/ior/", file, None),
            (
                "Index of refraction",
                "/optics/refraction/",
                "<img src=/a.jpg>",
                None,
            ),
            ("Index of terms in a/b tests", "/terms/", file, None),
            ("Index of pub/linux", "/ftp/pub/linux/", file, Some(1)),
            ("Index of http://x.org/pub/", "/pub/", file, Some(1)),
            ("Index of our files", "/f/", file, None),
            (
                "Index of our files",
                "/f/",
                "<a href='../'>up</a><a href='a.zip'>a</a>",
                Some(1),
            ),
            ("Index of /", "/", file, Some(1)),
            (
                "Index of /empty",
                "/empty/",
                "<a href='../'>up</a>",
                Some(0),
            ),
            ("Directory listing for /", "/", file, Some(1)),
        ] {
            assert_eq!(listed(title, page, rest), expected, "{title} {page}");
        }
    }
}
