//! Renaming that is killed before each of the calls by which it changes names, or whose looks at the names fail. They are
//! counted with `strace`; where there is none, this says so and proves nothing.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;

use super::{names, pictures, recorded, rename, ring};
use crate::hard::order::can_watch;
use crate::support::Site;
use crate::support::command::Fetch;

/// The names in the output folder itself, be they of folders or hidden, and all files.
fn there(fetch: &Fetch) -> (Vec<String>, BTreeMap<String, Vec<u8>>) {
    let entries = fs::read_dir(fetch.out()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    (names, fetch.files())
}

/// Kills a run before each of its calls: of these templates, the first has named the files, the second is on its way, and
/// the third puts it right. They are chosen knowing the one by which the files swap their names.
fn killed(templates: fn(&'static str) -> [&'static str; 3]) {
    if !can_watch() {
        return;
    }
    let site = Site::start();
    let (fetch, swapped) = ring(&site);
    let [from, to, then] = templates(swapped);
    let at = |template: &str| {
        rename(&fetch, template).run().success();
        there(&fetch)
    };
    let expected = at(then);
    at(from);
    let mut kills = 0;
    for call in ["mkdirat", "linkat", "renameat2", "unlinkat"] {
        for when in 1.. {
            let inject = format!("inject={call}:signal=KILL:when={when}");
            let watched = ["strace", "-f", "-o", "/dev/null", "-e", &inject];
            let done = rename(&fetch, to).through(watched).run();
            assert_eq!(recorded(&fetch).len(), 3, "{to}, {call} {when}");
            let healed = rename(&fetch, then).run().success();
            let there = there(&fetch);
            assert!(
                there == expected,
                "{from} → {to}, {call} {when}, then {then}:\n{}{}{:?}\n{}",
                healed.stdout,
                healed.stderr,
                there.0,
                fetch.tree()
            );
            if then != from {
                at(from);
            }
            if done.code == 0 {
                break;
            }
            kills += 1;
        }
    }
    assert!(kills > 9, "{from} → {to}: {kills}");
}

#[test]
fn a_swap_killed_at_any_system_call_is_undone() {
    killed(|swapped| [swapped, "{key | slug}.{ext}", swapped]);
}

#[test]
fn the_folders_that_were_made_before_a_kill_go_if_nothing_comes_there() {
    killed(|swapped| [swapped, "new/deep/{key | slug}.{ext}", swapped]);
}

#[test]
fn empty_folders_left_by_a_kill_are_removed_next_time() {
    killed(|_| {
        let new = "{key | slug}.{ext}";
        ["old/deep/{key | slug}.{ext}", new, new]
    });
}

#[test]
fn what_could_not_be_looked_at_is_moved_by_the_next_run() {
    if !can_watch() {
        return;
    }
    let site = Site::start();
    let (fetch, links) = pictures(&site, 1);
    let first = fetch.clone().arg("--write-metadata").args(&links);
    first.run().success();
    let record = fetch.root().join("record");
    let mut failures = 0;
    for call in ["newfstatat", "statx", "openat", "read"] {
        for when in 1.. {
            rename(&fetch, "{key | slug}.{ext}").run().success();
            assert_eq!(names(&fetch), ["0.jpg", "0.jpg.json"]);
            let inject = format!("inject={call}:error=EIO:when={when}");
            let watched = format!("strace -f -P 0.jpg -P 0.jpg.json -P direct.jpg -e {inject} -o");
            let watched = watched.split(' ').map(OsString::from);
            let failing = rename(&fetch, "{source}.{ext}");
            let failing = failing.through(watched.chain([record.clone().into()]));
            let done = failing.run();
            if !fs::read_to_string(&record).unwrap().contains("INJECTED") {
                break;
            }
            failures += 1;
            let again = rename(&fetch, "{source}.{ext}").run().success();
            let told = format!("{call} {when}:\n{}{}", done.stderr, again.stderr);
            assert_eq!(names(&fetch), ["direct.jpg", "direct.jpg.json"], "{told}");
        }
    }
    assert!(failures > 9, "{failures}");
}

#[test]
fn a_name_kept_numbered_by_a_failed_check_is_reported() {
    if !can_watch() {
        return;
    }
    let site = Site::start();
    let (fetch, swapped) = ring(&site);
    // A name that it has on the way alone: it is looked for, written, and looked at.
    let (path, inject) = ("1 (2).jpg.json", "inject=openat:error=EIO:when=2");
    let watched = ["strace", "-f", "-o", "/dev/null", "-P", path, "-e", inject];
    let done = rename(&fetch, swapped).through(watched).run().fails(3);
    let done =
        done.says("1 (2).jpg keeps its number: `1 (2).jpg.json`, which may be its metadata,");
    done.says("moved 3 files (1 keeps a number), 0 are right already");
    rename(&fetch, swapped).run().success();
    let expected = ["0", "1", "2"].map(|name| [format!("{name}.jpg"), format!("{name}.jpg.json")]);
    assert_eq!(names(&fetch), expected.concat());
}

#[test]
fn an_inaccessible_file_is_not_reported_missing() {
    if !can_watch() {
        return;
    }
    let site = Site::start();
    let (fetch, links) = pictures(&site, 2);
    let first = fetch.clone().args(["-o", "album/{name}.{ext}"]);
    first.args(&links).run().success();
    let inject = "inject=openat:error=EACCES";
    let watched = [
        "strace",
        "-f",
        "-o",
        "/dev/null",
        "-P",
        "album",
        "-e",
        inject,
    ];
    let done = rename(&fetch, "{key | slug}.{ext}").through(watched).run();
    let done = done.fails(4).says("2 stay where they are");
    done.says("cannot tell whether `album/0.jpg` exists");
    assert_eq!(names(&fetch), ["album/0.jpg", "album/1.jpg"]);
}

#[test]
fn a_file_without_hard_link_support_is_renamed() {
    if !can_watch() {
        return;
    }
    let site = Site::start();
    let (fetch, links) = pictures(&site, 2);
    let first = fetch.clone().arg("--write-metadata").args(&links);
    first.run().success();
    let inject = "inject=linkat:error=EPERM";
    let watched = ["strace", "-f", "-o", "/dev/null", "-e", inject];
    let template = "{source}/{name} new.{ext}";
    let done = rename(&fetch, template).through(watched).run().success();
    done.says("moved 2 files");
    let expected = ["0", "1"].map(|name| format!("direct/{name} new.jpg"));
    assert_eq!(recorded(&fetch), expected);
    let again = rename(&fetch, template).run().success();
    assert_eq!(again.stderr, "moved 0 files, 2 are right already\n");
}
