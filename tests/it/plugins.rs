//! Plugins that are scripts: found, asked, and held to what they declare.

mod attacks;
mod cases;
mod checked;
mod encodings;
mod goes_on;
mod gone;
mod iiif;
mod kit;
mod led;
mod live;
mod mistakes;
mod odd;
mod out_there;
mod posting;
mod promise;
mod reach;
mod recorded;
mod resolving;
mod store;
mod warned;

use std::fs;
use std::path::PathBuf;

use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

/// A call without waits, and with nothing tried again.
fn quick() -> Fetch {
    Fetch::new().args(["-S", "net.backoff=1ms", "-R", "0", "--no-archive"])
}

/// A plugin in a folder of its own: what follows the common part of its manifest, and its script.
fn plugin(fetch: &Fetch, manifest: &str, script: &str) -> PathBuf {
    let folder = fetch.root().join("plugins/mine");
    fs::create_dir_all(&folder).unwrap();
    let manifest = format!(
        r#"manifest = 1
id = "mine"
about = "a site of mine"
version = "1.2.3"
api = 1
{manifest}
[[route]]
name = "page"
pattern = "mine.test/{{rest...}}"
example = "https://mine.test/x"
[[option]]
key = "site"
type = "site"
default = "https://mine.test"
help = "where it is"
"#
    );
    fs::write(folder.join("plugin.toml"), manifest).unwrap();
    fs::write(folder.join("main.luau"), script).unwrap();
    folder
}

/// The permissions that most of these plugins have.
pub(crate) const USUAL: &str = "permissions = { request = ['mine.test', 'other.test'], media = ['files.test'], delegate = true }";

/// A call for a link of that plugin, whose site is this one.
pub(crate) fn call(site: &Site, manifest: &str, script: &str) -> Fetch {
    let fetch = quick();
    let folder = plugin(&fetch, manifest, script);
    fetch
        .arg("--plugin")
        .arg(folder)
        .args(["-S", &format!("source.mine.site={}", site.url(""))])
        .arg("https://mine.test/x")
}

#[test]
fn a_user_plugin_lists_pages_and_saves_files() {
    let site = Site::start();
    site.on(
        "/list?page=1",
        Reply::json(r#"{"ids": ["a", "b"], "next": 2}"#),
    );
    site.on(
        "/list?page=2",
        Reply::json(r#"{"ids": ["c"], "next": null}"#),
    );
    for name in ["a", "b", "c"] {
        site.on(
            &format!("/{name}.jpg"),
            Reply::file(small(Format::Jpeg, name.len() as u64)),
        );
    }
    let script = r#"
        local function extract(ctx)
            local page = 1
            while page do
                local list = http.get(ctx.options.site .. "/list", { query = { page = page } }):json()
                for _, id in list.ids do
                    emit({ key = id, url = `{ctx.options.site}/{id}.jpg`, kind = "image", album = { id = "all" } })
                end
                page = list.next
            end
        end
        return { extract = extract }
    "#;
    let fetch = call(&site, USUAL, script);
    fetch.run().success();
    let files: Vec<_> = fetch.files().into_keys().collect();
    assert_eq!(files.len(), 3, "{files:?}");
    assert!(files[0].contains("mine"), "{files:?}");
}

#[test]
fn xkcd_has_a_comic_and_its_latest() {
    let site = Site::start();
    let comic = |number: u32, site: &Site| {
        Reply::json(format!(
            r#"{{"month": "7", "num": {number}, "year": "2009", "day": "24", "safe_title": "Woodpecker", "alt": "a",
            "transcript": "t", "img": "{}"}}"#,
            site.url("/comics/woodpecker.png")
        ))
    };
    site.on("/614/info.0.json", comic(614, &site));
    site.on("/info.0.json", comic(615, &site));
    site.on("/comics/woodpecker.png", Reply::file(small(Format::Png, 1)));
    site.on("/404/info.0.json", Reply::empty(404));
    let at = format!("source.xkcd.site={}", site.url(""));
    let fetch = quick().args(["-S", &at]);
    fetch
        .clone()
        .args(["https://xkcd.com/614/", "xkcd.com"])
        .run()
        .success();
    assert_eq!(fetch.files().len(), 2, "{}", fetch.tree());
    let done = fetch.clone().arg("https://xkcd.com/404").run().fails(4);
    assert!(done.stderr.contains("answered 404"), "{}", done.stderr);
    assert!(done.stderr.contains("xkcd/main.luau:"), "{}", done.stderr);
    let fetch = quick().args(["-S", &at]);
    fetch.clone().arg("xkcd:614").run().success();
    assert_eq!(fetch.files().len(), 1, "{}", fetch.tree());
    let done = fetch.clone().arg("xkcd:about").run().fails(5);
    assert!(
        done.stderr.contains("a comic id is a number"),
        "{}",
        done.stderr
    );
    // What is no comic is for whoever reads pages and feeds.
    for (link, expected) in [
        ("https://xkcd.com/614/", "route `comic`"),
        ("https://xkcd.com/rss.xml", "source `direct`"),
        ("https://xkcd.com/archive", "source `direct`"),
    ] {
        let done = Fetch::new().args(["plugin", "which", link]).run().success();
        assert!(done.stdout.contains(expected), "{link}: {}", done.stdout);
    }
}

