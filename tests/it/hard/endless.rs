//! Files of which nobody tells how long they are.

use super::ranges::start_of;
use super::{large, quick};
use crate::support::media::{Format, sized, small};
use crate::support::{Reply, Request, Site};

/// The file without a word about its length: cut in the beginning, and then a part at a time that ends with blocks of this size.
/// Behind its end, there is a part of no bytes, or no part.
fn blocks(block: usize, etag: Option<&'static str>, empty: bool) -> Reply {
    let with = move |reply: Reply| match etag {
        Some(etag) => reply.etag(etag),
        None => reply,
    };
    Reply::with(move |seen| {
        let all = large();
        let Some(start) = start_of(seen) else {
            return with(Reply::file(all)).chunked().cut_after(2_000_000);
        };
        let start = start as usize;
        if start >= all.len() && !empty {
            return Reply::text("no such range").status(416);
        }
        let end = all.len().min((start / block + 1) * block);
        let range = format!("bytes {start}-{}/*", end - 1);
        let part = Reply::file(&all[start..end]).status(206);
        with(part).header("Content-Range", range)
    })
}

#[test]
fn a_range_of_unknown_total_ends_only_when_nothing_follows() {
    for (etag, empty) in [(Some("\"a\""), false), (None, false), (None, true)] {
        for block in [40_000, 150_000, 1 << 20] {
            let site = Site::start();
            site.on("/cat.jpg", blocks(block, etag, empty));
            let fetch = quick().arg(site.url("/cat.jpg"));
            fetch.run().success();
            let saved = &fetch.files()["cat.jpg"];
            assert!(*saved == large(), "{etag:?} {empty} {block}");
        }
    }
}

#[test]
fn a_file_that_became_shorter_is_not_spliced_with_the_longer_one() {
    let shorter = large()[..1_000_000].to_vec();
    // Told how long it is, and not, each by servers that say it when they refuse a range and that do not.
    for (total, refusal) in [
        ("1000000", None),
        ("*", None),
        ("*", Some("bytes */1000000")),
    ] {
        let site = Site::start();
        let first = Reply::file(large()).etag("\"a\"").chunked();
        site.on("/cat.jpg", first.cut_after(1_030_000)).once();
        let now = shorter.clone();
        let part = move |seen: &Request| {
            let Some(start) = start_of(seen) else {
                return Reply::file(now.clone()).etag("\"a\"").chunked();
            };
            let start = start as usize;
            if start >= now.len() {
                let no = Reply::text("no such range").status(416);
                return match refusal {
                    Some(range) => no.header("Content-Range", range),
                    None => no,
                };
            }
            let range = format!("bytes {start}-{}/{total}", now.len() - 1);
            let part = Reply::file(&now[start..]).status(206).etag("\"a\"");
            part.header("Content-Range", range)
        };
        site.on("/cat.jpg", Reply::with(part));
        let fetch = quick().arg(site.url("/cat.jpg"));
        fetch.run().success();
        let saved = &fetch.files()["cat.jpg"];
        assert!(*saved == shorter, "{total} {refusal:?}: {}", saved.len());
        assert!(site.requests().len() <= 4, "{total} {refusal:?}");
    }
}

#[test]
fn a_range_of_the_whole_file_gives_its_length() {
    let all = sized(Format::Jpeg, 50_000, 1);
    let range = format!("bytes 0-{}/{}", all.len() - 1, all.len());
    let part = |bytes: &[u8]| {
        let part = Reply::file(bytes).status(206).etag("\"a\"");
        part.header("Content-Range", range.clone())
    };
    // The chunks end, and so does the body, before all is there.
    for short in [part(&all[..40_000]).chunked(), part(&all[..40_000])] {
        let site = Site::start();
        site.on("/cat.jpg", short).once();
        site.on("/cat.jpg", Reply::file(all.clone()).etag("\"a\""));
        let fetch = quick().arg(site.url("/cat.jpg"));
        fetch.run().success();
        assert!(fetch.files()["cat.jpg"] == all);
    }
}

#[test]
fn bytes_beyond_the_requested_range_are_not_waited_for() {
    let site = Site::start();
    // One that is longer than what is looked at first, and one that is not.
    let cats = [large(), small(Format::Jpeg, 1)];
    for (path, cat) in ["/large.jpg", "/small.jpg"].iter().zip(&cats) {
        let whole = format!("bytes 0-{}/{}", cat.len() - 1, cat.len());
        let part = Reply::file(cat.clone()).status(206);
        let part = part.header("Content-Range", whole).chunked();
        site.on(path, part.stall_after(cat.len())).once();
    }
    let cat = Reply::file(large()).etag("\"a\"");
    let rest = cat.clone().chunked().stall_after(cats[0].len());
    site.on("/rest.jpg", cat.cut_after(2_000_000)).once();
    site.on("/rest.jpg", rest).once();
    let links = ["/large.jpg", "/small.jpg", "/rest.jpg"].map(|path| site.url(path));
    let fetch = quick().args(["-R", "1"]).args(links);
    fetch.run().success();
    let files = fetch.files();
    assert!(files["large.jpg"] == cats[0] && files["rest.jpg"] == cats[0]);
    assert!(files["small.jpg"] == cats[1]);
}
