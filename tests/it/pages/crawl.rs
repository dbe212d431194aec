//! Links of pages that are followed.

use super::{names, picture};
use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

fn page(title: &str, rest: &str) -> Reply {
    Reply::html(format!("<!doctype html><title>{title}</title>{rest}"))
}

/// The paths that were asked for, in order, but for pictures.
fn pages(site: &Site) -> Vec<String> {
    let seen = site.requests().into_iter();
    let paths = seen.map(|seen| seen.target);
    paths.filter(|path| !path.ends_with(".jpg")).collect()
}

/// A site of three levels.
fn site() -> Site {
    let site = Site::start();
    let home = "<img src=/home.jpg><a href=/b>b</a><a href='a#top'>a</a><a href=/b>again</a><a href=/out>out</a>";
    site.on("/", page("Home", home));
    site
}

#[test]
fn links_are_followed_breadth_first_and_each_page_once() {
    let site = site();
    site.on("/robots.txt", Reply::empty(404)).once();
    let b = "<img src=/home.jpg><img src=/b.jpg><a href=/deep>deep</a><a href=/>home</a>";
    site.on("/b", page("B", b)).once();
    site.on(
        "/a",
        page("A", "<img src=/a.jpg><a href=/b>b</a><a href=/logout>o</a>"),
    )
    .once();
    site.on("/out", Reply::redirect("/a")).once();
    site.on(
        "/deep",
        page("Deep", "<img src=/deep.jpg><a href=/deeper>x</a>"),
    )
    .once();
    for (seed, name) in (1..).zip(["home", "b", "a", "deep"]) {
        picture(&site, &format!("/{name}.jpg"), seed);
    }
    let fetch = Fetch::new().args(["--depth", "2"]).arg(site.url("/"));
    let done = fetch.run().success();
    assert!(done.stderr.contains("4 found: 4 new"), "{}", done.stderr);
    let expected = ["/", "/robots.txt", "/b", "/a", "/out", "/deep"];
    assert_eq!(pages(&site), expected);
    let mut files: Vec<_> = fetch.files().into_keys().collect();
    files.sort();
    for (file, (album, name)) in files.iter().zip([
        ("A/", "001 a.jpg"),
        ("B/", "001 b.jpg"),
        ("Deep/", "001 deep.jpg"),
        ("Home ", "001 home.jpg"),
    ]) {
        let folder = format!("page/{album}");
        assert!(file.starts_with(&folder) && file.ends_with(name), "{file}");
    }
}

#[test]
fn crawl_flags_without_a_depth_are_refused() {
    let site = Site::start();
    for flag in ["--accept=/cats/", "--reject=/dogs/", "--same-host=false"] {
        let fetch = Fetch::new().arg(flag).arg(site.url("/"));
        let said = fetch.run().fails(2).stderr;
        let name = flag.split('=').next().unwrap();
        let expected = format!("`{name}` is for the links that `--depth` follows");
        assert!(said.contains(&expected), "{said}");
    }
    assert!(site.requests().is_empty());
    // Wherever the depth is set.
    let fetch = Fetch::new().args(["--accept=/cats/", "-S", "source.page.depth=1"]);
    site.on("/", Reply::html("<title>x</title>"));
    site.on("/robots.txt", Reply::text("")).optional();
    let said = fetch.arg(site.url("/")).run().stderr;
    assert!(!said.contains("is for the links"), "{said}");
}

#[test]
fn without_a_depth_no_link_is_followed() {
    let site = site();
    picture(&site, "/home.jpg", 1);
    Fetch::new().arg(site.url("/")).run().success();
    assert_eq!(pages(&site), ["/"]);
}

