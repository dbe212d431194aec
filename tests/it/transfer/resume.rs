//! Going on after a cut: with proof, or from the start.

use super::{huge, large, long_ago, quick};
use crate::support::command::{Fetch, Running};
use crate::support::media::{Format, sized};
use crate::support::{Reply, Site};

/// Fetches a file whose first answer breaks off half-way, and says what the second request asked for.
fn after_a_cut(
    name: &str,
    first: Reply,
    second: Reply,
    expected: &[u8],
) -> (Option<String>, Option<String>) {
    let site = Site::start();
    site.on("/cat.jpg", first.cut_after(2_000_000)).once();
    site.on("/cat.jpg", second);
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(
        fetch.files()["cat.jpg"] == expected,
        "the bytes are wrong: {name}"
    );
    let requests = site.requests();
    let header = |name: &str| requests[1].header(name).map(str::to_owned);
    (header("range"), header("if-range"))
}

fn asks_for_the_rest(range: Option<String>) {
    let start = range
        .expect("a range")
        .trim_start_matches("bytes=")
        .trim_end_matches('-')
        .parse::<u64>()
        .unwrap();
    assert!((1_800_000..2_000_000).contains(&start), "{start}");
}

#[test]
fn resumes_after_a_broken_connection_with_a_strong_etag() {
    let good = Reply::file(large()).etag("\"a\"");
    let (range, if_range) = after_a_cut("good", good.clone(), good, &large());
    asks_for_the_rest(range);
    assert_eq!(if_range.as_deref(), Some("\"a\""));
}

#[test]
fn resumes_with_a_date_that_is_strong() {
    let now = httpdate::fmt_http_date(std::time::SystemTime::now());
    let good = Reply::file(large())
        .last_modified(long_ago())
        .header("Date", now);
    let (range, if_range) = after_a_cut("good", good.clone(), good, &large());
    asks_for_the_rest(range);
    assert_eq!(if_range.as_deref(), Some("Fri, 14 Jul 2017 02:40:00 GMT"));
}

#[test]
fn resumes_without_a_validator_where_the_bytes_agree() {
    let (range, if_range) =
        after_a_cut("good", Reply::file(large()), Reply::file(large()), &large());
    asks_for_the_rest(range);
    assert_eq!(if_range, None);
}

#[test]
fn a_weak_etag_is_not_sent_as_proof() {
    let good = Reply::file(large()).etag("W/\"a\"");
    let (range, if_range) = after_a_cut("good", good.clone(), good, &large());
    asks_for_the_rest(range);
    assert_eq!(if_range, None);
}

#[test]
fn starts_over_when_the_file_has_changed() {
    let new = sized(Format::Jpeg, 3 << 20, 9);
    let table = [
        (
            "strong",
            Reply::file(large()).etag("\"a\""),
            Reply::file(new.clone()).etag("\"b\""),
        ),
        (
            "weak",
            Reply::file(large()).etag("W/\"a\""),
            Reply::file(new.clone()).etag("W/\"b\""),
        ),
        ("none", Reply::file(large()), Reply::file(new.clone())),
        (
            "ignored",
            Reply::file(large()).etag("\"a\""),
            Reply::file(new.clone()).etag("\"b\"").ignore_if_range(),
        ),
        (
            "same tag",
            Reply::file(large()).etag("\"a\""),
            Reply::file(new.clone()).etag("\"a\""),
        ),
    ];
    for (name, first, second) in table {
        after_a_cut(name, first, second, &new);
    }
}

#[test]
fn starts_over_when_the_file_has_another_length() {
    for length in [2 << 20, 4 << 20, 1 << 20] {
        let new = sized(Format::Jpeg, length, 1);
        after_a_cut("good", Reply::file(large()), Reply::file(new.clone()), &new);
    }
}

#[test]
fn a_server_without_ranges_starts_over() {
    let good = Reply::file(large()).no_ranges();
    after_a_cut("good", good.clone(), good, &large());
}

