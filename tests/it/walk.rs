//! Walking: links that lead to links, listings without end, sources that break.

mod defects;
mod forest;
mod silent;
mod waits;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fetch::async_trait;
use fetch::model::{Album, Body, Error, Event, Item, Kind, Link, Meta, Outcome, Result};
use fetch::net::{Client, Settings as Net};
use fetch::pipeline::{Settings, Stop};
use fetch::source::{Ctx, Manifest, Outlet, Registry, Route, Source, Target};
use futures_util::Stream;

/// A site of texts: what its pages list is a table.
struct Site {
    manifest: Manifest,
    pages: BTreeMap<String, Vec<Listed>>,
    emitted: Arc<AtomicU64>,
}

#[derive(Clone)]
enum Listed {
    Text(String),
    Page(&'static str),
    Endless,
    Defect,
    Refusal,
}

fn text(name: &str) -> Listed {
    Listed::Text(name.to_owned())
}

fn site(pages: &[(&str, &[Listed])]) -> Site {
    let route = Route::new("page", "site.test/{page}", "https://site.test/a").unwrap();
    Site {
        manifest: Manifest {
            name: "site".into(),
            about: "a site of texts".into(),
            routes: vec![route],
        },
        pages: pages
            .iter()
            .map(|(name, listed)| ((*name).to_owned(), listed.to_vec()))
            .collect(),
        emitted: Arc::default(),
    }
}

fn link(page: &str) -> Link {
    Link::from(
        format!("https://site.test/{page}")
            .parse::<url::Url>()
            .unwrap(),
    )
}

#[async_trait]
impl Source for Site {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn list(&self, _ctx: &Ctx, target: &Target, out: &Outlet) -> Result<()> {
        let page = target.param("page");
        for listed in self.pages.get(page).into_iter().flatten() {
            match listed {
                Listed::Text(name) => self.emit(out, page, name).await?,
                Listed::Page(page) => out.link(link(page)).await?,
                Listed::Endless => {
                    for number in 0u64.. {
                        self.emit(out, page, &number.to_string()).await?;
                    }
                }
                Listed::Defect => panic!("on purpose"),
                Listed::Refusal => return Err(Error::new(Kind::Blocked, "no more for you")),
            }
        }
        Ok(())
    }
}

impl Site {
    async fn emit(&self, out: &Outlet, page: &str, name: &str) -> Result<()> {
        let album = Album {
            id: page.to_owned(),
            ..Album::default()
        };
        let meta = Meta {
            name: Some(name.to_owned()),
            ext: Some("txt".into()),
            album: Some(Arc::new(album)),
            ..Meta::default()
        };
        let item = Item {
            source: "site".into(),
            key: format!("{page}-{name}"),
            meta,
            body: Body::Text(name.to_owned()),
        };
        out.item(item).await?;
        self.emitted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// What a run told, and the folder it wrote to.
struct Told {
    events: Vec<Event>,
    folder: tempfile::TempDir,
}

impl Told {
    /// The keys that were found, in order.
    fn keys(&self) -> Vec<&str> {
        let mut keys = Vec::new();
        for event in &self.events {
            if let Event::Found { key, .. } = event {
                keys.push(key.as_str());
            }
        }
        keys
    }

    /// The messages of links that failed.
    fn failures(&self) -> Vec<&str> {
        let mut messages = Vec::new();
        for event in &self.events {
            if let Event::Listed {
                failure: Some(failure),
                ..
            } = event
            {
                messages.push(failure.message.as_str());
            }
        }
        messages
    }

    fn saved(&self) -> usize {
        let is_saved = |event: &&Event| {
            matches!(
                event,
                Event::Ended {
                    outcome: Outcome::Saved { .. },
                    ..
                }
            )
        };
        self.events.iter().filter(is_saved).count()
    }
}

fn run(site: impl Source + 'static, pages: &[&str], change: impl FnOnce(&mut Settings)) -> Told {
    let links: Vec<_> = pages.iter().map(|page| Ok(link(page))).collect();
    let (told, ended) = run_links(site, futures_util::stream::iter(links), change);
    ended.unwrap();
    told
}

/// Runs with these links, and gives how the run ended, too.
fn run_links(
    site: impl Source + 'static,
    links: impl Stream<Item = Result<Link>> + Send + 'static,
    change: impl FnOnce(&mut Settings),
) -> (Told, Result<()>) {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings {
        root: folder.path().to_owned(),
        ..Settings::default()
    };
    change(&mut settings);
    let mut registry = Registry::new();
    registry.add(site);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let (events, ended) = runtime.block_on(async {
        let (sender, mut events) = tokio::sync::mpsc::channel(16);
        let client = Client::new(Net::default()).unwrap();
        let running = tokio::spawn(fetch::pipeline::run(
            client,
            registry,
            settings,
            links,
            sender,
            Stop::default(),
        ));
        let mut told = Vec::new();
        while let Some(event) = events.recv().await {
            told.push(event);
        }
        (told, running.await.unwrap())
    });
    (Told { events, folder }, ended)
}

#[test]
fn delegated_items_take_the_place_of_their_link() {
    let pages: &[(&str, &[Listed])] = &[
        (
            "a",
            &[
                text("1"),
                Listed::Page("b"),
                text("2"),
                Listed::Page("c"),
                Listed::Page("d"),
                text("3"),
            ],
        ),
        ("b", &[text("1"), Listed::Page("e"), text("2")]),
        ("c", &[text("1")]),
        ("d", &[]),
        ("e", &[text("1")]),
        ("z", &[text("1")]),
    ];
    for _ in 0..20 {
        let told = run(site(pages), &["a", "z"], |_| {});
        assert_eq!(
            told.keys(),
            ["a-1", "b-1", "e-1", "b-2", "a-2", "c-1", "a-3", "z-1"]
        );
        assert_eq!(told.saved(), 8);
    }
}

#[test]
fn items_are_numbered_in_listing_order() {
    let pages: &[(&str, &[Listed])] = &[("a", &[text("x"), text("y"), text("z")])];
    let told = run(site(pages), &["a"], |_| {});
    let mut names: Vec<_> = std::fs::read_dir(told.folder.path().join("site/a"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["001 a-x.txt", "002 a-y.txt", "003 a-z.txt"]);
}

#[test]
fn link_cycles_are_walked_once() {
    let pages: &[(&str, &[Listed])] = &[
        ("a", &[Listed::Page("b"), text("1")]),
        ("b", &[Listed::Page("a"), Listed::Page("b"), text("1")]),
    ];
    let told = run(site(pages), &["a"], |_| {});
    assert_eq!(told.keys(), ["b-1", "a-1"]);
    assert!(told.failures().is_empty());
}

#[test]
fn endless_delegation_ends_with_an_error() {
    let names: [&'static str; 12] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"];
    let listed: Vec<(&str, Vec<Listed>)> = names
        .windows(2)
        .map(|pair| (pair[0], vec![text("x"), Listed::Page(pair[1])]))
        .collect();
    let pages: Vec<(&str, &[Listed])> = listed
        .iter()
        .map(|(name, listed)| (*name, listed.as_slice()))
        .collect();
    let told = run(site(&pages), &["0"], |_| {});
    assert_eq!(told.keys().len(), 9);
    assert_eq!(told.failures(), ["`https://site.test/9` is 8 links deep"]);
}

#[test]
fn an_endless_listing_is_stopped_after_the_last_wanted_item() {
    let site = site(&[("a", &[Listed::Endless])]);
    let emitted = site.emitted.clone();
    let told = run(site, &["a"], |settings| {
        settings.items = Some("1-500".parse().unwrap())
    });
    assert_eq!(told.saved(), 500);
    let emitted = emitted.load(Ordering::Relaxed);
    assert!(emitted < 700, "{emitted} were emitted");
}

#[test]
fn an_endless_listing_is_stopped_by_max_new() {
    let site = site(&[("a", &[Listed::Endless])]);
    let emitted = site.emitted.clone();
    let told = run(site, &["a"], |settings| {
        settings.max_new = std::num::NonZeroU64::new(7)
    });
    assert_eq!(told.saved(), 7);
    let emitted = emitted.load(Ordering::Relaxed);
    assert!(emitted < 300, "{emitted} were emitted");
}

#[test]
fn positions_are_counted_in_each_link() {
    let pages: &[(&str, &[Listed])] = &[
        ("a", &[text("1"), Listed::Page("c"), text("2"), text("3")]),
        ("b", &[text("1"), text("2"), text("3")]),
        ("c", &[text("1")]),
    ];
    let told = run(site(pages), &["a", "b"], |settings| {
        settings.items = Some("2-3".parse().unwrap())
    });
    assert_eq!(told.keys(), ["c-1", "a-2", "b-2", "b-3"]);
}

#[test]
fn a_panicking_source_stops_only_itself() {
    let pages: &[(&str, &[Listed])] = &[("a", &[text("1"), Listed::Defect]), ("b", &[text("1")])];
    let told = run(site(pages), &["a", "b"], |_| {});
    assert_eq!(told.saved(), 2);
    assert_eq!(told.failures(), ["source `site` has a defect and stopped"]);
}

#[test]
fn what_was_listed_before_a_refusal_is_kept() {
    let pages: &[(&str, &[Listed])] = &[("a", &[text("1"), text("2"), Listed::Refusal])];
    let told = run(site(pages), &["a"], |_| {});
    assert_eq!(told.saved(), 2);
    assert_eq!(told.failures(), ["no more for you"]);
}

#[test]
fn stop_after_known_leaves_only_that_listing() {
    let kept = tempfile::tempdir().unwrap();
    let root = kept.path().join("root");
    let again = |pages: &[(&str, &[Listed])], links: &[&str], change: fn(&mut Settings)| {
        let site = site(pages);
        let emitted = site.emitted.clone();
        let told = run(site, links, |settings| {
            settings.root = root.clone();
            settings.archive = Some(kept.path().join("archive.db"));
            settings.stop_after_known = std::num::NonZeroUsize::new(2);
            change(settings);
        });
        (told, emitted.load(Ordering::Relaxed))
    };
    let first: &[(&str, &[Listed])] = &[
        ("a", &[text("1"), text("2"), text("3"), text("4")]),
        ("b", &[text("1")]),
    ];
    assert_eq!(again(first, &["a", "b"], |_| {}).0.saved(), 5);
    let endless = [
        text("6"),
        text("1"),
        text("5"),
        text("2"),
        text("3"),
        Listed::Endless,
    ];
    let second: &[(&str, &[Listed])] = &[
        ("a", &endless),
        ("b", &[text("2"), text("1")]),
        (
            "all",
            &[Listed::Page("b"), Listed::Page("a"), Listed::Page("c")],
        ),
        ("c", &[text("1")]),
    ];
    let (told, emitted) = again(second, &["a", "b"], |_| {});
    assert_eq!(
        told.keys(),
        ["a-6", "a-1", "a-5", "a-2", "a-3", "b-2", "b-1"]
    );
    assert!(emitted < 300, "{emitted} were emitted");
    assert!(told.failures().is_empty());
    // All that two of its listings have is known, so the third is not looked at.
    let (told, _) = again(second, &["all"], |_| {});
    let keys = told.keys();
    assert!(
        keys.starts_with(&["b-2", "b-1", "a-6", "a-1"]) && !keys.contains(&"c-1"),
        "{keys:?}"
    );
    // Positions and filters come first: what they leave out does not count as known.
    let (told, _) = again(second, &["a"], |settings| {
        settings.items = Some("3-5".parse().unwrap());
        settings.filter = Some("name != '5'".parse().unwrap());
    });
    assert_eq!(told.keys(), ["a-2", "a-3"]);
}
