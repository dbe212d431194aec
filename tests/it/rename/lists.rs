//! What a list says of a link holds for the names of its files, as it does in a run.

use std::fs;

use super::{names, recorded, rename};
use crate::packing::image;
use crate::support::command::Fetch;
use crate::support::imgur::FakeImgur;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

const TEMPLATE: &str = "{album_title}/{number}.{ext}";

fn list(fetch: &Fetch, text: &str) {
    fs::write(fetch.root().join("links.txt"), text).unwrap();
}

/// A job with two albums of one title, of which a list says this.
fn job(first: &str, second: &str) -> (FakeImgur, Fetch) {
    let imgur = FakeImgur::start();
    imgur.album("q6i58", "Cats", vec![image("aaaaaaa")]);
    imgur.album("zzzzz", "Cats", vec![image("bbbbbbb")]);
    let fetch = Fetch::new();
    let lists = fetch.root().join("links.txt");
    let job = format!(
        "job.j.lists = ['{}']\njob.j.template = '{TEMPLATE}'\nafter.metadata = true\n",
        lists.display()
    );
    let fetch = fetch.config(&format!("{job}{}", imgur.config()));
    options(&fetch, first, second);
    (imgur, fetch)
}

fn options(fetch: &Fetch, first: &str, second: &str) {
    let text = format!("imgur.com/a/q6i58 {first}\nimgur.com/a/zzzzz {second}\n");
    list(fetch, &text);
}

/// The names of all files but the metadata beside them.
fn pictures(fetch: &Fetch) -> Vec<String> {
    let mut names = names(fetch);
    names.retain(|name| !name.ends_with(".json"));
    names
}

/// Makes the archive what an earlier version has left, which did not note what held for a link alone.
fn forget_options(fetch: &Fetch) {
    let file = fetch.root().join("home/state/fetch/archive.db");
    let archive = rusqlite::Connection::open(file).unwrap();
    let older = "ALTER TABLE item DROP COLUMN naming; PRAGMA user_version = 3";
    archive.execute_batch(older).unwrap();
}

#[test]
fn renaming_a_job_keeps_the_folders_and_names_of_its_list() {
    let (_imgur, fetch) = job("directory=mine", "directory=yours template='{key}.{ext}'");
    fetch.clone().args(["run", "j"]).run().success();
    let expected = ["mine/Cats/1.jpg", "yours/bbbbbbb.jpg"];
    assert_eq!(pictures(&fetch), expected);
    let call = fetch.clone().args(["rename", "--job", "j"]);
    let done = call.run().success();
    assert_eq!(done.stderr, "moved 0 files, 2 are right already\n");
    assert_eq!(pictures(&fetch), expected);
    // Without the job it is known, too.
    let done = rename(&fetch, "{album_title}/n{number}.{ext}").run();
    assert_eq!(done.success().stderr, "moved 1 file, 1 is right already\n");
    assert_eq!(recorded(&fetch), ["mine/Cats/n1.jpg", "yours/bbbbbbb.jpg"]);
}

#[test]
fn renaming_a_job_uses_its_current_list() {
    let (_imgur, fetch) = job("directory=mine", "directory=yours");
    fetch.clone().args(["run", "j"]).run().success();
    options(&fetch, "directory=ours", "");
    let call = fetch.clone().args(["rename", "--job", "j"]);
    assert_eq!(
        call.run().success().stderr,
        "moved 2 files, 0 are right already\n"
    );
    let expected = ["Cats/1.jpg", "ours/Cats/1.jpg"];
    assert_eq!(recorded(&fetch), expected);
    // And stays known, whether there is a list or not.
    fs::remove_file(fetch.root().join("links.txt")).unwrap();
    let done = call.run().success();
    let warning = "warning: cannot read the list";
    assert!(done.stderr.starts_with(warning), "{}", done.stderr);
    rename(&fetch, TEMPLATE).run().success();
    assert_eq!(recorded(&fetch), expected);
}

#[test]
fn a_missing_typed_list_does_not_prevent_a_rename() {
    let (_imgur, fetch) = job("directory=mine template={key}.{ext}", "directory=yours");
    let lists = fetch.root().join("links.txt");
    let run = fetch.clone().args(["-o", TEMPLATE, "-i"]).arg(&lists);
    run.run().success();
    fs::remove_file(&lists).unwrap();
    let before = fetch.files();
    let call = rename(&fetch, "{album_title}/{key}.{ext}");
    let told = call.clone().arg("-s").run().success();
    let done = call.run().success();
    assert_eq!(done.stdout, told.stdout);
    assert_eq!(done.stderr, "moved 1 file, 1 is right already\n");
    assert_eq!(
        recorded(&fetch),
        ["mine/aaaaaaa.jpg", "yours/Cats/bbbbbbb.jpg"]
    );
    assert_eq!(fetch.files().len(), before.len());
}

#[test]
fn items_of_a_listed_link_keep_its_folder() {
    let site = Site::start();
    let page = "<title>Cats</title><a href='/1.jpg'><img src='/1.jpg'></a>";
    site.on("/cats", Reply::html(page)).optional();
    site.on("/1.jpg", Reply::file(small(Format::Jpeg, 1)));
    let fetch = Fetch::new();
    list(&fetch, &format!("{} directory=mine\n", site.url("/cats")));
    let lists = fetch.root().join("links.txt");
    let run = fetch
        .clone()
        .args(["-o", "{name}.{ext}", "--write-metadata"]);
    run.arg("-i").arg(&lists).run().success();
    assert_eq!(pictures(&fetch), ["mine/1.jpg"]);
    rename(&fetch, "{kind}.{ext}").run().success();
    assert_eq!(recorded(&fetch), ["mine/image.jpg"]);
    list(&fetch, &format!("{} directory=ours\n", site.url("/cats")));
    let call = rename(&fetch, "{name}.{ext}").arg("-i").arg(&lists);
    call.run().success();
    assert_eq!(recorded(&fetch), ["ours/1.jpg"]);
}

