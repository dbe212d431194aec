//! An archive that can be read and not written to: on a read-only disk, or in somebody else's folder.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rusqlite::Connection;

use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site, skip, works};

/// What only reads, each with what it says of the one file that there is.
const READERS: [(&[&str], &str); 4] = [
    (&["verify"], "1 file: 1 whole"),
    (&["history"], "cat.jpg"),
    (&["archive", "stats"], "1 item: 1 saved"),
    (&["archive", "export"], "\"outcome\":\"saved\""),
];

/// What the folder has, without rights to change it.
pub(crate) const READ_ONLY: [&str; 5] = [
    "unshare",
    "-m",
    "sh",
    "-c",
    "mount --bind . . && cd \"$PWD\" && mount -o remount,ro,bind . && exec \"$@\"",
];

/// Without the power to do everything, the rights of the owner hold.
const WITHOUT: [&str; 3] = [
    "setpriv",
    "--bounding-set",
    "-dac_override,-dac_read_search",
];

/// A file that was saved, with the archive beside it.
fn saved() -> Fetch {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let call = Fetch::new();
    let run = call.clone().args(["--archive", "archive.db"]);
    run.arg(site.url("/cat.jpg")).run().success();
    call
}

pub(crate) fn is_mountable() -> bool {
    let mut words = READ_ONLY.to_vec();
    words.extend(["sh", "true"]);
    works(words[0], &words[1..])
}

fn is_all_powerful() -> bool {
    fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0)
}

/// The call as somebody whom rights hold back, if that can be had.
pub(crate) fn held_back(call: &Fetch) -> Option<Fetch> {
    if !is_all_powerful() {
        return Some(call.clone());
    }
    let is_there = works(WITHOUT[0], &[WITHOUT[1], WITHOUT[2], "true"]);
    is_there.then(|| call.clone().through(WITHOUT))
}

