//! `fetch plugin record`: a case from what a site answers now.

use std::fs;

use super::kit::{change, new, test};
use super::{USUAL, call, plugin};
use crate::support::command::Fetch;
use crate::support::tls::TlsServer;
use crate::support::{Reply, Site};

fn record(fetch: &Fetch, site: &Site, link: &str) -> Fetch {
    let site = format!("source.comics.site={}", site.url(""));
    fetch
        .clone()
        .args(["plugin", "record", "comics", "seen", link, "-S", &site])
}

#[test]
fn a_recording_passes_as_a_case() {
    let (fetch, folder) = new();
    let long = format!(
        r#"{{ "title": "It's \"long\"\nand has 'quotes'", "images": [{{ "id": "x1", "url": "SITE/x1.jpg", "title": "{}" }}] }}"#,
        "é".repeat(1500)
    );
    for answer in [long.replace('é', ""), long] {
        let site = Site::start();
        let answer = answer.replace("SITE", &site.url(""));
        site.on("/api/albums/7", Reply::json(answer));
        let said = record(&fetch, &site, "https://comics.example/a/7")
            .run()
            .success()
            .stdout;
        assert!(
            said.contains("created `comics/cases/seen.toml`\n"),
            "{said}"
        );
        drop(site);
        let said = test(&fetch).run().success().stdout;
        assert_eq!(said, "ok      album\nok      seen\n");
        // A site in place of that of the manifest shows what is needed as well as that one.
        fs::rename(folder.join("cases/album.toml"), folder.join("album.toml")).unwrap();
        let check = fetch.clone().args(["plugin", "check", "comics"]);
        assert_eq!(check.run().success().stdout, "no problems found\n");
        fs::rename(folder.join("album.toml"), folder.join("cases/album.toml")).unwrap();
        // The answers are held to: another one fails.
        let case = fs::read_to_string(folder.join("cases/seen.toml")).unwrap();
        let file = match case.contains("file = ") {
            true => folder.join("cases/seen-1.json"),
            false => folder.join("cases/seen.toml"),
        };
        change(&file, "\"x1\", \"url\"", "\"x9\", \"url\"");
        test(&fetch).run().fails(3);
        for file in ["seen.toml", "seen-1.json"] {
            let _ = fs::remove_file(folder.join("cases").join(file));
        }
    }
}

#[test]
fn a_missing_page_is_recorded_and_existing_cases_are_kept() {
    let (fetch, folder) = new();
    let site = Site::start();
    site.on("/api/albums/7", Reply::text("no").status(404));
    let record = record(&fetch, &site, "https://comics.example/a/7");
    record.run().success();
    let case = fs::read_to_string(folder.join("cases/seen.toml")).unwrap();
    assert!(case.contains("error = \"missing\""), "{case}");
    assert!(
        test(&fetch)
            .run()
            .success()
            .stdout
            .contains("ok      seen\n")
    );
    let said = record.run().fails(2).stderr;
    assert!(
        said.contains("`comics/cases/seen.toml` already exists"),
        "{said}"
    );
    assert_eq!(site.requests().len(), 1);
}

#[test]
fn temporary_oversized_and_binary_responses_are_not_recorded() {
    let pages = "return { extract = function(ctx) for at = 1, 99 do http.get(`{ctx.options.site}/{at}`) end end }";
    let table = [
        (
            "/api/albums/7",
            Reply::text("wait").status(429),
            None,
            7,
            "answered 429",
        ),
        (
            "/api/albums/7",
            Reply::file(vec![0xff; 9]),
            None,
            4,
            "is not JSON",
        ),
        (
            "/*",
            Reply::file(vec![0xff; 9]),
            Some("return { extract = function(ctx) http.get(ctx.options.site .. '/1') end }"),
            5,
            "is not text\n",
        ),
        (
            "/*",
            Reply::text("x"),
            Some(pages),
            5,
            "a case can have at most 16 responses",
        ),
    ];
    for (at, reply, script, code, expected) in table {
        let (fetch, folder) = new();
        if let Some(script) = script {
            fs::write(folder.join("main.luau"), script).unwrap();
        }
        let site = Site::start();
        site.on(at, reply);
        let record = record(&fetch, &site, "https://comics.example/a/7");
        let done = record
            .args(["-S", "net.retries=0", "-S", "net.backoff=1ms"])
            .run();
        assert!(
            done.stderr.contains(expected),
            "{expected}: {}",
            done.stderr
        );
        assert_eq!(done.code, code, "{expected}: {}", done.stderr);
        assert!(!folder.join("cases/seen.toml").exists());
    }
    let (fetch, _) = new();
    let said = fetch
        .args([
            "plugin",
            "record",
            "comics",
            "../x",
            "https://comics.example/a/7",
        ])
        .run()
        .fails(2)
        .stderr;
    assert!(said.contains("invalid case name `../x`"), "{said}");
}

