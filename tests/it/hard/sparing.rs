//! Servers that refuse ranges, or give less of them than they were asked for.

use std::time::Duration;

use super::ranges::start_of;
use super::{large, quick};
use crate::support::command::Fetch;
use crate::support::media::{Format, sized};
use crate::support::{Reply, Request, Site};

#[test]
fn a_server_that_refuses_ranges_is_asked_for_the_whole_file() {
    for status in [400, 403, 404, 501] {
        let site = Site::start();
        let good = Reply::file(large()).etag("\"a\"");
        site.on("/cat.jpg", good.clone().cut_after(2_000_000))
            .once();
        let refuses = move |seen: &Request| match seen.header("range") {
            Some(_) => Reply::text("no").status(status),
            None => good.clone(),
        };
        site.on("/cat.jpg", Reply::with(refuses));
        let fetch = quick().arg(site.url("/cat.jpg"));
        fetch.run().success();
        assert!(fetch.files()["cat.jpg"] == large(), "{status}");
        assert!(site.requests().len() <= 4, "{status}");
    }
}

/// This part of the file.
fn part(start: usize, end: usize) -> Reply {
    let range = format!("bytes {start}-{}/{}", end - 1, large().len());
    let part = Reply::file(&large()[start..end]).status(206).etag("\"a\"");
    part.header("Content-Range", range)
}

/// The file from a server that breaks off, and gives no more than so many bytes of a range.
fn sparing(most: usize) -> Reply {
    Reply::with(move |seen| {
        let good = Reply::file(large()).etag("\"a\"");
        let Some(start) = start_of(seen) else {
            return good.cut_after(2_000_000);
        };
        let start = start as usize;
        part(start, large().len().min(start + most))
    })
}

#[test]
fn short_ranges_are_requested_until_the_file_is_complete() {
    for most in [65_536, 60_000, 20_000] {
        let site = Site::start();
        site.on("/cat.jpg", sparing(most));
        let fetch = quick().arg(site.url("/cat.jpg"));
        fetch.run().success();
        assert!(fetch.files()["cat.jpg"] == large(), "{most}");
        let needed = (large().len() - 2_000_000) / most;
        let asked = site.requests().len();
        assert!(asked <= needed + 4, "{most}: {asked} requests");
    }
}

#[test]
fn ranges_that_end_at_server_block_boundaries_are_accepted() {
    const BLOCK: usize = 1 << 20;
    let site = Site::start();
    let blocks = |seen: &Request| {
        let good = Reply::file(large()).etag("\"a\"");
        let Some(start) = start_of(seen) else {
            return good.cut_after(BLOCK);
        };
        let start = start as usize;
        part(start, large().len().min((start / BLOCK + 1) * BLOCK))
    };
    site.on("/cat.jpg", Reply::with(blocks));
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
    assert!(site.requests().len() <= 6, "{}", site.requests().len());
}

#[test]
fn an_overlap_is_compared_again_after_a_broken_short_range() {
    const BLOCK: usize = 1 << 20;
    let site = Site::start();
    let up_to = |seen: &Request, end: usize| part(start_of(seen).unwrap() as usize, end);
    let first = Reply::file(large()).etag("\"a\"").cut_after(BLOCK);
    site.on("/cat.jpg", first).once();
    // All of this is there, so the next is asked for from its end.
    let block = Reply::with(move |seen| up_to(seen, BLOCK));
    site.on("/cat.jpg", block).once();
    let broken = Reply::with(move |seen| up_to(seen, large().len()).cut_after(500_000));
    site.on("/cat.jpg", broken).once();
    // Another file by now, with the ETag of the first.
    let other = sized(Format::Jpeg, large().len(), 7);
    assert_eq!(other.len(), large().len());
    site.on("/cat.jpg", Reply::file(other.clone()).etag("\"a\""));
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == other);
}

#[test]
fn a_range_refused_now_and_then_keeps_the_partial_file() {
    let site = Site::start();
    let good = || Reply::file(large()).etag("\"a\"");
    site.on("/cat.jpg", good().cut_after(1_000_000)).once();
    site.on("/cat.jpg", good().cut_after(1_000_000)).once();
    site.on("/cat.jpg", Reply::text("no").status(403)).times(2);
    site.on("/cat.jpg", good());
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
    let requests = site.requests();
    let with_range = requests.iter().filter(|seen| start_of(seen).is_some());
    assert_eq!((requests.len(), with_range.count()), (5, 4));
}

/// The file from a server that breaks off, and then gives a byte of a range, late.
fn dripping(late: Duration) -> Reply {
    Reply::with(move |seen| {
        let good = Reply::file(large()).etag("\"a\"");
        let Some(start) = start_of(seen) else {
            return good.cut_after(2_000_000);
        };
        part(start as usize, start as usize + 1).delay(late)
    })
}

#[test]
fn a_server_that_sends_one_byte_ranges_is_given_up() {
    let site = Site::start();
    site.on("/cat.jpg", dripping(Duration::from_millis(20)));
    let config = "[net]\nbackoff = \"5ms\"\nspeed_window = \"1s\"\n";
    let fetch = Fetch::new().config(config).arg(site.url("/cat.jpg"));
    let done = fetch.run().fails(4);
    assert!(done.stderr.contains("is too slow"), "{}", done.stderr);
}

#[test]
fn short_ranges_are_not_requested_twice() {
    const MOST: usize = 100_000;
    let site = Site::start();
    site.on("/cat.jpg", sparing(MOST));
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
    let needed = (large().len() - 2_000_000).div_ceil(MOST);
    let asked = site.requests().len() - 1;
    assert!(
        asked <= needed * 5 / 4 + 2,
        "{asked} requests where {needed} would do"
    );
}

#[test]
fn a_server_silent_on_range_requests_is_asked_for_the_whole_file() {
    let site = Site::start();
    let good = || Reply::file(large()).etag("\"a\"");
    site.on("/cat.jpg", good().cut_after(2_000_000)).once();
    let mute = move |seen: &Request| match seen.header("range") {
        Some(_) => good().delay(Duration::from_secs(3)),
        None => good(),
    };
    site.on("/cat.jpg", Reply::with(mute));
    let config = "[net]\nbackoff = \"5ms\"\nstall_timeout = \"300ms\"\n";
    let fetch = Fetch::new().config(config).arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
    assert_eq!(site.requests().len(), 4);
}
