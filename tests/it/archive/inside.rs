//! Whoever gives a file or an archive has no say in what is elsewhere.

use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

#[test]
fn no_server_writes_what_is_played_back_into_a_database() {
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
