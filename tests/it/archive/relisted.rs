//! A link is listed once more for what failed of it and cannot be remembered.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fetch::async_trait;
use fetch::model::{Body, Event, Headers, Item, Link, Meta, Outcome, Request, Result};
use fetch::net::{Client, Settings as Net};
use fetch::pipeline::archive::{ItemStatus, Records, RetryFilter};
use fetch::pipeline::{Ask, Settings, Stop};
use fetch::source::{Ctx, Manifest, Outlet, Registry, Route, Source, Target};
use url::Url;

use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

/// Lists pictures whose addresses need a header, so that they cannot be remembered.
struct Guarded {
    manifest: Manifest,
    base: Url,
    names: Vec<String>,
    listed: Arc<AtomicUsize>,
}

#[async_trait]
impl Source for Guarded {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn list(&self, _ctx: &Ctx, _target: &Target, out: &Outlet) -> Result<()> {
        self.listed.fetch_add(1, Ordering::Relaxed);
        for name in &self.names {
            let header = ("x-key".to_owned(), "hunter2".to_owned());
            let request = Request {
                headers: Headers([header].into()),
                ..Request::new(self.base.join(name).unwrap())
            };
            out.item(Item {
                source: "guarded".into(),
                key: name.clone(),
                meta: Meta {
                    name: Some(name.clone()),
                    ..Meta::default()
                },
                body: Body::File(request),
            })
            .await?;
        }
        Ok(())
    }
}

/// What is told of a run, and how many times the link was listed in it.
fn run(
    site: &Site,
    names: &[impl AsRef<str>],
    settings: &Settings,
    asks: Vec<Result<Ask>>,
) -> (Vec<Event>, usize) {
    let listed = Arc::<AtomicUsize>::default();
    let mut registry = Registry::new();
    registry.add(Guarded {
        manifest: Manifest {
            name: "guarded".into(),
            about: "pictures behind a header".into(),
            routes: vec![Route::new("page", "site.test/{page}", "https://site.test/a").unwrap()],
        },
        base: site.url("/").parse().unwrap(),
        names: names.iter().map(|name| name.as_ref().to_owned()).collect(),
        listed: listed.clone(),
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let told = runtime.unwrap().block_on(async {
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
    });
    (told, listed.load(Ordering::Relaxed))
}

fn link() -> Result<Ask> {
    let link: Link = "https://site.test/a".parse::<Url>().unwrap().into();
    Ok(Ask::from(link))
}

fn settings(folder: &Path) -> Settings {
    Settings {
        root: folder.join("out"),
        archive: Some(folder.join("archive.db")),
        ..Settings::default()
    }
}

/// All that failed and is to be asked for again.
fn failed(settings: &Settings) -> Vec<Result<Ask>> {
    let archive = settings.archive.as_deref().unwrap();
    let again = Records::retries(archive, &settings.root, &RetryFilter::default());
    let again = again.unwrap().unwrap();
    again.map(|again| again.map(Ask::Retry)).collect()
}

#[test]
fn items_without_stored_requests_are_listed_again_for_a_retry() {
    let site = Site::start();
    for name in ["/a.jpg", "/c.jpg"] {
        site.on(name, Reply::file(small(Format::Jpeg, 1)));
    }
    for name in ["/b.jpg", "/d.jpg"] {
        site.on(name, Reply::empty(401)).times(1);
    }
    site.on("/b.jpg", Reply::file(small(Format::Jpeg, 2)));
    site.on("/d.jpg", Reply::file(small(Format::Jpeg, 3)));
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let archive = settings.archive.as_deref().unwrap();
    let all = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"];
    run(&site, &all, &settings, vec![link()]);
    let stored = std::fs::read(archive).unwrap();
    assert!(!stored.windows(7).any(|bytes| bytes == b"hunter2"));
    site.forget();
    let asks = failed(&settings);
    // The last one is not listed any more.
    let (told, listed) = run(&site, &all[..3], &settings, asks);
    assert_eq!(listed, 1);
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
    let records = Records::open(archive, &settings.root).unwrap().unwrap();
    let lost: Vec<_> = records
        .items()
        .map(Result::unwrap)
        .filter(|known| known.status != ItemStatus::Saved)
        .map(|known| (known.identity.key, known.status))
        .collect();
    assert_eq!(lost, [("d.jpg".to_owned(), ItemStatus::Failed)]);
    // It is listed as ever, so that it comes.
    run(&site, &all, &settings, vec![link()]);
    assert!(settings.root.join("d.jpg").is_file());
}

#[test]
fn a_retry_lists_each_link_once() {
    let site = Site::start();
    let names: Vec<_> = (0..450).map(|number| format!("{number}.jpg")).collect();
    for name in &names {
        let path = format!("/{name}");
        site.on(&path, Reply::empty(401)).times(1);
        site.on(&path, Reply::file(small(Format::Jpeg, 1)));
    }
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    // Two runs, so that each has failures of the link.
    run(&site, &names[..225], &settings, vec![link()]);
    let skip = Settings {
        items: Some("226-".parse().unwrap()),
        ..settings.clone()
    };
    run(&site, &names, &skip, vec![link()]);
    let (told, listed) = run(&site, &names, &settings, failed(&settings));
    let saved = told.iter().filter(|event| {
        let Event::Ended { outcome, .. } = event else {
            return false;
        };
        matches!(outcome, Outcome::Saved { .. })
    });
    assert_eq!((saved.count(), listed), (450, 1));
}
