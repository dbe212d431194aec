//! Addresses that a script finds anew, just before they are needed.

use super::{USUAL, call, plugin};
use crate::support::command::Fetch;
use crate::support::media::{Format, sized, small};
use crate::support::{Reply, Site};

/// A script that emits one item so, and finds it anew so.
fn script(item: &str, anew: &str) -> String {
    format!(
        "return {{\nextract = function(ctx) local site = ctx.options.site emit({item}) end,\n\
         resolve = function(ctx, item) local site = ctx.options.site {anew} end,\n}}"
    )
}

const FROM_SITE: &str = "item.url = site .. http.get(site .. '/where').body return item";

#[test]
fn expired_and_missing_urls_are_resolved_before_the_request() {
    let picture = small(Format::Jpeg, 1);
    for address in [
        "",
        "url = site .. '/old.jpg', expires = 1, kind = 'image',",
        "url = site .. '/old.jpg', expires = '2001-02-03T04:05:06Z', kind = 'image',",
    ] {
        let site = Site::start();
        site.on("/where", Reply::text("/new.jpg")).once();
        site.on("/new.jpg", Reply::file(picture.clone())).once();
        let item = format!("{{ key = 'a', {address} title = 'A' }}");
        let fetch = call(&site, USUAL, &script(&item, FROM_SITE));
        fetch.run().success();
        let files: Vec<_> = fetch.files().into_values().collect();
        assert_eq!(files.len(), 1, "{address}: {}", fetch.tree());
        assert!(files[0] == picture, "{address}");
    }
}

#[test]
fn a_valid_url_is_requested_without_resolve() {
    for expires in ["nil", "time.now() + 3600"] {
        let site = Site::start();
        site.on("/a.jpg", Reply::file(small(Format::Jpeg, 1)))
            .once();
        let item = format!("{{ key = 'a', url = site .. '/a.jpg', expires = {expires} }}");
        let fetch = call(&site, USUAL, &script(&item, FROM_SITE));
        fetch.run().success();
        assert_eq!(fetch.files().len(), 1, "{expires}: {}", fetch.tree());
    }
}

#[test]
fn a_url_refused_halfway_is_resolved_again() {
    let picture = sized(Format::Jpeg, 9 << 20, 1);
    let site = Site::start();
    let good = Reply::file(picture.clone()).etag("\"a\"");
    site.on("/old.jpg", good.clone().cut_after(2_000_000))
        .once();
    site.on("/old.jpg", Reply::text("expired").status(403));
    site.on("/where", Reply::text("/new.jpg")).once();
    site.on("/new.jpg", good);
    let item = "{ key = 'a', url = site .. '/old.jpg', kind = 'image' }";
    let fetch = Fetch::new().args(["-S", "net.backoff=1ms", "--no-archive"]);
    let folder = plugin(&fetch, USUAL, &script(item, FROM_SITE));
    let fetch = fetch
        .arg("--plugin")
        .arg(folder)
        .args(["-S", &format!("source.mine.site={}", site.url(""))])
        .arg("https://mine.test/x");
    fetch.run().success();
    assert!(fetch.files().into_values().next() == Some(picture));
    let last = site.requests().pop().unwrap();
    assert!(last.header("range").is_some(), "it starts over");
}

#[test]
fn resolve_is_bound_by_the_plugins_permissions() {
    for (anew, said) in [
        (
            "return { key = 'a', url = 'https://evil.test/a.jpg' }",
            "evil.test",
        ),
        (
            "return { key = 'a', url = 'http://127.0.0.1:1/a.jpg' }",
            "may not access",
        ),
        (
            "return { key = 'a', url = 'file:///etc/passwd' }",
            "may not access",
        ),
        (
            "return { key = 'a', url = site .. '/a', headers = { Cookie = 'x' } }",
            "cannot have the header",
        ),
        ("http.get('https://evil.test/')", "evil.test"),
        ("return 7", "neither an item nor nil"),
        ("return {}", "it has no `url`"),
        (
            "emit({ key = 'b', url = site .. '/b' })",
            "`resolve` must not emit",
        ),
        ("delegate('https://other.test/')", "`resolve` must not emit"),
        ("while true do end", "computed for more than"),
        (
            // Long before it has computed for as long as it may.
            "local t = {} while true do t[#t + 1] = string.rep('a', 100000 + #t) end",
            "needs more than",
        ),
        ("fail('missing', 'it is gone')", "it is gone"),
        ("return nil", "does not say where to download it"),
    ] {
        let site = Site::start();
        let limits = format!("limits = {{ cpu_ms = 300, memory_mib = 32 }}\n{USUAL}");
        let script = script("{ key = 'a' }", anew);
        let done = call(&site, &limits, &script).run();
        assert_ne!(done.code, 0, "{anew}");
        assert!(done.stderr.contains(said), "{anew}: {}", done.stderr);
    }
}

