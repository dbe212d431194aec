//! What a site says is not there is remembered, and left alone.

use std::sync::atomic::Ordering;

use fetch::pipeline::archive::ItemStatus;

use super::{known, refused};
use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

#[test]
fn missing_items_are_not_requested_again_without_recheck() {
    let site = Site::start();
    let (reply, open) = refused(&Reply::empty(404));
    site.on("/cat.jpg", reply);
    let fetch = Fetch::new().arg(site.url("/cat.jpg"));
    fetch.run().fails(4);
    assert_eq!(known(&fetch)[0].status, ItemStatus::Gone);
    let asked = site.requests().len();
    open.store(true, Ordering::Relaxed);
    let done = fetch.run().success();
    let hint = "hint: `--recheck` also requests what was gone from its site\n";
    let expected = format!("1 found: 0 new, 1 gone   TIME\n{hint}");
    assert_eq!(done.stderr_filtered(), expected);
    assert_eq!(fetch.clone().arg("-q").run().success().stderr, "");
    assert_eq!(site.requests().len(), asked);
    let anew = fetch.clone().arg("--recheck");
    anew.run().success();
    assert_eq!(known(&fetch)[0].status, ItemStatus::Saved);
    assert_eq!(fetch.files().len(), 1);
}

#[test]
fn an_item_gone_from_its_site_but_on_disk_counts_as_had() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)))
        .once();
    site.on("/cat.jpg", Reply::empty(410));
    let fetch = Fetch::new().arg(site.url("/cat.jpg"));
    fetch.run().success();
    fetch.clone().args(["--skip", "never"]).run().fails(4);
    let done = fetch.run().success();
    let had = "had `cat.jpg`\n1 found: 0 new, 1 had   TIME\n";
    assert_eq!(done.stderr_filtered(), had);
}

#[test]
fn a_run_with_only_gone_and_failed_items_exits_with_4() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::empty(404));
    site.on("/dog.jpg", Reply::empty(401));
    let fetch = Fetch::new().args([site.url("/cat.jpg"), site.url("/dog.jpg")]);
    fetch.run().fails(4);
    fetch.run().fails(6);
}
