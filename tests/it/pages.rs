//! Links that no site's source knows: pages, folders, buckets, through the program.

mod behind;
mod beside;
mod buckets;
mod crawl;
mod films;
mod folders;
mod following;
mod held;
mod kinds;
mod login;
mod manifests;
mod oembed;
mod opened;
mod playlists;
mod retried;
mod sizes;
mod told;

use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

/// The names of the files that are there, below the source and its album.
fn names(fetch: &Fetch) -> Vec<String> {
    let files = fetch.files();
    let names = files.keys().map(|path| path.rsplit('/').next().unwrap());
    names.map(str::to_owned).collect()
}

fn picture(site: &Site, path: &str, seed: u64) {
    let reply = Reply::file(small(Format::Jpeg, seed)).content_type("image/jpeg");
    site.on(path, reply.clone());
}

const THREE: &str = "<!doctype html><title>Three cats</title><img src=/icons/home.png>\
    <img src=/a.jpg><img src=b.jpg alt='the second'><a href='/c.jpg'><img src=/t/c.jpg></a>";

#[test]
fn a_pages_pictures_are_saved_with_one_request_for_the_page() {
    let site = Site::start();
    site.on("/cats/", Reply::html(THREE)).times(2);
    for (path, seed) in [("/a.jpg", 1), ("/cats/b.jpg", 2), ("/c.jpg", 3)] {
        picture(&site, path, seed);
    }
    let fetch = Fetch::new().arg(site.url("/cats/"));
    let done = fetch.run().success();
    assert!(done.stderr.contains("3 found: 3 new"), "{}", done.stderr);
    assert_eq!(names(&fetch), ["001 a.jpg", "002 b.jpg", "003 c.jpg"]);
    let folder = fetch.files().into_keys().next().unwrap();
    assert!(folder.starts_with("page/Three cats"), "{folder}");
    assert_eq!(site.count("/cats/"), 1, "one request decides");
    let page = site.url("/cats/");
    for seen in site
        .requests()
        .iter()
        .filter(|seen| seen.path() != "/cats/")
    {
        assert_eq!(seen.header("referer"), Some(page.as_str()));
    }
    site.forget();
    let again = fetch.run().success();
    assert!(
        again.stderr.contains("3 found: 0 new, 3 had"),
        "{}",
        again.stderr
    );
    assert_eq!(site.requests().len(), 1);
}

#[test]
fn a_file_without_an_extension_is_requested_once() {
    let site = Site::start();
    let reply = Reply::file(small(Format::Jpeg, 1)).content_type("image/jpeg");
    site.on("/media", reply).once();
    let fetch = Fetch::new().arg(site.url("/media"));
    fetch.run().success();
    assert_eq!(names(&fetch), ["media.jpg"]);
}

#[test]
fn a_list_may_mix_pages_and_files() {
    let site = Site::start();
    let mut fetch = Fetch::new();
    for number in 0..12 {
        let page = format!("<html><title>P{number}</title><img src=/p{number}.jpg>");
        site.on(&format!("/page{number}"), Reply::html(page)).once();
        picture(&site, &format!("/p{number}.jpg"), number);
        picture(&site, &format!("/d{number}.jpg"), 100 + number);
        fetch = fetch
            .arg(site.url(&format!("/page{number}")))
            .arg(site.url(&format!("/d{number}.jpg")));
    }
    let done = fetch.run().success();
    assert!(done.stderr.contains("24 found: 24 new"), "{}", done.stderr);
    assert_eq!(fetch.files().len(), 24);
}

#[test]
fn only_selected_media_of_a_page_are_requested() {
    let site = Site::start();
    site.on("/cats/", Reply::html(THREE));
    let told = Fetch::new().args(["-s", "-g"]).arg(site.url("/cats/"));
    let done = told.run().success();
    let expected = ["/a.jpg", "/cats/b.jpg", "/c.jpg"].map(|path| site.url(path) + "\n");
    assert_eq!(done.stdout, expected.concat());
    picture(&site, "/cats/b.jpg", 2);
    let chosen = Fetch::new().args(["-I", "2"]).arg(site.url("/cats/"));
    chosen.run().success();
    assert_eq!(names(&chosen), ["002 b.jpg"]);
}

#[test]
fn pictures_with_similar_urls_are_all_saved() {
    let site = Site::start();
    let pictures = [
        "/i.php?s=1001",
        "/i.php?s=1002",
        "/i.php?h=9f3a",
        "/f/a.jpg",
        "/f/A.jpg",
        "/f/big-cat.jpg",
        "/f/cat.jpg",
    ];
    let mut page = String::from("<html><title>Cats</title>");
    for (seed, path) in (1..).zip(pictures) {
        page.push_str(&format!("<img src='{path}'>"));
        picture(&site, path, seed);
    }
    for (seed, path) in [(1, "/f/day-mini.mp4"), (2, "/f/day-big.mp4")] {
        page.push_str(&format!("<video src='{path}'></video>"));
        site.on(path, Reply::file(small(Format::Mp4, seed)));
    }
    site.on("/cats/", Reply::html(page));
    let fetch = Fetch::new().arg(site.url("/cats/"));
    let done = fetch.run().success();
    assert!(done.stderr.contains("9 found: 9 new"), "{}", done.stderr);
    assert_eq!(fetch.files().len(), 9);
}

#[test]
fn a_page_without_media_says_so() {
    let site = Site::start();
    site.on("/empty", Reply::html("<html><title>x</title><p>text"));
    let done = Fetch::new().arg(site.url("/empty")).run().fails(5);
    assert!(done.stderr.contains("no relevant media"), "{}", done.stderr);
    assert!(done.stderr.contains("`--all`"), "{}", done.stderr);
}

