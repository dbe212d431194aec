//! What somebody gets wrong who makes a first plugin, and is told how it is put right.

use std::fs;

use super::kit::{change, new, test};
use super::{USUAL, call};
use crate::support::{Reply, Site};

#[test]
fn script_mistakes_are_reported_with_hints() {
    let table = [
        (
            "url = image.url",
            "url = \"/x1.jpg\"",
            "`/x1.jpg` is not a URL: relative URL without a base\n  attempts: 1\n  hint: `url.join(page.url, text)` makes it one",
        ),
        (
            "ctx.options.site",
            "ctx.options.base",
            "`nil/api/albums/7` is not a URL: relative URL without a base\n  hint: it starts with nil",
        ),
        (
            "key = image.id,",
            "",
            "an item has no `key`: the site's id for the file, the same in every listing",
        ),
        (
            "url = image.url",
            "url = \"https://cdn.example/x1.jpg\"",
            "the host is not declared in `media` of its manifest\n  hint: the plugin's author can add `cdn.example` to `media` in `plugin.toml`",
        ),
        (
            "url.encode(ctx.params.id)",
            "url.encode(ctx.params.name)",
            "comics/main.luau:2: argument 1 is nil, not string or number",
        ),
        (
            "album.images do",
            "album.pictures do",
            "hint: the plugin is at fault (--plugin comics); `fetch plugin check comics` looks for mistakes in it",
        ),
        (
            "):json()",
            ", { qeury = {} }):json()",
            "`http.get` has no option `qeury`; the options are query, headers, secret, expect\n  hint: the plugin is at fault",
        ),
        (
            "):json()",
            ", { query = 1 }):json()",
            "the option `query` of `http.get` cannot be a number",
        ),
        (
            "http.get(",
            "http:get(",
            "comics/main.luau:2: argument 1 is table, not string or number; `http.get(…)` is written with a dot\n",
        ),
        (
            "):json()",
            ").json()",
            "; `:json(…)` is written with a colon\n",
        ),
        (
            "):json()",
            "):html().all('p')",
            "; `:all(…)` is written with a colon\n",
        ),
        (
            "    local album",
            "    tonumbr('1')\n    local album",
            "comics/main.luau:2: attempt to call a nil value; `tonumbr` is not declared\n",
        ),
        (
            "    local album",
            "    os.execute('ls')\n    local album",
            "comics/main.luau:2: attempt to index nil with 'execute'; `os` is not declared\n",
        ),
        (
            "    local album",
            "    fail('mising', 'x')\n    local album",
            "comics/main.luau:2: no failure has the reason `mising`\n",
        ),
    ];
    for (from, to, expected) in table {
        let (fetch, folder) = new();
        change(&folder.join("main.luau"), from, to);
        let site = Site::start();
        let answer = format!(
            r#"{{ "images": [{{ "id": "x1", "url": "{}" }}] }}"#,
            site.url("/x1.jpg")
        );
        site.on("/api/albums/7", Reply::json(answer)).optional();
        let set = format!("source.comics.site={}", site.url(""));
        let call = fetch.clone().args(["--plugin", "comics", "-S", &set]);
        let done = call.arg("https://comics.example/a/7").run();
        // The user has not asked wrongly.
        assert!(![0, 2].contains(&done.code), "{to}: {}", done.code);
        done.says(expected);
    }
}

#[test]
fn server_failures_are_not_blamed_on_the_plugin() {
    let page = "<!doctype html>\n<title>Down\u{1b}[31m for maintenance, back soon</title>";
    let table = [
        (
            Reply::html(page),
            "/api/albums/7` is not JSON but `text/html`, `<!doctype html> <title>Down [31m for mai…`\n  hint: the site sent a page instead of data: ",
        ),
        (
            Reply::json("{\"images\": ["),
            "` is not JSON but `application/json`, `{\"images\": […`\n  hint: the server may respond differently later",
        ),
        (Reply::json(""), " and empty\n"),
        (Reply::redirect("/api/albums/7"), "in a loop, to `"),
    ];
    for (reply, expected) in table {
        let (fetch, _) = new();
        let site = Site::start();
        site.on("/api/albums/7", reply);
        let set = format!("source.comics.site={}", site.url(""));
        let call = fetch.args(["--plugin", "comics", "-S", &set]);
        let done = call.arg("https://comics.example/a/7").run().fails(4);
        assert!(!done.stderr.contains("at fault"), "{}", done.stderr);
        done.says(expected);
    }
}

