//! Which headers are sent, and that none is sent to a stranger.

use fetch::model::Headers;
use fetch::net::Settings;
use fetch::source::Ctx;
use http::{HeaderMap, header};

use super::{body, client, headers, open, quick, url};
use crate::support::{Reply, Request, Site};

/// What lets somebody in, by the names under which it is sent.
const SECRETS: [&str; 4] = ["authorization", "cookie", "x-api-key", "x-user"];

fn secrets_of(seen: &Request) -> Vec<&'static str> {
    let mut secrets = SECRETS.to_vec();
    secrets.retain(|name| seen.header(name).is_some());
    secrets
}

fn with_user_header() -> Settings {
    Settings {
        headers: Headers([("X-User".to_owned(), "secret".to_owned())].into()),
        ..quick()
    }
}

#[tokio::test]
async fn headers_do_not_leave_their_origin_or_return_to_it() {
    let (home, foreign) = (Site::start(), Site::start());
    home.on("/start", Reply::redirect("/near"));
    home.on("/near", Reply::redirect(foreign.url("/far")));
    foreign.on("/far", Reply::redirect(home.url("/back")));
    home.on("/back", Reply::text("there and back"));
    let client = client(with_user_header());
    let start = url(&home.url("/start"));
    client.trust(&start);
    let bound = headers(&[
        ("authorization", "Bearer secret"),
        ("cookie", "session=secret"),
        ("x-api-key", "secret"),
    ]);
    let free = headers(&[("range", "bytes=0-")]);
    let opened = client.open(&start, &bound, &free).await.unwrap();
    assert!(opened.redirected);
    assert_eq!(opened.url.as_str(), home.url("/back"));
    client.call(&start, &bound, 1000).await.unwrap();
    let told: Vec<_> = home.requests().iter().map(secrets_of).collect();
    let once = [SECRETS.to_vec(), SECRETS.to_vec(), vec![]];
    assert_eq!(told, [once.clone(), once].concat());
    let told: Vec<_> = foreign.requests().iter().map(secrets_of).collect();
    assert_eq!(told, [vec![], Vec::<&str>::new()]);
    let ranges = |site: &Site, path| {
        site.requests()
            .iter()
            .find(|seen| seen.target == path)
            .and_then(|seen| seen.header("range").map(str::to_owned))
    };
    assert_eq!(ranges(&foreign, "/far").as_deref(), Some("bytes=0-"));
}

#[tokio::test]
async fn another_name_of_one_machine_is_another_origin() {
    let site = Site::start();
    let there = format!("http://localhost:{}/there", site.port());
    site.on("/start", Reply::redirect(there));
    site.on("/there", Reply::text("here"));
    let start = url(&site.url("/start"));
    let bound = headers(&[("x-api-key", "secret")]);
    let client = client(quick());
    client
        .open(&start, &bound, &HeaderMap::new())
        .await
        .unwrap();
    let told: Vec<_> = site.requests().iter().map(secrets_of).collect();
    assert_eq!(told, [vec!["x-api-key"], vec![]]);
}

#[tokio::test]
async fn user_headers_are_sent_only_to_the_hosts_of_given_links() {
    let (named, unnamed) = (Site::start(), Site::start());
    named.on("/f", Reply::text(""));
    unnamed.on("/f", Reply::text(""));
    let client = client(with_user_header());
    client.trust(&url(&named.url("/album")));
    for site in [&named, &unnamed] {
        open(&client, &site.url("/f")).await.unwrap();
    }
    assert_eq!(secrets_of(&named.requests()[0]), ["x-user"]);
    assert_eq!(secrets_of(&unnamed.requests()[0]), [""; 0]);
}

#[tokio::test]
async fn a_password_in_a_link_stays_with_its_origin() {
    let (home, foreign) = (Site::start(), Site::start());
    home.on("/start", Reply::redirect("/near"));
    home.on("/near", Reply::redirect(foreign.url("/far")));
    foreign.on("/far", Reply::redirect(home.url("/back")));
    home.on("/back", Reply::text(""));
    let start = home.url("/start").replace("//", "//user:secret@");
    let opened = open(&client(quick()), &start).await.unwrap();
    assert_eq!(opened.url.as_str(), home.url("/back"));
    let told: Vec<_> = home.requests().iter().map(secrets_of).collect();
    assert_eq!(told, [vec!["authorization"], vec!["authorization"], vec![]]);
    assert_eq!(secrets_of(&foreign.requests()[0]), [""; 0]);
}

#[tokio::test]
async fn a_source_header_is_sent_only_to_its_url() {
    let (api, elsewhere) = (Site::start(), Site::start());
    api.on("/3/album", Reply::redirect(elsewhere.url("/album")));
    elsewhere.on("/album", Reply::json("{}"));
    let ctx = Ctx::new(client(quick()));
    let call = ctx.get(url(&api.url("/3/album")));
    let call = call.header(header::AUTHORIZATION, "Client-ID abc").unwrap();
    call.send().await.unwrap();
    let seen = &api.requests()[0];
    assert_eq!(seen.header("authorization"), Some("Client-ID abc"));
    assert_eq!(secrets_of(&elsewhere.requests()[0]), [""; 0]);
}

#[tokio::test]
async fn requests_send_no_needless_headers() {
    let site = Site::start();
    site.on("/start", Reply::redirect("/f"));
    site.on("/f", Reply::text(""));
    let client = client(quick());
    open(&client, &site.url("/start")).await.unwrap();
    let start = url(&site.url("/start"));
    client.call(&start, &HeaderMap::new(), 100).await.unwrap();
    let agent = format!("fetch/{}", env!("CARGO_PKG_VERSION"));
    for (number, seen) in site.requests().iter().enumerate() {
        let mut names: Vec<_> = seen.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        // What is opened is asked for as its caller says.
        let coding = ["accept-encoding"].iter().filter(|_| number >= 2);
        let expected = ["accept"]
            .iter()
            .chain(coding)
            .chain(&["host", "user-agent"]);
        assert!(names.iter().eq(expected), "{names:?}");
        let coding = seen.header("accept-encoding");
        assert_eq!(coding, (number >= 2).then_some("gzip"));
        assert_eq!(seen.header("accept"), Some("*/*"));
        assert_eq!(seen.header("user-agent"), Some(agent.as_str()));
    }
}

#[tokio::test]
async fn cookies_from_a_file_are_sent_to_their_host_only() {
    let site = Site::start();
    let there = format!("http://localhost:{}/there", site.port());
    site.on("/start", Reply::redirect("/set"));
    site.on("/set", Reply::redirect(there).header("Set-Cookie", "b=2"));
    site.on("/there", Reply::text(""));
    site.on("/again", Reply::text(""));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cookies.txt");
    std::fs::write(&file, "127.0.0.1\tFALSE\t/\tFALSE\t0\ta\t1\n").unwrap();
    let client = client(Settings {
        cookies: Some(file),
        ..quick()
    });
    body(&client, &site.url("/start")).await.unwrap();
    body(&client, &site.url("/again")).await.unwrap();
    let mut sent: Vec<_> = Vec::new();
    for seen in site.requests() {
        let mut cookies: Vec<_> = seen.header("cookie").unwrap_or("").split("; ").collect();
        cookies.sort_unstable();
        sent.push(format!("{} {}", seen.target, cookies.join(" ")));
    }
    assert_eq!(
        sent,
        ["/start a=1", "/set a=1", "/there ", "/again a=1 b=2"]
    );
}
