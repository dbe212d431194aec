//! What makes plugins, and looks whether they do as they say.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

/// A new plugin, and the call that made it.
pub(super) fn new() -> (Fetch, PathBuf) {
    let fetch = Fetch::new();
    let made = fetch.clone().args(["plugin", "new", "comics"]);
    made.run().success();
    let folder = fetch.out().join("comics");
    (fetch, folder)
}

pub(super) fn test(fetch: &Fetch) -> Fetch {
    fetch.clone().args(["plugin", "test", "comics"])
}

/// Puts something else into a file.
pub(super) fn change(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(file, text.replace(from, to)).unwrap();
}

#[test]
fn a_new_plugin_works_and_replaces_nothing() {
    let (fetch, folder) = new();
    let done = test(&fetch).run().success();
    assert_eq!(done.stdout, "ok      album\n");
    let done = fetch.clone().args(["plugin", "new", "comics"]).run();
    let said = &done.fails(2).stderr;
    assert!(said.contains("`comics` already exists"), "{said}");
    // Used on a site of one's own.
    let site = Site::start();
    let answer = format!(
        r#"{{ "title": "Cats", "images": [{{ "id": "x1", "url": "{}" }}] }}"#,
        site.url("/x1.jpg")
    );
    site.on("/api/albums/7", Reply::json(answer));
    site.on("/x1.jpg", Reply::file(small(Format::Jpeg, 1)));
    let used = Fetch::new().arg("--plugin").arg(folder);
    let used = used.args(["-S", &format!("source.comics.site={}", site.url(""))]);
    used.clone()
        .arg("https://comics.example/a/7")
        .run()
        .success();
    assert_eq!(used.files().len(), 1, "{}", used.tree());
}

#[test]
fn plugin_ids_are_unique_words() {
    for name in [
        "Comics",
        "a/b",
        "..",
        "x\"\nid=1",
        "http",
        "xkcd",
        "page",
        "c",
    ] {
        let fetch = Fetch::new();
        let done = fetch.clone().args(["plugin", "new", name]).run().fails(2);
        let given = format!("`{}`", name.escape_debug());
        assert!(done.stderr.contains(&given), "{}", done.stderr);
        assert!(!done.stderr.contains('?'), "{}", done.stderr);
        assert_eq!(fetch.tree(), "", "{name}");
    }
}

#[test]
fn a_failing_case_is_reported_without_any_request() {
    let table = [
        (
            "title = \"Tom\"",
            "title = \"Tim\"",
            "item 1: `title`\n    - \"Tim\"\n    + \"Tom\"\n",
        ),
        (
            "/albums/7\"",
            "/albums/8\"",
            "the case has no response for `https://comics.example/api/albums/7`",
        ),
        (
            "/albums/7\"",
            "/albums/8\"",
            "the response for `https://comics.example/api/albums/8` was not requested",
        ),
        (
            "[[item]]",
            "[[item]]\nkey = \"x0\"\n[[item]]",
            "the number of items\n    - 2\n    + 1\n",
        ),
        (
            "\"x1\", \"url\": \"https://comics",
            "\"x1\", \"url\": \"https://other",
            "may not access `https://other.example/x1.jpg`",
        ),
        (
            "body = ",
            "status = 404\nbody = ",
            "it fails with `missing`",
        ),
        (
            "link =",
            "error = \"missing\"\nlink =",
            "it should fail with `missing`, but succeeds",
        ),
    ];
    let (fetch, folder) = new();
    let file = folder.join("cases/album.toml");
    let whole = fs::read_to_string(&file).unwrap();
    for (from, to, expected) in table {
        change(&file, from, to);
        let done = test(&fetch).run().fails(3);
        assert!(done.stdout.contains(expected), "{to}: {}", done.stdout);
        assert!(done.stdout.contains("1 of 1 failed\n"), "{}", done.stdout);
        fs::write(&file, &whole).unwrap();
    }
    fs::remove_file(&file).unwrap();
    let said = test(&fetch).run().fails(2).stderr;
    assert!(said.contains("there is no case in"), "{said}");
}