#[test]
fn links_that_differ_only_in_secrets_keep_their_folders() {
    let site = Site::start();
    let url = |sig: u64| {
        let path = format!("/a.jpg?sig={sig}");
        site.on(&path, Reply::file(small(Format::Jpeg, sig)));
        site.url(&path)
    };
    let both = [url(1), url(2)];
    let fetch = Fetch::new();
    let lists = fetch.root().join("links.txt");
    for (url, folder) in both.iter().zip(["mine", "yours"]) {
        list(&fetch, &format!("{url} directory={folder}\n"));
        let call = fetch.clone().args(["-o", "{name}.{ext}", "-i"]).arg(&lists);
        call.run().success();
    }
    assert_eq!(recorded(&fetch), ["mine/a.jpg", "yours/a.jpg"]);
    let text = format!("{} directory=mine\n{} directory=yours\n", both[0], both[1]);
    list(&fetch, &text);
    let call = rename(&fetch, "{kind}.{ext}").arg("-i").arg(&lists);
    call.run().success();
    assert_eq!(recorded(&fetch), ["mine/image.jpg", "yours/image.jpg"]);
}

#[test]
fn items_without_recorded_options_wait_for_their_list() {
    let (_imgur, fetch) = job("directory=mine", "");
    let lists = fetch.root().join("links.txt");
    let run = fetch.clone().args(["-o", TEMPLATE, "-i"]).arg(&lists);
    run.run().success();
    forget_options(&fetch);
    let call = rename(&fetch, "{key}.{ext}");
    let done = call.run().fails(4);
    let expected = "\
Cats/1.jpg stays: options that a list may have set for its link are unknown
mine/Cats/1.jpg stays: options that a list may have set for its link are unknown
moved 0 files, 0 are right already, 2 stay where they are
hint: name the list: `fetch rename -i FILE`, or `--job NAME` for that of a job
";
    assert_eq!(sorted(&done.stderr), sorted(expected));
    call.arg("-i").arg(&lists).run().success();
    assert_eq!(recorded(&fetch), ["bbbbbbb.jpg", "mine/aaaaaaa.jpg"]);
    // By now it is noted.
    let done = rename(&fetch, "{album_title}/{key}.{ext}").run().success();
    assert_eq!(done.stderr, "moved 2 files, 0 are right already\n");
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn items_of_an_earlier_version_without_a_list_are_renamed() {
    let (_imgur, fetch) = job("", "directory=yours");
    let typed = fetch.clone().args(["-o", TEMPLATE, "imgur.com/a/q6i58"]);
    typed.run().success();
    forget_options(&fetch);
    rename(&fetch, "{key}.{ext}").run().success();
    assert_eq!(recorded(&fetch), ["aaaaaaa.jpg"]);
    // What the list of a job may have said then, it says now.
    fetch.clone().args(["run", "j"]).run().success();
    forget_options(&fetch);
    let call = rename(&fetch, "{album_title}/{key}.{ext}");
    call.clone().run().fails(3);
    call.args(["--job", "j"]).run().success();
    assert_eq!(
        recorded(&fetch),
        ["Cats/aaaaaaa.jpg", "yours/Cats/bbbbbbb.jpg"]
    );
}

#[test]
fn a_job_without_lists_sets_no_options() {
    let imgur = FakeImgur::start();
    imgur.album("q6i58", "Cats", vec![image("aaaaaaa")]);
    let job = "job.j.links = ['imgur.com/a/q6i58']\nafter.metadata = true\n";
    let fetch = Fetch::new().config(&format!("{job}{}", imgur.config()));
    fetch.clone().args(["run", "j"]).run().success();
    forget_options(&fetch);
    rename(&fetch, "{key}.{ext}").run().success();
    assert_eq!(recorded(&fetch), ["aaaaaaa.jpg"]);
}

#[test]
fn a_replaced_file_keeps_its_recorded_options() {
    let (_imgur, fetch) = job("directory=mine", "directory=yours");
    fetch.clone().args(["run", "j"]).run().success();
    fs::remove_file(fetch.out().join("mine/Cats/1.jpg")).unwrap();
    fetch.clone().args(["verify", "--repair"]).run().success();
    rename(&fetch, "{key}.{ext}").run().success();
    assert_eq!(recorded(&fetch), ["mine/aaaaaaa.jpg", "yours/bbbbbbb.jpg"]);
}

#[test]
fn a_list_named_later_applies_to_pages_and_files() {
    let site = Site::start();
    let html = "<!DOCTYPE html><title>Cats</title><img src=/a.jpg>";
    site.on("/page", Reply::html(html));
    site.on("/a.jpg", Reply::file(small(Format::Jpeg, 1)));
    site.on("/b.jpg", Reply::file(small(Format::Jpeg, 2)));
    let links = ["/page", "/b.jpg"].map(|path| site.url(path));
    let fetch = Fetch::new();
    let all = ["-S", "source.page.all=true"];
    fetch.clone().args(all).args(&links).run().success();
    list(
        &fetch,
        &links
            .map(|link| format!("{link} directory=mine\n"))
            .concat(),
    );
    let call = rename(&fetch, "{source}.{ext}").arg("-i");
    call.arg(fetch.root().join("links.txt")).run().success();
    assert_eq!(recorded(&fetch), ["mine/direct.jpg", "mine/page.jpg"]);
}
