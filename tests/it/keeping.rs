//! `fetch archive`: what other programs have had, and what a user can do with what is known.

use std::fs;

use rusqlite::Connection;
use serde_json::Value;

use crate::support::command::{Done, Fetch};
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

fn archive(fetch: &Fetch, args: &[&str]) -> Done {
    fetch.clone().arg("archive").args(args).run()
}

/// A gallery-dl archive with these entries.
fn table(fetch: &Fetch, entries: &[&str]) -> String {
    let file = fetch.root().join("gallery-dl.sqlite3");
    let connection = Connection::open(&file).unwrap();
    let create = "CREATE TABLE archive (entry TEXT PRIMARY KEY) WITHOUT ROWID";
    connection.execute_batch(create).unwrap();
    for entry in entries {
        let insert = "INSERT INTO archive VALUES (?)";
        connection.execute(insert, [entry]).unwrap();
    }
    file.to_str().unwrap().to_owned()
}

#[test]
fn items_in_a_gallery_dl_archive_are_not_downloaded_again() {
    let site = Site::start();
    site.on("/new.jpg", Reply::file(small(Format::Jpeg, 1)));
    site.on("/a/cat.jpg", Reply::file(small(Format::Jpeg, 2)))
        .optional();
    let fetch = Fetch::new();
    let entry = format!("directlink127.0.0.1:{}/a/cat.jpg", site.port());
    let file = table(
        &fetch,
        &[&entry, "imgurabc1234", "twitter123_1", "pixiv99_p0"],
    );
    let done = archive(&fetch, &["import", &file]).success();
    let expected = "4 entries: 4 of known sources, with 7 new keys\n";
    assert_eq!(done.stderr, expected);
    let done = archive(&fetch, &["import", &file]).success();
    assert!(
        done.stderr.contains("known sources, with 0 new keys"),
        "{}",
        done.stderr
    );

    let links = [site.url("/a/cat.jpg"), site.url("/new.jpg")];
    let done = fetch.clone().args(&links).run().success();
    assert!(
        done.stderr.contains("2 found: 1 new, 1 had"),
        "{}",
        done.stderr
    );
    assert_eq!(fetch.files().len(), 1);
    // There is no file of it that could be missing.
    let done = fetch.clone().arg("verify").run().success();
    assert!(
        done.stderr.starts_with("1 file: 1 whole"),
        "{}",
        done.stderr
    );
    // Who wants it all the same gets it, and from then on it is known with its file.
    fetch
        .clone()
        .args(["--skip", "never", &links[0]])
        .run()
        .success();
    assert_eq!(fetch.files().len(), 2);
    fs::remove_file(fetch.out().join("cat.jpg")).unwrap();
    fetch.clone().arg(&links[0]).run().success();
    assert_eq!(fetch.files().len(), 2);
}

#[test]
fn yt_dlp_archives_are_imported_line_by_line() {
    let fetch = Fetch::new();
    let file = fetch.root().join("archive.txt");
    let long = "x".repeat(100_000);
    fs::write(
        &file,
        format!("imgur A61SaA1\r\n\nyoutube BaW_jenozKc\n{long}\nimgur b\ngeneric cat"),
    )
    .unwrap();
    let done = archive(&fetch, &["import", file.to_str().unwrap()]).success();
    let expected = "5 entries: 3 of known sources, with 5 new keys\n2 are of other sources and were \
        left out, such as `generic cat`\n";
    assert_eq!(done.stderr, expected);
    let done = archive(&fetch, &["export", "--format", "yt-dlp"]).success();
    let lines = "imgur A61SaA1\nyoutube BaW_jenozKc\nimgur b\n";
    assert_eq!(done.stdout, lines);
    fs::write(&file, "generic cat\nimgur c\n").unwrap();
    let done = archive(&fetch, &["import", file.to_str().unwrap()]).success();
    let expected = "2 entries: 1 of known sources, with 2 new keys\n1 is of another source and was \
        left out, such as `generic cat`\n";
    assert_eq!(done.stderr, expected);
    let done = archive(&fetch, &["forget", "imgur:c"]).success();
    assert_eq!(done.stderr, "1 item is forgotten; its file stays\n");
    let other = fetch.root().join("other.sqlite3");
    archive(
        &fetch,
        &["export", "--format", "gallery-dl", other.to_str().unwrap()],
    )
    .success();
    let connection = Connection::open(&other).unwrap();
    let mut query = connection.prepare("SELECT entry FROM archive").unwrap();
    let entries = query.query_map([], |row| row.get(0)).unwrap();
    let entries: Vec<String> = entries.map(Result::unwrap).collect();
    assert_eq!(entries, ["imgurA61SaA1", "imgurb"]);
}

