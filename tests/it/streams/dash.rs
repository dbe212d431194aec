//! Streams of DASH.

use super::{quick, segment};
use crate::support::{Reply, Site};

const MANIFEST: &str = "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='static' mediaPresentationDuration='PT8S'>\
    <Period><AdaptationSet mimeType='video/mp2t'><Representation id='v' bandwidth='9' width='64' height='36'>\
    <SegmentTemplate media='$RepresentationID$-$Number$.ts' duration='2'/></Representation></AdaptationSet></Period></MPD>";

#[test]
fn a_dash_manifest_is_saved_as_one_file() {
    let site = Site::start();
    site.on(
        "/cats/manifest.mpd",
        Reply::text(MANIFEST).content_type("application/dash+xml"),
    );
    let mut whole = Vec::new();
    for n in 1..=4 {
        let bytes = segment(n, 40);
        site.on(&format!("/cats/v-{n}.ts"), Reply::file(bytes.clone()));
        whole.extend(bytes);
    }
    let fetch = quick().arg(site.url("/cats/manifest.mpd"));
    fetch.run().success();
    assert_eq!(fetch.files().keys().collect::<Vec<_>>(), ["cats.ts"]);
    assert!(fetch.files()["cats.ts"] == whole);
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

#[test]
fn a_missing_last_segment_due_to_rounding_is_tolerated() {
    // The fifth would hold a tenth of what the others do.
    let site = Site::start();
    let manifest = MANIFEST.replace("PT8S", "PT8.2S");
    site.on("/cats/manifest.mpd", Reply::text(manifest));
    let mut whole = Vec::new();
    for n in 1..=4 {
        let bytes = segment(n, 40);
        site.on(&format!("/cats/v-{n}.ts"), Reply::file(bytes.clone()));
        whole.extend(bytes);
    }
    site.on("/cats/v-5.ts", Reply::empty(404));
    let fetch = quick().arg(site.url("/cats/manifest.mpd"));
    fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole);
    assert_eq!(fetch.partials(), Vec::<String>::new());
    // One in the middle is a hole, and so is a last one that holds more.
    for (length, missing) in [("PT8.2S", 3), ("PT9.2S", 5)] {
        let site = Site::start();
        let manifest = MANIFEST.replace("PT8S", length);
        site.on("/cats/manifest.mpd", Reply::text(manifest));
        for n in 1..=5 {
            let reply = match n == missing {
                true => Reply::empty(404),
                false => Reply::file(segment(n, 40)),
            };
            site.on(&format!("/cats/v-{n}.ts"), reply).optional();
        }
        let fetch = quick().arg(site.url("/cats/manifest.mpd"));
        fetch.run().fails(4);
        assert_eq!(fetch.files().len(), 0, "{length}: {}", fetch.tree());
    }
}

#[test]
fn protected_manifests_are_refused_by_name() {
    let site = Site::start();
    let protection = "<ContentProtection schemeIdUri='urn:uuid:9a04f079-9840-4286-ab92-e65be0885f95'/><Representation";
    let manifest = MANIFEST.replace("<Representation", protection);
    site.on("/film.mpd", Reply::text(manifest));
    let fetch = quick().arg(site.url("/film.mpd"));
    let done = fetch.run().fails(5);
    assert!(
        done.stderr.contains("protected by PlayReady (DRM)"),
        "{}",
        done.stderr
    );
    assert_eq!(fetch.tree(), "");
}
