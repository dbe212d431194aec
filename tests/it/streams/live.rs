//! Live streams.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{hasty, quick, segment, segments, wait_for_state};
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

/// A window of a live stream, from this segment on.
pub(super) fn window(first: usize, count: usize, end: &str) -> Reply {
    let lines: String = (first..first + count)
        .map(|n| format!("#EXTINF:1,\n{n}.ts\n"))
        .collect();
    Reply::text(format!(
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:{first}\n{lines}{end}"
    ))
}

#[test]
fn a_live_stream_is_followed_until_it_ends() {
    let site = Site::start();
    // Asked for what it is, then by its source, then by the transfer.
    site.on("/cats.m3u8", window(0, 3, "")).times(2);
    site.on("/cats.m3u8", window(1, 3, "")).once();
    site.on("/cats.m3u8", window(3, 3, "")).once();
    site.on("/cats.m3u8", window(4, 3, "#EXT-X-ENDLIST\n"));
    let whole = segments(&site, "", 7, 20);
    let fetch = quick().arg(site.url("/cats.m3u8"));
    let done = fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole);
    assert!(
        done.stderr.contains("/cats.m3u8` is live: "),
        "{}",
        done.stderr
    );
    assert!(!done.stderr.contains("were gone"), "{}", done.stderr);
}

#[test]
fn segments_lost_from_a_sliding_window_are_reported() {
    let site = Site::start();
    site.on("/cats.m3u8", window(0, 2, "")).times(2);
    site.on("/cats.m3u8", window(5, 2, "#EXT-X-ENDLIST\n"));
    let mut whole = Vec::new();
    for n in [0, 1, 5, 6] {
        let bytes = segment(n, 20);
        // One more is gone by the time that it is asked for.
        match n {
            5 => drop(site.on("/5.ts", Reply::text("gone").status(404))),
            _ => drop(site.on(&format!("/{n}.ts"), Reply::file(bytes.clone()))),
        }
        whole.extend(bytes.into_iter().filter(|_| n != 5));
    }
    let fetch = quick().arg(site.url("/cats.m3u8"));
    let done = fetch.run().success();
    assert!(
        done.stderr
            .contains("4 segments were gone before they could be fetched"),
        "{}",
        done.stderr
    );
    assert!(fetch.files()["cats.ts"] == whole);
}

#[test]
fn a_killed_live_recording_is_kept() {
    let site = Site::start();
    site.on("/cats.m3u8", window(0, 3, ""));
    let first = segments(&site, "", 3, 200);
    let user = Fetch::new();
    let fetch = hasty(&user).arg(site.url("/cats.m3u8"));
    let running = fetch.spawn();
    wait_for_state(&fetch, &running, |_| true);
    running.kill9();
    site.on("/cats.m3u8", window(7, 2, "#EXT-X-ENDLIST\n"));
    let mut second = Vec::new();
    for n in [7, 8] {
        let bytes = segment(n, 30);
        site.on(&format!("/{n}.ts"), Reply::file(bytes.clone()));
        second.extend(bytes);
    }
    // The site goes on with its last reply when those before it were given.
    let done = fetch.run().success();
    let files = fetch.files();
    assert!(files["cats.ts"] == second, "{}", done.stderr);
    assert!(files["cats.interrupted.ts"] == first);
    let said = "what an earlier run recorded of it is in `cats.interrupted.ts`";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    assert_eq!(fetch.partials(), Vec::<String>::new());
    user.arg("verify").run().success();
}

