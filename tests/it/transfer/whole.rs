//! Files that arrive.

use super::{large, long_ago, quick};
use crate::support::media::{Format, noise, small};
use crate::support::{Reply, Site};

#[test]
fn a_file_is_saved_with_its_bytes_name_and_time() {
    let site = Site::start();
    let cat = small(Format::Jpeg, 1);
    site.on(
        "/pictures/cat.jpg",
        Reply::file(cat.clone())
            .content_type("image/jpeg")
            .last_modified(long_ago()),
    );
    let fetch = quick().arg(site.url("/pictures/cat.jpg"));
    fetch.run().success();
    assert_eq!(fetch.files()["cat.jpg"], cat);
    let time = std::fs::metadata(fetch.out().join("cat.jpg"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(time, long_ago());
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

#[test]
fn last_modified_is_parsed_leniently() {
    let right = httpdate::fmt_http_date(long_ago());
    let (_, date) = right.split_once(' ').unwrap();
    let date = date.trim_end_matches(" GMT");
    for odd in [format!("Xyz, {date} GMT"), format!("{date} +0000")] {
        let site = Site::start();
        let reply = Reply::file(small(Format::Jpeg, 1)).header("Last-Modified", &odd);
        site.on("/cat.jpg", reply);
        let fetch = quick().arg(site.url("/cat.jpg"));
        fetch.run().success();
        let file = std::fs::metadata(fetch.out().join("cat.jpg")).unwrap();
        assert_eq!(file.modified().unwrap(), long_ago(), "{odd}");
    }
}

#[test]
fn no_mtime_leaves_the_time_alone() {
    let site = Site::start();
    site.on(
        "/cat.jpg",
        Reply::file(small(Format::Jpeg, 1)).last_modified(long_ago()),
    );
    let fetch = quick().arg("--no-mtime").arg(site.url("/cat.jpg"));
    fetch.run().success();
    let time = std::fs::metadata(fetch.out().join("cat.jpg"))
        .unwrap()
        .modified()
        .unwrap();
    assert!(time > long_ago() + std::time::Duration::from_secs(86_400));
}

#[test]
fn every_framing_of_a_good_body_is_read() {
    let site = Site::start();
    let big = large();
    let replies = [
        ("/length.jpg", Reply::file(big.clone())),
        ("/chunked.jpg", Reply::file(big.clone()).chunked()),
        ("/close.jpg", Reply::file(big.clone()).close_delimited()),
        ("/long.jpg", Reply::file(big.clone()).too_long(1000)),
    ];
    let mut fetch = quick();
    for (path, reply) in replies {
        site.on(path, reply);
        fetch = fetch.arg(site.url(path));
    }
    fetch.run().success();
    let files = fetch.files();
    assert_eq!(
        files.keys().map(String::as_str).collect::<Vec<_>>(),
        ["chunked.jpg", "close.jpg", "length.jpg", "long.jpg"]
    );
    assert!(files.values().all(|bytes| *bytes == big));
}

#[test]
fn an_empty_file_is_saved_if_no_medium_is_expected() {
    let site = Site::start();
    site.on("/empty.txt", Reply::file(Vec::new()));
    let fetch = quick().arg(site.url("/empty.txt"));
    fetch.run().success();
    assert_eq!(fetch.tree(), "empty.txt 0\n");
}

#[test]
fn files_are_asked_for_as_they_are_and_without_referer() {
    let site = Site::start();
    site.on(
        "/cat.jpg",
        Reply::with(|seen| {
            assert_eq!(seen.header("accept-encoding"), Some("identity"));
            assert_eq!(seen.header("accept"), Some("*/*"));
            assert_eq!(seen.header("referer"), None);
            assert_eq!(seen.header("range"), None);
            assert!(
                seen.header("user-agent")
                    .is_some_and(|agent| agent.starts_with("fetch/"))
            );
            Reply::file(small(Format::Jpeg, 1))
        }),
    );
    quick().arg(site.url("/cat.jpg")).run().success();
}

#[test]
fn files_are_downloaded_in_parallel_up_to_the_limit() {
    let site = Site::start();
    let delay = std::time::Duration::from_millis(80);
    let mut fetch = quick().args(["-N", "8"]);
    for number in 0..24 {
        let path = format!("/{number}.bin");
        site.on(&path, Reply::file(noise(5000, number)).delay(delay));
        fetch = fetch.arg(site.url(&path));
    }
    fetch.run().success();
    assert_eq!(fetch.files().len(), 24);
    let most = site.max_concurrent();
    assert!((2..=8).contains(&most), "{most} at once");
}

#[test]
fn downloads_can_be_limited_to_one_connection() {
    let site = Site::start();
    let mut fetch = quick().args(["-N", "1"]);
    for number in 0..5 {
        let path = format!("/{number}.bin");
        site.on(
            &path,
            Reply::file(noise(100_000, number)).throttle(4_000_000),
        );
        fetch = fetch.arg(site.url(&path));
    }
    fetch.run().success();
    assert_eq!(site.max_concurrent(), 1);
}

#[test]
fn the_download_rate_can_be_limited() {
    let site = Site::start();
    site.on("/a.bin", Reply::file(noise(300_000, 1)));
    let fetch = quick().args(["-r", "300K"]).arg(site.url("/a.bin"));
    let done = fetch.run().success();
    assert!(done.took.as_millis() >= 700, "{:?}", done.took);
}