#[test]
fn script_errors_have_a_file_line_and_call_stack() {
    let site = Site::start();
    let script = "local function deep(x)\n  error('no token: the page is another now')\nend\nreturn { extract = function(ctx)\n  deep(1)\nend }\n";
    let done = call(&site, USUAL, script).run().fails(4);
    assert!(
        done.stderr
            .contains("mine/main.luau:2: no token: the page is another now"),
        "{}",
        done.stderr
    );
    assert!(
        done.stderr.contains("called at mine/main.luau:5"),
        "{}",
        done.stderr
    );
    assert!(
        done.stderr.contains("fetch plugin check "),
        "{}",
        done.stderr
    );
    let done = call(&site, USUAL, "return {\n  extract = = 1\n}")
        .run()
        .fails(4);
    assert!(done.stderr.contains("mine/main.luau:2:"), "{}", done.stderr);
    let done = call(&site, USUAL, "return 1").run().fails(4);
    assert!(
        done.stderr
            .contains("not return a table with a function `extract`"),
        "{}",
        done.stderr
    );
}

#[test]
fn manifest_errors_name_their_line() {
    let fetch = quick();
    let folder = plugin(&fetch, "permisions = { request = ['mine.test'] }", "");
    let done = fetch
        .clone()
        .arg("--plugin")
        .arg(&folder)
        .arg("https://mine.test/x")
        .run()
        .fails(2);
    assert!(
        done.stderr
            .contains("plugin.toml`, line 6: unknown field `permisions`"),
        "{}",
        done.stderr
    );
    let table = [
        ("permissions = { request = ['*'] }", "is not a host"),
        ("permissions = { request = ['127.0.0.1'] }", "is not a host"),
        (
            "permissions = { request = ['other.test'] }",
            "matches links of hosts that are not",
        ),
        (
            "limits = { cpu_ms = 99999999 }\npermissions = { request = ['mine.test'] }",
            "can only be lowered",
        ),
        (
            "permissions = { request = ['mine.test'] }\n[[route]]\nname = 'all'\npattern = '{host...}/{rest...}'\nexample = 'https://mine.test/'",
            "matches links of hosts that are not in `request`",
        ),
    ];
    for (manifest, why) in table {
        let folder = plugin(&fetch, manifest, "");
        let done = fetch
            .clone()
            .arg("--plugin")
            .arg(folder)
            .arg("https://mine.test/x")
            .run()
            .fails(2);
        assert!(done.stderr.contains(why), "{manifest}: {}", done.stderr);
    }
}

