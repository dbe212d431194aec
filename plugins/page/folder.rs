//! Directory listings of web servers: Apache, nginx, lighttpd, Caddy, IIS, Tomcat, Jetty, h5ai, Python, `serve`.

use std::collections::HashSet;
use std::sync::Arc;

use fetch::model::{Album, Body, Link, Medium, Meta, Result};
use fetch::source::url_medium;
use url::Url;

use super::choice::{ROOM, web};
use super::crawl::Crawl;
use super::frontier::Frontier;
use super::parsed_page::ParsedPage;

/// The content of a folder.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) urls: Vec<Url>,
    /// How many links are pages, or lead elsewhere than up.
    pub(super) left: usize,
    /// Whether there is more than was examined.
    pub(super) cut: bool,
}

/// Returns the files and folders in a listing, in order; `None` if the page is not a listing.
///
/// Only direct children of the folder count, not links that sort the listing or lead up. Pages in it are left out, as
/// pages are never saved.
pub(super) fn read(parsed: &ParsedPage, page: &Url) -> Option<Listed> {
    let texts = [parsed.title.trim(), parsed.heading.trim()];
    let mut named: Vec<&str> = texts.iter().filter_map(|text| called(text)).collect();
    let placed = by_place(parsed, page);
    named.extend(placed);
    let is_h5ai = parsed.title.trim().starts_with("index - powered by h5ai");
    let is_caddy = parsed
        .links
        .iter()
        .any(|link| link.contains("caddyserver.com"))
        && parsed.links.iter().any(|link| link.starts_with("./"));
    // Anything but a path may also be an ordinary title: `Index of refraction`.
    let is_path = |name: &&str| name.starts_with('/');
    let is_sure = is_caddy || is_h5ai || placed.is_some() || named.iter().any(is_path);
    let leads_up = || {
        parsed
            .links
            .iter()
            .any(|link| matches!(&**link, ".." | "../"))
    };
    let may_be = |name: &&str| is_named(page, name) || leads_up();
    if !is_sure && !named.iter().any(may_be) {
        return None;
    }
    // A folder may be shown without its trailing slash, with links written as if it were there.
    let mut folder = page.clone();
    if !page.path().ends_with('/') && named.iter().any(|name| is_named(page, name)) {
        folder.set_path(&format!("{}/", page.path()));
    }
    let mut seen = HashSet::new();
    let mut room = ROOM;
    let mut left = 0;
    let inside = parsed.links.iter().filter_map(|link| {
        let url = (room > 0).then(|| web(page, link))??;
        room = room.saturating_sub(url.as_str().len());
        let name = name_in(&folder, &url).map(|name| (url, name));
        let (url, name) = match name {
            Some(found) => found,
            None => {
                let url = web(&folder, link)?;
                let Some(name) = name_in(&folder, &url) else {
                    left += usize::from(leads_aside(&folder, &url));
                    return None;
                };
                (url, name)
            }
        };
        if !seen.insert(url.clone()) {
            return None;
        }
        let name = name.to_ascii_lowercase();
        let mut pages_end = [".html", ".htm", ".php"].iter();
        let is_page = !url.path().ends_with('/') && pages_end.any(|end| name.ends_with(end));
        left += usize::from(is_page);
        (!is_page).then_some(url)
    });
    let urls: Vec<Url> = inside.collect();
    if urls.is_empty() && !is_sure {
        return None;
    }
    let cut = parsed.cut || room == 0;
    Some(Listed { urls, left, cut })
}

/// Returns the folder name in the title of a listing.
fn called(text: &str) -> Option<&str> {
    let starts = ["Index of ", "Directory listing for "];
    let loose = starts.iter().find_map(|start| text.strip_prefix(start));
    loose.or_else(|| {
        // Tomcat and Jetty. Anything but a path could be something else.
        let starts = ["Directory Listing For ", "Directory: "];
        let name = starts.iter().find_map(|start| text.strip_prefix(start))?;
        let name = name.trim_start_matches('[').trim_end_matches(']');
        name.starts_with('/').then_some(name)
    })
}

/// Returns the folder name in titles whose wording is common, so that they must match the address: IIS writes `x.org -
/// /pub/`, and `serve` `Files within folder/pub/`.
fn by_place<'a>(parsed: &'a ParsedPage, page: &Url) -> Option<&'a str> {
    let title = parsed.title.trim();
    if let Some(name) = title.strip_prefix("Files within ") {
        // It begins with the folder being served.
        let inner = name.split_once('/').map(|(_, inner)| inner);
        let is_top = inner == Some("") && page.path() == "/";
        let mut names = [Some(name), inner].into_iter().flatten();
        return match is_top {
            true => inner,
            false => names.find(|known| name.ends_with('/') && is_named(page, known)),
        };
    }
    let (host, path) = title.rsplit_once(" - ")?;
    let own = percent_encoding::percent_decode_str(page.path()).decode_utf8_lossy();
    let is_own = path.starts_with('/') && path.trim_matches('/') == own.trim_matches('/');
    let is_host = page
        .host_str()
        .is_some_and(|own| host.eq_ignore_ascii_case(own));
    // The host may be written under another name.
    let is_word = path != "/" && !host.contains(char::is_whitespace);
    let is_iis = is_own && (is_host || is_word && title == parsed.heading.trim());
    is_iis.then_some(path)
}

