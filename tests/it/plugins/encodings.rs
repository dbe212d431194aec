//! Pages for scripts that are in other encodings than UTF-8.

use std::fs;

use super::kit::{new, test};
use super::{USUAL, call};
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

/// A page in the encoding of western Europe.
fn page(charset: &str) -> Reply {
    let body = b"<html><head><meta charset=iso-8859-1></head><h1>caf\xe9 \x80</h1></html>";
    Reply::file(&body[..]).content_type(&format!("text/html{charset}"))
}

#[test]
fn pages_are_decoded_from_their_charset() {
    for charset in ["; charset=windows-1252", "; charset=ISO-8859-1", ""] {
        let site = Site::start();
        site.on("/page", page(charset));
        site.on("/a.jpg", Reply::file(small(Format::Jpeg, 1)));
        let script = r#"return { extract = function(ctx)
            local page = http.get(ctx.options.site .. "/page"):html()
            emit({ key = "a", url = ctx.options.site .. "/a.jpg", title = page:first("h1"):text() })
        end }"#;
        let fetch = call(&site, USUAL, script).args(["-o", "{title}.{ext}"]);
        fetch.run().success();
        let files: Vec<String> = fetch.files().into_keys().collect();
        assert_eq!(files, ["café €.jpg"], "{charset}");
    }
}

#[test]
fn a_page_in_another_encoding_is_recorded_as_text() {
    let (fetch, folder) = new();
    let script = r#"return { extract = function(ctx)
        local page = http.get(ctx.options.site .. "/page"):html()
        emit({ key = "a", url = "https://comics.example/a.jpg", title = page:first("h1"):text() })
    end }"#;
    fs::write(folder.join("main.luau"), script).unwrap();
    fs::remove_dir_all(folder.join("cases")).unwrap();
    let site = Site::start();
    site.on("/page", page("; charset=windows-1252"));
    let set = format!("source.comics.site={}", site.url(""));
    let link = "https://comics.example/a/7";
    let record = ["plugin", "record", "comics", "seen", link, "-S", &set];
    fetch.clone().args(record).run().success();
    let case = fs::read_to_string(folder.join("cases/seen.toml")).unwrap();
    assert!(case.contains("title = \"café €\""), "{case}");
    assert_eq!(test(&fetch).run().success().stdout, "ok      seen\n");
}

#[test]
fn an_oversized_page_is_not_blamed_on_the_plugin() {
    let site = Site::start();
    site.on("/page", Reply::html("x".repeat((4 << 20) + 1)));
    let script =
        "return { extract = function(ctx) http.get(ctx.options.site .. '/page'):html() end }";
    let done = call(&site, USUAL, script).run().fails(4);
    let done = done.says("the page has more than 4194304 bytes or 100000 tags");
    assert!(!done.stderr.contains("at fault"), "{}", done.stderr);
}
