//! Pages that lead to one that wants a login.

use super::{names, picture};
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

const FORM: &str = "<form><input name=user><input type=Password name=p></form>";

#[test]
fn a_redirect_to_a_login_page_is_reported_and_not_saved() {
    let site = Site::start();
    let login = |rest: &str| {
        let head = "<!doctype html><title>Welcome</title>";
        Reply::html(format!("{head}{FORM}{rest}"))
    };
    let dress = "<meta property=og:image content=/big.jpg><img src=/big.jpg width=1200 height=800>";
    site.on("/big.jpg", Reply::empty(404)).optional();
    for (asked, to, rest) in [
        ("/members/album", "/loginp?next=%2Fmembers%2Falbum", dress),
        ("/a/1", "/users/sign_in", dress),
        ("/a/2", "/gate?return_to=/a/2", ""),
        ("/a/3", "/oauth/authorize", dress),
    ] {
        site.on(asked, Reply::redirect(to)).once();
        site.on(to, login(rest)).once();
        let fetch = Fetch::new().arg(site.url(asked));
        let done = fetch.run().fails(6);
        done.says(&format!("{asked}` redirects to the login page `"))
            .says("` redirects to the login page `")
            .says("-C FILE");
        assert!(fetch.files().is_empty());
    }
    assert_eq!(site.count("/big.jpg"), 0);
}

#[test]
fn a_page_with_a_login_form_and_media_is_read() {
    let site = Site::start();
    let page = format!("<!doctype html><title>Cats</title><header>{FORM}</header><img src=/a.jpg>");
    picture(&site, "/a.jpg", 1);
    for path in ["/cats/", "/gallery/cats", "/author/ann?next=2", "/login"] {
        site.on(path, Reply::html(page.clone()));
    }
    for (asked, to) in [
        ("/cats", "/cats/"),
        ("/old/7", "/gallery/cats"),
        ("/ann", "/author/ann?next=2"),
    ] {
        site.on(asked, Reply::redirect(to)).once();
        let fetch = Fetch::new().arg(site.url(asked));
        fetch.run().success();
        assert_eq!(names(&fetch), ["001 a.jpg"], "{asked}");
    }
    // Whoever names the page to log in means it.
    Fetch::new().arg(site.url("/login")).run().success();
}

#[test]
fn a_crawled_link_that_leads_to_a_login_is_not_followed() {
    let site = Site::start();
    let page = "<!doctype html><title>Home</title><img src=/a.jpg><a href=/members/1>m</a>";
    site.on("/", Reply::html(page)).once();
    site.on("/robots.txt", Reply::empty(404)).once();
    site.on("/members/1", Reply::redirect("/login?next=/members/1"))
        .once();
    let login = format!("<!doctype html><title>Log in</title>{FORM}<img src=/big.jpg width=900>");
    site.on("/login?next=/members/1", Reply::html(login)).once();
    picture(&site, "/a.jpg", 1);
    let fetch = Fetch::new().args(["--depth", "1", "-v"]).arg(site.url("/"));
    fetch.run().success().says("redirects to the login page");
    assert_eq!(names(&fetch), ["001 a.jpg"]);
}
