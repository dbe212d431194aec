//! One large file over several connections: only where it helps, and never at the cost of a byte.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use crate::support::command::Fetch;
use crate::support::media::{Format, sized};
use crate::support::{Reply, Request, Site};

/// Twenty megabytes, made once for all tests of this file.
pub(super) static FILM: LazyLock<Vec<u8>> = LazyLock::new(|| sized(Format::Mp4, 20 << 20, 3));

/// Another version of it.
pub(super) static OTHER: LazyLock<Vec<u8>> = LazyLock::new(|| sized(Format::Mp4, 20 << 20, 9));

/// Fetches the film, with all the patience that a busy machine needs.
pub(super) fn film(site: &Site) -> Fetch {
    Fetch::new()
        .config("[net]\nbackoff = \"5ms\"\n")
        .arg(site.url("/film.mp4"))
}

/// The film from a server that gives each connection four megabytes a second.
pub(super) fn slow() -> Reply {
    Reply::file(FILM.clone()).etag("\"a\"").throttle(4_000_000)
}

/// The first byte that was asked for.
pub(super) fn start(seen: &Request) -> u64 {
    let range = seen.header("range").unwrap_or("bytes=0-");
    let first = range.trim_start_matches("bytes=").split('-').next();
    first.and_then(|first| first.parse().ok()).unwrap_or(0)
}

pub(super) fn arrives(site: &Site) -> Duration {
    let fetch = film(site);
    let done = fetch.run().success();
    assert!(fetch.files()["film.mp4"] == *FILM, "the bytes are wrong");
    assert_eq!(fetch.partials(), Vec::<String>::new());
    done.took
}

#[test]
fn a_limit_per_connection_is_worked_around() {
    let site = Site::start();
    site.on("/film.mp4", slow());
    arrives(&site);
    assert!(site.max_concurrent() >= 4, "{}", site.max_concurrent());
    for seen in &site.requests()[1..] {
        assert_eq!(seen.header("if-range"), Some("\"a\""));
    }
}

#[test]
fn a_file_is_not_split_without_a_strong_validator_and_ranges() {
    for reply in [
        Reply::file(FILM.clone()).etag("W/\"a\""),
        Reply::file(FILM.clone()),
        Reply::file(FILM.clone()).etag("\"a\"").no_ranges(),
    ] {
        let site = Site::start();
        site.on("/film.mp4", reply.throttle(12_000_000));
        arrives(&site);
        assert_eq!(site.requests().len(), 1);
    }
}

#[test]
fn connections_per_file_can_be_limited_to_one() {
    let site = Site::start();
    site.on("/film.mp4", slow().throttle(12_000_000));
    let fetch = film(&site);
    fetch
        .clone()
        .args(["-S", "net.per_file=1", "--no-archive"])
        .run()
        .success();
    assert_eq!(site.requests().len(), 1);
    // Whoever limits the rate has nothing of more connections.
    fetch
        .clone()
        .args(["-r", "10M", "--no-archive"])
        .run()
        .success();
    assert_eq!(site.requests().len(), 2);
}

#[test]
fn a_broken_segment_is_completed_by_the_others() {
    let site = Site::start();
    let count = AtomicUsize::new(0);
    site.on(
        "/film.mp4",
        Reply::with(move |_| match count.fetch_add(1, Ordering::SeqCst) {
            1 | 3 => slow().cut_after(300_000),
            2 => Reply::text("busy").status(503),
            4 => slow().reset_after(500_000),
            _ => slow(),
        }),
    );
    arrives(&site);
    assert!(site.requests().len() >= 4);
}

#[test]
fn a_stalled_last_segment_is_requested_again() {
    let site = Site::start();
    let count = AtomicUsize::new(0);
    site.on(
        "/film.mp4",
        Reply::with(move |_| match count.fetch_add(1, Ordering::SeqCst) {
            1 => slow().stall_after(300_000),
            _ => slow(),
        }),
    );
    let took = arrives(&site);
    assert!(
        took < Duration::from_secs(20),
        "{took:?}: silence is waited out after 30 s"
    );
}

#[test]
fn a_segment_of_another_file_is_rejected() {
    let site = Site::start();
    site.on(
        "/film.mp4",
        Reply::with(|seen| match start(seen) {
            0 => slow(),
            // The server admits that it is another one.
            _ => Reply::file(OTHER.clone()).etag("\"b\"").ignore_if_range(),
        }),
    );
    arrives(&site);
}

#[test]
fn wrong_bytes_of_a_segment_are_detected_at_its_joints() {
    let site = Site::start();
    site.on(
        "/film.mp4",
        Reply::with(|seen| match start(seen) {
            0 => slow(),
            // It says what was asked for, and sends what comes a little later.
            start => {
                let from = (start as usize + 4096).min(FILM.len());
                let mut bytes = FILM[from..].to_vec();
                bytes.resize(FILM.len() - start as usize, 0);
                slow().wrong_bytes(bytes)
            }
        }),
    );
    arrives(&site);
    let whole = site
        .requests()
        .iter()
        .filter(|seen| seen.header("range").is_none())
        .count();
    assert_eq!(whole, 2, "it starts over, with one connection");
}

