//! The one HTTP client, against sites that mislead it, refuse it, and fall silent.

mod addresses;
mod calls;
mod ends;
mod headers;
mod nacks;
mod proxies;
mod redirects;
mod retries;
mod tls;

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fetch::model::{Error, Kind};
use fetch::net::{Client, Opened, Override, Settings};
use http::HeaderMap;
use url::Url;

use crate::support::{Reply, Site};

/// Settings under which no test waits long.
fn quick() -> Settings {
    Settings {
        backoff: Duration::from_millis(1),
        stall_timeout: Duration::from_secs(20),
        ..Settings::default()
    }
}

fn client(settings: Settings) -> Client {
    Client::new(settings).unwrap()
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect()
}

async fn open(client: &Client, text: &str) -> Result<Opened, Error> {
    let none = HeaderMap::new();
    client.open(&url(text), &none, &none).await
}

async fn body(client: &Client, text: &str) -> Result<Vec<u8>, Error> {
    let mut opened = open(client, text).await?;
    let mut body = Vec::new();
    while let Some(chunk) = opened.chunk().await? {
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[tokio::test]
async fn an_incomplete_body_is_an_error() {
    let site = Site::start();
    let file = || Reply::file("0123456789");
    let table = [
        ("/good", file(), true),
        ("/chunked", file().chunked(), true),
        ("/close", file().close_delimited(), true),
        ("/cut", file().cut_after(4), false),
        ("/reset", file().reset_after(4), false),
        ("/endless", file().chunked_without_end(), false),
        ("/chunk", file().chunked().cut_after(4), false),
        ("/junk", Reply::raw("no HTTP at all\r\n\r\n"), false),
        ("/head", Reply::raw("HTTP/1.1 200 OK\r\nContent-"), false),
        ("/nothing", Reply::raw(""), false),
    ];
    let client = client(quick());
    for (path, reply, whole) in table {
        site.on(path, reply);
        let outcome = body(&client, &site.url(path)).await;
        match outcome {
            Ok(body) => assert!(whole && body == b"0123456789", "{path}"),
            Err(error) => {
                let kind = match path {
                    "/junk" => Kind::Corrupt,
                    _ => Kind::Network,
                };
                assert!(!whole && error.kind == kind, "{path}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn a_silent_server_is_given_up() {
    let site = Site::start();
    site.on(
        "/head",
        Reply::text("late").delay(Duration::from_secs(3600)),
    );
    site.on("/body", Reply::file("0123456789").stall_after(4));
    let client = client(Settings {
        stall_timeout: Duration::from_millis(100),
        ..quick()
    });
    for path in ["/head", "/body"] {
        let error = body(&client, &site.url(path)).await.unwrap_err();
        let text = error.to_string().replace(&site.port().to_string(), "PORT");
        assert_eq!(text, format!("`http://127.0.0.1:PORT{path}` fell silent"));
    }
}

#[tokio::test]
async fn a_timeout_of_zero_means_no_limit() {
    let site = Site::start();
    site.on(
        "/late",
        Reply::text("late").delay(Duration::from_millis(20)),
    );
    let client = client(Settings {
        connect_timeout: Duration::ZERO,
        stall_timeout: Duration::ZERO,
        retries: 0,
        ..quick()
    });
    assert_eq!(body(&client, &site.url("/late")).await.unwrap(), b"late");
}

#[tokio::test]
async fn a_slow_but_active_server_is_waited_for() {
    let site = Site::start();
    site.on("/f", Reply::file(vec![b'x'; 40]).throttle(20));
    let client = client(Settings {
        stall_timeout: Duration::from_secs(1),
        ..quick()
    });
    let body = body(&client, &site.url("/f")).await.unwrap();
    assert_eq!(body.len(), 40);
}

#[tokio::test]
async fn an_oversized_response_is_refused_without_a_retry() {
    let site = Site::start();
    site.on("/page", Reply::text("0123456789"));
    let client = client(quick());
    let page = url(&site.url("/page"));
    let error = client.call(&page, &HeaderMap::new(), 9).await.unwrap_err();
    let text = error.to_string().replace(&site.port().to_string(), "PORT");
    let expected = "the response from `http://127.0.0.1:PORT/page` is longer than 9 bytes";
    assert_eq!((error.kind, text.as_str()), (Kind::Corrupt, expected));
    let answer = client.call(&page, &HeaderMap::new(), 10).await.unwrap();
    assert_eq!(answer.text(), "0123456789");
    assert_eq!(site.count("/page"), 2);
}

#[tokio::test]
async fn a_refused_connection_is_an_error_that_names_the_host() {
    let site = Site::start();
    let gone = site.url("/f");
    drop(site);
    let error = open(&client(quick()), &gone).await.unwrap_err();
    assert_eq!(error.kind, Kind::Network);
    let place = gone.trim_start_matches("http://").trim_end_matches("/f");
    assert_eq!(error.to_string(), format!("cannot connect to `{place}`"));
}

#[tokio::test]
async fn a_proxy_is_asked_for_the_whole_url() {
    let proxy = Site::start();
    proxy.on("http://cat.test/f?x=1", Reply::text("by proxy"));
    let client = client(Settings {
        proxy: Some(proxy.url("")),
        ..quick()
    });
    let body = body(&client, "http://cat.test/f?x=1").await.unwrap();
    assert_eq!(body, b"by proxy");
}

/// A proxy that gives these answers, one for each thing that it hears; and how often it was asked.
fn stubborn(answers: &'static [&'static [u8]]) -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::Relaxed);
            for answer in answers {
                let heard = stream.read(&mut [0; 16 << 10]);
                if heard.is_err() || stream.write_all(answer).is_err() {
                    break;
                }
            }
        }
    });
    (address, count)
}

