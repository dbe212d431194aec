//! Another program using the same database.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[test]
fn a_busy_archive_gets_a_hint() {
    let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
    let busy = rusqlite::Error::SqliteFailure(busy, None);
    let hint = cannot("archive.db", busy.into()).hint;
    let expected = "another program is writing to it; try again when it has ended";
    assert_eq!(hint.as_deref(), Some(expected));
    assert_eq!(cannot("archive.db", "it is gone".into()).hint, None);
}

#[test]
fn another_program_at_the_database_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("archive.db");
    drop(Sqlite::open(&file, folder.path(), None).unwrap());
    let mut writer = connect(&file).unwrap();
    // It is told at once that the database is busy, and so are we.
    static HELD_UP: AtomicBool = AtomicBool::new(false);
    let tell = |_| {
        HELD_UP.store(true, Ordering::SeqCst);
        false
    };
    writer.busy_handler(Some(tell)).unwrap();
    let root = root_id(&writer, &folder.path().canonicalize().unwrap()).unwrap();
    let reader = Arc::new(Mutex::new(Reader::new(connect(&file).unwrap(), root)));
    let log = Log::new(&file, &writer, reader).unwrap();
    let writer = Writer::new(writer, log, root, None);
    let queue = Arc::new(NoteQueue::default());
    let other = connect(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    queue.note(saved("a", record("a.jpg", 1))).unwrap();
    let thread = std::thread::spawn({
        let queue = queue.clone();
        move || writer.run(&queue)
    });
    while !HELD_UP.load(Ordering::SeqCst) {
        std::thread::yield_now();
    }
    queue.note(saved("b", record("b.jpg", 2))).unwrap();
    assert_eq!(queue.state().saved(&identity("a")), Some(("a.jpg", 1)));
    other.execute_batch("COMMIT").unwrap();
    queue.wait_until_written().unwrap();
    queue.close();
    thread.join().unwrap();
    let archive = Sqlite::open(&file, folder.path(), None).unwrap();
    assert_eq!(archive.find(&identity("a")).unwrap(), seen("a.jpg", 1));
    assert_eq!(archive.find(&identity("b")).unwrap(), seen("b.jpg", 2));
}
