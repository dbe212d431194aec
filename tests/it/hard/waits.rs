//! Connections that come to nothing, fall silent, or drip.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use fetch::net::{Client, Override, Settings};
use http::HeaderMap;
use socket2::{Domain, Socket, Type};

use super::{large, quick};
use crate::support::command::Fetch;
use crate::support::media::noise;
use crate::support::{Reply, Site, skip};

#[test]
fn a_reused_connection_that_was_closed_is_not_a_failure() {
    let site = Site::start();
    site.on("/1.bin", Reply::file(noise(5000, 1)));
    site.on("/2.bin", Reply::raw("")).once();
    site.on("/2.bin", Reply::file(noise(5000, 2)));
    let fetch = quick()
        .args(["-N", "1", "-R", "0"])
        .arg(site.url("/1.bin"))
        .arg(site.url("/2.bin"));
    fetch.run().success();
    assert_eq!(fetch.files().len(), 2);
    let connections: Vec<_> = site.requests().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [1, 1, 2]);
}

#[test]
fn closed_idle_connections_are_not_failures_beside_busy_ones() {
    let site = Site::start();
    // A connection answers once. It is closed without a word when it is to be used again.
    let asked = Mutex::new(HashSet::new());
    let file = Reply::file(noise(5000, 1));
    let answer = Reply::with(
        move |seen| match asked.lock().unwrap().insert(seen.connection) {
            true => file.clone(),
            false => Reply::raw(""),
        },
    );
    let links = (0..40).map(|index| {
        let path = format!("/{index}.bin");
        site.on(&path, answer.clone());
        site.url(&path)
    });
    let fetch = quick().args(["-N", "6", "-R", "0"]).args(links);
    fetch.run().success();
    assert_eq!(fetch.files().len(), 40);
}

#[test]
fn endless_interim_responses_are_abandoned() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/cat.jpg", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
        let interim = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000);
        // Until nobody listens any more.
        while stream.write_all(&interim).is_ok() {}
    });
    let fetch = Fetch::new().config("[net]\nstall_timeout = \"300ms\"\n");
    let done = fetch.args(["-R", "0"]).arg(url).run().fails(4);
    assert!(
        done.stderr.contains("no response within 300ms"),
        "{}",
        done.stderr
    );
    server.join().unwrap();
}

#[test]
fn a_server_that_always_closes_silently_is_given_up() {
    let site = Site::start();
    site.on("/1.bin", Reply::raw("")).times(3);
    let fetch = quick().args(["-R", "2"]).arg(site.url("/1.bin"));
    fetch.run().fails(4);
}

#[test]
fn a_body_that_falls_silent_is_gone_on_with_on_a_new_connection() {
    let site = Site::start();
    let good = Reply::file(large()).etag("\"a\"");
    site.on("/cat.jpg", good.clone().stall_after(2_000_000))
        .once();
    site.on("/cat.jpg", good);
    let fetch = Fetch::new()
        .config("[net]\nbackoff = \"5ms\"\nstall_timeout = \"300ms\"\n")
        .arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
    let requests = site.requests();
    assert!(requests[1].header("range").is_some());
    assert_ne!(requests[0].connection, requests[1].connection);
}

#[test]
fn a_server_below_the_speed_floor_is_tried_on_another_connection() {
    let site = Site::start();
    let good = Reply::file(large()).etag("\"a\"");
    site.on("/cat.jpg", good.clone().throttle(100_000)).once();
    site.on("/cat.jpg", good);
    let fetch = Fetch::new()
        .config("[net]\nbackoff = \"5ms\"\nspeed_floor = \"1M\"\nspeed_window = \"300ms\"\n")
        .arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
    assert!(site.requests()[1].header("range").is_some());
}

