//! Jobs: batches that have a name in the configuration.

use crate::support::command::{Fetch, Running};
use crate::support::media::{Format, noise, small};
use crate::support::{Reply, Site};

fn jobs(site: &Site) -> String {
    format!(
        "net.backoff = '5ms'
[job.cats]
links = ['{}']
output = 'cats'
[job.dogs]
lists = ['dogs.txt']
output = 'dogs'
",
        site.url("/cat.jpg"),
    )
}

fn call(site: &Site) -> Fetch {
    let fetch = Fetch::new().config(&jobs(site));
    let list = format!("# dogs\n{}\n", site.url("/dog.bin"));
    std::fs::write(fetch.out().join("dogs.txt"), list).unwrap();
    fetch
}

/// A user whose job `cats` is running, and stalls.
fn in_the_middle(site: &Site) -> (Fetch, Running) {
    let cat = Reply::file(small(Format::Jpeg, 1));
    site.on("/cat.jpg", cat.stall_after(10));
    let fetch = call(site);
    let running = fetch.clone().args(["run", "cats"]).spawn();
    site.wait_for_stalls(1);
    (fetch, running)
}

#[test]
fn jobs_run_one_after_another_each_with_its_summary() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    site.on("/dog.bin", Reply::file(noise(1000, 2)));
    let done = call(&site).args(["run", "--all"]).run().success();
    let expected = "\
job `cats`
saved `cat.jpg`, 173 B
1 found: 1 new   173 B in TIME
job `dogs`
saved `dog.bin`, 1.0 kB
1 found: 1 new   1.0 kB in TIME
";
    assert_eq!(done.stderr_filtered(), expected);
}

#[test]
fn flags_override_the_options_of_a_job() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let fetch = call(&site).args(["run", "cats", "-q", "-o", "mine/{name}.{ext}"]);
    fetch.run().success();
    assert!(fetch.files().contains_key("cats/mine/cat.jpg"));
    let typed = fetch.clone().args(["-d", "typed"]);
    typed.run().success();
    assert!(typed.files().contains_key("typed/mine/cat.jpg"));
}

#[test]
fn a_failing_job_does_not_stop_the_others() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::empty(451));
    site.on("/dog.bin", Reply::file(noise(1000, 2)));
    let fetch = call(&site);
    fetch.clone().args(["run", "--all", "-q"]).run().fails(3);
    assert!(fetch.files().contains_key("dogs/dog.bin"));
    fetch.clone().args(["run", "cats", "-q"]).run().fails(7);
    std::fs::remove_file(fetch.out().join("dogs.txt")).unwrap();
    let done = fetch.clone().args(["run", "dogs"]).run().fails(2);
    assert!(done.stderr.contains("cannot read the list `dogs.txt`"));
}

#[test]
fn an_unknown_job_is_reported_before_any_runs() {
    let site = Site::start();
    let done = call(&site).args(["run", "dogs", "cast"]).run().fails(2);
    let expected = "error: no job is called `cast`\n  hint: did you mean `cats`?\n";
    assert_eq!(done.stderr_filtered(), expected);
    let none = Fetch::new().args(["run", "--all"]).run().fails(2);
    assert!(
        none.stderr.contains("there is no job to run"),
        "{}",
        none.stderr
    );
    let unnamed = Fetch::new().config("job.a.links = ['x.org']\njob.b.links = ['x.org']\n");
    let expected = "say which: `fetch run NAME`, `--due` or `--all`; the jobs are `a`, `b`\n";
    unnamed.arg("run").run().fails(2).says(expected);
}

