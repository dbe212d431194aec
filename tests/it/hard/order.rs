//! The order in which bytes, states and names reach the disk, and what happens when the disk refuses. The calls of the
//! program are watched and made to fail with `strace`; where there is none, these tests say so and prove nothing.

#![cfg(target_os = "linux")]

use std::ffi::OsString;

use super::{huge, large, quick};
use crate::support::command::{Done, Fetch};
use crate::support::media::{self, Format};
use crate::support::{Reply, Site, skip, works};

pub(crate) fn can_watch() -> bool {
    let works = works("strace", &["-f", "-o", "/dev/null", "true"]);
    if !works {
        skip("there is no strace");
    }
    works
}

/// The call, with its arguments, of a line of the record: `12 fsync(3</a/b>) = 0`.
fn call(line: &str) -> &str {
    line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ')
}

#[test]
fn bytes_are_synced_before_a_state_or_a_name_refers_to_them() {
    if !can_watch() {
        return;
    }
    let site = Site::start();
    site.on(
        "/cat.png",
        Reply::file(huge()).etag("\"a\"").throttle(4_000_000),
    );
    let fetch = Fetch::new().arg(site.url("/cat.png"));
    let record = fetch.root().join("record");
    let calls = "trace=pwrite64,fsync,fdatasync,rename,renameat,renameat2";
    let fetch = fetch.through([
        "strace".into(),
        "-f".into(),
        "-y".into(),
        "-e".into(),
        calls.into(),
        "-o".into(),
        record.clone().into_os_string(),
    ]);
    fetch.run().success();
    let record = std::fs::read_to_string(record).unwrap();
    let (mut unsynced, mut state_unsynced, mut states, mut named, mut synced_after) =
        (false, true, 0, false, false);
    for line in record.lines().map(call) {
        let syncs = line.starts_with("fsync(") || line.starts_with("fdatasync(");
        if line.starts_with("pwrite64(") && line.contains(".part>") {
            unsynced = true;
        } else if syncs && line.contains(".part>") {
            unsynced = false;
        } else if syncs && line.contains(".part.json.new>") {
            state_unsynced = false;
        } else if syncs && named && line.contains("/out>") {
            synced_after = true;
        } else if line.starts_with("rename") && line.contains(".part.json.new\"") {
            assert!(
                !unsynced,
                "a state speaks of bytes that are not safe:\n{record}"
            );
            assert!(!state_unsynced, "a state is not safe itself:\n{record}");
            state_unsynced = true;
            states += 1;
        } else if line.starts_with("rename") && line.contains("\"cat.png\"") {
            assert!(
                !unsynced,
                "a name is given to bytes that are not safe:\n{record}"
            );
            named = true;
        }
    }
    assert!(states > 0 && named && synced_after, "{record}");
}

/// Makes the bytes of a file.
type Body = fn() -> Vec<u8>;

/// Fetches a file while calls of the disk fail, then again while they do not.
fn with_failing(call: &str, error: &str, when: &str, body: Body, code: i32) {
    let failing = format!("inject={call}:error={error}:when={when}");
    with_all_failing(&[&failing], body, code);
}

