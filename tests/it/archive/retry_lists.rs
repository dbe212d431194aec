//! What a list says of a link holds when what failed of it is fetched again.

use std::fs;
use std::sync::atomic::Ordering;

use super::{known, refused};
use crate::support::command::Fetch;
use crate::support::imgur::{FakeImgur, Image};
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

fn list(call: &Fetch, text: &str) {
    fs::write(call.out().join("links.txt"), text).unwrap();
}

/// The paths of what was fetched.
fn fetched(call: &Fetch) -> Vec<String> {
    let mut paths: Vec<_> = call.files().into_keys().collect();
    paths.retain(|path| path != "links.txt");
    paths
}

#[test]
fn retried_items_keep_the_folders_and_names_of_their_list() {
    let site = Site::start();
    let opens = ["/a.jpg", "/b.jpg"].map(|path| {
        let (reply, open) = refused(&Reply::empty(401));
        site.on(path, reply);
        open
    });
    let call = Fetch::new();
    list(
        &call,
        &format!(
            "{} directory='My cats' template='cat {{name}}.{{ext}}'\n{}\n",
            site.url("/a.jpg"),
            site.url("/b.jpg")
        ),
    );
    call.clone().args(["-i", "links.txt"]).run().fails(6);
    // The list need not be there any more, and what fails again is still known.
    fs::remove_file(call.out().join("links.txt")).unwrap();
    call.clone().arg("retry").run().fails(6);
    for open in &opens {
        open.store(true, Ordering::Relaxed);
    }
    call.clone().arg("retry").run().success();
    assert_eq!(fetched(&call), ["My cats/cat a.jpg", "b.jpg"]);
}

#[test]
fn a_failed_link_keeps_the_options_of_its_list() {
    let imgur = FakeImgur::start();
    imgur
        .api
        .on("/3/gallery/r/pics/time/all/0", Reply::empty(503))
        .once();
    let images = ["aaaaaaa", "bbbbbbb", "ccccccc"].map(|id| Image::new(id, Format::Jpeg));
    imgur.subreddit("pics", &[images.into()]);
    let call = Fetch::new().config(&format!("{}[net]\nretries = 0\n", imgur.config()));
    list(
        &call,
        "imgur.com/r/pics directory=best items=2 template={key}.{ext}\n",
    );
    call.clone().args(["-i", "links.txt"]).run().fails(4);
    call.clone().arg("retry").run().success();
    assert_eq!(fetched(&call), ["best/bbbbbbb.jpg"]);
}

fn job(site: &Site) -> String {
    format!(
        "job.cats.lists = ['links.txt']\njob.cats.links = ['{}']\njob.cats.headers.X-Token = 'env:CATS'\n",
        site.url("/named.jpg")
    )
}

#[test]
fn a_retry_takes_secrets_and_options_from_the_current_job() {
    let site = Site::start();
    let (reply, open) = refused(&Reply::empty(401));
    site.on("/a.jpg?sig=hunter2", reply);
    let (reply, second) = refused(&Reply::empty(401));
    site.on("/b.jpg", reply);
    // It asks for the header each time.
    let let_in = |site: &Site| {
        site.on(
            "/named.jpg",
            Reply::with(|seen| match seen.header("x-token") {
                Some("hunter2") => Reply::file(small(Format::Jpeg, 7)),
                _ => Reply::empty(401),
            }),
        );
    };
    site.on("/named.jpg", Reply::empty(401)).times(2);
    let call = Fetch::new().config(&job(&site)).env("CATS", "hunter2");
    let secret = format!("{}?sig=hunter2", site.url("/a.jpg"));
    let b = site.url("/b.jpg");
    list(
        &call,
        &format!("{secret} directory=signed\n{b} directory=old\n"),
    );
    call.clone().args(["run", "cats"]).run().fails(6);
    let stored = fs::read(call.root().join("home/state/fetch/archive.db")).unwrap();
    assert!(!stored.windows(7).any(|bytes| bytes == b"hunter2"));
    assert_eq!(known(&call).len(), 3);
    // Without the job's name, it has neither its secrets nor its headers.
    let done = call.clone().arg("retry").run();
    let told = "some of it failed in the job `cats`: `fetch retry --job cats` uses its settings\n";
    assert!(done.stderr.starts_with(told), "{}", done.stderr);
    assert!(fetched(&call).is_empty());
    open.store(true, Ordering::Relaxed);
    second.store(true, Ordering::Relaxed);
    let_in(&site);
    list(
        &call,
        &format!("{b} directory=new\n# moved\n{secret} directory=signed\n"),
    );
    let done = call
        .clone()
        .args(["retry", "--job", "cats"])
        .run()
        .success();
    assert!(!done.stderr.contains("hunter2"), "{}", done.stderr);
    assert_eq!(fetched(&call), ["named.jpg", "new/b.jpg", "signed/a.jpg"]);
}

