//! The archive cannot be written: what is saved is there all the same, and nothing more is fetched in vain.

use std::time::Duration;

use rusqlite::Connection;

use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

/// Twelve addresses that are answered so, by their number and not at once; and a user whose archive takes no note, with that.
fn twelve(answer: impl Fn(u64) -> Reply) -> (Site, Vec<String>, Fetch, Connection) {
    let site = Site::start();
    site.on("/first.jpg", Reply::file(small(Format::Jpeg, 99)));
    let user = Fetch::new();
    user.clone().arg(site.url("/first.jpg")).run().success();
    site.forget();
    let links = (0..12).map(|number| {
        let path = format!("/{number}.jpg");
        let reply = answer(number).delay(Duration::from_millis(100));
        site.on(&path, reply).optional();
        site.url(&path)
    });
    let links = links.collect();
    let file = user.root().join("home/state/fetch/archive.db");
    let database = Connection::open(&file).unwrap();
    let refuse =
        "CREATE TRIGGER no BEFORE INSERT ON item BEGIN SELECT RAISE(ABORT, 'no room'); END";
    database.execute_batch(refuse).unwrap();
    (site, links, user.args(["-N", "1"]), database)
}

#[test]
fn an_unwritable_archive_ends_the_run_without_failing_saved_files() {
    let (site, links, user, database) = twelve(|number| Reply::file(small(Format::Jpeg, number)));
    let fetch = user.args(&links);
    let done = fetch.run().fails(8);
    let asked = site.requests().len();
    assert!(asked < links.len(), "{}", done.stderr);
    assert_eq!(fetch.files().len(), 1 + asked, "{}", done.stderr);
    assert_eq!(fetch.partials(), Vec::<String>::new());
    assert!(!done.stderr.contains("failed"), "{}", done.stderr);
    let done = done.says("it could not be recorded: cannot use the archive");
    done.says("no room");

    database.execute_batch("DROP TRIGGER no").unwrap();
    fetch.run().success();
    let files = fetch.files();
    assert_eq!(files.len(), 1 + links.len(), "none is there twice");
}

#[test]
fn failures_that_cannot_be_recorded_end_the_run() {
    let (site, links, user, _database) = twelve(|_| Reply::empty(404));
    let done = user.args(&links).run().fails(8);
    let asked = site.requests().len();
    assert!(asked < links.len(), "{}", done.stderr);
    done.says("no room");
}
