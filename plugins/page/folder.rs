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
    let starts = ["Index of ", "Directory listing for "];
    let title = sheet.title.trim();
    let says = |text: &str| starts.iter().any(|start| text.starts_with(start));
    let is_caddy = sheet
        .links
        .iter()
        .any(|link| link.contains("caddyserver.com"))
        && sheet.links.iter().any(|link| link.starts_with("./"));
    if !says(title) && !says(sheet.heading.trim()) && !is_caddy {
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
    let urls = inside.collect();
    let cut = sheet.cut || room == 0;
    Some(Listed { urls, cut })
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
}
