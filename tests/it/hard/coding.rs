//! Bodies in a coding that nobody asked for.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use sha2::Digest;

use super::{large, quick};
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn coded(bytes: Vec<u8>, coding: &str) -> Reply {
    Reply::file(bytes).header("Content-Encoding", coding)
}

/// The one file that comes of this answer at this path.
fn saved(path: &str, reply: Reply) -> (String, Vec<u8>) {
    let site = Site::start();
    site.on(path, reply);
    let fetch = quick().arg(site.url(path));
    fetch.run().success();
    assert_eq!(fetch.partials(), Vec::<String>::new());
    let mut files: Vec<_> = fetch.files().into_iter().collect();
    assert_eq!(files.len(), 1);
    files.remove(0)
}

#[test]
fn an_unrequested_content_coding_is_decoded_at_the_end() {
    let cat = small(Format::Jpeg, 1);
    let table = [
        ("/cat.jpg", "gzip", gzip(&cat)),
        ("/cat.jpg", "x-gzip", gzip(&cat)),
        ("/cat.jpg", "GZIP", gzip(&cat)),
        ("/cat.jpg", "deflate", zlib(&cat)),
        ("/cat", "gzip", gzip(&cat)),
    ];
    for (path, coding, bytes) in table {
        let (name, bytes) = saved(path, coded(bytes, coding));
        assert_eq!(name, "cat.jpg");
        assert!(bytes == cat, "{coding}");
    }
    for chunked in [false, true] {
        let reply = coded(gzip(&large()), "gzip");
        let reply = if chunked { reply.chunked() } else { reply };
        assert!(saved("/cat.jpg", reply).1 == large());
    }
}

#[test]
fn pages_and_feeds_are_decoded_from_their_content_coding() {
    let site = Site::start();
    let page = "<!doctype html><title>Cats</title><img src='/1.jpg' width=900 height=900><a href='/more'>more</a>";
    let more = "<!doctype html><title>More</title><img src='/2.jpg' width=900 height=900>";
    let feed = "<?xml version='1.0'?><rss version='2.0'><channel><title>Cats</title><item><guid>1</guid>\
        <enclosure url='/3.jpg' type='image/jpeg'/></item></channel></rss>";
    for (path, text) in [("/page", page), ("/more", more), ("/feed", feed)] {
        let bytes = gzip(
            text.replace("='/3", &format!("='{}/3", site.url("")))
                .as_bytes(),
        );
        let kind = match path {
            "/feed" => "application/rss+xml",
            _ => "text/html",
        };
        site.on(path, coded(bytes, "gzip").content_type(kind));
    }
    site.on("/robots.txt", Reply::empty(404)).optional();
    for number in 1..=3 {
        let picture = Reply::file(small(Format::Jpeg, number));
        site.on(&format!("/{number}.jpg"), picture);
    }
    let fetch = quick()
        .args(["--depth", "1"])
        .arg(format!("page:{}", site.url("/page")))
        .arg(format!("feed:{}", site.url("/feed")));
    fetch.run().success();
    assert_eq!(fetch.files().len(), 3, "{}", fetch.tree());
    let asked = |path: &str| {
        let seen = site.requests().into_iter().find(|seen| seen.path() == path);
        seen.unwrap().header("accept-encoding").unwrap().to_owned()
    };
    // What is to be known again by its ETag is not asked for in a coding.
    let asked = ["/page", "/more", "/feed", "/1.jpg"].map(asked);
    assert_eq!(asked, ["gzip", "gzip", "identity", "identity"]);
}

#[test]
fn a_coded_page_is_recognised_before_items_are_selected() {
    let site = Site::start();
    let page = gzip(b"<!doctype html><title>Cats</title><img src='/1.jpg' width=900 height=900>");
    site.on("/cats", coded(page, "gzip").content_type(""));
    let picture = Reply::file(small(Format::Jpeg, 1));
    site.on("/1.jpg", picture);
    let fetch = quick().args(["-I", "1"]).arg(site.url("/cats"));
    fetch.run().success();
    assert_eq!(fetch.files().len(), 1, "{}", fetch.tree());
}

#[test]
fn a_page_that_decompresses_to_too_much_is_abandoned() {
    let site = Site::start();
    let bomb = gzip(&vec![b' '; 40 << 20]);
    site.on("/page", coded(bomb, "gzip").content_type("text/html"));
    let done = quick()
        .arg(format!("page:{}", site.url("/page")))
        .run()
        .fails(4);
    let said = "is longer than 33554432 bytes";
    assert!(done.stderr.contains(said), "{}", done.stderr);
}

#[test]
fn zero_padding_after_a_coded_body_is_dropped() {
    let cat = small(Format::Jpeg, 1);
    let filled = [gzip(&cat), vec![0; 512]].concat();
    let (name, bytes) = saved("/cat.jpg", coded(filled, "gzip"));
    assert_eq!(name, "cat.jpg");
    assert!(bytes == cat);
}

#[test]
fn a_file_that_is_packed_itself_is_kept_as_it_comes() {
    let text = gzip(b"a text");
    for path in ["/a.txt.gz", "/a.tgz", "/a.svgz"] {
        let (name, bytes) = saved(path, coded(text.clone(), "gzip"));
        assert!(path.ends_with(&name), "{path} {name}");
        assert_eq!(bytes, text, "{path}");
    }
    let (_, bytes) = saved("/a.txt.br", coded(b"packed".to_vec(), "br"));
    assert_eq!(bytes, b"packed");
    let header = "attachment; filename=\"a.tar.gz\"";
    let reply = coded(text.clone(), "gzip").header("Content-Disposition", header);
    assert_eq!(saved("/download", reply), ("a.tar.gz".into(), text));
}