/// The same, where several calls fail at once.
fn with_all_failing(failing: &[&str], body: Body, code: i32) {
    let site = Site::start();
    site.on("/cat", Reply::file(body()).etag("\"a\""));
    let fetch = quick().arg("--no-archive").arg(site.url("/cat"));
    let watched = ["strace", "-f", "-o", "/dev/null"].into_iter();
    let injected = failing.iter().flat_map(|inject| ["-e", inject]);
    let done = fetch
        .clone()
        .through(watched.chain(injected))
        .run()
        .fails(code);
    if code != 0 {
        assert_eq!(fetch.tree(), "", "{failing:?}: {}", done.stderr);
        fetch.run().success();
    }
    let files = fetch.files();
    assert_eq!(files.len(), 1, "{failing:?}");
    assert!(files.into_values().all(|bytes| bytes == body()));
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

#[test]
fn a_full_disk_at_any_write_is_a_failure_without_a_file() {
    if !can_watch() {
        return;
    }
    for when in ["1+", "2+", "7"] {
        with_failing("pwrite64", "ENOSPC", when, large, 8);
    }
}

#[test]
fn a_disk_that_fails_all_writes_ends_the_run() {
    if !can_watch() {
        return;
    }
    let site = Site::start();
    site.on(
        "/*",
        Reply::with(|_| Reply::file(media::small(Format::Gif, 3))),
    );
    let links = (0..300).map(|number| site.url(&format!("/{number}.gif")));
    let inject = "inject=linkat,renameat2:error=EROFS";
    let fetch = quick().arg("--no-archive").args(links);
    let done = fetch
        .through(["strace", "-f", "-o", "/dev/null", "-e", inject])
        .run()
        .fails(8);
    assert!(done.stderr.contains("not done"), "{}", done.stderr);
    assert!(site.requests().len() < 200, "{}", site.requests().len());
}

#[test]
fn a_failed_fsync_is_a_failure_without_a_file() {
    if can_watch() {
        with_failing("fsync", "EIO", "1", huge, 8);
    }
}

#[test]
fn a_file_system_without_locks_or_renames_that_keep_is_no_reason_to_give_up() {
    if can_watch() {
        with_failing("flock", "ENOLCK", "1+", large, 0);
        with_failing("renameat2", "EINVAL", "1+", large, 0);
    }
}

#[test]
fn file_systems_without_links_and_no_replace_renames_work() {
    if !can_watch() {
        return;
    }
    let bodies: [(_, Body); 3] = [
        ("EPERM", || media::sized(Format::Gif, 4096, 3)),
        ("ENOSYS", large),
        ("EOPNOTSUPP", huge),
    ];
    for (linking, body) in bodies {
        let linking = format!("inject=linkat:error={linking}:when=1+");
        let renaming = "inject=renameat2:error=EINVAL:when=1+";
        with_all_failing(&[&linking, renaming], body, 0);
    }
}

/// Fetches a file of which a state is saved on the way, into a folder that answers each sync with this error.
fn into_unsynced_folder(error: &str) -> (Fetch, Site, Done) {
    let site = Site::start();
    let reply = Reply::file(huge()).etag("\"a\"").throttle(3_000_000);
    site.on("/cat.png", reply);
    let fetch = quick().arg(site.url("/cat.png"));
    let inject = format!("inject=fsync:error={error}");
    let failing = fetch.clone().through([
        "strace".into(),
        "-f".into(),
        "-o".into(),
        "/dev/null".into(),
        "-P".into(),
        fetch.out().into_os_string(),
        "-e".into(),
        inject.into(),
    ]);
    let done = failing.run();
    (fetch, site, done)
}

#[test]
fn a_folder_that_cannot_be_synced_is_tolerated() {
    if !can_watch() {
        return;
    }
    for error in ["EINVAL", "EROFS"] {
        let (fetch, _site, done) = into_unsynced_folder(error);
        assert_eq!(done.success().stderr.matches("sync").count(), 0);
        assert_eq!(fetch.files()["cat.png"], huge());
        assert_eq!(fetch.partials(), Vec::<String>::new());
    }
}

#[test]
fn a_name_that_may_be_lost_in_a_power_cut_is_reported() {
    if !can_watch() {
        return;
    }
    let site = Site::start();
    site.on("/cat.png", Reply::file(huge()).etag("\"a\""));
    let fetch = quick().arg(site.url("/cat.png"));
    let out = fetch.out().into_os_string();
    let failing = [
        "strace",
        "-f",
        "-o",
        "/dev/null",
        "-e",
        "inject=fsync:error=EIO",
        "-P",
    ];
    let failing = failing.map(OsString::from).into_iter().chain([out]);
    let done = fetch.clone().through(failing).run().success();
    assert!(
        done.stderr
            .contains("cannot sync the folder of `cat.png`: "),
        "{}",
        done.stderr
    );
    assert_eq!(fetch.files()["cat.png"], huge());
    let again = fetch.run().success();
    assert!(again.stderr.contains("0 new, 1 had"), "{}", again.stderr);
}