#[test]
fn robots_and_nofollow_are_minded_unless_told_otherwise() {
    let rules = "user-agent: *\ndisallow: /b\nallow: /b/c\n";
    let site = Site::start();
    let links = "<a href=/b/c>c</a><a href=/b/d>d</a><a rel=nofollow href=/e>e</a>";
    site.on("/", page("Home", links)).times(2);
    site.on("/robots.txt", Reply::text(rules)).once();
    let c = "<meta name=robots content=nofollow><img src=/c.jpg><a href=/f>f</a>";
    site.on("/b/c", page("C", c)).times(2);
    picture(&site, "/c.jpg", 1);
    let fetch = Fetch::new().args(["--depth", "2", "-v"]).arg(site.url("/"));
    let done = fetch.run().success();
    assert_eq!(pages(&site), ["/", "/robots.txt", "/b/c"]);
    let told = done
        .stderr
        .contains("links not followed at the site's request: 3");
    assert!(told, "{}", done.stderr);
    site.forget();
    for path in ["/b/d", "/e", "/f"] {
        site.on(path, page("x", "")).once();
    }
    let free = fetch.args(["-S", "source.page.robots=false"]);
    free.run().success();
    assert_eq!(pages(&site), ["/", "/b/c", "/b/d", "/e", "/f"]);
}

#[test]
fn no_link_is_followed_if_robots_txt_is_unavailable() {
    let site = site();
    picture(&site, "/home.jpg", 1);
    site.on("/robots.txt", Reply::empty(503)).once();
    let fetch = Fetch::new().args(["--depth", "1", "-R", "0"]);
    let done = fetch.arg(site.url("/")).run().fails(3);
    assert_eq!(pages(&site), ["/", "/robots.txt"]);
    for text in [
        "links that could not be followed: 3",
        "robots.txt is unavailable",
        "answered 503",
        "source.page.robots=false",
    ] {
        assert!(done.stderr.contains(text), "{text}: {}", done.stderr);
    }
}

#[test]
fn other_hosts_are_not_crawled_by_default() {
    let other = Site::start();
    let site = Site::start();
    let home = format!(
        "<img src={}><a href={}>other</a><a href=/near>n</a>",
        other.url("/far.jpg"),
        other.url("/page")
    );
    site.on("/", page("Home", &home)).times(2);
    site.on("/near", Reply::redirect(other.url("/page")))
        .times(2);
    for site in [&site, &other] {
        site.on("/robots.txt", Reply::empty(404)).optional();
    }
    picture(&other, "/far.jpg", 1);
    let fetch = Fetch::new().args(["--depth", "1"]).arg(site.url("/"));
    fetch.run().success();
    assert_eq!(names(&fetch), ["001 far.jpg"]);
    assert!(pages(&other).is_empty());
    other
        .on("/page", page("Other", "<img src=/other.jpg>"))
        .once();
    picture(&other, "/other.jpg", 2);
    fetch.clone().arg("--same-host=false").run().success();
    assert_eq!(pages(&other), ["/robots.txt", "/page"]);
    assert_eq!(names(&fetch), ["001 far.jpg", "001 other.jpg"]);
}

#[test]
fn patterns_and_a_limit_select_the_crawled_pages() {
    let site = Site::start();
    let links: String = (1..=9)
        .map(|n| format!("<a href=/cats/{n}>{n}</a><a href=/dogs/{n}>{n}</a>"))
        .collect();
    site.on("/", page("Home", &links));
    site.on("/robots.txt", Reply::empty(404)).once();
    for number in [1, 3, 4] {
        let path = format!("/cats/{number}");
        let rest = format!("<img src=/{number}.jpg>");
        site.on(&path, page("Cat", &rest)).once();
        picture(&site, &format!("/{number}.jpg"), number);
    }
    let fetch = Fetch::new()
        .args(["--depth", "1", "--accept", "*/cats/*", "--reject", "*/2"])
        .args(["-S", "source.page.max_pages=4", "-v"]);
    let done = fetch.arg(site.url("/")).run().success();
    assert!(done.stderr.contains("3 found: 3 new"), "{}", done.stderr);
    let told = done.stderr.contains("only 4 pages are read");
    assert!(told, "{}", done.stderr);
}

