mod busy;

use rusqlite::Connection;

use super::*;
use crate::model::Meta;
use crate::net::NamedBy;
use crate::pipeline::archive::{
    Ending, ItemStatus, Known, Origin, Record, RecordedFailure, Records, Run, RunResult, Sum,
    Validator,
};

fn identity(key: &str) -> Identity {
    Identity {
        source: "test".into(),
        key: key.into(),
    }
}

fn record(path: &str, size: u64) -> Record {
    Record {
        path: path.into(),
        size,
        ..Record::default()
    }
}

fn saved(key: &str, record: Record) -> Note {
    Note {
        identity: identity(key),
        origin: None,
        ending: Ending::Saved(record),
    }
}

fn failed(key: &str, reason: &'static str) -> Note {
    Note {
        identity: identity(key),
        origin: None,
        ending: Ending::Failed(RecordedFailure {
            reason: reason.into(),
            message: "it did not work".into(),
            attempts: 2,
            number: 3,
            item: None,
            options: None,
        }),
    }
}

fn seen(path: &str, size: u64) -> Option<Seen> {
    Some(Seen {
        saved: Some((path.to_owned(), size)),
        ..Seen::default()
    })
}

/// Rows near the one found are read ahead.
#[test]
fn read_ahead_rows_are_current() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("archive.db");
    let archive = Sqlite::open(&file, folder.path(), None).unwrap();
    let note = |n: u32, path: &str| archive.note(saved(&n.to_string(), record(path, 7)));
    // In no particular order, as parallel downloads end.
    for n in (0..400).map(|n| n * 7 % 400) {
        note(n, &format!("{n}.jpg")).unwrap();
    }
    archive.flush().unwrap();
    let find = |n: u32| archive.find(&identity(&n.to_string())).unwrap();
    for n in 0..200 {
        assert_eq!(find(n), seen(&format!("{n}.jpg"), 7), "{n}");
        assert_eq!(find(n + 1000), None);
    }
    for n in 200..400 {
        note(n, &format!("other/{n}.jpg")).unwrap();
    }
    archive.flush().unwrap();
    for n in (0..400).chain(0..400) {
        let folder = if n < 200 { "" } else { "other/" };
        assert_eq!(find(n), seen(&format!("{folder}{n}.jpg"), 7), "{n}");
    }
}

fn all(file: &Path, root: &Path) -> Vec<Known> {
    let records = Records::open(file, root).unwrap().unwrap();
    records.items().map(Result::unwrap).collect()
}

#[test]
fn records_persist_per_root() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    std::fs::create_dir_all(&one).unwrap();
    std::fs::create_dir_all(&two).unwrap();
    let file = folder.path().join("state/archive.db");
    let known = seen("a/Cat.jpg", 7);
    {
        let archive = Sqlite::open(&file, &one, None).unwrap();
        archive.note(saved("x", record("a/Cat.jpg", 7))).unwrap();
        assert_eq!(archive.find(&identity("x")).unwrap(), known);
        assert_eq!(archive.owner("A/cat.jpg").unwrap(), Some(identity("x")));
        archive.flush().unwrap();
        assert_eq!(archive.find(&identity("x")).unwrap(), known);
    }
    let archive = Sqlite::open(&file, &one, None).unwrap();
    assert_eq!(archive.find(&identity("x")).unwrap(), known);
    assert_eq!(archive.owner("A/cat.JPG").unwrap(), Some(identity("x")));
    assert_eq!(archive.owner("a/dog.jpg").unwrap(), None);
    let other = Sqlite::open(&file, &two, None).unwrap();
    assert_eq!(other.find(&identity("x")).unwrap(), None);
    assert_eq!(Records::roots(&file).unwrap().len(), 2);
}

#[test]
fn a_failure_does_not_make_a_saved_file_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("archive.db");
    let archive = Sqlite::open(&file, folder.path(), None).unwrap();
    archive.note(failed("x", "network")).unwrap();
    archive.flush().unwrap();
    assert_eq!(archive.find(&identity("x")).unwrap(), Some(Seen::default()));
    archive.note(saved("x", record("cat.jpg", 7))).unwrap();
    archive.flush().unwrap();
    assert_eq!(all(&file, folder.path())[0].failure, None);
    archive.note(failed("x", "network")).unwrap();
    archive.note(failed("x", "network")).unwrap();
    archive.flush().unwrap();
    assert_eq!(archive.find(&identity("x")).unwrap(), seen("cat.jpg", 7));
    let known = &all(&file, folder.path())[0];
    assert_eq!(known.status, ItemStatus::Failed);
    assert_eq!(known.record, Some(record("cat.jpg", 7)));
    let failure = known.failure.as_ref().unwrap();
    assert_eq!((failure.reason.as_ref(), failure.attempts), ("network", 4));
}

