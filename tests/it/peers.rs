//! Archives that the real gallery-dl and yt-dlp write, against the fake site. They are looked for in the folder that
//! `FETCH_TEST_PEERS` names; `.ci/run` sets it up.

use std::path::PathBuf;
use std::process::Command;

use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site, skip};

/// The program of this name, if it is to be had.
pub(crate) fn peer(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("FETCH_TEST_PEERS").map(PathBuf::from);
    let program = folder
        .map(|folder| folder.join(name))
        .filter(|program| program.is_file());
    if program.is_none() {
        skip(&format!("`FETCH_TEST_PEERS` names no folder with {name}"));
    }
    program
}

/// Runs a program in a home of its own.
fn run(fetch: &Fetch, program: PathBuf, args: &[&str]) {
    let home = fetch.root().join("peer");
    std::fs::create_dir_all(&home).unwrap();
    let mut command = Command::new(program);
    command.args(args).current_dir(&home).env("HOME", &home);
    command
        .env_remove("http_proxy")
        .env_remove("HTTP_PROXY")
        .env_remove("all_proxy")
        .env_remove("ALL_PROXY");
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn items_in_a_real_gallery_dl_archive_are_skipped() {
    let Some(program) = peer("gallery-dl") else {
        return;
    };
    let site = Site::start();
    let paths = ["/cat.jpg", "/a%20b/dog.png", "/50%25.gif"];
    let links = paths.map(|path| {
        site.on(
            path,
            Reply::file(small(Format::of(&path[path.len() - 3..]), 1)),
        );
        site.url(path)
    });
    let fetch = Fetch::new();
    let args = ["--config-ignore", "--download-archive", "archive.sqlite3"];
    let links: Vec<_> = links.iter().map(String::as_str).collect();
    run(&fetch, program, &[&args[..], &links].concat());
    let archive = fetch.root().join("peer/archive.sqlite3");
    let done = fetch
        .clone()
        .args(["archive", "import"])
        .arg(archive)
        .run()
        .success();
    assert!(
        done.stderr.starts_with("3 entries: 3 of known sources"),
        "{}",
        done.stderr
    );
    site.forget();
    let done = fetch.clone().args(&links).run().success();
    assert!(
        done.stderr.contains("3 found: 0 new, 3 had"),
        "{}",
        done.stderr
    );
    assert_eq!(site.requests().len(), 0);
}

#[test]
fn a_real_yt_dlp_archive_is_imported() {
    let Some(program) = peer("yt-dlp") else {
        return;
    };
    let site = Site::start();
    site.on("/abc1234.mp4", Reply::file(small(Format::Mp4, 1)));
    let url = site.url("/abc1234.mp4");
    let fetch = Fetch::new();
    // As its extractor for Imgur describes a film, with the bytes on the fake site.
    let info = serde_json::json!({
        "id": "abc1234", "title": "a film", "extractor": "Imgur", "extractor_key": "Imgur", "url": url, "ext": "mp4",
        "webpage_url": "https://imgur.com/abc1234",
    });
    let file = fetch.root().join("info.json");
    std::fs::write(&file, info.to_string()).unwrap();
    let load = ["--load-info-json", file.to_str().unwrap()];
    for args in [&load[..], &[&url]] {
        let common = ["--ignore-config", "--download-archive", "archive.txt"];
        run(&fetch, program.clone(), &[&common[..], args].concat());
    }
    let archive = fetch.root().join("peer/archive.txt");
    let done = fetch
        .clone()
        .args(["archive", "import"])
        .arg(archive)
        .run()
        .success();
    // Of a plain file it writes but the name. What Imgur has is known by our name for it and by yt-dlp's.
    let expected = "2 entries: 1 of known sources, with 2 new keys\n1 is of another source and was \
        left out, such as `generic abc1234`\n";
    assert_eq!(done.stderr, expected);
    let done = fetch.clone().args(["archive", "export"]).run().success();
    assert!(
        done.stdout
            .contains(r#""key":"abc1234","outcome":"imported","source":"imgur""#),
        "{}",
        done.stdout
    );
}