#[test]
fn plugins_are_discovered_and_listed() {
    let fetch = Fetch::new();
    let own = plugin(&fetch, USUAL, "return { extract = function() end }");
    let user = fetch.root().join("home/config/fetch/plugins/mine");
    fs::create_dir_all(user.parent().unwrap().join("broken")).unwrap();
    fs::write(
        user.parent().unwrap().join("broken/plugin.toml"),
        "manifest = 2",
    )
    .unwrap();
    fs::create_dir_all(&user).unwrap();
    for name in ["plugin.toml", "main.luau"] {
        fs::copy(own.join(name), user.join(name)).unwrap();
    }
    let ask = |args: &[&str]| {
        fetch
            .clone()
            .args(args.iter().copied())
            .run()
            .success()
            .stdout
    };
    let list = ask(&["plugin", "list"]);
    assert!(list.contains("mine 1.2.3  user "), "{list}");
    assert!(list.contains("xkcd 1.0.1  builtin"), "{list}");
    assert!(list.contains("not used: "), "{list}");
    let named = own.display().to_string();
    let list = ask(&["plugin", "list", "--plugin", &named]);
    assert!(
        list.contains("mine 1.2.3  --plugin ") && list.contains("(in place of user "),
        "{list}"
    );
    assert!(ask(&["plugin", "which", "https://mine.test/x"]).contains("route `page`"));
    let info = ask(&["plugin", "info", "mine"]);
    let asks = "asks:\n  mine.test\n  other.test\n  what you set as source.mine.site\n";
    assert!(info.contains(asks), "{info}");
    assert!(info.contains("with the cookies and the netrc"), "{info}");
}

#[test]
fn an_unreadable_plugin_is_reported_and_the_run_continues() {
    let site = Site::start();
    site.on("/a.jpg", Reply::file(small(Format::Jpeg, 1)));
    // What is set for it is no reason to stop either.
    let fetch = quick().config("[source.mine]\nsite = 'https://mine.test'\n");
    let broken = fetch.root().join("home/config/fetch/plugins/mine");
    fs::create_dir_all(&broken).unwrap();
    fs::write(broken.join("plugin.toml"), "manifest = 1\nid = 7\n").unwrap();
    let done = fetch.clone().arg(site.url("/a.jpg")).run().success();
    let said = &done.stderr;
    assert_eq!(
        said.matches("warning: the plugin in `").count(),
        1,
        "{said}"
    );
    assert!(said.contains("plugins/mine` is not used\n"), "{said}");
    assert!(said.contains("plugin.toml`, line 2: "), "{said}");
    assert_eq!(fetch.files().len(), 1, "{}", fetch.tree());
}

#[test]
fn plugin_options_are_typed_from_flags_and_variables() {
    let which = |fetch: Fetch, link: &str| {
        let done = fetch.args(["plugin", "which", link]).run().success();
        done.stdout
    };
    let link = "https://b.test/@tom";
    let told = which(Fetch::new(), link);
    assert!(!told.contains("mastodon"), "{told}");
    for list in ["['a.test', 'b.test']", "a.test, b.test", "[\"b.test\"]"] {
        let set = format!("source.mastodon.instances={list}");
        let told = which(Fetch::new().args(["-S", &set]), link);
        assert!(told.starts_with("mastodon "), "{list}: {told}");
        let set = Fetch::new().env("FETCH_SOURCE__MASTODON__INSTANCES", list);
        let told = which(set, link);
        assert!(told.starts_with("mastodon "), "{list}: {told}");
    }
    let link = "https://archive.org/details/x";
    for word in ["true", "false"] {
        let set = format!("source.internetarchive.derived={word}");
        let told = which(Fetch::new().args(["-S", &set]), link);
        assert!(told.starts_with("internetarchive "), "{told}");
    }
    let wrong = Fetch::new().args(["-S", "source.internetarchive.derived=yes"]);
    let done = wrong.args(["plugin", "which", link]).run().fails(2);
    done.says("`derived` of `[source.internetarchive]` is not `true` or `false`");
}
