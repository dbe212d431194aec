//! Where a body over HTTP/2 ends: a stream that is reset without an error has not come to its end (RFC 9113 §8.1).

use fetch::model::Kind;
use fetch::net::{Client, Settings};
use http::HeaderMap;

use super::{client, quick, url};
use crate::support::http2::{Http2Server, PAGE, Step};
use crate::support::tls::{TlsFault, TlsServer};

/// A client that trusts this front, and asks once more.
fn asker(front: &TlsServer) -> Client {
    client(Settings {
        ca_cert: vec![front.authority()],
        retries: 1,
        ..quick()
    })
}

#[tokio::test]
async fn a_page_cut_by_an_http2_no_error_reset_is_an_error() {
    for has_length in [true, false] {
        let server = Http2Server::start([Step::Half { has_length }, Step::Serve]);
        let front = TlsServer::before_port(server.port(), TlsFault::None);
        let page = url(&front.url("/page"));
        let none = HeaderMap::new();
        let answer = asker(&front).call(&page, &none, 100).await.unwrap();
        assert_eq!(answer.body, PAGE, "{has_length}");
        assert_eq!(server.requests().len(), 2, "{has_length}");
        let server = Http2Server::start([Step::Half { has_length }]);
        let front = TlsServer::before_port(server.port(), TlsFault::None);
        let page = url(&front.url("/page"));
        let error = asker(&front).call(&page, &none, 100).await.unwrap_err();
        assert_eq!(error.kind, Kind::Network, "{has_length}");
    }
}

#[tokio::test]
async fn a_complete_page_followed_by_a_stream_reset_is_accepted() {
    let server = Http2Server::start([Step::Early]);
    let front = TlsServer::before_port(server.port(), TlsFault::None);
    let page = url(&front.url("/page"));
    let none = HeaderMap::new();
    let answer = asker(&front).call(&page, &none, 100).await.unwrap();
    assert_eq!(answer.body, PAGE);
    assert_eq!(server.requests().len(), 1);
}
