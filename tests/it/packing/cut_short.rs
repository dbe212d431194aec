//! What becomes of a ZIP that cannot be finished.

use super::{FOLDER, album, image, names};
use crate::support::command::Fetch;
use crate::support::imgur::{FakeImgur, Image};
use crate::support::media::{Format, sized};

#[test]
fn a_failed_packing_keeps_the_previous_zip() {
    let (imgur, fetch) = album(&["aaaaaaa", "bbbbbbb"]);
    let fetch = fetch.args(["--zip", "--skip", "seen"]);
    fetch.run().success();
    let zip = fetch.out().join("imgur/Cats q6i58.zip");
    let mut bytes = std::fs::read(&zip).unwrap();
    // The only copy of a file, and it is damaged.
    std::fs::remove_file(fetch.out().join(FOLDER).join("001 aaaaaaa.jpg")).unwrap();
    bytes[2000] ^= 1;
    std::fs::write(&zip, &bytes).unwrap();
    let names = ["aaaaaaa", "bbbbbbb", "ccccccc"];
    imgur.album("q6i58", "Cats", names.map(image).to_vec());
    let done = fetch.run().fails(3);
    for line in [
        "failed: `zip` for `imgur/Cats q6i58.zip`: cannot pack `001 aaaaaaa.jpg`\n",
        "  because: its packed copy is damaged\n",
    ] {
        assert!(done.stderr.contains(line), "{}", done.stderr);
    }
    assert!(std::fs::read(&zip).unwrap() == bytes);
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

#[test]
fn a_kill_while_packing_leaves_no_wrong_zip() {
    let imgur = FakeImgur::start();
    let large = Image::of("aaaaaaa", Format::Mp4, sized(Format::Mp4, 40 << 20, 1));
    imgur.album("q6i58", "Cats", vec![large, image("bbbbbbb")]);
    let fetch = Fetch::new()
        .config(&imgur.config())
        .args(["q6i58", "--zip"]);
    let zip = fetch.out().join("imgur/Cats q6i58.zip");
    let running = fetch.spawn();
    running.wait_for_stderr("002 bbbbbbb.jpg");
    running.wait_for_stderr("001 aaaaaaa.mp4");
    running.kill9();
    // It was not there yet, or it is whole.
    if zip.exists() {
        assert_eq!(names(&std::fs::read(&zip).unwrap()).len(), 2);
    }
    fetch.run().success();
    assert_eq!(
        names(&std::fs::read(&zip).unwrap()),
        ["001 aaaaaaa.mp4", "002 bbbbbbb.jpg"]
    );
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

#[test]
fn a_leftover_partial_zip_is_replaced() {
    let (imgur, fetch) = album(&["aaaaaaa"]);
    let fetch = fetch.arg("--zip");
    fetch.run().success();
    let before = fetch.files();
    // As it is while the next one is written.
    let folder = fetch.out().join("imgur");
    let owner = String::from_utf8_lossy(&before["imgur/Cats q6i58.zip"]).into_owned();
    let owner = owner.split("fetch 1 ").nth(1).unwrap()[..16].to_owned();
    let left = folder.join(format!(".{owner}.zip.part"));
    std::fs::write(&left, vec![7; 100_000]).unwrap();
    imgur.album("q6i58", "Cats", ["aaaaaaa", "bbbbbbb"].map(image).to_vec());
    fetch.run().success();
    assert_eq!(
        names(&fetch.files()["imgur/Cats q6i58.zip"]),
        ["001 aaaaaaa.jpg", "002 bbbbbbb.jpg"]
    );
    assert!(!left.exists());
}

#[test]
fn a_killed_download_packs_nothing() {
    let imgur = FakeImgur::start();
    let slow = Image::of("bbbbbbb", Format::Jpeg, sized(Format::Jpeg, 200_000, 2));
    let good = slow.good();
    let slow = slow.replies([good.clone().throttle(20_000), good]);
    imgur.album("q6i58", "Cats", vec![image("aaaaaaa"), slow]);
    let fetch = Fetch::new().config(&imgur.config());
    let fetch = fetch.args(["q6i58", "--zip", "--write-info"]);
    let running = fetch.spawn();
    running.wait_for_stderr("001 aaaaaaa.jpg");
    running.kill9();
    assert!(!fetch.files().contains_key("imgur/Cats q6i58.zip"));
    fetch.run().success();
    assert_eq!(
        names(&fetch.files()["imgur/Cats q6i58.zip"]),
        ["001 aaaaaaa.jpg", "002 bbbbbbb.jpg"]
    );
}
