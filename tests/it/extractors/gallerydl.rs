//! gallery-dl, or what is called so.

use std::time::{Duration, Instant};

use serde_json::json;

use super::fake::Fake;
use super::{album, line};
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

/// How long a test waits for what another process does.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn albums_are_numbered_separately_and_links_delegated() {
    let site = Site::start();
    let link = album(&site);
    for name in ["c", "d"] {
        let bytes = small(
            Format::Jpeg,
            name.len() as u64 + 7 + u64::from(name.as_bytes()[0]),
        );
        site.on(&format!("/files/{name}.jpg"), Reply::file(bytes));
    }
    let fake = Fake::new();
    let lines = [
        line(&site, "/files/b.jpg", "cats/One", json!({"title": "One"})),
        line(
            &site,
            "/files/c.jpg",
            "cats/Two",
            json!({"title": "a title", "date": "2024-01-31 10:00:00"}),
        ),
        line(&site, "/files/a.jpg", "cats/One", json!({})),
    ];
    let says: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(fake.file("says"), says).unwrap();
    let other = site.url("/files/d.jpg");
    let words = format!(
        "cat \"$ROOT/says\"; echo '{other}' > others.txt; echo 'file:///etc/passwd' >> others.txt"
    );
    fake.program("gallery-dl", &words);
    let done = fake.fetch().arg(&link).run().success();
    assert!(done.stderr.contains("4 found: 4 new"), "{}", done.stderr);
    let files: Vec<_> = fake.fetch().files().into_keys().collect();
    let expected = [
        "d.jpg",
        "gallerydl/One cats/001 b.jpg",
        "gallerydl/One cats/002 a.jpg",
        "gallerydl/Two cats/001 a title.jpg",
    ];
    assert_eq!(files, expected);
}

#[test]
fn gallery_dl_gets_a_minimal_environment_and_matching_cookies() {
    let site = Site::start();
    let link = album(&site);
    let fake = Fake::new();
    let said = [
        line(&site, "/files/b.jpg", "cats/One", json!({})),
        line(
            &site,
            "/files/a.jpg",
            "cats/One",
            json!({"_cookies": [["127.0.0.1", "/", "own", "1", false]]}),
        ),
    ];
    let says: String = said.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(fake.file("says"), says).unwrap();
    fake.program(
        "gallery-dl",
        "pwd > \"$ROOT/pwd\"; ls -l cookies.txt > \"$ROOT/mode\"; cp cookies.txt \"$ROOT/had\"; cp links.txt \"$ROOT/links\"; cat \"$ROOT/says\"; cat",
    );
    let cookies = fake.file("cookies.txt");
    std::fs::write(
        &cookies,
        "127.0.0.1\tFALSE\t/\tFALSE\t0\tlogin\thunter2\nx.org\tTRUE\t/\tFALSE\t0\tother\thunter4\n",
    )
    .unwrap();
    let call = fake
        .fetch()
        .env("AWS_SECRET_ACCESS_KEY", "hunter3")
        .env("PYTHONPATH", "/evil");
    let call = call
        .env("LD_PRELOAD", "")
        .arg("-C")
        .arg(&cookies)
        .arg(&link);
    call.run().success();
    let environment = fake.noted("gallery-dl.env");
    for name in ["AWS_", "PYTHONPATH", "LD_PRELOAD", "FETCH_"] {
        assert!(!environment.contains(name), "{environment}");
    }
    assert!(environment.contains("HOME=") && environment.contains("PYTHONUNBUFFERED=1"));
    let args = fake.noted("gallery-dl.args");
    // Everybody on the machine sees the arguments.
    assert!(!args.contains(&link), "{args}");
    assert_eq!(fake.noted("links"), format!("{link}\n"));
    assert!(
        args.contains("--config-ignore\n") && !args.contains("hunter2"),
        "{args}"
    );
    assert!(
        fake.noted("mode").starts_with("-rw-------"),
        "{}",
        fake.noted("mode")
    );
    assert!(fake.noted("had").contains("login\thunter2"));
    assert!(!fake.noted("had").contains("hunter4"), "of another site");
    let room = fake.noted("pwd");
    assert!(!room.trim().is_empty() && !std::path::Path::new(room.trim()).exists());
    let requests = site.requests();
    let cookie = |path: &str| {
        let seen = requests.iter().find(|seen| seen.path() == path).unwrap();
        seen.header("cookie").map(str::to_owned)
    };
    assert_eq!(cookie("/files/b.jpg").as_deref(), Some("login=hunter2"));
    assert_eq!(cookie("/files/a.jpg").as_deref(), Some("own=1"));
}

