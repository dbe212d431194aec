//! What follows a saved file: metadata beside it, and commands.

#[cfg(unix)]
use fetch::pipeline::archive::{Algorithm, Record, Records, Summing};

use crate::support::command::Fetch;
use crate::support::imgur::{FakeImgur, Image};
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

fn album() -> (FakeImgur, Fetch) {
    let imgur = FakeImgur::start();
    let images = vec![
        Image::new("first01", Format::Jpeg).title("-rf $(touch x) 'a"),
        Image::new("secon02", Format::Png),
    ];
    imgur.album("q6i58", "Cats", images);
    let fetch = Fetch::new().config(&(imgur.config() + "[after]\nlines = true\n"));
    let fetch = fetch.args(["-o", "{title or key}.{ext}", "q6i58"]);
    (imgur, fetch)
}

#[test]
fn metadata_is_written_beside_each_file() {
    let (_imgur, fetch) = album();
    // Somebody else's, and not to be touched.
    std::fs::write(fetch.out().join("secon02.png.json"), "{}").unwrap();
    let fetch = fetch.arg("--write-metadata");
    fetch.run().success();
    let files = fetch.files();
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    let title = "rf $(touch x) 'a.jpg";
    let expected = [
        "metadata.jsonl",
        title,
        "rf $(touch x) 'a.jpg.json",
        "secon02.png",
        "secon02.png (2).json",
        "secon02.png.json",
    ];
    assert_eq!(names, expected);
    assert_eq!(files["secon02.png.json"], b"{}");
    let sidecar: serde_json::Value =
        serde_json::from_slice(&files["rf $(touch x) 'a.jpg.json"]).unwrap();
    assert_eq!(
        (&sidecar["source"], &sidecar["key"]),
        (&"imgur".into(), &"first01".into())
    );
    assert_eq!(
        (&sidecar["path"], &sidecar["kind"]),
        (&title.into(), &"image".into())
    );
    assert_eq!(sidecar["album"]["title"], "Cats");
    assert_eq!(sidecar["size"], files[title].len());
    let lines = String::from_utf8(files["metadata.jsonl"].clone()).unwrap();
    assert_eq!(lines.lines().count(), 2);
    // Fetched again, its own metadata is replaced and nothing else is.
    let again = fetch.clone().args(["--skip", "never"]);
    again.run().success();
    let names: Vec<_> = again.files().into_keys().collect();
    assert_eq!(names, expected);
}

#[test]
fn repaired_and_retried_files_get_their_metadata() {
    let site = Site::start();
    let fetch = Fetch::new().config("[after]\nlines = true\nmetadata = true\n");
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    site.on("/dog.jpg", Reply::empty(451)).once();
    site.on("/dog.jpg", Reply::file(small(Format::Jpeg, 2)));
    let links = ["/cat.jpg", "/dog.jpg"].map(|path| site.url(path));
    fetch.clone().args(links).run().fails(3);
    for name in ["cat.jpg", "cat.jpg.json"] {
        std::fs::remove_file(fetch.out().join(name)).unwrap();
    }
    fetch.clone().args(["verify", "--repair"]).run().success();
    fetch.clone().arg("retry").run().success();
    let files = fetch.files();
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    let expected = [
        "cat.jpg",
        "cat.jpg.json",
        "dog.jpg",
        "dog.jpg.json",
        "metadata.jsonl",
    ];
    assert_eq!(names, expected);
    // A line is a saving.
    let lines = String::from_utf8(files["metadata.jsonl"].clone()).unwrap();
    let paths = lines.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["path"].as_str().unwrap().to_owned()
    });
    assert_eq!(paths.collect::<Vec<_>>(), ["cat.jpg", "cat.jpg", "dog.jpg"]);
}

#[test]
fn metadata_contains_no_secrets() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let fetch = Fetch::new()
        .arg("--write-metadata")
        .arg(site.url("/cat.jpg?token=hunter2"));
    fetch.run().success();
    let text = String::from_utf8(fetch.files()["cat.jpg.json"].clone()).unwrap();
    assert!(
        text.contains("token=***") && !text.contains("hunter2"),
        "{text}"
    );
}