#[test]
fn a_server_that_lies_about_ranges_does_not_spoil_the_file() {
    let other = sized(Format::Jpeg, 3 << 20, 7);
    let table = [
        (
            "another start",
            Reply::file(large()).etag("\"a\"").wrong_start(0),
        ),
        (
            "another total",
            Reply::file(large()).etag("\"a\"").wrong_total(9_999_999),
        ),
        (
            "no Content-Range",
            Reply::file(large()).etag("\"a\"").no_content_range(),
        ),
        (
            "other bytes",
            Reply::file(large())
                .etag("\"a\"")
                .wrong_bytes(other[..1_200_000].to_vec()),
        ),
    ];
    for (name, liar) in table {
        let site = Site::start();
        site.on(
            "/cat.jpg",
            Reply::file(large()).etag("\"a\"").cut_after(2_000_000),
        )
        .once();
        site.on("/cat.jpg", liar).once();
        site.on("/cat.jpg", Reply::file(large()).etag("\"a\""));
        let fetch = quick().arg(site.url("/cat.jpg"));
        fetch.run().success();
        assert!(fetch.files()["cat.jpg"] == large(), "{name}");
        assert_eq!(
            site.requests()[2].header("range"),
            None,
            "{name}: it starts over"
        );
    }
}

#[test]
fn if_range_is_dropped_if_the_server_ignores_ranges_with_it() {
    let site = Site::start();
    let whole = Reply::file(large()).etag("\"a\"");
    site.on("/cat.jpg", whole.clone().cut_after(2_000_000))
        .once();
    site.on(
        "/cat.jpg",
        Reply::with(move |seen| {
            if seen.header("if-range").is_some() {
                whole.clone().no_ranges().header("Accept-Ranges", "bytes")
            } else {
                whole.clone()
            }
        }),
    );
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
    let requests = site.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests[2].header("range").is_some() && requests[2].header("if-range").is_none());
}

#[test]
fn a_download_cut_again_and_again_completes() {
    let site = Site::start();
    let good = Reply::file(large()).etag("\"a\"");
    site.on("/cat.jpg", good.cut_after(150_000));
    let fetch = quick().args(["-R", "2"]).arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
    assert!(site.requests().len() > 20);
}

#[test]
fn a_truncated_small_file_is_resumed() {
    let site = Site::start();
    let cat = sized(Format::Jpeg, 60_000, 1);
    site.on(
        "/cat.jpg",
        Reply::file(cat.clone()).etag("\"a\"").cut_after(20_000),
    );
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert_eq!(fetch.files()["cat.jpg"], cat);
}

#[test]
fn a_server_that_always_cuts_at_one_offset_is_given_up() {
    let site = Site::start();
    site.on(
        "/cat.jpg",
        Reply::file(large()).no_ranges().cut_after(1_000_000),
    );
    let fetch = quick().args(["-R", "3"]).arg(site.url("/cat.jpg"));
    fetch.run().fails(4);
    assert_eq!(site.requests().len(), 4);
    assert_eq!(fetch.tree(), "");
    assert_eq!(
        fetch.partials(),
        Vec::<String>::new(),
        "nothing worth keeping is left"
    );
}

/// Interrupts a transfer of a huge file for good, when 6 MB of it are there.
fn interrupted(site: &Site, fetch: &Fetch, target: &str) {
    let running = fetch.spawn();
    site.wait_for(target, 1);
    site.wait_for_stalls(1);
    running.interrupt();
    running.wait_for_stderr("Ctrl-C again");
    running.interrupt();
    assert_eq!(running.wait().code, 130);
}

#[test]
fn a_later_run_resumes_an_interrupted_file() {
    let site = Site::start();
    let good = Reply::file(huge()).etag("\"a\"");
    site.on("/cat.png", good.clone().stall_after(6_000_000))
        .once();
    site.on("/cat.png", good);
    let fetch = Fetch::new().arg(site.url("/cat.png"));
    interrupted(&site, &fetch, "/cat.png");
    assert_eq!(fetch.partials().len(), 2, "{:?}", fetch.partials());
    assert_eq!(fetch.tree(), "");
    fetch.run().success();
    assert!(fetch.files()["cat.png"] == huge());
    assert_eq!(fetch.partials(), Vec::<String>::new());
    let requests = site.requests();
    assert!(requests[1].header("range").is_some());
    assert_eq!(requests[1].header("if-range"), Some("\"a\""));
}

