//! A damaged ZIP, and what `fetch verify --repair` makes of it.

use super::{FOLDER, entries, image, names};
use crate::support::command::{Done, Fetch};
use crate::support::imgur::FakeImgur;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

const ZIP: &str = "imgur/Cats q6i58.zip";

/// An album of two pictures that is packed, of which the ZIP has lost a bit in the first one.
fn damaged() -> (FakeImgur, Fetch) {
    let imgur = FakeImgur::start();
    imgur.album("q6i58", "Cats", ["aaaaaaa", "bbbbbbb"].map(image).to_vec());
    let fetch = Fetch::new().config(&imgur.config());
    fetch.clone().args(["q6i58", "--zip"]).run().success();
    let zip = fetch.out().join(ZIP);
    let mut bytes = std::fs::read(&zip).unwrap();
    bytes[1000] ^= 1;
    std::fs::write(&zip, bytes).unwrap();
    (imgur, fetch)
}

fn verify(fetch: &Fetch, args: &[&str]) -> Done {
    fetch.clone().arg("verify").args(args).run()
}

/// The ZIP has both pictures as the site has them.
fn is_whole(fetch: &Fetch) {
    let packed = entries(&fetch.files()[ZIP]);
    let expected = [
        ("001 aaaaaaa.jpg", "aaaaaaa"),
        ("002 bbbbbbb.jpg", "bbbbbbb"),
    ];
    assert_eq!(packed.len(), 2);
    for ((name, bytes), (expected, id)) in packed.iter().zip(expected) {
        assert_eq!(name, expected);
        assert!(bytes == image(id).bytes(), "{name}");
    }
}

#[test]
fn a_damaged_zip_is_rebuilt_from_its_files() {
    let (imgur, fetch) = damaged();
    let asked = imgur.cdn.requests().len();
    let bytes = fetch.files()[ZIP].clone();
    let done = verify(&fetch, &["--repair"]).success();
    done.says("repacked `imgur/Cats q6i58.zip`, 2 files\n");
    is_whole(&fetch);
    assert_eq!(fetch.files()["imgur/Cats q6i58.zip.broken"], bytes);
    assert_eq!(imgur.cdn.requests().len(), asked);
    verify(&fetch, &[]).success().says("2 files: 2 whole; ");
    fetch.clone().args(["q6i58", "--zip"]).run().success();
    is_whole(&fetch);
}

#[test]
fn damaged_zip_only_items_are_downloaded_again() {
    let (imgur, fetch) = damaged();
    for name in ["001 aaaaaaa.jpg", "002 bbbbbbb.jpg"] {
        std::fs::remove_file(fetch.out().join(FOLDER).join(name)).unwrap();
    }
    let asked = imgur.cdn.requests().len();
    verify(&fetch, &["--repair"]).success();
    is_whole(&fetch);
    assert_eq!(imgur.cdn.requests().len(), asked + 1);
    verify(&fetch, &[])
        .success()
        .says("2 files: 1 whole, 1 packed");
}

#[test]
fn damaged_items_gone_from_their_site_are_kept() {
    let (imgur, fetch) = damaged();
    std::fs::remove_file(fetch.out().join(FOLDER).join("001 aaaaaaa.jpg")).unwrap();
    imgur.album(
        "q6i58",
        "Cats",
        vec![image("aaaaaaa").missing(), image("bbbbbbb")],
    );
    let before = fetch.files();
    let done = verify(&fetch, &["--repair"]).fails(3);
    done.says("`imgur/Cats q6i58.zip` was not repacked: `001 aaaaaaa.jpg` in it is damaged, and its file no longer exists\n");
    assert!(fetch.files() == before);
}

#[test]
fn a_truncated_zip_is_set_aside_and_packed_again() {
    let (_imgur, fetch) = damaged();
    let zip = fetch.out().join(ZIP);
    let file = std::fs::File::options().write(true).open(&zip).unwrap();
    file.set_len(4000).unwrap();
    // One of somebody else's, which is whole, is no concern of ours.
    std::fs::write(fetch.out().join("imgur/Cats q6i58 (2).zip"), empty()).unwrap();
    let done = verify(&fetch, &[]).fails(3);
    done.says("3 files: 2 whole, 1 broken; 1 file that the archive does not know");
    let done = verify(&fetch, &["--repair"]).fails(3);
    done.says("`imgur/Cats q6i58.zip` cannot be read and was moved aside");
    let files = fetch.files();
    assert_eq!(files["imgur/Cats q6i58.zip.broken"].len(), 4000);
    assert!(!files.contains_key(ZIP));
    fetch.clone().args(["q6i58", "--zip"]).run().success();
    is_whole(&fetch);
    assert_eq!(names(&fetch.files()["imgur/Cats q6i58 (2).zip"]).len(), 0);
}

#[test]
fn a_foreign_file_in_the_root_is_not_packed() {
    let (imgur, fetch) = damaged();
    std::fs::remove_file(fetch.out().join(FOLDER).join("001 aaaaaaa.jpg")).unwrap();
    let gone = vec![image("aaaaaaa").missing(), image("bbbbbbb")];
    imgur.album("q6i58", "Cats", gone);
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 7)));
    let named = ["-o", "001 aaaaaaa.{ext}"];
    let other = fetch.clone().args(named).arg(site.url("/cat.jpg"));
    other.run().success();
    let zip = fetch.files()[ZIP].clone();
    verify(&fetch, &["--repair"]).fails(3);
    assert!(fetch.files()[ZIP] == zip);
}

/// A ZIP with nothing in it.
fn empty() -> Vec<u8> {
    let mut zip = b"PK\x05\x06".to_vec();
    zip.resize(22, 0);
    zip
}
