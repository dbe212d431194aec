//! What came is not what was wanted: it is not saved, and the reason is named.

use super::{large, quick};
use crate::support::media::{Format, sized, small};
use crate::support::{Reply, Site};

/// Fetches this answer at this path, and gives the messages of the failure.
fn refused(path: &str, reply: Reply, code: i32) -> String {
    let site = Site::start();
    site.on(path, reply);
    let fetch = quick().args(["-R", "1"]).arg(site.url(path));
    let done = fetch.run().fails(code);
    assert_eq!(fetch.tree(), "", "nothing is saved");
    assert_eq!(
        fetch.partials(),
        Vec::<String>::new(),
        "and nothing is left"
    );
    done.stderr_filtered()
}

fn says(output: &str, expected: &str) {
    assert!(
        output.contains(expected),
        "`{expected}` is not in:\n{output}"
    );
}

#[test]
fn a_page_with_status_200_is_not_saved_as_a_picture() {
    let page = "<!DOCTYPE html><html><head><title>Please log in</title></head><body></body></html>";
    says(
        &refused("/cat.jpg", Reply::html(page), 4),
        "a web page came instead of a picture, video or sound",
    );
    says(
        &refused("/cat.jpg", Reply::html(page), 4),
        "hint: `fetch page:URL` downloads the media on it",
    );
    let liar = Reply::html(page).content_type("image/jpeg");
    says(
        &refused("/cat.jpg", liar, 4),
        "a web page came instead of a picture, video or sound",
    );
}

#[test]
fn a_page_at_a_url_without_an_extension_is_never_saved_itself() {
    let output = refused(
        "/article",
        Reply::html("<!doctype html><title>News</title>"),
        5,
    );
    says(&output, "no relevant media in its markup");
}

#[test]
fn texts_zeros_and_empty_bodies_are_not_saved_as_pictures() {
    says(
        &refused("/cat.jpg", Reply::json("{\"error\": \"not found\"}"), 4),
        "a text came instead",
    );
    says(
        &refused("/cat.jpg", Reply::file(vec![0; 50_000]), 4),
        "a file of zeros came instead",
    );
    says(
        &refused("/cat.jpg", Reply::file(Vec::new()), 4),
        "an empty file came instead",
    );
}

#[test]
fn a_short_body_is_not_saved() {
    let cat = small(Format::Jpeg, 1);
    let short = Reply::file(cat.clone())
        .no_ranges()
        .cut_after(cat.len() / 2);
    says(
        &refused("/cat.jpg", short, 4),
        "the connection for `http://127.0.0.1:PORT/cat.jpg` broke",
    );
    let endless = Reply::file(cat).no_ranges().chunked_without_end();
    says(
        &refused("/cat.jpg", endless, 4),
        "the connection for `http://127.0.0.1:PORT/cat.jpg` broke",
    );
}

#[test]
fn a_stalled_download_is_given_up() {
    let stalled = Reply::file(large()).no_ranges().stall_after(1000);
    let output = refused("/cat.jpg", stalled, 4);
    says(&output, "`http://127.0.0.1:PORT/cat.jpg` fell silent");
}

#[test]
fn a_digest_that_disagrees_is_a_failure() {
    let cat = small(Format::Jpeg, 1);
    let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let headers = [
        ("Repr-Digest", format!("sha-256=:{zeros}:"), "SHA-256"),
        ("Content-Digest", format!("sha-256=:{zeros}:"), "SHA-256"),
        ("Digest", format!("SHA-256={zeros}"), "SHA-256"),
        ("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA==".to_owned(), "MD5"),
        (
            "x-goog-hash",
            "crc32c=AAAAAA==,md5=AAAAAAAAAAAAAAAAAAAAAA==".to_owned(),
            "MD5",
        ),
        (
            "x-ms-blob-content-md5",
            "AAAAAAAAAAAAAAAAAAAAAA==".to_owned(),
            "MD5",
        ),
    ];
    for (name, value, algorithm) in headers {
        let output = refused("/cat.jpg", Reply::file(cat.clone()).header(name, value), 4);
        says(
            &output,
            &format!("the bytes do not have the {algorithm} given by the server"),
        );
    }
}

#[test]
fn a_matching_digest_proves_a_close_delimited_file() {
    use sha2::Digest;
    let big = large();
    let digest: Vec<u8> = sha2::Sha256::digest(&big).to_vec();
    let value = format!(
        "sha-256=:{}:",
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, digest)
    );
    let site = Site::start();
    let good = Reply::file(big.clone()).header("Repr-Digest", value);
    site.on("/cat.jpg", good.clone().cut_after(1_000_000))
        .once();
    site.on("/cat.jpg", good);
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == big);
}

#[test]
fn a_wrong_extension_is_corrected() {
    let site = Site::start();
    let cat = sized(Format::Png, 40_000, 3);
    site.on(
        "/cat.jpg",
        Reply::file(cat.clone()).content_type("image/jpeg"),
    );
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert_eq!(fetch.files()["cat.png"], cat);
    site.forget();
    fetch.run().success();
    assert_eq!(
        site.requests().len(),
        0,
        "the record makes the second run cost no request"
    );
}

#[test]
fn an_unknown_content_encoding_is_refused() {
    let output = refused(
        "/cat.jpg",
        Reply::file(small(Format::Jpeg, 1)).header("Content-Encoding", "br"),
        4,
    );
    says(&output, "the server sent the content coding `br`");
}

#[test]
fn a_text_with_status_200_is_not_saved_as_pdf_or_zip() {
    let error = Reply::json(r#"{"error": "link expired", "code": 410}"#);
    let denied = Reply::file("<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>")
        .content_type("application/xml");
    let missing = Reply::file("File not found.\n").content_type("text/plain");
    let kinds = [
        "pdf", "zip", "cbz", "epub", "7z", "iso", "exe", "apk", "tar.gz",
    ];
    for (ext, reply) in kinds
        .into_iter()
        .zip([error.clone(), denied, missing].iter().cycle())
    {
        let last = ext.rsplit('.').next().unwrap();
        says(
            &refused(&format!("/a.{ext}"), reply.clone(), 4),
            &format!("a text came instead of a `{last}` file"),
        );
    }
    let named = error.header("Content-Disposition", "attachment; filename=\"book.pdf\"");
    says(
        &refused("/get?id=1", named, 4),
        "a text came instead of a `pdf` file",
    );
}

#[test]
fn an_empty_body_is_neither_an_archive_nor_a_page() {
    says(
        &refused("/a.zip", Reply::file(Vec::new()), 4),
        "an empty file came instead of a `zip` file",
    );
    says(
        &refused("/gallery", Reply::html(""), 4),
        "the server sent an empty web page, not a file",
    );
    says(
        &refused("/a.pdf", Reply::html(""), 4),
        "the server sent an empty web page, not a file",
    );
}

#[test]
fn files_whose_name_allows_a_text_are_saved_as_one() {
    let site = Site::start();
    site.on("/a.txt", Reply::file("File not found.\n"));
    // An archive that the server unpacked by itself, and a file that its server calls a text.
    site.on(
        "/b.csv.gz",
        Reply::file("1,2\n3,4\n").content_type("text/csv"),
    );
    let named =
        Reply::file("nothing\n").header("Content-Disposition", "attachment; filename=c.log");
    site.on("/c.zip", named);
    let fetch = quick().args(["/a.txt", "/b.csv.gz", "/c.zip"].map(|path| site.url(path)));
    fetch.run().success();
    let files = fetch.files();
    assert_eq!(
        files.keys().collect::<Vec<_>>(),
        ["a.txt", "b.csv", "c.log"]
    );
}
