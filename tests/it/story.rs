//! An album over the weeks, as its user sees it: interrupted, grown, deleted, damaged, removed and renamed.

use std::fs;

use crate::support::command::{Done, Fetch};
use crate::support::imgur::{FakeImgur, Image};
use crate::support::media::Format;

const LINK: &str = "https://imgur.com/a/q6i58";

fn image(id: &str) -> Image {
    Image::new(id, Format::Jpeg).title("Tom")
}

/// The files that were asked for since the last look, by path.
fn asked(imgur: &FakeImgur) -> Vec<String> {
    let requests = imgur.cdn.requests();
    imgur.cdn.forget();
    let mut paths: Vec<_> = requests.iter().map(|seen| seen.path().to_owned()).collect();
    paths.sort();
    paths
}

fn says(done: &Done, line: &str) {
    let text = done.stderr_filtered();
    assert!(
        text.lines().any(|one| one.starts_with(line)),
        "no `{line}` in\n{text}"
    );
}

#[test]
fn an_album_over_the_weeks() {
    let imgur = FakeImgur::start();
    let slow = image("ccccccc");
    let stalled = slow.good().stall_after(20);
    let slow = slow.clone().replies([stalled, slow.good()]);
    imgur.album(
        "q6i58",
        "Cats",
        vec![image("aaaaaaa"), image("bbbbbbb"), slow],
    );
    let user = Fetch::new().config(&imgur.config());
    let fetch = user.clone().arg(LINK);

    // Interrupted: what was whole stays, and nothing else has a name.
    let running = fetch.spawn();
    for id in ["aaaaaaa", "bbbbbbb"] {
        imgur.cdn.wait_for(&format!("/{id}.jpg"), 1);
    }
    running.wait_for_stderr("001 Tom.jpg");
    running.wait_for_stderr("002 Tom.jpg");
    imgur.cdn.wait_for_stalls(1);
    running.interrupt();
    running.wait_for_stderr("again");
    running.interrupt();
    let done = running.wait().fails(130);
    assert!(
        done.stderr.contains("run the same command again"),
        "{}",
        done.stderr
    );
    assert_eq!(user.files().len(), 2);
    asked(&imgur);

    // The same command again: only what is missing is asked for.
    says(&fetch.run().success(), "3 found: 1 new, 2 had");
    assert_eq!(asked(&imgur), ["/ccccccc.jpg"]);
    says(&fetch.run().success(), "3 found: 0 new, 3 had");
    assert_eq!(asked(&imgur), [""; 0]);

    // A new image in the album.
    let ids = ["aaaaaaa", "bbbbbbb", "ccccccc", "ddddddd"];
    imgur.album("q6i58", "Cats", ids.map(image).to_vec());
    says(&fetch.run().success(), "4 found: 1 new, 3 had");
    assert_eq!(asked(&imgur), ["/ddddddd.jpg"]);
    let whole = user.files();
    let names: Vec<_> = whole.keys().cloned().collect();
    assert_eq!(names.len(), 4);

    // One that was deleted comes back, unless deleting is meant.
    fs::remove_file(user.out().join(&names[1])).unwrap();
    let seen = fetch.clone().args(["--skip", "seen"]);
    says(&seen.run().success(), "4 found: 0 new, 4 had");
    says(&fetch.run().success(), "4 found: 1 new, 3 had");
    assert_eq!(asked(&imgur), ["/bbbbbbb.jpg"]);
    assert!(user.files() == whole);

    // One that the disk has damaged is found and repaired.
    let path = user.out().join(&names[2]);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    fs::write(&path, &bytes).unwrap();
    says(&fetch.run().success(), "4 found: 0 new, 4 had");
    let verify = user.clone().args(["verify", "."]);
    let done = verify.run().fails(3);
    let told = done.stdout.clone() + &done.stderr;
    assert!(
        told.contains(&names[2]) && told.contains("broken"),
        "{told}"
    );
    asked(&imgur);
    verify.clone().arg("--repair").run().success();
    assert_eq!(asked(&imgur), ["/ccccccc.jpg"]);
    let aside = format!("{}.broken", names[2]);
    assert_eq!(fs::read(user.out().join(&aside)).unwrap(), bytes);
    fs::remove_file(user.out().join(&aside)).unwrap();
    assert!(user.files() == whole);
    verify.run().success();

    // One that was cut has another length: it may be somebody's work, so it stays, and the picture comes beside it.
    fs::write(&path, "").unwrap();
    says(&fetch.run().success(), "4 found: 1 new, 3 had");
    assert_eq!(asked(&imgur), ["/ccccccc.jpg"]);
    assert_eq!(fs::read(&path).unwrap(), b"");
    fs::remove_file(&path).unwrap();
    let beside = names[2].replace(".jpg", " (2).jpg");
    assert_eq!(user.files()[&beside], whole[&names[2]]);
    let whole = user.files();
    assert_eq!(whole.len(), 4);

    // Another template: what is there stays until it is to move.
    let template = "{album}/{key}.{ext}";
    let other = user.clone().args(["-o", template, LINK]);
    says(&other.run().success(), "4 found: 0 new, 4 had");
    assert!(user.files() == whole);
    let rename = user.clone().args(["rename", "-o", template, LINK]);
    rename.run().success();
    let moved: Vec<_> = user.files().into_keys().collect();
    assert_eq!(moved, ids.map(|id| format!("Cats q6i58/{id}.jpg")));
    says(&other.run().success(), "4 found: 0 new, 4 had");
    assert_eq!(asked(&imgur), [""; 0]);

    // One that is gone from its site fails once, and is left alone until somebody says otherwise.
    let ids = ["aaaaaaa", "bbbbbbb", "ccccccc", "ddddddd", "eeeeeee"];
    let mut images = ids.map(image).to_vec();
    images[4] = images[4].clone().removed();
    imgur.album("q6i58", "Cats", images);
    says(
        &other.run().fails(3),
        "5 found: 0 new, 4 had, 1 failed (1 missing)",
    );
    assert_eq!(asked(&imgur), ["/eeeeeee.jpg", "/removed.png"]);
    says(&other.run().success(), "5 found: 0 new, 4 had, 1 gone");
    assert_eq!(asked(&imgur), [""; 0]);

    // The album gets another title, and the picture is there again: it comes into a folder of that name.
    imgur.album("q6i58", "Our cats", ids.map(image).to_vec());
    let recheck = other.clone().arg("--recheck");
    says(&recheck.run().success(), "5 found: 1 new, 4 had");
    assert_eq!(asked(&imgur), ["/eeeeeee.jpg"]);
    assert!(user.files().contains_key("Our cats q6i58/eeeeeee.jpg"));
    rename.run().success();
    let moved: Vec<_> = user.files().into_keys().collect();
    assert_eq!(moved, ids.map(|id| format!("Our cats q6i58/{id}.jpg")));
    says(&other.run().success(), "5 found: 0 new, 5 had");
    assert_eq!(asked(&imgur), [""; 0]);
}