#[test]
fn a_missing_list_file_is_reported_and_stored_options_hold() {
    let site = Site::start();
    let (reply, open) = refused(&Reply::empty(401));
    site.on("/b.jpg", reply);
    let call = Fetch::new().config("job.cats.lists = ['links.txt']\n");
    list(&call, &format!("{} directory=old\n", site.url("/b.jpg")));
    call.clone().args(["run", "cats"]).run().fails(6);
    fs::remove_file(call.out().join("links.txt")).unwrap();
    open.store(true, Ordering::Relaxed);
    let done = call
        .clone()
        .args(["retry", "--job", "cats"])
        .run()
        .success();
    let warning = "warning: cannot read the list `links.txt`";
    assert!(done.stderr.contains(warning), "{}", done.stderr);
    assert_eq!(fetched(&call), ["old/b.jpg"]);
}

fn feed(items: &str) -> Reply {
    let text = format!(
        "<?xml version='1.0'?><rss version='2.0'><channel><title>Tides</title>{items}</channel></rss>"
    );
    Reply::text(text).content_type("application/rss+xml")
}

const POST: &str =
    "<item><title>a</title><enclosure url='/a.jpg' type='image/jpeg' length='1'/></item>";

/// Has the archive know no more of what failed than who it is.
fn forget_items(call: &Fetch) {
    change(call, "UPDATE failure SET json = NULL");
}

fn change(call: &Fetch, statement: &str) {
    let archive = call.root().join("home/state/fetch/archive.db");
    let archive = rusqlite::Connection::open(archive).unwrap();
    assert!(archive.execute(statement, []).unwrap() > 0);
}

#[test]
fn list_options_of_an_item_survive_a_failed_listing() {
    let site = Site::start();
    let (reply, open) = refused(&Reply::empty(401));
    site.on("/a.jpg", reply);
    site.on("/feed", feed(POST)).times(2);
    site.on("/feed", Reply::empty(503)).once();
    site.on("/feed", feed(POST));
    let call = Fetch::new().config("[net]\nretries = 0\n");
    let line = format!(
        "feed:{} directory=best template={{name}}.{{ext}}\n",
        site.url("/feed")
    );
    list(&call, &line);
    call.clone().args(["-i", "links.txt"]).run().fails(6);
    forget_items(&call);
    let before = known(&call)[0].failure.clone().unwrap().options;
    assert!(before.is_some());
    // Once its source lists it again, and once nobody can.
    for _ in 0..2 {
        call.clone().arg("retry").run();
        assert_eq!(known(&call)[0].failure.clone().unwrap().options, before);
        forget_items(&call);
    }
    open.store(true, Ordering::Relaxed);
    call.clone().arg("retry").run().success();
    assert_eq!(fetched(&call), ["best/a.jpg"]);
}

