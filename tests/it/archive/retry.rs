//! What failed is fetched again, and nothing else.

use std::fs;
use std::sync::atomic::Ordering;

use fetch::async_trait;
use fetch::model::{Body, Event, Headers, Item, Link, Meta, Outcome, Request, Result};
use fetch::net::{Client, Settings as Net};
use fetch::pipeline::archive::{Choice, Records, Standing};
use fetch::pipeline::{Ask, Settings, Stop};
use fetch::source::{Ctx, Manifest, Outlet, Registry, Route, Source, Target};
use rusqlite::Connection;
use url::Url;

use super::{known, refused};
use crate::support::command::Fetch;
use crate::support::imgur::{FakeImgur, Image};
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

#[test]
fn fetches_what_failed_and_nothing_else() {
    let site = Site::start();
    site.on("/had.jpg", Reply::file(small(Format::Jpeg, 2)));
    let refusals = [
        ("/login.jpg", Reply::empty(401)),
        ("/gone.jpg", Reply::empty(404)),
        ("/page.jpg", Reply::html("<html>no</html>")),
    ];
    let opens = refusals.map(|(path, refusal)| {
        let (reply, open) = refused(&refusal);
        site.on(path, reply);
        open
    });
    let call = Fetch::new().config("[net]\nbackoff = \"5ms\"\n");
    let paths = ["/had.jpg", "/login.jpg", "/gone.jpg", "/page.jpg"];
    call.clone()
        .args(paths.map(|path| site.url(path)))
        .run()
        .fails(3);
    site.forget();
    for open in &opens {
        open.store(true, Ordering::Relaxed);
    }
    let retry = call.clone().arg("retry");
    retry.clone().args(["--reason", "login"]).run().success();
    let asked = |site: &Site| -> Vec<String> {
        site.requests()
            .iter()
            .map(|seen| seen.path().to_owned())
            .collect()
    };
    assert_eq!(asked(&site), ["/login.jpg"]);
    site.forget();
    retry.clone().args(["--since", "1h"]).run().success();
    assert_eq!(asked(&site), ["/page.jpg"]);
    site.forget();
    let done = retry.run().success();
    assert!(
        done.stderr.contains("nothing that failed"),
        "{}",
        done.stderr
    );
    assert_eq!(asked(&site), [""; 0]);
    retry.clone().arg("--recheck").run().success();
    assert_eq!(asked(&site), ["/gone.jpg"]);
    assert!(
        known(&call)
            .iter()
            .all(|known| known.standing == Standing::Saved)
    );
    assert_eq!(call.files().len(), 4);
}

#[test]
fn attempts_add_up_and_a_link_that_failed_is_listed_again() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::empty(401));
    let call = Fetch::new();
    // No source has this name, and none reads such a link.
    call.clone()
        .args([site.url("/cat.jpg"), "ftp://x.test/a".to_owned()])
        .run();
    let before = known(&call)[0].lapse.clone().unwrap();
    let done = call.clone().arg("retry").run();
    assert!(done.stderr.contains("ftp://x.test/a"), "{}", done.stderr);
    let after = known(&call)[0].lapse.clone().unwrap();
    assert_eq!(after.attempts, 2 * before.attempts);
    assert_eq!(after.message, before.message);
}

#[test]
fn what_had_secrets_is_told_apart_and_stays_known_as_it_failed() {
    let site = Site::start();
    site.on("/cat.jpg?sig=hunter2", Reply::empty(401));
    let call = Fetch::new();
    let link = format!("{}?sig=hunter2", site.url("/cat.jpg"));
    call.clone().arg(link).run().fails(6);
    let asked = site.requests().len();
    let before = known(&call)[0].lapse.clone().unwrap();
    assert!(!before.item.as_deref().unwrap().contains("hunter2"));
    let done = call.clone().arg("retry").run();
    assert!(
        done.stderr.contains("secrets, which are not remembered"),
        "{}",
        done.stderr
    );
    assert_eq!(site.requests().len(), asked);
    assert_eq!(known(&call)[0].lapse, Some(before));
}

