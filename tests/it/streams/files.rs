//! Streams that are made of files: whole ones, and ranges of one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{hasty, playlist, quick, segment};
use crate::support::command::Fetch;
use crate::support::media::{Format, sized};
use crate::support::{Reply, Site};

const FILM: &str = "<MPD type='static' mediaPresentationDuration='PT8S'><Period><AdaptationSet mimeType='video/mp4'>\
    <Representation id='v' bandwidth='9' width='64' height='36'><BaseURL>film.mp4</BaseURL><SegmentBase indexRange='0-9'/>\
    </Representation></AdaptationSet></Period></MPD>";
/// A little more than five pieces of it.
const LENGTH: usize = (21 << 20) + 5;

/// A site with a film that is one file, of this version. Of its fourth piece, it sends the beginning the first time.
fn site(root: &str, seed: u64, etag: &str, stuck: bool) -> (Site, Vec<u8>) {
    let site = Site::start();
    site.on(&format!("{root}/cats.mpd"), Reply::text(FILM));
    let bytes = sized(Format::Mp4, LENGTH, seed);
    let reply = Reply::file(bytes.clone()).etag(etag);
    let left = AtomicUsize::new(usize::from(stuck));
    let reply = Reply::with(move |seen| {
        let is_fourth = seen.header("range") == Some("bytes=12582912-16777215");
        match is_fourth && left.swap(0, Ordering::Relaxed) == 1 {
            true => reply.clone().stall_after(100_000),
            false => reply.clone(),
        }
    });
    site.on(&format!("{root}/film.mp4"), reply);
    (site, bytes)
}

fn ranges(site: &Site) -> Vec<String> {
    let seen = site.requests().into_iter();
    let seen = seen.filter(|seen| seen.target.ends_with("/film.mp4"));
    seen.map(|seen| seen.header("range").unwrap_or("all").to_owned())
        .collect()
}

