//! One thing that a site tells and that is of no use: it fails alone, and all others come.

use super::{USUAL, call, plugin};
use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

/// What a script emits between two files that are well.
fn between(what: &str) -> String {
    format!(
        "return {{ extract = function(ctx)\n\
         emit({{ key = 'a', url = ctx.options.site .. '/a.jpg' }})\n{what}\n\
         emit({{ key = 'b', url = ctx.options.site .. '/b.jpg' }})\nend }}"
    )
}

fn site() -> Site {
    let site = Site::start();
    for (at, path) in ["/a.jpg", "/b.jpg"].iter().enumerate() {
        site.on(path, Reply::file(small(Format::Jpeg, at as u64)));
    }
    site
}

#[test]
fn one_invalid_entry_does_not_affect_the_others() {
    let table = [
        (
            "emit({ key = 'x', url = '/x.jpg' })",
            "`/x.jpg` is not a URL",
        ),
        ("emit({ key = 'x', url = '' })", "`` is not a URL"),
        ("emit({ key = 'x' })", "it has no `url`"),
        (
            "emit({ url = 'https://files.test/x' })",
            "an item has no `key`",
        ),
        (
            "emit({ key = string.rep('x', 2000), url = 'https://files.test/x' })",
            "the `key` of an item is too long",
        ),
        (
            "emit({ key = 'x', url = 'http://files.test/x' })",
            "it is not https",
        ),
        (
            "emit({ key = 'x', url = 'https://10.0.0.1/x' })",
            "its host is an IP address, not a name",
        ),
        (
            "emit({ key = 'x', url = 'https://files.test:99/x' })",
            "it has an explicit port",
        ),
        (
            "emit({ key = 'x', url = 'https://u:hunter2@files.test/x' })",
            "the URL has a user name or a password",
        ),
        (
            "emit({ key = 'x', url = 'https://files.test/x', md5 = 'xyz' })",
            "`md5` does not have 32 hexadecimal digits",
        ),
        (
            "emit({ key = 'x', url = 'https://files.test/x', title = string.rep('x', 65537) })",
            "it is longer than 65536 bytes",
        ),
        ("delegate('/x')", "`/x` is not a URL"),
        (
            "delegate('https://u:hunter2@mine.test/x')",
            "only http and https links without a password can be delegated",
        ),
    ];
    for (odd, why) in table {
        let site = site();
        let fetch = call(&site, USUAL, &between(odd));
        let done = fetch.run().fails(3);
        assert!(!done.stderr.contains("hunter2"), "{}", done.stderr);
        done.says(why).says("3 found: 2 new, 1 failed");
        assert_eq!(fetch.files().len(), 2, "{odd}: {}", fetch.tree());
        let simulated = call(&site, USUAL, &between(odd)).arg("-s").run().fails(3);
        simulated.says(why);
    }
}

#[test]
fn an_unusable_mirror_is_ignored() {
    let site = Site::start();
    site.on("/a.jpg", Reply::file(small(Format::Jpeg, 1)));
    let script = "return { extract = function(ctx)\n\
        emit({ key = 'a', url = ctx.options.site .. '/a.jpg', mirrors = { 'http://files.test/a' } })\nend }";
    let done = call(&site, USUAL, script).arg("-v").run().success();
    done.says("left out: `mirrors` of `a`: plugin `mine` may not access `http://files.test/a`");
}

#[test]
fn a_script_mistake_ends_its_listing() {
    let table = [
        "emit({ key = 'x', url = 'https://evil.test/x' })",
        "emit({ key = 'x', url = 'https://files.test/x', titel = 'x' })",
        "emit({ key = 'x', url = 7 })",
        "emit({ key = 'x', url = 'https://files.test/x', headers = { Cookie = 'x' } })",
        "emit({})",
        "emit('x')",
    ];
    for mistake in table {
        let site = Site::start();
        site.on("/a.jpg", Reply::file(small(Format::Jpeg, 1)));
        let fetch = call(&site, USUAL, &between(mistake));
        fetch.run().fails(3).says("mine/main.luau:3");
        assert_eq!(fetch.files().len(), 1, "{mistake}: {}", fetch.tree());
    }
}

#[test]
fn items_with_invalid_fields_are_retried_by_listing() {
    let site = site();
    site.on("/x.jpg", Reply::file(small(Format::Jpeg, 7)));
    site.on("/where", Reply::text("/x.jpg"));
    let script = "return { extract = function(ctx)\n\
        local where = http.get(ctx.options.site .. '/where').body\n\
        emit({ key = 'a', url = ctx.options.site .. '/a.jpg', album = { id = 'all' } })\n\
        emit({ key = 'x', url = where, album = { id = 'all' } })\n\
        emit({ key = 'b', url = ctx.options.site .. '/b.jpg', album = { id = 'all' } })\nend }";
    let fetch = Fetch::new();
    let folder = plugin(&fetch, USUAL, script);
    let set = format!("source.mine.site={}", site.url(""));
    let fetch = fetch.arg("--plugin").arg(folder).args(["-S", &set]);
    let first = fetch.clone().arg("https://mine.test/x").run().fails(3);
    first.says("`/x.jpg` is not a URL");
    assert_eq!(fetch.files().len(), 2, "{}", fetch.tree());
    site.on("/where", Reply::text(site.url("/x.jpg")));
    fetch.clone().arg("retry").run().success();
    let files = fetch.files();
    // It stands where it was listed.
    let names: Vec<_> = files.keys().collect();
    assert!(
        names.len() == 3 && names[1].contains("2 x") && names[2].contains("3 b"),
        "{names:?}"
    );
}

#[test]
fn an_empty_ext_field_is_ignored() {
    let site = site();
    let plain = Reply::text("hello").content_type("text/plain");
    site.on("/note", plain);
    let odd = "emit({ key = 'x', url = ctx.options.site .. '/note', ext = '' })";
    let fetch = call(&site, USUAL, &between(odd));
    fetch.run().success();
    let files: Vec<String> = fetch.files().into_keys().collect();
    assert!(
        files.iter().any(|path| path.ends_with("x.txt")),
        "{files:?}"
    );
}

#[test]
fn a_forbidden_file_header_lists_the_allowed_ones() {
    let site = Site::start();
    let wrong =
        "emit({ key = 'x', url = 'https://files.test/x', headers = { Authorization = 'x' } })";
    let done = call(&site, USUAL, &between(wrong)).arg("-s").run().fails(3);
    done.says(
        "an item cannot have the header `Authorization`; allowed are Referer, Accept, Origin",
    );
}
