//! A source for requests from a browser: its items are known in advance.

use async_trait::async_trait;
use url::Url;

use super::headers::RequestHeaders;
use crate::model::{Body, Error, Expect, Item, Kind, Medium, Meta, Request, Result};
use crate::source::{Ctx, Manifest, Outlet, Source, Target, url_key, url_name};

/// The name of the source.
pub(in crate::cli) const NAME: &str = "browser";

/// Lists the given items.
pub(super) struct Browser {
    manifest: Manifest,
    items: Vec<Item>,
    is_public: bool,
}

impl Browser {
    /// A source of these items, which may lead to private addresses unless it is public.
    pub(super) fn new(items: Vec<Item>, is_public: bool) -> Browser {
        let manifest = Manifest {
            name: NAME.into(),
            about: "requests that a browser has made".into(),
            routes: Vec::new(),
        };
        Browser {
            manifest,
            items,
            is_public,
        }
    }
}

#[async_trait]
impl Source for Browser {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn list(&self, ctx: &Ctx, _target: &Target, out: &Outlet) -> Result<()> {
        if self.items.is_empty() {
            let error = Error::new(Kind::Expired, "its headers are not remembered");
            let hint = "run the same `fetch from-har` or `fetch from-curl` again";
            return Err(error.hint(hint));
        }
        if self.is_public {
            ctx.mark_public();
        }
        for item in &self.items {
            out.item(item.clone()).await?;
        }
        Ok(())
    }
}

/// The item of a request.
pub(super) fn item(
    mut url: Url,
    headers: RequestHeaders,
    medium: Option<Medium>,
    document: bool,
) -> Item {
    url.set_fragment(None);
    let (name, ext) = url_name(&url);
    let page = headers
        .get("referer")
        .and_then(|page| Url::parse(page).ok());
    let meta = Meta {
        name,
        ext,
        page: page.filter(|page| matches!(page.scheme(), "http" | "https")),
        ..Meta::default()
    };
    Item {
        source: NAME.into(),
        key: url_key(&url),
        meta,
        body: Body::File(Request {
            headers: headers.finish(),
            expect: Expect {
                medium,
                document,
                ..Expect::default()
            },
            ..Request::new(url)
        }),
    }
}

/// The item of a request for the playlist of a stream.
pub(super) fn stream(url: Url, headers: RequestHeaders) -> Item {
    let mut item = item(url, headers, None, false);
    item.meta.ext = None;
    if let Body::File(request) = item.body {
        item.body = Body::Hls(request);
    }
    item
}

/// The URL of an item.
pub(super) fn url(item: &Item) -> Option<&Url> {
    match &item.body {
        Body::File(request) | Body::Hls(request) => Some(&request.url),
        _ => None,
    }
}
