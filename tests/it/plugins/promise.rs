//! What a script may not do to the machine and to others, as `docs/plugin-safety.md` promises it.

use std::fs;

use super::{USUAL, call, plugin, quick};
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

fn extract(body: &str) -> String {
    format!("return {{ extract = function(ctx)\n{body}\nend }}")
}

#[test]
fn file_names_from_scripts_stay_in_the_output_directory() {
    let site = Site::start();
    site.on("/a.jpg", Reply::file(small(Format::Jpeg, 1)));
    let script = extract(
        r#"emit({ key = "../../k", url = ctx.options.site .. "/a.jpg", name = "../../../etc/\27[31mx", ext = "exe",
            title = "../t", author = "/root", album = { id = "../../a", title = "..\\..\\b" } })"#,
    );
    for template in [
        "{name}",
        "{author}/{album}/{title}",
        "{source}/{key}/{album_id}",
    ] {
        let fetch = call(&site, USUAL, &script).args(["-o", template]);
        let done = fetch.run().success();
        assert!(!done.stderr.contains('\u{1b}'), "{}", done.stderr);
        // All that is there is below the folder of the call, and whatever the script calls it, a picture is one.
        let tree = fetch.tree();
        assert_eq!(fetch.files().len(), 1, "{tree}");
        assert!(tree.contains(".jpg") && !tree.contains(".exe"), "{tree}");
        assert!(!tree.contains('\u{1b}'), "{tree}");
    }
}

#[test]
fn a_busy_script_does_not_delay_other_links() {
    let site = Site::start();
    let files = 20;
    let mut links = Vec::new();
    for at in 0..files {
        let path = format!("/{at}.jpg");
        site.on(&path, Reply::file(small(Format::Jpeg, at)));
        links.push(site.url(&path));
    }
    // What it may compute is counted in its own time, so a busy machine gives it no less.
    let manifest = format!("{USUAL}\nlimits = {{ cpu_ms = 5000 }}");
    let fetch = quick().arg("-j").args(&links);
    let folder = plugin(&fetch, &manifest, &extract("while true do end"));
    let fetch = fetch.arg("https://mine.test/x").arg("--plugin").arg(folder);
    let done = fetch.run().fails(3);
    let lines: Vec<&str> = done.stdout.lines().collect();
    let over = lines
        .iter()
        .position(|line| line.contains("computed for more than 5000 ms"))
        .unwrap();
    let saved = lines[..over]
        .iter()
        .filter(|line| line.contains(r#""outcome":"saved""#));
    assert_eq!(saved.count(), files as usize, "{}", done.stdout);
}

#[test]
fn a_thousand_links_handed_on_by_a_plugin_are_listed() {
    let site = Site::start();
    site.on("/list/*", Reply::json(r#"{ "ids": ["a", "b"] }"#));
    let script = extract(
        r#"
        for _, id in http.get(`{ctx.options.site}/list/{ctx.params.rest}`):json().ids do
            emit({ key = `{ctx.params.rest}-{id}`, url = `https://files.test/{id}.jpg` })
        end
        "#,
    );
    let fetch = quick();
    let folder = plugin(&fetch, USUAL, &script);
    let list: String = (0..1000)
        .map(|at| format!("https://mine.test/{at}\n"))
        .collect();
    let links = fetch.root().join("links.txt");
    fs::write(&links, list).unwrap();
    let done = fetch
        .args([
            "-s",
            "-g",
            "-S",
            &format!("source.mine.site={}", site.url("")),
        ])
        .arg("--plugin")
        .arg(folder)
        .arg("-i")
        .arg(links)
        .run()
        .success();
    assert_eq!(done.stdout.lines().count(), 2000);
    assert_eq!(site.requests().len(), 1000);
}
