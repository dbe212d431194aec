//! Streams that break off: what is there is gone on with, if it is proven.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{encrypted, list, playlist, quick, segment, wait_for_state};
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

const COUNT: usize = 40;
/// A segment of 376 kB; all are 15 MB.
const PACKETS: usize = 2000;

/// A site that gives the segments before this one at once, that one not, the first time, and those after it.
fn site(root: &str, stuck: usize, seed: u64) -> (Site, Vec<u8>) {
    let site = Site::start();
    let mut whole = Vec::new();
    site.on(&format!("{root}/cats.m3u8"), playlist(&list(COUNT)));
    for n in 0..COUNT {
        let bytes = segment(seed + n as u64, PACKETS);
        let reply = Reply::file(bytes.clone());
        if n == stuck {
            site.on(&format!("{root}/{n}.ts"), reply.clone().stall_after(1000))
                .once();
        }
        site.on(&format!("{root}/{n}.ts"), reply).optional();
        whole.extend(bytes);
    }
    (site, whole)
}

/// Whether a state names segments which wait.
fn has_waiting(state: &serde_json::Value) -> bool {
    let waiting = state["waiting"].as_array();
    waiting.is_some_and(|waiting| waiting.len() > 5)
}

/// Kills a run that is stuck at a segment, once what came is on the disk.
fn killed(fetch: &Fetch, site: &Site) -> serde_json::Value {
    let running = fetch.spawn();
    site.wait_for_stalls(1);
    let state = wait_for_state(fetch, &running, has_waiting);
    running.kill9();
    assert_eq!(fetch.tree(), "");
    state
}

#[test]
fn a_killed_stream_download_is_resumed() {
    let (site, whole) = site("", 10, 0);
    let fetch = quick().arg(site.url("/cats.m3u8"));
    let state = killed(&fetch, &site);
    assert_eq!(state["count"], 10);
    site.forget();
    fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole);
    // The last one that was joined is fetched once more, as the proof; and what came out of order is there, too.
    assert_eq!(
        (0..9)
            .map(|n| site.count(&format!("/{n}.ts")))
            .sum::<usize>(),
        0
    );
    assert_eq!(site.count("/9.ts"), 1);
    let waited = state["waiting"].as_array().unwrap().iter();
    let waited: Vec<u64> = waited
        .map(|stored| stored["index"].as_u64().unwrap())
        .collect();
    for index in waited {
        assert_eq!(site.count(&format!("/{index}.ts")), 0, "{index}");
    }
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn an_interrupt_before_the_resume_check_loses_nothing() {
    let (site, whole) = site("", 10, 0);
    let fetch = quick().arg(site.url("/cats.m3u8"));
    killed(&fetch, &site);
    let last = segment(9, PACKETS);
    let stuck = Reply::file(last.clone()).stall_after(1000);
    site.on("/9.ts", stuck).once();
    site.on("/9.ts", Reply::file(last));
    let running = fetch.spawn();
    site.wait_for_stalls(2);
    running.interrupt();
    running.wait_for_stderr("press Ctrl-C again");
    running.interrupt();
    running.wait().fails(130);
    site.forget();
    fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole);
    assert_eq!((site.count("/8.ts"), site.count("/9.ts")), (0, 1));
}

