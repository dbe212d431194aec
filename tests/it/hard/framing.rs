//! Where an answer begins and ends, when the server is not clear about it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest;

use super::{large, quick};
use crate::streams::{list, playlist, segment};
use crate::support::media::{Format, sized, small};
use crate::support::{Reply, Site};

/// What is saved of an answer of exactly these bytes; nothing if it is refused, after one try.
fn saved(raw: impl Into<Vec<u8>>) -> Option<Vec<u8>> {
    let site = Site::start();
    site.on("/f.txt", Reply::raw(raw));
    let fetch = quick().args(["-R", "0"]).arg(site.url("/f.txt"));
    let done = fetch.run();
    let saved = fetch.files().remove("f.txt");
    match &saved {
        Some(_) => drop(done.success()),
        None => {
            drop(done.fails(4));
            assert_eq!(fetch.tree(), "");
        }
    }
    assert_eq!(fetch.partials(), Vec::<String>::new());
    saved
}

#[test]
fn chunk_extensions_and_trailers_are_not_content() {
    let raw = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n\
               5;name=\"value\"\r\nhello\r\n1 ; x\r\n!\r\n0\r\nX-Sum: 1\r\n\r\n";
    assert_eq!(saved(raw).as_deref(), Some(&b"hello!"[..]));
}

#[test]
fn chunks_win_over_a_length() {
    let raw = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n\
               5\r\nhello\r\n0\r\n\r\n";
    assert_eq!(saved(raw).as_deref(), Some(&b"hello"[..]));
}

#[test]
fn transfer_codings_other_than_chunked_are_refused() {
    for coding in ["gzip, chunked", "gzip", "chunked, gzip", "compress"] {
        let raw = format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\nContent-Length: 5\r\n\r\nhello"
        );
        assert_eq!(saved(raw), None, "{coding}");
    }
}

#[test]
fn transfer_encoding_identity_keeps_the_content_length() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n\r\n";
    for (body, whole) in [("hello", true), ("hello, world", true), ("hell", false)] {
        let saved = saved(format!("{head}{body}"));
        assert_eq!(saved.as_deref(), whole.then_some(&b"hello"[..]), "{body}");
    }
}

#[test]
fn chunks_that_would_not_be_taken_apart_are_no_content() {
    for lines in [
        "chunked,",
        "chunked\r\nTransfer-Encoding:",
        "chunked\r\nTransfer-Encoding: ,",
        "chunked\u{a0}",
    ] {
        let raw =
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {lines}\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        assert_eq!(saved(raw), None, "{lines}");
    }
}

#[test]
fn an_empty_transfer_encoding_keeps_the_content_length() {
    for coding in ["", ","] {
        let head =
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\nContent-Length: 5\r\n\r\n");
        for (body, whole) in [("hello", true), ("hello, world", true), ("hell", false)] {
            let saved = saved(format!("{head}{body}"));
            assert_eq!(saved.as_deref(), whole.then_some(&b"hello"[..]), "{body}");
        }
    }
}

#[test]
fn odd_header_lines_do_not_fail_a_download() {
    let many = "X-Many: 1\r\n".repeat(200);
    for line in [
        "X-Folded: a\r\n b\r\n",
        "X-Spaced : a\r\n",
        "no colon\r\n",
        ": no name\r\n",
        "X(A): b\r\n",
        "X-Control: \u{1}\r\n",
        &many,
    ] {
        let raw = format!("HTTP/1.1 200 OK\r\n{line}Content-Length: 5\r\n\r\nhello");
        assert_eq!(saved(raw).as_deref(), Some(&b"hello"[..]), "{line:?}");
    }
}

#[test]
fn a_response_that_is_not_http_is_not_retried() {
    let site = Site::start();
    site.on("/f.txt", Reply::raw("SSH-2.0-OpenSSH_9.9\r\n"));
    let fetch = quick().arg(site.url("/f.txt"));
    let done = fetch.run().fails(4);
    assert!(done.stderr.contains("as HTTP"), "{}", done.stderr);
    assert_eq!(site.requests().len(), 1);
}

