//! Links whose sources wait: the others go on.

use std::sync::Arc;

use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

/// A page that answers once that file was asked for.
fn after(site: &Arc<Site>, path: &'static str) -> Reply {
    let site = site.clone();
    Reply::with(move |_| {
        site.wait_for(path, 1);
        Reply::html("<title>late</title><img src=/late.jpg width=900 height=900>")
    })
}

#[test]
fn silent_links_let_later_ones_go_first() {
    // All at one host would wait for their turn there.
    let slow = Site::start();
    let fast = Arc::new(Site::start());
    slow.on("/late.jpg", Reply::file(small(Format::Jpeg, 1)));
    let mut links = Vec::new();
    for number in 0..5 {
        let path = format!("/{number}");
        slow.on(&path, after(&fast, "/cat.jpg"));
        links.push(format!("page:{}", slow.url(&path)));
    }
    fast.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let fetch = Fetch::new().args(["-N", "8"]).args(&links);
    let fetch = fetch.arg(fast.url("/cat.jpg"));
    fetch.run().success();
    assert_eq!(fetch.files().len(), 2, "{}", fetch.tree());
    assert_eq!(slow.count("/late.jpg"), 1);
}

#[test]
fn positions_are_counted_per_link_in_any_order() {
    let slow = Site::start();
    let fast = Arc::new(Site::start());
    let page = |names: [&str; 3]| {
        let image = |name| format!("<img src=/{name}.jpg width=900 height=900>");
        Reply::html(names.map(image).concat())
    };
    slow.on(
        "/a",
        Reply::with({
            let fast = fast.clone();
            move |_| {
                fast.wait_for("/e.jpg", 1);
                page(["a", "b", "c"])
            }
        }),
    );
    fast.on("/d", page(["d", "e", "f"]));
    slow.on("/b.jpg", Reply::file(small(Format::Jpeg, 1)));
    fast.on("/e.jpg", Reply::file(small(Format::Png, 2)));
    let links = [slow.url("/a"), fast.url("/d")].map(|url| format!("page:{url}"));
    let fetch = Fetch::new().args(["-I", "2"]).args(&links);
    fetch.run().success();
    assert_eq!((slow.count("/b.jpg"), fast.count("/e.jpg")), (1, 1));
    assert_eq!(fetch.files().len(), 2);
}