#[test]
fn positions_count_within_the_link_of_the_list() {
    let site = Site::start();
    let imgur = FakeImgur::start();
    let posts =
        format!("{POST}<item><title>b</title><link>https://imgur.com/a/q6i58</link></item>");
    site.on("/feed", feed(&posts));
    site.on("/a.jpg", Reply::file(small(Format::Jpeg, 1)))
        .optional();
    imgur.api.on("/3/album/q6i58", Reply::empty(503)).once();
    let images = ["aaaaaaa", "bbbbbbb", "ccccccc"].map(|id| Image::new(id, Format::Jpeg));
    imgur.album("q6i58", "Cats", images.into());
    let call = Fetch::new().config(&format!("{}[net]\nretries = 0\n", imgur.config()));
    let line = format!("{} items=2-3 template={{key}}.{{ext}}\n", site.url("/feed"));
    list(&call, &line);
    call.clone().args(["-i", "links.txt"]).run();
    assert!(fetched(&call).is_empty());
    call.clone().arg("retry").run().success();
    assert_eq!(fetched(&call), ["aaaaaaa.jpg", "bbbbbbb.jpg"]);
    call.clone()
        .arg("retry")
        .run()
        .success()
        .says("nothing to retry");
}

#[test]
fn links_that_differ_only_in_secrets_are_all_retried() {
    let site = Site::start();
    for (sig, name) in [("one", "a"), ("two", "b")] {
        let target = format!("/feed?sig={sig}");
        let post = POST.replace("/a.jpg", &format!("/{name}.jpg"));
        site.on(&target, Reply::empty(503)).once();
        // The second fails once more, and is not forgotten since the first does not.
        if sig == "one" {
            site.on(&target, Reply::empty(503)).once();
        }
        site.on(&target, feed(&post));
        let picture = small(Format::Jpeg, u64::from(name.as_bytes()[0]));
        site.on(&format!("/{name}.jpg"), Reply::file(picture));
    }
    let call = Fetch::new().config("job.cats.lists = ['links.txt']\n[net]\nretries = 0\n");
    let lines = ["one", "two"].map(|sig| {
        format!(
            "feed:{}?sig={sig} template={{name}}.{{ext}} directory={sig}\n",
            site.url("/feed")
        )
    });
    list(&call, &lines.concat());
    call.clone().args(["run", "cats"]).run().fails(4);
    let retry = call.clone().args(["retry", "--job", "cats"]);
    retry.run().fails(3);
    assert_eq!(fetched(&call), ["two/b.jpg"]);
    retry.run().success();
    assert_eq!(fetched(&call), ["one/a.jpg", "two/b.jpg"]);
    retry.run().success().says("nothing to retry");
}

#[test]
fn an_unreadable_archive_is_reported_and_keeps_its_failures() {
    let site = Site::start();
    site.on("/a.jpg", Reply::empty(401));
    let call = Fetch::new().config("[net]\nretries = 0\n");
    let file = call.root().join("home/state/fetch/archive.db");
    let breaks = move || {
        let archive = rusqlite::Connection::open(&file).unwrap();
        let broken = "UPDATE failure SET options = x'ff'";
        archive.execute(broken, []).unwrap();
    };
    site.on("/feed", feed(POST)).once();
    // What it is asked for while it is listed again cannot be read any more.
    site.on(
        "/feed",
        Reply::with(move |_| {
            breaks();
            feed(POST)
        }),
    );
    call.clone()
        .arg(format!("feed:{}", site.url("/feed")))
        .run()
        .fails(6);
    forget_items(&call);
    let told = "cannot use the archive";
    // The second time, it cannot be read from the beginning.
    for _ in 0..2 {
        let done = call.clone().arg("retry").run().fails(8);
        assert!(done.stderr.contains(told), "{}", done.stderr);
        assert!(!done.stderr.contains("any more"), "{}", done.stderr);
    }
    change(&call, "UPDATE failure SET options = NULL");
    let reason = known(&call)[0].failure.clone().unwrap().reason;
    assert_eq!(reason, "login");
}
