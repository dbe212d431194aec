//! Servers that speak TLS, and not with everybody.

use std::sync::atomic::Ordering;

use fetch::model::Kind;
use fetch::net::Settings;

use super::{body, client, quick, stubborn};
use crate::support::command::Fetch;
use crate::support::http2::{Http2Server, PAGE, Step};
use crate::support::tls::{TlsFault, TlsServer};

#[tokio::test]
async fn files_are_downloaded_from_an_http2_only_server() {
    let server = Http2Server::start([Step::Serve]);
    let front = TlsServer::before_port(server.port(), TlsFault::Http2);
    let client = client(Settings {
        ca_cert: vec![front.authority()],
        ..quick()
    });
    for _ in 0..2 {
        let file = body(&client, &front.url("/cat.jpg")).await.unwrap();
        assert_eq!(file, PAGE);
    }
    assert_eq!(front.protocols(), ["refused", "h2"], "it is remembered");
}

#[test]
fn a_file_over_http2_ends_with_its_stream() {
    let server = Http2Server::start([Step::Serve]);
    let front = TlsServer::before_port(server.port(), TlsFault::Http2);
    let fetch = Fetch::new().arg("--ca-cert").arg(front.authority());
    let fetch = fetch.arg(front.url("/cat.txt"));
    let done = fetch.run().success();
    assert_eq!(fetch.files()["cat.txt"], PAGE);
    assert!(!done.stderr.contains("warning"), "{}", done.stderr);
}

#[tokio::test]
async fn permanent_tls_alerts_are_not_retried() {
    // RFC 8446 §6: handshake_failure, certificate_required, protocol_version, unknown_ca; and internal_error, which may pass.
    let table: [(&'static [&'static [u8]], Kind, usize); 5] = [
        (&[b"\x15\x03\x03\x00\x02\x02\x28"], Kind::Corrupt, 1),
        (&[b"\x15\x03\x03\x00\x02\x02\x74"], Kind::Blocked, 1),
        (&[b"\x15\x03\x03\x00\x02\x02\x46"], Kind::Corrupt, 1),
        (&[b"\x15\x03\x03\x00\x02\x02\x30"], Kind::Blocked, 1),
        (&[b"\x15\x03\x03\x00\x02\x02\x50"], Kind::Network, 3),
    ];
    for (alert, kind, tries) in table {
        let (address, count) = stubborn(alert);
        let client = client(Settings {
            retries: 2,
            ..quick()
        });
        let page = super::url(&format!("https://{address}/page"));
        let none = http::HeaderMap::new();
        let error = client.call(&page, &none, 100).await.unwrap_err();
        assert_eq!(error.message, "cannot speak TLS with `127.0.0.1`");
        assert_eq!(
            (error.kind, error.hint.is_some()),
            (kind, tries == 1),
            "{error:?}"
        );
        assert_eq!(count.load(Ordering::Relaxed), tries, "{error:?}");
    }
}
