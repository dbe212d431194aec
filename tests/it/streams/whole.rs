//! Whether what came is whole: what nothing shows is told.

use super::{list, playlist, quick, segment, segments};
use crate::support::{Reply, Site};

#[test]
fn close_delimited_segments_are_reported() {
    let site = Site::start();
    site.on("/cats.m3u8", playlist(&list(4)));
    let mut whole = Vec::new();
    for n in 0..4 {
        let bytes = segment(n, 20);
        let reply = Reply::file(bytes.clone());
        let reply = match n {
            1 | 2 => reply.close_delimited(),
            _ => reply,
        };
        site.on(&format!("/{n}.ts"), reply);
        whole.extend(bytes);
    }
    let fetch = quick().arg(site.url("/cats.m3u8"));
    let said = "the server did not send the length of 2 of its segments, so they may be incomplete";
    fetch.run().success().says(said);
    assert!(fetch.files()["cats.ts"] == whole);
}

#[test]
fn a_close_delimited_single_file_track_is_reported() {
    let site = Site::start();
    let manifest = "<MPD type='static'><Period><AdaptationSet mimeType='video/mp2t'><Representation id='v' bandwidth='9'>\
        <BaseURL>film.ts</BaseURL></Representation></AdaptationSet></Period></MPD>";
    site.on("/cats.mpd", Reply::text(manifest));
    site.on("/film.ts", Reply::file(segment(1, 20)).close_delimited());
    let fetch = quick().arg(site.url("/cats.mpd"));
    let said = "the server did not send its length, so it may be incomplete";
    fetch.run().success().says(said);
    assert!(fetch.files()["cats.ts"] == segment(1, 20));
}

#[test]
fn a_close_delimited_playlist_without_an_end_is_reported() {
    let lines = list(3).replace("#EXT-X-ENDLIST\n", "");
    let lines = format!("#EXT-X-PLAYLIST-TYPE:VOD\n{lines}");
    let said = "its playlist has no end and came without a length, so it may be incomplete";
    for is_open in [true, false] {
        let site = Site::start();
        let reply = playlist(&lines);
        let reply = if is_open {
            reply.close_delimited()
        } else {
            reply
        };
        site.on("/cats.m3u8", reply);
        segments(&site, "", 3, 20);
        let done = quick().arg(site.url("/cats.m3u8")).run().success();
        assert_eq!(done.stderr.contains(said), is_open, "{}", done.stderr);
    }
}
