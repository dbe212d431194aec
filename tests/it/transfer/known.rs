//! Runs after the first: what is known costs nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::quick;
use crate::support::media::{Format, sized, small};
use crate::support::{Reply, Site};

#[test]
fn a_second_run_sends_no_requests() {
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
    assert!(
        done.stderr.contains("5 found: 0 new, 5 had"),
        "{}",
        done.stderr
    );
}

#[test]
fn changed_files_are_saved_beside_the_old_version_on_request() {
    let site = Site::start();
    let (old, new) = (small(Format::Jpeg, 1), small(Format::Jpeg, 2));
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_600_000_000);
    let asked = |seen: &crate::support::Request| {
        let etag = seen.header("if-none-match");
        etag.or(seen.header("if-modified-since")).map(str::to_owned)
    };
    let (first, second) = (old.clone(), new.clone());
    // One is told apart by its ETag, and changes; one by its date, and does not; one by its bytes alone.
    let tagged = move |seen: &crate::support::Request| match asked(seen).as_deref() {
        None => Reply::file(first.clone()).etag("\"1\""),
        Some("\"1\"") => Reply::file(second.clone()).etag("\"2\""),
        Some(_) => Reply::empty(304).etag("\"2\""),
    };
    site.on("/tag.jpg", Reply::with(tagged));
    let dated = move |seen: &crate::support::Request| match asked(seen).as_deref() {
        Some("Sun, 13 Sep 2020 12:26:40 GMT") => Reply::empty(304),
        _ => Reply::file(small(Format::Jpeg, 3)).last_modified(long_ago),
    };
    site.on("/date.jpg", Reply::with(dated));
    site.on("/none.jpg", Reply::file(small(Format::Jpeg, 4)));
    let links = ["/tag.jpg", "/date.jpg", "/none.jpg"].map(|path| site.url(path));
    let fetch = quick().args(links);
    fetch.run().success();
    let again = fetch.clone().args(["--skip", "changed"]);
    for (new_ones, had) in [(1, 2), (0, 3)] {
        site.forget();
        let done = again.run().success();
        let said = format!("3 found: {new_ones} new, {had} had");
        assert!(done.stderr.contains(&said), "{}", done.stderr);
        let counts = ["/tag.jpg", "/date.jpg", "/none.jpg"].map(|path| site.count(path));
        assert_eq!(counts, [1, 1, 1]);
    }
    let files = fetch.files();
    assert!(files["tag.jpg"] == old && files["tag (2).jpg"] == new);
    assert_eq!(files.len(), 4);
}

#[test]
fn files_without_validators_are_compared_by_their_bytes() {
    let site = Site::start();
    let (old, new) = (small(Format::Jpeg, 1), small(Format::Jpeg, 2));
    for path in ["/same.jpg", "/new.jpg", "/cut.jpg"] {
        site.on(path, Reply::file(old.clone())).once();
    }
    site.on("/same.jpg", Reply::file(old.clone()));
    site.on("/new.jpg", Reply::file(new.clone()));
    site.on("/cut.jpg", Reply::file(old.clone()).cut_after(100));
    let fetch = quick().args(["/same.jpg", "/new.jpg", "/cut.jpg"].map(|path| site.url(path)));
    fetch.run().success();
    let again = fetch
        .clone()
        .args(["--skip", "changed", "-R", "0", "--exec", "touch {path}.run"]);
    let done = again.run().success();
    for said in [
        "3 found: 1 new, 2 had",
        "cannot tell whether it has changed",
    ] {
        assert!(done.stderr.contains(said), "{}", done.stderr);
    }
    let files = fetch.files();
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "cut.jpg",
            "new (2).jpg",
            "new (2).jpg.run",
            "new.jpg",
            "same.jpg"
        ]
    );
    assert!(files["new.jpg"] == old && files["new (2).jpg"] == new);
}