#[test]
fn conflicting_or_invalid_content_lengths_are_refused() {
    for lengths in [
        "Content-Length: 5\r\nContent-Length: 7",
        "Content-Length: 5, 7",
        "Content-Length: -5",
        "Content-Length: five",
        "Content-Length: 99999999999999999999999",
    ] {
        let raw = format!("HTTP/1.1 200 OK\r\n{lengths}\r\n\r\nhello, world");
        assert_eq!(saved(raw), None, "{lengths}");
    }
}

#[test]
fn a_reset_body_without_a_length_is_not_saved() {
    let site = Site::start();
    site.on(
        "/cat.jpg",
        Reply::file(large())
            .no_ranges()
            .close_delimited()
            .reset_after(1_000_000),
    );
    let fetch = quick().args(["-R", "1"]).arg(site.url("/cat.jpg"));
    fetch.run().fails(4);
    assert_eq!(fetch.tree(), "");
    assert_eq!(site.requests().len(), 2);
}

#[test]
fn a_close_delimited_body_is_kept_with_a_warning() {
    let cat = small(Format::Jpeg, 1);
    let digest = STANDARD.encode(sha2::Sha256::digest(&cat));
    let told = "the server did not send its length";
    let good = Reply::file(cat);
    let proven = good
        .clone()
        .header("Repr-Digest", format!("sha-256=:{digest}:"));
    let notes = Reply::file("a text has no end of its own");
    let table = [
        ("/a.txt", notes.close_delimited(), true),
        // The picture itself says that it is whole.
        ("/cat.jpg", good.clone().close_delimited(), false),
        ("/cat.jpg", proven.close_delimited(), false),
        ("/cat.jpg", good.clone().chunked(), false),
        ("/cat.jpg", good, false),
    ];
    for (path, reply, warns) in table {
        let site = Site::start();
        site.on(path, reply);
        let fetch = quick().arg(site.url(path));
        let done = fetch.run().success();
        assert_eq!(done.stderr.contains(told), warns, "it warns of nothing");
        assert_eq!(fetch.files().len(), 1);
    }
}

#[test]
fn a_file_truncated_according_to_its_format_is_requested_again() {
    for format in [Format::Jpeg, Format::Png] {
        let site = Site::start();
        // One is gathered in memory, the other is not.
        for (path, size) in [("/small", 40_000), ("/large", 900_000)] {
            let cat = sized(format, size, 1);
            let open = Reply::file(cat.clone()).no_ranges().close_delimited();
            site.on(path, open.clone().cut_after(size / 2)).once();
            site.on(path, open).once();
            let fetch = quick().arg(format!("direct:{}", site.url(path)));
            let done = fetch.run().success();
            assert!(!done.stderr.contains("warning"), "{}", done.stderr);
            assert!(fetch.files().into_values().eq([cat]), "{path}");
        }
    }
}

#[test]
fn a_file_truncated_differently_each_time_is_not_saved() {
    let site = Site::start();
    let cat = sized(Format::Png, 40_000, 1);
    let open = Reply::file(cat).no_ranges().close_delimited();
    for at in [20_000, 30_000, 25_000] {
        site.on("/cat.png", open.clone().cut_after(at)).once();
    }
    let fetch = quick().args(["-R", "2"]).arg(site.url("/cat.png"));
    let done = fetch.run().fails(4);
    done.says("it came cut at byte 25000");
    assert_eq!(fetch.tree(), "");
}

#[test]
fn a_file_truncated_alike_each_time_is_kept_with_a_warning() {
    let site = Site::start();
    let cut = sized(Format::Jpeg, 40_000, 1)[..20_000].to_vec();
    site.on("/cat.jpg", Reply::file(cut.clone()).close_delimited());
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success().says(
        "the server did not send its length, and it seems cut at byte 20000: the end of the picture is missing; it was the same 3 times",
    );
    assert!(fetch.files()["cat.jpg"] == cut);
    assert_eq!(site.count("/cat.jpg"), 3);
}