#[test]
fn a_live_recording_is_kept_if_the_stream_ended_differently() {
    let site = Site::start();
    site.on("/cats.m3u8", window(0, 3, ""));
    segments(&site, "", 3, 200);
    let fetch = hasty(&Fetch::new()).arg(site.url("/cats.m3u8"));
    let running = fetch.spawn();
    wait_for_state(&fetch, &running, |state| state["count"] == 3);
    running.kill9();
    site.on("/cats.m3u8", window(0, 3, "#EXT-X-ENDLIST\n"));
    let other = segment(9, 200);
    site.on("/2.ts", Reply::file(other.clone()));
    let done = fetch.run().success();
    let files = fetch.files();
    let first = [segment(0, 200), segment(1, 200)].concat();
    assert!(files["cats.interrupted.ts"] == first, "{}", done.stderr);
    assert!(files["cats.ts"] == [first, other].concat());
    let said = "it changed on the way: what was recorded of it is in `cats.interrupted.ts`";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

#[test]
fn a_live_recording_is_kept_if_its_playlist_is_gone() {
    let site = Site::start();
    // The second run sees its end twice, and then nothing.
    let left = Arc::new(AtomicUsize::new(usize::MAX));
    let times = left.clone();
    let list = Reply::with(move |_| match times.load(Ordering::Relaxed) {
        usize::MAX => window(0, 3, ""),
        0 => Reply::text("gone").status(404),
        more => {
            times.store(more - 1, Ordering::Relaxed);
            window(0, 3, "#EXT-X-ENDLIST\n")
        }
    });
    site.on("/cats.m3u8", list);
    segments(&site, "", 3, 200);
    let user = Fetch::new();
    let fetch = hasty(&user).arg(site.url("/cats.m3u8"));
    let running = fetch.spawn();
    wait_for_state(&fetch, &running, |state| state["count"] == 3);
    running.kill9();
    left.store(2, Ordering::Relaxed);
    site.on("/2.ts", Reply::file(segment(9, 200)));
    let done = fetch.run();
    let said = "what was recorded of it is in `cats.interrupted.ts`";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    let files = fetch.files();
    let first = [segment(0, 200), segment(1, 200)].concat();
    assert_eq!(files.len(), 1, "{}", done.stderr);
    assert!(files["cats.interrupted.ts"] == first, "{}", done.stderr);
    assert_eq!(fetch.partials(), Vec::<String>::new());
    user.arg("verify").run().success();
}

#[test]
fn a_killed_live_recording_is_kept_if_its_link_is_gone() {
    let site = Site::start();
    site.on("/cats.m3u8", window(0, 3, ""));
    let whole = segments(&site, "", 3, 200);
    let user = Fetch::new();
    let fetch = hasty(&user).arg(site.url("/cats.m3u8"));
    let running = fetch.spawn();
    wait_for_state(&fetch, &running, |state| state["count"] == 3);
    running.kill9();
    site.on("/cats.m3u8", Reply::text("gone").status(404));
    let done = fetch.run().fails(4);
    done.says("what was recorded of it is in `cats.interrupted.ts`");
    assert!(fetch.files()["cats.interrupted.ts"] == whole);
    assert_eq!(fetch.partials(), Vec::<String>::new());
    user.arg("verify").run().success();
}

#[test]
fn byte_ranges_of_a_growing_file_are_recorded() {
    let site = Site::start();
    let lists = Arc::new(AtomicUsize::new(0));
    let known = lists.clone();
    let window = Reply::with(move |_| {
        let count = lists.fetch_add(1, Ordering::Relaxed) + 2;
        let lines: String = (0..count)
            .map(|n| format!("#EXTINF:1,\n#EXT-X-BYTERANGE:1880@{}\nall.ts\n", n * 1880))
            .collect();
        let end = if count < 6 { "" } else { "#EXT-X-ENDLIST\n" };
        Reply::text(format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n{lines}{end}"))
    });
    site.on("/cats.m3u8", window);
    let grows = Reply::with(move |_| {
        let count = known.load(Ordering::Relaxed) + 1;
        Reply::file(segment(1, count * 10)).etag(format!("\"{count}\""))
    });
    site.on("/all.ts", grows);
    let fetch = quick().arg(site.url("/cats.m3u8"));
    let done = fetch.run().success();
    assert!(
        fetch.files()["cats.ts"] == segment(1, 60),
        "{}",
        done.stderr
    );
}

#[test]
fn live_for_ends_a_recording_with_expired_urls() {
    let site = Site::start();
    site.on("/cats.m3u8", window(0, 3, "")).times(2);
    // That it is the same by then is known when the time is over.
    let late = window(0, 3, "").delay(Duration::from_secs(4));
    site.on("/cats.m3u8", late);
    let whole = segments(&site, "", 2, 20);
    site.on("/2.ts", Reply::text("expired").status(403));
    let fetch = quick()
        .args(["--live-for", "2s"])
        .arg(site.url("/cats.m3u8"));
    let done = fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole, "{}", done.stderr);
}

#[test]
fn live_for_ends_a_recording() {
    let site = Site::start();
    site.on("/cats.m3u8", window(0, 3, ""));
    let whole = segments(&site, "", 3, 20);
    let fetch = quick()
        .args(["--live-for", "3s"])
        .arg(site.url("/cats.m3u8"));
    fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole);
}

/// A stream that goes on for ever, and faster than its segments come: each window is three segments on.
fn endless(site: &Site) {
    let next = AtomicUsize::new(0);
    let slides = Reply::with(move |_| window(next.fetch_add(3, Ordering::Relaxed), 3, ""));
    site.on("/cats.m3u8", slides);
    let delay = Duration::from_millis(700);
    site.on("/*", Reply::file(segment(1, 20)).delay(delay));
}

