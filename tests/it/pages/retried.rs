//! What failed of a page is tried again as it was asked for: as deep, and as the link that was given.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::names;
use crate::support::command::{Done, Fetch};
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

/// Answers this target badly until the site is well.
fn at_first(site: &Site, well: &Arc<AtomicBool>, path: &str, wrong: Reply, reply: Reply) {
    let well = well.clone();
    let reply = Reply::with(move |_| match well.load(Ordering::Relaxed) {
        true => reply.clone(),
        false => wrong.clone(),
    });
    site.on(path, reply);
}

fn page(rest: &str) -> Reply {
    Reply::html(format!("<!doctype html><title>Cats</title>{rest}"))
}

fn picture(seed: u64) -> Reply {
    Reply::file(small(Format::Jpeg, seed)).content_type("image/jpeg")
}

fn quick() -> Fetch {
    Fetch::new().config("[net]\nbackoff = \"2ms\"\nretries = 0\n")
}

/// Tries again what failed.
fn retry(fetch: &Fetch) -> Done {
    fetch.clone().arg("retry").run()
}

/// A page with a picture, and one behind it with two; these targets are not there at first.
fn two_pages(wrong: &[&str]) -> (Site, Arc<AtomicBool>) {
    let (site, well) = (Site::start(), Arc::new(AtomicBool::new(false)));
    let pages = [
        ("/", page("<img src=/home.jpg><a href=/a>a</a>")),
        ("/a", page("<img src=/a.jpg><img src=/b.jpg>")),
        ("/robots.txt", Reply::empty(404)),
        ("/home.jpg", picture(1)),
        ("/a.jpg", picture(2)),
        ("/b.jpg", picture(3)),
    ];
    for (path, reply) in pages {
        match wrong.contains(&path) {
            true => at_first(&site, &well, path, Reply::empty(503), reply),
            false => drop(site.on(path, reply).optional()),
        }
    }
    (site, well)
}

#[test]
fn a_retried_page_is_read_to_the_original_depth() {
    for chooses in [&[][..], &["-I", "1-9"], &["--kind", "image"]] {
        let (site, well) = two_pages(&["/"]);
        let fetch = quick();
        let first = fetch.clone().args(["--depth", "1"]).args(chooses);
        first.arg(site.url("/")).run().fails(4);
        // It fails once more, and that is no other failure.
        retry(&fetch).fails(4);
        well.store(true, Ordering::Relaxed);
        let done = retry(&fetch).success();
        done.says("3 found: 3 new");
        let done = retry(&fetch).success();
        done.says("nothing to retry");
    }
}

#[test]
fn a_failed_picture_of_a_crawled_page_is_found_again() {
    let (site, well) = two_pages(&["/b.jpg"]);
    let fetch = quick();
    let first = fetch.clone().args(["--depth", "1"]).arg(site.url("/"));
    first.run().fails(3).says("3 found: 2 new, 1 failed");
    retry(&fetch).fails(4).says("503");
    well.store(true, Ordering::Relaxed);
    retry(&fetch).success().says("1 new");
    assert_eq!(names(&fetch).len(), 3, "{}", fetch.tree());
}

#[test]
fn failures_of_differing_crawls_are_all_retried() {
    let (site, well) = two_pages(&["/home.jpg", "/b.jpg"]);
    let fetch = quick();
    // First the page alone, then it and what it leads to.
    fetch.clone().arg(site.url("/")).run().fails(4);
    let deep = fetch.clone().args(["--depth", "1"]).arg(site.url("/"));
    deep.run().fails(3).says("2 failed");
    well.store(true, Ordering::Relaxed);
    retry(&fetch).success().says("2 new");
    assert_eq!(names(&fetch).len(), 3, "{}", fetch.tree());
}

#[test]
fn a_retried_link_of_a_feed_is_not_crawled_deeper() {
    let (site, well) = two_pages(&["/"]);
    let feed = format!(
        "<?xml version='1.0'?><rss><channel><title>F</title><item><title>x</title><guid>x</guid><link>{}</link></item>\
         </channel></rss>",
        site.url("/")
    );
    let feed = Reply::text(feed).content_type("application/rss+xml");
    site.on("/feed", feed);
    let fetch = quick();
    let first = ["--depth", "1", "-S", "source.feed.posts=true"];
    let first = fetch.clone().args(first).arg(site.url("/feed"));
    first.run().fails(4).says("503");
    well.store(true, Ordering::Relaxed);
    retry(&fetch).success().says("1 found: 1 new");
}

#[test]
fn a_link_saved_as_a_page_once_is_retried_as_given() {
    let wait = || Reply::html("<!doctype html><title>Please wait</title><p>Please wait.</p>");
    let feed = "<?xml version='1.0'?><rss><channel><title>F</title><item><title>a</title><guid>a</guid>\
        <enclosure url='/a.jpg' type='image/jpeg'/></item></channel></rss>";
    let feed = || Reply::text(feed).content_type("application/rss+xml");
    for chooses in [&[][..], &["-I", "1"]] {
        for (path, reply, expected) in [
            ("/feed", feed(), "a.jpg"),
            ("/file", picture(1), "file.jpg"),
        ] {
            let (site, well) = (Site::start(), Arc::new(AtomicBool::new(false)));
            site.on("/a.jpg", picture(2)).optional();
            at_first(&site, &well, path, wait(), reply);
            let fetch = quick();
            let link = site.url(path);
            let first = fetch.clone().args(chooses).arg(&link);
            first.run().fails(5);
            // It fails once more, and that is no other failure.
            retry(&fetch).fails(5);
            well.store(true, Ordering::Relaxed);
            retry(&fetch).success().says("1 found: 1 new");
            let saved = names(&fetch);
            assert!(saved[0].ends_with(expected), "{saved:?}");
            let done = retry(&fetch).success();
            done.says("nothing to retry");
        }
    }
}

#[test]
fn an_item_saved_by_its_link_is_no_longer_a_failure() {
    let wait = Reply::html("<!doctype html><title>Please wait</title><p>Please wait.</p>");
    for chooses in [&[][..], &["-I", "1"]] {
        let (site, well) = (Site::start(), Arc::new(AtomicBool::new(false)));
        at_first(&site, &well, "/file", wait.clone(), picture(1));
        let fetch = quick();
        let call = fetch.clone().args(chooses).arg(site.url("/file"));
        call.run().fails(5);
        well.store(true, Ordering::Relaxed);
        call.run().success();
        let done = retry(&fetch).success();
        done.says("nothing to retry");
    }
}