#[test]
fn a_tampered_partial_file_is_not_resumed() {
    let site = Site::start();
    let good = Reply::file(huge()).etag("\"a\"");
    site.on("/cat.png", good.clone().stall_after(6_000_000))
        .once();
    site.on("/cat.png", good);
    let fetch = Fetch::new().arg(site.url("/cat.png"));
    interrupted(&site, &fetch, "/cat.png");
    let part = fetch
        .partials()
        .into_iter()
        .find(|name| name.ends_with(".part"))
        .unwrap();
    let path = fetch.out().join(part);
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    fetch.run().success();
    assert!(fetch.files()["cat.png"] == huge());
    assert_eq!(site.requests()[1].header("range"), None);
}

#[test]
fn a_file_that_changed_between_two_runs_is_not_spliced() {
    let site = Site::start();
    let new = sized(Format::Png, 9 << 20, 5);
    site.on(
        "/cat.png",
        Reply::file(huge()).etag("\"a\"").stall_after(6_000_000),
    )
    .once();
    site.on("/cat.png", Reply::file(new.clone()).etag("\"b\""));
    let fetch = Fetch::new().arg(site.url("/cat.png"));
    interrupted(&site, &fetch, "/cat.png");
    fetch.run().success();
    assert!(fetch.files()["cat.png"] == new);
}

/// Kills a run as soon as it has saved how far it is.
fn killed_with_a_state(fetch: &Fetch, running: Running) {
    let began = std::time::Instant::now();
    let is_state = |name: &String| name.ends_with(".part.json");
    while !fetch.partials().iter().any(is_state) {
        assert!(began.elapsed().as_secs() < 30, "no state was saved");
        std::thread::yield_now();
    }
    running.kill9();
}

#[test]
fn a_killed_run_loses_at_most_two_seconds() {
    let site = Site::start();
    let good = Reply::file(huge()).etag("\"a\"");
    site.on("/cat.png", good.clone().throttle(2_000_000)).once();
    site.on("/cat.png", good);
    let fetch = Fetch::new().arg(site.url("/cat.png"));
    let running = fetch.spawn();
    killed_with_a_state(&fetch, running);
    fetch.run().success();
    assert!(fetch.files()["cat.png"] == huge());
    let range = site.requests()[1]
        .header("range")
        .map(str::to_owned)
        .expect("a range");
    let start: u64 = range
        .trim_start_matches("bytes=")
        .trim_end_matches('-')
        .parse()
        .unwrap();
    assert!(start > 2_000_000, "{start}");
}

#[test]
fn a_slow_small_file_is_resumed() {
    let site = Site::start();
    let good = Reply::file(large()).etag("\"a\"");
    site.on("/cat.jpg", good.clone().throttle(100_000)).once();
    site.on("/cat.jpg", good);
    let fetch = Fetch::new().arg(site.url("/cat.jpg"));
    let running = fetch.spawn();
    killed_with_a_state(&fetch, running);
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
    assert!(site.requests()[1].header("range").is_some());
}

#[test]
fn a_new_version_has_a_full_budget_of_retries() {
    let site = Site::start();
    let other = sized(Format::Png, 9 << 20, 7);
    let first = Reply::file(huge()).etag("\"a\"").cut_after(9_000_000);
    site.on("/cat.png", first).once();
    let pieces = Reply::file(other.clone())
        .etag("\"b\"")
        .cut_after(1_000_000);
    site.on("/cat.png", pieces);
    let fetch = quick().args(["-R", "2"]).arg(site.url("/cat.png"));
    fetch.run().success();
    assert!(fetch.files()["cat.png"] == other);
}
