//! Any URL that answers with a file.

use fetch::async_trait;
use fetch::model::{Body, Expect, Item, Medium, Meta, Request, Result};
use fetch::net::Shown;
use fetch::source::{Ctx, Manifest, Outlet, Route, Source, Target};
use url::Url;

/// Takes every link that no other source knows, as one file. The transfer refuses it if it turns out to be a page.
pub struct Direct {
    manifest: Manifest,
}

impl Direct {
    /// Makes the source; it has no options.
    ///
    /// # Errors
    /// None while its one route can be read.
    pub fn new() -> Result<Direct> {
        let manifest = Manifest {
            name: "direct".into(),
            about: "any URL that answers with a file".into(),
            routes: vec![Route::new(
                "file",
                "{host...}/{path...}",
                "https://example.org/pictures/cat.jpg",
            )?],
        };
        Ok(Direct { manifest })
    }
}

#[async_trait]
impl Source for Direct {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn list(&self, _ctx: &Ctx, target: &Target, out: &Outlet) -> Result<()> {
        let mut url = target.link.url.clone();
        url.set_fragment(None);
        let key = key(&url);
        let last = target.param("path").rsplit('/').next().unwrap_or("");
        let (name, ext) = match last.rsplit_once('.') {
            Some((name, ext)) if !name.is_empty() && is_ext(ext) => (name, Some(ext.to_owned())),
            _ => (last, None),
        };
        let medium = ext.as_deref().and_then(medium);
        let meta = Meta {
            name: target
                .link
                .meta
                .name
                .clone()
                .or_else(|| (!name.is_empty()).then(|| name.to_owned())),
            ext,
            ..target.link.meta.clone()
        };
        let request = Request {
            expect: Expect {
                medium,
                ..Expect::default()
            },
            ..Request::new(url)
        };
        out.item(Item {
            source: self.manifest.name.clone(),
            key,
            meta,
            body: Body::File(request),
        })
        .await
    }

    /// The address is the same, and may lead elsewhere now: to a mirror that is there, with a signature that holds.
    async fn resolve(&self, _ctx: &Ctx, item: &Item) -> Result<Body> {
        Ok(item.body.clone())
    }
}

/// The identity of a URL: itself, but for what lets somebody in. A password is left out, since the next one leads to the
/// same file; secret values in the query are told apart by a digest, since some of them tell files apart.
fn key(url: &Url) -> String {
    let mut plain = url.clone();
    // A URL without a host has no user, so neither call can fail here.
    let _ = plain.set_username("");
    let _ = plain.set_password(None);
    let shown = Shown(&plain).to_string();
    if shown == plain.as_str() {
        return shown;
    }
    let digest = blake3::hash(plain.as_str().as_bytes()).to_hex();
    format!("{shown} {}", &digest[..16])
}

fn is_ext(text: &str) -> bool {
    (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A URL that ends as one of these promises a medium, so a text in its place is no success.
fn medium(ext: &str) -> Option<Medium> {
    let known = [
        "avif", "bmp", "gif", "heic", "jfif", "jpeg", "jpg", "jxl", "png", "tif", "tiff", "webp",
        "avi", "flv", "m4v", "mkv", "mov", "mp4", "mpg", "ogv", "webm", "wmv", "aac", "flac",
        "m4a", "mp3", "oga", "ogg", "opus", "wav",
    ];
    known
        .contains(&ext.to_ascii_lowercase().as_str())
        .then_some(Medium::Any)
}

#[cfg(test)]
mod tests {
    use fetch::model::{Entry, Link};
    use fetch::net::{Client, Settings};
    use fetch::source::{Registry, outlet};

    use super::*;

    /// The one item of a link.
    async fn item(link: &str) -> Item {
        let mut sources = Registry::new();
        sources.add(Direct::new().unwrap());
        let link: Link = sources.read(link).unwrap();
        let (source, target) = sources.find(&link).unwrap();
        let ctx = Ctx::new(Client::new(Settings::default()).unwrap());
        let (out, mut entries) = outlet(2);
        source.list(&ctx, &target, &out).await.unwrap();
        match entries.try_recv().unwrap() {
            Entry::Item(item) => *item,
            Entry::Link(link) => panic!("it handed on {link:?}"),
        }
    }

    #[tokio::test]
    async fn a_file_is_named_as_its_url_is() {
        let table = [
            ("https://a.org/b/cat.jpg", "cat", "jpg", true),
            ("https://a.org/cat.JPEG?w=3#x", "cat", "JPEG", true),
            ("https://a.org/two%20cats.png", "two cats", "png", true),
            ("https://a.org/cats.tar.gz", "cats.tar", "gz", false),
            ("https://a.org/cat", "cat", "", false),
            ("https://a.org/.htaccess", ".htaccess", "", false),
            ("https://a.org/a.b-c", "a.b-c", "", false),
            ("https://a.org/", "", "", false),
            ("https://a.org", "", "", false),
        ];
        for (link, name, ext, is_medium) in table {
            let item = item(link).await;
            assert_eq!(item.meta.name.as_deref().unwrap_or(""), name, "{link}");
            assert_eq!(item.meta.ext.as_deref().unwrap_or(""), ext, "{link}");
            let Body::File(request) = item.body else {
                panic!("{link} is no file");
            };
            let expected = is_medium.then_some(Medium::Any);
            assert_eq!(request.expect.medium, expected, "{link}");
        }
    }

    #[tokio::test]
    async fn one_file_has_one_identity_whoever_asks() {
        let plain = item("https://a.org/cat.jpg?w=3").await;
        let named = item("https://user:secret@a.org/cat.jpg?w=3#top").await;
        assert_eq!(plain.key, "https://a.org/cat.jpg?w=3");
        assert_eq!(named.key, plain.key);
        let Body::File(request) = named.body else {
            panic!("no file");
        };
        let asked = "https://user:secret@a.org/cat.jpg?w=3";
        assert_eq!(request.url.as_str(), asked);
        assert_ne!(item("https://a.org/cat.jpg?w=4").await.key, plain.key);
    }

    #[test]
    fn a_key_holds_no_secret_and_still_tells_files_apart() {
        let key = |url: &str| key(&Url::parse(url).unwrap());
        let (one, two) = (
            key("https://x.org/a?key=1st"),
            key("https://x.org/a?key=2nd"),
        );
        assert!(one.starts_with("https://x.org/a?key=*** ") && !one.contains("1st"));
        assert_ne!(one, two);
    }
}
