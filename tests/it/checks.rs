//! `fetch config check`: what is found before it goes wrong in a run.

use crate::support::command::Fetch;
use crate::support::{Reply, Site};

fn check(config: &str) -> Fetch {
    Fetch::new().config(config).args(["config", "check"])
}

#[test]
fn a_job_that_cannot_start_is_reported() {
    let table = [
        (
            "[job.cats]\nschedule = 'daily'\n",
            "error: the job `cats` has no links\n  hint: give it `links` or `lists`\n",
        ),
        (
            "[job.cats]\nlists = ['cats.txt']\n",
            "error: the job `cats` cannot read the list `cats.txt`\n  because: No such file or directory (os error 2)\n  \
             hint: it is looked for in the current folder: use an absolute path, or `~/…`\n",
        ),
    ];
    for (config, expected) in table {
        let done = check(config).run().fails(2);
        assert_eq!(done.stderr_filtered(), expected);
    }
    check("[job.cats]\nlists = ['-']\n").run().success();
}

#[test]
fn a_host_section_with_an_invalid_host_is_reported() {
    for (name, host) in [
        ("https://example.org/", "example.org"),
        ("example.org:8080", "example.org"),
        ("example.org/cats", "example.org"),
    ] {
        let done = check(&format!("[host.\"{name}\"]\nconnections = 2\n"))
            .run()
            .fails(2);
        let expected = format!(
            "error: `{name}` is not the name of a host, in `ROOT/test.toml`, line 1, column 7\n  \
             hint: write `[host.\"{host}\"]`, which applies to all its ports\n"
        );
        assert_eq!(done.stderr_filtered(), expected);
    }
    check("host.\"*.example.org\".connections = 2\n")
        .run()
        .fails(2)
        .says("`*.example.org` is not the name of a host")
        .says("hint: each host has a section of its own; there are no patterns\n");
    for name in [
        "example.org",
        "LOCALHOST",
        "127.0.0.1",
        "[::1]",
        "localhost.",
    ] {
        let config = format!("[host.\"{name}\"]\nconnections = 2\n");
        check(&config).run().success();
    }
}

#[test]
fn an_unknown_variable_is_reported_without_its_value() {
    let call = check("").env("FETCH_NET_RETRIES", "hunter2");
    let call = call.env("FETCH_SOURCE_IMGUR_CLIENT_ID", "hunter2");
    let call = call.env("FETCH_RETRIES", "hunter2");
    let done = call.env("FETCH_HEAD", "x").run().success();
    let expected = "\
warning: the variable `FETCH_HEAD` has no effect
  hint: put two `_` between section and key: `FETCH_NET__RETRIES`
warning: the variable `FETCH_NET_RETRIES` has no effect
  hint: did you mean `FETCH_NET__RETRIES`?
warning: the variable `FETCH_RETRIES` has no effect
  hint: did you mean `FETCH_NET__RETRIES`?
warning: the variable `FETCH_SOURCE_IMGUR_CLIENT_ID` has no effect
  hint: did you mean `FETCH_SOURCE__IMGUR__CLIENT_ID`?
";
    assert_eq!(done.stderr_filtered(), expected);
    assert_eq!(done.stdout, "the settings are valid\n");
}

#[test]
fn a_run_warns_of_a_variable_with_one_underscore() {
    let site = Site::start();
    site.on("/a.bin", Reply::file("a"));
    let call = Fetch::new()
        .env("FETCH_NET_RETRIES", "hunter2")
        .env("FETCH_HEAD", "x");
    let done = call.arg(site.url("/a.bin")).run().success();
    let told: Vec<_> = done.stderr.lines().take(3).collect();
    assert_eq!(
        told[0],
        "warning: the variable `FETCH_NET_RETRIES` has no effect"
    );
    assert_eq!(told[1], "  hint: did you mean `FETCH_NET__RETRIES`?");
    assert!(told[2].starts_with("saved"), "{}", done.stderr);
}

#[test]
fn a_run_with_an_invalid_host_section_is_refused() {
    let site = Site::start();
    let call = Fetch::new().config("[host.'127.0.0.1:80']\nconnections = 2\n");
    let done = call.arg(site.url("/a.jpg")).run().fails(2);
    done.says("`127.0.0.1:80` is not the name of a host")
        .says("write `[host.\"127.0.0.1\"]`");
    assert!(site.requests().is_empty());
}

#[test]
fn an_invalid_link_of_a_job_is_reported() {
    for (link, why) in [
        ("x y", "`x y` is not a link: no source claims it as an id"),
        ("/etc/passwd", "`/etc/passwd` is not a link: it is a path"),
        ("", "`` is not a link: it is empty"),
    ] {
        let config = format!("[job.cats]\nlinks = ['https://example.org/a.jpg', '{link}']\n");
        let expected = format!("error: the job `cats` has an invalid link: {why}\n");
        check(&config).run().fails(2).says(&expected);
    }
}

#[test]
fn a_program_with_a_relative_path_is_reported() {
    check("after.exec = 'tools/post.sh {path}'\n")
        .run()
        .fails(2)
        .says("the program `tools/post.sh` is named by a path relative to the current folder");
    check("after.exec = '~/tools/post.sh {path}'\n")
        .run()
        .success();
}

#[test]
fn a_period_without_time_in_a_job_is_reported() {
    let config = "[job.cats]\nlinks = ['https://example.org/a.jpg']\nsince = '2025-02-01'\nuntil = '2025-01-01'\n";
    let why = "nothing can be published between `--since` and `--until`: the first is not earlier";
    let expected = format!("error: the job `cats` could not run: {why}\n");
    check(config).run().fails(2).says(&expected);
}

#[test]
fn a_missing_program_is_reported() {
    let why = "the program `no-such-program` is not in any folder of `PATH`";
    let done = check("after.exec = 'no-such-program {path}'\n").run();
    done.fails(2).says(why);
}

#[test]
fn a_folders_fetch_toml_cannot_set_the_hosts_of_a_plugin() {
    let fetch = Fetch::new().arg("https://evil.test/@bob/1");
    let hosts = "[source.mastodon]\ninstances = ['evil.test']\n";
    std::fs::write(fetch.out().join("fetch.toml"), hosts).unwrap();
    fetch.run().fails(2).says(
        "`source.mastodon.instances` cannot be set in `fetch.toml`, line 2, column 1: it sets the hosts of a site",
    );
}
