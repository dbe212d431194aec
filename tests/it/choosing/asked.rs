//! Whether a link leads to a file or to a document is asked beforehand where something chooses: what goes wrong there is no
//! answer.

use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

/// What chooses without leaving anything out here.
const CHOOSES: [&[&str]; 5] = [
    &["-I", "1-3"],
    &["--max-new", "5"],
    &["--stop-after-known", "3"],
    &["--kind", "video"],
    &["-i", "list"],
];

fn feed() -> Reply {
    let items: String = ["a", "b"]
        .map(|name| {
            format!(
                "<item><title>{name}</title><guid isPermaLink='false'>{name}</guid>\
                 <enclosure url='/{name}.mp4' type='video/mp4'/></item>"
            )
        })
        .concat();
    let feed =
        format!("<?xml version='1.0'?><rss><channel><title>F</title>{items}</channel></rss>");
    Reply::text(feed).content_type("application/rss+xml")
}

fn quick() -> Fetch {
    Fetch::new().config("[net]\nbackoff = \"2ms\"\nretries = 2\n")
}

#[test]
fn a_failed_probe_of_a_link_is_retried() {
    for chooses in CHOOSES {
        for wrong in [
            Reply::empty(503),
            Reply::empty(500),
            feed().cut_after(30),
            feed().reset_after(0),
        ] {
            let site = Site::start();
            site.on("/0.xml", wrong).once();
            site.on("/0.xml", feed());
            for (seed, path) in ["/a.mp4", "/b.mp4"].into_iter().enumerate() {
                site.on(path, Reply::file(small(Format::Mp4, seed as u64)));
            }
            let fetch = quick();
            // Here another line chooses.
            let list = fetch.root().join("list");
            if chooses == ["-i", "list"] {
                site.on("/c.jpg", Reply::file(small(Format::Jpeg, 1)));
                let text = format!("{} items=1\n{}\n", site.url("/c.jpg"), site.url("/0.xml"));
                std::fs::write(&list, text).unwrap();
                let done = fetch.clone().arg("-i").arg(&list).run().success();
                done.says("3 found: 3 new");
                continue;
            }
            let done = fetch.clone().args(chooses).arg(site.url("/0.xml")).run();
            done.success().says("2 found: 2 new");
        }
    }
}

#[test]
fn a_link_without_a_response_fails_whatever_is_selected() {
    for chooses in [
        &["--kind", "image"][..],
        &["--filter", "width >= 1000"],
        &["-I", "2-"],
        &["-s"],
        &["-I", "1-3"],
    ] {
        let site = Site::start();
        site.on("/0.xml", Reply::empty(503)).times(3);
        site.on("/0.xml", feed()).optional();
        for path in ["/a.mp4", "/b.mp4"] {
            let file = Reply::file(small(Format::Mp4, path.len() as u64));
            site.on(path, file).optional();
        }
        let fetch = quick();
        let done = fetch.clone().args(chooses).arg(site.url("/0.xml")).run();
        done.fails(4).says("the server answered 503");
        assert!(fetch.files().is_empty(), "{}", fetch.tree());
        let done = fetch.arg("retry").run().success();
        match chooses {
            // Nothing is remembered of what only tells.
            ["-s"] => done.says("nothing to retry"),
            _ => done.says("2 found: 2 new"),
        };
    }
}

#[test]
fn a_missing_link_fails_alike_with_and_without_selection() {
    for chooses in [
        &[][..],
        &["--kind", "image"],
        &["--filter", "width >= 1000"],
        &["-I", "2-"],
        &["--until", "1999-01-01"],
        &["-s"],
    ] {
        let site = Site::start();
        site.on("/0.xml", Reply::empty(404));
        let fetch = quick();
        let done = fetch.clone().args(chooses).arg(site.url("/0.xml")).run();
        done.fails(4).says("the server answered 404");
        let remembered = fetch.arg("retry").run().success();
        let is_known = remembered
            .stderr
            .contains("something is gone from its site");
        assert_eq!(is_known, chooses != ["-s"], "{}", remembered.stderr);
    }
}

#[test]
fn a_probed_file_is_selected_by_its_content() {
    let site = Site::start();
    site.on("/file", Reply::file(small(Format::Jpeg, 1)).chunked())
        .optional();
    for chooses in [&["-I", "2-"][..], &["--filter", "ext == 'gif'"]] {
        let fetch = quick().args(chooses).arg(site.url("/file"));
        fetch.run().success().says("nothing chosen of 1 found");
    }
    // One that is longer than what is looked at, in a coding that nobody asked for.
    let long = Reply::file(vec![7; 100_000]).header("Content-Encoding", "odd");
    site.on("/long", long).optional();
    let fetch = quick().args(["-s", "-I", "1"]).arg(site.url("/long"));
    fetch.run().success().says("1 would be fetched");
}
