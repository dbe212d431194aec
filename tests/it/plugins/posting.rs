//! What a script sends, and what it asks for at once.

use super::{call, plugin, quick};
use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::tls::TlsServer;
use crate::support::{Reply, Site};

const POSTS: &str = "permissions = { request = ['mine.test', 'other.test'], post = ['mine.test'] }";

fn with(site: &Site, manifest: &str, body: &str) -> Fetch {
    let script =
        format!("return {{ extract = function(ctx)\nlocal site = ctx.options.site\n{body}\nend }}");
    call(site, manifest, &script)
}

#[test]
fn forms_and_json_are_posted() {
    let site = Site::start();
    site.on("/form?q=1", Reply::json(r#"{"ok": true}"#));
    site.on("/json", Reply::json("{}"));
    site.on("/nothing", Reply::json("{}"));
    let script = r#"
        local answer = http.post(site .. "/form", { query = { q = 1 }, form = { b = "x y", a = "&" } })
        assert(answer:json().ok)
        http.post(site .. "/json", { json = { ids = { 1, 2 } } })
        http.post(site .. "/nothing")
    "#;
    with(&site, POSTS, script).arg("-s").run().success();
    let seen = site.requests();
    let sent: Vec<_> = seen
        .iter()
        .map(|seen| {
            let medium = seen.header("content-type").unwrap_or("");
            let body = String::from_utf8_lossy(&seen.body);
            format!("{} {} {medium}: {body}", seen.method, seen.target)
        })
        .collect();
    assert_eq!(
        sent,
        [
            "POST /form?q=1 application/x-www-form-urlencoded: a=%26&b=x+y",
            "POST /json application/json: {\"ids\":[1,2]}",
            "POST /nothing application/octet-stream: ",
        ]
    );
}

#[test]
fn post_requests_to_undeclared_hosts_are_refused() {
    let site = Site::start();
    let table = [
        (
            POSTS,
            "http.post('https://other.test/')",
            "is not declared in `post`",
        ),
        (
            POSTS,
            "http.post('https://evil.test/')",
            "is not declared in `post`",
        ),
        (POSTS, "http.post('http://mine.test/')", "it is not https"),
        (
            "permissions = { request = ['mine.test'] }",
            "http.post(site .. '/x')",
            "its manifest declares no host in `post`",
        ),
    ];
    for (manifest, script, expected) in table {
        let said = with(&site, manifest, script).run().fails(7).stderr;
        assert!(said.contains(expected), "{script}: {said}");
    }
    for script in [
        "http.get(site, { form = {} })",
        "http.get(site, { json = {} })",
        "http.post(site, { form = 'x' })",
        "http.post(site, { headers = { ['Content-Type'] = 'text/plain' } })",
    ] {
        let said = with(&site, POSTS, script).run().stderr;
        assert!(said.contains("mine/main.luau:3"), "{script}: {said}");
    }
    let elsewhere = "permissions = { request = ['mine.test'], post = ['other.test'] }";
    let said = with(&site, elsewhere, "").run().fails(2).stderr;
    assert!(
        said.contains("`other.test` of `post` is not in `request`"),
        "{said}"
    );
    assert!(site.requests().is_empty());
}

#[test]
fn a_post_is_not_redirected_and_repeated_only_if_refused_as_busy() {
    let site = Site::start();
    site.on(
        "/moved",
        Reply::redirect(site.url("/elsewhere")).status(307),
    );
    site.on("/broken", Reply::text("no").status(500));
    site.on(
        "/busy",
        Reply::text("wait").status(429).header("Retry-After", "0"),
    )
    .once();
    site.on("/busy", Reply::json("{}"));
    // Whether it has acted before it went away, nobody knows.
    site.on("/gone", Reply::raw(""));
    let script = r#"
        assert(http.post(site .. "/moved", { expect = { 307 } }).status == 307)
        assert(http.post(site .. "/broken", { expect = { 500 } }).status == 500)
        assert(http.post(site .. "/busy").status == 200)
        assert(not pcall(http.post, site .. "/gone"))
    "#;
    let fetch = Fetch::new().args(["-s", "-S", "net.backoff=1ms", "--no-archive"]);
    let script = format!(
        "return {{ extract = function(ctx)\nlocal site = ctx.options.site\n{script}\nend }}"
    );
    let folder = plugin(&fetch, POSTS, &script);
    let fetch = fetch.arg("--plugin").arg(folder);
    let fetch = fetch.args(["-S", &format!("source.mine.site={}", site.url(""))]);
    fetch.arg("https://mine.test/x").run().success();
    let seen: Vec<_> = site
        .requests()
        .into_iter()
        .map(|seen| seen.target)
        .collect();
    assert_eq!(seen, ["/moved", "/broken", "/busy", "/busy", "/gone"]);
}

#[test]
fn http_all_runs_in_parallel_and_keeps_the_order() {
    let site = Site::start();
    // The first answers when the last was asked.
    let (asked, waiting) = std::sync::mpsc::channel();
    let waiting = std::sync::Mutex::new(waiting);
    site.on(
        "/1",
        Reply::with(move |_| {
            let came = waiting
                .lock()
                .unwrap()
                .recv_timeout(std::time::Duration::from_secs(30));
            assert!(came.is_ok(), "nobody asks for the others meanwhile");
            Reply::text("one")
        }),
    );
    site.on("/2?x=y", Reply::text("two"));
    site.on(
        "/3",
        Reply::with(move |_| {
            asked.send(()).unwrap();
            Reply::text("three").status(404)
        }),
    );
    let script = r#"
        local said = {}
        local all = http.all({ site .. "/1", { url = site .. "/2", query = { x = "y" } }, { url = site .. "/3", expect = { 404 } } })
        for at, answer in all do said[at] = answer.body end
        assert(#http.all({}) == 0)
        error(table.concat(said, ", "))
    "#;
    let said = with(&site, POSTS, script).run().fails(4).stderr;
    assert!(said.contains("one, two, three"), "{said}");
}

#[test]
fn too_many_parallel_requests_are_refused_and_counted() {
    let site = Site::start();
    site.on("/*", Reply::text("x")).optional();
    let many = "local list = {} for at = 1, 17 do list[at] = site .. '/' .. at end http.all(list)";
    let said = with(&site, POSTS, many).run().fails(4).stderr;
    assert!(
        said.contains("`http.all` takes at most 16 requests"),
        "{said}"
    );
    let few = format!("{POSTS}\nlimits = {{ requests = 2 }}");
    let three = "http.all({ site .. '/1', site .. '/2', site .. '/3' })";
    let said = with(&site, &few, three).run().fails(4).stderr;
    assert!(said.contains("requested more than 2 requests"), "{said}");
    assert!(site.requests().is_empty());
}

#[test]
fn a_token_obtained_with_a_secret_is_hidden_from_the_script() {
    let site = Site::start();
    site.on(
        "/token",
        Reply::json(r#"{"access_token": "t1", "expires_in": 3600}"#),
    )
    .once();
    site.on(
        "/token",
        Reply::json(r#"{"access_token": "t2", "expires_in": 3600}"#),
    );
    site.on("/1", Reply::json("{}"));
    // A token can be taken back.
    site.on("/2", Reply::text("no").status(401)).once();
    site.on("/2", Reply::json("{}"));
    site.on("/3", Reply::json("{}"));
    let manifest = "permissions = { request = ['mine.test'] }\n\
        [[secret]]\nkey = 'app'\nhost = 'mine.test'\nheader = 'Authorization'\nprefix = 'Bearer '\n\
        token = 'https://mine.test/token'\nhelp = 'ID:SECRET of an app of yours'";
    let script = r#"
        for at = 1, 3 do
            local answer = http.get(`https://mine.test/{at}`, { secret = "app" })
            for _, text in { answer.body, answer.url, json.encode(answer.headers) } do
                assert(not string.find(text, "t1", 1, true) and not string.find(text, "t2", 1, true))
            end
        end
    "#;
    let front = TlsServer::proxy_to("mine.test", &site);
    let fetch = with(&site, manifest, script)
        .args(["-s", "-S", "source.mine.app=me:hunter2", "--ca-cert"])
        .arg(front.authority())
        .env("HTTPS_PROXY", front.as_proxy());
    fetch.run().success();
    let seen = site.requests();
    let sent: Vec<_> = seen
        .iter()
        .map(|seen| {
            format!(
                "{} {} {}",
                seen.method,
                seen.target,
                seen.header("authorization").unwrap_or("")
            )
        })
        .collect();
    let basic = "Basic bWU6aHVudGVyMg==";
    assert_eq!(
        sent,
        [
            &format!("POST /token {basic}"),
            "GET /1 Bearer t1",
            "GET /2 Bearer t1",
            &format!("POST /token {basic}"),
            "GET /2 Bearer t2",
            "GET /3 Bearer t2",
        ]
    );
    assert_eq!(seen[0].body, b"grant_type=client_credentials");
}

#[test]
fn token_failures_are_reported_without_secrets() {
    let site = Site::start();
    site.on("/token", Reply::text("hunter2?").status(401))
        .once();
    site.on("/token", Reply::json(r#"{"access_token": ["hunter3"]}"#));
    let manifest = "permissions = { request = ['mine.test'] }\n\
        [[secret]]\nkey = 'app'\nhost = 'mine.test'\nheader = 'Authorization'\n\
        token = 'https://mine.test/token'\nhelp = 'an app of yours'";
    let front = TlsServer::proxy_to("mine.test", &site);
    let fetch = with(
        &site,
        manifest,
        "http.get('https://mine.test/1', { secret = 'app' })",
    )
    .args(["-S", "source.mine.app=hunter2", "--ca-cert"])
    .arg(front.authority())
    .env("HTTPS_PROXY", front.as_proxy());
    let said = fetch.run().fails(6).stderr;
    assert!(
        said.contains("`https://mine.test/token` rejects `app`: 401"),
        "{said}"
    );
    assert!(!said.contains("hunter"), "{said}");
    let said = fetch.run().fails(4).stderr;
    assert!(
        said.contains("`https://mine.test/token` did not return a token"),
        "{said}"
    );
    assert!(!said.contains("hunter"), "{said}");
}

#[test]
fn a_token_host_must_be_declared() {
    let fetch = quick();
    let manifest = "permissions = { request = ['mine.test'] }\n\
        [[secret]]\nkey = 'app'\nhost = 'mine.test'\nheader = 'Authorization'\ntoken = 'https://evil.test/token'\nhelp = 'x'";
    let folder = plugin(&fetch, manifest, "return {}");
    let fetch = fetch.arg("--plugin").arg(folder).arg("https://mine.test/x");
    let said = fetch.run().fails(2).stderr;
    assert!(
        said.contains("the token of `app` must come by https from a host in `request`"),
        "{said}"
    );
}

#[test]
fn cookies_set_by_a_login_last_for_the_listing() {
    let site = Site::start();
    site.on(
        "/login",
        Reply::redirect("/home").header("Set-Cookie", "sid=7; Path=/; HttpOnly"),
    );
    site.on(
        "/mine",
        Reply::with(|seen| match seen.header("cookie") {
            Some("sid=7") => Reply::json(r#"["a"]"#),
            _ => Reply::empty(403),
        }),
    );
    site.on("/a.jpg", Reply::file(small(Format::Jpeg, 1)));
    let script = r#"
        local answer = http.post(site .. "/login", { form = { name = "x" }, expect = { 302 } })
        assert(answer.headers["set-cookie"] == nil)
        for _, id in http.get(site .. "/mine"):json() do
            emit({ key = id, url = `{site}/{id}.jpg` })
        end
    "#;
    let fetch = with(&site, POSTS, script);
    fetch.run().success();
    assert_eq!(fetch.files().len(), 1, "{}", fetch.tree());
    // Each listing has its own, and a file has none of them.
    let again = "http.get(site .. '/mine')";
    with(&site, POSTS, again).run().fails(7);
    let with_cookie = site.requests();
    let with_cookie = with_cookie
        .iter()
        .filter(|seen| seen.header("cookie").is_some());
    let asked: Vec<_> = with_cookie.map(|seen| seen.target.as_str()).collect();
    assert_eq!(asked, ["/mine"]);
}

#[test]
fn a_refused_secret_is_named() {
    let site = Site::start();
    site.on("/1", Reply::text("no").status(401));
    let manifest = "permissions = { request = ['mine.test'] }\n\
        [[secret]]\nkey = 'app'\nhost = 'mine.test'\nheader = 'Authorization'\nhelp = 'a key, from https://mine.test/keys'";
    let front = TlsServer::proxy_to("mine.test", &site);
    let ask = |options: &str| {
        let script = format!("http.get('https://mine.test/1'{options})");
        let fetch = with(&site, manifest, &script);
        fetch
            .args(["-S", "source.mine.app=hunter2", "--ca-cert"])
            .arg(front.authority())
            .env("HTTPS_PROXY", front.as_proxy())
            .run()
            .fails(6)
    };
    let hint = "hint: `app` of `[source.mine]` was rejected: a key, from https://mine.test/keys";
    ask(", { secret = 'app' }").says(hint);
    let without = ask("");
    assert!(!without.stderr.contains("refused"), "{}", without.stderr);
}