#[test]
fn a_job_that_is_running_is_not_started_twice() {
    let site = Site::start();
    let (fetch, running) = in_the_middle(&site);
    let again = fetch.clone().args(["run", "cats"]).run().fails(9);
    let said = format!(
        "error: the job `cats` is already running, as process {}\n  hint: wait until it ends, or stop it\n",
        running.id()
    );
    #[cfg(unix)]
    assert_eq!(again.stderr, said);
    // To look is in nobody's way.
    fetch.clone().args(["run", "cats", "-s"]).run().success();
    site.on("/dog.bin", Reply::file(noise(1000, 2)));
    let all = fetch.clone().args(["run", "--all"]).run().success();
    assert!(
        all.stderr.contains("skipped\njob `dogs`\n"),
        "{}",
        all.stderr
    );
    let quiet = fetch.clone().args(["run", "--all", "-q"]).run().success();
    assert_eq!(quiet.stderr, "");
    // The lock goes with the process.
    running.kill9();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    fetch.clone().args(["run", "cats"]).run().success();
}

#[test]
fn job_headers_are_sent_to_its_links_and_may_be_references() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let config = format!(
        "job.cats.links = ['{}']\njob.cats.headers = {{ X-Token = 'env:CATS' }}",
        site.url("/cat.jpg")
    );
    let fetch = Fetch::new().config(&config).env("CATS", "hunter2");
    let done = fetch.args(["run", "cats", "-v"]).run().success();
    assert_eq!(site.requests()[0].header("x-token"), Some("hunter2"));
    assert!(!done.stderr.contains("hunter2"));
    let literal = Fetch::new().config("job.cats.headers.X-Token = 'hunter2'");
    let done = literal.args(["run", "cats"]).run().fails(2);
    let expected = "\
error: wrong value for `job.cats.headers.X-Token` in `ROOT/test.toml`, line 1, column 18: \
the value of a job's header must be kept elsewhere; write `env:NAME`, `file:PATH` or `cmd:PROGRAM`
";
    assert_eq!(done.stderr_filtered(), expected);
}

#[test]
fn json_output_names_the_job() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let done = call(&site).args(["run", "cats", "-j"]).run().success();
    let first = done.stdout.lines().next().unwrap();
    assert_eq!(first, r#"{"event":"job","name":"cats","v":1}"#);
}

#[test]
fn flags_of_a_command_stand_behind_it() {
    let done = Fetch::new().args(["-q", "run", "cats"]).run().fails(2);
    let said = "error: `--quiet` is before `run`; flags of a command go after it\n";
    assert!(done.stderr.starts_with(said), "{}", done.stderr);
}

#[test]
fn a_folders_fetch_toml_is_restricted_unless_named() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let fetch = Fetch::new().arg(site.url("/cat.jpg"));
    let outside = fetch.root().join("outside");
    let text = format!("[output]\ndirectory = '{}'\n", outside.display());
    std::fs::write(fetch.out().join("fetch.toml"), text).unwrap();
    let expected = "\
error: `output.directory` cannot be set in `fetch.toml`, line 2, column 1: `ROOT/outside` leads out of the folder
  hint: this file is read in whatever folder you are in, so it is restricted; use `-c fetch.toml` if you trust it
";
    assert_eq!(fetch.run().fails(2).stderr_filtered(), expected);
    fetch.clone().args(["-c", "./fetch.toml"]).run().success();
    assert!(outside.join("cat.jpg").exists());
}

#[test]
fn a_huge_fetch_toml_is_refused_quickly() {
    let many = |count, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    for text in [
        many(100_000, &|n| format!("k{n}=1\n")),
        many(20_000, &|n| format!("[job.j{n}]\nlinks=[]\n")),
    ] {
        let fetch = Fetch::new().args(["run", "cats"]);
        std::fs::write(fetch.out().join("fetch.toml"), text).unwrap();
        // That it comes to this is the test: to tell the place of each key took minutes.
        let done = fetch.run().fails(2);
        assert!(done.stderr.starts_with("error: "), "{}", done.stderr);
    }
}

