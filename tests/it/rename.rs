//! `fetch rename`: another template for what is there.

mod albums;
mod alone;
mod calls;
mod kills;
mod lists;

use std::fs;

use fetch::pipeline::archive::Records;
use serde_json::Value;

use crate::support::command::{Done, Fetch};
use crate::support::imgur::{FakeImgur, Image};
use crate::support::media::{Format, sized_picture, small};
use crate::support::{Reply, Site};

/// A call that renames with this template.
fn rename(fetch: &Fetch, template: &str) -> Fetch {
    fetch.clone().args(["rename", "-o", template])
}

/// Pictures called `0.jpg`, `1.jpg`… and a call that fetches them.
fn pictures(site: &Site, count: u64) -> (Fetch, Vec<String>) {
    let links = (0..count).map(|number| {
        let path = format!("/{number}.jpg");
        site.on(&path, Reply::file(small(Format::Jpeg, number)));
        site.url(&path)
    });
    (Fetch::new(), links.collect())
}

/// The paths of the records, each of which has its file.
fn recorded(fetch: &Fetch) -> Vec<String> {
    let archive = fetch.root().join("home/state/fetch/archive.db");
    let records = Records::open(&archive, &fetch.out()).unwrap().unwrap();
    let paths = records
        .items()
        .map(|known| known.unwrap().record.unwrap().path);
    let mut paths: Vec<String> = paths.collect();
    for path in &paths {
        assert!(fetch.out().join(path).is_file(), "{path}");
    }
    paths.sort();
    paths
}

fn names(fetch: &Fetch) -> Vec<String> {
    fetch.files().into_keys().collect()
}

