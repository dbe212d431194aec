//! Renaming that was killed.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use super::{names, pictures, recorded, rename, ring};
use crate::hard::kills::{kills, wait_until, within};
use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

/// What a kill may leave, whose traces the next run removes.
#[test]
fn a_rename_interrupted_by_a_kill_is_completed() {
    let site = Site::start();
    let (fetch, links) = pictures(&site, 3);
    let first = fetch
        .clone()
        .args(["--write-metadata", "-o", "a/{name}.{ext}"]);
    first.args(&links).run().success();
    let out = fetch.out();
    fs::create_dir(out.join("b")).unwrap();
    let archive = fetch.root().join("home/state/fetch/archive.db");
    let connection = rusqlite::Connection::open(&archive).unwrap();
    let intend = "
        CREATE TABLE moving (item INTEGER PRIMARY KEY, root INTEGER NOT NULL, old TEXT NOT NULL, new TEXT NOT NULL);
        INSERT INTO moving SELECT id, root, path, 'b' || substr(path, 2) FROM item;";
    connection.execute_batch(intend).unwrap();
    // Both names, before the record; the new one alone, whose record a power cut took; and one that somebody has put in the way.
    fs::hard_link(out.join("a/0.jpg"), out.join("b/0.jpg")).unwrap();
    for number in 0..2 {
        let [old, new] = ["a", "b"].map(|folder| out.join(format!("{folder}/{number}.jpg.json")));
        fs::copy(old, new).unwrap();
    }
    fs::rename(out.join("a/1.jpg"), out.join("b/1.jpg")).unwrap();
    fs::write(out.join("b/2.jpg"), "precious").unwrap();
    // Metadata that was not whole yet.
    let key = blake3::hash(b"2.jpg.json").to_hex();
    let unfinished = out.join(format!("b/.{}.part.json.new", &key[..16]));
    fs::write(&unfinished, "{").unwrap();
    drop(connection);

    rename(&fetch, "a/{name}.{ext}").run().success();
    assert_eq!(recorded(&fetch), ["a/0.jpg", "a/1.jpg", "a/2.jpg"]);
    let files = fetch.files();
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    let expected = [
        "a/0.jpg",
        "a/0.jpg.json",
        "a/1.jpg",
        "a/1.jpg.json",
        "a/2.jpg",
        "a/2.jpg.json",
        "b/2.jpg",
    ];
    assert_eq!(names, expected);
    assert_eq!(files["b/2.jpg"], b"precious");
}

#[test]
fn a_kill_while_renaming_loses_and_duplicates_no_file() {
    const FILES: u64 = 300;
    let site = Site::start();
    let (fetch, links) = pictures(&site, FILES);
    let first = fetch.clone().arg("--write-metadata").args(&links);
    first.run().success();
    let began = Instant::now();
    rename(&fetch, "0/{name}.{ext}").run().success();
    let whole = began.elapsed() + Duration::from_millis(20);
    for round in 1..=kills().div_ceil(5) {
        let call = rename(&fetch, &format!("{round}/{{name}}.{{ext}}"));
        for _ in 0..5 {
            let running = call.spawn();
            wait_until(Instant::now() + within(whole));
            running.kill9();
            // Each record has its file at any moment.
            assert_eq!(recorded(&fetch).len() as u64, FILES);
        }
        call.run().success();
        let expected: BTreeMap<String, ()> = (0..FILES)
            .flat_map(|number| {
                let path = format!("{round}/{number}.jpg");
                [(format!("{path}.json"), ()), (path, ())]
            })
            .collect();
        let expected: Vec<String> = expected.into_keys().collect();
        assert_eq!(names(&fetch), expected);
    }
}

