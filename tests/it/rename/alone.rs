//! Who renames: one at a time in a folder, and in one that is known.

use std::fs::{self, File};

use fetch::pipeline::archive::absolute_root;

use super::{names, objects, pictures, rename};
use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

#[test]
fn two_renames_of_one_folder_exclude_each_other() {
    let site = Site::start();
    let (fetch, links) = pictures(&site, 1);
    fetch.clone().args(&links).run().success();
    let folder = fetch.root().join("home/state/fetch/renames");
    fs::create_dir(&folder).unwrap();
    let root = absolute_root(&fetch.out());
    let root = blake3::hash(root.as_os_str().as_encoded_bytes()).to_hex();
    let file = File::create(folder.join(format!("{}.lock", &root[..16]))).unwrap();
    file.lock().unwrap();
    let call = rename(&fetch, "{key | slug}.{ext}");
    let done = call.run().fails(9);
    let expected = "error: another `fetch rename` runs in `.`\n  hint: wait until it is done\n";
    assert_eq!(done.stderr, expected);
    assert_eq!(names(&fetch), ["0.jpg"]);
    // Who only looks is in nobody's way.
    call.clone().arg("-s").run().success();
    file.unlock().unwrap();
    call.run().success();
}

#[test]
fn files_renamed_during_a_run_are_not_downloaded_again() {
    let site = Site::start();
    let (fetch, mut links) = pictures(&site, 2);
    let (go, waits) = std::sync::mpsc::channel();
    let waits = std::sync::Mutex::new(waits);
    let page = Reply::html("<!doctype html><title>Cats</title><img src=/1.jpg>");
    let page = Reply::with(move |_| {
        let go = waits.lock().unwrap().recv();
        go.map(|()| page.clone()).unwrap()
    });
    site.on("/page", page);
    links[1] = site.url("/page");
    let call = fetch
        .clone()
        .args(["-j", "-o", "{name}.{ext}"])
        .args(&links);
    go.send(()).unwrap();
    call.run().success();
    assert_eq!(names(&fetch), ["0.jpg", "1.jpg"]);
    let running = call.spawn();
    running.wait_for_stdout("\"reason\":\"present\"");
    // It has seen the archive as it was before.
    rename(&fetch, "moved/{kind}.{ext}").run().success();
    go.send(()).unwrap();
    let done = running.wait().success();
    let summary = objects(&done).pop().unwrap();
    assert_eq!(
        (&summary["found"], &summary["saved"]),
        (&2.into(), &0.into())
    );
    assert_eq!(names(&fetch), ["moved/image (2).jpg", "moved/image.jpg"]);
}

#[test]
fn a_job_named_like_the_lock_of_a_rename_does_not_block_it() {
    let site = Site::start();
    let (_, links) = pictures(&site, 1);
    let stalls = Reply::file(small(Format::Jpeg, 7)).stall_after(10);
    site.on("/slow.jpg", stalls);
    let job = format!("[job.'rename.']\nlinks = ['{}']\n", site.url("/slow.jpg"));
    let fetch = Fetch::new().config(&job);
    fetch.clone().args(&links).run().success();
    let running = fetch.clone().args(["run", "rename."]).spawn();
    site.wait_for_stalls(1);
    rename(&fetch, "{kind}.{ext}").run().success();
    running.kill9();
    assert!(fetch.out().join("image.jpg").is_file());
}

#[test]
fn an_unlockable_folder_is_named() {
    let site = Site::start();
    let (fetch, links) = pictures(&site, 1);
    fetch.clone().args(&links).run().success();
    fs::write(fetch.root().join("home/state/fetch/renames"), "").unwrap();
    let done = rename(&fetch, "{kind}.{ext}").run().fails(8);
    let expected = "error: cannot lock the output folder `.` with `";
    assert!(done.stderr.starts_with(expected), "{}", done.stderr);
    assert_eq!(names(&fetch), ["0.jpg"]);
}

#[test]
fn a_rename_in_an_unknown_folder_is_refused() {
    let site = Site::start();
    let (fetch, links) = pictures(&site, 1);
    let call = rename(&fetch, "{key}.{ext}").arg("-d");
    let expected = "\
error: the archive knows nothing of `nosuchdir`
  hint: `fetch archive stats` lists the known output folders; choose one with `-d DIR`
";
    let call = call.arg("nosuchdir");
    fetch.clone().args(&links).run().success();
    assert_eq!(call.run().fails(2).stderr, expected);
    assert_eq!(call.arg("-s").run().fails(2).stderr, expected);
}

#[cfg(target_os = "linux")]
#[test]
fn a_read_only_disk_gets_no_misleading_hint() {
    use crate::archive::still::{READ_ONLY, is_mountable};

    if !is_mountable() {
        return crate::support::skip("nothing can be mounted");
    }
    let site = Site::start();
    let (fetch, links) = pictures(&site, 1);
    fetch.clone().args(&links).run().success();
    for template in ["{kind}.{ext}", "{kind}/{size}.{ext}"] {
        let call = rename(&fetch, template).through([&READ_ONLY[..], &["sh"]].concat());
        let done = call.run().fails(4).says("ead-only file system");
        assert!(!done.stderr.contains("-d DIR"), "{}", done.stderr);
        assert!(
            done.stderr
                .contains("renaming needs write permission for the folder"),
            "{}",
            done.stderr
        );
    }
    assert_eq!(names(&fetch), ["0.jpg"]);
}