fn objects(done: &Done) -> Vec<Value> {
    let lines = done.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn files_and_their_metadata_move_without_a_request() {
    let site = Site::start();
    let (fetch, links) = pictures(&site, 2);
    let first = fetch
        .clone()
        .args(["--write-metadata", "-o", "old/deep/{name}.{ext}"]);
    let first = first.args(&links);
    first.run().success();
    let bytes = fetch.files()["old/deep/0.jpg"].clone();
    let requests = site.requests().len();

    let template = "{kind}/{name} {size}.{ext}";
    let size = |number: u64| small(Format::Jpeg, number).len();
    let new = [
        format!("image/0 {}.jpg", size(0)),
        format!("image/1 {}.jpg", size(1)),
    ];
    let told = rename(&fetch, template).arg("-s").run().success();
    let line = format!("old/deep/0.jpg → {}\n", new[0]);
    assert!(told.stdout.contains(&line), "{}", told.stdout);
    assert_eq!(told.stderr, "would move 2 files, 0 are right already\n");
    assert_eq!(recorded(&fetch), ["old/deep/0.jpg", "old/deep/1.jpg"]);

    let done = rename(&fetch, template).run().success();
    assert_eq!(done.stderr, "moved 2 files, 0 are right already\n");
    assert_eq!(recorded(&fetch), new);
    let files = fetch.files();
    let sidecars = new.clone().map(|path| format!("{path}.json"));
    let expected = [&new[0], &sidecars[0], &new[1], &sidecars[1]];
    assert_eq!(files.keys().collect::<Vec<_>>(), expected);
    assert_eq!(files[&new[0]], bytes);
    let sidecar: Value = serde_json::from_slice(&files[&sidecars[0]]).unwrap();
    assert_eq!(sidecar["path"], new[0]);
    // The folders that it left empty are gone.
    assert!(!fetch.out().join("old").exists());

    let again = rename(&fetch, template).arg("-j").run().success();
    let summary = objects(&again).pop().unwrap();
    assert_eq!(
        (&summary["moved"], &summary["right"]),
        (&0.into(), &2.into())
    );
    assert_eq!(site.requests().len(), requests);
}

#[test]
fn metadata_lines_work_like_metadata_files() {
    let site = Site::start();
    let (fetch, links) = pictures(&site, 2);
    let lines = fetch.clone().args(["-S", "after.lines=true"]).args(&links);
    lines.run().success();
    rename(&fetch, "a/{name}.{ext}").run().success();
    assert_eq!(recorded(&fetch), ["a/0.jpg", "a/1.jpg"]);
    rename(&fetch, "b/{name}.{ext}").run().success();
    assert_eq!(recorded(&fetch), ["b/0.jpg", "b/1.jpg"]);
    let files = fetch.files();
    let lines = String::from_utf8(files["metadata.jsonl"].clone()).unwrap();
    // Which of the two was saved first is open, and with it the order of the lines.
    let lines = lines.lines().skip(4);
    let told = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut paths: Vec<_> = told.map(|line| line["path"].clone()).collect();
    paths.sort_by_key(Value::to_string);
    assert_eq!(paths, ["b/0.jpg", "b/1.jpg"]);
}

#[test]
fn unknown_fields_give_no_wrong_name() {
    let site = Site::start();
    let (fetch, links) = pictures(&site, 1);
    fetch.clone().args(&links).run().success();
    let done = rename(&fetch, "{title or key | slug}.{ext}").run().fails(4);
    let expected = "0.jpg stays: its field `title` is not known\nmoved 0 files, 0 are right already, 1 stays where it is\nhint: give their links to look up missing fields: `fetch rename LINK…`\n";
    assert_eq!(done.stderr, expected);
    assert_eq!(recorded(&fetch), ["0.jpg"]);
    // What the archive itself knows is enough for this.
    rename(&fetch, "{source}/{kind} {size}.{ext}")
        .run()
        .success();
    let size = small(Format::Jpeg, 0).len();
    assert_eq!(recorded(&fetch), [format!("direct/image {size}.jpg")]);
}

#[test]
fn rename_replaces_nothing_and_stays_in_the_root() {
    let site = Site::start();
    let (fetch, links) = pictures(&site, 2);
    fetch.clone().args(&links).run().success();
    fs::create_dir(fetch.out().join("direct")).unwrap();
    fs::write(fetch.out().join("direct/x.jpg"), "precious").unwrap();
    rename(&fetch, "{source}/x.{ext}").run().success();
    assert_eq!(recorded(&fetch), ["direct/x (2).jpg", "direct/x (3).jpg"]);
    assert_eq!(fetch.files()["direct/x.jpg"], b"precious");
    // The same names each time.
    let again = rename(&fetch, "{source}/x.{ext}").run().success();
    assert_eq!(again.stderr, "moved 0 files, 2 are right already\n");

    fs::remove_file(fetch.out().join("direct/x (2).jpg")).unwrap();
    #[cfg(unix)]
    {
        let elsewhere = fetch.root().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, fetch.out().join("link")).unwrap();
        let done = rename(&fetch, "link/{source}.{ext}").run().fails(4);
        assert!(
            done.stderr.contains("direct/x (3).jpg stays: "),
            "{}",
            done.stderr
        );
        assert!(done.stderr.contains("1 is not there"), "{}", done.stderr);
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    }
}

#[test]
fn a_run_with_another_template_moves_nothing() {
    let site = Site::start();
    let (fetch, links) = pictures(&site, 2);
    fetch.clone().args(&links).run().success();
    let requests = site.requests().len();
    let again = fetch.clone().args(["-o", "new/{name}.{ext}"]).args(&links);
    let done = again.run().success();
    assert!(done.stderr.contains("2 had"), "{}", done.stderr);
    assert_eq!(names(&fetch), ["0.jpg", "1.jpg"]);
    assert_eq!(site.requests().len(), requests);
}

