//! HTTP/2 servers that say that they have not worked on a request (RFC 9113 §8.7).

use std::time::Duration;

use fetch::model::{Kind, Result};
use fetch::net::{Answer, Settings};
use http::HeaderMap;

use super::{client, quick, url};
use crate::support::http2::{Http2Server, PAGE, Step};
use crate::support::tls::{TlsFault, TlsServer};

const NO_ERROR: u8 = 0;
const REFUSED_STREAM: u8 = 7;
const ENHANCE_YOUR_CALM: u8 = 11;
const HTTP_1_1_REQUIRED: u8 = 13;

/// Calls once, with a wait before each retry that no test would sit out.
async fn call(server: &Http2Server, retries: u32) -> Result<Answer> {
    let front = TlsServer::before_port(server.port(), TlsFault::None);
    let client = client(Settings {
        ca_cert: vec![front.authority()],
        backoff: Duration::from_secs(3600),
        retries,
        ..quick()
    });
    let page = url(&front.url("/page"));
    let answer = client.call(&page, &HeaderMap::new(), 100).await;
    assert_eq!(front.protocols()[0], "h2");
    answer
}

#[tokio::test]
async fn http_1_1_required_is_retried_over_http1() {
    for nack in [
        Step::Reset(HTTP_1_1_REQUIRED),
        Step::GoAway(HTTP_1_1_REQUIRED),
    ] {
        let server = Http2Server::start([nack]);
        let answer = call(&server, 0).await.unwrap();
        assert_eq!(answer.body, PAGE, "{nack:?}");
        assert_eq!(server.requests(), [1, 2], "{nack:?}");
    }
}

#[tokio::test]
async fn unprocessed_http2_requests_are_retried_at_once_for_free() {
    let table = [
        (Step::Reset(REFUSED_STREAM), [1, 1, 1]),
        (Step::GoAway(NO_ERROR), [1, 2, 3]),
    ];
    for (nack, connections) in table {
        let server = Http2Server::start([nack, nack, Step::Serve]);
        let answer = call(&server, 0).await.unwrap();
        assert_eq!(answer.body, PAGE, "{nack:?}");
        assert_eq!(server.requests(), connections, "{nack:?}");
    }
}

#[tokio::test]
async fn a_server_that_never_processes_a_request_is_given_up() {
    for nack in [Step::Reset(REFUSED_STREAM), Step::GoAway(NO_ERROR)] {
        let server = Http2Server::start([nack]);
        let error = call(&server, 0).await.unwrap_err();
        assert_eq!(error.kind, Kind::Network, "{nack:?}");
        assert_eq!(server.requests().len(), 3, "{nack:?}");
    }
}

#[tokio::test]
async fn enhance_your_calm_is_not_retried_at_once() {
    let server = Http2Server::start([Step::GoAway(ENHANCE_YOUR_CALM)]);
    let error = call(&server, 0).await.unwrap_err();
    assert_eq!(error.kind, Kind::Network);
    assert_eq!(server.requests().len(), 1);
}
