//! Requests that a browser has made, handed over.

use std::process::{Command, Stdio};

use crate::streams::{list, playlist, segment, segments};
use crate::support::command::Fetch;
use crate::support::media::{Format, sized, small};
use crate::support::{Reply, Request, Site};

/// What is told of an item that cannot be asked for without its headers.
const FORGOTTEN: &str = "hint: run the same `fetch from-har` or `fetch from-curl` again\n";

/// A picture for whoever has the cookie.
fn guarded(site: &Site, path: &str, seed: u64) {
    let reply = move |seen: &Request| match seen.header("cookie") {
        Some("id=hunter2") => Reply::file(small(Format::Jpeg, seed)),
        _ => Reply::empty(403),
    };
    site.on(path, Reply::with(reply));
}

/// An entry of a recording.
fn entry(url: &str, mime: &str) -> String {
    format!(
        r#"{{"request":{{"method":"GET","url":"{url}","headers":[
            {{"name":":authority","value":"x"}},{{"name":"Cookie","value":"id=hunter2"}},
            {{"name":"Referer","value":"https://example.org/page"}},{{"name":"Range","value":"bytes=0-"}}]}},
            "response":{{"status":200,"content":{{"mimeType":"{mime}","text":"aHVudGVyMg=="}}}}}}"#
    )
}