#[test]
fn non_pages_in_a_crawl_are_handled_as_usual() {
    let site = Site::start();
    let links = "<a href=/get>g</a><a href=/gone>g</a><a href=/plain>p</a><a href=/feed>f</a><a href=/notes.pdf>n</a>";
    site.on("/", page("Home", links));
    site.on("/robots.txt", Reply::empty(404)).once();
    site.on("/gone", Reply::empty(404)).once();
    picture(&site, "/get", 1);
    let plain = "<!doctype html><title>Plain</title><img src=/plain.jpg><a href=/never>never</a>";
    site.on("/plain", Reply::text(plain));
    picture(&site, "/plain.jpg", 2);
    let feed = "<rss version='2.0'><channel><title>T</title><item><title>One</title><guid>1</guid>\
        <enclosure url='/one.jpg' type='image/jpeg'/></item></channel></rss>";
    site.on(
        "/feed",
        Reply::text(feed).content_type("application/rss+xml"),
    );
    picture(&site, "/one.jpg", 3);
    site.on(
        "/notes.pdf",
        Reply::file(*b"%PDF-1.4\n1 0 obj\n%%EOF\n").content_type("application/pdf"),
    );
    let fetch = Fetch::new().args(["--depth", "1", "-v"]).arg(site.url("/"));
    let done = fetch.run().success();
    assert_eq!(
        names(&fetch),
        ["One.jpg", "get.jpg", "notes.pdf", "001 plain.jpg"],
        "{}",
        done.stderr
    );
    let told =
        done.stderr.contains("not followed: `") && done.stderr.contains("/gone` answered 404");
    assert!(told, "{}", done.stderr);
}

#[test]
fn a_failed_page_of_a_crawl_is_reported_and_others_followed() {
    let site = Site::start();
    site.on("/", page("Home", "<a href=/bad>b</a><a href=/good>g</a>"));
    site.on("/robots.txt", Reply::empty(404)).once();
    site.on("/bad", Reply::empty(500)).once();
    site.on("/good", page("Good", "<img src=/good.jpg>")).once();
    picture(&site, "/good.jpg", 1);
    let fetch = Fetch::new().args(["--depth", "1", "-R", "0"]);
    let fetch = fetch.arg(site.url("/"));
    let done = fetch.run().fails(3);
    assert_eq!(names(&fetch), ["001 good.jpg"]);
    let told = done.stderr.contains("links that could not be followed: 1");
    assert!(
        told && done.stderr.contains("/bad` answered 500"),
        "{}",
        done.stderr
    );
}

#[test]
fn server_folders_are_crawled_too() {
    let site = Site::start();
    let index = |path: &str, rest: &str| {
        Reply::html(format!(
            "<title>Index of {path}</title><a href='../'>up</a>{rest}"
        ))
    };
    site.on("/robots.txt", Reply::empty(404)).once();
    site.on("/f/", index("/f/", "<a href=a.jpg>a</a><a href=g/>g</a>"))
        .once();
    site.on(
        "/f/g/",
        index("/f/g/", "<a href=b.jpg>b</a><a href=h/>h</a>"),
    )
    .once();
    picture(&site, "/f/a.jpg", 1);
    picture(&site, "/f/g/b.jpg", 2);
    let fetch = Fetch::new().args(["--depth", "1"]).arg(site.url("/f/"));
    fetch.run().success();
    assert_eq!(names(&fetch), ["a.jpg", "b.jpg"]);
}

#[test]
fn all_saves_everything_on_a_page() {
    let site = Site::start();
    site.on("/", page("Home", "<img src=/logo.jpg>")).once();
    picture(&site, "/logo.jpg", 1);
    let fetch = Fetch::new().arg("--all").arg(site.url("/"));
    fetch.run().success();
    assert_eq!(names(&fetch), ["001 logo.jpg"]);
}

#[test]
fn a_retry_of_a_crawl_follows_links_to_the_same_depth() {
    let site = Site::start();
    site.on("/robots.txt", Reply::empty(404));
    site.on("/", page("Home", "<a href=/a>a</a><a href=/b>b</a>"));
    site.on("/a", page("A", "<img src=/a.jpg><a href=/deep>x</a>"));
    site.on("/b", page("B", "<img src=/b.jpg>")).optional();
    site.on("/deep", Reply::empty(500)).once();
    site.on("/deep", page("Deep", "<img src=/deep.jpg>")).once();
    for (seed, name) in (1..).zip(["a", "deep"]) {
        picture(&site, &format!("/{name}.jpg"), seed);
    }
    let fetch = Fetch::new().args(["-S", "net.retries=0"]);
    let call = fetch.clone().args(["--depth", "2", "--reject", "*/b"]);
    call.arg(site.url("/")).run().fails(3);
    let done = fetch.clone().arg("retry").run().success();
    assert!(done.stderr.contains("1 new"), "{}", done.stderr);
    assert_eq!(site.count("/b"), 0);
    let files: Vec<_> = fetch.files().into_keys().collect();
    assert_eq!(files.len(), 2, "{files:?}");
    let again = fetch.arg("retry").run().success();
    assert!(
        again.stderr.contains("nothing to retry"),
        "{}",
        again.stderr
    );
}