#[tokio::test]
async fn a_refused_proxy_login_is_reported_for_each_kind_of_proxy() {
    const REFUSED: &[u8] =
        b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
    let table: [(&str, &str, &'static [&'static [u8]]); 5] = [
        ("http", "https://cat.test/f", &[REFUSED]),
        ("http", "http://cat.test/f", &[REFUSED]),
        // RFC 1928 §3, RFC 1929 §2: a login is wanted, and not this one; or no login of this kind.
        ("socks5h", "http://cat.test/f", &[b"\x05\x02", b"\x01\x01"]),
        ("socks5h", "https://cat.test/f", &[b"\x05\x02", b"\x01\x01"]),
        ("socks5h", "https://cat.test/f", &[b"\x05\xff"]),
    ];
    for (scheme, there, answers) in table {
        let (address, count) = stubborn(answers);
        let client = client(Settings {
            proxy: Some(format!("{scheme}://cat:wrong@{address}")),
            ..quick()
        });
        let none = HeaderMap::new();
        let error = client.call(&url(there), &none, 100).await.unwrap_err();
        assert_eq!(error.kind, Kind::Login, "{scheme} {there}: {error:?}");
        assert!(error.hint.is_some(), "{error:?}");
        let said = format!("through the proxy `{scheme}://");
        assert!(error.message.contains(&said), "{error:?}");
        assert!(!format!("{error:?}").contains("wrong"), "{error:?}");
        assert_eq!(count.load(Ordering::Relaxed), 1, "{scheme} {there}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named() {
    let site = Site::start();
    let port = site.port();
    drop(site);
    for there in ["http://cat.test/f", "https://cat.test/f"] {
        let client = client(Settings {
            proxy: Some(format!("http://me:secret@127.0.0.1:{port}")),
            ..quick()
        });
        let error = open(&client, there).await.unwrap_err();
        let told = format!(
            "cannot connect to `cat.test` through the proxy `http://***@127.0.0.1:{port}/`"
        );
        assert_eq!((error.kind, error.to_string()), (Kind::Network, told));
    }
}

#[tokio::test]
async fn an_address_can_be_set_for_a_host() {
    let site = Site::start();
    site.on("/f", Reply::text("here"));
    let client = client(Settings {
        resolve: vec![Override {
            host: "cat.test".into(),
            addresses: vec!["127.0.0.1".parse().unwrap()],
        }],
        ..quick()
    });
    let port = site.port();
    let there = format!("http://cat.test:{port}/f");
    assert_eq!(body(&client, &there).await.unwrap(), b"here");
    let host = site.requests()[0].header("host").map(str::to_owned);
    assert_eq!(host, Some(format!("cat.test:{port}")));
}

#[tokio::test]
async fn parallel_calls_to_a_host_are_limited() {
    let site = Site::start();
    site.on("/*", Reply::text("page").delay(Duration::from_millis(30)));
    let client = client(Settings {
        per_host: 3,
        ..quick()
    });
    let none = HeaderMap::new();
    let pages: Vec<_> = (0..12)
        .map(|page| url(&site.url(&format!("/{page}"))))
        .collect();
    let calls = pages.iter().map(|page| client.call(page, &none, 100));
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.unwrap().status, 200);
    }
    assert_eq!((site.count("/*"), site.max_concurrent()), (12, 3));
}

#[tokio::test]
async fn a_host_without_an_address_is_a_clear_error() {
    // A label has 63 characters at the most, so no resolver has to be asked.
    let name = format!("{}.test", "a".repeat(64));
    let there = format!("http://{name}/f");
    let error = open(&client(quick()), &there).await.unwrap_err();
    assert_eq!(error.kind, Kind::Network);
    assert_eq!(error.to_string(), format!("cannot find the host `{name}`"));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_connect_timeout_is_respected() {
    use socket2::{Domain, Socket, Type};
    use std::net::{SocketAddr, TcpStream};

    // A listener that takes nobody, with a queue that is full: further connections are neither taken nor refused.
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener
        .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
        .unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    let moment = Duration::from_millis(100);
    let mut queue = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, moment) {
        queue.push(stream);
    }
    let client = client(Settings {
        connect_timeout: moment,
        ..quick()
    });
    let error = open(&client, &format!("http://{address}/f"))
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Network);
    assert_eq!(error.to_string(), format!("cannot connect to `{address}`"));
}
