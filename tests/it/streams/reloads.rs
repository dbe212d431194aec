//! The lists of live streams: what is wrong with one does not end what is recorded.

use super::live::window;
use super::{playlist, quick, segment, segments};
use crate::support::{Reply, Site};

/// Records what this list leads to, all of which there is, and gives what it says.
fn records(site: &Site, list: &str, whole: &[u8]) -> String {
    let fetch = quick().arg(site.url(list));
    let done = fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole, "{}", done.stderr);
    done.stderr
}

#[test]
fn an_unreadable_playlist_reload_is_ignored() {
    let master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\ncats.m3u8\n";
    for odd in ["", "<!doctype html><title>busy</title>", master] {
        let site = Site::start();
        site.on("/cats.m3u8", window(0, 2, "")).times(2);
        site.on("/cats.m3u8", Reply::text(odd)).once();
        site.on("/cats.m3u8", window(1, 3, "#EXT-X-ENDLIST\n"));
        let whole = segments(&site, "", 4, 20);
        records(&site, "/cats.m3u8", &whole);
    }
}

#[test]
fn a_refused_playlist_is_looked_up_in_its_master() {
    let site = Site::start();
    let master = |token: u8| {
        playlist(&format!(
            "#EXT-X-STREAM-INF:BANDWIDTH=1\nlist.m3u8?token={token}\n"
        ))
    };
    site.on("/cats/master.m3u8", master(1)).times(2);
    site.on("/cats/master.m3u8", master(2));
    site.on("/cats/list.m3u8?token=1", window(0, 2, "")).once();
    let refused = Reply::text("expired").status(403);
    site.on("/cats/list.m3u8?token=1", refused).once();
    site.on("/cats/list.m3u8?token=2", window(1, 2, "")).once();
    site.on("/cats/list.m3u8?token=2", window(1, 3, "#EXT-X-ENDLIST\n"));
    let whole = segments(&site, "/cats", 4, 20);
    records(&site, "/cats/master.m3u8", &whole);
}

#[test]
fn a_playlist_missing_once_is_requested_again() {
    let site = Site::start();
    site.on("/cats.m3u8", window(0, 2, "")).times(2);
    site.on("/cats.m3u8", Reply::text("gone").status(404))
        .once();
    site.on("/cats.m3u8", window(1, 3, "#EXT-X-ENDLIST\n"));
    let whole = segments(&site, "", 4, 20);
    records(&site, "/cats.m3u8", &whole);
}

#[test]
fn a_playlist_that_stays_missing_ends_the_recording() {
    let site = Site::start();
    site.on("/cats.m3u8", window(0, 2, "")).times(2);
    site.on("/cats.m3u8", Reply::text("gone").status(404));
    let whole = segments(&site, "", 2, 20);
    let told = records(&site, "/cats.m3u8", &whole);
    let said = "its playlist is gone, and did not say that it had ended";
    assert!(told.contains(said), "{told}");
}

#[test]
fn a_truncated_playlist_line_is_read_with_the_next_reload() {
    let site = Site::start();
    site.on("/cats.m3u8", window(0, 2, "")).times(2);
    site.on("/cats.m3u8", window(0, 2, "#EXTINF:1,\n2.t"))
        .once();
    site.on("/cats.m3u8", window(0, 4, "#EXT-X-ENDLIST\n"));
    let whole = segments(&site, "", 4, 20);
    records(&site, "/cats.m3u8", &whole);
}

#[test]
fn restarted_sequence_numbers_are_followed_and_reported() {
    let site = Site::start();
    let anew = |end: &str| {
        Reply::text(format!(
            "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/new/0.ts\n#EXTINF:1,\n/new/1.ts\n{end}"
        ))
    };
    site.on("/cats.m3u8", window(100, 3, "")).times(2);
    site.on("/cats.m3u8", anew("")).times(2);
    site.on(
        "/cats.m3u8",
        anew("#EXTINF:1,\n/new/2.ts\n#EXT-X-ENDLIST\n"),
    );
    let mut whole = Vec::new();
    for n in 100..103 {
        let bytes = segment(n, 20);
        site.on(&format!("/{n}.ts"), Reply::file(bytes.clone()));
        whole.extend(bytes);
    }
    whole.extend(segments(&site, "/new", 3, 30));
    let told = records(&site, "/cats.m3u8", &whole);
    let said = "its segment numbers restarted on the way";
    assert!(told.contains(said), "{told}");
    assert!(!told.contains("were gone"), "{told}");
}

#[test]
fn a_stale_playlist_reload_restarts_nothing() {
    let site = Site::start();
    site.on("/cats.m3u8", window(0, 3, "")).times(2);
    site.on("/cats.m3u8", window(2, 5, "")).once();
    site.on("/cats.m3u8", window(0, 2, "")).once();
    site.on("/cats.m3u8", window(6, 2, "#EXT-X-ENDLIST\n"));
    let whole = segments(&site, "", 8, 20);
    let told = records(&site, "/cats.m3u8", &whole);
    assert!(!told.contains("anew"), "{told}");
}

#[test]
fn a_live_stream_without_a_segment_says_so() {
    let site = Site::start();
    site.on("/cats.m3u8", window(0, 0, "")).times(2);
    site.on("/cats.m3u8", window(0, 0, "#EXT-X-ENDLIST\n"));
    let fetch = quick().arg(site.url("/cats.m3u8"));
    let done = fetch.run();
    assert_ne!(done.code, 0);
    let said = "no segment of the stream came";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    assert!(fetch.files().is_empty());
    assert_eq!(fetch.partials(), Vec::<String>::new());
}
