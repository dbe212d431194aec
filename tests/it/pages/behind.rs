//! Pictures behind links that do not say that they are pictures.

use super::{names, picture};
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

fn page(rest: &str) -> Reply {
    Reply::html(format!("<!doctype html><title>Topic</title>{rest}"))
}

const FORUM: &str = "<a href='/file.php?id=1&mode=view'><img src='/file.php?id=1&t=1' alt=car.jpg></a>\
    <a class=js-lbImage href=/attachments/boat.2/><img src=/t/boat.jpg></a>";

#[test]
fn the_full_picture_is_saved_without_requesting_the_thumbnail() {
    let site = Site::start();
    site.on("/topic", page(FORUM)).once();
    picture(&site, "/file.php?id=1&mode=view", 1);
    picture(&site, "/attachments/boat.2/", 2);
    let fetch = Fetch::new().arg(site.url("/topic"));
    fetch.run().success().says("2 found: 2 new");
    assert_eq!(names(&fetch), ["001 car.jpg", "002 boat.2.jpg"]);
}

#[test]
fn the_thumbnail_is_saved_if_the_full_picture_is_unavailable() {
    let site = Site::start();
    site.on("/topic", page(FORUM)).once();
    // A page to log in, and a refusal.
    site.on("/file.php?id=1&mode=view", page("<form>Log in</form>"));
    site.on("/attachments/boat.2/", Reply::empty(403));
    picture(&site, "/file.php?id=1&t=1", 1);
    picture(&site, "/t/boat.jpg", 2);
    let fetch = Fetch::new().arg(site.url("/topic"));
    let done = fetch.run().success().says("2 found: 2 new");
    assert!(done.stderr.contains("a smaller version"), "{}", done.stderr);
    assert_eq!(names(&fetch), ["001 car.jpg", "002 boat.2.jpg"]);
}

#[test]
fn a_temporary_failure_does_not_fall_back_to_the_thumbnail() {
    let site = Site::start();
    let link = "<a class=js-lbImage href=/attachments/boat.2/><img src=/t/boat.jpg></a>";
    site.on("/topic", page(link)).once();
    site.on("/attachments/boat.2/", Reply::empty(500));
    let config = "[net]\nbackoff = \"2ms\"\nretries = 1\n";
    let fetch = Fetch::new().config(config).arg(site.url("/topic"));
    fetch.run().fails(4);
    assert_eq!(site.count("/t/boat.jpg"), 0);
}

#[test]
fn a_crawl_saves_a_linked_picture_once_in_its_album() {
    let site = Site::start();
    site.on("/topic", page(FORUM)).once();
    picture(&site, "/file.php?id=1&mode=view", 1);
    picture(&site, "/attachments/boat.2/", 2);
    let fetch = Fetch::new().args(["--depth", "1"]).arg(site.url("/topic"));
    fetch.run().success().says("2 found: 2 new");
    assert_eq!(names(&fetch), ["001 car.jpg", "002 boat.2.jpg"]);
}

#[test]
fn thumbnails_of_linked_pictures_are_left_out() {
    let site = Site::start();
    let lightbox = "<a class=lightbox href=/media/7><img src=/t/7.jpg></a><img src=/8.jpg>";
    site.on("/trip", page(lightbox)).once();
    site.on("/robots.txt", Reply::empty(404));
    picture(&site, "/media/7", 7);
    picture(&site, "/8.jpg", 8);
    let fetch = Fetch::new().args(["--depth", "1"]).arg(site.url("/trip"));
    fetch.run().success().says("2 found: 2 new");
    assert_eq!(site.count("/t/7.jpg"), 0);
}
