//! The code that every link and every file of a run passes through, without network and disk: `cargo bench`.

use std::sync::Arc;

use divan::{Bencher, black_box};
use fetch::model::{Album, Body, Item, Link, Meta, Request, Result};
use fetch::net::Redacted;
use fetch::pipeline::{Filter, Template};
use fetch::source::{Ctx, Manifest, Outlet, Registry, Route, Source, Target};
use url::Url;

fn main() {
    divan::main();
}

/// A site with this many routes.
struct Site(Manifest);

#[fetch::async_trait]
impl Source for Site {
    fn manifest(&self) -> &Manifest {
        &self.0
    }

    async fn list(&self, _: &Ctx, _: &Target, _: &Outlet) -> Result<()> {
        Ok(())
    }
}

fn url(text: &str) -> Url {
    text.parse().expect("a URL")
}

/// Registers this many sites with four routes each.
fn registry(sites: usize) -> Registry {
    let mut registry = Registry::new();
    for number in 0..sites {
        let route = |path: &str| {
            let pattern = format!("site{number}.example/{path}");
            Route::new("page", &pattern, "https://example.com/").expect("a pattern")
        };
        registry.add(Site(Manifest {
            name: format!("site{number}"),
            about: String::new(),
            routes: ["a/{id}", "gallery/{id}", "user/{name}/posts", "{id}"]
                .map(route)
                .into(),
        }));
    }
    registry
}

fn item() -> Item {
    let album = Album {
        id: "q6i58".into(),
        title: Some("Cats of the world, and where they sleep".into()),
        count: Some(250),
    };
    Item {
        source: "imgur".into(),
        key: "kX2jQwZ".into(),
        meta: Meta {
            title: Some("A cat: asleep / on a keyboard?".into()),
            ext: Some("jpg".into()),
            album: Some(Arc::new(album)),
            number: Some(17),
            width: Some(1920),
            height: Some(1080),
            ..Meta::default()
        },
        body: Body::File(Request::new(url("https://i.imgur.com/kX2jQwZ.jpg"))),
    }
}

/// Finds the source of a link that belongs to the last of many sites.
#[divan::bench(args = [1, 20, 500])]
fn find_a_source(bencher: Bencher, sites: usize) {
    let registry = registry(sites);
    let link = Link::from(url(&format!(
        "https://www.site{}.example/gallery/q6i58?page=2#top",
        sites - 1
    )));
    bencher.bench(|| registry.find(black_box(&link)));
}

/// Builds the path of an item in an album from the default template.
#[divan::bench]
fn name_an_item_of_an_album(bencher: Bencher) {
    let template: Template = Template::ALBUM.parse().expect("a template");
    let item = item();
    bencher.bench(|| {
        let planned = template.plan(black_box(&item)).expect("a plan");
        planned.file_name(planned.ext.as_deref(), 1)
    });
}

/// Builds the path of a single file from the default template.
#[divan::bench]
fn name_a_file(bencher: Bencher) {
    let template: Template = Template::DIRECT.parse().expect("a template");
    let mut item = item();
    item.meta = Meta {
        name: Some("IMG_2041".into()),
        ext: Some("jpg".into()),
        ..Meta::default()
    };
    bencher.bench(|| template.plan(black_box(&item)));
}

/// Decides whether an item is wanted.
#[divan::bench]
fn filter_an_item(bencher: Bencher) {
    let filter: Filter = "width >= 1000 and ext != 'gif'".parse().expect("a filter");
    let item = item();
    bencher.bench(|| filter.wants(black_box(&item)));
}

/// Formats a URL with a secret in its query.
#[divan::bench]
fn show_a_url(bencher: Bencher) {
    let url = url("https://user:word@cdn.example/a/b/cat.jpg?Expires=17&Signature=abc&size=large");
    bencher.bench(|| Redacted(black_box(&url)).to_string());
}

/// Parses a link as typed by a user.
#[divan::bench]
fn read_a_link(bencher: Bencher) {
    let registry = registry(20);
    bencher.bench(|| registry.parse_link(black_box("www.site7.example/a/q6i58")));
}

/// Copies an item's metadata, as each event and each attempt does.
#[divan::bench]
fn copy_an_item(bencher: Bencher) {
    let item = item();
    bencher.bench(|| black_box(&item).clone());
}
