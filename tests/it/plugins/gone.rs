//! What a plugin has found, when the plugin is there no more.

use super::{USUAL, plugin};
use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

const SCRIPT: &str = r#"
    local function extract(ctx)
        local list = http.get(ctx.options.site .. "/list"):json()
        for _, id in list.ids do
            emit({ key = id, url = `{ctx.options.site}/{id}.jpg`, kind = "image" })
        end
    end
    return { extract = extract }
"#;

/// A user, and the flags with which the plugin of this site is there.
fn user(site: &Site) -> (Fetch, [String; 4]) {
    let user = Fetch::new();
    let folder = plugin(&user, USUAL, SCRIPT).display().to_string();
    let option = format!("source.mine.site={}", site.url(""));
    (user, ["--plugin".into(), folder, "-S".into(), option])
}

const HINT: &str =
    "hint: name its folder with `--plugin DIR`, or install it with `fetch plugin install`\n";

#[test]
fn a_file_is_repaired_by_its_own_source_only() {
    let site = Site::start();
    site.on("/list", Reply::json(r#"{"ids": ["a"]}"#));
    site.on("/a.jpg", Reply::file(small(Format::Jpeg, 1)));
    let (user, flags) = user(&site);
    let fetch = user.clone().args(&flags).arg("https://mine.test/x");
    fetch.run().success();
    let files = fetch.files();
    let path = files.keys().next().unwrap();
    std::fs::remove_file(fetch.out().join(path)).unwrap();
    let verify = user.args(["verify", "--repair"]);
    let done = verify.run().fails(4);
    done.says("failed: `mine:a` the source `mine` is not available\n")
        .says(HINT);
    verify.args(&flags).run().success();
    assert_eq!(fetch.files(), files);
}

#[test]
fn a_failed_link_is_listed_by_its_own_source_only() {
    let site = Site::start();
    site.on("/list", Reply::empty(403)).once();
    site.on("/list", Reply::json(r#"{"ids": ["a"]}"#));
    site.on("/a.jpg", Reply::file(small(Format::Jpeg, 1)));
    let (user, flags) = user(&site);
    let fetch = user.clone().args(&flags).arg("https://mine.test/x");
    fetch.run().fails(7);
    let retry = user.arg("retry");
    let done = retry.run().fails(4);
    done.says("failed: `https://mine.test/x` the source `mine` is not available\n")
        .says(HINT);
    retry.args(&flags).run().success().says("1 new");
}