#[test]
fn an_unknown_content_coding_is_refused_by_name() {
    for coding in ["br", "zstd", "compress", "gzip, br"] {
        let site = Site::start();
        site.on("/cat.jpg", coded(small(Format::Jpeg, 1), coding));
        let fetch = quick().arg(site.url("/cat.jpg"));
        let done = fetch.run();
        assert_ne!(done.code, 0);
        let said = format!("the content coding `{coding}`");
        assert!(done.stderr.contains(&said), "{}", done.stderr);
        assert_eq!(fetch.tree(), "");
    }
}

#[test]
fn several_content_encoding_fields_count_as_one_list() {
    let cat = small(Format::Jpeg, 1);
    let twice =
        |one: &str, two: &str, bytes: Vec<u8>| coded(bytes, one).header("Content-Encoding", two);
    let (_, bytes) = saved("/cat.jpg", twice("identity", "gzip", gzip(&cat)));
    assert!(bytes == cat);
    let (_, bytes) = saved("/cat.jpg", coded(gzip(&cat), ", gzip,identity"));
    assert!(bytes == cat);
    let site = Site::start();
    site.on("/cat.jpg", twice("gzip", "gzip", gzip(&gzip(&cat))));
    let page = gzip(&gzip(b"<!doctype html><title>Cats</title>"));
    site.on(
        "/page",
        twice("gzip", "gzip", page).content_type("text/html"),
    );
    for link in [site.url("/cat.jpg"), format!("page:{}", site.url("/page"))] {
        let fetch = quick().arg(link);
        let done = fetch.run();
        assert_ne!(done.code, 0);
        let said = "the content coding `gzip, gzip`";
        assert!(done.stderr.contains(said), "{}", done.stderr);
        assert_eq!(fetch.tree(), "");
    }
}

#[test]
fn an_empty_coded_body_is_an_empty_file() {
    for reply in [Reply::file(""), Reply::file("").chunked()] {
        let (_, bytes) = saved("/a.txt", reply.header("Content-Encoding", "gzip"));
        assert!(bytes.is_empty());
    }
}

#[test]
fn a_coding_with_a_name_without_end_is_named_in_short() {
    let site = Site::start();
    site.on(
        "/cat.jpg",
        coded(small(Format::Jpeg, 1), &"b".repeat(50_000)),
    );
    site.on("/page", coded(vec![b'a'], &"b".repeat(50_000)));
    for link in [site.url("/cat.jpg"), format!("page:{}", site.url("/page"))] {
        let done = quick().arg(link).run().fails(4);
        assert!(
            done.stderr.contains("the content coding `bbb"),
            "{}",
            done.stderr
        );
        assert!(done.stderr.len() < 1000, "{}", done.stderr.len());
    }
}

#[test]
fn a_coded_body_is_resumed_in_its_coded_form() {
    let site = Site::start();
    let bytes = gzip(&large());
    let digest = STANDARD.encode(sha2::Sha256::digest(&bytes));
    let good = coded(bytes, "gzip")
        .etag("\"coded\"")
        .header("Repr-Digest", format!("sha-256=:{digest}:"));
    site.on("/cat.jpg", good.clone().cut_after(1_500_000))
        .once();
    site.on("/cat.jpg", good);
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
    assert!(site.requests()[1].header("range").is_some());
}

#[test]
fn a_digest_may_cover_the_decoded_bytes() {
    let (cat, other) = (small(Format::Jpeg, 1), small(Format::Jpeg, 2));
    let of = |bytes: &[u8]| {
        let digest = STANDARD.encode(sha2::Sha256::digest(bytes));
        let reply = coded(gzip(&cat), "gzip");
        reply.header("Repr-Digest", format!("sha-256=:{digest}:"))
    };
    assert!(saved("/cat.jpg", of(&cat)).1 == cat);
    assert!(saved("/cat.jpg", of(&gzip(&cat))).1 == cat);
    let site = Site::start();
    site.on("/cat.jpg", of(&other));
    let fetch = quick().arg(site.url("/cat.jpg"));
    let done = fetch.run().fails(4);
    done.says("the bytes do not have the SHA-256 given by the server");
    assert_eq!(fetch.tree(), "");
}

#[test]
fn a_partial_file_in_another_coding_starts_over() {
    let site = Site::start();
    let good = coded(gzip(&large()), "gzip").etag("\"a\"");
    site.on("/cat.jpg", good.cut_after(1_500_000)).once();
    site.on("/cat.jpg", Reply::file(large()).etag("\"a\""));
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
}

#[test]
fn a_file_that_decompresses_to_too_much_is_abandoned() {
    let bomb = gzip(&vec![b'a'; 64 << 20]);
    assert!(bomb.len() < 1 << 20);
    let site = Site::start();
    site.on("/a.txt", coded(bomb, "gzip"));
    let fetch = quick().arg(site.url("/a.txt"));
    let done = fetch.run().fails(4);
    let said = "it decompresses to too much";
    assert!(done.stderr.contains(said), "is not in {}", done.stderr);
    assert_eq!(fetch.tree(), "");
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

#[test]
fn a_damaged_coded_body_is_not_saved() {
    let mut damaged = gzip(&large());
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    let short = gzip(&large())[..1_000_000].to_vec();
    let none = small(Format::Jpeg, 1);
    for bytes in [damaged, short, none] {
        let site = Site::start();
        site.on("/cat.jpg", coded(bytes, "gzip"));
        let fetch = quick().arg(site.url("/cat.jpg"));
        fetch.run().fails(4);
        assert_eq!(fetch.tree(), "");
        assert_eq!(fetch.partials(), Vec::<String>::new());
    }
}