#[test]
fn recordings_contain_no_secrets() {
    let site = Site::start();
    site.on("/token", Reply::json(r#"{"access_token": "t0ken"}"#));
    site.on(
        "/1",
        Reply::json(
            r#"{"you": "hu\"nter2", "app": "me42", "next": "?access_token=t0ken&k=hu%22nter2"}"#,
        )
        .header("X-Key", "x"),
    );
    let manifest = "permissions = { request = ['mine.test'] }\n\
        [[secret]]\nkey = 'app'\nhost = 'mine.test'\nheader = 'Authorization'\n\
        token = 'https://mine.test/token'\nhelp = 'an app of yours'";
    let script =
        "return { extract = function() http.get('https://mine.test/1', { secret = 'app' }) end }";
    let front = TlsServer::proxy_to("mine.test", &site);
    let fetch = Fetch::new();
    let folder = plugin(&fetch, manifest, script);
    let recorded = fetch
        .clone()
        .args(["plugin", "record"])
        .arg(&folder)
        .args([
            "seen",
            "https://mine.test/x",
            "-S",
            "source.mine.app=me42:hu\"nter2",
        ])
        .args([
            "-S",
            &format!("net.ca_cert={}", front.authority().display()),
        ])
        .env("HTTPS_PROXY", front.as_proxy());
    recorded.run().success();
    let case = fs::read_to_string(folder.join("cases/seen.toml")).unwrap();
    for secret in ["nter2", "me42", "t0ken"] {
        assert!(!case.contains(secret), "{secret}: {case}");
    }
    assert!(case.contains("https://mine.test/1"), "{case}");
    Fetch::new()
        .args(["plugin", "test"])
        .arg(&folder)
        .run()
        .success();
}

#[test]
fn recordings_keep_redirects_and_existing_bodies() {
    let (fetch, folder) = new();
    let script = "return { extract = function(ctx)\n\
        local answer = http.get(ctx.options.site .. '/old')\n\
        emit({ key = 1, url = 'https://comics.example/x.jpg', title = url.parse(answer.url).path })\nend }";
    fs::write(folder.join("main.luau"), script).unwrap();
    let site = Site::start();
    site.on("/old", Reply::redirect("/new"));
    site.on("/new", Reply::text("x".repeat(3000)));
    fs::remove_file(folder.join("cases/album.toml")).unwrap();
    let record = record(&fetch, &site, "https://comics.example/a/7");
    record.run().success();
    let case = fs::read_to_string(folder.join("cases/seen.toml")).unwrap();
    assert!(case.contains("title = \"/new\""), "{case}");
    test(&fetch).run().success();
    // Without the case, its body is still there.
    fs::remove_file(folder.join("cases/seen.toml")).unwrap();
    let said = record.run().fails(2).stderr;
    assert!(
        said.contains("`comics/cases/seen-1.txt` already exists"),
        "{said}"
    );
    assert!(!folder.join("cases/seen.toml").exists());
}

#[test]
fn scripts_can_log() {
    let site = Site::start();
    let script = "return { extract = function() log('page 1\\27[31m of 2') end }";
    let call = call(&site, USUAL, script);
    let said = call.clone().arg("-v").run().stderr;
    assert!(said.contains("mine: page 1 [31m of 2\n"), "{said}");
    assert!(!call.run().stderr.contains("page 1"));
    let (fetch, folder) = new();
    change(
        &folder.join("main.luau"),
        "    local album",
        "    log(`at {ctx.params.id}`)\n    local album",
    );
    assert_eq!(
        test(&fetch).run().success().stdout,
        "ok      album\n  log: at 7\n"
    );
}

#[test]
fn local_addresses_in_a_case_are_pointed_out() {
    let (fetch, folder) = new();
    let site = Site::start();
    let answer = format!(
        r#"{{ "title": "Cats", "images": [{{ "id": "x1", "url": "{}" }}] }}"#,
        site.url("/x1.jpg")
    );
    site.on("/api/albums/7", Reply::json(answer));
    record(&fetch, &site, "https://comics.example/a/7")
        .run()
        .success();
    let pack = fetch.clone().args(["plugin", "pack", "comics"]);
    let note = format!(
        "note: the case `seen` has the address of a site of yours: {}",
        site.url("")
    );
    pack.clone().run().success().says(&note);
    fs::remove_file(fetch.out().join("comics-0.1.0.tar.gz")).unwrap();
    fs::remove_file(folder.join("cases/seen.toml")).unwrap();
    let said = pack.run().success().stderr;
    assert!(!said.contains("note:"), "{said}");
}
