//! The runs of the past can be looked at.

use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

#[test]
fn history_shows_a_run_as_it_was_printed() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let call = Fetch::new();
    let links = [
        site.url("/cat.jpg"),
        format!("{}?sig=hunter2", site.url("/dog.jpg")),
    ];
    site.on("/dog.jpg?sig=hunter2", Reply::empty(401));
    let told = call
        .clone()
        .arg("-q")
        .args(links)
        .run()
        .fails(3)
        .stderr_filtered();
    call.clone()
        .arg("-q")
        .arg(site.url("/cat.jpg"))
        .run()
        .success();
    let history = call.clone().arg("history");
    let table = history.run().success().stdout;
    let rows: Vec<Vec<&str>> = table
        .lines()
        .skip(1)
        .map(|row| row.split_whitespace().collect())
        .collect();
    let counts: Vec<_> = rows.iter().map(|row| row[5..9].to_vec()).collect();
    assert_eq!(
        counts,
        [["2", "1", "0", "1"], ["1", "0", "1", "0"]],
        "{table}"
    );
    let done = history.clone().arg("1").run().success();
    let (one, shown) = (done.stdout.clone(), done.stdout_filtered());
    // The last lines are those that the run ended with.
    let tail: Vec<_> = told.lines().map(str::to_owned).collect();
    assert!(
        tail.iter().all(|line| shown.contains(line.as_str())),
        "{shown}\n{told}"
    );
    assert!(shown.contains("exit code: 3"), "{shown}");
    let json = history.clone().args(["1", "-j"]).run().success().stdout;
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["summary"]["failures"][0]["failure"]["kind"], "login");
    assert_eq!(value["exit"], 3);
    assert!(!format!("{table}{one}{json}").contains("hunter2"));
    let done = history.arg("3").run().fails(2);
    assert!(done.stderr.contains("there is no run 3"), "{}", done.stderr);
}

#[test]
fn found_items_are_new_had_or_failed() {
    let site = Site::start();
    let names = ["here.jpg", "cut.jpg", "same.jpg", "new.jpg"];
    let links = names.map(|name| {
        let seed = if name == "new.jpg" { 2 } else { 1 };
        let reply = Reply::file(small(Format::Jpeg, seed));
        site.on(&format!("/{name}"), reply).optional();
        site.url(&format!("/{name}"))
    });
    let call = Fetch::new();
    let whole = small(Format::Jpeg, 1);
    std::fs::write(call.out().join("here.jpg"), &whole).unwrap();
    std::fs::write(call.out().join("cut.jpg"), &whole[..100]).unwrap();
    let adopt = call.clone().args(["archive", "adopt", "."]);
    adopt.args([&links[0], &links[1]]).run().fails(3);
    let duplicates = call.clone().args(["--duplicates", "skip"]);
    duplicates.args(&links).run().success();
    let table = call.arg("history").run().success().stdout;
    let counts: Vec<_> = table
        .lines()
        .skip(1)
        .map(|row| row.split_whitespace().skip(5).take(4).collect::<Vec<_>>())
        .collect();
    let expected = [["2", "0", "1", "1"], ["4", "1", "3", "0"]];
    assert_eq!(counts, expected, "{table}");
}

#[test]
fn simulations_and_runs_without_an_archive_are_not_in_the_history() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let call = Fetch::new();
    let fetch = call.clone().arg(site.url("/cat.jpg"));
    fetch.clone().arg("-s").run().success();
    fetch.clone().arg("--no-archive").run().success();
    let done = call.clone().arg("history").run().success();
    assert_eq!(done.stdout, "no runs yet\n");
}

