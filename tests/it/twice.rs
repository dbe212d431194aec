//! Links that stand more than once in a list, with something else to hold for each.

use std::fs;

use crate::support::command::Fetch;
use crate::support::imgur::{FakeImgur, Image};
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

/// A site with a page of three pictures.
fn page(site: Site) -> Site {
    let links =
        (1..=3).map(|number| format!("<a href=\"/{number}.jpg\"><img src=\"/{number}.jpg\"></a>"));
    let html = format!("<title>Cats</title>{}", links.collect::<String>());
    site.on("/page", Reply::html(html));
    pictures(&site);
    site
}

fn pictures(site: &Site) {
    for number in 1..=3 {
        let picture = Reply::file(small(Format::Jpeg, number));
        site.on(&format!("/{number}.jpg"), picture).optional();
    }
}

/// The files that come of a list, without the list and by their folders alone.
fn saved(name: &str, list: &str) -> Vec<String> {
    let fetch = Fetch::new();
    fs::write(fetch.root().join(name), list).unwrap();
    let list = fetch.root().join(name);
    fetch.clone().arg("-i").arg(list).run().success();
    let files = fetch.files().into_keys();
    let ends = files.map(|path| {
        let (folder, _) = path.split_once('/').unwrap();
        let (_, name) = path.rsplit_once('/').unwrap();
        format!("{folder}/{name}")
    });
    ends.collect()
}

#[test]
fn a_link_given_with_several_options_is_listed_for_each() {
    let site = page(Site::start());
    let url = site.url("/page");
    let expected = ["best/001 1.jpg", "rest/002 2.jpg", "rest/003 3.jpg"];
    let list = format!("{url} items=1 directory=best\n{url} items=2-5 directory=rest\n");
    assert_eq!(saved("links.txt", &list), expected);
    let list = format!("{url}#a items=1 directory=best\n{url}#b items=2- directory=rest\n");
    assert_eq!(saved("links.txt", &list), expected);
    let list = format!("url,items,directory\n{url},1,best\n{url},2-,rest\n");
    assert_eq!(saved("links.csv", &list), expected);
}

#[test]
fn a_job_link_and_the_same_in_its_list_keep_their_options() {
    let site = page(Site::start());
    let fetch = Fetch::new();
    let url = site.url("/page");
    let list = fetch.root().join("links.txt");
    fs::write(&list, format!("{url} items=3 directory=last\n")).unwrap();
    let job = format!(
        "[job.cats]\nlinks = ['{url}']\nlists = ['{}']\nitems = '1'\n",
        list.display()
    );
    let call = fetch.config(&job).args(["run", "cats"]);
    call.run().success();
    let files: Vec<_> = call.files().into_keys().collect();
    assert_eq!(files.len(), 2, "{files:?}");
    assert!(files[0].starts_with("last/") && files[0].ends_with("003 3.jpg"));
    assert!(files[1].ends_with("001 1.jpg"));
}

#[test]
fn failures_of_a_link_given_twice_are_retried_in_place() {
    let site = Site::start();
    for number in [1, 3] {
        site.on(&format!("/{number}.jpg"), Reply::empty(503)).once();
    }
    let site = page(site);
    let url = site.url("/page");
    let call = Fetch::new().config("job.cats.lists = ['links.txt']\n[net]\nretries = 0\n");
    let list = format!("{url} items=1 directory=best\n{url} items=3 directory=rest\n");
    fs::write(call.out().join("links.txt"), list).unwrap();
    call.clone().args(["run", "cats"]).run().fails(4);
    let retry = call.clone().args(["retry", "--job", "cats"]);
    retry.run().success();
    let mut files: Vec<_> = call.files().into_keys().collect();
    files.retain(|file| file != "links.txt");
    assert_eq!(files.len(), 2, "{files:?}");
    assert!(files[0].starts_with("best/") && files[0].ends_with("001 1.jpg"));
    assert!(files[1].starts_with("rest/") && files[1].ends_with("003 3.jpg"));
}

#[test]
fn items_filtered_out_of_one_link_are_saved_by_another() {
    let site = Site::start();
    let imgur = FakeImgur::start();
    let feed = "<rss><channel><title>Cats</title><item><title>a</title>\
        <link>https://imgur.com/a/q6i58</link></item></channel></rss>";
    let feed = Reply::text(feed).content_type("application/rss+xml");
    site.on("/feed", feed);
    imgur.album("q6i58", "Cats", vec![Image::new("aaaaaaa", Format::Jpeg)]);
    let call = Fetch::new().config(&imgur.config());
    // So many links are listed ahead; with these between, the album is typed when the feed has led to it.
    let between: Vec<_> = (1..=8).map(|number| format!("/{number}.jpg")).collect();
    let mut lines = vec![format!("{} filter='title == \"none\"'", site.url("/feed"))];
    for path in &between {
        let seed = path.len() as u64;
        site.on(path, Reply::file(small(Format::Jpeg, seed)));
        lines.push(site.url(path));
    }
    lines.push("https://imgur.com/a/q6i58".into());
    let list = call.root().join("links.txt");
    fs::write(&list, lines.join("\n")).unwrap();
    let done = call.clone().arg("-i").arg(list).run().success();
    assert_eq!(call.files().len(), between.len() + 1, "{}", done.stderr);
    done.says("9 new; 1 left out");
}