#[test]
fn a_kill_while_names_are_swapped_loses_no_file() {
    let site = Site::start();
    let (fetch, swapped) = ring(&site);
    let pictures = |mut files: BTreeMap<String, Vec<u8>>| {
        files.retain(|path, _| !path.ends_with(".json"));
        files
    };
    let bytes = |files: BTreeMap<String, Vec<u8>>| {
        let mut bytes: Vec<_> = files.into_values().collect();
        bytes.sort();
        bytes
    };
    let before = bytes(pictures(fetch.files()));
    let began = Instant::now();
    rename(&fetch, swapped).run().success();
    let whole = began.elapsed() + Duration::from_millis(5);
    for round in 0..kills() {
        // By its key each has a name of its own again.
        let template = match round % 2 {
            0 => "{key | slug}.{ext}",
            _ => swapped,
        };
        let running = rename(&fetch, template).spawn();
        wait_until(Instant::now() + within(whole));
        running.kill9();
        assert_eq!(recorded(&fetch).len(), 3);
    }
    rename(&fetch, swapped).run().success();
    let files = pictures(fetch.files());
    let names: Vec<_> = files.keys().collect();
    assert_eq!(names, ["0.jpg", "1.jpg", "2.jpg"]);
    assert_eq!(bytes(files), before);
}

/// An archive in which moves were begun, by the old paths and the new ones.
fn begun(fetch: &Fetch, moves: &[(&str, &str)]) {
    let archive = fetch.root().join("home/state/fetch/archive.db");
    let connection = rusqlite::Connection::open(archive).unwrap();
    let table = "CREATE TABLE moving (
        item INTEGER PRIMARY KEY, root INTEGER NOT NULL, old TEXT NOT NULL, new TEXT NOT NULL)";
    connection.execute_batch(table).unwrap();
    let intend = "INSERT INTO moving SELECT id, root, path, ? FROM item
        WHERE path = ? AND folded IS NOT NULL";
    for (old, new) in moves {
        assert_eq!(connection.execute(intend, [new, old]).unwrap(), 1);
    }
}

#[test]
fn a_foreign_file_at_an_interrupted_name_is_left_alone() {
    let site = Site::start();
    let (fetch, links) = pictures(&site, 2);
    fetch.clone().args(&links).run().success();
    begun(&fetch, &[("0.jpg", "b/0.jpg"), ("1.jpg", "b/1.jpg")]);
    fs::remove_file(fetch.out().join("0.jpg")).unwrap();
    fs::remove_file(fetch.out().join("1.jpg")).unwrap();
    // The one is an item of its own, the other nobody's.
    site.on("/other.jpg", Reply::file(small(Format::Jpeg, 0)));
    let other = fetch.clone().args(["-o", "b/0.{ext}"]);
    other.arg(site.url("/other.jpg")).run().success();
    fs::write(fetch.out().join("b/1.jpg"), "precious").unwrap();
    let done = rename(&fetch, "{source}/{kind}.{ext}").run().success();
    assert!(done.stderr.contains("2 are not there"), "{}", done.stderr);
    let files = fetch.files();
    assert_eq!(files.len(), 2);
    assert_eq!(files["b/1.jpg"], b"precious");
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_case_change_is_completed() {
    let site = Site::start();
    site.on("/CAT.jpg", Reply::file(small(Format::Jpeg, 1)));
    let fetch = Fetch::new();
    fetch.clone().arg(site.url("/CAT.jpg")).run().success();
    begun(&fetch, &[("CAT.jpg", "cat.jpg")]);
    fs::hard_link(fetch.out().join("CAT.jpg"), fetch.out().join("cat.jpg")).unwrap();
    rename(&fetch, "{source}.{ext}").run().success();
    assert_eq!(names(&fetch), ["direct.jpg"]);
}

#[test]
fn items_sharing_a_file_are_renamed_together_after_a_power_cut() {
    let site = Site::start();
    let bytes = small(Format::Jpeg, 1);
    for path in ["/a/cat.jpg", "/b/cat.jpg"] {
        site.on(path, Reply::file(bytes.clone()));
    }
    let fetch = Fetch::new();
    for path in ["/a/cat.jpg", "/b/cat.jpg"] {
        let call = fetch.clone().args(["--duplicates", "skip"]);
        call.arg(site.url(path)).run().success();
    }
    begun(&fetch, &[("cat.jpg", "c/cat.jpg")]);
    fs::create_dir(fetch.out().join("c")).unwrap();
    fs::rename(fetch.out().join("cat.jpg"), fetch.out().join("c/cat.jpg")).unwrap();
    rename(&fetch, "d/{source}.{ext}").run().success();
    assert_eq!(names(&fetch), ["d/direct.jpg"]);
    assert_eq!(recorded(&fetch), ["d/direct.jpg", "d/direct.jpg"]);
}
