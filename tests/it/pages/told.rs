//! What is said of what a page or a folder leads to and is not had.

use super::picture;
use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

fn index(title: &str, links: &str) -> Reply {
    Reply::html(format!(
        "<title>Index of {title}</title><h1>Index of {title}</h1>{links}"
    ))
}

#[test]
fn pictures_that_link_to_pages_are_reported() {
    let site = Site::start();
    let page = "<!doctype html><title>Post</title><a href=/photo/1><img src=/t/1.jpg></a>\
        <a href=/photo/2><img src=/t/2.jpg></a><a href=/l/3.jpg><img src=/t/3.jpg></a><img src=/t/4.jpg>\
        <a href=https://elsewhere.example/><img src=/t/5.jpg></a>";
    site.on("/post", Reply::html(page));
    for (seed, path) in (1..).zip(["/t/1.jpg", "/t/2.jpg", "/l/3.jpg", "/t/4.jpg", "/t/5.jpg"]) {
        picture(&site, path, seed);
    }
    let done = Fetch::new().arg("-v").arg(site.url("/post")).run();
    let done = done.success();
    done.says("pictures that link to pages: 2 (`--depth 1` follows them)");
    let quiet = Fetch::new().arg(site.url("/post")).run().success();
    assert!(!quiet.stderr.contains("link to pages"), "{}", quiet.stderr);
}

#[test]
fn inaccessible_folders_get_a_warning() {
    let site = Site::start();
    let links = "<a href=a.jpg>a</a><a href=open/>o</a><a href=shut/>s</a><a href=hidden/>h</a>";
    site.on("/pub/", index("/pub/", links)).once();
    let rules = "user-agent: *\ndisallow: /pub/hidden/\n";
    site.on("/robots.txt", Reply::text(rules)).once();
    site.on("/pub/open/", index("/pub/open/", "<a href=b.jpg>b</a>"))
        .once();
    site.on("/pub/shut/", Reply::empty(403)).once();
    picture(&site, "/pub/a.jpg", 1);
    picture(&site, "/pub/open/b.jpg", 2);
    let fetch = Fetch::new().args(["--depth", "2"]).arg(site.url("/pub/"));
    fetch
        .run()
        .success()
        .says("warning: links to pages without public access: 1 (`-v` lists them)")
        .says("warning: links not followed at the site's request: 1 (`source.page.robots`)");
}

#[test]
fn inaccessible_links_get_a_warning_if_all_are() {
    let site = Site::start();
    let page = |links: &str| {
        let head = "<!doctype html><title>Home</title><img src=/a.jpg>";
        Reply::html(format!("{head}{links}"))
    };
    site.on("/some", page("<a href=/shut>s</a><a href=/open>o</a>"))
        .once();
    site.on("/all", page("<a href=/shut>s</a>")).once();
    site.on("/open", page("")).once();
    site.on("/shut", Reply::empty(403)).times(2);
    site.on("/robots.txt", Reply::empty(404)).times(2);
    picture(&site, "/a.jpg", 1);
    let run = |path: &str| {
        let fetch = Fetch::new().args(["--depth", "1"]).arg(site.url(path));
        fetch.run().success().stderr
    };
    let (some, all) = (run("/some"), run("/all"));
    assert!(!some.contains("closed"), "{some}");
    assert!(
        all.contains("warning: links to pages without public access: 1"),
        "{all}"
    );
}

#[test]
fn a_page_that_may_be_incomplete_is_reported() {
    let site = Site::start();
    picture(&site, "/a.jpg", 1);
    let page = "<html><title>Cats</title><img src=/a.jpg>";
    let run = |path: &str, reply: Reply| {
        site.on(path, reply).once();
        let fetch = Fetch::new().arg(site.url(path));
        fetch.run().success().stderr
    };
    let told = "has neither an end tag nor a declared length";
    let cut = run("/cut", Reply::html(page).close_delimited());
    assert!(cut.contains(told), "{cut}");
    let long = run("/long", Reply::html(page));
    assert!(!long.contains(told), "{long}");
    let whole = Reply::html(format!("{page}</HTML>\n")).close_delimited();
    let whole = run("/whole", whole);
    assert!(!whole.contains(told), "{whole}");
}