#[test]
fn what_an_older_version_noted_is_asked_for_by_its_key_if_that_leads_there() {
    let imgur = FakeImgur::start();
    imgur.image(Image::new("bbbbbbb", Format::Jpeg));
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let call = Fetch::new().config(&imgur.config());
    let folder = call.root().join("home/state/fetch");
    fs::create_dir_all(&folder).unwrap();
    // As version 1 of the archive had it: nothing of a failure but its kind.
    let connection = Connection::open(folder.join("archive.db")).unwrap();
    let tables = "
        CREATE TABLE root (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);
        CREATE TABLE item (root, source, key, path, folded, size, outcome, reason, noted);
        CREATE INDEX item_by_path ON item (root, folded);
        PRAGMA user_version = 1;";
    connection.execute_batch(tables).unwrap();
    let root = call.out().canonicalize().unwrap();
    let insert = "INSERT INTO root VALUES (1, ?)";
    connection
        .execute(insert, [root.to_str().unwrap()])
        .unwrap();
    let cat = site.url("/cat.jpg");
    for (source, key) in [
        ("imgur", "bbbbbbb"),
        ("imgur", "a/zzzzz"),
        ("nobody", "x"),
        ("direct", &cat),
    ] {
        let insert =
            "INSERT INTO item VALUES (1, ?, ?, NULL, NULL, NULL, 'failed', 'network', 100)";
        connection.execute(insert, [source, key]).unwrap();
    }
    drop(connection);
    let done = call.clone().arg("retry").run().fails(3);
    for name in ["imgur:a/zzzzz", "nobody:x"] {
        let told = format!("failed: `{name}` its link is not remembered");
        assert!(done.stderr.contains(&told), "{}", done.stderr);
    }
    assert!(!done.stderr.contains("secret"), "{}", done.stderr);
    for known in known(&call) {
        let reason = known.lapse.map(|lapse| lapse.reason);
        let expected = match known.identity.key.as_str() {
            "a/zzzzz" | "x" => (Standing::Failed, Some("network".into())),
            _ => (Standing::Saved, None),
        };
        let name = known.identity.key;
        let found = (known.standing, reason);
        assert_eq!(found, expected, "{name} {}", done.stderr);
    }
}

