//! Kills at random points, as power cuts are: what is there afterwards is nothing, a part to go on with, or the whole.

use std::ffi::OsString;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use super::huge;
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

/// How often it is killed; `FETCH_KILLS=500` for a night.
pub(crate) fn kills() -> usize {
    let told = std::env::var("FETCH_KILLS").ok();
    told.and_then(|text| text.parse().ok()).unwrap_or(30)
}

/// A random time up to this one.
pub(crate) fn within(time: Duration) -> Duration {
    let bits = RandomState::new().hash_one(0u8) >> 11;
    time.mul_f64(bits as f64 / (1u64 << 53) as f64)
}

/// Waits until then, or until the program has ended.
pub(crate) fn wait_until(end: Instant) {
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        std::thread::sleep(left.min(Duration::from_millis(20)));
    }
}

#[test]
fn a_kill_at_any_moment_never_leaves_a_wrong_file() {
    let site = Site::start();
    let huge = huge();
    site.on("/cat.png", Reply::file(huge.clone()).etag("\"a\""));
    let fetch = Fetch::new().arg(site.url("/cat.png"));
    let began = Instant::now();
    fetch.run().success();
    // A whole run takes so long; a kill falls anywhere in it, its end above all.
    let whole = began.elapsed().mul_f64(1.2);
    for _ in 0..kills() {
        for name in fetch.files().keys() {
            std::fs::remove_file(fetch.out().join(name)).unwrap();
        }
        let running = fetch.spawn();
        let point = within(whole);
        wait_until(Instant::now() + point);
        running.kill9();
        for (name, bytes) in fetch.files() {
            assert!(name == "cat.png" && bytes == huge, "{name} after {point:?}");
        }
    }
    fetch.run().success();
    assert!(fetch.files()["cat.png"] == huge);
    assert_eq!(fetch.files().len(), 1);
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

/// When the state was saved that is there now.
fn state(fetch: &Fetch) -> Option<std::time::SystemTime> {
    let entries = std::fs::read_dir(fetch.out()).unwrap();
    let is_state = |name: &OsString| name.to_string_lossy().ends_with(".part.json");
    let mut names = entries.map(|entry| entry.unwrap().file_name());
    let path = fetch.out().join(names.find(is_state)?);
    std::fs::metadata(path).ok()?.modified().ok()
}

#[test]
fn repeated_kills_lose_at_most_two_seconds_each() {
    const RATE: u64 = 1_500_000;
    let whole = huge();
    for _ in 0..kills().div_ceil(30) {
        let site = Site::start();
        site.on(
            "/cat.png",
            Reply::file(whole.clone()).etag("\"a\"").throttle(RATE),
        )
        .times(2);
        site.on("/cat.png", Reply::file(whole.clone()).etag("\"a\""));
        let fetch = Fetch::new().arg(site.url("/cat.png"));
        // How much the last run had when its state was saved.
        let mut saved: u64 = 0;
        for run in 0..3 {
            let before = state(&fetch);
            let running = fetch.spawn();
            site.wait_for("/cat.png", run + 1);
            let asked = Instant::now();
            let range = site.requests()[run].header("range").map(str::to_owned);
            let start: u64 = range.map_or(0, |range| {
                range["bytes=".len()..range.len() - 1].parse().unwrap()
            });
            assert!(start >= saved, "{start} is before {saved}");
            if run == 2 {
                running.wait().success();
                break;
            }
            while state(&fetch) == before {
                assert!(asked.elapsed() < Duration::from_secs(20), "no state");
                wait_until(Instant::now() + Duration::from_millis(5));
            }
            // What came while it was written and synced may be missing, and the overlap is asked for again.
            let came = (RATE as f64 * asked.elapsed().as_secs_f64()) as u64;
            saved = start + came.saturating_sub(RATE * 3 / 2 + (64 << 10));
            wait_until(Instant::now() + within(Duration::from_millis(700)));
            running.kill9();
        }
        assert!(fetch.files()["cat.png"] == whole);
    }
}
