//! What failed is fetched again, and nothing else.

use std::fs;
use std::sync::atomic::Ordering;

use fetch::pipeline::archive::ItemStatus;
use rusqlite::Connection;

use super::{known, refused};
use crate::support::command::Fetch;
use crate::support::imgur::{FakeImgur, Image};
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

#[test]
fn a_retry_downloads_failed_items_only() {
    let site = Site::start();
    site.on("/had.jpg", Reply::file(small(Format::Jpeg, 2)));
    let refusals = [
        ("/login.jpg", Reply::empty(401)),
        ("/gone.jpg", Reply::empty(404)),
        ("/page.jpg", Reply::html("<html>no</html>")),
    ];
    let opens = refusals.map(|(path, refusal)| {
        let (reply, open) = refused(&refusal);
        site.on(path, reply);
        open
    });
    let call = Fetch::new().config("[net]\nbackoff = \"5ms\"\n");
    let paths = ["/had.jpg", "/login.jpg", "/gone.jpg", "/page.jpg"];
    call.clone()
        .args(paths.map(|path| site.url(path)))
        .run()
        .fails(3);
    site.forget();
    for open in &opens {
        open.store(true, Ordering::Relaxed);
    }
    let retry = call.clone().arg("retry");
    retry.clone().args(["--reason", "login"]).run().success();
    let asked = |site: &Site| -> Vec<String> {
        site.requests()
            .iter()
            .map(|seen| seen.path().to_owned())
            .collect()
    };
    assert_eq!(asked(&site), ["/login.jpg"]);
    site.forget();
    retry.clone().args(["--since", "1h"]).run().success();
    assert_eq!(asked(&site), ["/page.jpg"]);
    site.forget();
    let done = retry.run().success().says("nothing to retry");
    done.says("hint: something is gone from its site; `--recheck` requests it again\n");
    assert_eq!(asked(&site), [""; 0]);
    retry.clone().arg("--recheck").run().success();
    assert_eq!(asked(&site), ["/gone.jpg"]);
    assert!(
        known(&call)
            .iter()
            .all(|known| known.status == ItemStatus::Saved)
    );
    assert_eq!(call.files().len(), 4);
}

#[test]
fn attempts_add_up_and_a_failed_link_is_listed_again() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::empty(401));
    let call = Fetch::new();
    // No source has this name, and none reads such a link.
    call.clone()
        .args([site.url("/cat.jpg"), "ftp://x.test/a".to_owned()])
        .run();
    let before = known(&call)[0].failure.clone().unwrap();
    let done = call.clone().arg("retry").run();
    assert!(done.stderr.contains("ftp://x.test/a"), "{}", done.stderr);
    let after = known(&call)[0].failure.clone().unwrap();
    assert_eq!(after.attempts, 2 * before.attempts);
    assert_eq!(after.message, before.message);
}

#[test]
fn failed_links_with_secrets_stay_recorded() {
    let site = Site::start();
    site.on("/cat.jpg?sig=hunter2", Reply::empty(401));
    let call = Fetch::new();
    let link = format!("{}?sig=hunter2", site.url("/cat.jpg"));
    call.clone().arg(link).run().fails(6);
    let asked = site.requests().len();
    let before = known(&call)[0].failure.clone().unwrap();
    assert!(!before.item.as_deref().unwrap().contains("hunter2"));
    let done = call.clone().arg("retry").run();
    assert!(
        done.stderr.contains("secrets, which are not stored"),
        "{}",
        done.stderr
    );
    assert_eq!(site.requests().len(), asked);
    assert_eq!(known(&call)[0].failure, Some(before));
}

