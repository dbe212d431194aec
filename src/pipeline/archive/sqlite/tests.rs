use super::*;

fn identity(key: &str) -> Identity {
    Identity {
        source: "test".into(),
        key: key.into(),
    }
}

#[test]
fn remembers_from_run_to_run_and_apart_for_each_root() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    std::fs::create_dir_all(&one).unwrap();
    std::fs::create_dir_all(&two).unwrap();
    let file = folder.path().join("state/archive.db");
    let record = Record {
        path: "a/Cat.jpg".into(),
        size: 7,
    };
    {
        let archive = Sqlite::open(&file, &one).unwrap();
        archive.saved(identity("x"), record.clone()).unwrap();
        assert_eq!(archive.find(&identity("x")).unwrap(), Some(record.clone()));
        archive.flush().unwrap();
        assert_eq!(archive.find(&identity("x")).unwrap(), Some(record.clone()));
    }
    let archive = Sqlite::open(&file, &one).unwrap();
    assert_eq!(archive.find(&identity("x")).unwrap(), Some(record));
    assert_eq!(archive.owner("A/cat.JPG").unwrap(), Some(identity("x")));
    assert_eq!(archive.owner("a/dog.jpg").unwrap(), None);
    let other = Sqlite::open(&file, &two).unwrap();
    assert_eq!(other.find(&identity("x")).unwrap(), None);
}

#[test]
fn a_failure_does_not_make_a_saved_file_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Sqlite::open(&folder.path().join("archive.db"), folder.path()).unwrap();
    let record = Record {
        path: "cat.jpg".into(),
        size: 7,
    };
    archive.failed(identity("x"), "network").unwrap();
    archive.flush().unwrap();
    assert_eq!(archive.find(&identity("x")).unwrap(), None);
    archive.saved(identity("x"), record.clone()).unwrap();
    archive.failed(identity("x"), "network").unwrap();
    archive.flush().unwrap();
    assert_eq!(archive.find(&identity("x")).unwrap(), Some(record));
}

#[test]
fn a_database_of_a_later_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("archive.db");
    drop(Sqlite::open(&file, folder.path()).unwrap());
    Connection::open(&file)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let error = Sqlite::open(&file, folder.path()).unwrap_err();
    assert!(
        error.causes()[0].contains("later version"),
        "{:?}",
        error.causes()
    );
}
