//! Folders of servers as they are written, and what is not saved of them.

use super::{names, picture};
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

#[test]
fn folder_links_of_any_form_are_saved() {
    let index = |title: &str, links: &str| {
        Reply::html(format!(
            "<title>Index of {title}</title><h1>Index of {title}</h1><a href='../'>../</a>{links}"
        ))
    };
    let site = Site::start();
    let links = "<a href='/f%281%29/a.jpg'>a</a><a href='/f(1)/b.jpg'>b</a>";
    site.on("/f(1)/", index("/f(1)/", links)).once();
    picture(&site, "/f%281%29/a.jpg", 1);
    picture(&site, "/f(1)/b.jpg", 2);
    let links = "<a href='c.jpg'>c</a><a href='/sub/d.jpg'>d</a><a href='/other/e.jpg'>e</a>";
    site.on("/sub", index("/sub", links)).once();
    picture(&site, "/sub/c.jpg", 3);
    picture(&site, "/sub/d.jpg", 4);
    for (link, expected) in [("/f(1)/", ["a.jpg", "b.jpg"]), ("/sub", ["c.jpg", "d.jpg"])] {
        let fetch = Fetch::new().arg(site.url(link));
        fetch.run().success();
        assert_eq!(names(&fetch), expected);
    }
}

#[test]
fn a_folder_of_pages_only_counts_those_left_out() {
    let site = Site::start();
    let index = "<title>Index of /docs/</title><h1>Index of /docs/</h1><a href='index.html'>i</a><a href='a.php'>a</a>";
    site.on("/docs/", Reply::html(index)).once();
    let done = Fetch::new().arg(site.url("/docs/")).run().fails(5);
    done.says("the folder has no files: 2 of its links are pages");
    // So it is where a server writes its own name for the folder, and not where there is nothing.
    let index = "<title>Index of /UP/</title><h1>Index of /UP/</h1><a href='/up/a.jpg'>a</a>";
    site.on("/UP/", Reply::html(index)).once();
    let done = Fetch::new().arg(site.url("/UP/")).run().fails(5);
    done.says("the folder has no files: 1 of its links");
    let index = "<title>Index of /no/</title><h1>Index of /no/</h1><a href='../'>../</a><a href='?C=N'>Name</a><a href='/'>top</a>";
    site.on("/no/", Reply::html(index)).once();
    Fetch::new().arg(site.url("/no/")).run().success();
}

#[test]
fn files_of_a_folder_keep_their_names() {
    let site = Site::start();
    let index = "<title>Index of /pkg/</title><h1>Index of /pkg/</h1><a href=Makefile>m</a><a href=SHA256SUMS>s</a>\
        <a href=good.tar.gz>g</a><a href=.hidden>h</a><a href=a.jpg>a</a>";
    site.on("/pkg/", Reply::html(index)).once();
    let plain = |text: &str| Reply::text(text).content_type("text/plain");
    site.on("/pkg/Makefile", plain("all:\n"));
    site.on("/pkg/SHA256SUMS", plain("0 good.tar.gz\n"));
    site.on("/pkg/.hidden", plain("x\n"));
    let packed = Reply::file(b"\x1f\x8b\x08\0\0\0\0\0\0\x03".repeat(9));
    site.on("/pkg/good.tar.gz", packed.content_type("application/gzip"));
    picture(&site, "/pkg/a.jpg", 1);
    let fetch = Fetch::new().arg(site.url("/pkg/"));
    fetch.run().success();
    let expected = ["Makefile", "SHA256SUMS", "a.jpg", "good.tar.gz", "hidden"];
    assert_eq!(names(&fetch), expected);
}

#[test]
fn folder_files_without_an_extension_are_checked_by_content() {
    let site = Site::start();
    let index = "<title>Index of /pkg/</title><h1>Index of /pkg/</h1><a href=LICENSE>l</a><a href=cat>c</a>";
    site.on("/pkg/", Reply::html(index)).once();
    site.on(
        "/pkg/LICENSE",
        Reply::html("<!doctype html><title>Sorry</title>"),
    );
    picture(&site, "/pkg/cat", 1);
    let fetch = Fetch::new().arg(site.url("/pkg/"));
    fetch.run().fails(3).says("a web page, not a file");
    assert_eq!(names(&fetch), ["cat.jpg"]);
}