#[test]
fn expectations_need_a_url() {
    for field in [
        "size = 9",
        "sha256 = string.rep('0', 64)",
        "headers = { Referer = 'https://mine.test/' }",
        "stream = 'hls'",
    ] {
        let site = Site::start();
        let item = format!("{{ key = 'a', {field} }}");
        call(&site, USUAL, &script(&item, FROM_SITE))
            .run()
            .fails(4)
            .says("an item without a `url` cannot have ");
    }
    let site = Site::start();
    site.on("/where", Reply::text("/new.jpg"));
    site.on("/new.jpg", Reply::file(small(Format::Jpeg, 1)));
    let anew = format!("item.sha256 = string.rep('0', 64) {FROM_SITE}");
    let fetch = call(&site, USUAL, &script("{ key = 'a' }", &anew));
    fetch.run().fails(4);
    assert!(fetch.files().is_empty(), "{}", fetch.tree());
}

#[test]
fn retried_items_keep_their_headers_and_digest() {
    let site = Site::start();
    let picture = small(Format::Jpeg, 1);
    site.on("/a.jpg", Reply::empty(403)).once();
    site.on("/a.jpg", Reply::file(picture.clone()));
    site.on("/where", Reply::text("/a.jpg")).optional();
    let item =
        "{ key = 'a', url = site .. '/a.jpg', headers = { Referer = 'https://mine.test/' } }";
    let fetch = Fetch::new();
    let folder = plugin(&fetch, USUAL, &script(item, FROM_SITE));
    let fetch = fetch
        .arg("--plugin")
        .arg(folder)
        .args(["-S", &format!("source.mine.site={}", site.url(""))]);
    fetch.clone().arg("https://mine.test/x").run().fails(7);
    fetch.clone().arg("retry").run().success();
    assert!(fetch.files().into_values().next() == Some(picture));
    let last = site.requests().pop().unwrap();
    assert_eq!(last.header("referer"), Some("https://mine.test/"));
}

#[test]
fn a_mirror_is_used_if_resolve_fails() {
    let site = Site::start();
    site.on("/old.jpg", Reply::text("expired").status(403));
    site.on("/b.jpg", Reply::file(small(Format::Jpeg, 1)))
        .once();
    let item =
        "{ key = 'a', url = site .. '/old.jpg', mirrors = { site .. '/b.jpg' }, expires = 1 }";
    let anew = "fail('blocked', 'not now')";
    let fetch = call(&site, USUAL, &script(item, anew));
    fetch.run().success();
    assert_eq!(fetch.files().len(), 1, "{}", fetch.tree());
}

#[test]
fn resolve_may_log_and_live_in_another_file() {
    let site = Site::start();
    site.on("/where", Reply::text("/new.jpg")).once();
    site.on("/new.jpg", Reply::file(small(Format::Jpeg, 1)))
        .once();
    let fetch = Fetch::new();
    let folder = plugin(&fetch, USUAL, "return require('lib/site')");
    std::fs::create_dir(folder.join("lib")).unwrap();
    let own = script("{ key = 'a' }", &format!("log('asked anew') {FROM_SITE}"));
    std::fs::write(folder.join("lib/site.luau"), own).unwrap();
    let fetch = fetch.arg("--plugin").arg(folder);
    let fetch = fetch.args(["-S", &format!("source.mine.site={}", site.url(""))]);
    fetch.clone().arg("https://mine.test/x").run().success();
    assert_eq!(fetch.files().len(), 1, "{}", fetch.tree());
}

#[test]
fn items_need_a_url_without_a_resolve_function() {
    let site = Site::start();
    let script = "return { extract = function() emit({ key = 'a' }) end }";
    call(&site, USUAL, script)
        .run()
        .fails(4)
        .says("it has no `url`");
}

#[test]
fn a_misspelled_function_is_reported() {
    let site = Site::start();
    let done = call(
        &site,
        USUAL,
        &script("{}", "").replace("resolve =", "reslove ="),
    );
    done.run()
        .fails(4)
        .says("it returns `reslove`, which is never called: only `extract` and `resolve` are");
}
