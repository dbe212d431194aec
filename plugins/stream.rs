//! Streams: a playlist of HLS or a manifest of DASH at any URL, as one film.
//!
//! It tells what a playlist is, and names the film. What is in the playlist is for the transfer, which asks for it anew when
//! its turn comes: a live one is another by then.

use fetch::async_trait;
use fetch::model::{Body, Document, Error, Item, Kind, Meta, Request, Result};
use fetch::net::Shown;
use fetch::source::{Ctx, Manifest, Outlet, Route, Source, Target, url_key, url_name};
use url::Url;

use super::page::web;

/// In so many bytes, what describes a stream says what it is.
const HEAD: usize = 4096;

/// Streams of any site.
pub struct Stream {
    manifest: Manifest,
}

impl Stream {
    /// Makes the source; it has no options.
    ///
    /// # Errors
    /// None while its one route can be read.
    pub fn new() -> Result<Stream> {
        let example = "stream:https://example.org/film/master.m3u8";
        Ok(Stream {
            manifest: Manifest {
                name: "stream".into(),
                about: "films that come as a playlist of segments: HLS, DASH".into(),
                routes: vec![Route::new("id", "stream:{url...}", example)?],
            },
        })
    }
}

#[async_trait]
impl Source for Stream {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn reads(&self, document: Document) -> bool {
        document == Document::Stream
    }

    async fn list(&self, ctx: &Ctx, target: &Target, out: &Outlet) -> Result<()> {
        let text = target.link.url.as_str();
        let url = Url::parse(text.strip_prefix("stream:").unwrap_or(text));
        let url = url.ok().and_then(|url| web(&url, "")).ok_or_else(|| {
            let message = format!("`{}` is no stream", Shown(&target.link.url));
            Error::new(Kind::Config, message).hint("`stream:` is followed by an http or https URL")
        })?;
        let answer = ctx.get(url.clone()).send().await?.ok()?;
        let start = answer
            .body
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(&answer.body);
        let is_hls = start.starts_with(b"#EXTM3U");
        let head = String::from_utf8_lossy(&start[..start.len().min(HEAD)]);
        if !is_hls && !head.contains("<MPD") {
            let message = format!("`{}` is no playlist of a stream", Shown(&url));
            return Err(Error::new(Kind::Unsupported, message));
        }
        let known = &target.link.meta;
        out.item(Item {
            source: self.manifest.name.clone(),
            key: url_key(&url),
            meta: Meta {
                name: known.name.clone().or_else(|| film_name(&url)),
                ext: None,
                ..known.clone()
            },
            body: match is_hls {
                true => Body::Hls(Request::new(url)),
                false => Body::Dash(Request::new(url)),
            },
        })
        .await
    }
}

/// The name of a film by the URL of its playlist: most of those are called the same, and the folder tells what it is of.
pub(super) fn film_name(url: &Url) -> Option<String> {
    let says_nothing = |name: &str| {
        let name = name.to_ascii_lowercase();
        let known = [
            "chunklist",
            "hls",
            "index",
            "main",
            "manifest",
            "master",
            "media",
            "play",
            "playlist",
            "prog_index",
            "stream",
            "video",
        ];
        name.is_empty() || known.contains(&name.as_str())
    };
    let (own, _) = url_name(url);
    let mut folder = url.clone();
    folder.set_query(None);
    let mut names = std::iter::from_fn(|| {
        folder.path_segments_mut().ok()?.pop();
        Some(url_name(&folder).0.unwrap_or_default())
    })
    // The way up ends at the root, which has no name.
    .take(4);
    let better = match own.as_deref() {
        Some(own) if !says_nothing(own) => None,
        // `film.mp4/master.m3u8` and `film.ism/manifest` are of `film`.
        _ => names.find(|name| !says_nothing(name)),
    };
    better.or(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_is_named_by_what_tells_it_from_others() {
        let table = [
            ("https://x.org/cats.m3u8?t=1", Some("cats")),
            ("https://x.org/films/cats/master.m3u8", Some("cats")),
            ("https://x.org/films/cats.mp4/index.m3u8", Some("cats")),
            ("https://x.org/cats/hls/playlist.m3u8", Some("cats")),
            ("https://x.org/master.m3u8", Some("master")),
            ("https://x.org/", None),
            ("https://x.org/a%20b/INDEX.m3u8", Some("a b")),
        ];
        for (link, expected) in table {
            assert_eq!(
                film_name(&Url::parse(link).unwrap()).as_deref(),
                expected,
                "{link}"
            );
        }
    }
}
