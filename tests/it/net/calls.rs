//! Answers that are read as a whole: pages, listings, keys.

use std::time::Duration;

use fetch::model::Kind;
use fetch::net::Settings;
use http::HeaderMap;

use super::{client, quick, url};
use crate::support::{Reply, Site};

#[tokio::test]
async fn a_page_that_drips_is_given_up_on_as_a_file_is() {
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