#[test]
fn an_item_that_another_run_saved_meanwhile_has_not_failed() {
    let folder = tempfile::tempdir().unwrap();
    let (file, root) = (folder.path().join("archive.db"), folder.path());
    let [one, other, later] = ["one", "other", "later"].map(|name| Run::new(name, None));
    let first = Sqlite::open(&file, root, Some(&one)).unwrap();
    let second = Sqlite::open(&file, root, Some(&other)).unwrap();
    let note = |archive: &Sqlite, note: Note| {
        archive.note(note).unwrap();
        archive.flush().unwrap();
        let known = &all(&file, root)[0];
        (known.status, known.failure.is_some())
    };
    note(&first, saved("x", record("cat.jpg", 7)));
    let kept = (ItemStatus::Saved, false);
    assert_eq!(note(&second, failed("x", "disk")), kept);
    drop(first);
    let ended = RunResult {
        exit: 0,
        ending: None,
        found: 1,
        new: 1,
        had: 0,
        failed: 0,
        summary: String::new(),
    };
    one.end(&file, &ended).unwrap();
    assert_eq!(note(&second, failed("x", "disk")), kept);
    // Its own failure counts, and so does that of a run that began after the other had ended.
    std::thread::sleep(std::time::Duration::from_millis(2));
    let third = Sqlite::open(&file, root, Some(&later)).unwrap();
    let lost = (ItemStatus::Failed, true);
    assert_eq!(note(&third, failed("x", "network")), lost);
    note(&third, saved("x", record("cat.jpg", 7)));
    assert_eq!(note(&third, failed("x", "network")), lost);
}

#[test]
fn records_are_readable_outside_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("archive.db");
    assert!(Records::open(&file, folder.path()).unwrap().is_none());
    let archive = Sqlite::open(&file, folder.path(), None).unwrap();
    let record = Record {
        path: "cat.jpg".into(),
        size: 7,
        digest: Some(Sum::Xxh3([7; 16])),
        validator: Some(Validator::Etag("\"x\"".into())),
        media: Some("image/jpeg".into()),
        published: Some(jiff::Timestamp::from_second(1_000_000).unwrap()),
        shared: false,
        naming: Some(r#"{"directory":"mine"}"#.into()),
    };
    let origin = Arc::new(Origin {
        url: "https://example.org/a".into(),
        redacted: false,
        named_by: NamedBy::User,
        source: Some("test".into()),
        settings: 0,
        meta: Meta::default(),
    });
    let note = Note {
        origin: Some(origin.clone()),
        ..saved("x", record.clone())
    };
    archive.note(note).unwrap();
    archive.note(failed("gone", "missing")).unwrap();
    archive.flush().unwrap();
    // More than one page.
    for number in 0..1000 {
        let name = number.to_string();
        let note = saved(&name, self::record(&name, number));
        archive.note(note).unwrap();
    }
    archive.flush().unwrap();
    assert!(archive.find(&identity("gone")).unwrap().unwrap().gone);
    let known = all(&file, folder.path());
    let keys = known.iter().map(|known| known.identity.key.clone());
    let expected = ["x".to_owned(), "gone".to_owned()].into_iter();
    assert!(keys.eq(expected.chain((0..1000).map(|number| number.to_string()))));
    assert_eq!(known[0].record, Some(record));
    assert_eq!(known[0].link.as_deref(), Some("https://example.org/a"));
    assert!(known[0].saved.is_some() && known[0].failed.is_none());
    assert_eq!(known[1].status, ItemStatus::Gone);
    let records = Records::open(&file, folder.path()).unwrap().unwrap();
    assert_eq!(
        records.find(&identity("x")).unwrap().as_ref(),
        known.first()
    );
    assert!(
        Records::open(&file, Path::new("/nowhere"))
            .unwrap()
            .is_none()
    );
}

#[test]
fn a_newer_database_is_refused_and_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("archive.db");
    drop(Sqlite::open(&file, folder.path(), None).unwrap());
    Connection::open(&file)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let error = Sqlite::open(&file, folder.path(), None).unwrap_err();
    let expected = "it was made by a later version of this program (schema 99)";
    assert_eq!(error.causes(), [expected]);
}

/// How many items are recorded; `FETCH_ITEMS=1000000` for the figure in the documentation.
fn items() -> u64 {
    let count = std::env::var("FETCH_ITEMS").ok();
    count.and_then(|text| text.parse().ok()).unwrap_or(5000)
}