#[test]
fn interim_responses_are_skipped() {
    let raw = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n\
               HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n\
               HTTP/1.1 103 Early Hints\r\n\r\n\
               HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    assert_eq!(saved(raw).as_deref(), Some(&b"hello"[..]));
}

#[test]
fn what_follows_an_answer_unasked_is_not_taken_for_the_next() {
    let site = Site::start();
    let next = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong";
    site.on(
        "/1.txt",
        Reply::raw(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright{next}{next}"
        )),
    );
    site.on("/2.txt", Reply::file("also right"));
    let fetch = quick()
        .args(["-N", "1"])
        .arg(site.url("/1.txt"))
        .arg(site.url("/2.txt"));
    fetch.run().success();
    assert_eq!(fetch.files()["1.txt"], b"right");
    assert_eq!(fetch.files()["2.txt"], b"also right");
}

#[test]
fn an_endless_response_head_is_abandoned() {
    let mut raw = b"HTTP/1.1 200 OK\r\n".to_vec();
    while raw.len() < 8 << 20 {
        raw.extend_from_slice(b"X-Padding: 0123456789012345678901234567890123456789\r\n");
    }
    assert_eq!(saved(raw), None);
}

#[test]
fn an_older_server_can_send_a_part_too() {
    let site = Site::start();
    let big = large();
    site.on(
        "/cat.jpg",
        Reply::file(big.clone()).etag("\"a\"").cut_after(2_000_000),
    )
    .once();
    let whole = big.clone();
    site.on(
        "/cat.jpg",
        Reply::with(move |seen| {
            let range = seen.header("range").expect("a range");
            let start: usize = range["bytes=".len()..range.len() - 1].parse().unwrap();
            let total = whole.len();
            let head = format!(
                "HTTP/1.0 206 Partial Content\r\nETag: \"a\"\r\nContent-Range: bytes {start}-{}/{total}\r\n\r\n",
                total - 1
            );
            Reply::raw([head.as_bytes(), &whole[start..]].concat())
        }),
    );
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == big);
}

#[test]
fn only_get_requests_are_sent() {
    let site = Site::start();
    site.on(
        "/cat.jpg",
        Reply::with(|seen| {
            assert_eq!(seen.method, "GET");
            Reply::file(small(Format::Jpeg, 1))
        }),
    );
    quick().arg(site.url("/cat.jpg")).run().success();
    assert_eq!(site.requests().len(), 1);
}

#[test]
fn content_length_is_ignored_for_chunked_segments_and_ranges() {
    let site = Site::start();
    let odd = |bytes: Vec<u8>| Reply::file(bytes).header("Content-Length", "4711");
    site.on("/film.m3u8", playlist(&list(2)));
    for n in 0..2 {
        site.on(&format!("/{n}.ts"), odd(segment(n, 20)).chunked());
    }
    let cat = odd(large()).etag("\"a\"").chunked();
    site.on("/cat.jpg", cat.clone().cut_after(2_000_000)).once();
    site.on("/cat.jpg", cat).once();
    let fetch = quick()
        .arg(site.url("/film.m3u8"))
        .arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
    assert!(fetch.files()["film.ts"] == [segment(0, 20), segment(1, 20)].concat());
}

#[test]
fn a_connection_with_content_length_beside_chunked_is_not_reused() {
    let site = Site::start();
    let odd = Reply::file("hello").header("Content-Length", "3");
    site.on("/1.txt", odd.chunked());
    site.on("/2.txt", Reply::file("world").chunked());
    site.on("/3.txt", Reply::file("again"));
    let links = ["/1.txt", "/2.txt", "/3.txt"].map(|path| site.url(path));
    let fetch = quick().args(["-N", "1"]).args(links);
    fetch.run().success();
    let connections = site.requests().into_iter().map(|seen| seen.connection);
    assert_eq!(connections.collect::<Vec<_>>(), [1, 2, 2]);
}
