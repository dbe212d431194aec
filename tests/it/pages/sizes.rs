//! Several sizes of one picture, on one page or on several.

use super::{names, picture};
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

fn page(title: &str, rest: &str) -> Reply {
    Reply::html(format!("<!doctype html><title>{title}</title>{rest}"))
}

/// A gallery: small pictures that lead to pages.
fn gallery(site: &Site, thumbs: &[(&str, &str)]) {
    let links: String = thumbs
        .iter()
        .map(|(page, thumb)| format!("<a href={page}><img src={thumb} width=150 height=150></a>"))
        .collect();
    site.on("/trip/", page("Trip", &links));
    site.on("/robots.txt", Reply::empty(404));
}

/// Which pictures were asked for, in the order of their names.
fn asked(site: &Site) -> Vec<String> {
    let seen = site.requests().into_iter().map(|seen| seen.target);
    let mut asked: Vec<_> = seen.filter(|path| path.contains(".jpg")).collect();
    asked.sort();
    asked
}

#[test]
fn a_gallery_yields_full_pictures_instead_of_thumbnails() {
    let site = Site::start();
    gallery(
        &site,
        &[
            ("/trip/cat/", "/up/cat-150x150.jpg"),
            ("/trip/dog/", "/up/thumbs/dog.jpg"),
            ("/trip/owl/", "/up/owl-150x150.jpg"),
        ],
    );
    site.on(
        "/trip/cat/",
        page("Cat", "<img src=/up/cat.jpg width=1600>"),
    )
    .once();
    let dog = "<a href=/up/dog.jpg><img src=/up/medium/dog.jpg></a>";
    site.on("/trip/dog/", page("Dog", dog)).once();
    // The page of one is elsewhere, and the picture in full behind another link.
    site.on("/trip/owl/", Reply::redirect("/owl/")).once();
    let owl = "<a href=/owl/full><img src=/up/owl-800x600.jpg></a>";
    site.on("/owl/", page("Owl", owl)).once();
    site.on("/owl/full", page("Owl in full", "<img src=/up/owl.jpg>"))
        .once();
    for (seed, name) in (1..).zip(["cat", "dog", "owl"]) {
        picture(&site, &format!("/up/{name}.jpg"), seed);
    }
    let fetch = Fetch::new().args(["--depth", "2"]).arg(site.url("/trip/"));
    let done = fetch.run().success();
    assert!(done.stderr.contains("3 found: 3 new"), "{}", done.stderr);
    assert_eq!(asked(&site), ["/up/cat.jpg", "/up/dog.jpg", "/up/owl.jpg"]);
    site.forget();
    gallery(&site, &[("/trip/cat/", "/up/cat-150x150.jpg")]);
    site.on("/trip/cat/", page("Cat", "<img src=/up/cat.jpg>"));
    let again = fetch.run().success();
    assert!(
        again.stderr.contains("1 found: 0 new, 1 had"),
        "{}",
        again.stderr
    );
}

#[test]
fn a_thumbnail_is_saved_if_nothing_larger_is_found() {
    let site = Site::start();
    gallery(
        &site,
        &[
            ("/trip/gone/", "/up/a-150x150.jpg"),
            ("/trip/bare/", "/up/b-150x150.jpg"),
            ("/trip/same/", "/up/c-150x150.jpg"),
            ("/trip/left/", "/up/d-150x150.jpg"),
            ("https://elsewhere.example/", "/up/e-150x150.jpg"),
        ],
    );
    site.on("/trip/gone/", Reply::empty(404)).once();
    site.on("/trip/bare/", page("Bare", "nothing")).once();
    let same = "<img src=/up/c-150x150.jpg><img src=/up/f.jpg>";
    site.on("/trip/same/", page("Same", same)).once();
    for (seed, name) in (1..).zip(["a", "b", "c", "d", "e"]) {
        picture(&site, &format!("/up/{name}-150x150.jpg"), seed);
    }
    picture(&site, "/up/f.jpg", 9);
    let fetch = Fetch::new()
        .args(["--depth", "1", "-S", "source.page.max_pages=4"])
        .arg(site.url("/trip/"));
    fetch.run().success();
    let mut names = names(&fetch);
    names.sort();
    let expected = [
        "001 a-150x150.jpg",
        "001 f.jpg",
        "002 b-150x150.jpg",
        "003 c-150x150.jpg",
        "004 d-150x150.jpg",
        "005 e-150x150.jpg",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_thumbnail_never_suppresses_a_larger_picture() {
    let site = Site::start();
    // Nothing tells that it leads anywhere, so it is taken before the other is known.
    let home = "<img src=/up/cat-300x200.jpg><a href=/cat>more</a>";
    site.on("/", page("Home", home));
    site.on("/robots.txt", Reply::empty(404));
    let cat = "<img src=/up/cat.jpg><img src=/up/cat-150x150.jpg>";
    site.on("/cat", page("Cat", cat)).once();
    picture(&site, "/up/cat-300x200.jpg", 1);
    picture(&site, "/up/cat.jpg", 2);
    let fetch = Fetch::new().args(["--depth", "1"]).arg(site.url("/"));
    fetch.run().success();
    assert_eq!(asked(&site), ["/up/cat-300x200.jpg", "/up/cat.jpg"]);
}

#[test]
fn thumbnails_give_way_to_pictures_of_following_pages() {
    let site = Site::start();
    let strip = "<img src=/up/1-thumb.jpg><img src=/up/2-thumb.jpg><img src=/up/3-thumb.jpg>";
    for number in 1..=2 {
        let rest = format!(
            "<link rel=next href=/photo/{}><img src=/up/{number}.jpg>{strip}",
            number + 1
        );
        site.on(&format!("/photo/{number}"), page("Photos", &rest));
    }
    // The last one cannot be had, and what waited for it comes.
    site.on("/photo/3", Reply::empty(404)).once();
    for (seed, name) in (1..).zip(["1", "2", "3-thumb"]) {
        picture(&site, &format!("/up/{name}.jpg"), seed);
    }
    let fetch = Fetch::new().arg(site.url("/photo/1"));
    fetch.run().fails(3);
    let expected = ["/up/1.jpg", "/up/2.jpg", "/up/3-thumb.jpg"];
    assert_eq!(asked(&site), expected);
}

#[test]
fn a_next_page_that_is_also_a_link_is_read_once() {
    let site = Site::start();
    let home = "<img src=/1.jpg><a rel=next href='/?page=2'>next</a>";
    site.on("/", page("Home", home));
    site.on("/robots.txt", Reply::empty(404));
    site.on("/?page=2", page("Home", "<img src=/2.jpg>")).once();
    picture(&site, "/1.jpg", 1);
    picture(&site, "/2.jpg", 2);
    let fetch = Fetch::new().args(["--depth", "1"]).arg(site.url("/"));
    fetch.run().success();
    assert_eq!(names(&fetch), ["001 1.jpg", "002 2.jpg"]);
    assert_eq!(site.count("/?page=2"), 1);
}
