//! What pages, folders, feeds and buckets call a playlist and is none, and what is one without being called so.

use super::names;
use crate::streams::{quick, segment};
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

const SONGS: &str = "#EXTM3U\n#EXTINF:2,One\n01.ts\n#EXTINF:2,Two\n02.ts\n";

fn songs(text: &str) -> Reply {
    Reply::text(text).content_type("audio/x-mpegurl")
}

/// The bytes of the one file that has this name.
fn bytes(fetch: &Fetch, name: &str) -> Vec<u8> {
    let mut files = fetch.files().into_iter();
    let found = files.find(|(path, _)| path.ends_with(name));
    found.unwrap_or_else(|| panic!("no {name}")).1
}

#[test]
fn a_list_of_songs_in_a_folder_is_saved_as_the_file_that_it_is() {
    let site = Site::start();
    let index = "<title>Index of /alb/</title><h1>Index of /alb/</h1><a href=01.ts>1</a>\
        <a href=album.m3u8>a</a><a href=bare.m3u8>b</a><a href=names.m3u8>n</a>";
    site.on("/alb/", Reply::html(index));
    site.on("/alb/01.ts", Reply::file(segment(1, 20)));
    site.on("/alb/album.m3u8", songs(SONGS));
    site.on("/alb/bare.m3u8", songs("01.ts\n02.ts\n"));
    site.on("/alb/names.m3u8", songs("#EXTM3U\n01.ts\n"));
    let fetch = quick().arg(site.url("/alb/"));
    fetch.run().success().says("4 found: 4 new");
    let expected = ["01.ts", "album.m3u8", "bare.m3u8", "names.m3u8"];
    assert_eq!(names(&fetch), expected);
    assert_eq!(bytes(&fetch, "album.m3u8"), SONGS.as_bytes());
    assert_eq!(site.count("/alb/01.ts"), 1);
    fetch.run().success().says("4 had");
}

#[test]
fn a_list_of_songs_that_a_page_plays_is_saved_as_the_file_that_it_is() {
    let site = Site::start();
    let page = "<!doctype html><title>Radio</title><audio src=/list/radio.m3u8></audio>";
    site.on("/radio", Reply::html(page)).once();
    site.on("/list/radio.m3u8", songs(SONGS));
    let fetch = quick().arg(site.url("/radio"));
    fetch.run().success();
    assert_eq!(names(&fetch), ["001 radio.m3u8"]);
}

#[test]
fn a_page_in_place_of_a_playlist_is_no_file() {
    let site = Site::start();
    let page = "<!doctype html><title>Film</title><video src=/film.m3u8></video>";
    site.on("/film", Reply::html(page)).once();
    let gone = "<!doctype html><title>Not here</title><p>gone";
    site.on("/film.m3u8", Reply::html(gone));
    let fetch = quick().arg(site.url("/film"));
    fetch.run().fails(5).says("a web page, not a file");
    assert!(fetch.files().is_empty());
}
