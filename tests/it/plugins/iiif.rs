//! Manifests of any host, which come to their plugin because of what they are.

use serde_json::{Value, json};

use super::quick;
use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

/// A manifest with a canvas for each of these services of pictures.
fn manifest(services: &[String]) -> Value {
    let canvas = |(at, service): (usize, &String)| {
        let body = json!({ "id": "x", "type": "Image", "service": [{ "id": service, "type": "ImageService3" }] });
        json!({ "id": format!("canvas {at}"), "type": "Canvas", "items": [{ "items": [{ "body": body }] }] })
    };
    json!({
        "@context": "http://iiif.io/api/presentation/3/context.json",
        "id": "book", "type": "Manifest", "label": { "en": ["A book"] },
        "items": services.iter().enumerate().map(canvas).collect::<Vec<_>>(),
    })
}

#[test]
fn an_iiif_manifest_of_any_host_is_read_once() {
    let site = Site::start();
    let services = ["/a", "/b"].map(|path| site.url(path));
    let text = manifest(&services).to_string();
    site.on("/book/7", Reply::json(text));
    for (at, path) in ["/a", "/b"].iter().enumerate() {
        let picture = small(Format::Jpeg, at as u64);
        site.on(
            &format!("{path}/full/max/0/default.jpg"),
            Reply::file(picture),
        );
    }
    let fetch = quick().arg(site.url("/book/7"));
    fetch.run().success();
    let files: Vec<_> = fetch.files().into_keys().collect();
    assert_eq!(files.len(), 2, "{files:?}");
    assert!(files[0].starts_with("iiif/A book"), "{files:?}");
    let asked = site.requests();
    let times = asked.iter().filter(|request| request.path() == "/book/7");
    assert_eq!(times.count(), 1);
}

#[test]
fn a_public_iiif_manifest_cannot_lead_to_private_addresses() {
    let (site, public) = (Site::start(), Site::start());
    site.on(
        "/a/full/max/0/default.jpg",
        Reply::file(small(Format::Jpeg, 1)),
    )
    .optional();
    let text = manifest(&[site.url("/a")]).to_string();
    public.on("http://public.test/book", Reply::json(text));
    // What a proxy has found counts as public.
    let fetch = quick()
        .env("HTTP_PROXY", public.url(""))
        .env("NO_PROXY", "127.0.0.1")
        .arg("http://public.test/book");
    let done = fetch.run().fails(7);
    assert!(
        done.stderr.contains("may not access `https://127.0.0.1"),
        "{}",
        done.stderr
    );
    assert!(site.requests().is_empty());
}

#[test]
fn an_invalid_canvas_is_reported_and_others_are_saved() {
    let site = Site::start();
    let services = ["x.png".to_owned(), site.url("/b")];
    site.on("/book/7", Reply::json(manifest(&services).to_string()));
    let picture = Reply::file(small(Format::Jpeg, 1));
    site.on("/b/full/max/0/default.jpg", picture);
    let fetch = quick().arg(site.url("/book/7"));
    let done = fetch.run().fails(3);
    assert_eq!(fetch.files().len(), 1, "{}", fetch.tree());
    let done = done.says("failed: `iiif:canvas 0` `x.png/full/max/0/default.jpg` is not a URL: ");
    for other in ["called at", "at fault", "traceback"] {
        assert!(!done.stderr.contains(other), "{}", done.stderr);
    }
}

/// A collection of four pages, the last of which does not come the first time. A book is on that alone.
fn collection() -> Site {
    let site = Site::start();
    let page = |items: Value, next: Option<&str>| {
        let page = json!({
            "@context": "http://iiif.io/api/presentation/3/context.json",
            "id": "all", "type": "Collection", "items": items, "next": next.map(|path| site.url(path)),
        });
        Reply::json(page.to_string())
    };
    let book = json!([{ "id": site.url("/book"), "type": "Manifest" }]);
    site.on("/all", page(json!([]), Some("/all/2")));
    site.on("/all/2", page(json!([]), Some("/all/3")));
    site.on("/all/3", page(json!([]), Some("/all/4")));
    site.on("/all/4", Reply::json("{}").stall_after(1)).once();
    site.on("/all/4", page(book, None));
    let text = manifest(&[site.url("/a")]).to_string();
    site.on("/book", Reply::json(text));
    let picture = Reply::file(small(Format::Jpeg, 1));
    site.on("/a/full/max/0/default.jpg", picture);
    site
}

#[test]
fn a_collection_continues_where_it_stopped() {
    for prefix in ["iiif:", ""] {
        let site = collection();
        let fetch = Fetch::new().arg(format!("{prefix}{}", site.url("/all")));
        let running = fetch.spawn();
        site.wait_for_stalls(1);
        running.interrupt();
        running.wait().fails(130);
        site.forget();
        fetch.run().success().says("1 new");
        let asked = ["/all/2", "/all/3", "/all/4"].map(|path| site.count(path));
        assert_eq!(asked, [0, 0, 1], "{prefix}");
    }
}
