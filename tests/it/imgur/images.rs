//! Single images, and ids of which nothing says what they are.

use serde_json::json;

use super::{api, image, list, list_with, no_ajax, no_page, options, page, refusal};
use crate::support::{Reply, Site};
use fetch::model::{Body, Entry, Medium};
use fetch::plugins::imgur::{Animated, Options};

const KEY: Option<&str> = Some("a-key");

#[tokio::test]
async fn an_image_takes_one_call() {
    let site = Site::start();
    let mut single = image("c7EXjJu");
    single["title"] = "A cat".into();
    site.on("/3/image/c7EXjJu", api(single)).once();
    let found = list(&site, KEY, "imgur.com/a-slug-c7EXjJu").await;
    assert_eq!(found, ["c7EXjJu.jpg \"A cat\""]);

    let media = json!([{"id": "c7EXjJu", "ext": "png", "metadata": {"title": "A cat"}}]);
    let post = json!({"id": "c7EXjJu", "is_album": false, "media": media});
    site.on("/c7EXjJu", page(&post)).once();
    let found = list(&site, None, "imgur.com/c7EXjJu").await;
    assert_eq!(found, ["c7EXjJu.png \"A cat\""]);
}

#[tokio::test]
async fn what_the_site_denies_is_asked_of_the_cdn() {
    let site = Site::start();
    site.on("/3/image/c7EXjJu", refusal(404, "Unable to find"))
        .once();
    let (entries, error) = list_with(options(&site, KEY), "imgur.com/c7EXjJu").await;
    assert!(error.is_none());
    let [Entry::Item(item)] = entries.as_slice() else {
        panic!("{entries:?}")
    };
    let Body::File(request) = &item.body else {
        panic!("{:?}", item.body)
    };
    assert_eq!(request.url.path(), "/c7EXjJu.jpg");
    assert_eq!(request.expect.medium, Some(Medium::Any));
    for page in [no_page(), Reply::html("<title>Imgur</title>")] {
        let site = Site::start();
        site.on("/c7EXjJu", page).once();
        let found = list(&site, None, "imgur.com/c7EXjJu").await;
        assert_eq!(found, ["c7EXjJu.jpg"]);
    }
}

#[tokio::test]
async fn a_refusal_is_no_denial() {
    let site = Site::start();
    site.on("/3/image/c7EXjJu", refusal(403, "Unauthorized"))
        .once();
    site.on("/c7EXjJu", Reply::html("<title>Busy</title>").status(429))
        .once();
    assert_eq!(
        list(&site, KEY, "imgur.com/c7EXjJu").await,
        ["blocked: the site refuses image `c7EXjJu`: the site says \"Unauthorized\""]
    );
    assert_eq!(
        list(&site, None, "imgur.com/c7EXjJu").await,
        ["busy: the site asks us to slow down at image `c7EXjJu`: the site says \"Busy\""]
    );
}

#[tokio::test]
async fn an_id_alone_is_an_album_or_else_an_image() {
    let site = Site::start();
    let album = json!({"id": "q6i58", "images_count": 1, "images": [image("aaaaa")]});
    site.on("/3/album/q6i58", api(album)).once();
    let found = list(&site, KEY, "q6i58").await;
    assert_eq!(found, ["1/1 aaaaa.jpg of q6i58"]);

    site.on("/3/album/c7EXjJu", refusal(404, "Unable to find"))
        .once();
    site.on("/3/image/c7EXjJu", api(image("c7EXjJu"))).once();
    let found = list(&site, KEY, "imgur:c7EXjJu").await;
    assert_eq!(found, ["c7EXjJu.jpg"]);

    site.on("/a/c7EXjJu", no_page()).once();
    site.on("/ajaxalbums/getimages/c7EXjJu/hit.json", no_ajax())
        .once();
    let post =
        json!({"id": "c7EXjJu", "is_album": false, "media": [{"id": "c7EXjJu", "ext": "mp4"}]});
    site.on("/c7EXjJu", page(&post)).once();
    let found = list(&site, None, "c7EXjJu").await;
    assert_eq!(found, ["c7EXjJu.mp4"]);
}

#[tokio::test]
async fn a_file_needs_no_call() {
    let site = Site::start();
    let table = [
        ("i.imgur.com/c7EXjJu.jpeg?1", "c7EXjJu.jpg"),
        ("i.imgur.com/c7EXjJuh.jpg", "c7EXjJu.jpg"),
        ("i.imgur.com/c7EXjJu_d.webp?maxwidth=640", "c7EXjJu.jpg"),
        ("i.imgur.com/c7EXjJu_lq.mp4", "c7EXjJu.mp4"),
        ("i.imgur.com/c7EXjJu.gifv", "c7EXjJu.gif"),
        ("imgur.com/c7EXjJu.png", "c7EXjJu.png"),
        ("imgur:c7EXjJu.png", "c7EXjJu.png"),
    ];
    for (link, expected) in table {
        assert_eq!(list(&site, KEY, link).await, [expected], "{link}");
    }
    let options = Options {
        animated: Animated::Mp4,
        ..options(&site, None)
    };
    let (entries, _) = list_with(options, "i.imgur.com/c7EXjJu.gifv").await;
    assert_eq!(super::line(&entries[0]), "c7EXjJu.mp4");
}

#[tokio::test]
async fn several_ids_are_handed_on_one_by_one() {
    let site = Site::start();
    assert_eq!(
        list(&site, None, "imgur.com/c7EXjJu,Hf6cs").await,
        ["-> https://imgur.com/c7EXjJu", "-> https://imgur.com/Hf6cs"]
    );
}
