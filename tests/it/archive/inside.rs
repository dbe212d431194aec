//! Whoever gives a file or an archive has no say in what is elsewhere.

use std::fs;

use rusqlite::Connection;

use crate::packing::{image, names};
use crate::support::command::Fetch;
use crate::support::imgur::FakeImgur;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

#[test]
fn a_planted_journal_is_never_played_into_an_archive() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let named = |name: &str| {
        let header = format!("attachment; filename=\"{name}\"");
        let reply = Reply::file(*b"\x01\x02\x03 pages");
        reply
            .content_type("application/octet-stream")
            .header("Content-Disposition", header)
    };
    site.on("/1", named("archive.db-journal"));
    site.on("/2", named("Catalog.lrcat-WAL"));
    site.on("/archive.db-shm", named("archive.db-shm"));
    let fetch = Fetch::new().args(["--archive", "archive.db"]);
    let links = ["/cat.jpg", "/1", "/2", "/archive.db-shm"].map(|path| site.url(path));
    for found in ["4 found: 4 new", "4 found: 0 new, 4 had"] {
        let done = fetch.clone().args(&links).run().success();
        assert!(done.stderr.contains(found), "{}", done.stderr);
        let files = fetch.files();
        let paths: Vec<_> = files.keys().map(String::as_str).collect();
        let expected = [
            "Catalog.lrcat_WAL",
            "archive.db",
            "archive.db_journal",
            "archive.db_shm",
            "cat.jpg",
        ];
        assert_eq!(paths, expected);
    }
}

/// An album of which the archive has the first file outside the output folder, and where that is.
fn led_out() -> (FakeImgur, Fetch, std::path::PathBuf) {
    let imgur = FakeImgur::start();
    let images = ["aaaaaaa", "bbbbbbb"].map(image).to_vec();
    imgur.album("q6i58", "Cats", images);
    let fetch = Fetch::new().config(&imgur.config());
    fetch.clone().arg("imgur:a/q6i58").run().success();
    let outside = fetch.root().join("precious.jpg");
    let file = fetch.out().join("imgur/Cats q6i58/001 aaaaaaa.jpg");
    fs::rename(file, &outside).unwrap();
    let archive = fetch.root().join("home/state/fetch/archive.db");
    let update = "UPDATE item SET path = '../precious.jpg' WHERE key = 'aaaaaaa'";
    let archive = Connection::open(archive).unwrap();
    assert_eq!(archive.execute(update, []).unwrap(), 1);
    (imgur, fetch, outside)
}

#[test]
fn paths_outside_the_root_in_an_archive_are_ignored_by_a_run() {
    let (_imgur, fetch, outside) = led_out();
    let call = fetch.clone().args(["imgur:a/q6i58", "--zip=only"]);
    let done = call.arg("--write-info").run().success();
    assert!(
        done.stderr.contains("2 found: 1 new, 1 had"),
        "{}",
        done.stderr
    );
    let zip = &fetch.files()["imgur/Cats q6i58.zip"];
    assert_eq!(names(zip), ["001 aaaaaaa.jpg", "002 bbbbbbb.jpg"]);
    assert!(fs::read(&outside).unwrap() == image("aaaaaaa").bytes());
}

#[test]
fn files_outside_the_root_are_not_repaired_or_renamed() {
    let (_imgur, fetch, outside) = led_out();
    fs::write(&outside, "precious").unwrap();
    let paths = |fetch: &Fetch| fetch.files().into_keys().collect::<Vec<_>>();
    let rename = ["rename", "-o", "{source}/{key}.{ext}"];
    fetch.clone().args(rename).run().says("1 is not there");
    assert_eq!(paths(&fetch), ["imgur/bbbbbbb.jpg"]);
    let done = fetch.clone().arg("verify").run().fails(3);
    let told = "../precious.jpg: its path leads out of the output folder\n";
    assert!(done.stdout.contains(told), "{}", done.stdout);
    // It is had again where it would be saved now.
    fetch.clone().args(["verify", "--repair"]).run().success();
    let file = "imgur/Cats q6i58/001 aaaaaaa.jpg";
    assert_eq!(paths(&fetch), [file, "imgur/bbbbbbb.jpg"]);
    assert!(fetch.files()[file] == image("aaaaaaa").bytes());
    assert_eq!(fs::read(&outside).unwrap(), b"precious");
    fetch.clone().arg("verify").run().success();
}