fn recording(fetch: &Fetch, entries: &[String]) -> String {
    let path = fetch.root().join("cats.har");
    let text = format!(r#"{{"log":{{"entries":[{}]}}}}"#, entries.join(","));
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// All that was written or said, but for the bodies of files, has none of this.
fn holds_no_secret(fetch: &Fetch, told: &str) {
    assert!(!told.contains("hunter2"), "{told}");
    let mut folders = vec![fetch.root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none_or(|ext| ext != "har") {
                let text = std::fs::read(&path).unwrap();
                assert!(
                    !String::from_utf8_lossy(&text).contains("hunter2"),
                    "{path:?}"
                );
            }
        }
    }
}

#[test]
fn har_media_are_requested_with_their_headers() {
    let site = Site::start();
    guarded(&site, "/b.jpg", 1);
    guarded(&site, "/a.jpg", 2);
    // It leads to another site, which gets none of it.
    let other = Site::start();
    other.on("/c.jpg", Reply::file(small(Format::Jpeg, 3)));
    site.on("/c.jpg", Reply::redirect(other.url("/c.jpg")));
    let fetch = Fetch::new();
    let entries = [
        entry(&site.url("/page"), "text/html"),
        entry(&site.url("/b.jpg"), "image/jpeg"),
        entry(&site.url("/x.js"), "text/javascript"),
        entry(&site.url("/a.jpg"), "image/jpeg"),
        entry(&site.url("/c.jpg"), "image/jpeg"),
        entry(&site.url("/p.jpg"), "image/jpeg").replace("GET", "POST"),
    ];
    let path = recording(&fetch, &entries);
    let fetch = fetch.args([
        "from-har",
        &path,
        "-S",
        "net.private=always",
        "--write-metadata",
    ]);
    let done = fetch.run().success();
    let line = "3 of 6 requests taken, 1 left out: not GET\n";
    assert!(done.stderr.starts_with(line), "{}", done.stderr);
    let files = fetch.files();
    let names: Vec<_> = files.keys().filter(|path| path.ends_with(".jpg")).collect();
    let expected = ["001 b", "002 a", "003 c"].map(|name| format!("browser/cats/{name}.jpg"));
    assert_eq!(names, expected.iter().collect::<Vec<_>>());
    assert!(files[&expected[0]] == small(Format::Jpeg, 1));
    for seen in site.requests() {
        assert_eq!(seen.header("range"), None);
        assert_eq!(seen.header("referer"), Some("https://example.org/page"));
    }
    let seen = &other.requests()[0];
    assert_eq!(
        (seen.header("cookie"), seen.header("referer")),
        (None, None)
    );
    holds_no_secret(&fetch, &done.stderr);
    // What is known costs no request.
    let asked = site.requests().len();
    let again = fetch.run().success();
    assert!(
        again.stderr.contains("3 found: 0 new, 3 had"),
        "{}",
        again.stderr
    );
    assert_eq!(site.requests().len(), asked);
}

#[test]
fn a_har_file_cannot_lead_to_private_addresses_by_default() {
    let site = Site::start();
    site.on("/a.jpg", Reply::file(small(Format::Jpeg, 1)))
        .optional();
    let fetch = Fetch::new();
    let path = recording(&fetch, &[entry(&site.url("/a.jpg"), "image/jpeg")]);
    let fetch = fetch.args(["from-har", &path]);
    let done = fetch.run().fails(7);
    assert!(done.stderr.contains("net.private"), "{}", done.stderr);
    assert!(site.requests().is_empty() && fetch.files().is_empty());
}

#[test]
fn a_har_file_without_media_says_so() {
    let fetch = Fetch::new();
    let path = recording(
        &fetch,
        &[entry("https://example.org/x.js", "text/javascript")],
    );
    let done = fetch.args(["from-har", &path]).run().fails(5);
    assert!(
        done.stderr.contains("0 of 1 request taken\n"),
        "{}",
        done.stderr
    );
    assert!(
        done.stderr.contains("hint: `--all` includes"),
        "{}",
        done.stderr
    );
}

#[test]
fn failures_of_a_har_file_are_reported_without_secrets() {
    let site = Site::start();
    site.on("/a.jpg", Reply::empty(403));
    let fetch = Fetch::new();
    let url = site.url("/a.jpg?token=hunter2");
    let path = recording(&fetch, &[entry(&url, "image/jpeg")]);
    let har = fetch
        .clone()
        .args(["from-har", &path, "-S", "net.private=always"]);
    let done = har.run().fails(7);
    assert!(done.stderr.contains("token=***"), "{}", done.stderr);
    holds_no_secret(&fetch, &done.stderr);
    // Its headers are not remembered, so it cannot be tried again without them.
    let again = fetch.clone().arg("retry").run().fails(4);
    assert!(again.stderr.contains(FORGOTTEN), "{}", again.stderr);
    assert_eq!(site.requests().len(), 1);
    holds_no_secret(&fetch, &again.stderr);
}

#[test]
fn a_curl_command_is_repeated_with_its_headers() {
    let site = Site::start();
    guarded(&site, "/cat.jpg", 1);
    let fetch = Fetch::new();
    let command = format!(
        "curl '{}' \\\n  -H 'Accept: image/*' \\\n  -b 'id=hunter2' \\\n  -H 'User-Agent: Mine/1' --compressed",
        site.url("/cat.jpg")
    );
    let curl = fetch.clone().args(["from-curl", &command]);
    let done = curl.run().success();
    let names: Vec<_> = fetch.files().into_keys().collect();
    assert_eq!(names, ["cat.jpg"]);
    let seen = &site.requests()[0];
    assert_eq!(seen.header("user-agent"), Some("Mine/1"));
    assert_eq!(seen.header("accept-encoding"), Some("identity"));
    holds_no_secret(&fetch, &done.stderr);
    let history = fetch.clone().arg("history").run().success();
    assert!(
        history.stdout.contains("fetch from-curl http://"),
        "{}",
        history.stdout
    );
    assert!(!history.stdout.contains("hunter2"), "{}", history.stdout);
}

#[test]
fn a_curl_command_that_sends_data_is_refused() {
    let site = Site::start();
    let command = format!("curl '{}' --data-raw 'token=hunter2'", site.url("/x"));
    let done = Fetch::new().args(["from-curl", &command]).run().fails(2);
    assert_eq!(
        done.stderr,
        "error: cannot use the command: it sends data or is not a GET, and only GET requests are repeated\n"
    );
    assert!(site.requests().is_empty());
}

#[test]
fn an_unquoted_curl_command_gets_a_hint() {
    let words = [
        "from-curl",
        "curl",
        "http://127.0.0.1:1/x",
        "-H",
        "Cookie: hunter2",
    ];
    let done = Fetch::new().args(words).run().fails(2);
    assert!(
        done.stderr.contains("quote the `curl` command"),
        "{}",
        done.stderr
    );
    assert!(!done.stderr.contains("hunter2"), "{}", done.stderr);
}

#[test]
fn a_large_file_from_curl_is_resumed_with_its_headers() {
    let site = Site::start();
    let bytes = sized(Format::Mp4, 9 << 20, 1);
    let whole = Reply::file(bytes.clone()).etag("\"x\"");
    site.on("/cat.mp4", whole.clone().cut_after(8 << 20)).once();
    site.on("/cat.mp4", whole);
    let fetch = Fetch::new();
    let command = format!("curl '{}' -H 'Cookie: id=hunter2'", site.url("/cat.mp4"));
    let done = fetch.clone().args(["from-curl", &command]).run().success();
    assert!(fetch.files()["cat.mp4"] == bytes);
    for seen in site.requests() {
        assert_eq!(seen.header("cookie"), Some("id=hunter2"));
    }
    holds_no_secret(&fetch, &done.stderr);
}

/// What is saved of this on stdin.
fn piped(command: &str, text: &str) -> Vec<String> {
    let fetch = Fetch::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_fetch"))
        .args([
            command,
            "-",
            "--no-archive",
            "-S",
            "net.private=always",
            "-d",
        ])
        .arg(fetch.out())
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, text.as_bytes()).unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
    fetch.files().into_keys().collect()
}

#[test]
fn a_curl_command_is_read_from_stdin() {
    let site = Site::start();
    guarded(&site, "/cat.jpg", 1);
    let command = format!("curl '{}' -b 'id=hunter2'\n", site.url("/cat.jpg"));
    assert_eq!(piped("from-curl", &command), ["cat.jpg"]);
}

