//! `fetch plugin check`: what is wrong with a plugin before others get it.

use std::fs;
use std::path::Path;

use super::kit::{change, new};
use crate::support::command::Fetch;

fn check(fetch: &Fetch) -> Fetch {
    fetch.clone().args(["plugin", "check", "comics"])
}

#[test]
fn a_new_plugin_passes_the_check() {
    let (fetch, _) = new();
    let said = check(&fetch).run().success().stdout;
    assert_eq!(said, "no problems found\n");
}

#[test]
fn the_plugins_that_are_here_have_nothing_wrong_and_all_their_cases_hold() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["plugins", "examples"].map(|name| fs::read_dir(root.join(name)).unwrap());
    let mut seen = 0;
    for folder in folders
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
    {
        if folder.join("plugin.toml").is_file() {
            seen += 1;
            let said = Fetch::new()
                .args(["plugin", "check"])
                .arg(&folder)
                .run()
                .stdout;
            assert_eq!(said, "no problems found\n", "{}", folder.display());
        }
    }
    assert!(seen >= 4, "{seen}");
}

#[test]
fn check_reports_problems_with_their_lines() {
    let table = [
        (
            "main.luau",
            "album.images do",
            "albun.images do",
            "comics/main.luau:3: `albun` is not declared",
        ),
        (
            "main.luau",
            "local album",
            "local local",
            "comics/main.luau:2:",
        ),
        (
            "plugin.toml",
            "request = [\"NAME.example\"]",
            "request = [\"NAME.example\", \"api.NAME.example\"]",
            "no case needs `api.comics.example` in `request`",
        ),
        (
            "plugin.toml",
            "media = [\"NAME.example\"]",
            "media = [\"NAME.example\", \"*.NAME.example\"]\ndelegate = true",
            "no case needs `*.comics.example` in `media`\nno case delegates a link, so `delegate` is not needed\n",
        ),
        (
            "plugin.toml",
            "[permissions]\nrequest = [\"NAME.example\"]",
            "[permissions]\nrequest = [\"NAME.example\"]\npost = [\"NAME.example\"]",
            "no case needs `comics.example` in `post`",
        ),
        (
            "plugin.toml",
            "[permissions]",
            "[[route]]\nname = \"tag\"\npattern = \"NAME.example/t/{tag}\"\nexample = \"https://NAME.example/t/x\"\n[permissions]",
            "no case has a link for the route `tag`",
        ),
        (
            "plugin.toml",
            "[permissions]",
            "[[route]]\nname = \"tag\"\npattern = \"NAME.example/a/{tag}\"\nexample = \"https://NAME.example/a/x\"\n[permissions]",
            "is taken by route `album` before `tag`",
        ),
        (
            "plugin.toml",
            "version = \"0.1.0\"",
            "version = \"1\"",
            "the version `1` is not three numbers such as `1.4.0`",
        ),
        (
            "cases/album.toml",
            "title = \"Tom\"",
            "title = \"Tim\"",
            "the case `album` fails",
        ),
    ];
    for (file, from, to, expected) in table {
        let (fetch, folder) = new();
        let named = |text: &str| text.replace("NAME", "comics");
        change(&folder.join(file), &named(from), &named(to));
        let said = check(&fetch).run().fails(3).stdout;
        assert!(said.contains(expected), "{to}: {said}");
    }
    let (fetch, folder) = new();
    fs::remove_dir_all(folder.join("cases")).unwrap();
    let said = check(&fetch).run().fails(3).stdout;
    assert!(said.contains("there is no case in"), "{said}");
    fs::remove_file(folder.join("plugin.toml")).unwrap();
    check(&fetch).run().fails(2);
}

#[test]
fn check_reports_ids_of_built_in_sources() {
    let (fetch, folder) = new();
    let manifest = folder.join("plugin.toml");
    for (from, to) in [("comics", "imgur"), ("imgur", "xkcd")] {
        let (own, other) = (format!("id = \"{from}\""), format!("id = \"{to}\""));
        change(&manifest, &own, &other);
        let done = check(&fetch).run().success();
        assert_eq!(done.stdout, "no problems found\n");
        done.says(&format!("`{to}` is the name of a built-in source"));
    }
    change(&manifest, "id = \"xkcd\"", "id = \"page\"");
    let said = check(&fetch).run().fails(3).stdout;
    assert!(
        said.starts_with("a plugin cannot be called `page`"),
        "{said}"
    );
}

#[test]
fn plugin_types_prints_the_script_api() {
    let said = Fetch::new()
        .args(["plugin", "types"])
        .run()
        .success()
        .stdout;
    assert!(
        said.contains("declare function emit(item: Item): ()"),
        "{said}"
    );
}
