//! What was packed once stays packed, whatever a site sends now in its name.

use std::fs;

use super::{FOLDER, entries, image};
use crate::support::command::Fetch;
use crate::support::imgur::{FakeImgur, Image};
use crate::support::media::{Format, sized};
use crate::support::{Reply, Request};

const ZIP: &str = "imgur/Cats q6i58.zip";

/// What is in the ZIP: names, and what of.
fn packed(fetch: &Fetch) -> Vec<(String, Vec<u8>)> {
    entries(&fetch.files()[ZIP])
}

fn pairs(expected: &[(&str, &[u8])]) -> Vec<(String, Vec<u8>)> {
    let pairs = expected.iter();
    pairs
        .map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()))
        .collect()
}

/// The same picture with other bytes; as many, if that is wanted.
fn other(id: &str, is_as_long: bool) -> Image {
    let bytes = image(id).bytes().len() + usize::from(!is_as_long);
    Image::of(id, Format::Jpeg, sized(Format::Jpeg, bytes, 7))
}

#[test]
fn a_changed_file_does_not_replace_a_packed_one() {
    for is_as_long in [true, false] {
        let imgur = FakeImgur::start();
        imgur.album("q6i58", "Cats", vec![image("aaaaaaa"), image("bbbbbbb")]);
        let fetch = Fetch::new().config(&imgur.config());
        let run = || fetch.clone().args(["imgur:a/q6i58", "--zip"]).run();
        run().success();
        let file = format!("{FOLDER}/001 aaaaaaa.jpg");
        fs::remove_file(fetch.out().join(&file)).unwrap();
        let (old, new) = (image("aaaaaaa"), other("aaaaaaa", is_as_long));
        imgur.album("q6i58", "Cats", vec![new.clone(), image("bbbbbbb")]);
        run().success();
        let expected = pairs(&[
            ("001 aaaaaaa.jpg", new.bytes()),
            ("001 aaaaaaa (2).jpg", old.bytes()),
            ("002 bbbbbbb.jpg", image("bbbbbbb").bytes()),
        ]);
        assert!(packed(&fetch) == expected);
        assert!(fetch.files()[&file] == new.bytes());
        // That is all, and the next run has nothing to do.
        let files = fetch.files();
        let done = run().success();
        assert!(!done.stderr.contains("packed"), "{}", done.stderr);
        assert!(fetch.files() == files);
    }
}

#[test]
fn shifting_numbers_do_not_replace_packed_files() {
    let imgur = FakeImgur::start();
    let all = ["aaaaaaa", "bbbbbbb", "ccccccc"];
    imgur.album("q6i58", "Cats", all.map(image).to_vec());
    let template = "{source}/{album}/{number}.{ext}";
    let fetch = Fetch::new().config(&imgur.config());
    let call = fetch.clone().args(["imgur:a/q6i58", "-o", template]);
    let call = call.arg("--zip=only");
    call.run().success();
    // The archive is lost, and so is the first picture.
    fs::remove_dir_all(fetch.root().join("home/state")).unwrap();
    imgur.album(
        "q6i58",
        "Cats",
        all[1..].iter().map(|id| image(id)).collect(),
    );
    call.run().success();
    let of = |id: &str| image(id).bytes().to_vec();
    let (a, b, c) = (of(all[0]), of(all[1]), of(all[2]));
    let expected = pairs(&[
        ("1.jpg", &b),
        ("1 (2).jpg", &a),
        ("2.jpg", &c),
        ("2 (2).jpg", &b),
        ("3.jpg", &c),
    ]);
    assert!(packed(&fetch) == expected);
    let paths: Vec<_> = fetch.files().into_keys().collect();
    assert_eq!(paths, [ZIP]);
    let done = call.run().success();
    assert!(
        done.stderr.contains("2 found: 0 new, 2 had"),
        "{}",
        done.stderr
    );
    assert!(packed(&fetch) == expected);
}

#[test]
fn packed_items_are_checked_for_changes_too() {
    let tagged = |old: Image, new: Image| {
        Reply::with(move |seen: &Request| match seen.header("if-none-match") {
            None => Reply::file(old.bytes()).etag("\"1\""),
            Some("\"1\"") => Reply::file(new.bytes()).etag("\"2\""),
            Some(_) => Reply::empty(304).etag("\"2\""),
        })
    };
    let imgur = FakeImgur::start();
    let (old, new) = (image("aaaaaaa"), other("aaaaaaa", false));
    let changing = image("aaaaaaa").replies([tagged(old.clone(), new.clone())]);
    imgur.album("q6i58", "Cats", vec![changing]);
    let fetch = Fetch::new().config(&imgur.config());
    let call = fetch.clone().args(["imgur:a/q6i58", "--zip=only"]);
    call.run().success();
    let again = call.args(["--skip", "changed"]);
    for found in ["1 found: 1 new", "1 found: 0 new, 1 had"] {
        let asked = imgur.cdn.requests().len();
        let done = again.run().success();
        assert!(done.stderr.contains(found), "{}", done.stderr);
        assert_eq!(imgur.cdn.requests().len(), asked + 1);
        let expected = pairs(&[
            ("001 aaaaaaa.jpg", new.bytes()),
            ("001 aaaaaaa (2).jpg", old.bytes()),
        ]);
        assert!(packed(&fetch) == expected);
        let paths: Vec<_> = fetch.files().into_keys().collect();
        assert_eq!(paths, [ZIP]);
    }
}