#[test]
fn equally_named_folders_are_kept_apart() {
    let site = Site::start();
    let index = |path: &str, links: &str| {
        Reply::html(format!(
            "<title>Index of {path}</title><h1>Index of {path}</h1>{links}"
        ))
    };
    let of = |path: &str, links: &str| {
        site.on(path, index(path, links)).once();
    };
    site.on("/robots.txt", Reply::empty(404)).once();
    of("/music/", "<a href=Abba/>a</a><a href=Cats/>c</a>");
    of("/music/Abba/", "<a href=0.jpg>0</a><a href=Live/>l</a>");
    of("/music/Cats/", "<a href=Live/>l</a>");
    of("/music/Abba/Live/", "<a href=1.jpg>1</a>");
    of("/music/Cats/Live/", "<a href=1.jpg>1</a>");
    for (seed, path) in (1..).zip(["Abba/0.jpg", "Abba/Live/1.jpg", "Cats/Live/1.jpg"]) {
        picture(&site, &format!("/music/{path}"), seed);
    }
    let fetch = Fetch::new().args(["--depth", "2"]).arg(site.url("/music/"));
    fetch.run().success();
    let files: Vec<String> = fetch.files().into_keys().collect();
    let expected = [
        "page/Abba - Live/1.jpg",
        "page/Abba/0.jpg",
        "page/Cats - Live/1.jpg",
    ];
    assert_eq!(files, expected);
}

#[test]
fn an_iis_folder_listing_is_read() {
    let site = Site::start();
    let place = "127.0.0.1 - /pub/";
    let links = "<a href='/'>[To Parent Directory]</a><a href='/pub/cat.jpg'>cat.jpg</a><a href='/pub/data.bin'>data.bin</a>";
    let iis = format!("<title>{place}</title><H1>{place}</H1><pre>{links}</pre>");
    site.on("/pub/", Reply::html(iis)).once();
    picture(&site, "/pub/cat.jpg", 1);
    site.on("/pub/data.bin", Reply::file(b"\x01\x02\x03\x04".repeat(9)));
    let fetch = Fetch::new().arg(site.url("/pub/"));
    fetch.run().success();
    let files: Vec<String> = fetch.files().into_keys().collect();
    assert_eq!(files, ["page/pub/cat.jpg", "page/pub/data.bin"]);
}

#[test]
fn media_named_by_folders_and_buckets_must_be_media() {
    let bucket = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>\
        <Contents><Key>cat.png</Key><Size>160</Size></Contents><Contents><Key>film.mp4</Key></Contents></ListBucketResult>";
    let bucket = || Reply::text(bucket).content_type("application/xml");
    let folder = "<title>Index of /d/</title><h1>Index of /d/</h1><a href=cat.png>c</a><a href=film.mp4>f</a>";
    let wrongs: [(&[u8], &str); 3] = [
        (b"", "an empty file came"),
        (b"Service busy, try later\n", "a text came"),
        (&[0; 9000], "a file of zeros came"),
    ];
    for listing in [Reply::html(folder), bucket()] {
        for (wrong, said) in wrongs {
            let site = Site::start();
            site.on("/d/", listing.clone());
            let wrong = |kind| Reply::file(wrong).content_type(kind);
            for (path, kind) in [("/d/cat.png", "image/png"), ("/d/film.mp4", "video/mp4")] {
                site.on(path, wrong(kind));
            }
            let fetch = Fetch::new()
                .config("[net]\nbackoff = \"2ms\"\nretries = 1\n")
                .arg(site.url("/d/"));
            fetch.run().fails(4).says(said);
            assert!(names(&fetch).is_empty(), "{}", fetch.tree());
        }
    }
}

#[test]
fn files_that_may_be_empty_are_saved_from_folders_and_buckets() {
    let site = Site::start();
    let bucket = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>\
        <Contents><Key>none.jpg</Key><Size>0</Size></Contents></ListBucketResult>";
    site.on("/b", Reply::text(bucket).content_type("application/xml"));
    site.on(
        "/b/none.jpg",
        Reply::file(Vec::new()).content_type("image/jpeg"),
    );
    let folder = "<title>Index of /d/</title><h1>Index of /d/</h1><a href=empty.txt>e</a><a href=main.ts>m</a><a href=a.svg>a</a>";
    site.on("/d/", Reply::html(folder));
    site.on("/d/empty.txt", Reply::file(Vec::new()));
    let text = Reply::text("export {}\n").content_type("video/mp2t");
    site.on("/d/main.ts", text);
    site.on(
        "/d/a.svg",
        Reply::text("<svg xmlns='http://www.w3.org/2000/svg'/>"),
    );
    let fetch = Fetch::new().args([site.url("/b"), site.url("/d/")]);
    fetch.run().success();
    assert_eq!(names(&fetch), ["none.jpg", "a.svg", "empty.txt", "main.ts"]);
}
