//! What follows a whole album: what is known of it, and its files packed.

mod cut_short;
mod forged;
mod info;
mod kept;
mod only;
mod repaired;
mod stays;

use crate::support::command::Fetch;
use crate::support::imgur::{FakeImgur, Image};
use crate::support::media::{Format, sized, small};
use crate::support::{Reply, Site, skip, works};

const FOLDER: &str = "imgur/Cats q6i58";

pub(crate) fn image(name: &str) -> Image {
    let number = name.bytes().map(u64::from).sum();
    let bytes = sized(Format::Jpeg, 3000 + number as usize, number);
    Image::of(name, Format::Jpeg, bytes)
}

/// An album of these images.
fn album(names: &[&str]) -> (FakeImgur, Fetch) {
    let imgur = FakeImgur::start();
    imgur.album(
        "q6i58",
        "Cats",
        names.iter().map(|name| image(name)).collect(),
    );
    let fetch = Fetch::new().config(&imgur.config()).arg("q6i58");
    (imgur, fetch)
}

pub(crate) fn info(fetch: &Fetch, path: &str) -> serde_json::Value {
    serde_json::from_slice(&fetch.files()[path]).unwrap()
}

/// What an info says of its items: the key, and a field.
fn told(info: &serde_json::Value, field: &str) -> Vec<String> {
    let items = info["items"].as_array().unwrap().iter();
    let told = items.map(|item| format!("{} {}", item["key"].as_str().unwrap(), item[field]));
    told.collect()
}

/// The entries of a ZIP, read by the index alone: names in their order, and the bytes of each.
pub(crate) fn entries(zip: &[u8]) -> Vec<(String, Vec<u8>)> {
    let word = |at: usize| usize::from(u16::from_le_bytes([zip[at], zip[at + 1]]));
    let number = |at: usize| word(at) | word(at + 2) << 16;
    let end = zip
        .windows(4)
        .rposition(|magic| magic == b"PK\x05\x06")
        .unwrap();
    let mut at = number(end + 16);
    let mut entries = Vec::new();
    for _ in 0..word(end + 10) {
        assert_eq!(&zip[at..at + 4], b"PK\x01\x02");
        let (length, name, local) = (number(at + 24), word(at + 28), number(at + 42));
        let text = std::str::from_utf8(&zip[at + 46..at + 46 + name]).unwrap();
        assert!(text.is_ascii() || word(at + 8) & 1 << 11 != 0, "{text}");
        let begin = local + 30 + word(local + 26) + word(local + 28);
        entries.push((text.to_owned(), zip[begin..begin + length].to_vec()));
        at += 46 + name + word(at + 30) + word(at + 32);
    }
    assert_eq!(at, end);
    entries
}

