//! Streams that cannot be had, or must not be.

use super::{encrypted, list, playlist, quick, segment, segments};
use crate::support::{Reply, Site};

/// Runs, and sees that it fails with these words and leaves nothing. Gives all that it said.
fn refused(site: &Site, code: i32, expected: &str) -> String {
    let fetch = quick().arg(site.url("/cats.m3u8"));
    let said = fetch.run().fails(code).stderr;
    assert!(said.contains(expected), "{expected}: {said}");
    assert_eq!((fetch.tree().as_str(), fetch.partials().len()), ("", 0));
    said
}

#[test]
fn protection_found_in_boxes_is_refused_by_name() {
    let boxed = |name: &str, body: &[u8]| {
        let len = (body.len() as u32 + 8).to_be_bytes();
        [&len, name.as_bytes(), body].concat()
    };
    let entry = boxed("encv", &[0; 78]);
    let mut inner = boxed("stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], &entry[..]].concat());
    for name in ["stbl", "minf", "mdia", "trak", "moov"] {
        inner = boxed(name, &inner);
    }
    let site = Site::start();
    let lines = format!("#EXT-X-MAP:URI=\"head\"\n{}", super::list(3));
    site.on("/cats.m3u8", playlist(&lines));
    site.on(
        "/head",
        Reply::file([boxed("ftyp", b"iso5"), inner].concat()),
    );
    for n in 0..3 {
        site.on(&format!("/{n}.ts"), Reply::file(segment(n, 20)))
            .optional();
    }
    let fetch = quick().arg(site.url("/cats.m3u8"));
    let said = "the stream is protected by common encryption (DRM), which is not supported";
    fetch.run().fails(5).says(said);
    assert_eq!((fetch.tree().as_str(), fetch.partials().len()), ("", 0));
}

#[test]
fn invalid_streams_are_refused_with_a_reason() {
    let drm = "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://x\",KEYFORMAT=\"com.apple.streamingkeydelivery\"\n";
    let table = [
        (
            format!("{drm}{}", list(1)),
            5,
            "protected by FairPlay (DRM)",
        ),
        (
            "#EXTINF:4,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n".into(),
            4,
            "it leads to `file:`, which is not followed",
        ),
        ("#EXT-X-ENDLIST\n".into(), 4, "the stream has no segments"),
        (
            "#EXT-X-DEFINE:IMPORT=\"a\"\n".into(),
            5,
            "EXT-X-DEFINE:IMPORT",
        ),
    ];
    for (lines, code, expected) in table {
        let site = Site::start();
        site.on("/cats.m3u8", playlist(&lines));
        refused(&site, code, expected);
    }
}

#[cfg(unix)]
#[test]
fn a_stream_larger_than_the_disk_is_not_started() {
    let site = Site::start();
    let ranges = "#EXTINF:4,\n#EXT-X-BYTERANGE:1152921504606846976@0\nall.ts\n#EXT-X-ENDLIST\n";
    site.on("/cats.m3u8", playlist(ranges));
    refused(&site, 8, "it does not fit: it needs 1099511627776 MiB");
    let site = Site::start();
    site.on("/cats.m3u8", playlist(&list(3)));
    site.on("/*", Reply::file(segment(1, 20))).optional();
    let fetch = quick()
        .args(["-S", "output.min_free=1000000T"])
        .arg(site.url("/cats.m3u8"));
    let done = fetch.run().fails(8);
    assert!(
        done.stderr.contains("MiB must stay free"),
        "{}",
        done.stderr
    );
    assert_eq!((fetch.tree().as_str(), fetch.partials().len()), ("", 0));
}

#[test]
fn other_content_in_place_of_a_segment_is_not_joined() {
    let table = [
        (
            Reply::html("<!doctype html><title>Log in</title>"),
            "a web page came in place of a segment",
        ),
        (
            Reply::json("{\"error\": \"expired\"}"),
            "a text came in place of a segment",
        ),
        (
            Reply::file(vec![0; 5000]),
            "nothing but zeros came in place of a segment",
        ),
        (
            Reply::text("gone").status(404),
            "the server answered 404 Not Found",
        ),
        (
            Reply::file(segment(1, 20)).header("Content-Encoding", "br"),
            "in the content coding `br`",
        ),
        (Reply::empty(200), "an empty segment came"),
    ];
    for (reply, expected) in table {
        let site = Site::start();
        site.on("/cats.m3u8", playlist(&list(3)));
        for n in [0, 2] {
            site.on(&format!("/{n}.ts"), Reply::file(segment(n, 20)))
                .optional();
        }
        site.on("/1.ts", reply);
        let said = refused(&site, 4, expected);
        assert!(said.contains("segment 2 of 3: "), "{said}");
    }
}

#[test]
fn a_missing_segment_does_not_mark_the_video_as_gone() {
    let site = Site::start();
    site.on("/cats.m3u8", playlist(&list(3)));
    site.on("/1.ts", Reply::text("gone").status(404)).once();
    let whole = segments(&site, "", 3, 20);
    let fetch = quick().arg(site.url("/cats.m3u8"));
    fetch.run().fails(4).says("failed (1 corrupt)");
    fetch.run().success().says("1 found: 1 new");
    assert!(fetch.files()["cats.ts"] == whole);
}

#[test]
fn a_wrong_key_saves_nothing() {
    let key = *b"0123456789abcdef";
    let whole = segment(0, 50);
    let table = [
        (Reply::file(*b"0123456789abcdeX"), "segment 1 of 1: "),
        (
            Reply::file(*b"0123"),
            "the key of the stream has 4 bytes instead of 16",
        ),
        (
            Reply::text("no").status(403),
            "cannot get the key of the stream",
        ),
    ];
    for (reply, expected) in table {
        let site = Site::start();
        let lines = "#EXT-X-KEY:METHOD=AES-128,URI=\"key\"\n#EXTINF:4,\n0.ts\n#EXT-X-ENDLIST\n";
        site.on("/cats.m3u8", playlist(lines));
        site.on("/key", reply);
        site.on("/0.ts", Reply::file(encrypted(&whole, &key, [0; 16])))
            .optional();
        let fetch = quick().arg(site.url("/cats.m3u8"));
        let done = fetch.run();
        assert!(done.code == 4 || done.code == 7, "{}", done.stderr);
        assert!(
            done.stderr.contains(expected),
            "{expected}: {}",
            done.stderr
        );
        assert_eq!(fetch.tree(), "");
    }
}

#[test]
fn a_public_playlist_cannot_lead_to_private_addresses() {
    let home = Site::start();
    home.on("/secret.ts", Reply::file(segment(1, 20)))
        .optional();
    let public = Site::start();
    let table = [
        format!("#EXTINF:4,\n{}\n#EXT-X-ENDLIST\n", home.url("/secret.ts")),
        format!(
            "#EXT-X-KEY:METHOD=AES-128,URI=\"{}\"\n#EXTINF:4,\n0.ts\n#EXT-X-ENDLIST\n",
            home.url("/key")
        ),
        format!(
            "#EXT-X-MAP:URI=\"{}\"\n#EXTINF:4,\n0.ts\n#EXT-X-ENDLIST\n",
            home.url("/map")
        ),
        format!(
            "#EXT-X-STREAM-INF:BANDWIDTH=1\n{}\n",
            home.url("/list.m3u8")
        ),
    ];
    for (n, lines) in table.iter().enumerate() {
        let name = format!("http://public.test/{n}.m3u8");
        public.on(&name, playlist(lines));
        public
            .on("http://public.test/0.ts", Reply::file(segment(1, 20)))
            .optional();
        let fetch = quick()
            .env("HTTP_PROXY", public.url(""))
            .env("NO_PROXY", "localhost,127.0.0.1")
            .arg(name);
        let done = fetch.run().fails(7);
        assert!(
            done.stderr.contains("is at a private address"),
            "{}",
            done.stderr
        );
        assert_eq!(fetch.tree(), "");
    }
    assert!(home.requests().is_empty());
}

#[test]
fn a_recursive_master_playlist_is_refused() {
    let site = Site::start();
    site.on(
        "/cats.m3u8",
        playlist("#EXT-X-STREAM-INF:BANDWIDTH=1\ncats.m3u8\n"),
    );
    let fetch = quick().arg(site.url("/cats.m3u8"));
    let done = fetch.run().fails(4);
    assert!(
        done.stderr.contains("is itself a list of renditions"),
        "{}",
        done.stderr
    );
}

#[test]
fn gap_segments_are_reported() {
    let site = Site::start();
    site.on(
        "/cats.m3u8",
        playlist(
            "#EXTINF:4,\n0.ts\n#EXTINF:4,\n#EXT-X-GAP\n9.ts\n#EXTINF:4,\n1.ts\n#EXT-X-ENDLIST\n",
        ),
    );
    let whole = segments(&site, "", 2, 30);
    let fetch = quick().arg(site.url("/cats.m3u8"));
    let done = fetch.run().success();
    assert!(
        done.stderr
            .contains("the site does not have 1 of its segments"),
        "{}",
        done.stderr
    );
    assert!(fetch.files()["cats.ts"] == whole);
}

#[test]
fn source_headers_are_sent_to_segments_of_its_origin_only() {
    let (site, other) = (Site::start(), Site::start());
    let page = "<video src=/hls/cats.m3u8></video>";
    site.on("/watch", Reply::html(page));
    site.on(
        "/hls/cats.m3u8",
        playlist(&format!(
            "#EXTINF:4,\n0.ts\n#EXTINF:4,\n{}\n#EXT-X-ENDLIST\n",
            other.url("/1.ts")
        )),
    );
    site.on("/hls/0.ts", Reply::file(segment(0, 20)));
    other.on("/1.ts", Reply::file(segment(1, 20)));
    quick().arg(site.url("/watch")).run().success();
    let of = |site: &Site, path: &str| {
        let seen = site
            .requests()
            .into_iter()
            .find(|seen| seen.path() == path)
            .unwrap();
        seen.header("referer").map(str::to_owned)
    };
    assert_eq!(of(&site, "/hls/0.ts"), Some(site.url("/watch")));
    assert_eq!(of(&other, "/1.ts"), None);
}

#[test]
fn a_login_in_a_link_applies_to_segments_of_its_origin() {
    let site = Site::start();
    let known = |reply: Reply| {
        Reply::with(move |seen| match seen.header("authorization") {
            Some("Basic bWU6c2VjcmV0") => reply.clone(),
            _ => Reply::text("who are you").status(401),
        })
    };
    let lines = list(2).replace("1.ts", &site.url("/1.ts"));
    site.on("/cats.m3u8", known(playlist(&lines)));
    site.on("/0.ts", known(Reply::file(segment(0, 20))));
    site.on("/1.ts", known(Reply::file(segment(1, 20))));
    let link = site.url("/cats.m3u8").replace("//", "//me:secret@");
    let fetch = quick().arg(link);
    fetch.run().success();
    let whole = [segment(0, 20), segment(1, 20)].concat();
    assert!(fetch.files()["cats.ts"] == whole);
}
