//! Answers that contradict what came before of the same file.

use super::{huge, large, quick};
use crate::support::media::{Format, noise, sized};
use crate::support::{Reply, Site};

/// What says nothing of itself: a name without an extension, and bytes of no format.
fn of_bytes(bytes: &[u8]) -> Reply {
    let reply = Reply::file(bytes).etag("\"a\"");
    reply.content_type("application/octet-stream")
}

#[test]
fn other_content_in_place_of_the_rest_is_not_saved() {
    let good = noise(large().len(), 1);
    let picture = sized(Format::Png, 5000, 1);
    let plain = "application/octet-stream";
    let table = [
        (Reply::file("").content_type(plain), 4, "nothing came"),
        (
            Reply::text("Service temporarily unavailable"),
            7,
            "in place of the rest",
        ),
        (
            Reply::json("{\"error\":\"rate limited\"}"),
            7,
            "in place of the rest",
        ),
        (
            Reply::file(picture).content_type(plain),
            7,
            "in place of the rest",
        ),
    ];
    for (then, code, told) in table {
        let site = Site::start();
        site.on("/get", of_bytes(&good).cut_after(2_000_000)).once();
        site.on("/get", then)
            .times(if code == 4 { 9 } else { 1 })
            .optional();
        let fetch = quick().args(["-R", "1"]).arg(site.url("/get"));
        let done = fetch.run().fails(code);
        assert!(done.stderr.contains(told), "{}", done.stderr);
        assert!(fetch.files().is_empty(), "{:?}", fetch.files().keys());
    }
}

#[test]
fn other_content_in_place_of_the_rest_keeps_the_partial_file() {
    let site = Site::start();
    let good = Reply::file(huge()).etag("\"a\"");
    site.on("/get", good.clone().cut_after(9_000_000)).once();
    site.on("/get", Reply::text("busy")).once();
    site.on("/get", good);
    let fetch = quick().arg(site.url("/get"));
    fetch.run().fails(7);
    fetch.run().success();
    assert!(fetch.files()["get.png"] == huge());
    let last = site.requests().pop().unwrap();
    assert!(last.header("range").is_some(), "it starts over");
}

#[test]
fn a_new_version_may_be_of_another_type() {
    let site = Site::start();
    let good = noise(large().len(), 1);
    site.on("/get", of_bytes(&good).cut_after(2_000_000)).once();
    site.on("/get", Reply::text("moved to the cellar").etag("\"b\""));
    let fetch = quick().arg(site.url("/get"));
    fetch.run().success();
    assert_eq!(fetch.files()["get.txt"], b"moved to the cellar");
}

#[test]
fn another_length_under_the_same_etag_is_not_trusted() {
    let good = noise(large().len(), 1);
    let (half, most) = (2_000_000, large().len() - 100_000);
    let table = [
        of_bytes(&good[half..]).no_ranges(),
        of_bytes(&good[half..]).no_ranges().chunked(),
        of_bytes(&good[..most]).no_ranges(),
        of_bytes(&good[..most]).no_ranges().chunked(),
    ];
    for (number, then) in table.into_iter().enumerate() {
        let site = Site::start();
        site.on("/f.bin", of_bytes(&good).cut_after(half)).once();
        site.on("/f.bin", then).once();
        site.on("/f.bin", of_bytes(&good));
        let fetch = quick().arg(site.url("/f.bin"));
        fetch.run().success();
        assert!(fetch.files()["f.bin"] == good, "{number}");
    }
}

#[test]
fn a_server_that_repeats_another_length_is_trusted() {
    let site = Site::start();
    let good = noise(large().len(), 1);
    let shorter = &good[..3_000_000];
    site.on("/f.bin", of_bytes(&good).cut_after(2_000_000))
        .once();
    site.on("/f.bin", of_bytes(shorter).no_ranges());
    let fetch = quick().arg(site.url("/f.bin"));
    fetch.run().success();
    assert!(fetch.files()["f.bin"] == shorter);
}

#[test]
fn a_304_to_a_range_request_does_not_end_the_download() {
    let site = Site::start();
    let good = noise(large().len(), 1);
    site.on("/f.bin", of_bytes(&good).cut_after(2_000_000))
        .once();
    site.on("/f.bin", Reply::empty(304).etag("\"a\"")).once();
    site.on("/f.bin", of_bytes(&good));
    let fetch = quick().arg(site.url("/f.bin"));
    fetch.run().success();
    assert!(fetch.files()["f.bin"] == good);
}
