//! Addresses that run out in the middle of a file.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fetch::async_trait;
use fetch::model::{Body, Event, Item, Kind, Link, Meta, Outcome, Request, Result};
use fetch::net::{Client, Settings as Net};
use fetch::pipeline::{Settings, Stop};
use fetch::source::{Ctx, Manifest, Outlet, Registry, Route, Source, Target};

use super::{large, quick};
use crate::support::media::{Format, sized};
use crate::support::{Reply, Site};

/// A source of one file, whose address is another each time it is found.
struct Signed {
    manifest: Manifest,
    addresses: Vec<String>,
    found: Arc<AtomicUsize>,
}

impl Signed {
    fn body(&self) -> Body {
        let number = self.found.fetch_add(1, Ordering::SeqCst);
        let address = &self.addresses[number.min(self.addresses.len() - 1)];
        Body::File(Request::new(address.parse().unwrap()))
    }
}

#[async_trait]
impl Source for Signed {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn list(&self, _ctx: &Ctx, _target: &Target, out: &Outlet) -> Result<()> {
        let meta = Meta {
            name: Some("cat".into()),
            ext: Some("jpg".into()),
            ..Meta::default()
        };
        out.item(Item {
            source: "signed".into(),
            key: "cat".into(),
            meta,
            body: self.body(),
        })
        .await
    }

    async fn resolve(&self, _ctx: &Ctx, _item: &Item) -> Result<Body> {
        Ok(self.body())
    }
}

