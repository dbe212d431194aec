//! The outlet: bounded, closed when nobody wants more, and counting.

use std::sync::Arc;

use fetch::model::{Album, Body, Entry, Item, Kind, Link, Meta};
use fetch::source::outlet;
use futures_util::FutureExt;

fn item(key: &str, album: bool, number: Option<u64>) -> Item {
    Item {
        source: "test".into(),
        key: key.into(),
        meta: Meta {
            album: album.then(|| Arc::new(Album::default())),
            number,
            ..Meta::default()
        },
        body: Body::Later,
    }
}

#[tokio::test]
async fn a_full_outlet_makes_its_source_wait() {
    let (out, mut entries) = outlet(2);
    out.item(item("one", false, None)).await.unwrap();
    out.item(item("two", false, None)).await.unwrap();
    let mut third = Box::pin(out.item(item("three", false, None)));
    assert!((&mut third).now_or_never().is_none());
    entries.recv().await.unwrap();
    third.await.unwrap();
    assert_eq!(out.items(), 3);
}

#[tokio::test]
async fn an_outlet_without_a_receiver_is_closed() {
    let (out, entries) = outlet(1);
    out.item(item("one", false, None)).await.unwrap();
    let waiting = out.item(item("two", false, None));
    drop(entries);
    let link: Link = url::Url::parse("https://example.org/").unwrap().into();
    for outcome in [waiting.await, out.link(link).await] {
        assert_eq!(outcome.unwrap_err().kind, Kind::Closed);
    }
}

#[tokio::test]
async fn album_items_are_numbered_in_listing_order() {
    let (out, mut entries) = outlet(8);
    for (key, album, number) in [
        ("first", true, None),
        ("second", true, None),
        ("given", true, Some(40)),
        ("alone", false, None),
        ("last", true, None),
    ] {
        out.item(item(key, album, number)).await.unwrap();
    }
    drop(out);
    let mut numbers = Vec::new();
    while let Some(entry) = entries.recv().await {
        let Entry::Item(item) = entry else {
            panic!("only items were emitted");
        };
        numbers.push((item.key, item.meta.number));
    }
    let expected = [
        ("first", Some(1)),
        ("second", Some(2)),
        ("given", Some(40)),
        ("alone", None),
        ("last", Some(5)),
    ];
    assert_eq!(
        numbers,
        expected.map(|(key, number)| (key.to_owned(), number))
    );
}