#[test]
fn a_public_page_cannot_lead_a_crawl_to_private_addresses() {
    // A proxy plays the public servers; names of this machine do not go through it.
    let (public, home) = (Site::start(), Site::start());
    let secret = page("Secret", "<img src=/secret.jpg><a href=/more>x</a>");
    home.on("/*", secret).optional();
    let at = |host: &str, path: &str| format!("http://{host}:{}{path}", home.port());
    let hosts = ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"];
    let links: String = hosts
        .iter()
        .map(|host| {
            format!(
                "<a href='{}'>x</a><img src='{}'><iframe src='{}'></iframe>",
                at(host, "/page"),
                at(host, "/a.jpg"),
                at(host, "/videos/embed/1"),
            )
        })
        .collect();
    let on = |url: &str, reply: Reply| {
        public.on(&format!("http://{url}"), reply);
    };
    on("public.test/robots.txt", Reply::empty(404));
    on(
        "public.test/away",
        Reply::redirect(at("127.0.0.1", "/away")),
    );
    on("public.test/own.jpg", Reply::file(small(Format::Jpeg, 1)));
    let told = format!(
        "<link rel=alternate type='application/json+oembed' href='{}'><meta property=og:image content=/own.jpg>",
        at("127.0.0.1", "/oembed")
    );
    on("public.test/told", page("Told", &told));
    // Its rules are at home, so nothing of it is asked for.
    on(
        "other.test/robots.txt",
        Reply::redirect(at("localhost", "/robots.txt")),
    );
    let ways = "<a href=/told>t</a><a href=/away>a</a><a href='http://other.test/x'>o</a>";
    on("public.test/", page("Home", &format!("{links}{ways}")));
    let fetch = Fetch::new()
        .env("HTTP_PROXY", public.url(""))
        .env("NO_PROXY", "localhost,127.0.0.1,::1,::ffff:127.0.0.1")
        .args(["--depth", "2", "--same-host=false", "-R", "0", "-v"])
        .arg("http://public.test/");
    let done = fetch.run();
    assert_eq!(home.requests().len(), 0, "{:?}", home.requests());
    let refused = done.stderr.matches("is at a private address").count();
    assert!(refused >= hosts.len(), "{}", done.stderr);
    assert_eq!(names(&fetch), ["001 own.jpg"], "{}", done.stderr);
    assert_ne!(done.code, 0);
    // What keeps it from there is that alone.
    on("other.test/x", page("Other", ""));
    fetch.args(["-S", "net.private=always"]).run();
    assert!(home.count("/page") > 0 && home.count("/a.jpg") > 0);
}

#[test]
fn a_link_that_redirects_to_a_file_is_that_file() {
    let (site, other) = (Site::start(), Site::start());
    let links = "<a href=/dl/1>one</a><a href=/dl/2>two</a><a href=/dl/3>three</a>";
    site.on("/", page("Downloads", links));
    site.on("/robots.txt", Reply::empty(404));
    site.on("/dl/1", Reply::redirect("/files/one.jpg"));
    site.on("/dl/2", Reply::redirect(other.url("/two.jpg")));
    site.on("/dl/3", Reply::file(small(Format::Jpeg, 3)));
    site.on("/files/one.jpg", Reply::file(small(Format::Jpeg, 1)));
    other.on("/two.jpg", Reply::file(small(Format::Jpeg, 2)));
    let fetch = Fetch::new().args(["--depth", "1"]).arg(site.url("/"));
    let done = fetch.run().success();
    assert!(done.stderr.contains("3 found: 3 new"), "{}", done.stderr);
}
