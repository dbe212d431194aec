//! Pages that follow another one: those of a gallery, and articles that are called so.

use super::{names, picture};
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

fn page(head: &str, picture: &str) -> Reply {
    Reply::html(format!(
        "<!doctype html><title>G</title>{head}<img src={picture}>"
    ))
}

fn gallery(site: &Site, pages: u32, last: &str) {
    for number in 1..=pages {
        let next = match number == pages {
            true => last.to_owned(),
            false => format!("<link rel=next href=/g/{}>", number + 1),
        };
        site.on(
            &format!("/g/{number}"),
            page(&next, &format!("/{number}.jpg")),
        );
    }
}

#[test]
fn a_gallery_over_the_page_limit_is_reported() {
    let site = Site::start();
    gallery(&site, 20, "<link rel=next href=/g/21>");
    let told = format!("only 20 pages of `{}` are read", site.url("/g/1"));
    let fetch = Fetch::new().arg("-s").arg(site.url("/g/1"));
    let done = fetch.run().success().says("warning: ").says(&told);
    done.says("20 found");
    // Whoever has set it knows.
    let few = fetch.args(["-S", "source.page.pages=2"]).run().success();
    let few = few.says("2 found");
    assert!(!few.stderr.contains("are read ("), "{}", few.stderr);
}

#[test]
fn a_gallery_of_exactly_the_page_limit_is_complete() {
    let site = Site::start();
    // Its last page leads to the first one.
    gallery(&site, 20, "<link rel=next href=/g/1>");
    let fetch = Fetch::new().arg("-s").arg(site.url("/g/1"));
    let done = fetch.run().success().says("20 found");
    assert!(!done.stderr.contains("are read ("), "{}", done.stderr);
}

#[test]
fn neighbours_of_a_single_photo_or_post_are_not_saved() {
    let photo = "<meta property=og:type content=article><link rel=canonical href=/photo/12><link rel=next href=/photo/13>";
    let post = "<link rel='next' title='Another post' href='/?p=4'>";
    let plain = "<link rel=next href=/image/13>";
    let piwigo = "<link rel=next title='Next : The car' href='picture.php?/6/category/3'>";
    let comic = "<a rel=next href=/comics/6/>";
    for (path, head) in [
        ("/photo/12", photo),
        ("/?p=1", post),
        ("/image/12", plain),
        ("/picture.php?/5/category/3", piwigo),
        ("/comics/5/", comic),
    ] {
        let site = Site::start();
        site.on(path, page(head, "/a.jpg")).once();
        picture(&site, "/a.jpg", 1);
        let fetch = Fetch::new().arg(site.url(path));
        fetch.run().success();
        assert_eq!(names(&fetch), ["001 a.jpg"]);
    }
}

#[test]
fn an_article_on_several_pages_is_saved_whole() {
    let site = Site::start();
    let head = |own: &str, next: &str| {
        format!(
            "<meta property=og:type content=article><link rel=canonical href={own}><link rel=next href={next}>"
        )
    };
    site.on("/owls/", page(&head("/owls/", "/owls/2/"), "/1.jpg"));
    site.on("/owls/2/", page(&head("/owls/2/", "/owls/3/"), "/2.jpg"));
    site.on("/owls/3/", page("", "/3.jpg"));
    let fetch = Fetch::new().args(["-s", "-g"]).arg(site.url("/owls/"));
    let done = fetch.run().success();
    assert_eq!(done.stdout.lines().count(), 3, "{}", done.stdout);
}

#[test]
fn a_pager_without_a_relation_is_followed_if_its_class_says_so() {
    let site = Site::start();
    let pager =
        "<nav class=pagination><a class='next page-numbers' href=/list/page/2/>Next</a></nav>";
    site.on("/list/", page(pager, "/1.jpg"));
    site.on("/list/page/2/", page("", "/2.jpg"));
    let fetch = Fetch::new().args(["-s", "-g"]).arg(site.url("/list/"));
    let done = fetch.run().success();
    let expected = format!("{}\n{}\n", site.url("/1.jpg"), site.url("/2.jpg"));
    assert_eq!(done.stdout, expected);
}