#[test]
fn links_of_a_list_can_have_options() {
    let site = Site::start();
    for name in ["a", "b", "c", "d", "e"] {
        site.on(&format!("/{name}.bin"), Reply::file(noise(1000, 2)));
    }
    let fetch = Fetch::new().config("net.backoff = '5ms'");
    let url = |name: &str| site.url(&format!("/{name}.bin"));
    let text = format!(
        "{}\n{} directory='My cats/old' template='{{name}}-x.{{ext}}' # two\n{} filter='ext == \"jpg\"'\n",
        url("a"),
        url("b"),
        url("c"),
    );
    let rows = format!(
        "title,Directory,url\nx,rows,{}\ny,,{}\n",
        url("d"),
        url("a")
    );
    let lines = format!("{{\"url\": \"{}\", \"directory\": \"json\"}}\n", url("e"));
    for (name, text) in [("l.txt", &text), ("l.csv", &rows), ("l.jsonl", &lines)] {
        std::fs::write(fetch.out().join(name), text).unwrap();
    }
    site.on("/c.bin", Reply::file(noise(1000, 2))).optional();
    let done = fetch
        .clone()
        .args(["-il.txt", "-il.csv", "-il.jsonl", "-d", "got"])
        .run();
    done.success();
    let files: Vec<_> = fetch
        .files()
        .into_keys()
        .filter(|path| path.starts_with("got/"))
        .collect();
    let expected = [
        "got/My cats/old/b-x.bin",
        "got/a.bin",
        "got/json/e.bin",
        "got/rows/d.bin",
    ];
    assert_eq!(files, expected);
    // Its name of old is known, so it is found again.
    let again = fetch.clone().args(["-il.txt", "-d", "got"]).run().success();
    assert!(again.stderr.contains("0 new, 2 had"), "{}", again.stderr);
    std::fs::write(fetch.out().join("l.txt"), format!("{} item=3\n", url("a"))).unwrap();
    let wrong = fetch.clone().args(["-il.txt"]).run().fails(2);
    let said =
        "failed: line 1 of `l.txt`: a link has no option `item`\n  hint: did you mean `items`?\n";
    assert!(wrong.stderr.ends_with(said), "{}", wrong.stderr);
}

#[test]
fn due_jobs_run_and_the_table_shows_their_outcome() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let fetch = Fetch::new().config(&format!(
        "job.cats = {{ links = ['{}'], schedule = 'daily' }}\njob.dogs.links = ['x.invalid']\n",
        site.url("/cat.jpg")
    ));
    let table = |fetch: &Fetch| fetch.clone().arg("jobs").run().success().stdout;
    let before = table(&fetch);
    let cats = before.lines().nth(1).unwrap();
    assert!(cats.contains("never") && cats.ends_with("now"), "{before}");
    let done = fetch.clone().args(["run", "--due"]).run().success();
    assert!(done.stderr.contains("1 found: 1 new"), "{}", done.stderr);
    let again = fetch.clone().args(["run", "--due"]).run().success();
    assert_eq!(again.stderr, "no job is due\n");
    let after = table(&fetch);
    let cats: Vec<_> = after.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(
        (cats[4], cats[5], cats[6], cats[7]),
        ("1", "1", "0", "0"),
        "{after}"
    );
    assert!(after.lines().nth(2).unwrap().ends_with('-'), "{after}");
    let rows = fetch.clone().args(["jobs", "-j"]).run().success().stdout;
    let row: serde_json::Value = serde_json::from_str(rows.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&row["due"], &row["last"]["new"]),
        (&false.into(), &1.into())
    );
}

#[test]
fn a_job_run_meanwhile_is_no_longer_due() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let fetch = Fetch::new().config(&format!(
        "[job.dogs]\nlinks = ['{}']\nschedule = 'daily'\n[job.cats]\nlinks = ['{}']\nschedule = 'daily'\n",
        site.url("/dog.bin"),
        site.url("/cat.jpg"),
    ));
    let other = fetch.clone().args(["run", "cats"]);
    let dog = move |_: &_| {
        other.run().success();
        Reply::file(noise(1000, 2))
    };
    site.on("/dog.bin", Reply::with(dog)).once();
    let done = fetch.args(["run", "--due"]).run().success();
    let said = "job `cats`\nthe job `cats` is no longer due\n";
    assert!(done.stderr.ends_with(said), "{}", done.stderr);
}