#[cfg(unix)]
#[test]
fn a_single_file_track_is_resumed() {
    let (site, whole) = site("", 1, "\"one\"", true);
    let fetch = quick().arg(site.url("/cats.mpd"));
    let running = fetch.spawn();
    site.wait_for_stalls(1);
    // All but the one that is stuck.
    super::wait_for_state(&fetch, &running, |state| {
        let waiting = state["waiting"].as_array().map_or(0, Vec::len);
        (&state["count"], waiting) == (&3.into(), 2)
    });
    running.interrupt();
    running.wait_for_stderr("press Ctrl-C again");
    running.interrupt();
    running.wait().fails(130);
    assert_eq!(fetch.tree(), "");
    site.forget();
    fetch.run().success();
    assert!(fetch.files()["cats.mp4"] == whole);
    // What is there of the end is compared, and what was missing came.
    let mut seen = ranges(&site);
    seen.sort();
    let expected = [
        "bytes=0-0",
        "bytes=12582912-16777215",
        "bytes=8388608-12582911",
    ];
    assert_eq!(seen, expected);
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn a_changed_single_file_track_starts_over() {
    // As long as before, under the same address.
    let (first, _) = site("http://film.test", 1, "\"one\"", true);
    let (second, whole) = site("http://film.test", 2, "\"two\"", false);
    let fetch = hasty(&Fetch::new()).arg("http://film.test/cats.mpd");
    let by = |site: &Site| fetch.clone().env("HTTP_PROXY", site.url(""));
    let running = by(&first).spawn();
    first.wait_for_stalls(1);
    super::wait_for_state(&fetch, &running, |state| state["count"] == 3);
    running.kill9();
    by(&second).run().success();
    assert!(fetch.files()["cats.mp4"] == whole);
    assert_eq!(ranges(&second).len(), 7);
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

#[test]
fn a_single_file_track_is_downloaded_without_ranges() {
    let site = Site::start();
    let bytes = sized(Format::Mp4, LENGTH, 3);
    site.on("/cats.mpd", Reply::text(FILM));
    let reply = Reply::file(bytes.clone()).etag("\"one\"").no_ranges();
    site.on("/film.mp4", reply);
    let fetch = quick().arg(site.url("/cats.mpd"));
    fetch.run().success();
    assert!(fetch.files()["cats.mp4"] == bytes);
    assert_eq!(ranges(&site), ["bytes=0-0", "all"]);
}

#[test]
fn a_track_replaced_by_a_longer_file_is_downloaded_anew() {
    let site = Site::start();
    site.on("/cats.mpd", Reply::text(FILM));
    let old = Reply::file(sized(Format::Mp4, LENGTH, 1)).etag("\"one\"");
    let new = sized(Format::Mp4, 30 << 20, 2);
    site.on("/film.mp4", old).times(3);
    site.on("/film.mp4", Reply::file(new.clone()).etag("\"two\""));
    let fetch = quick().args(["-N", "1"]).arg(site.url("/cats.mpd"));
    fetch.run().success();
    assert!(fetch.files()["cats.mp4"] == new);
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

#[test]
fn an_endless_response_to_a_range_probe_is_abandoned() {
    let site = Site::start();
    site.on("/cats.mpd", Reply::text(FILM));
    let bytes = sized(Format::Mp4, LENGTH, 3);
    let reply = Reply::file(bytes.clone()).etag("\"one\"");
    let endless = reply
        .clone()
        .wrong_bytes(vec![0; 1 << 20])
        .stall_after(100_000);
    let reply = Reply::with(move |seen| match seen.header("range") {
        Some("bytes=0-0") => endless.clone(),
        _ => reply.clone(),
    });
    site.on("/film.mp4", reply);
    let fetch = quick().arg(site.url("/cats.mpd"));
    fetch.run().success();
    assert!(fetch.files()["cats.mp4"] == bytes);
    let first = ranges(&site)
        .iter()
        .filter(|range| *range == "bytes=0-0")
        .count();
    assert_eq!(first, 1);
}

/// How long each range of a file is: five packets.
const RANGE: usize = 5 * 188;

/// A playlist of so many ranges of one file.
fn of_ranges(count: usize) -> Reply {
    ranges_of(count, RANGE)
}

/// Of this length each.
fn ranges_of(count: usize, length: usize) -> Reply {
    let lines: String = (0..count)
        .map(|n| {
            let start = n * length;
            format!("#EXTINF:4,\n#EXT-X-BYTERANGE:{length}@{start}\nall.ts\n")
        })
        .collect();
    playlist(&format!("{lines}#EXT-X-ENDLIST\n"))
}

#[test]
fn byte_ranges_of_a_changing_file_are_not_mixed() {
    let site = Site::start();
    site.on("/cats.m3u8", of_ranges(8));
    let (old, new) = (segment(1, 40), segment(2, 40));
    site.on("/all.ts", Reply::file(old).etag("\"old\""))
        .times(3);
    site.on("/all.ts", Reply::file(new.clone()).etag("\"new\""));
    let fetch = quick().args(["-N", "1"]).arg(site.url("/cats.m3u8"));
    fetch.run().success();
    assert!(fetch.files()["cats.ts"] == new);
}

#[test]
fn a_changed_video_track_restarts_with_its_audio() {
    let site = Site::start();
    let master = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en\",URI=\"sound.m3u8\"\n\
        #EXT-X-STREAM-INF:BANDWIDTH=2,AUDIO=\"a\"\npicture.m3u8\n";
    site.on("/film/master.m3u8", playlist(master));
    site.on("/film/picture.m3u8", of_ranges(8));
    let sound = "#EXTINF:32,\nsound.ts\n#EXT-X-ENDLIST\n";
    site.on("/film/sound.m3u8", playlist(sound));
    // It changes once the sound is there.
    let (asked, came) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let is_new = {
        let (asked, came) = (asked.clone(), came.clone());
        move || asked.load(Ordering::Relaxed) > 3 && came.load(Ordering::Relaxed) > 0
    };
    let is_it = is_new.clone();
    let picture = Reply::with(move |_| {
        asked.fetch_add(1, Ordering::Relaxed);
        let seed = u64::from(is_it());
        Reply::file(segment(seed, 40)).etag(format!("\"{seed}\""))
    });
    site.on("/film/all.ts", picture);
    let sound = Reply::with(move |_| {
        let seed = u64::from(is_new());
        came.fetch_add(1, Ordering::Relaxed);
        Reply::file(segment(10 + seed, 30))
    });
    site.on("/film/sound.ts", sound);
    let fetch = quick().env("PATH", "/nowhere").args(["-N", "1"]);
    let fetch = fetch.arg(site.url("/film/master.m3u8"));
    let done = fetch.run().success();
    let files = fetch.files();
    assert!(files["film.ts"] == segment(1, 40), "{}", done.stderr);
    assert!(files["film.audio.ts"] == segment(11, 30), "{}", done.stderr);
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

#[test]
fn a_changed_byte_range_file_uses_its_new_playlist() {
    let site = Site::start();
    let (old, new) = (segment(1, 40), segment(2, 63));
    let asked = Arc::new(AtomicUsize::new(0));
    let is_new = asked.clone();
    let list = Reply::with(move |_| match is_new.load(Ordering::Relaxed) > 3 {
        true => ranges_of(9, 7 * 188),
        false => of_ranges(8),
    });
    site.on("/cats.m3u8", list);
    let (before, now) = (
        Reply::file(old).etag("\"old\""),
        Reply::file(new.clone()).etag("\"new\""),
    );
    let reply = Reply::with(move |_| match asked.fetch_add(1, Ordering::Relaxed) < 3 {
        true => before.clone(),
        false => now.clone(),
    });
    site.on("/all.ts", reply);
    let fetch = quick().args(["-N", "1"]).arg(site.url("/cats.m3u8"));
    fetch.run().success();
    assert!(fetch.files()["cats.ts"] == new);
}

/// Ranges of a file whose address runs out after three of them, and which is this one under its new address.
fn moved(new: Vec<u8>, etag: &str) -> (Site, Fetch) {
    let site = Site::start();
    let lists = AtomicUsize::new(0);
    let list = Reply::with(move |_| {
        let token = lists.fetch_add(1, Ordering::Relaxed);
        let lines: String = (0..8)
            .map(|n| {
                let start = n * RANGE;
                format!("#EXTINF:4,\n#EXT-X-BYTERANGE:{RANGE}@{start}\n{token}/all.ts\n")
            })
            .collect();
        playlist(&format!("{lines}#EXT-X-ENDLIST\n"))
    });
    site.on("/cats.m3u8", list);
    let old = Reply::file(segment(1, 40)).etag("\"old\"");
    site.on("/1/all.ts", old).times(3);
    site.on("/1/all.ts", Reply::text("expired").status(403));
    site.on("/*", Reply::file(new).etag(etag));
    let fetch = quick().args(["-N", "1"]).arg(site.url("/cats.m3u8"));
    (site, fetch)
}

#[test]
fn a_moved_byte_range_file_must_be_unchanged() {
    let (old, new) = (segment(1, 40), segment(2, 40));
    let (site, fetch) = moved(old.clone(), "\"old\"");
    fetch.run().success();
    assert!(fetch.files()["cats.ts"] == old);
    assert_eq!(site.count("/2/all.ts"), 5);
    // Or else it begins anew.
    let (site, fetch) = moved(new.clone(), "\"new\"");
    fetch.run().success();
    assert!(fetch.files()["cats.ts"] == new);
    assert_eq!((site.count("/2/all.ts"), site.count("/3/all.ts")), (1, 8));
}

#[test]
fn a_byte_range_file_that_keeps_changing_fails() {
    let site = Site::start();
    site.on("/cats.m3u8", of_ranges(8));
    let asked = AtomicUsize::new(0);
    let reply = Reply::with(move |_| {
        let more = asked.fetch_add(1, Ordering::Relaxed);
        Reply::file(segment(1, 40 + more))
    });
    site.on("/all.ts", reply);
    let fetch = quick().args(["-N", "1"]).arg(site.url("/cats.m3u8"));
    let done = fetch.run().fails(4);
    let said = "segment 2 of 8: the file that it is a part of has changed on the server";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    assert_eq!((fetch.tree().as_str(), fetch.partials().len()), ("", 0));
}

#[test]
fn segments_of_several_machines_are_one_stream() {
    let site = Site::start();
    site.on("/cats.m3u8", playlist(&super::list(6)));
    let mut whole = Vec::new();
    for n in 0..6u64 {
        let bytes = segment(n, 40);
        // Each machine has a version of its own of all that it sends, and one breaks off.
        let of = |machine: u64| Reply::file(bytes.clone()).etag(format!("\"{machine}\""));
        let path = format!("/{n}.ts");
        if n == 3 {
            site.on(&path, of(1).cut_after(1000)).once();
        }
        site.on(&path, of(n % 2));
        whole.extend(bytes);
    }
    let fetch = quick().arg(site.url("/cats.m3u8"));
    let done = fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole, "{}", done.stderr);
}
