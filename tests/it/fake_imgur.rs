//! The fake Imgur itself: it refuses and misleads as the real one does.

use fetch::net::{Client, Settings};
use http::HeaderMap;
use serde_json::Value;
use url::Url;

use crate::support::Site;
use crate::support::imgur::{CLIENT_ID, FakeImgur, Image};
use crate::support::media::Format;

/// Asks for a path; the status, where it ended, and the body.
async fn ask(
    site: &Site,
    path: &str,
    header: Option<(&'static str, &str)>,
) -> (u16, String, Vec<u8>) {
    let client = Client::new(Settings::default()).unwrap();
    let headers: HeaderMap = header
        .into_iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect();
    let url = Url::parse(&site.url(path)).unwrap();
    let answer = client.call(&url, &headers, 1 << 20).await.unwrap();
    (
        answer.status.as_u16(),
        answer.url.path().to_owned(),
        answer.body.to_vec(),
    )
}

fn json(text: &[u8]) -> Value {
    serde_json::from_slice(text).unwrap()
}

#[tokio::test]
async fn the_fake_api_answers_requests_with_a_key() {
    let imgur = FakeImgur::start();
    let gif = Image::new("aaaaaaa", Format::Gif).thumbnail_link();
    imgur.album(
        "q6i58",
        "Cats",
        vec![gif, Image::new("bbbbbbb", Format::Jpeg).title("Tom")],
    );
    let key = format!("Client-ID {CLIENT_ID}");
    let key = Some(("authorization", key.as_str()));
    let (status, _, body) = ask(&imgur.api, "/3/album/q6i58", key).await;
    let album = &json(&body)["data"];
    assert_eq!((status, &album["images_count"]), (200, &Value::from(2)));
    assert_eq!(
        album["images"][0]["link"],
        "https://i.imgur.com/aaaaaaah.gif"
    );
    assert_eq!(album["images"][1]["title"], "Tom");
    assert_eq!(ask(&imgur.api, "/3/album/q6i58", None).await.0, 403);
    assert_eq!(ask(&imgur.api, "/3/album/other", key).await.0, 404);
    assert_eq!(ask(&imgur.api, "/3/image/bbbbbbb", key).await.0, 200);
}

#[tokio::test]
async fn the_fake_pages_need_no_key() {
    let imgur = FakeImgur::start();
    let image = Image::new("aaaaaaa", Format::Png).title("a \"quoted\" 'cat' \\");
    imgur.album("q6i58", "Cats", vec![image]);
    let (_, _, body) = ask(&imgur.site, "/ajaxalbums/getimages/q6i58/hit.json", None).await;
    assert_eq!(json(&body)["data"]["images"][0]["hash"], "aaaaaaa");
    let (_, _, body) = ask(&imgur.site, "/ajaxalbums/getimages/none1/hit.json", None).await;
    assert_eq!(json(&body)["data"], Value::Array(vec![]));
    let (_, _, body) = ask(&imgur.site, "/a/q6i58", None).await;
    let page = String::from_utf8(body).unwrap();
    let (_, rest) = page.split_once("window.postDataJSON=\"").unwrap();
    let (text, _) = rest.split_once("\";</script>").unwrap();
    let mut unescaped = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        unescaped.extend(if c == '\\' {
            characters.next()
        } else {
            Some(c)
        });
    }
    let post = json(unescaped.as_bytes());
    let title = &post["media"][0]["metadata"]["title"];
    assert_eq!(title, "a \"quoted\" 'cat' \\");
    assert_eq!(ask(&imgur.site, "/a/none1", None).await.0, 404);
}

#[tokio::test]
async fn the_fake_cdn_serves_the_given_files() {
    let imgur = FakeImgur::start();
    let good = Image::new("aaaaaaa", Format::Jpeg);
    let bytes = good.bytes().to_vec();
    imgur.album(
        "q6i58",
        "Cats",
        vec![
            good,
            Image::new("bbbbbbb", Format::Png).removed(),
            Image::new("ccccccc", Format::Png).blocked(),
            Image::new("ddddddd", Format::Gif).blocked(),
            Image::new("eeeeeee", Format::Png).missing(),
            Image::new("fffffff", Format::Png).mislabelled(Format::Jpeg),
        ],
    );
    assert_eq!(
        ask(&imgur.cdn, "/aaaaaaa.jpg", None).await,
        (200, "/aaaaaaa.jpg".into(), bytes)
    );
    assert_eq!(
        ask(&imgur.cdn, "/bbbbbbb.png", None).await.1,
        "/removed.png"
    );
    let card = ask(&imgur.cdn, "/ccccccc.png", None).await.2;
    assert_eq!(card.len(), 34_641);
    assert!(ask(&imgur.cdn, "/ddddddd.gif", None).await.2 == card);
    assert_eq!(ask(&imgur.cdn, "/eeeeeee.png", None).await.0, 404);
    assert!(
        ask(&imgur.cdn, "/fffffff.png", None)
            .await
            .2
            .starts_with(b"\xff\xd8\xff")
    );
}