/// Returns the name of a folder deeper below the one in the link, including the folders in between, since several may
/// contain one of the same name.
pub(super) fn below(home: &Url, here: &Url) -> Option<String> {
    let rest = here.path().strip_prefix(home.path())?;
    let is_below = home.origin() == here.origin() && home.path().ends_with('/');
    let names = rest.split('/').filter(|name| is_below && !name.is_empty());
    let decoded = |name| percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    let names: Vec<_> = names.map(decoded).collect();
    (names.len() > 1).then(|| names.join(" - "))
}

/// Returns the name of a direct child of a folder. An address may be written in several ways (`(` and `%28`).
fn name_in(folder: &Url, url: &Url) -> Option<String> {
    let decoded = |part| percent_encoding::percent_decode_str(part).collect::<Vec<u8>>();
    let mut parts = url.path_segments()?;
    let mut above: Vec<&str> = folder.path_segments()?.collect();
    let is_inside = url.origin() == folder.origin()
        && url.query().is_none()
        && above.pop() == Some("")
        && above
            .into_iter()
            .all(|part| parts.next().map(decoded) == Some(decoded(part)));
    let name = parts.next().filter(|name| is_inside && !name.is_empty())?;
    matches!((parts.next(), parts.next()), (None | Some(""), None)).then(|| name.to_owned())
}

/// Checks whether an address is on the same server and is neither a different sort order of the folder nor one of its
/// parents.
fn leads_aside(folder: &Url, url: &Url) -> bool {
    url.origin() == folder.origin()
        && url.query().is_none()
        && !folder.path().starts_with(url.path())
}

