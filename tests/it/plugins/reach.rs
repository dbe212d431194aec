//! Where a script may not go: each of these is refused before anything is sent.

use super::{USUAL, call, plugin, quick};
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

fn extract(body: &str) -> String {
    format!("return {{ extract = function(ctx)\n{body}\nend }}")
}

#[test]
fn requests_to_undeclared_hosts_are_refused() {
    let (site, elsewhere) = (Site::start(), Site::start());
    elsewhere.on("/x", Reply::text("secret")).optional();
    site.on("/away", Reply::redirect(elsewhere.url("/x")));
    site.on("/file", Reply::redirect("file:///etc/passwd"));
    let port = elsewhere.port();
    let attacks = [
        "http.get('https://evil.test/')".to_owned(),
        "http.get('http://mine.test/')".into(),
        "http.get('https://mine.test:8443/')".into(),
        "http.get('https://mine.test@evil.test/')".into(),
        "http.get('https://user:word@mine.test/')".into(),
        "http.get('https://mine.test.evil.test/')".into(),
        "http.get('https://evilmine.test/')".into(),
        "http.get('https://sub.mine.test/')".into(),
        "http.get('file:///etc/passwd')".into(),
        "http.get('data:text/plain,x')".into(),
        "http.get('ftp://mine.test/')".into(),
        "http.get('https://127.0.0.1/')".into(),
        "http.get('https://2130706433/')".into(),
        "http.get('https://[::ffff:127.0.0.1]/')".into(),
        "http.get('https://169.254.169.254/latest/meta-data/')".into(),
        "http.get('https://localhost/')".into(),
        format!("http.get('http://127.0.0.1:{port}/x')"),
        format!("http.get('http://localhost:{port}/x')"),
        format!("http.get('http://0x7f.1:{port}/x')"),
        "http.get(ctx.options.site .. '/away')".into(),
        "http.get(ctx.options.site .. '/file')".into(),
        "http.get(ctx.options.site, { headers = { Host = 'x' } })".into(),
        "http.get(ctx.options.site, { headers = { Cookie = 'x' } })".into(),
        "http.get(ctx.options.site, { headers = { x = 'a\\r\\nb: c' } })".into(),
        "http.get(ctx.options.site, { secret = 'other' })".into(),
        "emit({ key = 1, url = 'https://evil.test/a.jpg' })".into(),
        "emit({ key = 1, url = 'http://files.test/a.jpg' })".into(),
        "emit({ key = 1, url = 'file:///etc/passwd' })".into(),
        "emit({ key = 1, url = 'https://127.0.0.1/a.jpg' })".into(),
        "emit({ key = 1, url = 'https://files.test:99/a.jpg' })".into(),
        "emit({ key = 1, url = 'https://files.test/a', mirrors = { 'https://evil.test/a' } })"
            .into(),
        "emit({ key = 1, url = 'https://files.test/a', headers = { Authorization = 'x' } })".into(),
        format!("emit({{ key = 1, url = 'http://127.0.0.1:{port}/x' }})"),
        "delegate('file:///etc/passwd')".into(),
        "delegate('https://user:word@mine.test/')".into(),
    ];
    for attack in attacks {
        let fetch = call(&site, USUAL, &extract(&attack));
        let done = fetch.run().fails(7);
        assert!(
            // What a site may tell so fails alone.
            ["mine/main.luau:2", "failed: `mine:", "without a password"]
                .iter()
                .any(|word| done.stderr.contains(word)),
            "{attack}: {}",
            done.stderr
        );
        assert_eq!(fetch.tree(), "", "{attack}");
    }
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn named_host_permits_only_the_host_of_the_link() {
    let site = Site::start();
    site.on("/a", Reply::text("x"));
    let usual = USUAL.replace(" }", ", named_host = true }");
    let itself = extract("http.get(re.match(ctx.url, 'https?://.*')[0])\nerror('it was asked')");
    let elsewhere = extract("http.get('https://evil.test/x')");
    let own = site.url("/a");
    let table = [
        // The user's word is good for any host, also for this one.
        (&*usual, &itself, &*own, "it was asked"),
        (&usual, &elsewhere, &own, "is not declared"),
        (USUAL, &itself, &own, "it is not https"),
        (USUAL, &itself, "https://other.invalid/a", "is not declared"),
    ];
    for (manifest, script, link, why) in table {
        let fetch = quick();
        let folder = plugin(&fetch, manifest, script);
        let fetch = fetch.arg("--plugin").arg(folder);
        let done = fetch.clone().arg(format!("mine:{link}")).run();
        assert!(done.stderr.contains(why), "{link}: {}", done.stderr);
        assert_eq!(fetch.tree(), "", "{link}");
    }
    assert_eq!(site.requests().len(), 1);
}

#[test]
fn links_are_delegated_only_to_declared_hosts() {
    let site = Site::start();
    let manifest = "permissions = { request = ['mine.test'] }";
    let done = call(
        &site,
        manifest,
        &extract("delegate('https://other.test/a.jpg')"),
    )
    .run()
    .fails(7);
    assert!(
        done.stderr.contains("does not declare `delegate`"),
        "{}",
        done.stderr
    );
}

#[test]
fn a_plugin_with_a_secret_delegates_to_declared_hosts() {
    let site = Site::start();
    let manifest = "permissions = { request = ['mine.test'], delegate = ['other.invalid'] }\n\
        [[secret]]\nkey = 'k'\nhost = 'mine.test'\nheader = 'X'\nhelp = 'h'";
    let table = [
        ("https://other.invalid/a.jpg", "cannot find"),
        (
            "https://evil.invalid/a.jpg",
            "`delegate` for `evil.invalid`",
        ),
        (
            "https://other.invalid.evil.invalid/a",
            "`delegate` for `other.invalid.evil.invalid`",
        ),
        ("https://x@other.invalid/a", "without a password"),
    ];
    for (link, why) in table {
        let script = extract(&format!("delegate('{link}')"));
        let done = call(&site, manifest, &script).run();
        assert!(done.stderr.contains(why), "{link}: {}", done.stderr);
    }
}

#[test]
fn a_user_set_site_is_requested_after_public_servers_too() {
    let (site, public) = (Site::start(), Site::start());
    public.on("http://public.test/ids", Reply::text("a"));
    site.on("/ids", Reply::text("b"));
    site.on("/b.jpg", Reply::file(small(Format::Jpeg, 1)));
    let manifest = format!(
        "{USUAL}\n[[option]]\nkey = 'other'\ntype = 'site'\ndefault = 'https://mine.test'\nhelp = 'another'"
    );
    let script = extract(
        r#"
        http.get(ctx.options.other .. "/ids")
        http.get(ctx.options.site .. "/ids")
        emit({ key = "b", url = ctx.options.site .. "/b.jpg" })
        "#,
    );
    // What a proxy has found counts as public.
    let fetch = call(&site, &manifest, &script)
        .args(["-S", "source.mine.other=http://public.test"])
        .env("HTTP_PROXY", public.url(""))
        .env("NO_PROXY", "127.0.0.1");
    fetch.run().success();
    assert_eq!(fetch.files().len(), 1);
}

#[test]
fn a_secret_is_sent_as_a_header_and_hidden_from_the_script() {
    let site = Site::start();
    let usual = USUAL.replace(", delegate = true", "");
    let manifest = format!(
        "{usual}\n[[secret]]\nkey = 'api_key'\nhost = 'mine.test'\nheader = 'Authorization'\nprefix = 'Bearer '\nhelp = 'a key'"
    );
    // Whatever of the script's can be looked through is.
    let script = extract(
        r#"
        local seen = {}
        local function look(value)
            if type(value) == "string" then
                assert(not string.find(value, "hunter2", 1, true), "the secret is here")
            elseif type(value) == "table" and not seen[value] then
                seen[value] = true
                for key, item in value do look(key) look(item) end
            end
        end
        look(ctx)
        assert(ctx.secrets.api_key == true, "it is not told that there is one")
        http.get(ctx.options.site .. "/x", { secret = "api_key" })
        "#,
    );
    let fetch = call(&site, &manifest, &script).args(["-S", "source.mine.api_key=hunter2"]);
    let done = fetch.run().fails(7);
    assert!(
        done.stderr
            .contains("may send its secret `api_key` only to `mine.test`"),
        "{}",
        done.stderr
    );
    assert!(!done.stderr.contains("hunter2"), "{}", done.stderr);
    done.says("hint: a site that you have set gets no secret; to test locally, have your own TLS server answer as `mine.test`: `--resolve mine.test:443:127.0.0.1 --ca-cert FILE`");
}

#[test]
fn scripts_cannot_read_arbitrary_environment_variables() {
    let site = Site::start();
    let manifest = "permissions = { request = ['mine.test'] }\n\
        [[option]]\nkey = 'handle'\ntype = 'text'\ndefault = ''\nhelp = 'a name'\n\
        [[secret]]\nkey = 'secret_access_key'\nhost = 'mine.test'\nheader = 'X'\nhelp = 'a key'";
    let script =
        extract("error(`handle [{ctx.options.handle}], secret [{ctx.secrets.secret_access_key}]`)");
    let fetch = call(&site, manifest, &script)
        .env("MINE_HANDLE", "hunter2")
        .env("MINE_SECRET_ACCESS_KEY", "hunter3");
    let done = fetch.run().fails(4);
    let said = &done.stderr;
    assert!(said.contains("handle [], secret [nil]"), "{said}");
    // What is meant for it, it gets.
    let done = fetch
        .env("FETCH_SOURCE__MINE__HANDLE", "meant")
        .env("FETCH_SOURCE__MINE__SECRET_ACCESS_KEY", "meant")
        .run()
        .fails(4);
    let said = &done.stderr;
    assert!(said.contains("handle [meant], secret [true]"), "{said}");
}

#[test]
fn failed_responses_count_towards_the_limits() {
    let site = Site::start();
    site.on("/big", Reply::file(vec![b'x'; 3 << 20]));
    let manifest =
        "permissions = { request = ['mine.test'] }\nlimits = { body_mib = 1, total_mib = 2 }";
    let script = extract(
        "local said\nfor i = 1, 9 do _, said = pcall(http.get, ctx.options.site .. '/big') end\nerror(tostring(said))",
    );
    let done = call(&site, manifest, &script).run().fails(4);
    let said = &done.stderr;
    assert!(said.contains("requested more than 2 MiB"), "{said}");
    // What fits into two, and the one that goes over it.
    assert_eq!(site.requests().len(), 3);
}