#[test]
fn an_export_neither_overwrites_nor_leaves_half_a_file() {
    let fetch = Fetch::new();
    let file = fetch.root().join("archive.txt");
    fs::write(&file, "imgur A61SaA1\n").unwrap();
    archive(&fetch, &["import", file.to_str().unwrap()]).success();
    let other = fetch.root().join("other.db");
    let connection = Connection::open(&other).unwrap();
    connection.execute_batch("CREATE TABLE mine (x)").unwrap();
    drop(connection);
    let before = fs::read(&other).unwrap();
    for format in ["gallery-dl", "yt-dlp", "jsonl"] {
        let args = ["export", "--format", format, other.to_str().unwrap()];
        let done = archive(&fetch, &args).fails(2);
        assert!(done.stderr.contains("already exists"), "{}", done.stderr);
        assert_eq!(fs::read(&other).unwrap(), before, "{format}");
    }
    // The archive cannot be read to its end.
    let known = fetch.root().join("home/state/fetch/archive.db");
    let connection = Connection::open(&known).unwrap();
    let update = "UPDATE item SET outcome = 'none of ours'";
    connection.execute(update, []).unwrap();
    for format in ["gallery-dl", "yt-dlp", "jsonl"] {
        let new = fetch.root().join(format);
        archive(
            &fetch,
            &["export", "--format", format, new.to_str().unwrap()],
        )
        .fails(8);
        assert!(!new.exists(), "{format}");
    }
}

#[test]
fn a_file_that_is_no_archive_is_not_imported() {
    let fetch = Fetch::new();
    let done = archive(&fetch, &["import", "nothing.db"]).fails(2);
    assert!(
        done.stderr.contains("cannot read the archive `nothing.db`"),
        "{}",
        done.stderr
    );
    let file = fetch.root().join("other.db");
    let connection = Connection::open(&file).unwrap();
    connection.execute_batch("CREATE TABLE other (x)").unwrap();
    let done = archive(&fetch, &["import", file.to_str().unwrap()]).fails(2);
    assert!(
        done.stderr.contains("has a table `archive`"),
        "{}",
        done.stderr
    );
    assert!(
        !fetch.root().join("home/state").exists(),
        "nothing was made"
    );
}

#[test]
fn a_binary_file_is_not_imported_as_a_list_of_keys() {
    let fetch = Fetch::new();
    let file = fetch.root().join("list");
    let many = "youtube BaW_jenozKc\n".repeat(10_000);
    for bytes in [&b"\x7fELF\0\nlibc.so 6\n"[..], b"caf\xe9 7\n", b"caf\xc3"] {
        fs::write(&file, [many.as_bytes(), bytes].concat()).unwrap();
        let done = archive(&fetch, &["import", file.to_str().unwrap()]).fails(2);
        let expected = "error: cannot read the archive `ROOT/list`\n  because: it is not a list of keys: \
            not all of it is text\n  hint: an archive of yt-dlp is UTF-8 with one item per line, one of gallery-dl is an SQLite database\n";
        assert_eq!(done.stderr_filtered(), expected);
    }
    assert!(
        !fetch.root().join("home/state").exists(),
        "nothing was made"
    );
}