#[test]
fn failures_of_an_older_version_are_retried_by_key() {
    let imgur = FakeImgur::start();
    imgur.image(Image::new("bbbbbbb", Format::Jpeg));
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let call = Fetch::new().config(&imgur.config());
    let folder = call.root().join("home/state/fetch");
    fs::create_dir_all(&folder).unwrap();
    // As version 1 of the archive had it: nothing of a failure but its kind.
    let connection = Connection::open(folder.join("archive.db")).unwrap();
    let tables = "
        CREATE TABLE root (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);
        CREATE TABLE item (root, source, key, path, folded, size, outcome, reason, noted);
        CREATE INDEX item_by_path ON item (root, folded);
        PRAGMA user_version = 1;";
    connection.execute_batch(tables).unwrap();
    let root = call.out().canonicalize().unwrap();
    let insert = "INSERT INTO root VALUES (1, ?)";
    connection
        .execute(insert, [root.to_str().unwrap()])
        .unwrap();
    let cat = site.url("/cat.jpg");
    for (source, key) in [
        ("imgur", "bbbbbbb"),
        ("imgur", "a/zzzzz"),
        ("nobody", "x"),
        ("direct", &cat),
    ] {
        let insert =
            "INSERT INTO item VALUES (1, ?, ?, NULL, NULL, NULL, 'failed', 'network', 100)";
        connection.execute(insert, [source, key]).unwrap();
    }
    drop(connection);
    let done = call.clone().arg("retry").run().fails(3);
    for (name, why) in [
        ("imgur:a/zzzzz", "its link is not stored"),
        ("nobody:x", "the source `nobody` is not available"),
    ] {
        let told = format!("failed: `{name}` {why}");
        assert!(done.stderr.contains(&told), "{}", done.stderr);
    }
    assert!(!done.stderr.contains("secret"), "{}", done.stderr);
    for known in known(&call) {
        let reason = known.failure.map(|failure| failure.reason);
        let expected = match known.identity.key.as_str() {
            "a/zzzzz" | "x" => (ItemStatus::Failed, Some("network".into())),
            _ => (ItemStatus::Saved, None),
        };
        let name = known.identity.key;
        let found = (known.status, reason);
        assert_eq!(found, expected, "{name} {}", done.stderr);
    }
}

