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
fn items_get_the_folders_and_names_that_the_list_gave_them() {
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
fn a_link_that_could_not_be_listed_keeps_what_the_list_says_of_it() {
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
fn a_job_is_asked_for_its_secrets_and_for_what_it_says_now() {
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
    let told = "some of it failed in the job `cats`: `fetch retry --job cats` has what that sets\n";
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
fn a_list_that_is_gone_is_told_and_what_is_remembered_of_it_holds() {
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
