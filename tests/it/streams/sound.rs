//! The sound of a film alone, when it is asked for once more: it stays the sound, and a film stays a film.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{hasty, playlist, segment};
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

const MASTER: &str = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en\",URI=\"sound.m3u8\"\n\
    #EXT-X-STREAM-INF:BANDWIDTH=4,RESOLUTION=64x36,AUDIO=\"a\"\nhigh.m3u8\n";

/// A site with a film whose sound is apart, and what lets its segments through: until then, web pages come.
fn site() -> (Site, Arc<AtomicBool>) {
    let site = Site::start();
    let open = Arc::new(AtomicBool::new(false));
    for name in ["master.m3u8", "film.mp4"] {
        site.on(&format!("/film/{name}"), playlist(MASTER))
            .optional();
    }
    for (n, name) in ["high", "sound"].into_iter().enumerate() {
        let lines = format!("#EXTINF:4,\n{name}.ts\n#EXT-X-ENDLIST\n");
        site.on(&format!("/film/{name}.m3u8"), playlist(&lines))
            .optional();
        let is_open = open.clone();
        let reply = Reply::with(move |_| match is_open.load(Ordering::Relaxed) {
            true => Reply::file(segment(n as u64, 20 + n)),
            false => Reply::html("<html>a login</html>"),
        });
        site.on(&format!("/film/{name}.ts"), reply).optional();
    }
    (site, open)
}

/// A user without `ffmpeg`, and a call of theirs for the film.
fn user(site: &Site) -> (Fetch, Fetch) {
    let user = Fetch::new().env("PATH", "/nowhere");
    let fetch = hasty(&user).arg(site.url("/film/master.m3u8"));
    (user, fetch)
}

fn sound() -> Vec<u8> {
    segment(1, 21)
}

#[test]
fn a_failed_audio_only_item_is_retried_as_audio() {
    let (site, open) = site();
    let (user, fetch) = user(&site);
    let alone = fetch.clone().args(["--quality", "audio"]);
    alone.run().fails(4);
    open.store(true, Ordering::Relaxed);
    user.arg("retry").run().success().says("1 new");
    assert!(fetch.files().values().eq([&sound()]), "{}", fetch.tree());
    alone.run().success().says("1 had");
    fetch.run().success().says("1 new");
}

#[test]
fn a_failed_video_is_not_retried_as_audio() {
    let (site, open) = site();
    let (user, fetch) = user(&site);
    fetch.run().fails(4);
    open.store(true, Ordering::Relaxed);
    let retry = user.arg("retry");
    let done = retry.clone().args(["--quality", "audio"]).run().fails(4);
    done.says("it is a video, but only its audio is wanted now")
        .says("hint: `-S stream.quality=best` downloads the video");
    assert_eq!(fetch.tree(), "");
    // Another rendition may be wanted.
    let retry = retry.args(["-S", "stream.quality=audio", "--quality", "worst"]);
    retry.run().success().says("1 new");
    assert_eq!(fetch.files().len(), 2, "{}", fetch.tree());
    fetch.run().success().says("1 had");
}

#[test]
fn audio_only_is_repaired_by_the_link_of_the_video() {
    let (site, open) = site();
    open.store(true, Ordering::Relaxed);
    let (user, fetch) = user(&site);
    let alone = fetch.clone().args(["--quality", "audio"]);
    alone.run().success();
    let verify = user.clone().args(["verify", "--repair"]);
    std::fs::remove_file(fetch.out().join("film.ts")).unwrap();
    verify.run().success().says("1 new");
    assert!(fetch.files().values().eq([&sound()]), "{}", fetch.tree());
    // Also where both are gone.
    fetch.run().success();
    let whole = fetch.files();
    assert_eq!(whole.len(), 3, "{}", fetch.tree());
    let films: Vec<_> = whole
        .keys()
        .filter(|path| !path.contains(".audio."))
        .collect();
    for path in &films {
        std::fs::remove_file(fetch.out().join(path)).unwrap();
    }
    verify.run().success().says("2 new");
    let now = fetch.files();
    for path in films {
        assert!(now[path] == whole[path], "{path}");
    }
    user.arg("verify").run().success();
}

#[test]
fn a_video_is_downloaded_although_its_audio_was_saved() {
    // It is a playlist, whatever it is called.
    for name in ["master.m3u8", "film.mp4"] {
        let (site, open) = site();
        open.store(true, Ordering::Relaxed);
        let fetch = hasty(&Fetch::new().env("PATH", "/nowhere"));
        let fetch = fetch.arg(site.url(&format!("/film/{name}")));
        let alone = fetch.clone().args(["--quality", "audio"]);
        alone.run().success().says("1 new");
        fetch.run().success().says("1 new");
        // The film, its sound beside it, and the sound alone.
        assert_eq!(fetch.files().len(), 3, "{}", fetch.tree());
        alone.run().success().says("1 had");
        fetch.run().success().says("1 had");
    }
}

#[test]
fn a_file_that_became_a_stream_is_not_reported_unchanged() {
    let (site, open) = site();
    open.store(true, Ordering::Relaxed);
    site.on("/film/turn.mp4", Reply::file(sound()).etag("\"a\""))
        .once();
    let fetch = hasty(&Fetch::new()).arg(site.url("/film/turn.mp4"));
    fetch.run().success().says("1 new");
    site.on("/film/turn.mp4", playlist(MASTER));
    let asks = fetch.clone().args(["--skip", "changed"]);
    let done = asks.run().success().says("1 had");
    done.says("cannot tell whether it has changed: it is a stream now");
    assert!(fetch.files().values().eq([&sound()]), "{}", fetch.tree());
}
