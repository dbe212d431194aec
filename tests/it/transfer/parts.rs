//! What the parts of a file over several connections may be like.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::split::{FILM, OTHER, arrives, end, film, lively, slow, start};
use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Request, Site};

#[test]
fn segments_without_new_bytes_are_left_to_other_workers() {
    let site = Site::start();
    let sparing = |seen: &Request| match start(seen) {
        0 => lively(),
        start => {
            let (start, end) = (start as usize, FILM.len().min(start as usize + 8192));
            let range = format!("bytes {start}-{}/{}", end - 1, FILM.len());
            let part = Reply::file(&FILM[start..end]).status(206).etag("\"a\"");
            part.header("Content-Range", range)
        }
    };
    site.on("/film.mp4", Reply::with(sparing));
    arrives(&site);
    let asked = site.requests().len();
    assert!(asked < 200, "{asked} requests");
}

#[test]
fn slow_tiny_ranges_are_too_slow_in_total() {
    let site = Site::start();
    let asked = AtomicUsize::new(0);
    let drips = move |seen: &Request| match (start(seen), asked.fetch_add(1, Ordering::SeqCst)) {
        (0, _) => lively().cut_after(6 << 20),
        // So there is a gap, which is filled by whoever fills gaps.
        (_, 1) => slow(),
        (start, _) => {
            let range = format!("bytes {start}-{start}/{}", FILM.len());
            let byte = &FILM[start as usize..=start as usize];
            let part = Reply::file(byte).status(206).etag("\"a\"");
            let part = part.header("Content-Range", range);
            part.delay(Duration::from_millis(20))
        }
    };
    site.on("/film.mp4", Reply::with(drips));
    let fetch = film(&site).config("[net]\nbackoff = \"5ms\"\nspeed_window = \"1s\"\n");
    let done = fetch.run().fails(4);
    assert!(done.stderr.contains("is too slow"), "{}", done.stderr);
}

/// A film beside small files of its host, one of which is listed only when a part of the film has been refused with this wait;
/// what the program says, and how long it took.
fn refused(wait: &'static str) -> (String, Duration) {
    let site = Arc::new(Site::start());
    let small = Reply::file(small(Format::Jpeg, 1)).delay(Duration::from_millis(30));
    site.on("/*", small);
    let parts = AtomicUsize::new(0);
    site.on(
        "/film.mp4",
        Reply::with(move |seen| {
            match start(seen) > 0 && parts.fetch_add(1, Ordering::SeqCst) < 2 {
                true => Reply::text("").status(429).header("Retry-After", wait),
                false => slow(),
            }
        }),
    );
    let pages = Site::start();
    let (here, last) = (site.clone(), site.url("/last.jpg"));
    pages.on(
        "/page",
        Reply::with(move |_| {
            here.wait_for("/film.mp4", 2);
            std::thread::sleep(Duration::from_millis(200));
            Reply::html(format!(
                "<!doctype html><img src='{last}' width=900 height=900>"
            ))
        }),
    );
    let mut fetch = Fetch::new()
        .config("[net]\nbackoff = \"5ms\"\nprivate = \"always\"\nper_host = 6\n")
        .arg("-v");
    for number in 0..40 {
        fetch = fetch.arg(site.url(&format!("/{number}.jpg")));
    }
    let page = format!("page:http://localhost:{}/page", pages.port());
    let done = fetch.arg(site.url("/film.mp4")).arg(page).run().success();
    (done.stderr, done.took)
}

#[test]
fn a_long_retry_after_for_one_segment_is_not_waited_for() {
    for wait in ["3600", "18446744073709551615"] {
        let (said, took) = refused(wait);
        assert!(took < Duration::from_secs(30), "{took:?}: {said}");
    }
}

#[test]
fn what_all_wait_for_because_of_a_part_is_told() {
    let (said, _) = refused("1");
    assert!(said.contains("`127.0.0.1` waits"), "{said}");
}

/// The length of the blocks of a server.
const BLOCK: usize = 2 << 20;

/// The part of a film that was asked for, up to the end of the block that it begins in.
fn in_blocks(film: &[u8], seen: &Request) -> Reply {
    let from = start(seen) as usize;
    let block_end = (from / BLOCK + 1) * BLOCK;
    let last = film.len().min(block_end).min(end(seen) as usize);
    let range = format!("bytes {from}-{}/{}", last - 1, film.len());
    let part = Reply::file(&film[from..last]).status(206).etag("\"a\"");
    part.header("Content-Range", range).throttle(10_000_000)
}

#[test]
fn segments_that_end_at_server_blocks_are_completed() {
    let site = Site::start();
    let blocks = |seen: &Request| match start(seen) {
        0 => lively(),
        _ => in_blocks(&FILM, seen),
    };
    site.on("/film.mp4", Reply::with(blocks));
    arrives(&site);
    assert!(site.requests().len() < 100, "{}", site.requests().len());
}

#[test]
fn a_block_without_new_bytes_must_agree_too() {
    let site = Site::start();
    let blocks = |seen: &Request| match start(seen) as usize {
        0 => lively(),
        // All of this is there already, and asked for to be compared.
        from if from % BLOCK >= BLOCK - (16 << 10) => in_blocks(&OTHER, seen),
        _ => in_blocks(&FILM, seen),
    };
    site.on("/film.mp4", Reply::with(blocks));
    arrives(&site);
    let requests = site.requests();
    let whole = requests.iter().filter(|seen| start(seen) == 0);
    assert_eq!(whole.count(), 2, "it starts over, with one connection");
}
