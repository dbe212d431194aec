//! Kills at random points, as power cuts are: what is there afterwards is nothing, a part to go on with, or the whole.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use super::huge;
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

/// How often it is killed; `FETCH_KILLS=500` for a night.
fn kills() -> usize {
    let told = std::env::var("FETCH_KILLS").ok();
    told.and_then(|text| text.parse().ok()).unwrap_or(30)
}

/// A random time up to this one.
fn within(time: Duration) -> Duration {
    let bits = RandomState::new().hash_one(0u8) >> 11;
    time.mul_f64(bits as f64 / (1u64 << 53) as f64)
}

/// Waits until then, or until the program has ended.
fn wait_until(end: Instant) {
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        std::thread::sleep(left.min(Duration::from_millis(20)));
    }
}

#[test]
fn killed_at_any_point_it_never_leaves_a_wrong_file() {
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

#[test]
fn killed_again_and_again_it_loses_two_seconds_each_time_at_the_most() {
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
        // How far the last run came at the least.
        let mut reached: u64 = 0;
        for run in 0..3 {
            let running = fetch.spawn();
            site.wait_for("/cat.png", run + 1);
            let range = site.requests()[run].header("range").map(str::to_owned);
            let start: u64 = range.map_or(0, |range| {
                range["bytes=".len()..range.len() - 1].parse().unwrap()
            });
            // Of the last two seconds all may be lost, and a quarter of one for what was gathered and not written yet.
            let most = RATE * 9 / 4 + (64 << 10);
            assert!(
                reached.saturating_sub(start) <= most,
                "{start} after {reached}"
            );
            if run == 2 {
                assert!(start > 0, "nothing of two runs was kept");
                running.wait().success();
                break;
            }
            let ran = Duration::from_millis(2300) + within(Duration::from_millis(400));
            wait_until(Instant::now() + ran);
            running.kill9();
            reached = start + (RATE as f64 * ran.as_secs_f64()) as u64;
        }
        assert!(fetch.files()["cat.png"] == whole);
    }
}