/// Fetches the file behind these addresses: its bytes or its failure, and how often an address was found.
fn run(addresses: &[String]) -> (std::result::Result<Vec<u8>, Kind>, usize) {
    let folder = tempfile::tempdir().unwrap();
    let found = Arc::new(AtomicUsize::new(0));
    let mut registry = Registry::new();
    let route = Route::new("file", "signed.test/cat", "https://signed.test/cat").unwrap();
    registry.add(Signed {
        manifest: Manifest {
            name: "signed".into(),
            about: "one file".into(),
            routes: vec![route],
        },
        addresses: addresses.to_vec(),
        found: found.clone(),
    });
    let url: url::Url = "https://signed.test/cat".parse().unwrap();
    let settings = Settings {
        root: folder.path().to_owned(),
        ..Settings::default()
    };
    let outcome = Arc::new(Mutex::new(None));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (sender, mut events) = tokio::sync::mpsc::channel(16);
        let client = Client::new(Net {
            backoff: Duration::from_millis(5),
            retries: 3,
            ..Net::default()
        });
        let links = futures_util::stream::iter([Ok(Link::from(url))]);
        let running = tokio::spawn(fetch::pipeline::run(
            client.unwrap(),
            registry,
            settings,
            links,
            sender,
            Stop::default(),
        ));
        while let Some(event) = events.recv().await {
            if let Event::Ended { outcome: ended, .. } = event {
                *outcome.lock().unwrap() = Some(ended);
            }
        }
        running.await.unwrap().unwrap();
    });
    let outcome = outcome.lock().unwrap().take().expect("an end");
    let found = found.load(Ordering::SeqCst);
    match outcome {
        Outcome::Saved { path, .. } => {
            (Ok(std::fs::read(folder.path().join(path)).unwrap()), found)
        }
        Outcome::Failed(failure) => (Err(failure.kind), found),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_expired_url_is_resolved_again_and_the_bytes_are_kept() {
    for status in [401, 403, 404, 410] {
        let site = Site::start();
        let good = Reply::file(large()).etag("\"a\"");
        site.on("/old", good.clone().cut_after(2_000_000)).once();
        site.on("/old", Reply::text("expired").status(status))
            .once();
        site.on("/new", good);
        let (bytes, found) = run(&[site.url("/old"), site.url("/new")]);
        assert!(bytes.unwrap() == large(), "{status}");
        assert_eq!(found, 2);
        let last = site.requests().pop().unwrap();
        assert!(last.header("range").is_some(), "{status}: it starts over");
        assert_eq!(last.header("if-range"), Some("\"a\""));
    }
}

#[test]
fn a_renewed_url_of_another_file_starts_over() {
    let other = sized(Format::Jpeg, 3 << 20, 8);
    for etag in ["\"a\"", "\"b\""] {
        let site = Site::start();
        let old = Reply::file(large()).etag("\"a\"");
        site.on("/old", old.cut_after(2_000_000)).once();
        site.on("/old", Reply::text("expired").status(403)).once();
        site.on("/new", Reply::file(other.clone()).etag(etag));
        let (bytes, _) = run(&[site.url("/old"), site.url("/new")]);
        assert!(bytes.unwrap() == other, "{etag}");
    }
}

#[test]
fn a_refusal_at_the_first_request_is_final() {
    for (status, kind) in [
        (404, Kind::Missing),
        (410, Kind::Missing),
        (403, Kind::Blocked),
    ] {
        let site = Site::start();
        site.on("/old", Reply::text("no").status(status)).once();
        let (refused, found) = run(&[site.url("/old")]);
        assert_eq!((refused.unwrap_err(), found), (kind, 1));
    }
}

#[test]
fn a_url_may_expire_as_often_as_there_is_progress() {
    let site = Site::start();
    let good = Reply::file(large()).etag("\"a\"");
    let mut addresses = Vec::new();
    for number in 0..8 {
        let path = format!("/{number}");
        site.on(&path, good.clone().cut_after(600_000)).once();
        site.on(&path, Reply::text("expired").status(403))
            .optional();
        addresses.push(site.url(&path));
    }
    let (bytes, _) = run(&addresses);
    assert!(bytes.unwrap() == large());
}

#[test]
fn a_url_that_expires_without_progress_is_given_up() {
    let site = Site::start();
    let good = Reply::file(large()).etag("\"a\"");
    site.on("/old", good.cut_after(2_000_000)).once();
    site.on("/old", Reply::text("expired").status(403)).once();
    site.on("/new", Reply::text("expired").status(403));
    let (refused, found) = run(&[site.url("/old"), site.url("/new")]);
    assert_eq!(refused.unwrap_err(), Kind::Blocked);
    assert!(found <= 4, "{found}");
}

#[test]
fn a_link_that_redirects_to_expiring_urls_is_followed_again() {
    let site = Site::start();
    let good = Reply::file(large()).etag("\"a\"");
    site.on("/cat.jpg", Reply::redirect("/one")).times(2);
    site.on("/cat.jpg", Reply::redirect("/two"));
    site.on("/one", good.clone().cut_after(2_000_000)).once();
    site.on("/one", Reply::text("expired").status(403)).once();
    site.on("/two", good);
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
    assert!(site.requests().pop().unwrap().header("range").is_some());
}

#[test]
fn each_attempt_follows_the_redirects_anew_and_may_reach_another_mirror() {
    let site = Site::start();
    let mirror = |etag: &str| {
        Reply::file(large())
            .etag(etag)
            .header("Last-Modified", "Fri, 14 Jul 2017 02:40:00 GMT")
    };
    site.on("/cat.jpg", Reply::redirect("/one")).once();
    site.on("/cat.jpg", Reply::redirect("/two"));
    site.on("/one", mirror("\"one\"").cut_after(2_000_000));
    site.on("/two", mirror("\"two\""));
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
}

#[test]
fn a_refusal_while_resuming_keeps_its_reason() {
    let site = Site::start();
    let good = Reply::file(large()).etag("\"a\"");
    site.on("/cat.jpg", good.cut_after(2_000_000)).once();
    site.on("/cat.jpg", Reply::text("no").status(403));
    let done = quick().arg(site.url("/cat.jpg")).run().fails(7);
    let said = "the server answered 403";
    assert!(done.stderr.contains(said), "{}", done.stderr);
}

#[test]
fn an_expired_url_of_a_split_download_is_resolved_again() {
    let film = sized(Format::Mp4, 20 << 20, 3);
    let site = Site::start();
    let good = Reply::file(film.clone()).etag("\"a\"");
    let old = good.clone();
    let parts = AtomicUsize::new(0);
    site.on(
        "/old",
        Reply::with(move |seen| {
            let slow = old.clone().throttle(4_000_000);
            match seen.header("range") {
                None => slow.cut_after(12_000_000),
                Some(_) if parts.fetch_add(1, Ordering::Relaxed) < 5 => slow.cut_after(1_000_000),
                Some(_) => Reply::text("expired").status(403),
            }
        }),
    );
    site.on("/new", good);
    let (bytes, found) = run(&[site.url("/old"), site.url("/new")]);
    assert!(bytes.unwrap() == film);
    assert_eq!(found, 2);
}
