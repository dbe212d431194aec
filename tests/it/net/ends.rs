//! Where a body over HTTP/2 ends: a stream that is reset without an error has not come to its end (RFC 9113 §8.1).

use fetch::model::Kind;
use fetch::net::{Client, Settings};
use http::HeaderMap;

use super::{client, quick, url};
use crate::support::frames::{Act, Frames, PAGE};
use crate::support::tls::{Front, Odd};

/// A client that trusts this front, and asks once more.
fn asker(front: &Front) -> Client {
    client(Settings {
        ca_cert: vec![front.authority()],
        retries: 1,
        ..quick()
    })
}

#[tokio::test]
async fn half_a_page_is_none_though_the_server_says_that_nothing_is_wrong() {
    for told in [true, false] {
        let server = Frames::start([Act::Half { told }, Act::Serve]);
        let front = Front::before(server.port(), Odd::No);
        let page = url(&front.url("/page"));
        let none = HeaderMap::new();
        let answer = asker(&front).call(&page, &none, 100).await.unwrap();
        assert_eq!(answer.body, PAGE, "{told}");
        assert_eq!(server.requests().len(), 2, "{told}");
        let server = Frames::start([Act::Half { told }]);
        let front = Front::before(server.port(), Odd::No);
        let page = url(&front.url("/page"));
        let error = asker(&front).call(&page, &none, 100).await.unwrap_err();
        assert_eq!(error.kind, Kind::Network, "{told}");
    }
}

#[tokio::test]
async fn a_page_that_is_whole_is_taken_though_its_stream_is_reset_behind_it() {
    let server = Frames::start([Act::Early]);
    let front = Front::before(server.port(), Odd::No);
    let page = url(&front.url("/page"));
    let none = HeaderMap::new();
    let answer = asker(&front).call(&page, &none, 100).await.unwrap();
    assert_eq!(answer.body, PAGE);
    assert_eq!(server.requests().len(), 1);
}