#[cfg(unix)]
#[test]
fn commands_run_for_each_file_and_at_the_end() {
    let (_imgur, fetch) = album();
    let fetch = fetch
        .args(["--exec", "printf '%s|' {path} {name} --key={key}"])
        .args(["--exec-after", "echo {saved} new in {dir}"]);
    let done = fetch.run().success();
    assert_eq!(done.stdout, "");
    let root = std::path::absolute(fetch.out()).unwrap();
    let line = format!(
        "{0}/rf $(touch x) 'a.jpg|rf $(touch x) 'a.jpg|--key=first01|",
        root.display()
    );
    assert!(done.stderr.contains(&line), "{}", done.stderr);
    assert!(done.stderr.contains("2 new in "), "{}", done.stderr);
    assert!(!fetch.out().join("x").exists());
    // What is there is left alone, and no command runs for it.
    let again = fetch.run().success();
    assert!(!again.stderr.contains("first01"), "{}", again.stderr);
    assert!(again.stderr.contains("0 new in "), "{}", again.stderr);
}

#[cfg(unix)]
#[test]
fn a_failing_command_is_reported_and_the_file_kept() {
    let (_imgur, fetch) = album();
    let fetch = fetch.args(["-I", "2", "--exec", "sh -c 'echo no such luck; exit 7'"]);
    let done = fetch.run().fails(3);
    for line in [
        "1 found: 1 new; 1 left out; 1 not followed up ",
        "failed: `exec` for `secon02.png`: `sh` ended with exit status: 7\n  because: no such luck\n",
    ] {
        assert!(done.stderr.contains(line), "{}", done.stderr);
    }
    assert!(fetch.files().contains_key("secon02.png"));
}

#[test]
fn commands_in_a_folders_fetch_toml_are_refused() {
    let fetch = Fetch::new().arg("http://127.0.0.1:1/x");
    std::fs::write(
        fetch.out().join("fetch.toml"),
        "[after]\nexec = 'touch x'\n",
    )
    .unwrap();
    let done = fetch.run().fails(2);
    assert!(
        done.stderr.contains("`after.exec` cannot be set in"),
        "{}",
        done.stderr
    );
    let wrong = Fetch::new().args(["--exec", "echo {titel}", "http://127.0.0.1:1/x"]);
    let done = wrong.run().fails(2);
    assert!(
        done.stderr.contains("there is no `{titel}`"),
        "{}",
        done.stderr
    );
}

#[cfg(unix)]
#[test]
fn the_first_ctrl_c_lets_a_command_finish_and_the_second_ends_it() {
    for presses in [1, 2] {
        let (_imgur, fetch) = album();
        let waits = "sh -c 'trap \"touch ended; exit 1\" TERM; echo begun; until test -e go; do sleep 0.05; done; touch done'";
        let running = fetch.clone().args(["-I", "2", "--exec", waits]).spawn();
        running.wait_for_stderr("begun");
        running.interrupt();
        running.wait_for_stderr("finishing work in progress; press Ctrl-C again");
        match presses {
            1 => std::fs::write(fetch.out().join("go"), "").unwrap(),
            _ => running.interrupt(),
        }
        let done = running.wait().fails(130);
        let missed = "failed: `exec` for `secon02.png`: `sh` was stopped before it finished\n";
        for said in [
            missed,
            "; 1 not followed up ",
            "`--skip never` fetches them again",
        ] {
            let is_said = done.stderr.contains(said);
            assert_eq!(is_said, presses == 2, "{said}: {}", done.stderr);
        }
        let trace = fetch.out().join(["done", "ended"][presses - 1]);
        let began = std::time::Instant::now();
        while !trace.exists() {
            assert!(began.elapsed().as_secs() < 30, "there is no {trace:?}");
            std::thread::yield_now();
        }
    }
}

#[cfg(unix)]
#[test]
fn commands_not_started_are_reported_with_those_killed() {
    // One more than may run at once.
    let count = std::thread::available_parallelism().map_or(1, |count| count.get()) + 1;
    let site = Site::start();
    let paths: Vec<_> = (0..count).map(|number| format!("/{number}.jpg")).collect();
    for (number, path) in paths.iter().enumerate() {
        site.on(path, Reply::file(small(Format::Jpeg, number as u64)));
    }
    let running = Fetch::new()
        .args(["-N", &count.to_string()])
        .args(["--exec", "sh -c 'echo begun; sleep 60'"])
        .args(paths.iter().map(|path| site.url(path)))
        .spawn();
    for path in &paths {
        running.wait_for_stderr(&format!("saved `{}`", &path[1..]));
    }
    running.wait_for_stderr("begun");
    running.interrupt();
    running.wait_for_stderr("press Ctrl-C again");
    running.interrupt();
    let done = running.wait().fails(130);
    let line = format!("{count} found: {count} new; {count} not followed up ");
    let (ended, waited) = (
        "`sh` was stopped before it finished",
        "`sh` was not started",
    );
    for said in [&*line, ended, waited] {
        assert!(done.stderr.contains(said), "{said}: {}", done.stderr);
    }
}

