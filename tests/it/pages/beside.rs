//! Large pictures beside the matter of a page, and what is told of them.

use super::names;
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

const BESIDE: &str = "large pictures left out as outside the main content of `";

fn page(rest: &str) -> Reply {
    let aside = "<aside><img src=/x.jpg width=800 height=600><img src=/y.jpg width=800 height=600><img src=/z.jpg></aside>";
    Reply::html(format!("<!doctype html><title>Cats</title>{rest}{aside}"))
}

#[test]
fn large_pictures_left_out_are_listed_with_v() {
    let site = Site::start();
    site.on("/cats", page("<img src=/a.jpg><img src=/x.jpg>"));
    let fetch = Fetch::new().arg("-s").arg(site.url("/cats"));
    let quiet = fetch.run().success();
    assert!(!quiet.stderr.contains(BESIDE), "{}", quiet.stderr);
    let told = fetch.clone().arg("-v").run().success();
    // That which is shown in the matter as well is none.
    let expected = format!("{BESIDE}{}`: 1 (`--all` includes them)", site.url("/cats"));
    told.says(&expected);
    fetch.arg("--all").run().success().says("4 found");
}

#[test]
fn a_page_without_other_media_warns_of_pictures_left_out() {
    let site = Site::start();
    site.on("/told", page("<meta property=og:image content=/a.jpg>"));
    super::picture(&site, "/a.jpg", 1);
    let fetch = Fetch::new().arg(site.url("/told"));
    let expected = format!("{BESIDE}{}`: 2", site.url("/told"));
    fetch.run().success().says("warning: ").says(&expected);
    assert_eq!(names(&fetch), ["001 a.jpg"]);
    site.on("/bare", page(""));
    let done = Fetch::new().arg(site.url("/bare")).run().fails(5);
    done.says("large pictures outside its main content: 2");
}

#[test]
fn pictures_left_out_for_their_name_are_listed() {
    let site = Site::start();
    let named =
        "<!doctype html><title>Shop</title><img src=/banner-stand.jpg><img src=/flag-pole.jpg>";
    site.on("/shop", Reply::html(format!("{named}<img src=/a.jpg>")));
    let told = format!(
        "pictures of `{}` left out because of their names: 2 (`--all` includes them)",
        site.url("/shop")
    );
    let fetch = Fetch::new().arg("-s").arg(site.url("/shop"));
    let quiet = fetch.run().success();
    assert!(!quiet.stderr.contains(&told), "{}", quiet.stderr);
    fetch.arg("-v").run().success().says(&told);
    site.on("/bare", Reply::html(named));
    let done = Fetch::new().arg(site.url("/bare")).run().fails(5);
    done.says("pictures left out because of their names: 2");
    let menu = "<!doctype html><title>Menu</title><main><div class=menu><img src=/soup.jpg>";
    site.on("/menu", Reply::html(menu));
    let done = Fetch::new().arg(site.url("/menu")).run().fails(5);
    done.says("pictures outside its main content: 1");
}
