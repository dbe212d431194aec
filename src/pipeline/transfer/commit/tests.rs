use super::*;
use crate::pipeline::archive::Memory;

/// A file whose bytes are its key.
fn commit<'a>(
    archive: &'a Memory,
    disk: &Arc<Disk>,
    planned: &'a Planned,
    key: &str,
) -> Commit<'a> {
    Commit {
        archive,
        place: Place::new(disk.folder(&[]).unwrap(), "test", key),
        identity: Identity {
            source: "test".into(),
            key: key.into(),
        },
        origin: None,
        planned,
        reuses_name: false,
        tells_of_stranger: false,
        ext: planned.ext.clone(),
        record: Record {
            size: key.len() as u64,
            ..Record::default()
        },
        modified: None,
        duplicates: Duplicates::Keep,
        disk: disk.clone(),
    }
}

#[test]
fn an_unnamed_small_file_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let disk = Arc::new(Disk::open(root.path()).unwrap());
    let archive = Memory::default();
    let planned = Planned::at("cat");
    let pieces = [Bytes::from_static(b"cat")];
    let shorter = commit(&archive, &disk, &planned, "longer");
    assert!(shorter.name_pieces(&pieces).is_err());
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    let body = commit(&archive, &disk, &planned, "cat");
    assert_eq!(body.name_pieces(&pieces).unwrap(), "cat");
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
}

#[test]
fn taken_names_are_not_checked_again_for_each_item() {
    let root = tempfile::tempdir().unwrap();
    let disk = Arc::new(Disk::open(root.path()).unwrap());
    let archive = Memory::default();
    let planned = Planned {
        stem: "dup".into(),
        ext: Some("txt".into()),
        ..Planned::at("dup.txt")
    };
    let save = |key: &str| {
        let commit = commit(&archive, &disk, &planned, key);
        let bytes = Bytes::copy_from_slice(key.as_bytes());
        match commit.run(CompleteBody::Memory(vec![bytes])).unwrap().0 {
            Named::New { path, .. } | Named::There(path) => path,
        }
    };
    assert_eq!(save("one"), "dup.txt");
    assert_eq!(save("two"), "dup (2).txt");
    assert_eq!(save("three"), "dup (3).txt");
    assert_eq!(disk.numbers().first("dup.txt"), 3);
    // An item keeps its name, even behind names that are known to be taken.
    assert_eq!(save("one"), "dup.txt");
    // And a file that is there, and belongs to nobody, is found as if nothing were remembered.
    std::fs::write(root.path().join("dup (4).txt"), "five").unwrap();
    assert_eq!(save("four"), "dup (5).txt");
    assert_eq!(save("five"), "dup (4).txt");
}
