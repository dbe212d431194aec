//! Scripts and the hosts that they declare, asked by https.

use std::time::Duration;

use super::call;
use crate::support::command::Fetch;
use crate::support::tls::TlsServer;
use crate::support::{Reply, Site};

const ASKS: &str = "permissions = { request = ['mine.test'] }";

fn extract(body: &str) -> String {
    format!("return {{ extract = function(ctx)\nlocal site = ctx.options.site\n{body}\nend }}")
}

/// A call of a script that asks `https://mine.test`, which is behind this front.
fn by_https(site: &Site, front: &TlsServer, body: &str) -> Fetch {
    call(site, ASKS, &extract(body))
        .arg("--ca-cert")
        .arg(front.authority())
        .env("HTTPS_PROXY", front.as_proxy())
}

#[test]
fn a_redirect_from_a_declared_host_to_another_is_refused() {
    let (site, elsewhere) = (Site::start(), Site::start());
    elsewhere.on("/x", Reply::text("secret")).optional();
    site.on("/there", Reply::redirect("/here"));
    site.on("/here", Reply::text("it was asked"));
    let front = TlsServer::proxy_to("mine.test", &site);
    let asked = "error(http.get('https://mine.test/there').body)";
    let done = by_https(&site, &front, asked).run().fails(4);
    done.says("it was asked");
    for (at, to) in [
        ("/evil", "https://evil.test/x".to_owned()),
        ("/sub", "https://sub.mine.test/x".into()),
        ("/port", "https://mine.test:8443/x".into()),
        ("/plain", "http://mine.test/x".into()),
        ("/file", "file:///etc/passwd".into()),
        ("/home", "https://127.0.0.1/x".into()),
        ("/number", "https://2130706433/x".into()),
        ("/here-too", elsewhere.url("/x")),
    ] {
        site.on(at, Reply::redirect(&to));
        for ask in [
            format!("http.get('https://mine.test{at}')"),
            format!("http.all({{ 'https://mine.test/here', 'https://mine.test{at}' }})"),
        ] {
            let done = by_https(&site, &front, &ask).run().fails(7);
            let mut refusals = [
                "may not access `",
                "redirects down to plain",
                "is not followed",
            ]
            .iter();
            assert!(
                refusals.any(|text| done.stderr.contains(text)),
                "{at}: {}",
                done.stderr
            );
        }
    }
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn scripts_cannot_read_cookies() {
    let site = Site::start();
    let set = Reply::text("x").header("Set-Cookie", "session=hunter2; Path=/");
    site.on("/login", set.clone().header("X-Kept", "kept"));
    site.on("/page", Reply::text("y"));
    let front = TlsServer::proxy_to("mine.test", &site);
    let script = r#"
        for _, path in { "/login", "/page" } do
            local answer = http.get("https://mine.test" .. path)
            for name, value in answer.headers do
                assert(not string.find(name .. value, "cookie", 1, true), name)
                assert(not string.find(name .. value, "hunter2", 1, true), name)
            end
            assert(path == "/page" or answer.headers["x-kept"] == "kept")
        end
        error("nothing was seen")
    "#;
    let done = by_https(&site, &front, script).run().fails(4);
    done.says("nothing was seen");
}

#[test]
fn several_header_fields_of_one_name_are_one_list() {
    let site = Site::start();
    let style = "</a.css>; rel=preload";
    let links = Reply::text("x").header("Link", "</2>; rel=next");
    site.on("/", links.header("Link", style));
    let said = "error(http.get(site .. '/').headers.link)";
    let done = call(&site, ASKS, &extract(said)).run().fails(4);
    done.says("</2>; rel=next, </a.css>; rel=preload");
}

#[test]
fn script_requests_are_paced_per_host() {
    let site = Site::start();
    site.on("/*", Reply::text("x"));
    // The second is asked when the first is answered, so from where the site saw that one, six wait for the one before,
    // however long it was on its way.
    let script = extract(
        "http.get(site .. '/0')
        local list = {} for at = 1, 6 do list[at] = site .. '/' .. at end
        http.all(list)
        http.get(site .. '/7')",
    );
    let paced =
        call(&site, ASKS, &script).config("[host.\"127.0.0.1\"]\nrequests_per_second = 20\n");
    paced.arg("-s").run().success();
    let seen = site.requests();
    let took = seen[7].at - seen[0].at;
    assert!(took >= Duration::from_millis(300), "{took:?}");
}