#[test]
fn an_unusable_field_is_reported_once() {
    let (fetch, folder) = new();
    change(
        &folder.join("main.luau"),
        "title = image.title,",
        "title = image.title, date = 'soon', number = 1.5,",
    );
    let case = folder.join("cases/album.toml");
    change(
        &case,
        "}] }",
        "}, { \"id\": \"x2\", \"url\": \"https://comics.example/x2.jpg\" }] }",
    );
    let text = fs::read_to_string(&case).unwrap();
    fs::write(&case, format!("{text}[[item]]\nkey = \"x2\"\n")).unwrap();
    let done = test(&fetch).run().success();
    for (told, times) in [
        ("  log: left out: `date` of `x1`: `soon` is not a date\n", 1),
        (
            "  log: left out: `number` of `x1`: `1.5` is not a whole number",
            1,
        ),
        ("`x2`", 0),
    ] {
        assert_eq!(done.stdout.matches(told).count(), times, "{}", done.stdout);
    }
    let check = fetch.clone().args(["plugin", "check", "comics"]);
    let done = check.run().fails(3);
    let told = "the case `album` leaves out `date` of `x1`: `soon` is not a date\n";
    assert!(done.stdout.contains(told), "{}", done.stdout);
}

#[test]
fn scripts_can_print() {
    let (fetch, folder) = new();
    change(
        &folder.join("main.luau"),
        "    local album",
        "    print('at', ctx.params.id, nil, true)\n    local album",
    );
    let done = test(&fetch).run().success();
    assert_eq!(done.stdout, "ok      album\n  log: at 7 nil true\n");
}

#[test]
fn unknown_case_fields_name_the_nearest_known_one() {
    let (fetch, folder) = new();
    change(
        &folder.join("cases/album.toml"),
        "title = \"Tom\"",
        "titel = \"Tom\"",
    );
    let done = test(&fetch).run().fails(3);
    let told = "item 1: no such field `titel`; did you mean `title`?\n";
    assert!(done.stdout.contains(told), "{}", done.stdout);
}

#[test]
fn manifest_mistakes_are_reported_with_hints() {
    let at_home = "; give a local site any name, such as `mine.example`, and have the user set its address in an option of type `site`";
    for host in ["127.0.0.1:8000", "127.0.0.1", "localhost", "[::1]", "nas"] {
        let (fetch, folder) = new();
        let manifest = folder.join("plugin.toml");
        change(&manifest, "[\"comics.example\"]", &format!("[\"{host}\"]"));
        let done = test(&fetch).run().fails(2);
        done.says(&format!("`{host}` is not a host: "))
            .says(at_home);
    }
    let (fetch, folder) = new();
    let manifest = folder.join("plugin.toml");
    change(
        &manifest,
        "request = [\"comics.example\"]",
        "request = [\"*\"]",
    );
    let done = test(&fetch).run().fails(2);
    done.says("is not a host: write `example.org` or `*.example.org`\n");
    for site in [
        "http://127.0.0.1:8000",
        "http://comics.example",
        "https://comics.example:8443",
        "https://other.example",
    ] {
        let (fetch, folder) = new();
        let manifest = folder.join("plugin.toml");
        let default = "default = \"https://comics.example\"";
        change(&manifest, default, &format!("default = \"{site}\""));
        let done = test(&fetch).run().fails(2);
        done.says("the default of `site` is not an https address of a host in `request`; the address of a local site is for the user to set\n");
    }
    let (fetch, folder) = new();
    let manifest = folder.join("plugin.toml");
    change(
        &manifest,
        "\"comics.example/a",
        "\"https://comics.example/a",
    );
    let done = test(&fetch).run().fails(2);
    done.says(
        "the route `https://comics.example/a/{id}` must start with its host, without `https://`",
    );
    for (from, to, expected) in [
        (
            "{id}",
            "{id:number}",
            "/plugin.toml`: cannot read the route `comics.example/a/{id:number}`: the name of a placeholder must be a word\n  hint: a path can have `{name}`, `{name:digits}`, ",
        ),
        (
            "[permissions]",
            "[limits]\ncpu_ms = 60000\n[permissions]",
            "/plugin.toml`: the limit `cpu_ms` can only be lowered: it is 1 to 10000\n",
        ),
    ] {
        let (fetch, folder) = new();
        change(&folder.join("plugin.toml"), from, to);
        test(&fetch).run().fails(2).says(expected);
    }
}

#[test]
fn an_unmatched_link_lists_the_routes() {
    let (fetch, folder) = new();
    change(&folder.join("plugin.toml"), "/a/{id}", "/a/:id");
    let told = "the plugin accepts `comics.example/a/:id`";
    let done = test(&fetch).run().fails(3);
    assert!(done.stdout.contains(told), "{}", done.stdout);
    let record = fetch.clone().args(["plugin", "record", "comics", "seen"]);
    let done = record.arg("https://comics.example/a/7").run().fails(5);
    done.says(told);
    let check = fetch.clone().args(["plugin", "check", "comics"]);
    let done = check.run().fails(3);
    for expected in [
        "the example of route `album`, `https://comics.example/a/7`, does not match `comics.example/a/:id`; variable parts are written as `{id}`\n",
        "the case `album` fails; `fetch plugin test comics` shows why\n",
    ] {
        assert!(done.stdout.contains(expected), "{}", done.stdout);
    }
    // What stops halfway needs nothing, and that is no finding.
    assert!(!done.stdout.contains("no case needs"), "{}", done.stdout);
}