#[test]
fn a_killed_run_has_no_end_in_the_history() {
    let site = Site::start();
    site.on(
        "/cat.jpg",
        Reply::file(small(Format::Jpeg, 1)).stall_after(500),
    );
    let call = Fetch::new();
    let running = call.clone().arg(site.url("/cat.jpg")).spawn();
    site.wait_for_stalls(1);
    running.kill9();
    let table = call.clone().arg("history").run().success().stdout;
    assert!(table.contains("no end"), "{table}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_is_marked_in_the_history() {
    let site = Site::start();
    let cat = Reply::file(small(Format::Jpeg, 1));
    site.on("/cat.jpg", cat.stall_after(100));
    let call = Fetch::new();
    let running = call.clone().arg(site.url("/cat.jpg")).spawn();
    site.wait_for_stalls(1);
    running.interrupt();
    running.wait_for_stderr("press Ctrl-C again");
    running.interrupt();
    running.wait().fails(130);
    let table = call.arg("history").run().success().stdout;
    let ends = table.lines().map(|row| row.contains("  130  "));
    assert_eq!(ends.collect::<Vec<_>>(), [false, true], "{table}");
}

#[test]
fn a_running_job_is_not_shown_as_killed() {
    let site = Site::start();
    let cat = Reply::file(small(Format::Jpeg, 1));
    site.on("/cat.jpg", cat.stall_after(10)).times(1);
    let job = format!("[job.cats]\nlinks = ['{}']\n", site.url("/cat.jpg"));
    let call = Fetch::new().config(&job);
    let running = call.clone().args(["run", "cats"]).spawn();
    site.wait_for_stalls(1);
    let told = |command: &str| call.clone().arg(command).run().success().stdout;
    let (history, jobs) = (told("history"), told("jobs"));
    assert!(history.contains("  running  "), "{history}");
    assert!(jobs.contains("  runs  "), "{jobs}");
    running.kill9();
    let (history, jobs) = (told("history"), told("jobs"));
    assert!(history.contains("  no end  "), "{history}");
    assert!(jobs.contains("  -     "), "{jobs}");
}

#[test]
fn a_missing_archive_given_by_name_is_not_an_empty_history() {
    let call = Fetch::new();
    // The own one comes with the first run.
    let none = call.clone().arg("history").run().success();
    assert_eq!(none.stdout, "no runs yet\n");
    let folder = call.root().join("home/state/fetch/archive.db");
    std::fs::create_dir_all(&folder).unwrap();
    let done = call.clone().arg("history").run().fails(8);
    done.says("it is not a file");
    std::fs::remove_dir(folder).unwrap();
    let history = call.clone().args(["history", "--archive", "typo.db"]);
    for history in [history.clone(), history.arg("7")] {
        let done = history.run().fails(2);
        done.says("error: there is no archive `typo.db`\n");
    }
    assert_eq!(call.tree(), "");
    let done = call.args(["history", "-n", "0"]).run().fails(2);
    done.says("expected a whole number, 1 or more");
}

#[test]
fn json_times_are_whole_seconds() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let links = [site.url("/cat.jpg")];
    let call = Fetch::new().config(&format!(
        "[job.cats]\nlinks = {links:?}\nschedule = \"daily\"\n"
    ));
    call.clone().args(["run", "cats"]).run().success();
    let said = |words: &[&str]| -> serde_json::Value {
        let done = call.clone().args(words).run().success();
        serde_json::from_str(&done.stdout).unwrap()
    };
    let (history, jobs) = (said(&["history", "-j"]), said(&["jobs", "-j"]));
    let times = [
        &history["began"],
        &history["ended"],
        &jobs["last"]["began"],
        &jobs["last"]["ended"],
        &jobs["next"],
    ];
    for time in times {
        let text = time.as_str().unwrap();
        assert_eq!(text.len(), "2026-01-31T12:00:00Z".len(), "{text}");
        assert!(text.ends_with('Z'), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn a_relative_home_is_refused() {
    let call = Fetch::new().env("XDG_STATE_HOME", "").env("HOME", "home");
    let done = call.arg("history").run().fails(2);
    done.says("error: there is no home folder for the archive\n  hint: set `HOME`");
}

#[cfg(unix)]
#[test]
fn a_look_needs_no_home() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)))
        .optional();
    let call = Fetch::new().env("XDG_STATE_HOME", "").env("HOME", "home");
    let call = call.arg(site.url("/cat.jpg"));
    call.clone().arg("-s").run().success();
    let urls = call.clone().arg("-g").run().success().stdout;
    assert_eq!(urls, site.url("/cat.jpg") + "\n");
    call.run()
        .fails(2)
        .says("there is no home folder for the archive");
}