#[test]
fn live_for_ends_a_recording_that_never_catches_up() {
    let site = Site::start();
    endless(&site);
    let fetch = quick()
        .args(["-N", "1", "--live-for", "2s"])
        .arg(site.url("/cats.m3u8"));
    fetch.run().success();
    let len = fetch.files()["cats.ts"].len();
    assert!(len > 0 && len.is_multiple_of(20 * 188), "{len}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_recording_that_never_catches_up() {
    let site = Site::start();
    endless(&site);
    let fetch = quick().args(["-N", "1"]).arg(site.url("/cats.m3u8"));
    let running = fetch.spawn();
    site.wait_for("/10.ts", 1);
    running.interrupt();
    running.wait().fails(130);
    let len = fetch.files()["cats.ts"].len();
    assert!(len > 0 && len.is_multiple_of(20 * 188), "{len}");
}

#[test]
fn live_for_ends_a_recording_with_a_stalled_segment() {
    let site = Site::start();
    site.on("/cats.m3u8", window(0, 3, ""));
    let whole = segments(&site, "", 2, 20);
    let stuck = segment(2, 2000);
    site.on("/2.ts", Reply::file(stuck).stall_after(100_000));
    let fetch = quick()
        .args(["--live-for", "3s"])
        .arg(site.url("/cats.m3u8"));
    let done = fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole, "{}", done.stderr);
}

#[test]
fn a_live_recording_with_a_lost_segment_is_resumed() {
    let site = Site::start();
    // The second run sees it live, and then its end.
    let second = Arc::new(AtomicUsize::new(usize::MAX));
    let left = second.clone();
    let window = Reply::with(move |_| match left.load(Ordering::Relaxed) {
        usize::MAX => window(0, 3, ""),
        0 => window(0, 4, "#EXT-X-ENDLIST\n"),
        times => {
            left.store(times - 1, Ordering::Relaxed);
            window(0, 4, "")
        }
    });
    site.on("/cats.m3u8", window);
    let mut whole = segments(&site, "", 2, 200);
    site.on("/2.ts", Reply::text("gone").status(404));
    let user = Fetch::new();
    let fetch = hasty(&user).arg(site.url("/cats.m3u8"));
    let running = fetch.spawn();
    wait_for_state(&fetch, &running, |state| state["count"] == 3);
    running.kill9();
    second.store(3, Ordering::Relaxed);
    let last = segment(3, 30);
    site.on("/3.ts", Reply::file(last.clone()));
    whole.extend(last);
    site.forget();
    let done = fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole, "{}", done.stderr);
    assert_eq!((site.count("/0.ts"), site.count("/1.ts")), (0, 1));
    assert!(
        done.stderr.contains("1 segments were gone"),
        "{}",
        done.stderr
    );
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn an_interrupted_live_recording_is_saved() {
    let site = Site::start();
    site.on("/cats.m3u8", window(0, 3, ""));
    let whole = segments(&site, "", 3, 20);
    let fetch = quick().arg(site.url("/cats.m3u8"));
    let running = fetch.spawn();
    site.wait_for("/2.ts", 1);
    running.interrupt();
    running.wait().fails(130);
    assert!(fetch.files()["cats.ts"] == whole);
}

#[cfg(unix)]
#[test]
fn a_live_recording_is_named_on_sigterm() {
    let site = Site::start();
    site.on("/cats.m3u8", window(0, 3, ""));
    let mut whole = segments(&site, "", 2, 20);
    let last = segment(2, 20);
    whole.extend(&last);
    // It is under way yet when the end is asked for.
    site.on("/2.ts", Reply::file(last).delay(Duration::from_secs(1)));
    let fetch = quick().arg(site.url("/cats.m3u8"));
    let running = fetch.spawn();
    site.wait_for("/2.ts", 1);
    running.terminate();
    running.wait_for_stderr("a second SIGTERM stops at once");
    let done = running.wait().fails(130);
    assert!(fetch.files()["cats.ts"] == whole, "{}", done.stderr);
    // There is nothing to go on with.
    assert!(!done.stderr.contains("to continue"), "{}", done.stderr);
}

#[test]
fn a_live_stream_is_recorded_by_each_run() {
    let site = Site::start();
    let lists = Arc::new(AtomicUsize::new(0));
    let known = lists.clone();
    let list = Reply::with(move |_| window(known.load(Ordering::Relaxed), 3, ""));
    site.on("/cats.m3u8", list);
    let whole = segments(&site, "", 5, 20);
    let user = Fetch::new();
    let fetch = hasty(&user)
        .args(["--live-for", "1s"])
        .arg(site.url("/cats.m3u8"));
    fetch.run().success().says("1 new");
    lists.store(2, Ordering::Relaxed);
    fetch.run().success().says("1 new");
    let files = fetch.files();
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["cats (2).ts", "cats.ts"]);
    let (three, all) = (3 * 20 * 188, whole.len());
    assert!(files["cats.ts"] == whole[..three]);
    assert!(files["cats (2).ts"] == whole[all - three..]);
    user.clone().arg("verify").run().success();
    // What was recorded cannot be had again.
    std::fs::remove_file(fetch.out().join("cats.ts")).unwrap();
    let told = user.args(["verify", "--repair"]).run();
    assert_ne!(told.code, 0);
    let said = "it was recorded live and cannot be downloaded again";
    assert!(told.stderr.contains(said), "{}", told.stderr);
}
