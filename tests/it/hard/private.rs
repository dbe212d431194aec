//! Private addresses: what a user types may be at home, what a public server says may not lead there.
//!
//! What a proxy has found counts as public, so a site that is taken for a proxy plays the public servers.

use fetch::async_trait;
use fetch::model::{Body, Event, Failure, Item, Kind, Link, Meta, Outcome, Request, Result};
use fetch::net::{Client, Private, Settings as Net};
use fetch::pipeline::{Settings, Stop};
use fetch::source::{Ctx, Manifest, Outlet, Registry, Route, Source, Target};

use super::quick;
use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

fn cat() -> Reply {
    Reply::file(small(Format::Jpeg, 1))
}

/// A call with a public server that leads to this URL. Names of this machine do not go through the proxy.
fn led_to(url: &str) -> (Site, Fetch) {
    let public = Site::start();
    public.on("http://public.test/cat.jpg", Reply::redirect(url));
    let fetch = quick()
        .env("HTTP_PROXY", public.url(""))
        .env("NO_PROXY", "localhost,127.0.0.1")
        .arg("http://public.test/cat.jpg");
    (public, fetch)
}

#[test]
fn a_public_server_cannot_redirect_to_a_private_address() {
    let home = Site::start();
    home.on("/cat.jpg", cat()).optional();
    let port = home.port();
    for host in [
        "localhost",
        "127.0.0.1",
        "0x7f.1",
        "2130706433",
        "[::ffff:127.0.0.1]",
        "[::1]",
    ] {
        let (_public, fetch) = led_to(&format!("http://{host}:{port}/cat.jpg"));
        let done = fetch.run().fails(7);
        let said = format!(":{port}/cat.jpg` is at a private address, `");
        assert!(done.stderr.contains(&said), "{host}: {}", done.stderr);
        assert!(done.stderr.contains("hint: a public server led there"));
        assert!(done.stderr.contains("`-S net.private=always`"));
        assert!(!done.stderr.contains("trying again"), "{}", done.stderr);
        assert_eq!(fetch.tree(), "");
    }
    assert!(home.requests().is_empty());
}

#[test]
fn redirects_to_private_addresses_are_followed_if_allowed() {
    let home = Site::start();
    home.on("/cat.jpg", cat());
    let (_public, fetch) = led_to(&home.url("/cat.jpg"));
    let fetch = fetch.args(["-S", "net.private=always"]);
    fetch.run().success();
    assert_eq!(fetch.files().len(), 1);
}

#[test]
fn typed_links_may_be_private_and_redirect_to_private_addresses() {
    let (home, next) = (Site::start(), Site::start());
    let there = format!("http://localhost:{}/cat.jpg", next.port());
    home.on("/cat.jpg", Reply::redirect(there));
    next.on("/cat.jpg", cat());
    let fetch = quick().arg(format!("http://localhost:{}/cat.jpg", home.port()));
    fetch.run().success();
    assert_eq!(fetch.files().len(), 1);
}

#[test]
fn a_redirect_through_a_public_server_cannot_return_to_a_private_one() {
    let home = Site::start();
    home.on("/cat.jpg", Reply::redirect("http://public.test/cat.jpg"));
    home.on("/secret", cat()).optional();
    // By its name, so that nothing but the connections can tell: the one that is kept was made for the user.
    let at_home = |path: &str| format!("http://localhost:{}{path}", home.port());
    let (_public, fetch) = led_to(&at_home("/secret"));
    let done = fetch.arg(at_home("/cat.jpg")).run().fails(7);
    let said = "/secret` is at a private address, `";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    let asked: Vec<_> = home
        .requests()
        .into_iter()
        .map(|seen| seen.target)
        .collect();
    assert_eq!(asked, ["/cat.jpg"]);
}

