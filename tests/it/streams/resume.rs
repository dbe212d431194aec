//! Streams that break off: what is there is gone on with, if it is proven.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{list, playlist, quick, segment, wait_for_state};
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
fn a_killed_run_is_gone_on_with() {
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

#[test]
fn what_is_another_stream_by_now_begins_anew() {
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
fn what_is_another_list_by_now_begins_anew() {
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
    let lists = AtomicUsize::new(0);
    let named = Reply::with(move |_| {
        let token = lists.fetch_add(1, Ordering::Relaxed);
        playlist(&list(20).replace(".ts", &format!(".ts?token={token}")))
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
fn addresses_that_run_out_are_found_anew() {
    let site = Site::start();
    let whole = tokens(&site, true);
    let fetch = quick().arg(site.url("/cats.m3u8"));
    fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole);
    // Asked for what it is, by the transfer, and when the token had run out.
    assert_eq!(site.count("/cats.m3u8"), 3);
}

#[test]
fn what_is_refused_by_its_new_address_too_is_refused() {
    let site = Site::start();
    tokens(&site, false);
    let fetch = quick().arg(site.url("/cats.m3u8"));
    let done = fetch.run().fails(7);
    assert!(done.stderr.contains("403 Forbidden"), "{}", done.stderr);
    assert_eq!((site.count("/cats.m3u8"), fetch.tree()), (3, String::new()));
}
