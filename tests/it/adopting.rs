//! `fetch archive adopt`: files that are there already are taken for those of links.

use std::fs;

use crate::support::command::{Done, Fetch};
use crate::support::imgur::{FakeImgur, Image};
use crate::support::media::{Format, noise, sized_picture, small};
use crate::support::{Reply, Site};

fn adopt(fetch: &Fetch, args: &[&str]) -> Done {
    fetch.clone().args(["archive", "adopt"]).args(args).run()
}

#[test]
fn existing_files_are_adopted() {
    let site = Site::start();
    let fetch = Fetch::new();
    let folder = fetch.out().join("old");
    fs::create_dir(&folder).unwrap();
    let links = ["here.jpg", "other.jpg", "cut.jpg", "absent.jpg"].map(|name| {
        site.on(&format!("/{name}"), Reply::file(small(Format::Jpeg, 1)))
            .optional();
        site.url(&format!("/{name}"))
    });
    let cut = &small(Format::Jpeg, 1)[..100];
    fs::write(folder.join("here.jpg"), small(Format::Jpeg, 1)).unwrap();
    // What it is had the last word about its extension.
    fs::write(folder.join("other.png"), small(Format::Png, 1)).unwrap();
    fs::write(folder.join("cut.jpg"), cut).unwrap();
    let mut args = vec!["old"];
    args.extend(links.iter().map(String::as_str));
    let done = adopt(&fetch, &args).fails(3);
    assert!(
        done.stderr
            .contains("4 found: 2 adopted, 1 not there, 1 failed"),
        "{}",
        done.stderr
    );
    let told = "`cut.jpg` exists, but it is cut at byte 100";
    assert!(done.stderr.contains(told), "{}", done.stderr);
    assert_eq!(site.requests().len(), 0);
    assert_eq!(fetch.files()["old/cut.jpg"], cut);

    let done = fetch.clone().args(["verify", "old"]).run().success();
    let told = "2 files: 2 whole; 1 file that the archive does not know";
    assert!(done.stderr.starts_with(told), "{}", done.stderr);
    let again = fetch.clone().args(["-d", "old"]).args(&links).run();
    again.success().says("4 found: 2 new, 2 had");
    adopt(&fetch, &["nowhere", &links[0]]).fails(2);
}

#[test]
fn a_saved_server_error_is_not_adopted_as_a_pdf() {
    let fetch = Fetch::new();
    fs::create_dir(fetch.out().join("old")).unwrap();
    fs::write(fetch.out().join("old/book.pdf"), "{\"error\": \"expired\"}").unwrap();
    let done = adopt(&fetch, &["old", "http://127.0.0.1:9/book.pdf"]).fails(4);
    done.says("`book.pdf` exists, but it does not match the listing");
}

#[test]
fn a_placeholder_is_not_adopted_and_a_size_is_a_hint() {
    let imgur = FakeImgur::start();
    let images = ["aaaaaaa", "bbbbbbb", "ccccccc"].map(|id| Image::new(id, Format::Jpeg));
    let [good, other, removed] = images;
    let other = other.size(9);
    let bytes = [good.bytes().to_vec(), other.bytes().to_vec()];
    imgur.album("q6i58", "Cats", vec![good, other, removed]);
    let fetch = Fetch::new().config(&imgur.config());
    let folder = fetch.out().join("old");
    fs::create_dir(&folder).unwrap();
    for (name, bytes) in ["aaaaaaa.jpg", "bbbbbbb.jpg"].iter().zip(bytes) {
        fs::write(folder.join(name), bytes).unwrap();
    }
    // What other programs save of an image that was removed.
    let card = sized_picture(Format::Png, 161, 81, 2000, 1);
    fs::write(folder.join("ccccccc.png"), card).unwrap();
    let args = ["old", "imgur.com/a/q6i58", "-o", "{key}.{ext}"];
    let done = adopt(&fetch, &args).fails(3);
    let told = "3 found: 2 adopted, 1 failed (1 changed); 1 with a warning";
    assert!(done.stderr.contains(told), "{}", done.stderr);
    let told = "adopted `bbbbbbb.jpg`; warning: it has ";
    assert!(done.stderr.contains(told), "{}", done.stderr);
    let told = "`ccccccc.png` exists, but it is not what the listing describes";
    assert!(done.stderr.contains(told), "{}", done.stderr);
}

#[test]
fn incomplete_files_of_other_programs_are_not_adopted() {
    let site = Site::start();
    let fetch = Fetch::new();
    for (name, beside) in [("a.jpg", "aria2"), ("b.jpg", "st"), ("c.jpg", "ytdl")] {
        // All of its length is there from the start, and so may its end be.
        fs::write(fetch.out().join(name), small(Format::Jpeg, 1)).unwrap();
        let beside = format!("{name}.{beside}");
        fs::write(fetch.out().join(&beside), "").unwrap();
        let done = adopt(&fetch, &[".", &site.url(&format!("/{name}"))]).fails(4);
        let told = format!(
            "`{name}` exists, but `{beside}` shows that another program has not finished it"
        );
        done.says(&told);
        fs::remove_file(fetch.out().join(&beside)).unwrap();
        let done = adopt(&fetch, &[".", &site.url(&format!("/{name}"))]).success();
        done.says("1 found: 1 adopted   ");
    }
}

#[test]
fn formats_without_an_end_marker_are_adopted_with_a_warning() {
    let site = Site::start();
    let fetch = Fetch::new();
    let bytes = [b"\xff\xf1\x50\x80".to_vec(), noise(5000, 1)].concat();
    fs::write(fetch.out().join("half.aac"), &bytes[..3000]).unwrap();
    let done = adopt(&fetch, &[".", &site.url("/half.aac")]).success();
    let told = "adopted `half.aac`; warning: nothing shows whether it is whole; a run with `--skip changed` compares it";
    done.says(told).says("1 found: 1 adopted; 1 with a warning");
    // A picture of which a listing tells the length.
    let mut bytes =
        b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x40\0\0\0\x40\0\0\0\x01\0\x18\0".to_vec();
    bytes.extend(noise(12_000, 1));
    let imgur = FakeImgur::start();
    let image = Image::of("aaaaaaa", Format::Jpeg, bytes.clone());
    imgur.album("q6i58", "Cats", vec![image]);
    fs::write(fetch.out().join("aaaaaaa.jpg"), &bytes).unwrap();
    let args = [".", "imgur.com/a/q6i58", "-o", "{key}.{ext}"];
    let done = adopt(&fetch.config(&imgur.config()), &args).success();
    done.says("1 found: 1 adopted   ");
}