pub(crate) fn names(zip: &[u8]) -> Vec<String> {
    entries(zip).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn files_are_packed_in_order_and_kept() {
    let imgur = FakeImgur::start();
    let images = vec![
        image("aaaaaaa").title("Zoë 猫"),
        image("bbbbbbb").title("A"),
        Image::of("ccccccc", Format::Mp4, sized(Format::Mp4, 4000, 3)),
    ];
    imgur.album("q6i58", "Kätzchen <&>", images.clone());
    let fetch = Fetch::new().config(&imgur.config());
    let fetch = fetch.args(["q6i58", "--zip", "--cbz"]);
    let done = fetch.run().success();
    let files = fetch.files();
    let first = files.keys().find_map(|path| path.split_once("/001 "));
    let folder = first.unwrap().0;
    let (zip, cbz) = (format!("{folder}.zip"), format!("{folder}.cbz"));
    let line = format!("packed `{zip}`, 3 files, ");
    assert!(done.stderr.contains(&line), "{}", done.stderr);
    let expected = ["001 Zoë 猫.jpg", "002 A.jpg", "003 ccccccc.mp4"];
    let packed = entries(&files[&zip]);
    for ((name, bytes), expected) in packed.iter().zip(expected) {
        assert_eq!(name, expected);
        assert!(bytes == &files[&format!("{folder}/{name}")]);
    }
    assert_eq!(
        names(&files[&cbz]),
        ["001 Zoë 猫.jpg", "002 A.jpg", "ComicInfo.xml"]
    );
    let comic = String::from_utf8(entries(&files[&cbz]).remove(2).1).unwrap();
    assert!(
        comic.contains("<Title>Kätzchen &lt;&amp;&gt;</Title>"),
        "{comic}"
    );
    assert!(comic.contains("<PageCount>2</PageCount>"), "{comic}");
    // It is no item: nothing is fetched again, and nothing is packed again.
    let asked = imgur.cdn.requests().len();
    let again = fetch.run().success();
    assert!(!again.stderr.contains("packed"), "{}", again.stderr);
    assert_eq!(imgur.cdn.requests().len(), asked);
    assert!(fetch.files() == files);
    // Others read it.
    let archive = fetch.out().join(&zip);
    for (program, arguments) in [
        ("unzip", vec!["-tqq"]),
        ("python3", vec!["-m", "zipfile", "-t"]),
    ] {
        if !works(program, &["--help"]) {
            skip(&format!("there is no {program}"));
            continue;
        }
        let mut command = std::process::Command::new(program);
        let status = command
            .args(&arguments)
            .arg(&archive)
            .output()
            .unwrap()
            .status;
        assert!(status.success(), "{program}");
    }
}

#[test]
fn a_grown_album_is_packed_again() {
    let (imgur, fetch) = album(&["aaaaaaa", "bbbbbbb"]);
    let fetch = fetch.arg("--zip");
    fetch.run().success();
    imgur.album(
        "q6i58",
        "Cats",
        ["aaaaaaa", "bbbbbbb", "ccccccc"].map(image).to_vec(),
    );
    let done = fetch.run().success();
    assert!(
        done.stderr
            .contains("packed `imgur/Cats q6i58.zip`, 3 files"),
        "{}",
        done.stderr
    );
    let packed = entries(&fetch.files()["imgur/Cats q6i58.zip"]);
    let (name, content) = &packed[2];
    assert_eq!(name, "003 ccccccc.jpg");
    assert!(content == image("ccccccc").bytes());
    // So is one of which a file was changed, be it as long and as old as before.
    let file = fetch.out().join(FOLDER).join("002 bbbbbbb.jpg");
    let modified = std::fs::metadata(&file).unwrap().modified().unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    let opened = std::fs::File::options().write(true).open(&file).unwrap();
    opened.set_modified(modified).unwrap();
    if cfg!(unix) {
        fetch.run().success();
        assert!(entries(&fetch.files()["imgur/Cats q6i58.zip"])[1].1 == bytes);
    }
}

#[test]
fn an_album_with_failures_is_not_packed() {
    let imgur = FakeImgur::start();
    let good = image("bbbbbbb").good();
    let bad = image("bbbbbbb").replies([Reply::empty(451), good]);
    imgur.album("q6i58", "Cats", vec![image("aaaaaaa"), bad]);
    let fetch = Fetch::new().config(&imgur.config());
    let fetch = fetch.args(["q6i58", "--zip", "--write-info"]);
    let done = fetch.run().fails(3);
    let line = "failed: `zip` for `imgur/Cats q6i58.zip`: 1 of its 2 items failed\n";
    assert!(done.stderr.contains(line), "{}", done.stderr);
    assert!(!fetch.files().contains_key("imgur/Cats q6i58.zip"));
    let path = format!("{FOLDER}/info.json");
    let outcomes = ["aaaaaaa \"saved\"", "bbbbbbb \"failed\""];
    assert_eq!(told(&info(&fetch, &path), "outcome"), outcomes);
    fetch.run().success();
    assert_eq!(
        names(&fetch.files()["imgur/Cats q6i58.zip"]),
        ["001 aaaaaaa.jpg", "002 bbbbbbb.jpg"]
    );
    assert_eq!(
        told(&info(&fetch, &path), "outcome")[1],
        "bbbbbbb \"saved\""
    );
}

#[test]
fn foreign_files_are_left_alone_by_packing() {
    let (_imgur, fetch) = album(&["aaaaaaa"]);
    let fetch = fetch.args(["--zip", "--write-info"]);
    let folder = fetch.out().join(FOLDER);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("info.json"), "{\"mine\": 1}").unwrap();
    std::fs::write(fetch.out().join("imgur/Cats q6i58.zip"), "mine").unwrap();
    fetch.run().success();
    fetch.run().success();
    let files = fetch.files();
    let paths: Vec<_> = files.keys().map(String::as_str).collect();
    let expected = [
        "imgur/Cats q6i58 (2).zip",
        "imgur/Cats q6i58.zip",
        "imgur/Cats q6i58/001 aaaaaaa.jpg",
        "imgur/Cats q6i58/info (2).json",
        "imgur/Cats q6i58/info.json",
    ];
    assert_eq!(paths, expected);
    assert_eq!(files["imgur/Cats q6i58.zip"], b"mine");
    assert_eq!(files["imgur/Cats q6i58/info.json"], b"{\"mine\": 1}");
}