/// The byte after the last one that was asked for.
pub(super) fn end(seen: &Request) -> u64 {
    let range = seen.header("range").unwrap_or("bytes=0-");
    let last = range.rsplit('-').next().and_then(|last| last.parse().ok());
    last.map_or(FILM.len() as u64, |last: u64| last + 1)
}

/// The ranges that are there, as the state says; none if there is no state. One that is still being written is none.
pub(super) fn there(fetch: &Fetch) -> Vec<(u64, u64)> {
    let entries = std::fs::read_dir(fetch.out()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let states = paths.filter(|path| path.extension().is_some_and(|ext| ext == "json"));
    let mut states = states.filter_map(|path| {
        let state: serde_json::Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        serde_json::from_value(state["done"].clone()).ok()
    });
    states.next().unwrap_or_default()
}

/// How many bytes of the film are missing.
pub(super) fn missing(fetch: &Fetch) -> u64 {
    let there: u64 = there(fetch).iter().map(|(from, to)| to - from).sum();
    FILM.len() as u64 - there
}

#[test]
fn a_segment_that_always_fails_uses_up_its_retries() {
    const HOLE: u64 = 10_000_000;
    let site = Site::start();
    let runs = Arc::new(AtomicUsize::new(1));
    let run = runs.clone();
    site.on(
        "/film.mp4",
        Reply::with(move |seen| {
            let holds_it = start(seen) <= HOLE && HOLE < end(seen);
            match run.load(Ordering::SeqCst) {
                1 if holds_it => slow().stall_after((HOLE - start(seen)) as usize),
                1 => slow(),
                _ => slow().delay(Duration::from_secs(60)),
            }
        }),
    );
    let fetch = Fetch::new().arg(site.url("/film.mp4"));
    let running = fetch.spawn();
    let began = Instant::now();
    while missing(&fetch) > 512 << 10 {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "{:?} are there",
            there(&fetch)
        );
        std::thread::yield_now();
    }
    running.kill9();
    // There may be another one where the bytes that prove two parts did not come in time.
    let gaps = there(&fetch).len() - 1;
    runs.store(2, Ordering::SeqCst);
    let before = site.requests().len();
    let fetch = fetch.args(["-R", "1", "-S", "net.stall_timeout=1s"]);
    let done = fetch.run();
    assert_ne!(done.code, 0);
    let asked = site.requests().len() - before;
    let most = 4 * gaps;
    assert!(
        asked <= most,
        "asked {asked} times, not {most}: each twice, and once more"
    );
    assert!(done.stderr.contains("attempts: 2"), "{}", done.stderr);
}

#[test]
fn a_killed_split_download_resumes_its_missing_segments() {
    let site = Site::start();
    let is_first = Arc::new(AtomicBool::new(true));
    let first = is_first.clone();
    // Over all connections that there may be, the first run takes several times as long as it takes to save the parts.
    site.on(
        "/film.mp4",
        Reply::with(move |_| match first.load(Ordering::SeqCst) {
            true => Reply::file(FILM.clone()).etag("\"a\"").throttle(200_000),
            false => slow(),
        }),
    );
    let fetch = Fetch::new().arg(site.url("/film.mp4"));
    let running = fetch.spawn();
    let began = Instant::now();
    while there(&fetch).len() < 2 {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "no parts were saved"
        );
        std::thread::yield_now();
    }
    running.kill9();
    is_first.store(false, Ordering::SeqCst);
    let before = site.requests().len();
    fetch.run().success();
    assert!(fetch.files()["film.mp4"] == *FILM, "the bytes are wrong");
    assert!(
        site.requests()[before..]
            .iter()
            .all(|seen| seen.header("range").is_some())
    );
}

/// The film from a server that gives each connection ten megabytes a second.
pub(super) fn lively() -> Reply {
    Reply::file(FILM.clone()).etag("\"a\"").throttle(10_000_000)
}

#[test]
fn a_file_served_once_is_saved_although_segments_are_refused() {
    let refusals = [
        Reply::text("gone").status(410),
        Reply::text("one at a time").status(403),
        Reply::text("busy")
            .status(429)
            .header("Retry-After", "3600"),
        Reply::text("busy").status(503).header("Retry-After", "60"),
    ];
    for refusal in refusals {
        let site = Site::start();
        site.on("/film.mp4", lively()).once();
        site.on("/film.mp4", refusal).optional();
        let took = arrives(&site);
        assert!(site.requests().len() > 1, "no other was asked for");
        assert!(took < Duration::from_secs(15), "{took:?}");
    }
}

#[test]
fn falsely_announced_ranges_do_not_restart_the_download() {
    let site = Site::start();
    let reply = lively().no_ranges().header("Accept-Ranges", "bytes");
    site.on("/film.mp4", reply);
    arrives(&site);
    let requests = site.requests();
    assert!(requests.len() > 1, "no part was asked for");
    let whole = requests.iter().filter(|seen| start(seen) == 0);
    assert_eq!(whole.count(), 1, "it starts over");
}
