//! The fake site itself, by a client that is as plain as can be.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime};

use crate::support::{Reply, Site};

/// Asks on a connection of its own and reads until it is closed.
fn ask(site: &Site, target: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", site.port())).unwrap();
    write!(
        stream,
        "GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    // A reset ends the answer as well.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status and the body of an answer.
fn short(answer: &str) -> String {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let status = head.split(' ').nth(1).unwrap_or("none");
    format!("{status} {body}")
}

#[test]
fn the_fake_site_supports_ranges() {
    let site = Site::start();
    let date = SystemTime::UNIX_EPOCH + Duration::from_secs(1_445_412_480);
    let file = Reply::file("0123456789").etag("\"a\"");
    site.on("/f", file.last_modified(date));
    let table = [
        ("", "200 0123456789"),
        ("Range: bytes=2-4\r\n", "206 234"),
        ("Range: bytes=7-\r\n", "206 789"),
        ("Range: bytes=7-99\r\n", "206 789"),
        ("Range: bytes=-2\r\n", "206 89"),
        ("Range: bytes=-20\r\n", "206 0123456789"),
        ("Range: bytes=10-\r\n", "416 "),
        ("Range: bytes=-0\r\n", "416 "),
        ("Range: bytes=4-2\r\n", "200 0123456789"),
        ("Range: lines=1-2\r\n", "200 0123456789"),
        ("Range: bytes=8-\r\nIf-Range: \"a\"\r\n", "206 89"),
        ("Range: bytes=8-\r\nIf-Range: \"b\"\r\n", "200 0123456789"),
        ("Range: bytes=8-\r\nIf-Range: W/\"a\"\r\n", "200 0123456789"),
        (
            "Range: bytes=8-\r\nIf-Range: Wed, 21 Oct 2015 07:28:00 GMT\r\n",
            "206 89",
        ),
        (
            "Range: bytes=8-\r\nIf-Range: Wed, 21 Oct 2015 07:28:01 GMT\r\n",
            "200 0123456789",
        ),
    ];
    for (headers, expected) in table {
        assert_eq!(short(&ask(&site, "/f", headers)), expected, "{headers}");
    }
    let part = ask(&site, "/f", "Range: bytes=2-4\r\n");
    assert!(part.contains("Content-Range: bytes 2-4/10\r\n"), "{part}");
}

#[test]
fn the_fake_site_can_fail_in_every_way() {
    let site = Site::start();
    let file = || Reply::file("0123456789");
    let replies = [
        (file().cut_after(3), "200 012"),
        (file().no_ranges(), "200 0123456789"),
        (file().wrong_bytes("xyz"), "206 xyz"),
        (file().too_long(2).no_ranges(), "200 0123456789++"),
        (file().close_delimited(), "206 456789"),
        (file().chunked(), "206 6\r\n456789\r\n0\r\n\r\n"),
        (file().chunked_without_end(), "206 6\r\n456789\r\n"),
        (file().chunked().cut_after(2), "206 6\r\n45"),
        (file().status(503), "503 0123456789"),
        (Reply::empty(204), "204 "),
        (Reply::raw("junk"), "none "),
    ];
    for (reply, _) in &replies {
        site.on("/f", reply.clone()).once();
    }
    for (index, (_, expected)) in replies.iter().enumerate() {
        let range = if index == 0 {
            ""
        } else {
            "Range: bytes=4-\r\n"
        };
        assert_eq!(&short(&ask(&site, "/f", range)), expected, "{index}");
    }
    site.on("/start", file().wrong_start(1).wrong_total(99));
    let answer = ask(&site, "/start", "Range: bytes=4-\r\n");
    assert!(answer.contains("Content-Range: bytes 1-6/99\r\n"));
    site.on("/silent", file().no_content_range());
    let answer = ask(&site, "/silent", "Range: bytes=4-\r\n");
    assert!(answer.starts_with("HTTP/1.1 206 ") && !answer.contains("Content-Range"));
}

#[test]
fn a_reset_is_an_error_and_a_cut_is_an_end_of_file() {
    let site = Site::start();
    site.on("/f", Reply::file("0123456789").reset_after(0))
        .once();
    site.on("/f", Reply::file("0123456789").cut_after(0));
    for expected in [false, true] {
        let mut stream = TcpStream::connect(("127.0.0.1", site.port())).unwrap();
        write!(stream, "GET /f HTTP/1.1\r\n\r\n").unwrap();
        let outcome = stream.read_to_end(&mut Vec::new());
        assert_eq!(outcome.is_ok(), expected, "{outcome:?}");
    }
}

#[test]
fn a_connection_serves_more_than_one_request() {
    let site = Site::start();
    site.on("/a?x=1", Reply::text("one"));
    site.on("/a", Reply::text("two"));
    site.on("/b/*", Reply::with(|seen| Reply::text(seen.path())));
    let mut stream = TcpStream::connect(("127.0.0.1", site.port())).unwrap();
    let lines = ["/a?x=1", "/a?x=2", "/b/c"].map(|target| format!("GET {target} HTTP/1.1\r\n\r\n"));
    stream.write_all(lines.concat().as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let bodies: Vec<_> = ["one", "two", "/b/c"]
        .iter()
        .map(|body| answer.contains(body))
        .collect();
    assert_eq!(bodies, [true; 3], "{answer}");
    assert!(site.requests().iter().all(|seen| seen.connection == 1));
    assert_eq!((site.count("/a"), site.count("/a?x=1")), (2, 1));
    assert_eq!(site.max_concurrent(), 1);
}

#[test]
fn dropping_a_fake_site_ends_its_replies() {
    let began = Instant::now();
    let site = Site::start();
    let hour = Duration::from_secs(3600);
    site.on("/silent", Reply::file("0123456789").stall_after(2));
    site.on("/late", Reply::file("0123456789").delay(hour));
    site.on("/slow", Reply::file("0123456789").throttle(1));
    let mut streams = Vec::new();
    for path in ["/silent", "/late", "/slow"] {
        let mut stream = TcpStream::connect(("127.0.0.1", site.port())).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\n\r\n").unwrap();
        site.wait_for(path, 1);
        streams.push(stream);
    }
    site.wait_for_stalls(1);
    assert_eq!(site.max_concurrent(), 3);
    drop(site);
    for mut stream in streams {
        let _ = stream.read_to_end(&mut Vec::new());
    }
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_fake_site_reports_unused_replies_and_unexpected_requests() {
    let complaint = |story: fn(&Site)| {
        let site = Site::start();
        let port = site.port();
        story(&site);
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(site)));
        let text = panic.map_or_else(|panic| *panic.downcast::<String>().unwrap(), |()| "".into());
        text.replace(&port.to_string(), "PORT")
    };
    let head = "the site on port PORT complains:\n";
    let unasked = complaint(|site| {
        site.on("/a", Reply::text(""));
    });
    assert_eq!(unasked, format!("{head}`/a` was never asked"));
    let unknown = complaint(|site| drop(ask(site, "/b", "")));
    assert_eq!(unknown, format!("{head}GET /b was not expected"));
    let failing = complaint(|site| {
        site.on("/c", Reply::with(|_| panic!("no cookie")));
        ask(site, "/c", "");
    });
    assert_eq!(failing, format!("{head}GET /c: no cookie"));
    let twice = complaint(|site| {
        site.on("/d", Reply::text("")).times(2);
        ask(site, "/d", "");
    });
    assert_eq!(twice, format!("{head}`/d` was asked 1 times, not 2"));
    let thrice = complaint(|site| {
        site.on("/d", Reply::text("")).once();
        ask(site, "/d", "");
        ask(site, "/d", "");
    });
    assert_eq!(thrice, format!("{head}`/d` was asked 2 times"));
    assert_eq!(
        complaint(|site| {
            site.on("/e", Reply::text("")).optional();
        }),
        ""
    );
}