#[test]
fn albums_sharing_a_folder_are_packed_separately() {
    let imgur = FakeImgur::start();
    imgur.album("q6i58", "Cats", vec![image("aaaaaaa"), image("bbbbbbb")]);
    imgur.album("abcde", "Dogs", vec![image("ccccccc")]);
    let fetch = Fetch::new().config(&imgur.config());
    let fetch = fetch.args(["imgur:a/q6i58", "imgur:a/abcde", "--zip", "--write-info"]);
    let fetch = fetch.args(["-o", "{source}/{key}.{ext}"]);
    for _ in 0..2 {
        fetch.run().success();
        let files = fetch.files();
        assert_eq!(names(&files["imgur.zip"]), ["aaaaaaa.jpg", "bbbbbbb.jpg"]);
        assert_eq!(names(&files["imgur (2).zip"]), ["ccccccc.jpg"]);
        assert_eq!(info(&fetch, "imgur/info.json")["title"], "Cats");
        assert_eq!(info(&fetch, "imgur/info (2).json")["title"], "Dogs");
        assert_eq!(files.len(), 7);
    }
    // In no folder, an album has the name that its folder would have.
    let fetch = Fetch::new().config(&imgur.config());
    let fetch = fetch.args(["imgur:a/q6i58", "--zip", "-o", "{key}.{ext}"]);
    fetch.run().success();
    assert_eq!(
        names(&fetch.files()["Cats q6i58.zip"]),
        ["aaaaaaa.jpg", "bbbbbbb.jpg"]
    );
}

#[test]
fn a_page_without_media_is_not_packed() {
    let site = Site::start();
    site.on("/page", Reply::html("<!DOCTYPE html><title>x</title>"));
    let fetch = Fetch::new().args(["--zip", "--cbz", "--write-info"]);
    let fetch = fetch.arg(site.url("/page"));
    let done = fetch.run();
    assert!(
        fetch.files().is_empty() && !done.stderr.contains("zip"),
        "{}",
        done.stderr
    );
}

#[test]
fn albums_of_a_listing_are_packed_individually() {
    let imgur = FakeImgur::start();
    imgur.album("q6i58", "Cats", vec![image("aaaaaaa"), image("bbbbbbb")]);
    imgur.album("abcde", "Dogs", vec![image("ccccccc")]);
    let site = Site::start();
    let feed = format!(
        "<?xml version='1.0'?><rss version=\"2.0\"><channel><title>Posts</title>\
         <item><title>1</title><enclosure url=\"{0}\" type=\"image/jpeg\"/></item>\
         <item><title>2</title><enclosure url=\"{1}\" type=\"image/jpeg\"/></item>\
         </channel></rss>",
        site.url("/x.jpg"),
        site.url("/y.jpg"),
    );
    site.on(
        "/feed",
        Reply::text(&feed).content_type("application/rss+xml"),
    );
    site.on("/x.jpg", Reply::file(small(Format::Jpeg, 1)));
    site.on("/y.jpg", Reply::file(small(Format::Jpeg, 2)));
    let fetch = Fetch::new().config(&imgur.config());
    let fetch = fetch.args([
        "imgur:a/q6i58",
        &site.url("/feed"),
        "imgur:a/abcde",
        "--zip",
    ]);
    fetch.run().success();
    let files = fetch.files();
    let zips: Vec<_> = files
        .iter()
        .filter(|(path, _)| path.ends_with(".zip"))
        .collect();
    let counts: Vec<_> = zips.iter().map(|(_, bytes)| names(bytes).len()).collect();
    assert_eq!(counts.len(), 3, "{:?}", files.keys());
    assert_eq!(counts.iter().sum::<usize>(), 5, "{counts:?}");
}