/// The text of that block of this language, from 0.
fn block(text: &str, language: &str, at: usize) -> String {
    let begin = format!("```{language}\n");
    let rest = text.split(&begin).nth(at + 1).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_example_plugin_of_the_manual_works() {
    let (fetch, folder) = new();
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/README.md");
    let manual = fs::read_to_string(manual).unwrap();
    let script = block(&manual, "luau", 0);
    assert!(script.lines().count() < 30);
    let manifest = folder.join("plugin.toml");
    change(
        &manifest,
        "comics.example/a/{id}",
        "comics.example/strips/{volume}",
    );
    change(&manifest, "comics.example/a/7", "comics.example/strips/7");
    fs::write(folder.join("main.luau"), script).unwrap();
    fs::write(folder.join("cases/album.toml"), block(&manual, "toml", 0)).unwrap();
    test(&fetch).run().success();
    let site = Site::start();
    let answer = format!(r#"[{{ "id": "s1", "image": "{}" }}]"#, site.url("/s1.png"));
    site.on("/api/strips?volume=7", Reply::json(answer));
    site.on("/s1.png", Reply::file(small(Format::Png, 1)));
    let used = Fetch::new().arg("--plugin").arg(folder);
    let used = used.args(["-S", &format!("source.comics.site={}", site.url(""))]);
    used.clone().arg("comics.example/strips/7").run().success();
    assert_eq!(used.files().len(), 1, "{}", used.tree());
}

#[test]
fn the_manuals_local_example_works() {
    let (fetch, folder) = new();
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/README.md");
    let script = block(&fs::read_to_string(manual).unwrap(), "luau", 1);
    assert!(script.lines().count() < 30);
    let manifest = folder.join("plugin.toml");
    change(&manifest, "/a/{id}", "/strips/{volume}");
    change(&manifest, "/a/7", "/strips/7");
    fs::write(folder.join("main.luau"), script).unwrap();
    fs::remove_file(folder.join("cases/album.toml")).unwrap();
    let site = Site::start();
    let page = |files: [&str; 2], more: &str| {
        let [a, b] = files.map(|file| {
            format!("<figure><a href='/img/{file}.png'><img src='/small/{file}.png' alt='{file}!'></a></figure>")
        });
        Reply::html(format!("<!doctype html><h1>Seven</h1>{a}{b}{more}"))
    };
    let more = "<a rel=next href='?page=2'>more</a>";
    site.on("/strips/7", page(["a", "b"], more));
    site.on("/strips/7?page=2", page(["c", "d"], ""));
    for (at, file) in ["a", "b", "c", "d"].iter().enumerate() {
        let picture = small(Format::Png, at as u64);
        site.on(&format!("/img/{file}.png"), Reply::file(picture));
    }
    let set = format!("source.comics.site={}", site.url(""));
    let link = "https://comics.example/strips/7";
    let record = fetch.clone().args(["plugin", "record", "comics", "seven"]);
    record.args([link, "-S", &set]).run().success();
    test(&fetch).run().success();
    let check = fetch.clone().args(["plugin", "check", "comics"]);
    assert_eq!(check.run().success().stdout, "no problems found\n");
    test(&fetch).args(["--live", "-S", &set]).run().success();
    let used = Fetch::new().arg("--plugin").arg(folder);
    let used = used.args(["-S", &set]);
    used.clone().arg(link).run().success();
    // The link as it is at home is the same with a name.
    let named = format!("comics:{}", site.url("/strips/7"));
    let done = used.clone().args(["-s", &named]).run().success();
    assert!(
        done.stderr.contains("4 found: 0 new, 4 had"),
        "{}",
        done.stderr
    );
    let files: Vec<_> = used.files().into_keys().collect();
    assert_eq!(files.len(), 4, "{files:?}");
    assert!(
        files.iter().any(|file| file.ends_with("a!.png")),
        "{files:?}"
    );
}
