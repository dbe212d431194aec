//! What is easily typed by mistake, or made to do harm.

use std::fs;

use rusqlite::Connection;

use crate::support::command::{Done, Fetch};
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

fn archive(fetch: &Fetch, args: &[&str]) -> Done {
    fetch.clone().arg("archive").args(args).run()
}

fn saved(call: &Fetch, args: &[&str]) -> Site {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let call = call.clone().args(args);
    call.arg(site.url("/cat.jpg")).run().success();
    site
}

#[test]
fn a_move_to_a_missing_folder_is_refused() {
    let fetch = Fetch::new();
    let site = saved(&fetch, &["-d", "old"]);
    let done = archive(&fetch, &["move", "old", "nwe"]).fails(2);
    let expected = "\
error: there is no folder `nwe`
  hint: this command only updates the archive: move the folder first, then run it
";
    assert_eq!(done.stderr, expected);
    let again = fetch.args(["-d", "old", &site.url("/cat.jpg")]);
    again.run().success().says("1 found: 0 new, 1 had");
}

#[test]
fn export_to_a_dash_writes_to_stdout() {
    let fetch = Fetch::new();
    let _site = saved(&fetch, &[]);
    let done = archive(&fetch, &["export", "-"]).success();
    assert!(
        done.stdout.contains("\"outcome\":\"saved\""),
        "{}",
        done.stdout
    );
    assert_eq!(fetch.files().into_keys().collect::<Vec<_>>(), ["cat.jpg"]);
    let done = archive(&fetch, &["export", "--format", "gallery-dl", "-"]).fails(2);
    done.says("needs a file");
}

#[cfg(unix)]
#[test]
fn archive_names_special_to_sqlite_are_plain_file_names() {
    for name in [":memory:", "file:x?mode=memory"] {
        let fetch = Fetch::new();
        let site = saved(&fetch, &["--archive", name]);
        let again = fetch
            .clone()
            .args([&site.url("/cat.jpg"), "--archive", name]);
        again.run().success().says("1 found: 0 new, 1 had");
        let verify = fetch.clone().args(["verify", "--archive", name]);
        verify.run().success().says("1 file: 1 whole");
        assert!(fetch.out().join(name).is_file(), "{name}");
    }
}

#[test]
fn imports_read_only_real_tables() {
    let fetch = Fetch::new();
    let file = fetch.root().join("endless.db");
    let connection = Connection::open(&file).unwrap();
    let view = "CREATE VIEW Archive AS WITH RECURSIVE c(entry) AS
                (SELECT 'imgurabcdefg' UNION ALL SELECT entry FROM c) SELECT entry FROM c";
    connection.execute_batch(view).unwrap();
    drop(connection);
    let done = archive(&fetch, &["import", file.to_str().unwrap()]).fails(2);
    done.says("its `archive` is not a table but a view");
}

#[test]
fn a_text_file_that_is_no_archive_is_not_imported() {
    let fetch = Fetch::new();
    let file = fetch.root().join("list");
    let texts = [
        "root:x:0:0:root:/root:/bin/bash\nmail:x:8:8:mail:/var/mail:/bin/sh\nirc:x:39:39:irc daemon:/run:/bin/sh\n",
        "Dear reader,\n\nthis is a letter.\nit has no\nend, and so it goes on.\n",
        "https://imgur.com/a/q6i58\nhttps://example.org/cat.jpg\nimgur A61SaA1\n",
    ];
    for text in texts {
        fs::write(&file, text).unwrap();
        let done = archive(&fetch, &["import", file.to_str().unwrap()]).fails(2);
        let expected = "error: cannot read the archive `ROOT/list`\n  because: it is not a list of keys: \
            most of its lines are not entries\n  hint: an archive of yt-dlp is UTF-8 with one item per line, one of gallery-dl is an SQLite database\n";
        assert_eq!(done.stderr_filtered(), expected, "{text}");
    }
    assert!(
        !fetch.root().join("home/state").exists(),
        "nothing was made"
    );
    // Half of the lines are enough, and blank ones do not count.
    let half = "imgur A61SaA1\n\n \nhttps://example.org/cat.jpg\n\n";
    for text in ["", half, "generic cat\ngeneric two cats\nimgur\n"] {
        fs::write(&file, text).unwrap();
        archive(&fetch, &["import", file.to_str().unwrap()]).success();
    }
    let done = archive(&fetch, &["export", "--format", "yt-dlp"]).success();
    assert_eq!(done.stdout, "imgur A61SaA1\n");
}