#[test]
fn a_changed_stream_starts_over() {
    // The same names and lengths under the same address: only the bytes can tell.
    let (first, _) = site("http://film.test", 10, 0);
    let (second, whole) = site("http://film.test", COUNT, 1000);
    let fetch = quick().arg("http://film.test/cats.m3u8");
    let by = |site: &Site| fetch.clone().env("HTTP_PROXY", site.url(""));
    killed(&by(&first), &first);
    by(&second).run().success();
    assert!(fetch.files()["cats.ts"] == whole);
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

#[test]
fn segments_of_another_version_are_not_joined() {
    let head = b"\0\0\0\x18ftypiso5\0\0\x02\0iso5mp42\0\0\0\x08moov";
    let of = |stuck: usize, seed: u64| {
        let (site, whole) = site("http://film.test", stuck, seed);
        let lines = format!("#EXT-X-MAP:URI=\"head\"\n{}", list(COUNT));
        site.on("http://film.test/cats.m3u8", playlist(&lines));
        site.on("http://film.test/head", Reply::file(head));
        (site, [&head[..], &whole].concat())
    };
    let (first, _) = of(0, 0);
    let (second, whole) = of(COUNT, 1000);
    let fetch = quick().arg("http://film.test/cats.m3u8");
    let by = |site: &Site| fetch.clone().env("HTTP_PROXY", site.url(""));
    let state = killed(&by(&first), &first);
    assert_eq!(state["count"], 1);
    by(&second).run().success();
    assert!(fetch.files()["cats.mp4"] == whole);
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

#[test]
fn a_changed_playlist_starts_over() {
    let (first, _) = site("http://film.test", 10, 0);
    let fetch = quick().arg("http://film.test/cats.m3u8");
    let by = |site: &Site| fetch.clone().env("HTTP_PROXY", site.url(""));
    killed(&by(&first), &first);
    let second = Site::start();
    second.on("http://film.test/cats.m3u8", playlist(&list(3)));
    let mut whole = Vec::new();
    for n in 0..3 {
        let bytes = segment(n, PACKETS);
        second
            .on(
                &format!("http://film.test/{n}.ts"),
                Reply::file(bytes.clone()),
            )
            .once();
        whole.extend(bytes);
    }
    by(&second).run().success();
    assert!(fetch.files()["cats.ts"] == whole);
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

/// A playlist that names its segments with another token each time. The one that the transfer gets first gives seven of them
/// and runs out; those after it give all, or nothing.
fn tokens(site: &Site, renews: bool) -> Vec<u8> {
    tokens_of(site, renews, "4")
}

/// The same, where the segments of later lists last so many seconds.
fn tokens_of(site: &Site, renews: bool, later: &'static str) -> Vec<u8> {
    let lists = AtomicUsize::new(0);
    let named = Reply::with(move |_| {
        let token = lists.fetch_add(1, Ordering::Relaxed);
        let seconds = if token > 1 { later } else { "4" };
        let lines = list(20).replace("INF:4", &format!("INF:{seconds}"));
        playlist(&lines.replace(".ts", &format!(".ts?token={token}")))
    });
    site.on("/cats.m3u8", named);
    let given = AtomicUsize::new(0);
    let reply = Reply::with(move |seen| {
        let (path, token) = seen.target.split_once("?token=").unwrap();
        let is_good = match token {
            "1" => given.fetch_add(1, Ordering::Relaxed) < 7,
            _ => renews,
        };
        let n: u64 = path.trim_matches(['/', '.', 't', 's']).parse().unwrap();
        match is_good {
            true => Reply::file(segment(n, 30)),
            false => Reply::text("expired").status(403),
        }
    });
    site.on("/*", reply);
    (0..20).flat_map(|n| segment(n, 30)).collect()
}

#[test]
fn expired_segment_urls_are_looked_up_again() {
    let site = Site::start();
    let whole = tokens(&site, true);
    let fetch = quick().arg(site.url("/cats.m3u8"));
    fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole);
    // Asked for what it is, by the transfer, and when the token had run out.
    assert_eq!(site.count("/cats.m3u8"), 3);
}

#[test]
fn a_segment_refused_at_its_new_url_fails() {
    let site = Site::start();
    tokens(&site, false);
    let fetch = quick().arg(site.url("/cats.m3u8"));
    let done = fetch.run().fails(7);
    assert!(done.stderr.contains("403 Forbidden"), "{}", done.stderr);
    assert_eq!((site.count("/cats.m3u8"), fetch.tree()), (3, String::new()));
}

#[test]
fn a_changed_timeline_is_not_mixed_in() {
    let site = Site::start();
    tokens_of(&site, true, "5");
    let fetch = quick().arg(site.url("/cats.m3u8"));
    let done = fetch.run().fails(7);
    assert!(done.stderr.contains("403 Forbidden"), "{}", done.stderr);
    assert_eq!((site.count("/cats.m3u8"), fetch.tree()), (3, String::new()));
}

#[test]
fn another_rendition_is_not_mixed_in() {
    let site = Site::start();
    let (high, low) = (
        "#EXT-X-STREAM-INF:BANDWIDTH=9,RESOLUTION=64x36\nhigh.m3u8\n",
        "#EXT-X-STREAM-INF:BANDWIDTH=5,RESOLUTION=32x18\nlow.m3u8\n",
    );
    site.on("/cats.m3u8", playlist(&format!("{high}{low}")))
        .times(2);
    site.on("/cats.m3u8", playlist(low));
    site.on("/high.m3u8", playlist(&list(10).replace(".ts", ".high.ts")));
    site.on("/low.m3u8", playlist(&list(10)));
    for n in 0..10 {
        let reply = match n {
            0..5 => Reply::file(segment(n, 30)),
            _ => Reply::text("expired").status(403),
        };
        site.on(&format!("/{n}.high.ts"), reply).optional();
    }
    let fetch = quick().arg(site.url("/cats.m3u8"));
    let done = fetch.run().fails(7);
    assert!(done.stderr.contains("403 Forbidden"), "{}", done.stderr);
    assert_eq!(fetch.tree(), "");
}

#[test]
fn expired_key_urls_are_looked_up_again() {
    let site = Site::start();
    let lists = AtomicUsize::new(0);
    let list = Reply::with(move |_| {
        let token = lists.fetch_add(1, Ordering::Relaxed);
        let lines: String = (0..10)
            .map(|n| {
                format!(
                    "#EXT-X-KEY:METHOD=AES-128,URI=\"{n}.key?token={token}\"\n#EXTINF:4,\n{n}.ts\n"
                )
            })
            .collect();
        playlist(&format!("{lines}#EXT-X-ENDLIST\n"))
    });
    site.on("/cats.m3u8", list);
    let key = *b"0123456789abcdef";
    let mut whole = Vec::new();
    for n in 0..10 {
        let plain = segment(n, 30);
        let iv = u128::from(n).to_be_bytes();
        site.on(
            &format!("/{n}.ts"),
            Reply::file(encrypted(&plain, &key, iv)),
        );
        let keys = Reply::with(move |seen| match seen.target.ends_with("=1") && n > 3 {
            true => Reply::text("expired").status(403),
            false => Reply::file(key),
        });
        site.on(&format!("/{n}.key"), keys);
        whole.extend(plain);
    }
    let fetch = quick().arg(site.url("/cats.m3u8"));
    fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole);
}

#[test]
fn a_playlist_that_cannot_be_reloaded_is_reported() {
    let site = Site::start();
    site.on("/cats.m3u8", playlist(&list(2))).times(2);
    site.on("/cats.m3u8", Reply::text("busy").status(503));
    site.on("/0.ts", Reply::file(segment(0, 30)));
    site.on("/1.ts", Reply::text("expired").status(403));
    let fetch = quick().arg(site.url("/cats.m3u8"));
    // A site that is busy can be asked later.
    let done = fetch.run().fails(4);
    let (refused, why) = ("403 Forbidden", "503 Service Unavailable");
    let said = done.stderr.contains(refused) && done.stderr.contains(why);
    assert!(said, "{}", done.stderr);
}
