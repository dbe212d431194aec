//! Runs after the first: what is known costs nothing.

use super::quick;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

#[test]
fn a_second_run_asks_for_nothing() {
    let site = Site::start();
    let mut fetch = quick();
    for number in 0..5 {
        let path = format!("/{number}.jpg");
        site.on(&path, Reply::file(small(Format::Jpeg, number)));
        fetch = fetch.arg(site.url(&path));
    }
    fetch.run().success();
    site.forget();
    let done = fetch.run().success();
    assert_eq!(site.requests().len(), 0);
    assert!(done.stderr.contains("5 found: 5 had"), "{}", done.stderr);
}

#[test]
fn what_was_deleted_comes_back_unless_having_seen_it_is_enough() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    std::fs::remove_file(fetch.out().join("cat.jpg")).unwrap();
    fetch.clone().args(["--skip", "seen"]).run().success();
    assert_eq!(fetch.tree(), "");
    assert_eq!(site.requests().len(), 1);
    fetch.run().success();
    assert_eq!(fetch.files().len(), 1);
    assert_eq!(site.requests().len(), 2);
}

#[test]
fn without_an_archive_nothing_is_remembered_or_written_beside_the_files() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let fetch = quick().arg("--no-archive").arg(site.url("/cat.jpg"));
    fetch.run().success();
    fetch.run().success();
    assert_eq!(site.requests().len(), 2);
    assert_eq!(fetch.files().len(), 1, "the same bytes are there already");
    assert!(!fetch.root().join("home/state").exists());
}

#[test]
fn an_archive_can_travel_with_its_folder() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let fetch = quick()
        .args(["--archive", "here.db"])
        .arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.out().join("here.db").exists());
    site.forget();
    fetch.run().success();
    assert_eq!(site.requests().len(), 0);
}

#[test]
fn the_same_link_twice_is_fetched_once() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let url = site.url("/cat.jpg");
    let fetch = quick().arg(&url).arg(format!("{url}#again"));
    fetch.run().success();
    assert_eq!(site.requests().len(), 1);
}

#[test]
fn a_simulation_touches_nothing() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)))
        .optional();
    let fetch = quick()
        .args(["-s", "-d", "new/folder"])
        .arg(site.url("/cat.jpg"));
    let done = fetch.run().success();
    assert!(
        done.stderr.contains("cat.jpg") || done.stdout.contains("cat.jpg"),
        "{} {}",
        done.stdout,
        done.stderr
    );
    assert_eq!(site.requests().len(), 0);
    assert!(!fetch.out().join("new").exists());
    assert!(!fetch.root().join("home/state").exists());
}

#[test]
fn the_addresses_alone_can_be_had() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)))
        .optional();
    let url = site.url("/cat.jpg?token=secret");
    let done = quick().arg("-g").arg(&url).run().success();
    assert_eq!(
        done.stdout,
        format!("{url}\n"),
        "it is data, so it is whole"
    );
    assert_eq!(site.requests().len(), 0);
}

#[test]
fn events_are_one_json_object_a_line() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    site.on("/gone.jpg", Reply::text("").status(404));
    let done = quick()
        .arg("-j")
        .arg(site.url("/cat.jpg"))
        .arg(site.url("/gone.jpg"))
        .run()
        .fails(3);
    let events: Vec<serde_json::Value> = done
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert!(
        events.iter().all(|event| event["v"] == 1),
        "{}",
        done.stdout
    );
    let names: Vec<&str> = events
        .iter()
        .filter_map(|event| event["event"].as_str())
        .collect();
    for name in ["found", "began", "ended", "listed", "summary"] {
        assert!(names.contains(&name), "no `{name}` in {names:?}");
    }
    let failed = events
        .iter()
        .find(|event| event["outcome"] == "failed")
        .expect("a failure");
    assert_eq!(failed["kind"], "missing");
    let summary = &events[events.len() - 1];
    assert_eq!(summary["saved"], 1);
    assert_eq!(summary["failures"][0]["failure"]["kind"], "missing");
}
