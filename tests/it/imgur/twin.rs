//! The same links by a script, `examples/imgur`: it gives the same items as the source in Rust.

use std::path::Path;
use std::time::Duration;

use fetch::model::{Body, Entry, Item};
use fetch::net::{Client, Secret, Settings};
use fetch::plugins::imgur::{Animated, Imgur, Options};
use fetch::script::{FoundPlugin, Script};
use fetch::source::{Ctx, Registry, Source, outlet};
use serde_json::{Value, json};

use super::api;
use crate::support::tls::TlsServer;
use crate::support::{Reply, Site};

/// Lists a link with API v3 at its own name, behind a proxy.
async fn list(source: impl Source + 'static, front: &TlsServer, link: &str) -> Vec<Entry> {
    let mut registry = Registry::new();
    registry.add(source);
    let settings = Settings {
        proxy: Some(front.as_proxy()),
        ca_cert: vec![front.authority()],
        backoff: Duration::from_millis(1),
        retries: 0,
        ..Settings::default()
    };
    let ctx = Ctx::new(Client::new(settings).unwrap());
    let (source, target) = registry.find(&registry.parse_link(link).unwrap()).unwrap();
    let (out, mut entries) = outlet(1000);
    source.list(&ctx, &target, &out).await.unwrap();
    drop(out);
    let mut found = Vec::new();
    while let Some(entry) = entries.recv().await {
        found.push(entry);
    }
    found
}

/// The items, without what a script has no word for: the pictures that are no item, and what this site's ETag is.
fn items(entries: Vec<Entry>) -> Vec<Item> {
    let items = entries.into_iter().filter_map(|entry| match entry {
        Entry::Item(item) => Some(*item),
        _ => None,
    });
    let plain = items.map(|mut item| {
        if let Body::File(request) = &mut item.body {
            request.expect.placeholders = Default::default();
            request.expect.etag_is_md5 = false;
        }
        item
    });
    plain.collect()
}

async fn same(site: &Site, link: &str, animated: Animated) -> Vec<Item> {
    let front = TlsServer::proxy_to("api.imgur.com", site);
    let native = Imgur::new(Options {
        client_id: Some(Secret::new("a-key")),
        animated,
        ..Options::default()
    });
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/imgur");
    let set = json!({
        "client_id": "a-key",
        "animated": match animated {
            Animated::Original => "original",
            Animated::Mp4 => "mp4",
        },
    });
    let twin = Script::new(FoundPlugin::read(&folder).unwrap(), set);
    let ours = items(list(native.unwrap(), &front, link).await);
    let twins = items(list(twin.unwrap(), &front, link).await);
    assert_eq!(ours, twins);
    let keys = site.requests();
    assert!(
        keys.iter()
            .all(|seen| seen.header("authorization") == Some("Client-ID a-key"))
    );
    ours
}

fn image(id: &str, medium: &str, more: Value) -> Value {
    let ext = medium.rsplit('/').next().unwrap();
    let mut image = json!({
        "id": id, "type": medium, "link": format!("https://i.imgur.com/{id}.{ext}?1"), "animated": false,
        "width": 640, "height": 480, "size": 1234, "datetime": 1_400_000_000, "views": 12, "nsfw": null,
        "title": null, "description": null, "account_url": null, "has_sound": false,
    });
    for (name, value) in more.as_object().unwrap() {
        image[name] = value.clone();
    }
    image
}

#[tokio::test]
async fn the_script_lists_an_album_like_the_native_source() {
    let site = Site::start();
    let gif = json!({
        "animated": true, "link": "http://i.imgur.com/ggggggh.gif", "mp4": "https://i.imgur.com/gggggg.mp4", "mp4_size": 99,
    });
    let fresh = json!({ "animated": true, "mp4": "", "mp4_size": 0 });
    let images = json!([
        image(
            "aaaaa",
            "image/jpeg",
            json!({ "title": " Cats &amp; <dogs> &#39; ", "description": "two\nlines" })
        ),
        image(
            "bbbbb",
            "image/png",
            json!({ "account_url": "sarah", "nsfw": true, "size": 0 })
        ),
        image("gggggg", "image/gif", gif),
        image("hhhhh", "image/gif", fresh),
        image(
            "vvvvv",
            "video/mp4",
            json!({ "animated": true, "has_sound": true, "width": null })
        ),
    ]);
    let album = json!({ "id": "q6i58", "title": "&quot;Pets&quot;", "is_album": true, "images_count": 5, "images": images });
    site.on("/3/album/q6i58", api(album));
    for (animated, third) in [(Animated::Original, "gif"), (Animated::Mp4, "mp4")] {
        let items = same(&site, "imgur.com/a/q6i58", animated).await;
        assert_eq!(items.len(), 5);
        assert_eq!(items[2].meta.ext.as_deref(), Some(third));
        assert_eq!(items[0].meta.title.as_deref(), Some("Cats & <dogs> '"));
    }
}

#[tokio::test]
async fn the_script_lists_a_subreddit_like_the_native_source() {
    let site = Site::start();
    for page in 0..3 {
        let posts: Vec<Value> = (0..if page < 2 { 60 } else { 0 })
            .map(|at| image(&format!("p{page}i{at:03}"), "image/jpeg", json!({})))
            .collect();
        let path = format!("/3/gallery/r/pics/time/all/{page}");
        site.on(
            &path,
            Reply::json(json!({ "data": posts, "success": true, "status": 200 }).to_string()),
        );
    }
    let items = same(&site, "imgur.com/r/pics", Animated::Original).await;
    assert_eq!(items.len(), 120);
    assert_eq!(items[119].meta.number, Some(120));
}
