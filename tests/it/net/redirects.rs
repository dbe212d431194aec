//! Where redirects may lead.

use fetch::model::Kind;

use super::{body, client, open, quick};
use crate::support::{Reply, Request, Site};

#[tokio::test]
async fn relative_and_absolute_targets_are_followed() {
    let (site, other) = (Site::start(), Site::start());
    site.on("/a/b", Reply::redirect("c?x=1"));
    site.on("/a/c?x=1", Reply::redirect("../d").status(301));
    site.on("/d", Reply::redirect("?y").status(303));
    site.on("/d?y", Reply::redirect(other.url("/e")).status(307));
    let here = format!("//127.0.0.1:{}/f", other.port());
    other.on("/e", Reply::redirect(here).status(308));
    other.on("/f", Reply::text("there"));
    let client = client(quick());
    assert_eq!(body(&client, &site.url("/a/b")).await.unwrap(), b"there");
    let opened = open(&client, &other.url("/f")).await.unwrap();
    assert!(!opened.redirected);
}

#[tokio::test]
async fn a_redirect_without_a_location_is_a_plain_response() {
    let site = Site::start();
    site.on("/multiple", Reply::redirect("/x").status(300));
    site.on("/nowhere", Reply::empty(302));
    site.on("/created", Reply::redirect("/x").status(201));
    let client = client(quick());
    for (path, status) in [("/multiple", 300), ("/nowhere", 302), ("/created", 201)] {
        let opened = open(&client, &site.url(path)).await.unwrap();
        assert_eq!(opened.response.status(), status, "{path}");
    }
}

#[tokio::test]
async fn forbidden_redirects_are_refused() {
    let site = Site::start();
    let table = [
        (
            "/self",
            "/self",
            Kind::Corrupt,
            "`URL/self` redirects in a loop, to `URL/self`",
        ),
        (
            "/one",
            "/two",
            Kind::Corrupt,
            "`URL/two` redirects in a loop, to `URL/one`",
        ),
        (
            "/two",
            "/one",
            Kind::Corrupt,
            "`URL/one` redirects in a loop, to `URL/two`",
        ),
        (
            "/file",
            "file:///etc/passwd",
            Kind::Blocked,
            "`URL/file` redirects to `file:`, which is not followed",
        ),
        (
            "/data",
            "data:,x",
            Kind::Blocked,
            "`URL/data` redirects to `data:`, which is not followed",
        ),
        (
            "/junk",
            "http://[",
            Kind::Corrupt,
            "`URL/junk` redirects to an invalid URL",
        ),
    ];
    for (path, to, ..) in table {
        site.on(path, Reply::redirect(to));
    }
    let client = client(quick());
    for (path, _, kind, message) in table {
        let error = open(&client, &site.url(path)).await.unwrap_err();
        let text = error.to_string().replace(&site.url(""), "URL");
        assert_eq!((error.kind, text.as_str()), (kind, message));
    }
}

#[tokio::test]
async fn cookies_set_during_redirects_last_for_that_chain_only() {
    let site = Site::start();
    let wall = |seen: &Request| match seen.header("cookie") {
        Some("ok=1") => Reply::text("there"),
        _ => Reply::redirect("/wall").header("Set-Cookie", "ok=1; Path=/"),
    };
    site.on("/wall", Reply::with(wall));
    let client = client(quick());
    for count in [2, 4] {
        assert_eq!(body(&client, &site.url("/wall")).await.unwrap(), b"there");
        assert_eq!(site.count("/wall"), count);
    }
}

#[tokio::test]
async fn cookies_set_during_redirects_go_to_their_host_only() {
    let (site, other) = (Site::start(), Site::start());
    let there = format!("http://localhost:{}/b", other.port());
    let first = Reply::redirect(there)
        .header("Set-Cookie", "ok=1; Path=/")
        .header("Set-Cookie", "wide=1; Path=/; Domain=localhost");
    site.on("/a", first);
    site.on("/c", Reply::text("there"));
    other.on("/b", Reply::redirect(site.url("/c")));
    assert_eq!(
        body(&client(quick()), &site.url("/a")).await.unwrap(),
        b"there"
    );
    assert_eq!(other.requests()[0].header("cookie"), None);
    assert_eq!(site.requests()[1].header("cookie"), Some("ok=1"));
}

#[tokio::test]
async fn a_redirect_loop_setting_the_same_cookie_is_detected() {
    let site = Site::start();
    let wall = Reply::redirect("/wall").header("Set-Cookie", "ok=1; Path=/");
    site.on("/wall", wall);
    let error = open(&client(quick()), &site.url("/wall"))
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Corrupt);
    assert_eq!(site.count("/wall"), 2);
}

#[tokio::test]
async fn more_than_twenty_redirects_are_refused() {
    let site = Site::start();
    let next = Reply::with(|seen| {
        let step: u32 = seen.target[1..].parse().unwrap();
        Reply::redirect(format!("/{}", step + 1))
    });
    site.on("/*", next);
    let error = open(&client(quick()), &site.url("/0")).await.unwrap_err();
    assert_eq!(error.kind, Kind::Corrupt);
    assert_eq!(site.requests().len(), 21);
}

#[tokio::test]
async fn an_overlong_url_is_shortened_in_errors() {
    let site = Site::start();
    let long = format!("/{}", "a".repeat(70_000));
    site.on("/far", Reply::redirect(long));
    let error = open(&client(quick()), &site.url("/far")).await.unwrap_err();
    assert_eq!(error.kind, Kind::Corrupt);
    assert!(error.message.ends_with("a…`"), "{error}");
    assert!(error.message.len() < 400, "{error}");
}