#[test]
fn an_item_costs_under_300_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("archive.db");
    let archive = Sqlite::open(&file, folder.path(), None).unwrap();
    let origin = |number: u64| {
        Arc::new(Origin {
            url: format!("https://imgur.com/a/{:07x}", number / 100),
            redacted: false,
            named_by: NamedBy::User,
            source: Some("imgur".into()),
            settings: 0,
            meta: Meta::default(),
        })
    };
    for number in 0..items() {
        let hash = blake3::hash(&number.to_le_bytes()).to_hex();
        let from_album = number % 2 == 0;
        // As from an album of a hundred pictures, and as from a list of URLs.
        let (source, key, path) = match from_album {
            true => (
                "imgur",
                hash[..7].to_owned(),
                format!(
                    "imgur/A holiday in the mountains {}/{:03} On top.jpg",
                    number / 100,
                    number % 100
                ),
            ),
            false => (
                "direct",
                format!(
                    "https://cdn.example.org/media/{}/{}.jpg",
                    &hash[..16],
                    &hash[16..40]
                ),
                format!("{}.jpg", &hash[16..40]),
            ),
        };
        let record = Record {
            digest: Some(Sum::Xxh3(hash.as_bytes()[..16].try_into().unwrap())),
            validator: Some(Validator::Etag(format!("\"{}\"", &hash[..32]))),
            media: Some("image/jpeg".into()),
            published: jiff::Timestamp::from_second(1_700_000_000).ok(),
            ..record(&path, 60_000)
        };
        archive
            .note(Note {
                identity: Identity {
                    source: source.into(),
                    key,
                },
                origin: from_album.then(|| origin(number)),
                ending: Ending::Saved(record),
            })
            .unwrap();
        if number % 10_000 == 0 {
            archive.flush().unwrap();
        }
    }
    archive.flush().unwrap();
    let connection = Connection::open(&file).unwrap();
    let count = |what| connection.pragma_query_value(None, what, |row| row.get::<_, i64>(0));
    let bytes = (count("page_count").unwrap() * count("page_size").unwrap()) as u64;
    // The tables themselves take a few pages.
    let each = (bytes - (128 << 10).min(bytes)) / items();
    assert!(each < 300, "{each} bytes an item");
}

#[test]
fn the_wal_stays_short_while_reading() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("archive.db");
    let archive = Sqlite::open(&file, folder.path(), None).unwrap();
    let mut longest = 0;
    for number in 0..6_000 {
        let key = format!("{number}");
        archive
            .note(saved(&key, record(&format!("{number}.jpg"), 7)))
            .unwrap();
        // Each in a transaction of its own, followed by a query in the view.
        archive.flush().unwrap();
        assert_eq!(archive.find(&identity("missing")).unwrap(), None);
        let log = std::fs::metadata(folder.path().join("archive.db-wal")).unwrap();
        longest = longest.max(log.len());
    }
    assert!(longest < 16 << 20, "{longest}");
    assert_eq!(archive.find(&identity("17")).unwrap(), seen("17.jpg", 7));
}

#[test]
fn many_may_begin_on_a_new_database_at_once() {
    for _ in 0..30 {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("archive.db");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| drop(Sqlite::open(&file, folder.path(), None).unwrap()));
            }
        });
    }
}

#[test]
fn readers_do_not_wait_for_writers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("archive.db");
    drop(Sqlite::open(&file, folder.path(), None).unwrap());
    let mut writer = super::connect(&file).unwrap();
    let behavior = rusqlite::TransactionBehavior::Immediate;
    let writing = writer.transaction_with_behavior(behavior).unwrap();
    assert!(Records::open(&file, folder.path()).unwrap().is_some());
    drop(writing);
}

/// A view is used for a while; a file that is not where it says is looked up again.
#[test]
fn items_moved_by_another_process_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("archive.db");
    let archive = Sqlite::open(&file, folder.path(), None).unwrap();
    archive.note(saved("a", record("a.jpg", 7))).unwrap();
    archive.flush().unwrap();
    assert_eq!(archive.find(&identity("a")).unwrap(), seen("a.jpg", 7));
    let other = Sqlite::open(&file, folder.path(), None).unwrap();
    other.note(saved("a", record("b.jpg", 7))).unwrap();
    other.flush().unwrap();
    assert_eq!(
        archive.find_current(&identity("a")).unwrap(),
        seen("b.jpg", 7)
    );
    assert_eq!(archive.find(&identity("a")).unwrap(), seen("b.jpg", 7));
}