#[test]
fn a_recording_is_read_from_stdin() {
    let site = Site::start();
    guarded(&site, "/cat.jpg", 1);
    let fetch = Fetch::new();
    let path = recording(&fetch, &[entry(&site.url("/cat.jpg"), "image/jpeg")]);
    let saved = piped("from-har", &std::fs::read_to_string(path).unwrap());
    assert_eq!(saved.len(), 1, "{saved:?}");
    assert!(saved[0].contains("stdin/"), "{saved:?}");
}

#[test]
fn har_items_are_not_retried_without_their_headers() {
    let site = Site::start();
    site.on("/a.jpg", Reply::empty(451));
    guarded(&site, "/b.jpg", 1);
    let fetch = Fetch::new();
    let entries = ["/a.jpg", "/b.jpg"].map(|path| entry(&site.url(path), "image/jpeg"));
    let path = recording(&fetch, &entries);
    let always = ["-S", "net.private=always"];
    let har = fetch.clone().args(["from-har", &path]).args(always);
    har.run().fails(3);
    std::fs::remove_file(fetch.out().join("browser/cats/002 b.jpg")).unwrap();
    for again in [vec!["retry"], vec!["verify", "--repair"]] {
        let done = fetch.clone().args(again).args(always).run();
        assert!(done.stderr.contains(FORGOTTEN), "{}", done.stderr);
    }
    assert_eq!(site.requests().len(), 2);
    // The same command brings what is missing.
    har.run().fails(3);
    assert!(fetch.files().contains_key("browser/cats/002 b.jpg"));
}

#[test]
fn segments_of_a_curl_stream_are_requested_with_its_headers() {
    let site = Site::start();
    site.on("/cats.m3u8", playlist(&list(3)));
    let whole = segments(&site, "", 3, 20);
    let fetch = Fetch::new();
    let url = site.url("/cats.m3u8");
    let command = format!("curl '{url}' -H 'Cookie: id=hunter2' -e https://example.org/");
    let done = fetch.clone().args(["from-curl", &command]).run().success();
    assert!(fetch.files()["cats.ts"] == whole);
    for seen in site.requests() {
        assert_eq!(seen.header("cookie"), Some("id=hunter2"));
        assert_eq!(seen.header("referer"), Some("https://example.org/"));
    }
    holds_no_secret(&fetch, &done.stderr);
}

#[test]
fn a_playlist_recognised_by_its_bytes_keeps_its_headers() {
    let site = Site::start();
    let guarded = |reply: Reply| {
        Reply::with(move |seen: &Request| match seen.header("cookie") {
            Some("id=hunter2") => reply.clone(),
            _ => Reply::empty(403),
        })
    };
    site.on("/films/cats", guarded(playlist(&list(2))));
    let mut whole = Vec::new();
    for n in 0..2 {
        let bytes = segment(n, 20);
        site.on(
            &format!("/films/{n}.ts"),
            guarded(Reply::file(bytes.clone())),
        );
        whole.extend(bytes);
    }
    let fetch = Fetch::new();
    let command = format!("curl '{}' -b 'id=hunter2'", site.url("/films/cats"));
    let done = fetch.clone().args(["from-curl", &command]).run().success();
    assert!(fetch.files()["cats.ts"] == whole, "{}", fetch.tree());
    holds_no_secret(&fetch, &done.stderr);
}

#[test]
fn browser_items_can_have_a_template() {
    let site = Site::start();
    guarded(&site, "/cat.jpg", 1);
    let fetch = Fetch::new().config("source.browser.template = 'mine/{name}.{ext}'\n");
    let command = format!("curl '{}' -H 'Cookie: id=hunter2'", site.url("/cat.jpg"));
    fetch.clone().args(["from-curl", &command]).run().success();
    assert_eq!(
        fetch.files().into_keys().collect::<Vec<_>>(),
        ["mine/cat.jpg"]
    );
    fetch.clone().args(["config", "check"]).run().success();
    let schema = fetch.args(["config", "schema"]).run().success().stdout;
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let known = &schema["properties"]["source"]["properties"]["browser"];
    assert!(known["properties"]["template"].is_object());
}

#[test]
fn a_har_file_given_as_a_link_hints_at_from_har() {
    let fetch = Fetch::new();
    std::fs::write(fetch.out().join("cats.har"), "{}").unwrap();
    let done = fetch.arg("cats.har").run().fails(2);
    done.says("error: `cats.har` is a file, not a link\n  hint: `fetch from-har cats.har` ");
}

#[test]
fn each_request_that_is_left_out_is_told_where_all_are_wanted() {
    let fetch = Fetch::new();
    let entries = [
        entry("data:image/gif;base64,R0lGODdhAQ", "image/gif"),
        entry("blob:https://example.org/1", "image/gif"),
        entry("https://example.org/", "text/html"),
    ];
    let path = recording(&fetch, &entries);
    let done = fetch.args(["from-har", "--all", &path]).run().fails(5);
    done.says("0 of 3 requests taken, 1 left out: web pages, 2 left out: not http or https\n");
}
