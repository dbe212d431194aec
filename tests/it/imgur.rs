//! The Imgur source, against a site that is told what to answer.

mod albums;
mod images;
mod keyless;
mod listings;
mod refusals;
mod twin;

use std::time::Duration;

use fetch::model::{Body, Entry, Error, Result};
use fetch::net::{Client, Secret, Settings};
use fetch::plugins::imgur::{Animated, Imgur, Options};
use fetch::source::{Ctx, Outlet, Registry, outlet};
use serde_json::{Value, json};

use crate::support::{Reply, Site};

/// The source, with everything at this site and with or without a client id.
fn options(site: &Site, client_id: Option<&str>) -> Options {
    Options {
        client_id: client_id.map(Secret::new),
        api: site.url(""),
        site: site.url(""),
        cdn: site.url(""),
        ..Options::default()
    }
}

/// Lists a link into this outlet.
async fn list_into(options: Options, link: &str, out: &Outlet) -> Result<()> {
    list_from(options, link, None, out).await
}

/// The same, from this page on.
async fn list_from(options: Options, link: &str, page: Option<u32>, out: &Outlet) -> Result<()> {
    list_trying(0, options, link, page, out).await
}

/// The same, trying so often again.
async fn list_trying(
    retries: u32,
    options: Options,
    link: &str,
    page: Option<u32>,
    out: &Outlet,
) -> Result<()> {
    let mut registry = Registry::new();
    registry.add(Imgur::new(options).unwrap());
    let settings = Settings {
        backoff: Duration::from_millis(1),
        retries,
        ..Settings::default()
    };
    let ctx = Ctx::new(Client::new(settings).unwrap());
    let (source, mut target) = registry.find(&registry.parse_link(link).unwrap()).unwrap();
    target.resume = page.map(|page| page.to_string());
    source.list(&ctx, &target, out).await
}

/// What a link comes to: its entries, and the error at the end.
async fn list_with(options: Options, link: &str) -> (Vec<Entry>, Option<Error>) {
    let (out, mut entries) = outlet(1000);
    let error = list_into(options, link, &out).await.err();
    drop(out);
    let mut found = Vec::new();
    while let Some(entry) = entries.recv().await {
        found.push(entry);
    }
    (found, error)
}

/// The same as lines to be read.
async fn list(site: &Site, client_id: Option<&str>, link: &str) -> Vec<String> {
    lines(list_with(options(site, client_id), link).await)
}

fn lines((entries, error): (Vec<Entry>, Option<Error>)) -> Vec<String> {
    let error = error.map(|error| format!("{}: {}", error.kind, error.message));
    entries.iter().map(line).chain(error).collect()
}

/// An entry in a line: number, file, title, and the album.
fn line(entry: &Entry) -> String {
    let item = match entry {
        Entry::Link(link) | Entry::Embed(link) => return format!("-> {}", link.url),
        Entry::Note(text) => return format!("note {text}"),
        Entry::Warning(text) => return format!("warning {text}"),
        other @ (Entry::Validator(_) | Entry::Unchanged | Entry::Broken(_)) => {
            panic!("it emitted {other:?}")
        }
        Entry::Checkpoint(cursor) => return format!("# page {} after {}", cursor.at, cursor.items),
        Entry::Item(item) => item,
    };
    let Body::File(request) = &item.body else {
        panic!("{:?}", item.body)
    };
    let file = request.url.path().trim_start_matches('/');
    assert!(file.starts_with(&item.key), "{file}: {}", item.key);
    let meta = &item.meta;
    let page = meta.page.as_ref().map(|page| page.as_str());
    assert_eq!(
        page,
        Some(format!("https://imgur.com/{}", item.key).as_str())
    );
    let title = meta.title.as_ref().map(|title| format!(" {title:?}"));
    let title = title.unwrap_or_default();
    match (&meta.album, meta.number) {
        (Some(album), Some(number)) => {
            assert_eq!(meta.name, None);
            let of = album.title.as_ref().map(|title| format!(" {title:?}"));
            let count = album.count.map(|count| format!("/{count}"));
            format!(
                "{number}{} {file}{title} of {}{}",
                count.unwrap_or_default(),
                album.id,
                of.unwrap_or_default()
            )
        }
        _ => {
            assert_eq!(meta.name.as_ref(), Some(&item.key));
            format!("{file}{title}")
        }
    }
}

/// An answer of API v3, for who sends this client id and nothing else of it.
fn api(data: Value) -> Reply {
    let text = json!({"data": data, "success": true, "status": 200}).to_string();
    Reply::with(move |seen| {
        assert_eq!(seen.header("authorization"), Some("Client-ID a-key"));
        assert!(!seen.target.contains("a-key"));
        Reply::json(text.clone())
    })
}

/// An image of API v3, a JPEG.
fn image(id: &str) -> Value {
    json!({"id": id, "type": "image/jpeg", "link": format!("http://i.imgur.com/{id}.jpg")})
}

/// A refusal of API v3.
fn refusal(status: u16, text: &str) -> Reply {
    let data = json!({"error": text, "request": "/3/x", "method": "GET"});
    let body = json!({"data": data, "success": false, "status": status});
    Reply::json(body.to_string()).status(status)
}

/// A page that carries this post.
fn page(post: &Value) -> Reply {
    let literal = post.to_string().replace('\\', "\\\\").replace('"', "\\\"");
    Reply::html(format!(
        "<title>Imgur</title><script>window.postDataJSON=\"{literal}\";</script>"
    ))
}

/// An answer of `ajaxalbums`.
fn ajax(ids: &[&str]) -> Reply {
    let images: Vec<_> = ids
        .iter()
        .map(|id| json!({"hash": id, "ext": ".jpg?1", "title": ""}))
        .collect();
    let data = json!({"count": ids.len(), "images": images});
    Reply::json(json!({"data": data, "success": true, "status": 200}).to_string())
}

/// What `ajaxalbums` says of whatever is no album.
fn no_ajax() -> Reply {
    Reply::json(r#"{"data":[],"success":true,"status":200}"#)
}

/// What the site says of a page that it has not.
fn no_page() -> Reply {
    Reply::html("<title>Imgur: 404</title>").status(404)
}

#[test]
fn unknown_imgur_options_are_refused() {
    let error = serde_json::from_str::<Options>(r#"{"client":"x"}"#).unwrap_err();
    assert!(error.to_string().contains("client_secret"), "{error}");
    let options: Options = serde_json::from_str(r#"{"animated":"mp4","client_id":"x"}"#).unwrap();
    assert_eq!(options.animated, Animated::Mp4);
    assert!(!format!("{options:?}").contains("\"x\""));
    let options = Options {
        cdn: "i.imgur.com".into(),
        ..Options::default()
    };
    let error = Imgur::new(options).map(|_| ()).unwrap_err();
    assert_eq!(
        error.message,
        "`cdn` of `[source.imgur]` is not an http or https URL: `i.imgur.com`"
    );
}