#[test]
fn a_file_changed_after_saving_is_packed_as_it_is() {
    if !works("sh", &["-c", "true"]) {
        return skip("there is no sh");
    }
    let (_imgur, fetch) = album(&["aaaaaaa"]);
    let fetch = fetch.args(["--zip", "--exec", "sh -c 'printf x >> \"$1\"' _ {path}"]);
    fetch.run().success();
    let files = fetch.files();
    let packed = entries(&files["imgur/Cats q6i58.zip"]);
    assert!(packed[0].1 == files["imgur/Cats q6i58/001 aaaaaaa.jpg"]);
    assert!(packed[0].1.ends_with(b"x"));
}

#[test]
fn sidecar_files_are_not_counted_as_unknown() {
    let imgur = FakeImgur::start();
    imgur.album("q6i58", "Cats", vec![image("aaaaaaa")]);
    let text = "[after]\nlines = true\nmetadata = true\ninfo = true\nzip = true\ncbz = true\n";
    let fetch = Fetch::new().config(&(imgur.config() + text));
    fetch.clone().arg("q6i58").run().success();
    assert_eq!(fetch.files().len(), 6);
    let verify = || fetch.clone().arg("verify").run().success().stderr;
    let told = verify();
    assert!(told.starts_with("1 file: 1 whole; "), "{told}");
    assert!(!told.contains("does not know"), "{told}");
    // What only looks like it is.
    std::fs::write(fetch.out().join("info.json"), "{}").unwrap();
    std::fs::write(fetch.out().join("cats.zip"), "PK\x05\x06").unwrap();
    let told = verify();
    assert!(
        told.contains("2 files that the archive does not know"),
        "{told}"
    );
}

#[test]
fn packed_items_are_verified_inside_their_zip() {
    let imgur = FakeImgur::start();
    imgur.album("q6i58", "Cats", vec![image("aaaaaaa"), image("bbbbbbb")]);
    let fetch = Fetch::new().config(&imgur.config());
    fetch.clone().args(["q6i58", "--zip"]).run().success();
    let zip = fetch.out().join(format!("{FOLDER}.zip"));
    let verify = |code: i32| fetch.clone().args(["verify", "-v"]).run().fails(code);
    let first = fetch
        .files()
        .into_keys()
        .find(|path| path.ends_with(".jpg"));
    std::fs::remove_file(fetch.out().join(first.unwrap())).unwrap();
    let done = verify(0).says("2 files: 1 whole, 1 packed");
    let line = format!("in `{FOLDER}.zip`\n");
    assert!(done.stdout.contains(&line), "{}", done.stdout);
    // A copy is found when the one before is gone.
    let copy = fetch.out().join(format!("{FOLDER} (3).zip"));
    std::fs::rename(&zip, &copy).unwrap();
    let done = verify(0).says("2 files: 1 whole, 1 packed");
    let line = format!("in `{FOLDER} (3).zip`\n");
    assert!(done.stdout.contains(&line), "{}", done.stdout);
    std::fs::rename(&copy, &zip).unwrap();
    // A byte of the first picture in it.
    let mut bytes = std::fs::read(&zip).unwrap();
    bytes[1000] ^= 1;
    std::fs::write(&zip, bytes).unwrap();
    let done = verify(3).says("3 files: 1 whole, 1 missing, 1 broken");
    let told = "in it has other bytes than were packed";
    assert!(done.stdout.contains(told), "{}", done.stdout);
    let told = format!(": `{FOLDER}.zip` has other bytes\n");
    assert!(done.stdout.contains(&told), "{}", done.stdout);
}

#[test]
fn zip_only_without_an_archive_is_refused() {
    for flag in ["--zip=only", "--cbz=only"] {
        let call = Fetch::new().args(["--no-archive", flag, "a.org"]);
        let told = "error: files can be deleted after packing only if an archive remembers them\n";
        call.run().fails(2).says(told);
    }
}
