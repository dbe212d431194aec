//! Segments of live streams that do not come, or come late, or in an odd form.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::live::window;
use super::{encrypted, list, playlist, quick, segment, segments};
use crate::support::{Reply, Site};

#[test]
fn a_bad_live_segment_is_skipped_and_reported() {
    let odd = [
        Reply::html("<!doctype html><title>oops</title>"),
        Reply::text("no").status(403),
        Reply::text("broken").status(500),
        Reply::file(Vec::new()),
    ];
    for odd in odd {
        let site = Site::start();
        site.on("/cats.m3u8", window(0, 4, "")).times(2);
        // The last list is not there before all else is.
        let end = window(0, 5, "#EXT-X-ENDLIST\n").delay(Duration::from_millis(500));
        site.on("/cats.m3u8", end);
        site.on("/1.ts", odd);
        let mut whole = Vec::new();
        for n in [0, 2, 3, 4] {
            let bytes = segment(n, 20);
            site.on(&format!("/{n}.ts"), Reply::file(bytes.clone()));
            whole.extend(bytes);
        }
        let fetch = quick().arg(site.url("/cats.m3u8"));
        let done = fetch.run().success();
        assert!(fetch.files()["cats.ts"] == whole, "{}", done.stderr);
        let said = "1 segment could not be fetched, the last one because: ";
        assert!(done.stderr.contains(said), "{}", done.stderr);
    }
}

#[test]
fn a_live_stream_without_good_segments_fails_at_once() {
    let site = Site::start();
    site.on("/cats.m3u8", window(0, 3, ""));
    let page = Reply::html("<!doctype html><title>oops</title>");
    site.on("/*", page);
    let fetch = quick().arg(site.url("/cats.m3u8"));
    let done = fetch.run();
    assert_ne!(done.code, 0);
    let said = "a web page came in place of a segment";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    assert!(fetch.files().is_empty());
}

#[test]
fn an_early_404_of_a_live_segment_is_retried() {
    let site = Site::start();
    site.on("/cats.m3u8", window(0, 3, "")).times(2);
    site.on("/cats.m3u8", window(0, 3, "#EXT-X-ENDLIST\n"));
    let early = Reply::text("not yet").status(404);
    site.on("/2.ts", early).once();
    let whole = segments(&site, "", 3, 20);
    let fetch = quick().arg(site.url("/cats.m3u8"));
    let done = fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole, "{}", done.stderr);
    assert!(!done.stderr.contains("were gone"), "{}", done.stderr);
}

fn gzip(bytes: &[u8]) -> Reply {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    Reply::file(encoder.finish().unwrap()).header("Content-Encoding", "gzip")
}

#[test]
fn an_unrequested_content_coding_of_segments_is_decoded() {
    let key = *b"0123456789abcdef";
    let plain: Vec<_> = (0..3).map(|n| segment(n, 500)).collect();
    let site = Site::start();
    let lines = list(2).replace("#EXT-X-ENDLIST\n", "");
    site.on(
        "/cats.m3u8",
        playlist(&format!(
            "{lines}#EXT-X-KEY:METHOD=AES-128,URI=\"key\",IV=0x2A\n#EXTINF:4,\n2.ts\n#EXT-X-ENDLIST\n"
        )),
    );
    site.on("/key", Reply::file(key));
    site.on("/0.ts", Reply::file(plain[0].clone()));
    site.on("/1.ts", gzip(&plain[1]));
    let iv = 42u128.to_be_bytes();
    site.on("/2.ts", gzip(&encrypted(&plain[2], &key, iv)));
    let fetch = quick().arg(site.url("/cats.m3u8"));
    let done = fetch.run().success();
    assert!(
        fetch.files()["cats.ts"] == plain.concat(),
        "{}",
        done.stderr
    );
}

#[test]
fn a_damaged_segment_coding_fails_the_stream() {
    for (coding, bytes) in [("gzip", segment(1, 20)), ("br", segment(1, 20))] {
        let site = Site::start();
        site.on("/cats.m3u8", playlist(&list(1)));
        let reply = Reply::file(bytes).header("Content-Encoding", coding);
        site.on("/0.ts", reply);
        let fetch = quick().arg(site.url("/cats.m3u8"));
        let done = fetch.run().fails(4);
        assert!(done.stderr.contains("coding"), "{}", done.stderr);
    }
}
