//! Answers that are read as a whole: pages, listings, keys.

use std::time::Duration;

use fetch::model::Kind;
use fetch::net::Settings;
use fetch::source::Ctx;
use http::HeaderMap;

use super::{client, headers, quick, url};
use crate::support::{Reply, Site};

#[tokio::test]
async fn a_page_below_the_speed_floor_is_given_up() {
    let site = Site::start();
    let page = Reply::text("x".repeat(1000)).throttle(20);
    site.on("/page", page).times(4);
    let client = client(Settings {
        speed_floor: 1000,
        speed_window: Duration::from_millis(100),
        ..quick()
    });
    let page = url(&site.url("/page"));
    let error = client.call(&page, &HeaderMap::new(), 2000).await;
    let error = error.unwrap_err();
    let text = error.to_string().replace(&site.port().to_string(), "PORT");
    let expected = "`http://127.0.0.1:PORT/page` is too slow";
    assert_eq!((error.kind, text.as_str()), (Kind::Network, expected));
}

#[tokio::test]
async fn a_chunked_http_1_0_response_is_refused() {
    let site = Site::start();
    let old = "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n\r\n";
    site.on("/page", Reply::raw(old)).times(2);
    let (client, page, none) = (client(quick()), url(&site.url("/page")), HeaderMap::new());
    let page = client.call(&page, &none, 100).await.unwrap_err();
    let file = super::body(&client, &site.url("/page")).await.unwrap_err();
    for error in [page, file] {
        assert_eq!(error.kind, Kind::Corrupt);
        let cause = error.source.map(|cause| cause.to_string());
        let told = "the response is chunked, but HTTP/1.0 has no chunks";
        assert_eq!(cause.as_deref(), Some(told));
    }
}

#[tokio::test]
async fn an_unrequested_range_is_not_read_as_a_page() {
    let part = |range: &str| {
        Reply::text("half")
            .status(206)
            .header("Content-Range", range)
    };
    let halves = [
        part("bytes 0-3/8"),
        part("bytes 0-3/*"),
        part("bytes 4-7/8"),
        part("bytes 0-3/8").status(200),
        Reply::text("half").status(206),
    ];
    for half in halves {
        let site = Site::start();
        site.on("/page", half).once();
        site.on("/page", Reply::text("half, and more")).once();
        let page = url(&site.url("/page"));
        let none = HeaderMap::new();
        let answer = client(quick()).call(&page, &none, 100).await;
        assert_eq!(answer.unwrap().text(), "half, and more");
    }
    // Some servers call all of it that.
    let site = Site::start();
    site.on("/page", part("bytes 0-3/4")).once();
    site.on("/asked", part("bytes 0-3/8")).once();
    let client = client(Settings {
        retries: 0,
        ..quick()
    });
    let asked = headers(&[("range", "bytes=0-3")]);
    for (path, headers) in [("/page", HeaderMap::new()), ("/asked", asked)] {
        let page = url(&site.url(path));
        let answer = client.call(&page, &headers, 100).await.unwrap();
        assert_eq!(answer.text(), "half", "{path}");
    }
}

#[tokio::test]
async fn a_conditionally_read_response_is_returned_unread_too() {
    let site = Site::start();
    site.on("/page", Reply::text("all of it"));
    let ctx = Ctx::new(client(quick()));
    let page = url(&site.url("/page"));
    let answer = ctx
        .get(page)
        .uncompressed()
        .send_if(|_| true)
        .await
        .unwrap();
    assert_eq!(answer.text(), "all of it");
    let asked = &site.requests()[0];
    assert_eq!(asked.header("accept-encoding"), Some("identity"));
}