/// Checks whether the address of a page ends with the folder name in its title.
fn is_named(page: &Url, name: &str) -> bool {
    let path = percent_encoding::percent_decode_str(page.path()).decode_utf8_lossy();
    let place = format!("{}{path}", page.host_str().unwrap_or(""));
    let name = name.trim().rsplit("://").next().unwrap_or("");
    let name = name.trim_matches('/');
    let rest = place.trim_matches('/').strip_suffix(name);
    !name.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

impl Crawl<'_> {
    /// Emits the files of a folder. They keep their names and get no numbers, which would change with each new file.
    pub(super) async fn folder(
        &mut self,
        here: &Url,
        listed: Listed,
        album: &Arc<Album>,
        depth: u32,
        frontier: &mut Frontier<'_>,
    ) -> Result<()> {
        let options = &self.options;
        // When listed among other folders, one may contain only pages.
        let is_asked = depth == 0 && !self.is_handed;
        self.is_folder |= is_asked;
        if listed.urls.is_empty() && is_asked {
            self.left = listed.left;
        }
        for url in listed.urls {
            if url.path().ends_with('/') {
                if self.follows {
                    if depth < options.depth {
                        frontier.add(url, depth + 1);
                    }
                } else if options.folders
                    && let Ok(link) = Url::parse(&format!("page:{url}"))
                {
                    self.handed += 1;
                    self.out.link(Link::from(link)).await?;
                }
                continue;
            }
            let meta = Meta {
                album: Some(album.clone()),
                page: Some(here.clone()),
                ..Meta::default()
            };
            // As for a direct link: an empty, zeroed or text file in its place is not a success.
            let medium = url_medium(&url).map(|_| Medium::Any);
            let mut item = self.page.item(here, url, medium, meta);
            if let Body::File(_) = item.body {
                // For `Makefile`, no extension is to be added.
                item.meta.ext.get_or_insert_default();
            }
            self.out.unnumbered(item).await?;
        }
        // An empty folder is a valid result.
        self.handed += u32::from(self.left == 0);
        if listed.cut {
            self.cut.get_or_insert_with(|| here.clone());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{PATIENCE, markup};
    use super::*;

    #[test]
    fn only_what_is_in_the_folder_counts() {
        let html = "<title>Index of /f/</title><h1>Index of /f/</h1><a href='?C=N;O=D'>Name</a>\
            <a href='../'>up</a><a href='/'>top</a><a href='/f/'>here</a><a href='a%20b.jpg'>a b</a><a href='sub/'>sub</a>\
            <a href='/f/c.zip'>c</a><a href='x/y.jpg'>y</a><a href='//evil.example/f/z.jpg'>z</a><a href='index.html'>i</a><a href='a.html/'>d</a>";
        let page = Url::parse("http://x.org/f/").unwrap();
        let listed = read(&markup::read(html, PATIENCE).unwrap(), &page).unwrap();
        assert!(!listed.cut);
        let listed: Vec<_> = listed.urls.iter().map(Url::path).collect();
        assert_eq!(
            listed,
            ["/f/a%20b.jpg", "/f/sub/", "/f/c.zip", "/f/a.html/"]
        );
        assert!(
            read(
                &markup::read("<title>Index</title>", PATIENCE).unwrap(),
                &page
            )
            .is_none()
        );
    }

    #[test]
    fn a_nested_folder_is_named_by_its_parents() {
        let called = |home: &str, here: &str| {
            let url = |text: &str| Url::parse("http://x.org/").unwrap().join(text).unwrap();
            below(&url(home), &url(here))
        };
        let live = called("/music/", "/music/Abba/Live%201/");
        assert_eq!(live.as_deref(), Some("Abba - Live 1"));
        assert_eq!(called("/music/", "/music/Abba/"), None);
        assert_eq!(called("/music/", "/music/"), None);
        assert_eq!(called("/mu", "/music/Abba/Live/"), None);
        assert_eq!(called("/music/", "http://y.org/music/a/b/"), None);
    }

    #[test]
    fn an_article_is_not_a_folder_whatever_its_title() {
        let listed = |title: &str, page: &str, rest: &str| {
            let html = format!("<title>{title}</title><h1>{title}</h1>{rest}");
            let page = Url::parse("http://x.org/").unwrap().join(page).unwrap();
            let parsed = markup::read(&html, PATIENCE).unwrap();
            read(&parsed, &page).map(|listed| listed.urls.len())
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

    #[test]
    fn folder_listings_of_each_server_are_recognised() {
        let listed = |page: &str, html: &str| {
            let page = Url::parse("http://x.org/").unwrap().join(page).unwrap();
            let listed = read(&markup::read(html, PATIENCE).unwrap(), &page);
            listed.map(|listed| {
                listed
                    .urls
                    .iter()
                    .map(|url| url.path().to_owned())
                    .collect::<Vec<_>>()
            })
        };
        let files = "<a href='/pub/sub/'>sub</a><a href='/pub/cat.jpg'>cat</a><a href='/pub/data.bin'>data</a>";
        let iis = |title: &str| {
            format!(
                "<title>{title}</title><h1>{title}</h1><a href='/'>[To Parent Directory]</a>{files}"
            )
        };
        let both = |title: &str, heading: &str| {
            format!("<title>{title}</title><h1>{heading}</h1><a href='..'>..</a>{files}")
        };
        for html in [
            iis("x.org - /pub/"),
            iis("X.ORG - /pub/"),
            // Behind another host.
            iis("inside - /pub/"),
            both(
                "Directory Listing For [/pub/]",
                "Directory Listing For [/pub/] - <a href='/'>Up To [/]</a>",
            ),
            both("Directory: /pub/", "Directory: /pub/"),
            both(
                "Files within srv/pub/",
                "<i>Index of&nbsp;</i><a href='/'>srv</a>/<a href='/pub'>pub</a>/",
            ),
            both(
                "index - powered by h5ai v0.30.0 (https://larsjung.de/h5ai/)",
                "",
            ),
        ] {
            let expected = ["/pub/sub/", "/pub/cat.jpg", "/pub/data.bin"];
            assert_eq!(
                listed("/pub/", &html).as_deref(),
                Some(&expected.map(str::to_owned)[..]),
                "{html}"
            );
        }
        let root = "<title>x.org - /</title><h1>x.org - /</h1><a href='/cat.jpg'>cat</a>";
        assert!(listed("/", root).is_some());
        let root = "<title>Files within srv/</title><a href='/cat.jpg'>cat</a>";
        assert!(listed("/", root).is_some());
        for html in [
            // A page named after its path, and one named after its content.
            both("All of x.org - /pub/", "Pub"),
            both("Pub photos - /pub/", "Pub photos - /pub/"),
            both("x.org - /other/", "x.org - /other/"),
            both("x.org - Pub", "x.org - Pub"),
            both("Files within reach", ""),
            both("Files within reach of a/b", ""),
            both("Directory: our members", ""),
            both("How h5ai is powered by h5ai", ""),
        ] {
            assert_eq!(listed("/pub/", &html), None, "{html}");
        }
        let home = "<title>Home - /</title><h1>Home - /</h1><a href='/cat.jpg'>cat</a>";
        assert_eq!(listed("/", home), None);
    }
}