#[test]
fn fields_not_recorded_are_listed_from_the_link() {
    let imgur = FakeImgur::start();
    let images = ["aaaaaaa", "bbbbbbb"].map(|id| Image::new(id, Format::Jpeg).title("Tom"));
    imgur.album("q6i58", "Cats", images.to_vec());
    let fetch = Fetch::new().config(&imgur.config());
    fetch.clone().arg("imgur.com/a/q6i58").run().success();
    let before = names(&fetch);
    imgur.cdn.forget();
    let rename = rename(&fetch, "{album}/{title} {number}.{ext}");
    let told = rename.run().fails(4);
    assert!(
        told.stderr.contains("`fetch rename LINK…`"),
        "{}",
        told.stderr
    );
    assert_eq!(names(&fetch), before);
    let done = rename.arg("imgur.com/a/q6i58").run().success();
    assert_eq!(done.stderr, "moved 2 files, 0 are right already\n");
    assert_eq!(
        recorded(&fetch),
        ["Cats q6i58/Tom 1.jpg", "Cats q6i58/Tom 2.jpg"]
    );
    assert_eq!(names(&fetch), recorded(&fetch));
    assert!(imgur.cdn.requests().is_empty());
    let again = fetch
        .clone()
        .args(["-o", "{album}/{title} {number}.{ext}", "imgur.com/a/q6i58"]);
    let again = again.run().success();
    assert_eq!(again.stderr_filtered(), "2 found: 0 new, 2 had   TIME\n");
}

#[test]
fn a_downloaded_json_is_not_taken_for_metadata() {
    let site = Site::start();
    let (fetch, links) = pictures(&site, 1);
    let key = &links[0];
    let page =
        format!(r#"{{"source": "direct", "key": "{key}", "title": "evil", "url": "{key}"}}"#);
    for name in ["/0.jpg.json", "/metadata.jsonl"] {
        site.on(
            name,
            Reply::text(page.clone()).content_type("application/octet-stream"),
        );
    }
    let all = fetch.clone().args(&links);
    let all = all.args(["/0.jpg.json", "/metadata.jsonl"].map(|name| site.url(name)));
    all.run().success();
    let before = fetch.files();
    assert_eq!(before.len(), 3);
    let done = rename(&fetch, "{title}.{ext}").run().fails(4);
    assert!(
        done.stderr.contains("`title` is not known"),
        "{}",
        done.stderr
    );
    assert!(fetch.files() == before);
    assert_eq!(recorded(&fetch).len(), 3);
}

#[test]
fn unreadable_metadata_gives_no_name() {
    let site = Site::start();
    let (fetch, links) = pictures(&site, 1);
    let first = fetch.clone().arg("--write-metadata").args(&links);
    first.run().success();
    let beside = fetch.out().join("0.jpg.json");
    let mut document: Value = serde_json::from_slice(&fs::read(&beside).unwrap()).unwrap();
    document["title"] = 5.into();
    fs::write(&beside, document.to_string()).unwrap();
    rename(&fetch, "{title or key | slug}.{ext}").run().fails(4);
    assert_eq!(recorded(&fetch), ["0.jpg"]);
}

#[test]
fn the_size_field_is_the_size_of_the_file() {
    let site = Site::start();
    let (fetch, links) = pictures(&site, 1);
    fetch.clone().args(&links).run().success();
    rename(&fetch, "{kind} {size}.{ext}")
        .args(&links)
        .run()
        .success();
    let size = small(Format::Jpeg, 0).len();
    assert_eq!(recorded(&fetch), [format!("image {size}.jpg")]);
}

#[test]
fn a_simulated_rename_numbers_colliding_names() {
    const FILES: u64 = 205;
    let site = Site::start();
    let (fetch, links) = pictures(&site, FILES);
    fetch.clone().args(&links).run().success();
    let call = rename(&fetch, "{source}/x.{ext}");
    let told = call.clone().arg("-s").run().success();
    let new = |text: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.split_once(" → "));
        lines.map(|(_, new)| new.to_owned()).collect()
    };
    let foretold = new(&told.stdout);
    assert_eq!(foretold.len() as u64, FILES);
    assert_eq!(new(&call.run().success().stdout), foretold);
    let mut names = foretold;
    names.sort();
    assert_eq!(recorded(&fetch), names);
}

