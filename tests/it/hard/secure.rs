//! TLS, and where a redirect may lead with what it carries.

use std::collections::HashSet;
use std::sync::Mutex;

use super::{large, quick};
use crate::support::media::{Format, small};
use crate::support::tls::{TlsFault, TlsServer};
use crate::support::{Reply, Site};

#[test]
fn a_file_is_downloaded_over_tls_by_http1() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(large()));
    let front = TlsServer::start(&site, TlsFault::None);
    let fetch = quick()
        .arg("--ca-cert")
        .arg(front.authority())
        .arg(front.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
    assert_eq!(front.protocols(), ["http/1.1"], "files come over HTTP/1.1");
}

#[test]
fn an_invalid_certificate_is_refused_without_a_retry() {
    let table = [
        (TlsFault::None, false, "its issuer is unknown"),
        (TlsFault::Expired, true, "it expired on "),
        (TlsFault::WrongHost, true, "it is for `"),
        (TlsFault::SelfSigned, false, "it is self-signed"),
    ];
    for (odd, known, why) in table {
        let site = Site::start();
        site.on("/cat.jpg", Reply::file(large())).optional();
        let front = TlsServer::start(&site, odd);
        let fetch = quick();
        let mut authority = front.authority();
        if !known {
            // Another one, so that there is one also on a machine that has none.
            let stranger = rcgen::generate_simple_self_signed(["stranger.test".to_owned()]);
            authority = fetch.root().join("stranger.pem");
            std::fs::write(&authority, stranger.unwrap().cert.pem()).unwrap();
        }
        let fetch = fetch.arg("--ca-cert").arg(authority);
        let fetch = fetch.arg(front.url("/cat.jpg"));
        let done = fetch.run();
        assert_ne!(done.code, 0, "{why}");
        let said = "the certificate of `127.0.0.1` is not trusted";
        assert!(done.stderr.contains(said), "{}", done.stderr);
        assert!(done.stderr.contains(why), "{}", done.stderr);
        assert!(!done.stderr.contains("trying again"), "{}", done.stderr);
        assert!(site.requests().is_empty(), "nothing was said to it");
        assert_eq!(fetch.tree(), "");
    }
}

#[test]
fn a_reused_connection_closed_without_close_notify_is_retried() {
    let site = Site::start();
    // A connection answers once, and is closed without a word when it is to be used again.
    let asked = Mutex::new(HashSet::new());
    let file = Reply::file(small(Format::Jpeg, 1));
    let answer = Reply::with(
        move |seen| match asked.lock().unwrap().insert(seen.connection) {
            true => file.clone(),
            false => Reply::raw(""),
        },
    );
    site.on("/1.jpg", answer.clone());
    site.on("/2.jpg", answer);
    let front = TlsServer::start(&site, TlsFault::Abrupt);
    let fetch = quick().arg("--ca-cert").arg(front.authority());
    let fetch = fetch.args(["-N", "1", "-R", "0"]);
    let fetch = fetch.arg(front.url("/1.jpg")).arg(front.url("/2.jpg"));
    fetch.run().success();
    assert_eq!(site.requests().len(), 3);
}

#[test]
fn a_self_signed_certificate_given_by_the_user_is_trusted() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(large()));
    let front = TlsServer::start(&site, TlsFault::SelfSigned);
    let fetch = quick().arg("--ca-cert").arg(front.authority());
    let fetch = fetch.arg(front.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
    // It is for that host alone.
    let elsewhere = front.url("/cat.jpg").replace("127.0.0.1", "localhost");
    let fetch = quick().arg("--ca-cert").arg(front.authority());
    let done = fetch.arg(elsewhere).run();
    assert_ne!(done.code, 0);
    assert!(done.stderr.contains("is not trusted"), "{}", done.stderr);
}

#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn ssl_cert_file_replaces_the_system_authorities() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(large()));
    let front = TlsServer::start(&site, TlsFault::None);
    let fetch = quick()
        .env("SSL_CERT_FILE", front.authority())
        .arg(front.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
}

#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn an_unreadable_ssl_cert_file_is_a_clear_error() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(large())).optional();
    let front = TlsServer::start(&site, TlsFault::None);
    let fetch = quick()
        .env("SSL_CERT_FILE", "/nowhere/authorities.pem")
        .arg(front.url("/cat.jpg"));
    let done = fetch.run().fails(2);
    for said in [
        "cannot read the certificates that `SSL_CERT_FILE` names, `/nowhere/authorities.pem`",
        "  because: No such file or directory",
        "  attempts: 1\n",
    ] {
        assert!(done.stderr.contains(said), "{}", done.stderr);
    }
}