#[test]
fn what_failed_is_fetched_in_the_order_in_which_it_was_found() {
    let site = Site::start();
    let paths: Vec<_> = (0..20).map(|number| format!("/{number}.jpg")).collect();
    let opens: Vec<_> = paths
        .iter()
        .map(|path| {
            let (reply, open) = refused(&Reply::empty(401));
            site.on(path, reply);
            open
        })
        .collect();
    let links: Vec<_> = paths.iter().map(|path| site.url(path)).collect();
    let call = Fetch::new();
    call.clone().args(&links).run().fails(6);
    for open in &opens {
        open.store(true, Ordering::Relaxed);
    }
    let done = call.clone().args(["retry", "-j"]).run().success();
    let found: Vec<_> = done
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|event| event["event"] == "found")
        .map(|event| event["key"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(found, links);
}

#[test]
fn a_reason_that_there_is_not_names_those_that_there_are() {
    let done = Fetch::new()
        .args(["retry", "--reason", "mising"])
        .run()
        .fails(2);
    let expected = "\
error: no failure has the reason `mising`
  hint: the known ones are `config`, `unsupported`, `login`, `missing`, `expired`, `blocked`, `busy`, `network`, `changed`, `corrupt`, `disk`
";
    assert_eq!(done.stderr_filtered(), expected);
}

#[test]
fn of_a_job_only_its_own_are_tried_again() {
    let site = Site::start();
    site.on("/a.jpg", Reply::empty(401));
    site.on("/b.jpg", Reply::empty(401));
    let config = format!("[job.a]\nlinks = [\"{}\"]\n", site.url("/a.jpg"));
    let call = Fetch::new().config(&config);
    call.clone().args(["run", "a"]).run().fails(6);
    call.clone().arg(site.url("/b.jpg")).run().fails(6);
    site.forget();
    call.clone().args(["retry", "--job", "a"]).run().fails(6);
    assert!(site.requests().iter().all(|seen| seen.path() == "/a.jpg"));
}

/// Lists pictures whose addresses need a header, so that they cannot be remembered.
struct Guarded {
    manifest: Manifest,
    base: Url,
    names: Vec<&'static str>,
}

#[async_trait]
impl Source for Guarded {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn list(&self, _ctx: &Ctx, _target: &Target, out: &Outlet) -> Result<()> {
        for name in &self.names {
            let header = ("x-key".to_owned(), "hunter2".to_owned());
            let request = Request {
                headers: Headers([header].into()),
                ..Request::new(self.base.join(name).unwrap())
            };
            out.item(Item {
                source: "guarded".into(),
                key: (*name).to_owned(),
                meta: Meta {
                    name: Some((*name).to_owned()),
                    ..Meta::default()
                },
                body: Body::File(request),
            })
            .await?;
        }
        Ok(())
    }
}

fn run(
    site: &Site,
    names: &[&'static str],
    settings: &Settings,
    asks: Vec<Result<Ask>>,
) -> Vec<Event> {
    let mut registry = Registry::new();
    registry.add(Guarded {
        manifest: Manifest {
            name: "guarded".into(),
            about: "pictures behind a header".into(),
            routes: vec![Route::new("page", "site.test/{page}", "https://site.test/a").unwrap()],
        },
        base: site.url("/").parse().unwrap(),
        names: names.to_vec(),
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let (sender, mut events) = tokio::sync::mpsc::channel(16);
        let client = Client::new(Net::default()).unwrap();
        let asks = futures_util::stream::iter(asks);
        let stop = Stop::default();
        let running = fetch::pipeline::run(client, registry, settings.clone(), asks, sender, stop);
        let running = tokio::spawn(running);
        let mut told = Vec::new();
        while let Some(event) = events.recv().await {
            told.push(event);
        }
        running.await.unwrap().unwrap();
        told
    })
}

#[test]
fn what_cannot_be_remembered_is_listed_again_for_what_failed_alone() {
    let site = Site::start();
    for name in ["/a.jpg", "/c.jpg"] {
        site.on(name, Reply::file(small(Format::Jpeg, 1)));
    }
    for name in ["/b.jpg", "/d.jpg"] {
        site.on(name, Reply::empty(401)).times(1);
    }
    site.on("/b.jpg", Reply::file(small(Format::Jpeg, 2)));
    site.on("/d.jpg", Reply::file(small(Format::Jpeg, 3)))
        .optional();
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("archive.db");
    let settings = Settings {
        root: folder.path().join("out"),
        archive: Some(archive.clone()),
        ..Settings::default()
    };
    let link: Link = "https://site.test/a".parse::<Url>().unwrap().into();
    let all = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"];
    run(&site, &all, &settings, vec![Ok(Ask::from(link))]);
    let stored = std::fs::read(&archive).unwrap();
    assert!(!stored.windows(7).any(|bytes| bytes == b"hunter2"));
    site.forget();
    let again = Records::again(&archive, &settings.root, &Choice::default())
        .unwrap()
        .unwrap();
    let asks: Vec<_> = again.map(|again| again.map(Ask::Again)).collect();
    assert_eq!(asks.len(), 1, "one listing for both");
    // The last one is not listed any more.
    let told = run(&site, &all[..3], &settings, asks);
    let outcomes: Vec<_> = told
        .iter()
        .filter_map(|event| match event {
            Event::Ended { outcome, .. } => Some(outcome),
            _ => None,
        })
        .collect();
    assert_eq!(outcomes.len(), 2, "{told:?}");
    let message = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Failed(failure) => Some(failure.message.as_str()),
        _ => None,
    });
    assert_eq!(message, Some("its link does not list it any more"));
    assert_eq!(site.requests().len(), 1);
    assert!(settings.root.join("b.jpg").is_file());
    let records = Records::open(&archive, &settings.root).unwrap().unwrap();
    let gone: Vec<_> = records
        .items()
        .map(Result::unwrap)
        .filter(|known| known.standing == Standing::Gone)
        .map(|known| known.identity.key)
        .collect();
    assert_eq!(gone, ["d.jpg"]);
}

#[test]
fn a_look_does_not_forget_a_link_that_could_not_be_listed() {
    let imgur = FakeImgur::start();
    let image = Image::new("aaaaaaa", Format::Jpeg);
    imgur
        .api
        .on("/3/gallery/r/pics/time/all/0", Reply::empty(503))
        .once();
    imgur.subreddit("pics", &[vec![image]]);
    let user = Fetch::new().config(&format!("{}[net]\nretries = 0\n", imgur.config()));
    user.clone().arg("imgur.com/r/pics").run().fails(4);
    user.clone()
        .args(["-s", "imgur.com/r/pics"])
        .run()
        .success();
    let done = user.clone().arg("retry").run().success();
    assert!(done.stderr.contains("1 new"), "{}", done.stderr);
}