/// Three pictures of different sizes that were fetched, and a template by which they change their names in a ring.
fn ring(site: &Site) -> (Fetch, &'static str) {
    let fetch = Fetch::new();
    let links = (0..3).map(|number| {
        let path = format!("/{number}.jpg");
        let bytes = sized_picture(Format::Jpeg, 8, 8, 1000 + 100 * number, number as u64);
        site.on(&path, Reply::file(bytes));
        site.url(&path)
    });
    let first = fetch.clone().arg("--write-metadata").args(links);
    first.run().success();
    let template = "{'1' if size == 1000 else '2' if size == 1100 else '0'}.{ext}";
    (fetch, template)
}

#[test]
fn files_can_swap_names_in_one_run() {
    let site = Site::start();
    let (fetch, template) = ring(&site);
    let before = fetch.files();
    let lines = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let expected = ["0.jpg → 1.jpg", "1.jpg → 2.jpg", "2.jpg → 0.jpg"];
    let told = rename(&fetch, template).arg("-s").run().success();
    assert_eq!(lines(&told.stdout), expected);
    let done = rename(&fetch, template).run().success();
    assert_eq!(lines(&done.stdout), expected);
    assert_eq!(done.stderr, "moved 3 files, 0 are right already\n");
    let files = fetch.files();
    for (old, new) in [("0.jpg", "1.jpg"), ("1.jpg", "2.jpg"), ("2.jpg", "0.jpg")] {
        assert!(files[new] == before[old], "{new}");
    }
    assert_eq!(files.len(), 6, "{:?}", files.keys());
    recorded(&fetch);
    let again = rename(&fetch, template).run().success();
    assert_eq!(again.stderr, "moved 0 files, 3 are right already\n");
}

#[cfg(unix)]
#[test]
fn an_old_name_that_cannot_be_removed_does_not_stop_others() {
    use std::os::unix::fs::PermissionsExt;

    let site = Site::start();
    let (fetch, links) = pictures(&site, 3);
    for (link, folder) in links.iter().zip(["a", "b", "c"]) {
        let call = fetch
            .clone()
            .args(["-o", &format!("{folder}/{{name}}.{{ext}}")]);
        call.arg(link).run().success();
    }
    let lock = |mode| {
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(fetch.out().join("b"), mode).unwrap();
    };
    lock(0o555);
    // Whoever may do everything is not kept from it.
    if fs::write(fetch.out().join("b/try"), "").is_ok() {
        lock(0o755);
        crate::support::skip("this user may write everywhere");
        return;
    }
    let template = "new/{kind} {size}.{ext}";
    for expected in ["2 moved", "0 moved"] {
        let done = rename(&fetch, template).run().fails(3);
        assert!(done.stderr.contains(expected), "{}", done.stderr);
        let told = "the name `b/1.jpg` cannot be removed";
        assert!(done.stderr.contains(told), "{}", done.stderr);
        assert_eq!(recorded(&fetch).len(), 3);
    }
    lock(0o755);
    rename(&fetch, template).run().success();
    assert_eq!(names(&fetch), recorded(&fetch));
    assert_eq!(names(&fetch).len(), 3);
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_is_renamed() {
    use std::os::unix::fs::PermissionsExt;

    let site = Site::start();
    let (fetch, links) = pictures(&site, 1);
    fetch.clone().args(&links).run().success();
    let lock = |name: &str, mode| {
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(fetch.out().join(name), mode).unwrap();
    };
    lock("0.jpg", 0);
    // Whoever may do everything reads it.
    if fs::read(fetch.out().join("0.jpg")).is_ok() {
        crate::support::skip("this user may read everything");
        return;
    }
    rename(&fetch, "{source}.{ext}").run().success();
    lock("direct.jpg", 0o644);
    assert_eq!(names(&fetch), ["direct.jpg"]);
}
