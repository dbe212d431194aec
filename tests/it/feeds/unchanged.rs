//! Feeds that are asked for only if they have changed, where all that is in them is had.

use super::page;
use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Request, Site};

/// A feed with these posts, each of one film, and an ETag of its own.
fn feed(site: &Site, etag: &'static str, posts: &[&str]) {
    let whole = page(posts, "").header("ETag", etag);
    let answer = move |seen: &Request| match seen.header("if-none-match") {
        Some(known) if known == etag => Reply::empty(304),
        _ => whole.clone(),
    };
    site.on("/feed", Reply::with(answer)).optional();
}

fn film(site: &Site, name: &str, seed: u64) {
    let reply = Reply::file(small(Format::Mp4, seed));
    site.on(&format!("/{name}.mp4"), reply).optional();
}

/// The validators that the feed was asked with since the site forgot.
fn asked(site: &Site) -> Vec<Option<String>> {
    let requests = site.requests();
    let feeds = requests.iter().filter(|seen| seen.path() == "/feed");
    feeds
        .map(|seen| seen.header("if-none-match").map(str::to_owned))
        .collect()
}

/// A site with a feed of two films that were had.
fn had() -> (Site, Fetch) {
    let site = Site::start();
    feed(&site, "\"1\"", &["b", "a"]);
    film(&site, "a", 1);
    film(&site, "b", 2);
    let fetch = Fetch::new();
    let done = fetch.clone().arg(site.url("/feed")).run().success();
    assert!(done.stderr.contains("2 found: 2 new"), "{}", done.stderr);
    assert_eq!(asked(&site), [None]);
    site.forget();
    (site, fetch)
}

/// Runs once more, and gives what it says of it and by what the feed was asked for.
fn again(site: &Site, fetch: &Fetch) -> (String, Vec<Option<String>>) {
    site.forget();
    let done = fetch.clone().arg(site.url("/feed")).run();
    (done.stderr, asked(site))
}

fn known(etag: &str) -> Vec<Option<String>> {
    vec![Some(etag.to_owned())]
}

#[test]
fn an_unchanged_feed_is_answered_with_304() {
    let (site, fetch) = had();
    for _ in 0..2 {
        let (told, asked) = again(&site, &fetch);
        assert!(told.contains("2 found: 0 new, 2 had"), "{told}");
        assert_eq!(asked, known("\"1\""));
        assert_eq!(site.requests().len(), 1);
    }
    let done = fetch.arg("-j").arg(site.url("/feed")).run().success();
    let line = format!(
        r#""event":"unchanged","link":"feed:{}","items":2"#,
        site.url("/feed")
    );
    assert!(done.stdout.contains(&line), "{}", done.stdout);
}

#[test]
fn a_feed_link_is_requested_conditionally_too() {
    let (site, fetch) = had();
    let link = format!("feed:{}", site.url("/feed"));
    let done = fetch.arg(link).run().success();
    assert!(
        done.stderr.contains("2 found: 0 new, 2 had"),
        "{}",
        done.stderr
    );
    assert_eq!(asked(&site), known("\"1\""));
}

#[test]
fn an_unchanged_feed_is_read_anew_with_other_options() {
    let (site, fetch) = had();
    for (option, expected) in [
        ("source.feed.posts=false", known("\"1\"")),
        ("source.feed.posts=true", vec![None]),
        ("source.feed.pages=3", vec![None]),
        ("source.feed.pages=3", known("\"1\"")),
    ] {
        let call = fetch.clone().args(["-S", option]);
        assert_eq!(again(&site, &call).1, expected, "{option}");
    }
}

#[test]
fn a_changed_feed_yields_its_new_posts() {
    let (site, fetch) = had();
    feed(&site, "\"2\"", &["c", "b", "a"]);
    film(&site, "c", 3);
    // The first answer was given once.
    let (told, first) = again(&site, &fetch);
    assert!(told.contains("3 found: 1 new, 2 had"), "{told}");
    assert_eq!(first, known("\"1\""));
    let (told, second) = again(&site, &fetch);
    assert!(told.contains("3 found: 0 new, 3 had"), "{told}");
    assert_eq!(second, known("\"2\""));
}

#[test]
fn a_feed_with_a_failed_item_is_requested_in_full() {
    let site = Site::start();
    feed(&site, "\"1\"", &["b", "a"]);
    film(&site, "b", 2);
    site.on("/a.mp4", Reply::empty(451)).once();
    film(&site, "a", 1);
    let fetch = Fetch::new();
    fetch.clone().arg(site.url("/feed")).run().fails(3);
    let (told, first) = again(&site, &fetch);
    assert!(told.contains("2 found: 1 new, 1 had"), "{told}");
    assert_eq!(first, [None]);
    assert_eq!(again(&site, &fetch).1, known("\"1\""));
}