#[test]
fn a_file_is_not_read_as_a_page() {
    let site = Site::start();
    picture(&site, "/cat.jpg", 1);
    let link = format!("page:{}", site.url("/cat.jpg"));
    let done = Fetch::new().arg(link).run().fails(5);
    let done = done
        .says("cat.jpg` is not a page")
        .says("without `page:`, it is saved as a file");
    assert!(!done.stderr.contains("yt-dlp"), "{}", done.stderr);
    // A server may say of a page that it is anything.
    let page = "<!doctype html><title>Cats</title><img src=/cat.jpg>";
    let odd = Reply::html(page).content_type("application/octet-stream");
    site.on("/odd", odd).once();
    let link = format!("page:{}", site.url("/odd"));
    Fetch::new().arg(link).run().success();
}

#[test]
fn unreadable_page_metadata_is_reported() {
    let site = Site::start();
    let data = |text: &str| format!("<script type='application/ld+json'>{text}</script>");
    let page = |rest: String| {
        let head = "<!doctype html><title>Cats</title><img src=/a.jpg>";
        Reply::html(format!("{head}{rest}"))
    };
    picture(&site, "/a.jpg", 1);
    site.on("/whole", page(data("{\"@type\":\"Thing\",}")))
        .once();
    site.on("/broken", page(data("{{ page.data }}"))).once();
    let run = |path: &str| {
        let fetch = Fetch::new().arg("-v").arg(site.url(path));
        fetch.run().success().stderr
    };
    let told = "unreadable JSON-LD scripts of `";
    let (whole, broken) = (run("/whole"), run("/broken"));
    assert!(!whole.contains(told), "{whole}");
    assert!(broken.contains(told), "{broken}");
}

#[test]
fn a_script_rendered_page_warns_that_only_a_preview_was_saved() {
    let site = Site::start();
    picture(&site, "/preview.jpg", 1);
    let told = "the markup of";
    let run = |path: &str, rest: &str| {
        let head = "<!doctype html><title>Trip (120 photos)</title><meta property=og:image content=/preview.jpg>";
        site.on(path, Reply::html(format!("{head}{rest}")));
        let fetch = Fetch::new().arg(site.url(path));
        fetch.run().success().stderr
    };
    let made = run("/made", "<div id=root></div><script src=/app.js></script>");
    assert!(made.contains(&format!("warning: {told}")), "{made}");
    let shown = run("/shown", "<img src=/preview.jpg>");
    assert!(!shown.contains(told), "{shown}");
    let frame = Reply::html("<video src=/v/a.mp4></video>");
    site.on("/frame", frame);
    let film = Reply::file(small(Format::Mp4, 1)).content_type("video/mp4");
    site.on("/v/a.mp4", film);
    let framed = run("/framed", "<iframe src=/frame></iframe>");
    assert!(!framed.contains(told), "{framed}");
}

#[test]
fn many_script_rendered_pages_warn_once() {
    let site = Site::start();
    picture(&site, "/preview.jpg", 1);
    picture(&site, "/other.jpg", 2);
    site.on("/robots.txt", Reply::empty(404));
    let page = |picture: &str, rest: &str| {
        let head = format!("<!doctype html><meta property=og:image content={picture}>");
        Reply::html(format!("{head}{rest}"))
    };
    site.on("/made", page("/preview.jpg", "<a href=/1>1</a>"));
    site.on("/1", page("/other.jpg", ""));
    let fetch = Fetch::new().args(["-v", "--depth", "1"]);
    let done = fetch.arg(site.url("/made")).run().success().stderr;
    let told = "the markup of";
    assert_eq!(done.matches(told).count(), 2, "{done}");
    assert_eq!(
        done.matches(&format!("warning: {told}")).count(),
        1,
        "{done}"
    );
}
