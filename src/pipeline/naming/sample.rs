//! Made-up items for trying out templates and filters before anything is downloaded.

use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{Album, Body, Item, Meta, Request};

/// Returns an item with every field.
pub(crate) fn full() -> Item {
    let text = |text: &str| Some(text.to_owned());
    let url = "https://example.com/a.jpg".parse().ok();
    Item {
        source: "sample".to_owned(),
        key: "key".to_owned(),
        meta: Meta {
            name: text("name"),
            ext: text("jpg"),
            title: text("title"),
            description: text("description"),
            author: text("author"),
            date: Some(Timestamp::UNIX_EPOCH),
            album: Some(Arc::new(Album {
                id: "id".to_owned(),
                title: text("album"),
                count: Some(2),
            })),
            number: Some(1),
            width: Some(640),
            height: Some(480),
            page: "https://example.com/a".parse().ok(),
            formerly: None,
            extra: Default::default(),
        },
        body: url.map_or(Body::Later, |url| {
            let mut request = Request::new(url);
            request.expect.size = Some(100_000);
            Body::File(request)
        }),
    }
}

/// Returns an item whose texts are numbers.
pub(crate) fn digits() -> Item {
    let text = || "12345678".to_owned();
    let full = full();
    Item {
        key: text(),
        meta: Meta {
            name: Some(text()),
            title: Some(text()),
            description: Some(text()),
            author: Some(text()),
            album: full.meta.album.map(|album| {
                Arc::new(Album {
                    id: text(),
                    title: Some(text()),
                    count: album.count,
                })
            }),
            ..full.meta
        },
        ..full
    }
}

/// Returns an item with nothing but its identity.
pub(crate) fn bare() -> Item {
    Item {
        source: "sample".to_owned(),
        key: "key".to_owned(),
        meta: Meta::default(),
        body: Body::Later,
    }
}