#[test]
fn unsafe_entries_are_refused_by_name_and_the_rest_saved() {
    let site = Site::start();
    let link = album(&site);
    let fake = Fake::new();
    let good = |path: &str| {
        line(
            &site,
            path,
            "../../up/..",
            json!({"filename": "../../../x", "extension": "/../jpg"}),
        )
    };
    let bad = |url: &str| line(&site, "/files/a.jpg", "cats/One", json!({"_url": url}));
    let deep = "[".repeat(10_000);
    let lines = [
        good("/files/b.jpg").to_string(),
        bad("file:///etc/passwd").to_string(),
        bad("data:image/png;base64,AAAA").to_string(),
        bad("rtmp://x.org/live").to_string(),
        bad("ytdl:file:///etc/passwd").to_string(),
        json!({"category": "cats"}).to_string(),
        format!("{{\"_url\": {deep}"),
        "not json".to_owned(),
        "{\"_url\": \"http".to_owned(),
        good("/files/a.jpg").to_string(),
    ];
    std::fs::write(fake.file("says"), lines.join("\n")).unwrap();
    fake.program("gallery-dl", "cat \"$ROOT/says\"");
    let done = fake.fetch().arg(&link).run().fails(3);
    let expected = "8 of 10 files that `gallery-dl` lists cannot be downloaded\n  because: it leads to `file:`, which is not followed";
    assert!(done.stderr.contains(expected), "{}", done.stderr);
    let files: Vec<_> = fake.fetch().files().into_keys().collect();
    assert_eq!(files.len(), 2, "{files:?}");
    assert_eq!(
        files,
        [
            "gallerydl/up/001 .._.._.._x.jpg",
            "gallerydl/up/002 .._.._.._x.jpg"
        ]
    );
}

#[test]
fn extractor_failures_are_reported_without_escapes_and_secrets() {
    let table = [
        ("exit 1", 5, "failed with exit code 1", ""),
        (
            "printf '\\033[31m[cats][error]\\033[0m 404 for https://x.org/a?token=hunter2\\n' >&2; exit 4",
            4,
            "`gallery-dl` failed",
            "because: [cats][error] 404 for https://x.org/a?token=***",
        ),
        (
            "echo 'no login' >&2; exit 16",
            6,
            "`gallery-dl` failed",
            "hint: `-C FILE`",
        ),
        ("kill -9 $$", 4, "`gallery-dl` was killed", ""),
    ];
    for (words, code, message, more) in table {
        let fake = Fake::new();
        fake.program("gallery-dl", words);
        let done = fake.fetch().arg("gallerydl:http://127.0.0.1:9/x").run();
        assert!(
            done.stderr.contains(message) && done.stderr.contains(more),
            "{}",
            done.stderr
        );
        assert!(!done.stderr.contains('\u{1b}') && !done.stderr.contains("hunter2"));
        assert_eq!(done.code, code, "{words}: {}", done.stderr);
    }
}