#[test]
fn a_server_that_stays_below_the_speed_floor_is_given_up() {
    let site = Site::start();
    site.on(
        "/cat.jpg",
        Reply::file(large()).etag("\"a\"").throttle(400_000),
    );
    let fetch = Fetch::new()
        .config("[net]\nbackoff = \"5ms\"\nspeed_floor = \"1M\"\nspeed_window = \"300ms\"\n")
        .arg(site.url("/cat.jpg"));
    let done = fetch.run().fails(4);
    let said = "/cat.jpg` is too slow";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    assert_eq!(site.requests().len(), 4);
}

#[test]
fn a_slow_file_is_tolerated_while_its_host_sends_others() {
    let site = Site::start();
    site.on("/slow.bin", Reply::file(noise(60_000, 1)).throttle(50_000));
    site.on(
        "/fast.bin",
        Reply::file(noise(4_000_000, 2)).throttle(3_000_000),
    );
    let fetch = Fetch::new()
        .config("[net]\nbackoff = \"5ms\"\nspeed_floor = \"200K\"\nspeed_window = \"300ms\"\n")
        .arg(site.url("/slow.bin"))
        .arg(site.url("/fast.bin"));
    fetch.run().success();
    assert_eq!(site.requests().len(), 2);
}

/// A client for which `cat.test` has two addresses, the first of which is of no use.
fn client() -> Client {
    client_that(|_| {})
}

fn client_that(change: impl FnOnce(&mut Settings)) -> Client {
    let mut settings = Settings {
        resolve: vec![Override {
            host: "cat.test".into(),
            addresses: vec!["::1".parse().unwrap(), "127.0.0.1".parse().unwrap()],
        }],
        ..Settings::default()
    };
    change(&mut settings);
    Client::new(settings).unwrap()
}

async fn fetched(client: &Client, site: &Site) -> Vec<u8> {
    let url = format!("http://cat.test:{}/f", site.port());
    let none = HeaderMap::new();
    let mut opened = client
        .open(&url.parse().unwrap(), &none, &none)
        .await
        .unwrap();
    let mut body = Vec::new();
    while let Some(piece) = opened.chunk().await.unwrap() {
        body.extend_from_slice(&piece);
    }
    body
}

#[tokio::test]
async fn ipv4_is_used_if_ipv6_refuses() {
    let site = Site::start();
    site.on("/f", Reply::text("here"));
    assert_eq!(fetched(&client(), &site).await, b"here");
}

#[tokio::test]
async fn the_protocol_that_answered_is_used_for_the_next_connection_too() {
    use std::net::{Ipv6Addr, TcpListener};
    let site = Site::start();
    site.on("/f", Reply::text("here").close_delimited());
    let client = client();
    assert_eq!(fetched(&client, &site).await, b"here");
    let newer = TcpListener::bind((Ipv6Addr::LOCALHOST, site.port()));
    assert_eq!(fetched(&client, &site).await, b"here");
    let requests = site.requests();
    let connections: Vec<_> = requests.iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [1, 2]);
    let Ok(newer) = newer else {
        return skip("there is no IPv6 here");
    };
    newer.set_nonblocking(true).unwrap();
    let nobody = newer.accept().unwrap_err();
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn ipv4_is_used_if_ipv6_does_not_answer() {
    use std::net::{Ipv6Addr, SocketAddr, TcpStream};
    let site = Site::start();
    site.on("/f", Reply::text("here")).optional();
    // A listener whose queue is full neither takes nor refuses.
    let listener = Socket::new(Domain::IPV6, Type::STREAM, None);
    let address = SocketAddr::from((Ipv6Addr::LOCALHOST, site.port()));
    let bound = listener.and_then(|listener| {
        listener.set_only_v6(true)?;
        listener.bind(&address.into())?;
        listener.listen(0)?;
        Ok(listener)
    });
    let Ok(_listener) = bound else {
        return skip("there is no IPv6 here");
    };
    let mut queue = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
        queue.push(stream);
    }
    // Whoever waits for the first address alone waits for an hour.
    let client = client_that(|settings| settings.connect_timeout = Duration::from_secs(3600));
    let fetched = tokio::time::timeout(Duration::from_secs(30), fetched(&client, &site));
    assert_eq!(fetched.await.unwrap(), b"here");
}