#[test]
fn skipped_entries_are_named_readably() {
    let fetch = Fetch::new();
    let file = fetch.root().join("list");
    let long = "ü".repeat(100);
    fs::write(&file, format!("\u{1b}[31mred\n{long}\nimgur b\nimgur c\n")).unwrap();
    let done = archive(&fetch, &["import", file.to_str().unwrap()]).success();
    let short = "ü".repeat(60);
    let expected = format!("left out, such as `\\u{{1b}}[31mred`, `{short}…`\n");
    assert!(done.stderr.ends_with(&expected), "{}", done.stderr);
}

#[test]
fn known_items_are_exported_and_counted() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    site.on("/gone.jpg", Reply::empty(404));
    let fetch = Fetch::new();
    let links = ["/cat.jpg", "/gone.jpg"].map(|path| site.url(path));
    fetch.clone().args(&links).run().fails(3);
    let done = archive(&fetch, &["export"]).success();
    let lines = done
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let mut lines: Vec<Value> = lines.collect();
    assert!(lines.iter().all(|line| line["v"] == 1));
    lines.sort_by_key(|line| line["outcome"].to_string());
    assert_eq!(
        (&lines[0]["outcome"], &lines[0]["reason"]),
        (&"gone".into(), &"missing".into())
    );
    assert_eq!(
        (&lines[1]["key"], &lines[1]["path"]),
        (&links[0].as_str().into(), &"cat.jpg".into())
    );
    assert!(lines[1]["digest"].as_str().unwrap().starts_with("xxh3:"));

    let done = archive(&fetch, &["stats"]).success();
    let size = small(Format::Jpeg, 1).len();
    let line = format!("  direct  2 items: 1 saved, {size} B; 1 gone\n");
    assert!(done.stdout.contains(&line), "{}", done.stdout);
    let done = archive(&fetch, &["stats", "-j"]).success();
    let stats: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(
        (&stats["items"], &stats["bytes"]),
        (&2.into(), &size.into())
    );
}

#[test]
fn forgotten_items_are_downloaded_again() {
    let site = Site::start();
    let fetch = Fetch::new();
    let paths = ["/one.jpg", "/two.jpg", "/three.jpg"];
    for (seed, path) in (0..).zip(paths) {
        site.on(path, Reply::file(small(Format::Jpeg, seed)));
        fetch
            .clone()
            .args(["-o", "a/{name}.{ext}", &site.url(path)])
            .run()
            .success();
    }
    let identity = format!("direct:{}", site.url("/one.jpg"));
    let words = [identity.as_str(), "a/tw*"];
    let done = archive(&fetch, &[&["forget", "--dry-run"], &words[..]].concat()).success();
    assert_eq!(done.stdout.lines().count(), 2, "{}", done.stdout);
    let done = archive(&fetch, &[&["forget"], &words[..]].concat()).success();
    assert_eq!(done.stderr, "2 items are forgotten; their files stay\n");
    assert_eq!(fetch.files().len(), 3);
    let done = archive(&fetch, &["forget", "a/tw*"]).fails(4);
    assert!(
        done.stderr
            .contains("no item in the archive matches `a/tw*`"),
        "{}",
        done.stderr
    );
    site.forget();
    let links = paths.map(|path| site.url(path));
    let again = fetch.clone().args(["-o", "a/{name}.{ext}"]);
    let again = again.args(&links).run().success();
    again.says("3 found: 2 new, 1 had");
    // The same bytes are there already.
    assert_eq!((fetch.files().len(), site.requests().len()), (3, 2));
}

#[test]
fn a_failed_link_can_be_forgotten() {
    let fetch = Fetch::new();
    // No source reads such a link.
    let (link, other) = ("ftp://x.test/a", "ftp://x.test/b");
    fetch.clone().args([link, other]).run().fails(5);
    let failed = || {
        let done = fetch.clone().args(["retry", "-s"]).run();
        [link, other].map(|link| done.stderr.contains(link))
    };
    assert_eq!(failed(), [true, true]);
    let done = archive(&fetch, &["forget", "--dry-run", link, link]).success();
    assert_eq!(done.stdout, format!("{link}\n"));
    assert_eq!(done.stderr, "1 link would be forgotten\n");
    assert_eq!(failed(), [true, true]);
    let done = archive(&fetch, &["forget", link, link]).success();
    assert_eq!(done.stderr, "1 link is forgotten\n");
    assert_eq!(failed(), [false, true]);
    for dry_run in [&["--dry-run"][..], &[]] {
        let done = archive(&fetch, &[&["forget", link], dry_run].concat()).fails(4);
        assert!(done.stderr.contains("no item"), "{}", done.stderr);
    }
}