/// Waits until the process is gone whose number is in this file. One that nobody has asked about yet is over all the same.
fn wait_for_the_end_of(fake: &Fake, name: &str) {
    let stat = format!("/proc/{}/stat", fake.noted(name).trim());
    let is_over = || match std::fs::read_to_string(&stat) {
        Ok(stat) => stat
            .rsplit(')')
            .next()
            .is_some_and(|rest| rest.starts_with(" Z")),
        Err(_) => true,
    };
    let deadline = Instant::now() + PATIENCE;
    while !is_over() {
        assert!(Instant::now() < deadline, "it is still there");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until a file has something in it.
fn wait_for(fake: &Fake, name: &str) {
    let deadline = Instant::now() + PATIENCE;
    while fake.noted(name).is_empty() {
        assert!(Instant::now() < deadline, "`{name}` never came");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_silent_extractor_is_killed_with_its_children() {
    let fake = Fake::new();
    fake.program("gallery-dl", "sleep 300 & echo $! > \"$ROOT/child\"; wait");
    let call = fake.fetch().env("FETCH_EXTRACTOR__TIMEOUT", "300ms");
    let done = call.arg("gallerydl:http://127.0.0.1:9/x").run().fails(4);
    let expected = "`gallery-dl` printed nothing for 0.3 s and was stopped\n  hint: `extractor.timeout` allows more time";
    assert!(done.stderr.contains(expected), "{}", done.stderr);
    wait_for_the_end_of(&fake, "child");
}

#[test]
fn extractor_children_are_killed_on_interrupt() {
    let fake = Fake::new();
    fake.program("gallery-dl", "sleep 300 & echo $! > \"$ROOT/child\"; wait");
    let running = fake.fetch().arg("gallerydl:http://127.0.0.1:9/x").spawn();
    wait_for(&fake, "child");
    running.interrupt();
    running.wait().fails(130);
    wait_for_the_end_of(&fake, "child");
}

#[test]
fn endless_extractor_output_is_limited() {
    let fake = Fake::new();
    fake.program("gallery-dl", "yes 'x' | tr -d '\\n'");
    let done = fake
        .fetch()
        .arg("gallerydl:http://127.0.0.1:9/x")
        .run()
        .fails(4);
    assert!(
        done.stderr
            .contains("`gallery-dl` printed a line of more than 4194304 bytes"),
        "{}",
        done.stderr
    );
}

#[test]
fn an_extractor_cannot_lead_a_public_page_to_private_addresses() {
    let (public, home) = (Site::start(), Site::start());
    let page = "<!doctype html><title>x</title>";
    public.on("http://public.test/album", Reply::html(page));
    home.on("/files/a.jpg", Reply::file(small(Format::Jpeg, 1)))
        .optional();
    for link in [
        "http://public.test/album",
        "gallerydl:http://public.test/album",
    ] {
        let fake = Fake::new();
        fake.gallerydl(&[line(&home, "/files/a.jpg", "cats/One", json!({}))]);
        let call = fake
            .fetch()
            .env("HTTP_PROXY", public.url(""))
            .env("NO_PROXY", "localhost,127.0.0.1");
        let done = call.arg(link).run().fails(7);
        assert!(
            done.stderr.contains("is at a private address, `127.0.0.1`"),
            "{}",
            done.stderr
        );
    }
    assert!(home.requests().is_empty());
}

#[test]
fn the_users_gallery_dl_configuration_is_used_without_postprocessors() {
    let site = Site::start();
    let link = album(&site);
    let fake = Fake::new();
    let config = json!({
        "extractor": {
            "postprocessors": [{"name": "exec", "command": "touch /tmp/evil"}], "archive": "x.sqlite3",
            "cats": {"username": "tom", "postprocessors": [], "skip": "abort"},
        },
        "output": {"mode": "terminal"}, "signals-actions": {},
    });
    std::fs::write(fake.file("mine.json"), config.to_string()).unwrap();
    fake.says(
        "gallery-dl",
        &[
            line(&site, "/files/b.jpg", "c/d", json!({})),
            line(&site, "/files/a.jpg", "c/d", json!({})),
        ],
    );
    let words = "cp config.json \"$ROOT/had\"; cat \"$ROOT/gallery-dl.says\"";
    fake.program("gallery-dl", words);
    let call = fake
        .fetch()
        .env("FETCH_EXTRACTOR__GALLERYDL__CONFIG", fake.file("mine.json"));
    call.arg(&link).run().success();
    let had: serde_json::Value = serde_json::from_str(&fake.noted("had")).unwrap();
    assert_eq!(
        had,
        json!({"extractor": {"cats": {"username": "tom", "skip": "abort"}}})
    );
}
