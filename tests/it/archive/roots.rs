//! Output folders whose names are no text.
#![cfg(target_os = "linux")]

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use rusqlite::Connection;

use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

/// A folder of the call whose name ends in a byte that is no letter.
fn folder(call: &Fetch, last: u8) -> PathBuf {
    call.out().join(OsString::from_vec(vec![b'l', last]))
}

/// The call in this folder, which is made if need be.
fn within(call: &Fetch, folder: PathBuf) -> Fetch {
    fs::create_dir_all(&folder).unwrap();
    let enter = ["sh", "-c", "cd \"$0\" && exec \"$@\""].map(OsString::from);
    call.clone()
        .through(enter.into_iter().chain([folder.into()]))
}

/// What is known, by output folder: their names, and how many files were saved there.
fn shares(call: &Fetch) -> Vec<(String, u64)> {
    let stats = call.clone().args(["archive", "stats", "-j"]);
    let line: serde_json::Value = serde_json::from_str(&stats.run().success().stdout).unwrap();
    let shares = line["shares"].as_array().unwrap().iter();
    let shares = shares.map(|share| {
        let root = share["root"].as_str().unwrap();
        let (_, name) = root.rsplit_once('/').unwrap();
        (name.to_owned(), share["saved"].as_u64().unwrap())
    });
    shares.collect()
}

#[test]
fn non_utf8_roots_have_records_of_their_own() {
    let site = Site::start();
    let call = Fetch::new();
    for last in [0xff, 0xfe] {
        let name = format!("/{last}.jpg");
        site.on(&name, Reply::file(small(Format::Jpeg, u64::from(last))));
        let run = within(&call, folder(&call, last));
        run.arg(site.url(&name)).run().success();
    }
    let expected = [("l%FE".to_owned(), 1), ("l%FF".to_owned(), 1)];
    assert_eq!(shares(&call), expected);
    for last in [0xff, 0xfe] {
        let here = within(&call, folder(&call, last));
        let done = here.clone().arg("verify").run().success();
        done.says("1 file: 1 whole");
        let history = here.args(["history", "-j"]).run().success();
        assert!(history.stdout.contains("/l%FF\""), "{}", history.stdout);
    }
    let all = call.clone().arg("verify").run().success();
    all.says("2 files: 2 whole");
    // One that is gone is named, and can be told by that name where it has moved.
    fs::rename(folder(&call, 0xff), call.out().join("moved")).unwrap();
    let gone = within(&call, folder(&call, 0xfe)).args(["verify", "-v"]);
    let gone = gone.arg(call.out()).run().fails(3);
    let name = format!(
        "file://{}/l%FF",
        call.out().canonicalize().unwrap().display()
    );
    assert!(gone.stdout.contains(&name), "{}", gone.stdout);
    let relocate = call.clone().args(["archive", "move", &name]);
    relocate.arg("moved").run().success();
    let relocate = call.clone().args(["archive", "move"]);
    fs::rename(folder(&call, 0xfe), folder(&call, 0xfd)).unwrap();
    let relocate = relocate.arg(folder(&call, 0xfe));
    relocate.arg(folder(&call, 0xfd)).run().success();
    let expected = [("moved".to_owned(), 1), ("l%FD".to_owned(), 1)];
    assert_eq!(shares(&call), expected);
    let all = call.arg("verify").run().success();
    all.says("2 files: 2 whole");
}

#[test]
fn a_root_recorded_by_an_earlier_version_is_recognised() {
    let site = Site::start();
    let call = Fetch::new();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let here = within(&call, folder(&call, 0xff));
    let run = here.clone().arg(site.url("/cat.jpg"));
    run.run().success();
    let archive = call.root().join("home/state/fetch/archive.db");
    let archive = Connection::open(archive).unwrap();
    let old = folder(&call, 0xff).canonicalize().unwrap();
    let update = "UPDATE root SET path = ?";
    archive.execute(update, [old.to_string_lossy()]).unwrap();
    drop(archive);
    for call in [&here, &call] {
        let done = call.clone().arg("verify").run().success();
        done.says("1 file: 1 whole");
    }
    // Another that would have been written so is no reason not to know it.
    fs::create_dir(folder(&call, 0xfe)).unwrap();
    let done = here.clone().arg("verify").run().success();
    done.says("1 file: 1 whole");
    assert_eq!(shares(&call), [("l\u{fffd}".to_owned(), 1)]);
    run.run().success().says("1 had");
    assert_eq!(shares(&call), [("l%FF".to_owned(), 1)]);
}

#[test]
fn files_in_a_non_utf8_root_can_be_adopted() {
    let site = Site::start();
    let call = Fetch::new();
    let cat = small(Format::Jpeg, 1);
    site.on("/cat.jpg", Reply::file(cat.clone())).optional();
    let folder = folder(&call, 0xff);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("cat.jpg"), &cat).unwrap();
    let adopt = call.clone().args(["archive", "adopt"]);
    let adopt = adopt.arg(folder).arg(site.url("/cat.jpg"));
    adopt.run().success();
    assert_eq!(shares(&call), [("l%FF".to_owned(), 1)]);
}
