//! `fetch verify`: what was saved, held against what is there.

mod repair;

use std::fs;

use serde_json::Value;

use crate::support::media::{Format, sized, small};
use crate::support::{Reply, Site, command::Done, command::Fetch};

/// A folder with these files, fetched.
fn fetched(site: &Site, files: &[(&str, Vec<u8>)]) -> Fetch {
    let fetch = Fetch::new();
    let mut first = fetch.clone();
    for (path, bytes) in files {
        site.on(path, Reply::file(bytes.clone()));
        first = first.arg(site.url(path));
    }
    first.run().success();
    fetch
}

fn verify(fetch: &Fetch, args: &[&str]) -> Done {
    fetch.clone().arg("verify").args(args).run()
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn intact_files_are_whole() {
    let site = Site::start();
    let files = [
        ("/cat.jpg", small(Format::Jpeg, 1)),
        ("/notes.txt", b"not a medium".to_vec()),
    ];
    let fetch = fetched(&site, &files);
    let done = verify(&fetch, &[]).success();
    assert_eq!(done.stdout, "");
    assert!(
        done.stderr.starts_with("2 files: 2 whole; "),
        "{}",
        done.stderr
    );
}

#[test]
fn verify_names_every_problem() {
    let site = Site::start();
    let names = ["deleted", "cut", "other", "edited", "fine"];
    let paths = names.map(|name| format!("/{name}.jpg"));
    let files: Vec<_> = (0..)
        .zip(&paths)
        .map(|(seed, path)| (path.as_str(), sized(Format::Jpeg, 900, seed)))
        .collect();
    let fetch = fetched(&site, &files);
    let file = |name: &str| fetch.out().join(format!("{name}.jpg"));
    fs::remove_file(file("deleted")).unwrap();
    fs::write(file("cut"), &files[1].1[..700]).unwrap();
    let mut other = files[2].1.clone();
    other[500] ^= 1;
    fs::write(file("other"), other).unwrap();
    fs::write(file("edited"), sized(Format::Jpeg, 1000, 9)).unwrap();
    fs::write(file("mine"), "not fetched").unwrap();
    for ending in ["part", "part.new", "part.json", "part.json.new"] {
        let partial = format!(".0123456789abcdef.{ending}");
        fs::write(fetch.out().join(partial), "half").unwrap();
    }

    let done = verify(&fetch, &[]).fails(3);
    let expected = [
        "broken     cut.jpg: cut at byte 700: the end of the picture is missing",
        "broken     other.jpg: its bytes are not those that were saved, although its size is the same",
        "changed    edited.jpg: it has 1000 bytes instead of 900",
        "missing    deleted.jpg",
    ];
    assert_eq!(sorted(&done.stdout), expected);
    let told =
        "5 files: 1 whole, 1 missing, 2 broken, 1 changed; 1 file that the archive does not know; ";
    assert!(done.stderr.starts_with(told), "{}", done.stderr);

    let done = verify(&fetch, &["-v"]).fails(3);
    let more = ["unknown    mine.jpg", "whole      fine.jpg"];
    assert_eq!(sorted(&done.stdout), [&expected[..], &more].concat());

    let done = verify(&fetch, &["-j"]).fails(3);
    let lines = done
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut lines: Vec<_> = lines.collect();
    let sums = lines.pop().unwrap();
    assert_eq!(done.stderr, "");
    assert_eq!(
        (&sums["event"], &sums["broken"], &sums["unknown"]),
        (&"checks".into(), &2.into(), &1.into())
    );
    let missing = lines
        .iter()
        .find(|line| line["state"] == "missing")
        .unwrap();
    assert_eq!(
        (&missing["path"], &missing["source"]),
        (&"deleted.jpg".into(), &"direct".into())
    );
    assert_eq!(missing["key"], site.url("/deleted.jpg"));
    assert_eq!(lines.len(), 4);
}

#[test]
fn a_file_saved_flawed_is_not_reported_broken() {
    let site = Site::start();
    let cut = sized(Format::Jpeg, 900, 1)[..700].to_vec();
    let fetch = fetched(&site, &[("/cat.jpg", cut)]);
    site.forget();
    let done = verify(&fetch, &["--repair"]).success();
    let said = "flawed     cat.jpg: cut at byte 700: the end of the picture is missing; it was downloaded that way\n";
    assert_eq!(done.stdout, said);
    assert!(
        done.stderr.starts_with("1 file: 0 whole, 1 flawed; "),
        "{}",
        done.stderr
    );
    assert_eq!(site.requests().len(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn an_unreadable_folder_is_reported_and_others_verified() {
    let site = Site::start();
    let fetch = fetched(&site, &[("/cat.jpg", small(Format::Jpeg, 1))]);
    fs::write(fetch.out().join("mine.jpg"), "not fetched").unwrap();
    // So deep that its path is longer than the system takes, for whoever asks.
    let half = (0..12).fold(std::path::PathBuf::new(), |path, _| {
        path.join("x".repeat(200))
    });
    let (upper, lower) = (fetch.out().join("upper"), fetch.out().join("lower"));
    fs::create_dir_all(upper.join(&half)).unwrap();
    fs::create_dir_all(lower.join(&half)).unwrap();
    fs::rename(lower, upper.join(&half).join("lower")).unwrap();
    let done = verify(&fetch, &["-v"]).fails(3);
    let mut lines = done.stdout.lines();
    assert!(
        lines.any(|line| line == "unknown    mine.jpg"),
        "{}",
        done.stdout
    );
    assert!(
        done.stderr
            .starts_with("2 files: 1 whole, 1 unreadable; 1 file that"),
        "{}",
        done.stderr
    );
}

#[test]
fn a_part_of_a_folder_can_be_verified() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    site.on("/dog.jpg", Reply::file(small(Format::Jpeg, 2)));
    let fetch = Fetch::new();
    for (folder, path) in [("cats", "/cat.jpg"), ("dogs", "/dog.jpg")] {
        let template = format!("{folder}/{{name}}.{{ext}}");
        fetch
            .clone()
            .args(["-o", &template, &site.url(path)])
            .run()
            .success();
    }
    fs::remove_file(fetch.out().join("dogs/dog.jpg")).unwrap();
    verify(&fetch, &["cats"]).success();
    let done = verify(&fetch, &["dogs"]).fails(3);
    assert_eq!(done.stdout, "missing    dogs/dog.jpg\n");
    // The folder above has the whole output folder in it.
    let done = verify(&fetch, &[".."]).fails(3);
    assert!(
        done.stderr.starts_with("2 files: 1 whole, 1 missing"),
        "{}",
        done.stderr
    );
}

#[test]
fn a_missing_folder_is_not_taken_for_an_empty_one() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let fetch = Fetch::new();
    let first = fetch
        .clone()
        .args(["-d", "pictures", &site.url("/cat.jpg")]);
    first.run().success();
    let done = verify(&fetch, &["../home"]).fails(2);
    assert!(
        done.stderr.contains("the archive knows nothing below"),
        "{}",
        done.stderr
    );
    let done = verify(&fetch, &["pictures/cats"]).fails(2);
    done.says("error: there is no folder `pictures/cats`\n");
    let out = fetch.out().canonicalize().unwrap();
    fs::rename(out.join("pictures"), out.join("moved")).unwrap();
    let done = verify(&fetch, &[out.join("pictures").to_str().unwrap()]).fails(2);
    let hint = "tell the archive with `fetch archive move OLD NEW`";
    assert!(
        done.stderr.contains("is not there") && done.stderr.contains(hint),
        "{}",
        done.stderr
    );
}

#[test]
fn verify_needs_an_archive() {
    let done = verify(&Fetch::new(), &[]).fails(2);
    assert!(
        done.stderr.contains("there is no archive"),
        "{}",
        done.stderr
    );
}

#[test]
fn missing_and_broken_files_are_repaired_in_place() {
    let site = Site::start();
    let names = ["deleted", "cut", "edited", "fine"];
    let paths = names.map(|name| format!("/{name}.jpg"));
    let numbered = (0..).zip(&paths);
    let files = numbered.map(|(seed, path)| (path.as_str(), sized(Format::Jpeg, 900, seed)));
    let files: Vec<_> = files.collect();
    let fetch = Fetch::new();
    let mut first = fetch.clone().args(["-o", "a/{name}.{ext}"]);
    for (path, bytes) in &files {
        site.on(path, Reply::file(bytes.clone()));
        first = first.arg(site.url(path));
    }
    first.run().success();
    let whole = fetch.files();
    let file = |name: &str| fetch.out().join("a").join(name);
    fs::remove_file(file("deleted.jpg")).unwrap();
    fs::write(file("cut.jpg"), &files[1].1[..700]).unwrap();
    fs::write(file("cut.jpg.broken"), "from an earlier time").unwrap();
    fs::write(file("edited.jpg"), sized(Format::Jpeg, 1000, 9)).unwrap();
    site.forget();

    let done = verify(&fetch, &["--repair"]).fails(3);
    assert!(done.stderr.contains("2 found: 2 new"), "{}", done.stderr);
    assert!(
        done.stderr.contains("`--repair=changed`"),
        "{}",
        done.stderr
    );
    assert_eq!(site.requests().len(), 2);
    let now = fetch.files();
    for path in ["a/deleted.jpg", "a/cut.jpg", "a/fine.jpg"] {
        assert_eq!(now[path], whole[path], "{path}");
    }
    assert_eq!(now["a/cut.jpg.broken-2"], files[1].1[..700]);
    assert_eq!(now["a/edited.jpg"].len(), 1000);

    verify(&fetch, &["--repair=changed"]).success();
    let now = fetch.files();
    assert_eq!(
        (now["a/edited.jpg"].len(), now["a/edited.jpg.broken"].len()),
        (900, 1000)
    );
    verify(&fetch, &[]).success();
}

#[test]
fn changed_bytes_are_repaired_except_audio_tags() {
    let site = Site::start();
    let picture = sized(Format::Png, 9000, 1);
    // A FLAC with its stream's figures, and a comment that has room.
    let mut sound = b"fLaC\x00\x00\x00\x22".to_vec();
    sound.extend([0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0xc4, 0x42, 0xf0]);
    sound.extend([0; 20]);
    sound.extend(b"\x81\x00\x00\x40");
    sound.extend([0; 64]);
    sound.extend(b"\xff\xf8\xc9\x18\x00");
    sound.extend([7; 900]);
    let jpeg = sized(Format::Jpeg, 9000, 2);
    let files = [
        ("/cat.jpg", jpeg.clone()),
        ("/cat.png", picture.clone()),
        ("/cat.flac", sound.clone()),
    ];
    let fetch = fetched(&site, &files);
    let file = |name: &str| fetch.out().join(name);
    let (mut other, mut scratched) = (jpeg.clone(), picture.clone());
    other[4000..4100].iter_mut().for_each(|byte| *byte ^= 0x11);
    scratched[4000..4100]
        .iter_mut()
        .for_each(|byte| *byte ^= 0x11);
    let mut tagged = sound.clone();
    tagged[60] = b'x';
    fs::write(file("cat.jpg"), &other).unwrap();
    fs::write(file("cat.png"), scratched).unwrap();
    fs::write(file("cat.flac"), &tagged).unwrap();
    // The sound is left, and counts.
    let done = verify(&fetch, &["--repair"]).fails(3);
    assert!(
        done.stdout.contains("changed    cat.flac: "),
        "{}",
        done.stdout
    );
    let now = fetch.files();
    assert_eq!((&now["cat.jpg"], &now["cat.png"]), (&jpeg, &picture));
    assert_eq!(
        (&now["cat.jpg.broken"], &now["cat.flac"]),
        (&other, &tagged)
    );
    verify(&fetch, &["--repair=changed"]).success();
    assert_eq!(fetch.files()["cat.flac"], sound);
}

#[test]
fn a_broken_file_is_kept_until_its_replacement_is_complete() {
    let site = Site::start();
    let fetch = fetched(&site, &[("/cat.jpg", sized(Format::Jpeg, 900, 1))]);
    let cut = sized(Format::Jpeg, 900, 1)[..700].to_vec();
    fs::write(fetch.out().join("cat.jpg"), &cut).unwrap();
    site.on("/cat.jpg", Reply::empty(404));
    let done = verify(&fetch, &["--repair"]).fails(4);
    assert!(!done.stderr.contains(".broken"), "{}", done.stderr);
    assert_eq!(fetch.files(), [("cat.jpg".to_owned(), cut.clone())].into());
    site.on("/cat.jpg", Reply::file(sized(Format::Jpeg, 900, 2)));
    let done = verify(&fetch, &["--repair"]).success();
    assert!(done.stderr.contains("`NAME.broken`"), "{}", done.stderr);
    // The site may have another file by now; what it has is what is there.
    assert_eq!(fetch.files()["cat.jpg"], sized(Format::Jpeg, 900, 2));
    assert_eq!(fetch.files()["cat.jpg.broken"], cut);
}

#[test]
fn a_missing_root_is_reported_and_others_verified() {
    let site = Site::start();
    let fetch = Fetch::new();
    for (folder, seed) in [("here", 1), ("gone", 2)] {
        let path = format!("/{folder}.jpg");
        site.on(&path, Reply::file(small(Format::Jpeg, seed)));
        let call = fetch.clone().args(["-d", folder]).arg(site.url(&path));
        call.run().success();
    }
    fs::remove_dir_all(fetch.out().join("gone")).unwrap();
    let done = verify(&fetch, &["."]).fails(3);
    assert!(
        done.stdout
            .contains("gone: the output folder is not there; create it again"),
        "{}",
        done.stdout
    );
    done.says("1 whole, 1 unreadable");
    // Made again, it gets its files back.
    fs::create_dir(fetch.out().join("gone")).unwrap();
    verify(&fetch, &[".", "--repair"]).success();
    assert!(fetch.files().contains_key("gone/gone.jpg"));
}

#[test]
fn a_file_given_to_verify_is_refused() {
    let site = Site::start();
    let fetch = fetched(&site, &[("/cat.jpg", small(Format::Jpeg, 1))]);
    verify(&fetch, &["cat.jpg"])
        .fails(2)
        .says("`cat.jpg` is a file");
}
