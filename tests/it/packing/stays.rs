//! Files that stay although their album is to be packed alone, and those that go after all.

use super::{entries, image, names};
use crate::support::command::Fetch;
use crate::support::imgur::FakeImgur;

const CATS: &str = "imgur/Cats q6i58.zip";

fn album(imgur: &FakeImgur, title: &str, names: &[&str]) {
    let images = names.iter().map(|name| image(name));
    imgur.album("q6i58", title, images.collect());
}

fn run(fetch: &Fetch, args: &[&str]) -> String {
    let fetch = fetch.clone().arg("imgur:a/q6i58").args(args);
    fetch.run().success().stderr
}

fn paths(fetch: &Fetch) -> Vec<String> {
    fetch.files().into_keys().collect()
}

/// Nothing is asked for or packed once more, and all of it is there.
fn is_settled(imgur: &FakeImgur, fetch: &Fetch, args: &[&str], count: usize) {
    let (files, asked) = (fetch.files(), imgur.cdn.requests().len());
    let told = run(fetch, args);
    let expected = format!("{count} found: 0 new, {count} had");
    assert!(told.starts_with(&expected), "{told}");
    assert!(fetch.files() == files);
    assert_eq!(imgur.cdn.requests().len(), asked);
    let done = fetch.clone().arg("verify").run().success();
    done.says(&format!("{count} files: "));
}

#[test]
fn items_added_after_a_title_change_are_found() {
    let imgur = FakeImgur::start();
    album(&imgur, "Cats", &["aaaaaaa", "bbbbbbb"]);
    let fetch = Fetch::new().config(&imgur.config());
    run(&fetch, &["--zip=only"]);
    album(&imgur, "Dogs", &["aaaaaaa", "bbbbbbb", "ccccccc"]);
    run(&fetch, &["--zip=only"]);
    let new = "imgur/Dogs q6i58/003 ccccccc.jpg";
    assert_eq!(paths(&fetch), [CATS, new]);
    assert_eq!(names(&fetch.files()[CATS])[2], new);
    is_settled(&imgur, &fetch, &["--zip=only"], 3);
}

#[test]
fn files_in_other_folders_of_an_album_are_kept() {
    let imgur = FakeImgur::start();
    album(&imgur, "Cats", &["aaaaaaa", "bbbbbbb"]);
    let fetch = Fetch::new().config(&imgur.config());
    let args = ["--zip=only", "-o", "{album_title}/{key}/{number}.{ext}"];
    run(&fetch, &args);
    let zip = "Cats/aaaaaaa.zip";
    assert_eq!(paths(&fetch), [zip, "Cats/bbbbbbb/2.jpg"]);
    let packed = entries(&fetch.files()[zip]);
    assert_eq!(packed[0].0, "1.jpg");
    assert!(packed[1].1 == image("bbbbbbb").bytes());
    is_settled(&imgur, &fetch, &args, 2);
}

#[test]
fn zip_only_removes_no_files_of_other_albums() {
    let imgur = FakeImgur::start();
    album(&imgur, "Cats", &["aaaaaaa", "bbbbbbb"]);
    let dogs = ["aaaaaaa", "ccccccc"].map(image).to_vec();
    imgur.album("w8j69", "Dogs", dogs);
    let fetch = Fetch::new().config(&imgur.config());
    run(&fetch, &[]);
    let before = fetch.files();
    let call = fetch.clone().args(["imgur:a/w8j69", "--zip=only"]);
    call.run().success();
    let zip = "imgur/Dogs w8j69.zip";
    let mut files = fetch.files();
    let packed = names(&files.remove(zip).unwrap());
    assert_eq!(
        packed,
        ["imgur/Cats q6i58/001 aaaaaaa.jpg", "002 ccccccc.jpg"]
    );
    assert!(files == before);
}

#[test]
fn packed_files_are_removed_by_a_later_zip_only() {
    let imgur = FakeImgur::start();
    album(&imgur, "Cats", &["aaaaaaa"]);
    let fetch = Fetch::new().config(&imgur.config());
    run(&fetch, &["--zip=only"]);
    album(&imgur, "Cats", &["aaaaaaa", "bbbbbbb"]);
    run(&fetch, &["--zip"]);
    assert_eq!(paths(&fetch), [CATS, "imgur/Cats q6i58/002 bbbbbbb.jpg"]);
    run(&fetch, &["--zip=only"]);
    assert_eq!(paths(&fetch), [CATS]);
    is_settled(&imgur, &fetch, &["--zip=only"], 2);
}

#[cfg(target_os = "linux")]
#[test]
fn files_that_cannot_be_removed_are_reported() {
    use std::os::unix::fs::PermissionsExt;

    let imgur = FakeImgur::start();
    album(&imgur, "Cats", &["aaaaaaa", "bbbbbbb"]);
    let fetch = Fetch::new().config(&imgur.config());
    run(&fetch, &[]);
    let Some(held_back) = crate::archive::still::held_back(&fetch) else {
        return crate::support::skip("it runs with all rights, and they cannot be put off");
    };
    let rights = |mode| {
        let folder = fetch.out().join("imgur/Cats q6i58");
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    rights(0o555);
    let call = held_back.args(["imgur:a/q6i58", "--zip=only"]);
    let done = call.run();
    rights(0o755);
    let expected = "failed: `zip` for `imgur/Cats q6i58.zip`: `imgur/Cats q6i58/001 aaaaaaa.jpg` (and 1 more) is packed \
                    and cannot be removed";
    done.fails(3).says(expected).says("ermission denied");
    assert_eq!(paths(&fetch).len(), 3);
    run(&fetch, &["--zip=only"]);
    assert_eq!(paths(&fetch), [CATS]);
}
