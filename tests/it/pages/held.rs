//! Pages like those of the web, held against what a person would have saved of them.
//!
//! Each page begins with a comment: where it was, and what is wanted of it, in order.

use std::fs;
use std::path::{Path, PathBuf};

use fetch::model::{Document, Entry, Link};
use fetch::net::{Client, Settings};
use fetch::source::{Ctx, outlet};

use crate::support::{Reply, Site};

/// A page, and what is wanted of it.
struct Held {
    name: String,
    html: String,
    wanted: Vec<String>,
}

fn held() -> Vec<Held> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/pages");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let html = fs::read_to_string(&path).unwrap();
        let head = html.split("-->").next().unwrap();
        let wanted = head.lines().filter_map(|line| line.strip_prefix("want: "));
        Held {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            wanted: wanted.map(|url| url.trim().to_owned()).collect(),
            html,
        }
    };
    paths.into_iter().map(read).collect()
}

/// What the program takes of a page that lies at this place of a site.
fn taken(held: &Held) -> Vec<String> {
    let site = Site::start();
    let path = format!("/{}/", held.name);
    site.on(&path, Reply::html(held.html.clone())).once();
    let sources = fetch::plugins::all(&Default::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let source = sources.reader(Document::Page).unwrap().clone();
        let link = Link::from(
            format!("page:{}", site.url(&path))
                .parse::<url::Url>()
                .unwrap(),
        );
        let (_, target) = sources.find(&link).unwrap();
        let ctx = Ctx::new(Client::new(Settings::default()).unwrap());
        let (out, mut entries) = outlet(1000);
        source.list(&ctx, &target, &out).await.unwrap();
        drop(out);
        let mut taken = Vec::new();
        while let Some(entry) = entries.recv().await {
            let url = match entry {
                Entry::Item(item) => item.key,
                Entry::Link(link) | Entry::Embed(link) => format!("embed {}", link.url),
                // That there may be larger ones elsewhere takes nothing, nor does what is left out for its name.
                Entry::Note(text)
                    if text.starts_with("pictures that link to pages")
                        || text.contains("left out because of their names") =>
                {
                    continue;
                }
                Entry::Note(text) => format!("note {text}"),
                other @ (Entry::Validator(_)
                | Entry::Unchanged
                | Entry::Warning(_)
                | Entry::Broken(_)) => {
                    panic!("it emitted {other:?}")
                }
                Entry::Checkpoint(cursor) => format!("go on at {}", cursor.at),
            };
            taken.push(url.replace(&site.url("/"), "/"));
        }
        taken
    })
}

#[test]
fn held_out_pages_yield_what_a_person_would_save() {
    let (mut right, mut wanted, mut taken_all) = (0, 0, 0);
    let mut told = String::new();
    for held in held() {
        let taken = taken(&held);
        let hits: Vec<&String> = taken
            .iter()
            .filter(|url| held.wanted.contains(url))
            .collect();
        let missed: Vec<&String> = held
            .wanted
            .iter()
            .filter(|url| !taken.contains(url))
            .collect();
        let extra: Vec<&String> = taken
            .iter()
            .filter(|url| !held.wanted.contains(url))
            .collect();
        let expected: Vec<&String> = held
            .wanted
            .iter()
            .filter(|url| taken.contains(url))
            .collect();
        assert_eq!(hits, expected, "{}: the order of the page", held.name);
        told.push_str(&format!(
            "{}: {} of {}; missed {missed:?}; beside {extra:?}\n",
            held.name,
            hits.len(),
            held.wanted.len()
        ));
        right += hits.len();
        wanted += held.wanted.len();
        taken_all += taken.len();
    }
    let measured = format!("{right} of {wanted} wanted, {taken_all} taken");
    let docs =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pages.md")).unwrap();
    assert!(
        docs.contains(&measured),
        "docs/pages.md must say `{measured}`\n{told}"
    );
}