#[test]
fn a_moved_folder_is_known_in_its_new_place() {
    let site = Site::start();
    let fetch = Fetch::new();
    let links = ["/cat.jpg", "/dog.jpg"].map(|path| {
        site.on(path, Reply::file(small(Format::Jpeg, path.len() as u64)));
        site.url(path)
    });
    fetch
        .clone()
        .args(["-d", "old"])
        .args(&links)
        .run()
        .success();
    fetch
        .clone()
        .args(["-d", "old/inner", &links[0]])
        .run()
        .success();
    fs::rename(fetch.out().join("old"), fetch.out().join("new")).unwrap();
    let done = archive(&fetch, &["move", "old", "new"]).success();
    assert_eq!(done.stderr, "moved 2 output folders to `new`\n");
    site.forget();
    fetch
        .clone()
        .args(["-d", "new"])
        .args(&links)
        .run()
        .success();
    fetch
        .clone()
        .args(["-d", "new/inner", &links[0]])
        .run()
        .success();
    assert_eq!(site.requests().len(), 0);
    archive(&fetch, &["move", "old", "new"]).fails(2);
    // A place that is known already takes in what is known of the other.
    fetch
        .clone()
        .args(["-d", "third", &links[0]])
        .run()
        .success();
    archive(&fetch, &["move", "third", "new"]).success();
    let done = archive(&fetch, &["stats"]).success();
    assert!(
        done.stdout.contains("/new\n  direct  2 items: 2 saved"),
        "{}",
        done.stdout
    );
    assert!(!done.stdout.contains("/third"), "{}", done.stdout);
}

#[test]
fn a_folder_in_use_cannot_be_moved() {
    let site = Site::start();
    site.on("/dog.jpg", Reply::file(small(Format::Jpeg, 1)));
    let cat = Reply::file(small(Format::Jpeg, 2));
    site.on("/cat.jpg", cat.stall_after(10));
    let fetch = Fetch::new();
    fetch.clone().arg(site.url("/dog.jpg")).run().success();
    let running = fetch.clone().arg(site.url("/cat.jpg")).spawn();
    site.wait_for_stalls(1);
    let out = fetch.out().to_string_lossy().into_owned();
    let moved = fetch.root().join("moved").to_string_lossy().into_owned();
    fs::create_dir(&moved).unwrap();
    for (old, new) in [(&out, &moved), (&moved, &out)] {
        let done = archive(&fetch, &["move", old, new]).fails(9);
        let told = "error: a running `fetch` uses `";
        assert!(done.stderr.contains(told), "{}", done.stderr);
    }
    running.kill9();
    archive(&fetch, &["move", &out, &moved]).success();
}

#[test]
fn a_move_into_a_folder_in_use_is_refused() {
    let site = Site::start();
    site.on("/dog.jpg", Reply::file(small(Format::Jpeg, 1)));
    let cat = Reply::file(small(Format::Jpeg, 2));
    site.on("/cat.jpg", cat.stall_after(10));
    let fetch = Fetch::new();
    for root in ["old", "old/inner"] {
        let dog = site.url("/dog.jpg");
        fetch.clone().args(["-d", root, &dog]).run().success();
    }
    let cat = site.url("/cat.jpg");
    let running = fetch.clone().args(["-d", "new/inner", &cat]).spawn();
    site.wait_for_stalls(1);
    let done = archive(&fetch, &["move", "old", "new"]);
    done.fails(9).says("new/inner`");
    running.kill9();
    archive(&fetch, &["move", "old", "new"]).success();
}