fn rights(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Writes into the database what stays in the log beside it, for as long as the connection is open.
fn rename_item(archive: &Path) -> Connection {
    let connection = Connection::open(archive).unwrap();
    let none = |_: &rusqlite::Row<'_>| Ok(());
    let settings = "PRAGMA wal_autocheckpoint = 0";
    connection.query_row(settings, [], none).unwrap();
    let update = "UPDATE item SET key = 'in-the-log'";
    connection.execute(update, []).unwrap();
    connection
}

/// Leaves the database as a kill does, with these of the files beside it.
fn leave_log(archive: &Path, endings: &[&str]) {
    let named = |ending: &str| format!("{}{ending}", archive.display());
    let connection = rename_item(archive);
    for ending in ["", "-wal", "-shm"] {
        fs::copy(named(ending), named(ending) + ".copy").unwrap();
    }
    drop(connection);
    for ending in ["", "-wal", "-shm"] {
        fs::rename(named(ending) + ".copy", named(ending)).unwrap();
        if !ending.is_empty() && !endings.contains(&ending) {
            fs::remove_file(named(ending)).unwrap();
        }
    }
}

fn asked(call: &Fetch, words: &[&str]) -> Fetch {
    let call = call.clone().args(words);
    call.args(["--archive", "archive.db"])
}

fn reads(call: &Fetch, (words, said): (&[&str], &str)) {
    let done = asked(call, words).run().success();
    let all = format!("{}{}", done.stdout, done.stderr);
    assert!(all.contains(said), "{words:?}: {all}");
}

#[test]
fn an_archive_on_a_read_only_disk_is_readable() {
    if !is_mountable() {
        return skip("nothing can be mounted");
    }
    let call = saved().through([&READ_ONLY[..], &["sh"]].concat());
    let before = names(&call.out());
    assert_eq!(before, ["archive.db", "cat.jpg"]);
    for reader in READERS {
        reads(&call, reader);
    }
    assert_eq!(names(&call.out()), before);
    // An index alone is of no use to anybody.
    fs::write(call.out().join("archive.db-shm"), [0; 32 << 10]).unwrap();
    reads(&call, READERS[0]);
}

#[test]
fn a_leftover_wal_on_a_read_only_disk_is_readable() {
    if !is_mountable() {
        return skip("nothing can be mounted");
    }
    for endings in [&["-wal"][..], &["-wal", "-shm"]] {
        let call = saved().through([&READ_ONLY[..], &["sh"]].concat());
        leave_log(&call.out().join("archive.db"), endings);
        for reader in READERS {
            reads(&call, reader);
        }
        reads(&call, (&["archive", "export"], "\"key\":\"in-the-log\""));
    }
}

#[test]
fn an_old_archive_on_a_read_only_disk_is_a_clear_error() {
    if !is_mountable() {
        return skip("nothing can be mounted");
    }
    let call = saved().through([&READ_ONLY[..], &["sh"]].concat());
    let archive = Connection::open(call.out().join("archive.db")).unwrap();
    archive.pragma_update(None, "user_version", 2).unwrap();
    archive.close().unwrap();
    for (words, _) in READERS {
        let done = asked(&call, words).run().fails(8);
        let done = done.says("cannot use the archive `archive.db`");
        done.says("schema 2").says("copy it to a writable place");
    }
}

#[test]
fn an_archive_in_a_foreign_folder_is_readable() {
    let call = saved();
    let Some(held_back) = held_back(&call) else {
        return skip("it runs with all rights, and they cannot be put off");
    };
    let (folder, archive) = (call.out(), call.out().join("archive.db"));
    let before = names(&folder);
    // With a folder that others may write to, nothing of ours may stay in the way of its owner.
    for mode in [0o555, 0o755] {
        rights(&archive, 0o444);
        rights(&folder, mode);
        for reader in READERS {
            reads(&held_back, reader);
        }
        rights(&folder, 0o755);
        assert_eq!(names(&folder), before, "{mode:o}");
    }
    leave_log(&archive, &["-wal"]);
    rights(&archive, 0o444);
    rights(&folder, 0o555);
    reads(
        &held_back,
        (&["archive", "export"], "\"key\":\"in-the-log\""),
    );
    rights(&folder, 0o755);
}

#[test]
fn an_archive_is_readable_while_another_process_writes() {
    let call = saved();
    let Some(held_back) = held_back(&call) else {
        return skip("it runs with all rights, and they cannot be put off");
    };
    let (folder, archive) = (call.out(), call.out().join("archive.db"));
    let owner = rename_item(&archive);
    for ending in ["", "-wal", "-shm"] {
        rights(&folder.join(format!("archive.db{ending}")), 0o444);
    }
    rights(&folder, 0o555);
    for reader in READERS {
        reads(&held_back, reader);
    }
    reads(
        &held_back,
        (&["archive", "export"], "\"key\":\"in-the-log\""),
    );
    rights(&folder, 0o755);
    drop(owner);
}

#[test]
fn read_only_commands_do_not_modify_the_archive() {
    let call = saved();
    let archive = call.out().join("archive.db");
    let copy = call.root().join("home/copy.db");
    let connection = Connection::open(&archive).unwrap();
    let into = format!("VACUUM INTO '{}'", copy.display());
    connection.execute_batch(&into).unwrap();
    drop(connection);
    fs::rename(&copy, &archive).unwrap();
    let before = fs::read(&archive).unwrap();
    for reader in READERS {
        reads(&call, reader);
    }
    assert!(fs::read(&archive).unwrap() == before);
    assert_eq!(names(&call.out()), ["archive.db", "cat.jpg"]);
}

#[test]
fn a_foreign_database_is_refused_and_unchanged() {
    let site = Site::start();
    let call = Fetch::new();
    let file = call.out().join("archive.db");
    let other = Connection::open(&file).unwrap();
    other
        .execute_batch("CREATE TABLE cookie (name TEXT)")
        .unwrap();
    other.close().unwrap();
    let before = fs::read(&file).unwrap();
    for words in [&["history"][..], &["archive", "stats"]] {
        let done = asked(&call, words).run().fails(8);
        done.says("it is not an archive of this program");
    }
    assert!(fs::read(&file).unwrap() == before);
    let run = asked(&call, &[&site.url("/cat.jpg")]).run().fails(8);
    run.says("it is not an archive of this program");
    let now = Connection::open(&file).unwrap();
    let tables = "SELECT group_concat(name) FROM sqlite_schema";
    let tables: String = now.query_row(tables, [], |row| row.get(0)).unwrap();
    assert_eq!(tables, "cookie");
}

#[test]
fn an_archive_that_cannot_be_created_is_a_clear_error() {
    let call = saved();
    let new = |call: Fetch| {
        let call = call.args(["--archive", "new.db", "http://127.0.0.1:9/x.jpg"]);
        call.run().fails(8)
    };
    if is_mountable() {
        let call = call.clone().through([&READ_ONLY[..], &["sh"]].concat());
        let done = new(call.clone()).says("cannot use the archive `new.db`");
        done.says("ead-only file system");
        let there = asked(&call, &["http://127.0.0.1:9/x.jpg"]).run().fails(8);
        there.says("ead-only file system");
    }
    let Some(held_back) = held_back(&call) else {
        return skip("it runs with all rights, and they cannot be put off");
    };
    rights(&call.out(), 0o555);
    let done = new(held_back);
    rights(&call.out(), 0o755);
    done.says("ermission denied");
}