#[test]
fn a_job_counts_per_folder_and_a_retry_is_not_a_run() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::empty(401));
    let fetch = Fetch::new().config(&format!(
        "job.cats = {{ links = ['{}'], schedule = 'daily' }}\n",
        site.url("/cat.jpg")
    ));
    fetch.clone().args(["run", "cats"]).run().fails(6);
    let row = |args: &[&str]| -> serde_json::Value {
        let done = fetch.clone().args(["jobs", "-j"]).args(args).run();
        serde_json::from_str(&done.success().stdout).unwrap()
    };
    let last = row(&[])["last"].clone();
    assert_eq!(last["exit"], 6);
    let here = fetch.clone().args(["retry", "--job", "cats"]);
    here.run().fails(6);
    assert_eq!(row(&[])["last"], last);
    assert_eq!(site.requests().len(), 2);
    let elsewhere = row(&["-S", "output.directory=elsewhere"]);
    assert!(elsewhere["last"].is_null(), "{elsewhere}");
    assert_eq!(elsewhere["due"], true);
}

#[test]
fn a_retry_of_a_running_job_is_refused() {
    let site = Site::start();
    let (fetch, running) = in_the_middle(&site);
    let retry = fetch
        .clone()
        .args(["retry", "--job", "cats"])
        .run()
        .fails(9);
    let said = "error: the job `cats` is already running";
    assert!(retry.stderr.starts_with(said), "{}", retry.stderr);
    // That of another folder is another job.
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let other = fetch.clone().args(["run", "cats", "-d", "elsewhere"]);
    other.run().success();
    running.kill9();
}

#[test]
fn a_job_without_a_known_last_run_is_not_due() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let fetch = Fetch::new().config(&format!(
        "archive.enabled = false\njob.cats = {{ links = ['{}'], schedule = 'daily' }}\n",
        site.url("/cat.jpg")
    ));
    let said = "\
error: the job `cats` has a schedule, but no archive that records when it ran
  hint: run it by name, or give it an archive: `archive.enabled`
";
    assert_eq!(
        fetch.clone().args(["run", "--due"]).run().fails(2).stderr,
        said
    );
    let table = fetch.clone().arg("jobs").run().success();
    assert_eq!(table.stderr, said);
    assert!(table.stdout.ends_with("  -\n"), "{}", table.stdout);
    assert!(site.requests().is_empty());
    fetch.args(["run", "cats"]).run().success();
}

#[test]
fn a_job_that_cannot_start_is_named() {
    let config = "[job.cats]\nlists = ['none.txt']\nschedule = 'daily'\n";
    let fetch = Fetch::new().config(config);
    for flags in [&["--due"][..], &["--due", "-q"], &["--all"]] {
        let done = fetch.clone().arg("run").args(flags.iter().copied()).run();
        let said = "job `cats`\nerror: cannot read the list `none.txt`\n";
        assert!(done.fails(2).stderr.starts_with(said), "{flags:?}");
    }
    // Whoever names one knows it.
    let done = fetch.args(["run", "cats"]).run().fails(2);
    assert!(done.stderr.starts_with("error: "), "{}", done.stderr);
}

#[test]
fn the_documented_job_configuration_is_valid() {
    let text = include_str!("../../docs/jobs.md");
    let (_, rest) = text.split_once("```toml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let fetch = Fetch::new().config(example);
    let lists = fetch.root().join("home/lists");
    std::fs::create_dir(&lists).unwrap();
    for list in ["cats.txt", "papers.csv"] {
        std::fs::write(lists.join(list), "").unwrap();
    }
    let check = fetch.clone().args(["config", "check"]);
    check.clone().env("PAPERS_TOKEN", "hunter2").run().success();
    check
        .run()
        .fails(2)
        .says("header `Authorization` of the job `papers` is not set");
    let jobs = fetch.args(["jobs"]).run().success().stdout;
    assert!(
        jobs.contains("\ncats ") && jobs.contains("\npapers "),
        "{jobs}"
    );
}