#[test]
fn cases_that_need_a_site_option_are_reported() {
    let (fetch, folder) = new();
    let case = folder.join("cases/album.toml");
    let text = fs::read_to_string(&case).unwrap();
    let text = text.replace("https://comics.example/a/", "LINK");
    let text = text.replace("https://comics.example", "http://127.0.0.1:8000");
    let text = text.replace("LINK", "https://comics.example/a/");
    let options = "options = { site = \"http://127.0.0.1:8000\" }\n";
    fs::write(&case, format!("{options}{text}")).unwrap();
    let check = fetch.clone().args(["plugin", "check", "comics"]);
    assert_eq!(check.run().success().stdout, "no problems found\n");
    let manifest = folder.join("plugin.toml");
    change(&manifest, "media = [\"comics.example\"]", "");
    let done = check.run().fails(3);
    let told = "`media` lacks `comics.example`, so this works only if the user sets the site\n";
    assert_eq!(done.stdout, told);
}

#[test]
fn a_syntax_error_is_reported_alone() {
    for (from, to, expected) in [
        (
            "local album",
            "local local",
            "failed  album\n  it fails with `corrupt`: comics/main.luau:2: syntax: Expected identifier",
        ),
        (
            "return { extract",
            "return nil { extract",
            "failed  album\n  it fails with `corrupt`: comics/main.luau:",
        ),
        (
            "local function extract",
            "error('not today')\nlocal function extract",
            "failed  album\n  it fails with `corrupt`: comics/main.luau:1: not today",
        ),
    ] {
        let (fetch, folder) = new();
        change(&folder.join("main.luau"), from, to);
        let said = test(&fetch).run().fails(3).stdout;
        assert!(said.starts_with(expected), "{said}");
        assert!(!said.contains("was not requested"), "{said}");
        assert!(!said.contains("the number of items"), "{said}");
    }
    let (fetch, folder) = new();
    change(&folder.join("main.luau"), "local album", "local local");
    let check = fetch.args(["plugin", "check", "comics"]).run().fails(3);
    let expected = "comics/main.luau:2: syntax: Expected identifier";
    assert!(check.stdout.starts_with(expected), "{}", check.stdout);
}

#[test]
fn scripts_may_fail_with_site_reasons_only() {
    let known = "hint: the known ones are `missing`, `login`, `blocked`, `busy`, `corrupt`, `unsupported`, `network`, `changed`";
    for reason in ["disk", "config", "expired", "closed", "mising"] {
        let site = Site::start();
        let script = format!("return {{ extract = function() fail('{reason}', 'x') end }}");
        let done = call(&site, USUAL, &script).run().fails(4);
        done.says(&format!("no failure has the reason `{reason}`"))
            .says(known);
    }
}

#[test]
fn rethrown_errors_keep_their_reason() {
    let site = Site::start();
    site.on("/x", Reply::text("no").status(401));
    let script = "return { extract = function(ctx)\n\
        local known, why = pcall(http.get, ctx.options.site .. '/x')\n\
        log('it: ' .. why)\n\
        error(why)\nend }";
    let done = call(&site, USUAL, script).arg("-v").run().fails(6);
    assert!(!done.stderr.contains("stack traceback"), "{}", done.stderr);
    done.says("mine: it: `").says("answered 401 Unauthorized\n");
}

#[test]
fn unsupported_query_values_are_named() {
    for (code, expected) in [
        (
            "http.get(site, { query = { a = true } })",
            "`a` in the option `query` of `http.get` is a boolean; it takes text or a number",
        ),
        (
            "http.get(site, { headers = { a = {} } })",
            "`a` in the option `headers` of `http.get` is a table; it takes text or a number",
        ),
        (
            "url.with_query(site, { a = false })",
            "`a` in the query of `url.with_query` is a boolean; it takes text or a number",
        ),
    ] {
        let site = Site::start();
        let script = format!(
            "return {{ extract = function(ctx) local site = ctx.options.site {code} end }}"
        );
        call(&site, USUAL, &script).run().fails(4).says(expected);
    }
}

#[test]
fn endless_script_logs_are_truncated() {
    let site = Site::start();
    let script = "return { extract = function() local long = string.rep('x', 1900)\n\
        for at = 1, 9000 do log(`{at} {long}`) end end }";
    let done = call(&site, USUAL, script).arg("-v").run();
    let said = &done.stderr;
    assert!(said.contains("mine: 1 x"), "{}", &said[..200]);
    assert!(said.len() < 2 << 20, "{}", said.len());
    assert_eq!(
        said.matches("mine: further log output is omitted\n")
            .count(),
        1
    );
}

#[test]
fn forbidden_request_options_are_blamed_on_the_script() {
    for (options, expected) in [
        ("headers = { Host = 'x' }", "cannot send the header `Host`"),
        ("secret = 'other'", "declares no secret `other`"),
    ] {
        let site = Site::start();
        let script = format!(
            "return {{ extract = function(ctx) http.get(ctx.options.site, {{ {options} }}) end }}"
        );
        let done = call(&site, USUAL, &script).run().fails(7);
        done.says(expected).says("hint: the plugin is at fault (");
    }
}