#[cfg(unix)]
#[test]
fn a_command_that_reads_from_the_terminal_fails_instead_of_hanging() {
    // What the system does to whoever reads from a terminal at which others are in front.
    for insists in ["", "trap \"\" TERM; "] {
        let (_imgur, fetch) = album();
        let asks = format!("sh -c '{insists}while :; do kill -TTIN $$; done'");
        let done = fetch.args(["-I", "2", "--exec", &asks]).run().fails(3);
        let said = "failed: `exec` for `secon02.png`: `sh` tried to use the terminal, which commands do not have\n";
        assert!(done.stderr.contains(said), "{}", done.stderr);
    }
}

#[cfg(unix)]
#[test]
fn overwritten_progress_output_is_not_the_reason_of_a_failure() {
    let (_imgur, fetch) = album();
    let draws = "sh -c 'for x in 1 2 3 4 5; do printf \"at $x %0900d\\r\" 0; done; printf \"no %0900dluck\\r\\n\" 0; exit 1'";
    let done = fetch.args(["-I", "2", "--exec", draws]).run().fails(3);
    let because = done.stderr.lines().find(|line| line.contains("because:"));
    let because = because.unwrap();
    assert!(because.ends_with("00luck"), "{because}");
    assert!(!because.contains("at 3"), "{because}");
    assert!(because.len() < 1700, "{}: {because}", because.len());
    // Each is a line of its own.
    assert!(done.stderr.lines().any(|line| line.starts_with("at 1 ")));
}

#[cfg(unix)]
#[test]
fn a_file_modified_by_its_command_counts_as_saved() {
    let (imgur, fetch) = album();
    let shrinks = "sh -c 'head -c 100 \"$1\" > \"$1.t\" && mv \"$1.t\" \"$1\"; head -c 9 \"$1\" >> log' _ {path}";
    let same =
        "sh -c 'printf x | dd of=\"$1\" bs=1 seek=9 conv=notrunc 2>&-; printf x >> log' _ {path}";
    for command in [shrinks, same] {
        let out = fetch.clone().args(["--skip", "never", "--exec", command]);
        std::fs::remove_file(fetch.out().join("log")).unwrap_or_default();
        for path in fetch.files().into_keys() {
            std::fs::remove_file(fetch.out().join(path)).unwrap();
        }
        out.run().success();
        let files = fetch.files();
        let asked = imgur.cdn.requests().len();
        let again = fetch.clone().args(["--exec", command]).run().success();
        let had = "2 found: 0 new, 2 had";
        assert!(again.stderr.contains(had), "{}", again.stderr);
        assert!(fetch.files() == files);
        assert_eq!(imgur.cdn.requests().len(), asked);
        // Its digest is the one that the file has now.
        let records = known(&fetch);
        for record in records {
            let file = std::fs::read(fetch.out().join(&record.path)).unwrap();
            let mut summing = Summing::new(Algorithm::Xxh3);
            summing.update(&file);
            assert_eq!(record.size, file.len() as u64);
            assert_eq!(record.digest, Some(summing.finish()));
            // By what its server can tell whether it has changed.
            assert!(record.media.is_some() && record.validator.is_some());
        }
    }
}

/// What the archive has noted of the files that were saved.
#[cfg(unix)]
fn known(fetch: &Fetch) -> Vec<Record> {
    let archive = fetch.root().join("home/state/fetch/archive.db");
    let records = Records::open(&archive, &fetch.out()).unwrap().unwrap();
    let records = records.items().map(|known| known.unwrap().record.unwrap());
    records.collect()
}

#[cfg(unix)]
#[test]
fn a_missing_program_is_reported_before_any_download() {
    let site = Site::start();
    for flag in ["--exec", "--exec-after"] {
        let call = Fetch::new().args([flag, "nosuchprogram x"]);
        let done = call.arg(site.url("/cat.jpg")).run().fails(2);
        done.says("error: the program `nosuchprogram` is not in any folder of `PATH`\n");
    }
    assert!(site.requests().is_empty());
}