#[test]
fn a_feed_read_with_a_selection_is_requested_in_full() {
    for choice in [
        &["-I", "1"][..],
        &["--max-new", "1"],
        &["--filter", "title == 'b'"],
    ] {
        let site = Site::start();
        feed(&site, "\"1\"", &["b", "a"]);
        film(&site, "a", 1);
        film(&site, "b", 2);
        let fetch = Fetch::new();
        let part = fetch.clone().args(choice).arg(site.url("/feed"));
        part.run().success();
        let (told, asked) = again(&site, &fetch);
        assert!(told.contains("2 found: 1 new, 1 had"), "{choice:?}: {told}");
        assert!(asked.iter().all(Option::is_none), "{choice:?}");
    }
}

#[test]
fn a_deleted_file_of_an_unchanged_feed_is_downloaded_again() {
    let (site, fetch) = had();
    let file = fetch.files().into_keys().next().unwrap();
    std::fs::remove_file(fetch.out().join(file)).unwrap();
    // Unless what was ever had is enough.
    let seen = fetch.clone().args(["--skip", "seen"]);
    let (told, asked) = again(&site, &seen);
    assert!(told.contains("2 found: 0 new, 2 had"), "{told}");
    assert_eq!(asked, known("\"1\""));
    let (told, asked) = again(&site, &fetch);
    assert!(told.contains("2 found: 1 new, 1 had"), "{told}");
    assert_eq!(asked, [None]);
}

#[test]
fn a_feed_is_requested_in_full_for_another_folder() {
    let (site, fetch) = had();
    let elsewhere = fetch.root().join("elsewhere");
    let other = fetch.clone().arg("-d").arg(&elsewhere);
    let (told, asked) = again(&site, &other);
    assert!(told.contains("2 found: 2 new"), "{told}");
    assert_eq!(asked, [None]);
    let without = fetch.clone().arg("--no-archive");
    assert_eq!(again(&site, &without).1, [None]);
    // Each folder has its own.
    assert_eq!(again(&site, &other).1, known("\"1\""));
    assert_eq!(again(&site, &fetch).1, known("\"1\""));
}

#[test]
fn a_feed_is_requested_in_full_if_more_than_new_posts_are_wanted() {
    let (site, fetch) = had();
    let calls = [
        &["-s"][..],
        &["--skip", "never"],
        &["--skip", "changed"],
        &["--from-start"],
        &["-S", "source.feed.posts=true"],
    ];
    for args in calls {
        let (told, asked) = again(&site, &fetch.clone().args(args));
        assert!(asked.iter().all(Option::is_none), "{args:?}: {told}");
        assert!(told.contains("2 found"), "{args:?}: {told}");
    }
}

#[test]
fn a_feed_is_requested_in_full_after_more_sites_were_configured() {
    let (site, fetch) = had();
    assert_eq!(again(&site, &fetch).1, known("\"1\""));
    let fetch = fetch.args(["-S", "source.mastodon.instances=social.test"]);
    assert_eq!(again(&site, &fetch).1, [None]);
    assert_eq!(again(&site, &fetch).1, known("\"1\""));
}

#[test]
fn what_was_forgotten_comes_again() {
    let (site, fetch) = had();
    let forget = fetch.clone().args(["archive", "forget", "feed/*/b.mp4"]);
    forget.run().success();
    assert_eq!(again(&site, &fetch).1, [None]);
}

#[test]
fn a_feed_that_links_elsewhere_is_requested_in_full() {
    let site = Site::start();
    let text = "<?xml version='1.0'?><rss version='2.0'><channel><title>T</title><item><title>x</title><guid>x</guid>\
        <link>/x</link></item><item><guid>a</guid><enclosure url='/a.mp4' type='video/mp4'/></item></channel></rss>";
    let reply = Reply::text(text).content_type("application/rss+xml");
    site.on("/feed", reply.header("ETag", "\"1\"")).times(2);
    site.on("/x", Reply::html("<html><title>x</title><img src=/x.jpg>"));
    site.on("/x.jpg", Reply::file(small(Format::Jpeg, 1)));
    film(&site, "a", 1);
    let fetch = Fetch::new().args(["-S", "source.feed.posts=true"]);
    for _ in 0..2 {
        site.forget();
        fetch.clone().arg(site.url("/feed")).run().success();
        assert_eq!(asked(&site), [None]);
    }
}

#[test]
fn a_former_feed_is_reported_once_and_then_treated_as_a_page() {
    let (site, fetch) = had();
    site.on(
        "/feed",
        Reply::html("<html><title>x</title><img src=/x.jpg>"),
    );
    site.on("/x.jpg", Reply::file(small(Format::Jpeg, 1)));
    let call = fetch.arg(site.url("/feed"));
    call.run().fails(4);
    let done = call.run().success();
    assert!(done.stderr.contains("1 found: 1 new"), "{}", done.stderr);
}

#[test]
fn a_feed_with_an_unreadable_archive_record_fails() {
    let (site, fetch) = had();
    let file = fetch.root().join("home/state/fetch/archive.db");
    let archive = rusqlite::Connection::open(file).unwrap();
    let damage = "UPDATE item SET outcome = 'damaged'";
    assert_eq!(archive.execute(damage, []).unwrap(), 2);
    drop(archive);
    let done = fetch.arg(site.url("/feed")).run().fails(8);
    assert!(
        done.stderr.contains("cannot use the archive"),
        "{}",
        done.stderr
    );
}