#[test]
fn a_200_with_equal_bytes_to_a_conditional_request_is_unchanged() {
    let site = Site::start();
    let cat = small(Format::Jpeg, 1);
    site.on("/same.jpg", Reply::file(cat.clone()).etag("\"1\""));
    // Its servers have an ETag each.
    site.on("/other.jpg", Reply::file(cat.clone()).etag("\"1\""))
        .once();
    let minds = move |seen: &crate::support::Request| match seen.header("if-none-match") {
        Some("\"2\"") => Reply::empty(304).etag("\"2\""),
        _ => Reply::file(cat.clone()).etag("\"2\""),
    };
    site.on("/other.jpg", Reply::with(minds));
    let fetch = quick().args(["/same.jpg", "/other.jpg"].map(|path| site.url(path)));
    fetch.run().success();
    let before = fetch.tree();
    let again = fetch
        .clone()
        .args(["--skip", "changed", "--exec", "touch {path}.run"]);
    for _ in 0..2 {
        site.forget();
        let done = again.run().success();
        assert!(
            done.stderr.contains("2 found: 0 new, 2 had"),
            "{}",
            done.stderr
        );
        assert_eq!(fetch.tree(), before);
    }
    let asked = site.requests();
    let asked = asked
        .iter()
        .find(|seen| seen.path() == "/other.jpg")
        .unwrap();
    assert_eq!(asked.header("if-none-match"), Some("\"2\""));
}

#[test]
fn an_unanswered_change_check_is_not_a_failure() {
    let site = Site::start();
    let paths = ["/gone.jpg", "/down.jpg"];
    for path in paths {
        site.on(path, Reply::file(small(Format::Jpeg, 1)).etag("\"1\""))
            .once();
    }
    site.on("/gone.jpg", Reply::empty(404));
    site.on("/down.jpg", Reply::empty(503));
    let fetch = quick().args(paths.map(|path| site.url(path)));
    fetch.run().success();
    let again = fetch.clone().args(["--skip", "changed", "-R", "0"]);
    for (gone, warnings) in [(1, "2 with warnings"), (0, "1 with a warning")] {
        site.forget();
        let done = again.run().success();
        for said in ["2 found: 0 new, 2 had", warnings] {
            assert!(done.stderr.contains(said), "{}", done.stderr);
        }
        assert_eq!(site.count("/gone.jpg"), gone);
        assert!(site.count("/down.jpg") > 0);
    }
    site.forget();
    again.clone().arg("--recheck").run().success();
    assert_eq!(site.count("/gone.jpg"), 1);
    // It is back, as it was.
    site.on("/gone.jpg", Reply::empty(304).etag("\"1\""));
    again.clone().arg("--recheck").run().success();
    site.forget();
    let done = again.run().success();
    assert!(done.stderr.contains("1 with a warning"), "{}", done.stderr);
    assert_eq!(site.count("/gone.jpg"), 1);
}

#[test]
fn deleted_files_are_downloaded_again_unless_seen_suffices() {
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
fn without_an_archive_nothing_is_recorded() {
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
fn urls_alone_can_be_printed() {
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

#[test]
fn a_partial_file_of_a_withdrawn_version_is_removed() {
    let site = Site::start();
    let (old, new) = (
        sized(Format::Mp4, 9 << 20, 1),
        sized(Format::Mp4, 9 << 20, 2),
    );
    let turn = Arc::new(AtomicU32::new(0));
    let reply = {
        let turn = turn.clone();
        Reply::with(move |seen| match turn.load(Ordering::Relaxed) {
            1 => Reply::file(new.clone()).etag("\"2\"").stall_after(8 << 20),
            2 if seen.header("if-none-match").is_some() => Reply::empty(304).etag("\"1\""),
            _ => Reply::file(old.clone()).etag("\"1\""),
        })
    };
    site.on("/film.mp4", reply);
    let fetch = quick().arg(site.url("/film.mp4"));
    fetch.run().success();
    let changed = fetch.clone().args(["--skip", "changed"]);
    turn.store(1, Ordering::Relaxed);
    let running = changed.spawn();
    site.wait_for_stalls(1);
    running.kill9();
    assert!(!fetch.partials().is_empty());
    turn.store(2, Ordering::Relaxed);
    changed.run().success().says("1 found: 0 new, 1 had");
    assert_eq!(fetch.partials(), Vec::<String>::new());
}
