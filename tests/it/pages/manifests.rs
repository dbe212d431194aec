//! Pages that name a manifest of IIIF.

use super::kinds::files;
use super::picture;
use crate::support::{Reply, Site};

#[test]
fn a_pages_iiif_manifest_provides_its_pictures() {
    let site = Site::start();
    let full = site.url("/iiif/2/img7/full/full/0/default.jpg");
    let service = format!(
        "{{\"@id\":\"{}\",\"@context\":\"http://iiif.io/api/image/2/context.json\"}}",
        site.url("/iiif/2/img7")
    );
    let manifest = format!(
        "{{\"@context\":\"http://iiif.io/api/presentation/2/context.json\",\"@id\":\"{}\",\"@type\":\"sc:Manifest\",\"label\":\"Item\",\
        \"sequences\":[{{\"canvases\":[{{\"@id\":\"http://x.example/1\",\"@type\":\"sc:Canvas\",\"label\":\"1\",\
        \"images\":[{{\"resource\":{{\"@id\":\"{full}\",\"service\":{service}}}}}]}}]}}]}}",
        site.url("/iiif/7/manifest.json"),
    );
    let manifest = Reply::text(manifest).content_type("application/json");
    site.on("/iiif/7/manifest.json", manifest);
    let link = "<link rel=alternate type='application/ld+json;profile=\"http://iiif.io/api/presentation/2/context.json\"' href=/iiif/7/manifest.json>";
    let page = |rest: &str| {
        let head = format!("<!doctype html><title>Item</title>{link}");
        Reply::html(format!(
            "{head}<div data-manifest=/iiif/7/manifest.json>{rest}</div>"
        ))
    };
    let shown = "<img src=/img/iiif-dragndrop-100px.png><img src=/iiif/2/img7/full/400,/0/default.jpg><img src=/a.jpg>";
    site.on("/item/7", page(shown)).once();
    picture(&site, "/iiif/2/img7/full/full/0/default.jpg", 1);
    picture(&site, "/a.jpg", 2);
    let files = files(site.url("/item/7"));
    let (of_manifest, of_page): (Vec<_>, Vec<_>) =
        files.iter().partition(|file| file.starts_with("iiif/"));
    assert_eq!(of_page, ["page/Item 7/001 a.jpg"]);
    assert_eq!(of_manifest.len(), 1, "{files:?}");
}

#[test]
fn several_iiif_manifests_on_a_page_are_ignored() {
    let site = Site::start();
    let page = "<!doctype html><title>Items</title><a href=/iiif/7/manifest.json>7</a><a href=/iiif/8/manifest.json>8</a><img src=/a.jpg>";
    site.on("/items", Reply::html(page)).once();
    picture(&site, "/a.jpg", 1);
    assert_eq!(files(site.url("/items")), ["page/Items/001 a.jpg"]);
}

#[test]
fn a_manifest_that_cannot_be_had_takes_nothing_from_its_page() {
    let site = Site::start();
    let page = "<!doctype html><title>Item</title><a href=/iiif/7/manifest.json>IIIF</a><img src=/iiif/2/img7/full/400,/0/default.jpg>";
    site.on("/item/7", Reply::html(page)).once();
    picture(&site, "/iiif/2/img7/full/400,/0/default.jpg", 1);
    // By http, from a host with a name.
    let link = site.url("/item/7").replace("127.0.0.1", "localhost");
    assert_eq!(files(link), ["page/Item 7/001 default.jpg"]);
}