#[test]
fn a_page_with_nothing_but_a_frame_that_no_source_knows_is_no_success() {
    let site = Site::start();
    let page = "<html><title>x</title><noscript><iframe src='https://www.googletagmanager.com/ns.html?id=1'></iframe>\
        </noscript><iframe src='https://player.example/1'></iframe><p>text";
    site.on("/framed", Reply::html(page));
    let done = Fetch::new().arg(site.url("/framed")).run().fails(5);
    let told = done.stderr.contains("no relevant media");
    assert!(told, "{}", done.stderr);
}

#[test]
fn a_page_over_the_limits_is_reported_and_its_first_media_saved() {
    let site = Site::start();
    let metas = "<meta name=x content=y>".repeat(1001);
    let page = format!("<html><title>x</title>{metas}<img src=/a.jpg>");
    site.on("/endless", Reply::html(page));
    picture(&site, "/a.jpg", 1);
    let fetch = Fetch::new().arg(site.url("/endless"));
    let done = fetch.run().fails(3);
    let told = done.stderr.contains("has more on it than is read");
    assert!(told, "{}", done.stderr);
    assert_eq!(names(&fetch), ["001 a.jpg"]);
}

#[test]
fn html_instead_of_a_promised_file_is_a_failure() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::html(THREE));
    site.on("/cats.zip", Reply::html(THREE));
    let fetch = Fetch::new()
        .arg(site.url("/cat.jpg"))
        .arg(site.url("/cats.zip"));
    fetch.run().fails(4);
    assert!(fetch.files().is_empty());
}

#[test]
fn a_gallery_is_followed_over_its_pages_without_loops() {
    let site = Site::start();
    let page = |picture: &str, next: &str| {
        Reply::html(format!(
            "<html><title>G</title><img src=/{picture}.jpg><a rel=next href='{next}'>next</a>"
        ))
    };
    site.on("/g", page("one", "/g?page=2")).once();
    site.on("/g?page=2", page("two", "/g?page=2")).once();
    picture(&site, "/one.jpg", 1);
    picture(&site, "/two.jpg", 2);
    let fetch = Fetch::new().arg(site.url("/g"));
    let done = fetch.run().success();
    assert!(done.stderr.contains("2 found: 2 new"), "{}", done.stderr);
    assert_eq!(names(&fetch), ["001 one.jpg", "002 two.jpg"]);
}

#[test]
fn files_of_folders_and_buckets_are_saved() {
    let site = Site::start();
    let index = "<html><head><title>Index of /f/</title></head><body><h1>Index of /f/</h1><a href='../'>../</a>\
        <a href='a.jpg'>a.jpg</a><a href='notes.txt'>notes.txt</a></body></html>";
    site.on("/f/", Reply::html(index)).once();
    picture(&site, "/f/a.jpg", 1);
    site.on("/f/notes.txt", Reply::text("some notes"));
    let listing = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>";
    let first = format!(
        "{listing}<IsTruncated>true</IsTruncated><Contents><Key>x/a.jpg</Key></Contents>\
        <NextContinuationToken>t</NextContinuationToken></ListBucketResult>"
    );
    let second = format!("{listing}<Contents><Key>b.jpg</Key></Contents></ListBucketResult>");
    let xml = |text: String| Reply::text(text).content_type("application/xml");
    site.on("/b", xml(first)).once();
    site.on("/b?continuation-token=t", xml(second)).once();
    picture(&site, "/b/x/a.jpg", 2);
    picture(&site, "/b/b.jpg", 3);
    let fetch = Fetch::new().arg(site.url("/f/")).arg(site.url("/b"));
    let done = fetch.run().success();
    assert!(done.stderr.contains("4 found: 4 new"), "{}", done.stderr);
}

#[test]
fn failed_media_of_a_page_can_be_retried() {
    let site = Site::start();
    site.on(
        "/cats/",
        Reply::html("<html><title>x</title><img src=/a.jpg>"),
    );
    site.on("/a.jpg", Reply::empty(404)).once();
    picture(&site, "/a.jpg", 1);
    let fetch = Fetch::new();
    fetch.clone().arg(site.url("/cats/")).run().fails(4);
    fetch
        .clone()
        .args(["retry", "--reason", "missing"])
        .run()
        .success();
    assert_eq!(names(&fetch), ["001 a.jpg"]);
}

#[test]
fn page_pictures_are_adopted_and_forgotten_by_the_page_link() {
    let site = Site::start();
    site.on("/cats/", Reply::html(THREE)).times(5);
    for (path, seed) in [("/a.jpg", 1), ("/cats/b.jpg", 2), ("/c.jpg", 3)] {
        picture(&site, path, seed);
    }
    let link = site.url("/cats/");
    let fetch = Fetch::new();
    fetch.clone().args(["--no-archive", &link]).run().success();
    let adopt = fetch.clone().args(["archive", "adopt", ".", &link]);
    adopt.run().success().says("3 found: 3 adopted");
    let forget = fetch.clone().args(["archive", "forget", &link]);
    forget.run().success().says("3 items are forgotten");
    adopt.run().success().says("3 found: 3 adopted");
}

#[test]
fn simulations_report_missing_pages() {
    let site = Site::start();
    site.on("/gone", Reply::html("").status(404)).times(2);
    site.on("/busy", Reply::html("").status(503));
    let simulate = Fetch::new().config("[net]\nbackoff = \"2ms\"\n").arg("-s");
    let done = simulate.clone().arg(site.url("/gone")).run().fails(4);
    done.says("the server answered 404 Not Found");
    let both = simulate.args([site.url("/gone"), site.url("/busy")]);
    // It may be there the next time, and is not known to be a file.
    both.run()
        .fails(4)
        .says("1 failed (1 missing); 1 link failed (1 network)");
}
