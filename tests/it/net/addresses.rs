//! Hosts with several addresses.

use std::net::{SocketAddr, TcpListener};

use fetch::net::{Override, Settings};
use http::HeaderMap;

use super::{body, client, quick, url};
use crate::support::{Reply, Site, skip};

#[tokio::test]
async fn other_addresses_are_tried_if_one_closes_every_connection() {
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = mute.local_addr().unwrap().port();
    let Ok(good) = Site::start_at(SocketAddr::from(([127, 0, 0, 2], port))) else {
        return skip("this machine has one address for itself");
    };
    good.on("/page", Reply::text("there"));
    std::thread::spawn(move || mute.incoming().for_each(drop));
    let client = || {
        client(Settings {
            retries: 1,
            resolve: vec![Override {
                host: "cat.test".into(),
                addresses: vec![[127, 0, 0, 1].into(), [127, 0, 0, 2].into()],
            }],
            ..quick()
        })
    };
    let there = format!("http://cat.test:{port}/page");
    let answer = client().call(&url(&there), &HeaderMap::new(), 100).await;
    assert_eq!(answer.unwrap().text(), "there");
    // A file has its retries from whoever asks for it.
    let client = client();
    assert!(body(&client, &there).await.is_err());
    assert_eq!(body(&client, &there).await.unwrap(), b"there");
}