#[test]
fn a_retry_keeps_the_order_of_the_listing() {
    let site = Site::start();
    let paths: Vec<_> = (0..20).map(|number| format!("/{number}.jpg")).collect();
    let opens: Vec<_> = paths
        .iter()
        .map(|path| {
            let (reply, open) = refused(&Reply::empty(401));
            site.on(path, reply);
            open
        })
        .collect();
    let links: Vec<_> = paths.iter().map(|path| site.url(path)).collect();
    let call = Fetch::new();
    call.clone().args(&links).run().fails(6);
    for open in &opens {
        open.store(true, Ordering::Relaxed);
    }
    let done = call.clone().args(["retry", "-j"]).run().success();
    let found: Vec<_> = done
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|event| event["event"] == "found")
        .map(|event| event["key"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(found, links);
}

#[test]
fn an_unknown_reason_lists_the_known_ones() {
    let done = Fetch::new()
        .args(["retry", "--reason", "mising"])
        .run()
        .fails(2);
    let expected = "\
error: no failure has the reason `mising`
  hint: the known ones are `config`, `unsupported`, `login`, `missing`, `expired`, `blocked`, `busy`, `network`, `changed`, `corrupt`, `disk`
";
    assert_eq!(done.stderr_filtered(), expected);
}

#[test]
fn a_retry_of_a_job_is_limited_to_its_failures() {
    let site = Site::start();
    site.on("/a.jpg", Reply::empty(401));
    site.on("/b.jpg", Reply::empty(401));
    let config = format!("[job.a]\nlinks = [\"{}\"]\n", site.url("/a.jpg"));
    let call = Fetch::new().config(&config);
    call.clone().args(["run", "a"]).run().fails(6);
    call.clone().arg(site.url("/b.jpg")).run().fails(6);
    site.forget();
    call.clone().args(["retry", "--job", "a"]).run().fails(6);
    assert!(site.requests().iter().all(|seen| seen.path() == "/a.jpg"));
}

#[test]
fn a_simulation_does_not_forget_a_failed_link() {
    let imgur = FakeImgur::start();
    let image = Image::new("aaaaaaa", Format::Jpeg);
    imgur
        .api
        .on("/3/gallery/r/pics/time/all/0", Reply::empty(503))
        .once();
    imgur.subreddit("pics", &[vec![image]]);
    let user = Fetch::new().config(&format!("{}[net]\nretries = 0\n", imgur.config()));
    user.clone().arg("imgur.com/r/pics").run().fails(4);
    user.clone()
        .args(["-s", "imgur.com/r/pics"])
        .run()
        .success();
    let done = user.clone().arg("retry").run().success();
    assert!(done.stderr.contains("1 new"), "{}", done.stderr);
}

#[test]
fn a_retry_names_other_folders_with_failures() {
    let site = Site::start();
    site.on("/login.jpg", Reply::empty(401));
    site.on("/gone.jpg", Reply::empty(404));
    let call = Fetch::new();
    let fetch = |folder: &str, path: &str| {
        let call = call.clone().args(["-d", folder]).arg(site.url(path));
        assert_ne!(call.run().code, 0);
    };
    fetch("gone", "/gone.jpg");
    let retry = call.clone().arg("retry");
    let none = "nothing to retry in `.`\n";
    assert_eq!(retry.clone().run().success().stderr, none);
    for folder in ["a", "b", "c", "d"] {
        fetch(folder, "/login.jpg");
    }
    let done = retry.clone().run().success();
    let folders = ["a", "b", "c"].map(|name| format!("`-d ROOT/out/{name}`"));
    let hint = format!(
        "hint: there are failures in another folder: {}\n",
        folders.join(", ")
    );
    assert_eq!(done.stderr_filtered(), format!("{none}{hint}"));
    assert_eq!(retry.arg("-q").run().success().stderr, "");
}

#[test]
fn a_retry_in_an_unknown_folder_says_so() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let call = Fetch::new();
    let fetch = call.clone().args(["-d", "cats"]).arg(site.url("/cat.jpg"));
    fetch.run().success();
    let retry = |folder: &str| call.clone().args(["retry", "-d", folder]).run();
    retry("cats").success().says("nothing to retry");
    retry("cast").fails(2).says(
        "error: the archive knows nothing of the folder `cast`\n  \
         hint: give `-d` the same folder as the run that failed\n",
    );
}

#[test]
fn a_retry_without_an_archive_is_refused() {
    let done = Fetch::new().args(["retry", "--no-archive"]).run().fails(2);
    done.says("failures are recorded in the archive, which is disabled")
        .says("hint: remove `--no-archive` or");
}

#[test]
fn a_file_that_is_named_from_the_current_folder_is_not_forgotten_and_the_way_is_told() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let call = Fetch::new();
    let run = call
        .clone()
        .args(["-d", "pictures"])
        .arg(site.url("/cat.jpg"));
    run.run().success();
    let forget = call.clone().args(["archive", "forget", "pictures/cat.jpg"]);
    let root = call.out().canonicalize().unwrap().join("pictures");
    let hint = format!(
        "hint: paths start at the output folder: `-d {} cat.jpg`",
        root.display()
    );
    forget.run().fails(2).says(&hint);
    let forget = forget.args(["-d", "pictures"]);
    forget
        .run()
        .fails(4)
        .says("hint: paths start at the output folder: `cat.jpg`\n");
    let forget = call
        .clone()
        .args(["archive", "forget", "cat.jpg", "-d", "pictures"]);
    forget.run().success();
}

#[test]
fn a_retry_accepts_rendition_flags() {
    let done = Fetch::new()
        .args(["retry", "--quality", "worst", "--subtitles", "en"])
        .args(["--live-for", "1m"])
        .run()
        .success();
    done.says("nothing to retry");
}
