//! Parts of a file that belong together, or do not, when they are gone on with.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::long_ago;
use super::split::{FILM, OTHER, end, missing, slow, start, there};
use crate::support::command::Fetch;
use crate::support::{Reply, Request, Site};

/// Whoever is asked for this byte does not get it at first.
const HOLE: u64 = 15_000_000;

/// Another version than `slow` has, of which ranges say nothing to know it by.
fn other() -> Reply {
    Reply::file(OTHER.clone())
        .ignore_if_range()
        .throttle(4_000_000)
}

/// What begins with the one version, and has everything else of the other.
fn changed(seen: &Request) -> Reply {
    match start(seen) {
        0 => slow(),
        _ => other(),
    }
}

fn holds_hole(seen: &Request) -> bool {
    (start(seen)..end(seen)).contains(&HOLE)
}

/// Waits until this holds.
fn wait(mut holds: impl FnMut() -> bool, what: &str) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn seams_left_unchecked_by_a_kill_are_checked_by_the_next_run() {
    let site = Site::start();
    let is_first = Arc::new(AtomicBool::new(true));
    let first = is_first.clone();
    let begun = Arc::new(AtomicUsize::new(0));
    let begins = begun.clone();
    let version = move |seen: &Request| match first.load(Ordering::SeqCst) {
        true if start(seen) == 0 && begins.fetch_add(1, Ordering::SeqCst) > 0 => {
            slow().delay(Duration::from_secs(60))
        }
        true if holds_hole(seen) => changed(seen).stall_after((HOLE - start(seen)) as usize),
        true => changed(seen),
        false => other(),
    };
    site.on("/film.mp4", Reply::with(version));
    let fetch = Fetch::new().arg(site.url("/film.mp4"));
    let running = fetch.spawn();
    let is_found_out = || begun.load(Ordering::SeqCst) > 1;
    wait(
        || missing(&fetch) < 1 << 20 || is_found_out(),
        "it does not come",
    );
    running.kill9();
    is_first.store(false, Ordering::SeqCst);
    fetch.run().success();
    let file = &fetch.files()["film.mp4"];
    assert!(*file == *OTHER, "it is of two versions");
}

#[test]
fn seams_left_unchecked_by_a_break_are_checked() {
    let site = Site::start();
    let cuts = AtomicUsize::new(0);
    let version = move |seen: &Request| match cuts.load(Ordering::SeqCst) {
        ..40 if holds_hole(seen) && start(seen) > 0 => {
            cuts.fetch_add(1, Ordering::SeqCst);
            changed(seen).cut_after((HOLE - start(seen)) as usize)
        }
        _ => changed(seen),
    };
    site.on("/film.mp4", Reply::with(version));
    let fetch = Fetch::new()
        .config("[net]\nbackoff = \"5ms\"\n")
        .args(["-R", "100"])
        .arg(site.url("/film.mp4"));
    fetch.run().success();
    let file = &fetch.files()["film.mp4"];
    assert!(*file == *FILM, "it is of two versions");
}

/// What comes slowly in parts at first, and is killed; then what another run finds of it, with the answers that it gets.
fn gone_on_with(then: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> (Site, Fetch) {
    let site = Site::start();
    let is_first = Arc::new(AtomicBool::new(true));
    let first = is_first.clone();
    let answer = move |seen: &Request| match first.load(Ordering::SeqCst) {
        true => slow().last_modified(long_ago()).throttle(200_000),
        false => then(seen),
    };
    site.on("/film.mp4", Reply::with(answer));
    let fetch = Fetch::new().arg(site.url("/film.mp4"));
    let running = fetch.spawn();
    wait(|| there(&fetch).len() > 1, "no parts were saved");
    running.kill9();
    is_first.store(false, Ordering::SeqCst);
    site.forget();
    (site, fetch)
}

#[test]
fn a_page_in_place_of_segments_keeps_the_partial_file() {
    let is_out = Arc::new(AtomicBool::new(true));
    let out = is_out.clone();
    let login = || Reply::html("<!doctype html><title>Log in</title><form></form>");
    let (site, fetch) = gone_on_with(move |_| match out.load(Ordering::SeqCst) {
        true => login(),
        false => slow(),
    });
    let before = there(&fetch);
    let done = fetch.run();
    assert_eq!(done.code, 4, "{}", done.stderr);
    assert_eq!(there(&fetch), before);
    is_out.store(false, Ordering::SeqCst);
    site.forget();
    fetch.run().success();
    assert!(fetch.files()["film.mp4"] == *FILM, "the bytes are wrong");
    let in_parts = |seen: &Request| seen.header("range").is_some();
    assert!(site.requests().iter().all(in_parts));
}

#[test]
fn segments_are_resumed_at_a_machine_with_another_etag() {
    let (site, fetch) = gone_on_with(|_| {
        let there = slow().etag("\"b\"");
        there.last_modified(long_ago())
    });
    fetch.run().success();
    assert!(fetch.files()["film.mp4"] == *FILM, "the bytes are wrong");
    let in_parts = |seen: &Request| seen.header("range").is_some();
    assert!(site.requests().iter().all(in_parts));
}

#[test]
fn a_changed_split_file_is_downloaded_whole() {
    let (_site, fetch) = gone_on_with(|_| Reply::file(OTHER.clone()).etag("\"b\""));
    fetch.run().success();
    assert!(fetch.files()["film.mp4"] == *OTHER, "it is of two versions");
}

#[test]
fn what_takes_over_from_a_silent_part_is_compared_before_the_file_is_called_whole() {
    let site = Site::start();
    // It is read, and too little to be written at once.
    let heard = 240_000;
    let silent = AtomicUsize::new(0);
    let version = move |seen: &Request| match start(seen) {
        0 if silent.fetch_add(1, Ordering::SeqCst) == 0 => {
            slow().throttle(200_000).stall_after(heard)
        }
        _ => other().throttle(20_000_000),
    };
    site.on("/film.mp4", Reply::with(version));
    let fetch = Fetch::new().arg(site.url("/film.mp4"));
    fetch.run().success();
    let file = &fetch.files()["film.mp4"];
    assert!(*file == *OTHER, "it is of two versions");
}
