//! What is asked again, how often, and after how long.

use std::time::{Duration, Instant};

use fetch::model::Kind;
use fetch::net::Settings;
use http::HeaderMap;

use super::{client, quick, url};
use crate::support::{Reply, Request, Site};

/// Calls once; the status and the time that it took.
async fn call(site: &Site, settings: Settings) -> (u16, Duration) {
    let began = Instant::now();
    let page = url(&site.url("/page"));
    let answer = client(settings).call(&page, &HeaderMap::new(), 1000).await;
    (answer.unwrap().status.as_u16(), began.elapsed())
}

#[tokio::test]
async fn temporary_failures_are_retried() {
    let statuses = [
        408, 420, 425, 429, 500, 502, 503, 504, 508, 509, 522, 529, 599,
    ];
    let broken = [
        Reply::empty(403).header("Retry-After", "0"),
        Reply::text("a page").cut_after(3),
        Reply::text("a page").reset_after(0),
        Reply::raw(""),
    ];
    for failing in statuses.map(Reply::empty).into_iter().chain(broken) {
        let site = Site::start();
        site.on("/page", failing).times(2);
        site.on("/page", Reply::text("a page")).once();
        assert_eq!(call(&site, quick()).await.0, 200);
    }
}

#[tokio::test]
async fn permanent_statuses_are_not_retried() {
    for status in [400, 401, 403, 404, 410, 418, 451, 501, 505, 526] {
        let site = Site::start();
        site.on("/page", Reply::text("no").status(status)).once();
        assert_eq!(call(&site, quick()).await.0, status);
    }
    for status in [401, 404, 410] {
        let site = Site::start();
        let reply = Reply::text("no").status(status);
        site.on("/page", reply.header("Retry-After", "1")).once();
        assert_eq!(call(&site, quick()).await.0, status);
    }
}

#[tokio::test]
async fn the_retry_budget_is_respected() {
    let site = Site::start();
    site.on("/page", Reply::empty(503)).times(4);
    let settings = Settings {
        retries: 3,
        ..quick()
    };
    assert_eq!(call(&site, settings).await.0, 503);
    let site = Site::start();
    site.on("/page", Reply::raw("")).times(3);
    let client = client(Settings {
        retries: 2,
        ..quick()
    });
    let page = url(&site.url("/page"));
    let error = client.call(&page, &HeaderMap::new(), 1).await.unwrap_err();
    assert_eq!(error.kind, Kind::Network);
}

#[tokio::test]
async fn retry_after_is_respected_in_both_forms() {
    let date = "Wed, 21 Oct 2015 07:28:00 GMT";
    let later = "Wed, 21 Oct 2015 07:28:01 GMT";
    let busy = [
        Reply::empty(503).header("Retry-After", "1"),
        Reply::empty(429).header("Retry-After", "1"),
        Reply::empty(503)
            .header("Date", date)
            .header("Retry-After", later),
    ];
    let calls = busy.map(async |busy| {
        let site = Site::start();
        site.on("/page", busy).once();
        site.on("/page", Reply::text("a page")).once();
        let (status, _) = call(&site, quick()).await;
        assert_eq!(status, 200);
        let times: Vec<_> = site.requests().iter().map(|seen| seen.at).collect();
        let wait = times[1] - times[0];
        assert!(wait >= Duration::from_millis(990), "{wait:?}");
    });
    futures_util::future::join_all(calls).await;
}

#[tokio::test]
async fn a_retry_after_of_zero_is_ignored() {
    let site = Site::start();
    let busy = Reply::empty(503).header("Retry-After", "0");
    site.on("/page", busy).times(4);
    site.on("/page", Reply::text("a page")).once();
    let settings = Settings {
        backoff: Duration::from_millis(20),
        ..quick()
    };
    let (status, took) = call(&site, settings).await;
    assert_eq!(status, 200);
    assert!(took >= Duration::from_millis(150), "{took:?}");
}

#[tokio::test]
async fn a_retry_after_over_the_limit_fails_at_once() {
    let site = Site::start();
    let busy = Reply::empty(503).header("Retry-After", "2");
    site.on("/page", busy).once();
    let settings = Settings {
        longest_wait: Duration::from_secs(1),
        ..quick()
    };
    let (status, _) = call(&site, settings).await;
    assert_eq!((status, site.count("/page")), (503, 1));
}

#[tokio::test]
async fn retry_after_pauses_its_host_and_no_other() {
    let (busy, free) = (Site::start(), Site::start());
    let first = Reply::empty(503).header("Retry-After", "1");
    busy.on("/first", first).once();
    busy.on("/first", Reply::text("")).once();
    busy.on("/second", Reply::text(""));
    free.on("/page", Reply::text(""));
    // With one place at the host, the second call waits for the end of the first.
    let client = client(Settings {
        per_host: 1,
        ..quick()
    });
    let none = HeaderMap::new();
    let first = url(&busy.url("/first"));
    let second = url(&busy.url("/second"));
    // By another name, since both sites are on the same machine.
    let page = url(&format!("http://localhost:{}/page", free.port()));
    let (one, two, three) = tokio::join!(
        client.call(&first, &none, 100),
        client.call(&second, &none, 100),
        client.call(&page, &none, 100)
    );
    for answer in [one, two, three] {
        assert_eq!(answer.unwrap().status, 200);
    }
    let began = busy.requests()[0].at;
    let wait = |seen: &Request| seen.at.saturating_duration_since(began);
    let at_busy: Vec<_> = busy.requests().iter().map(wait).collect();
    assert_eq!(at_busy.len(), 3);
    assert!(at_busy[1] >= Duration::from_millis(990), "{at_busy:?}");
    let at_free = wait(&free.requests()[0]);
    assert!(at_free < at_busy[1], "{at_free:?}, {at_busy:?}");
}