#[test]
fn private_addresses_can_be_forbidden_entirely() {
    let home = Site::start();
    home.on("/cat.jpg", cat()).optional();
    for url in [
        home.url("/cat.jpg"),
        format!("http://localhost:{}/cat.jpg", home.port()),
    ] {
        let fetch = quick().args(["-S", "net.private=never"]).arg(url);
        let done = fetch.run().fails(7);
        assert!(done.stderr.contains("hint: `net.private` is `never`"));
    }
    assert!(home.requests().is_empty());
    // An address that the user has set for a name is the user's word.
    let set = format!("home.test:{}:127.0.0.1", home.port());
    let fetch = quick()
        .args(["-S", "net.private=never", "--resolve", &set])
        .arg(format!("http://home.test:{}/cat.jpg", home.port()));
    fetch.run().success();
}

/// Pages that list a URL: as a file, or as a link.
struct Pages(Manifest);

impl Pages {
    fn new() -> Pages {
        let route = |name, pattern, example| Route::new(name, pattern, example).unwrap();
        let routes = vec![
            route("file", "public.test/file", "http://public.test/file"),
            route("link", "public.test/link", "http://public.test/link"),
            route("later", "public.test/later", "http://public.test/later"),
            route("page", "127.0.0.1/page", "http://127.0.0.1/page"),
        ];
        Pages(Manifest {
            name: "pages".into(),
            about: "pages that list a URL".into(),
            routes,
        })
    }
}

#[async_trait]
impl Source for Pages {
    fn manifest(&self) -> &Manifest {
        &self.0
    }

    async fn list(&self, ctx: &Ctx, target: &Target, out: &Outlet) -> Result<()> {
        let url = target.link.url.clone();
        let body = match target.route.as_str() {
            "later" => Body::Later,
            _ => {
                let answer = ctx.get(url).send().await?;
                let there: url::Url = answer.text().parse().unwrap();
                if target.route == "link" {
                    return out.link(Link::from(there)).await;
                }
                Body::File(Request::new(there))
            }
        };
        out.item(Item {
            source: "pages".into(),
            key: "1".into(),
            meta: Meta::default(),
            body,
        })
        .await
    }

    async fn resolve(&self, ctx: &Ctx, _: &Item) -> Result<Body> {
        let url = "http://public.test/later".parse().unwrap();
        let answer = ctx.get(url).send().await?;
        Ok(Body::File(Request::new(answer.text().parse().unwrap())))
    }
}

/// Lists a page of a public server, on which this URL stands; gives what failed.
async fn listed(page: &str, there: &str, private: Private) -> Vec<Failure> {
    let public = Site::start();
    public.on(page, Reply::text(there));
    let client = Client::new(Net {
        proxy: Some(public.url("")),
        private,
        ..Net::default()
    });
    let mut registry = Registry::new();
    registry.add(Pages::new());
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        root: folder.path().to_owned(),
        ..Settings::default()
    };
    let link = Link::from(page.parse::<url::Url>().unwrap());
    let links = futures_util::stream::iter([Ok(link)]);
    let (sender, mut events) = tokio::sync::mpsc::channel(16);
    let client = client.unwrap();
    let run = fetch::pipeline::run(client, registry, settings, links, sender, Stop::default());
    let running = tokio::spawn(run);
    let mut failures = Vec::new();
    while let Some(event) = events.recv().await {
        match event {
            Event::Ended {
                outcome: Outcome::Failed(failure),
                ..
            }
            | Event::Listed {
                failure: Some(failure),
                ..
            } => failures.push(failure),
            _ => {}
        }
    }
    running.await.unwrap().unwrap();
    failures
}

#[tokio::test(flavor = "multi_thread")]
async fn private_urls_listed_by_a_public_page_are_refused() {
    for page in ["file", "link", "later"] {
        let page = format!("http://public.test/{page}");
        // Nobody is there: whoever asked would hear of a proxy that knows no such URL.
        let failures = listed(&page, "http://127.0.0.1/page", Private::Typed).await;
        let [failure] = failures.as_slice() else {
            panic!("{page}: {failures:?}");
        };
        assert_eq!(failure.kind, Kind::Blocked, "{page}: {failure:?}");
        let said = "`http://127.0.0.1/page` is at a private address, `127.0.0.1`";
        assert_eq!(failure.message, said);
    }
}
