//! Pictures that the script or the page behind a link shows.

use super::{names, picture};
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

const PAGE: &str = "<!doctype html><title>Trip</title>\
    <a href=\"javascript:pop('full/1.jpg')\"><img src=/t/1.jpg></a>\
    <a href='view.php?img=full/2.jpg'><img src=/t/2.jpg></a>";

#[test]
fn the_linked_picture_is_saved_without_its_thumbnail() {
    let site = Site::start();
    site.on("/trip/", Reply::html(PAGE)).once();
    picture(&site, "/trip/full/1.jpg", 1);
    picture(&site, "/trip/full/2.jpg", 2);
    let fetch = Fetch::new().arg(site.url("/trip/"));
    fetch.run().success().says("2 found: 2 new");
    assert_eq!(names(&fetch), ["001 1.jpg", "002 2.jpg"]);
}

#[test]
fn the_thumbnail_is_saved_if_the_linked_picture_is_missing() {
    let site = Site::start();
    site.on("/trip/", Reply::html(PAGE)).once();
    site.on("/trip/full/1.jpg", Reply::empty(404));
    site.on("/trip/full/2.jpg", Reply::html("<!doctype html>Not found"));
    picture(&site, "/t/1.jpg", 1);
    picture(&site, "/t/2.jpg", 2);
    let fetch = Fetch::new().arg(site.url("/trip/"));
    let done = fetch.run().success().says("2 found: 2 new");
    assert!(done.stderr.contains("a smaller version"), "{}", done.stderr);
    assert_eq!(names(&fetch), ["001 1.jpg", "002 2.jpg"]);
}