#[test]
fn https_to_a_plain_http_server_is_a_clear_error() {
    // As servers do, it answers what it cannot read with 400.
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let mut count = 0;
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut start = [0; 16];
            let length = stream.read(&mut start).unwrap();
            if &start[..length] == b"end" {
                return count;
            }
            count += 1;
            let answer = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).unwrap();
        }
        count
    });
    let done = quick().arg(format!("localhost:{port}/cat.jpg"));
    let done = done.run().fails(4);
    for said in [
        "`localhost` does not speak TLS\n  because: received corrupt message of type InvalidContentType\n",
        &format!("hint: it may speak plain http: try `http://localhost:{port}/cat.jpg`\n"),
        "attempts: 1\n",
    ] {
        assert!(done.stderr.contains(said), "{said}: {}", done.stderr);
    }
    let mut end = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    std::io::Write::write_all(&mut end, b"end").unwrap();
    assert_eq!(server.join().unwrap(), 1);
}

#[test]
fn a_redirect_from_https_to_http_is_not_followed() {
    let (site, plain) = (Site::start(), Site::start());
    plain
        .on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)))
        .optional();
    site.on("/cat.jpg", Reply::redirect(plain.url("/cat.jpg")));
    let front = TlsServer::start(&site, TlsFault::None);
    let fetch = quick()
        .arg("--ca-cert")
        .arg(front.authority())
        .arg(front.url("/cat.jpg"));
    let done = fetch.run().fails(7);
    let said = "redirects down to plain http";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    assert!(plain.requests().is_empty());
}

#[test]
fn a_body_without_a_tls_close_notify_is_truncated() {
    let table = [
        (
            "properly",
            TlsFault::None,
            Reply::file(large()).close_delimited(),
            true,
        ),
        (
            "abruptly",
            TlsFault::Abrupt,
            Reply::file(large()).close_delimited(),
            false,
        ),
        (
            "with a length",
            TlsFault::Abrupt,
            Reply::file(large()),
            true,
        ),
        (
            "in chunks",
            TlsFault::Abrupt,
            Reply::file(large()).chunked(),
            true,
        ),
    ];
    for (name, odd, reply, whole) in table {
        let site = Site::start();
        site.on("/cat.jpg", reply.no_ranges());
        let front = TlsServer::start(&site, odd);
        let fetch = quick()
            .args(["-R", "0", "--ca-cert"])
            .arg(front.authority())
            .arg(front.url("/cat.jpg"));
        let done = fetch.run();
        assert_eq!(
            done.code,
            if whole { 0 } else { 4 },
            "{name}: {}",
            done.stderr
        );
        assert_eq!(fetch.files().len(), usize::from(whole), "{name}");
    }
}

#[test]
fn a_redirect_to_itself_that_sets_a_cookie_is_followed() {
    let site = Site::start();
    site.on(
        "/cat.jpg",
        Reply::with(|seen| match seen.header("cookie") {
            Some(cookies) if cookies.contains("seen=1") => Reply::file(small(Format::Jpeg, 1)),
            _ => Reply::redirect("/cat.jpg").header("Set-Cookie", "seen=1; Path=/"),
        }),
    );
    for has_jar in [true, false] {
        let mut fetch = quick().args(["-R", "0"]).arg(site.url("/cat.jpg"));
        if has_jar {
            let jar = fetch.root().join("cookies.txt");
            std::fs::write(&jar, "127.0.0.1\tFALSE\t/\tFALSE\t0\ta\t1\n").unwrap();
            fetch = fetch.arg("-C").arg(jar);
        }
        fetch.run().success();
        assert_eq!(fetch.files().len(), 1);
    }
}

#[test]
fn a_self_redirect_setting_the_same_cookie_is_a_loop() {
    let site = Site::start();
    let back = Reply::redirect("/cat.jpg").header("Set-Cookie", "seen=1; Path=/");
    site.on("/cat.jpg", back);
    let fetch = quick().args(["-R", "0"]).arg(site.url("/cat.jpg"));
    let done = fetch.run().fails(4);
    assert!(done.stderr.contains("in a loop"), "{}", done.stderr);
    assert_eq!(site.requests().len(), 2);
}

#[test]
fn a_redirect_loop_is_not_retried() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::redirect("/cat.jpg"));
    quick().arg(site.url("/cat.jpg")).run().fails(4);
    assert_eq!(site.requests().len(), 1);
}

#[test]
fn a_cookie_set_at_every_step_does_not_lead_on_for_ever() {
    let site = Site::start();
    let back = Reply::redirect("/cat.jpg").header("Set-Cookie", "seen=1; Path=/");
    site.on("/cat.jpg", back);
    let fetch = quick().args(["-R", "0"]);
    let jar = fetch.root().join("cookies.txt");
    std::fs::write(&jar, "127.0.0.1\tFALSE\t/\tFALSE\t0\ta\t1\n").unwrap();
    fetch
        .arg("-C")
        .arg(jar)
        .arg(site.url("/cat.jpg"))
        .run()
        .fails(4);
    assert!(site.requests().len() <= 21);
}
