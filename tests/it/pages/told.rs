//! What is said of what a page or a folder leads to and is not had.

use super::picture;
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

#[test]
fn pictures_that_lead_to_pages_are_told() {
    let site = Site::start();
    let page = "<!doctype html><title>Post</title><a href=/photo/1><img src=/t/1.jpg></a>\
        <a href=/photo/2><img src=/t/2.jpg></a><a href=/l/3.jpg><img src=/t/3.jpg></a><img src=/t/4.jpg>\
        <a href=https://elsewhere.example/><img src=/t/5.jpg></a>";
    site.on("/post", Reply::html(page));
    for (seed, path) in (1..).zip(["/t/1.jpg", "/t/2.jpg", "/l/3.jpg", "/t/4.jpg", "/t/5.jpg"]) {
        picture(&site, path, seed);
    }
    let done = Fetch::new().arg("-v").arg(site.url("/post")).run();
    let done = done.success();
    done.says("pictures that lead to pages: 2 (`--depth 1` looks there)");
    let quiet = Fetch::new().arg(site.url("/post")).run().success();
    assert!(!quiet.stderr.contains("lead to pages"), "{}", quiet.stderr);
}
