//! Any URL whose response is a file.

use fetch::async_trait;
use fetch::model::{Body, Error, Expect, Item, Kind, Medium, Meta, Request, Result};
use fetch::net::Redacted;
use fetch::source::{Ctx, Manifest, Outlet, Route, Source, Target, url_key, url_medium, url_name};
use url::Url;

/// Takes every link that no other source handles, as a single file. If the response is a page, a feed or a listing, it goes
/// to the source that reads it, unless the URL promises a file.
pub struct Direct {
    manifest: Manifest,
    /// The terms, such as depth and patterns, for listing a page that comes in place of a file.
    terms: Option<String>,
}

impl Direct {
    /// Creates the source; it has no options.
    ///
    /// # Errors
    /// None as long as its only route is valid.
    pub fn new() -> Result<Direct> {
        let manifest = Manifest {
            name: "direct".into(),
            about: "any URL whose response is a file".into(),
            routes: vec![Route::new(
                "file",
                "{host...}/{path...}",
                "https://example.org/pictures/cat.jpg",
            )?],
        };
        Ok(Direct {
            manifest,
            terms: None,
        })
    }

    /// Sets the terms on which pages are listed, so that a link that fails before it is known to be a page is retried on the
    /// same terms.
    #[must_use]
    pub fn on_terms(self, terms: Option<String>) -> Direct {
        Direct { terms, ..self }
    }
}

#[async_trait]
impl Source for Direct {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn list(&self, _ctx: &Ctx, target: &Target, out: &Outlet) -> Result<()> {
        let text = target.link.url.as_str();
        let url = Url::parse(text.strip_prefix("direct:").unwrap_or(text));
        let url = url
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"));
        let mut url = url.ok_or_else(|| {
            let message = format!("`{}` is not a valid link", Redacted(&target.link.url));
            Error::new(Kind::Config, message).hint("write an http or https URL after `direct:`")
        })?;
        url.set_fragment(None);
        let key = url_key(&url);
        let (name, ext) = url_name(&url);
        let medium = url_medium(&url).map(|_| Medium::Any);
        let document = medium.is_none() && !ext.as_deref().is_some_and(is_no_document);
        if document
            && !target.handed
            && let Some(terms) = target.terms.as_ref().or(self.terms.as_ref())
        {
            out.terms(terms.clone());
        }
        let meta = Meta {
            name: target.link.meta.name.clone().or(name),
            ext,
            ..target.link.meta.clone()
        };
        let request = Request {
            expect: Expect {
                medium,
                document,
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

    /// Returns the same URL, which may redirect elsewhere by now: to a mirror that works, or with a valid signature.
    async fn resolve(&self, _ctx: &Ctx, item: &Item) -> Result<Body> {
        Ok(item.body.clone())
    }
}

/// Whether a URL with this extension promises a file, so that a page in its place is a failure.
pub(super) fn is_no_document(ext: &str) -> bool {
    let known = [
        "7z", "apk", "bz2", "cbr", "cbz", "csv", "deb", "dmg", "doc", "docx", "epub", "exe", "gz",
        "iso", "jar", "mobi", "msi", "odt", "pdf", "pkg", "ppt", "pptx", "rar", "rpm", "srt",
        "svg", "tar", "tgz", "torrent", "vtt", "xls", "xlsx", "xz", "zip", "zst",
    ];
    let last = ext.rsplit('.').next().unwrap_or(ext);
    known.contains(&last.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use fetch::model::{Entry, Link};
    use fetch::net::{Client, Settings};
    use fetch::source::{Registry, outlet};

    use super::*;

    /// The only item of a link.
    async fn item(link: &str) -> Item {
        let mut sources = Registry::new();
        sources.add(Direct::new().unwrap());
        let link: Link = sources.parse_link(link).unwrap();
        let (source, target) = sources.find(&link).unwrap();
        let ctx = Ctx::new(Client::new(Settings::default()).unwrap());
        let (out, mut entries) = outlet(2);
        source.list(&ctx, &target, &out).await.unwrap();
        match entries.try_recv().unwrap() {
            Entry::Item(item) => *item,
            other => panic!("it emitted {other:?}"),
        }
    }

    #[tokio::test]
    async fn a_file_is_named_as_its_url_is() {
        let table = [
            ("https://a.org/b/cat.jpg", "cat", "jpg", true),
            ("https://a.org/cat.JPEG?w=3#x", "cat", "JPEG", true),
            ("https://a.org/two%20cats.png", "two cats", "png", true),
            ("https://a.org/cats.tar.gz", "cats", "tar.gz", false),
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
            let may_be_document = !is_medium && ext != "tar.gz";
            assert_eq!(request.expect.document, may_be_document, "{link}");
        }
    }

    #[tokio::test]
    async fn its_name_may_stand_before_the_address() {
        let named = item("direct:https://a.org/cat.jpg?w=3#top").await;
        let plain = item("https://a.org/cat.jpg?w=3").await;
        assert_eq!((named.key, named.body), (plain.key, plain.body));
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
}
