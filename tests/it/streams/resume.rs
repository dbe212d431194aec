//! Streams that break off: what is there is gone on with, if it is proven.

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
