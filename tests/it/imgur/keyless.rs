//! Albums and posts without a client id: the page and `ajaxalbums` back each other up.

use serde_json::{Value, json};

use super::{ajax, list, no_ajax, no_page, page};
use crate::support::{Reply, Site};

const AJAX: &str = "/ajaxalbums/getimages/q6i58/hit.json";

/// The post of an album with these images, of so many.
fn post(ids: &[&str], count: u64) -> Value {
    let media: Vec<_> = ids
        .iter()
        .map(|id| json!({"id": id, "ext": "jpeg", "mime_type": "image/jpeg", "type": "image"}))
        .collect();
    json!({"id": "q6i58", "title": "Holiday", "is_album": true, "image_count": count, "media": media})
}

#[tokio::test]
async fn a_whole_page_is_enough() {
    let site = Site::start();
    site.on("/a/q6i58", page(&post(&["aaaaa", "bbbbb"], 2)))
        .once();
    assert_eq!(
        list(&site, None, "imgur.com/a/q6i58").await,
        [
            "1/2 aaaaa.jpg of q6i58 \"Holiday\"",
            "2/2 bbbbb.jpg of q6i58 \"Holiday\"",
        ]
    );
}

#[tokio::test]
async fn ajaxalbums_suffices_if_the_page_is_unusable() {
    let mut other = post(&["zzzzz"], 1);
    other["id"] = "zzzzz".into();
    let pages = [
        no_page(),
        Reply::html("<title>Imgur</title>"),
        Reply::html("<script>window.postDataJSON=\"{\\\"id\\\":\"</script>"),
        Reply::html("<h1>503 Backend fetch failed</h1>").status(503),
        Reply::html("Imgur is temporarily over capacity").status(403),
        Reply::html("Content not available in your region"),
        Reply::raw("no HTTP"),
        page(&other),
    ];
    for page in pages {
        let site = Site::start();
        site.on("/a/q6i58", page).once();
        site.on(AJAX, ajax(&["aaaaa", "bbbbb"])).once();
        assert_eq!(
            list(&site, None, "imgur.com/a/q6i58").await,
            ["1/2 aaaaa.jpg of q6i58", "2/2 bbbbb.jpg of q6i58"]
        );
    }
}

#[tokio::test]
async fn the_more_complete_list_wins_and_the_page_gives_the_title() {
    let site = Site::start();
    site.on("/a/q6i58", page(&post(&["aaaaa"], 3))).once();
    site.on(AJAX, ajax(&["aaaaa", "bbbbb", "ccccc"])).once();
    assert_eq!(
        list(&site, None, "imgur.com/a/q6i58").await,
        [
            "1/3 aaaaa.jpg of q6i58 \"Holiday\"",
            "2/3 bbbbb.jpg of q6i58 \"Holiday\"",
            "3/3 ccccc.jpg of q6i58 \"Holiday\"",
        ]
    );

    let site = Site::start();
    site.on("/a/q6i58", page(&post(&["aaaaa", "bbbbb"], 3)))
        .once();
    site.on(AJAX, ajax(&["aaaaa"])).once();
    assert_eq!(
        list(&site, None, "imgur.com/a/q6i58").await,
        [
            "1/3 aaaaa.jpg of q6i58 \"Holiday\"",
            "2/3 bbbbb.jpg of q6i58 \"Holiday\"",
            "corrupt: the site gave 2 of 3 images of album `q6i58`",
        ]
    );
}

#[tokio::test]
async fn an_empty_album_is_no_failure() {
    let site = Site::start();
    let mut empty = post(&[], 0);
    empty.as_object_mut().unwrap().remove("media");
    site.on("/a/q6i58", page(&empty)).once();
    assert!(list(&site, None, "imgur.com/a/q6i58").await.is_empty());

    let site = Site::start();
    empty.as_object_mut().unwrap().remove("image_count");
    site.on("/a/q6i58", page(&empty)).once();
    site.on(AJAX, no_ajax()).once();
    assert!(list(&site, None, "imgur.com/a/q6i58").await.is_empty());
}

#[tokio::test]
async fn an_empty_page_with_failing_ajaxalbums_is_an_error() {
    let site = Site::start();
    let empty = json!({"id": "q6i58", "title": "Holiday", "is_album": true});
    site.on("/a/q6i58", page(&empty)).once();
    site.on(AJAX, Reply::text("").status(503)).once();
    assert_eq!(
        list(&site, None, "imgur.com/a/q6i58").await,
        ["network: cannot list album `q6i58`: the site answers 503"]
    );
}

#[tokio::test]
async fn an_album_page_may_describe_a_single_image() {
    let site = Site::start();
    let mut single = post(&["q6i58"], 1);
    single["is_album"] = false.into();
    site.on("/a/q6i58", page(&single)).once();
    let found = list(&site, None, "q6i58").await;
    assert_eq!(found, ["q6i58.jpg \"Holiday\""]);

    let site = Site::start();
    let untold = json!({"id": "q6i58", "media": [{"id": "aaaaa", "ext": "png"}]});
    site.on("/a/q6i58", page(&untold)).once();
    site.on(AJAX, no_ajax()).once();
    let found = list(&site, None, "imgur.com/a/q6i58").await;
    assert_eq!(found, ["1/1 aaaaa.png of q6i58"]);
}

#[tokio::test]
async fn an_album_unknown_to_page_and_ajaxalbums_is_missing() {
    let site = Site::start();
    site.on("/a/q6i58", no_page()).once();
    site.on(AJAX, no_ajax()).once();
    site.on("/q6i58", no_page()).once();
    assert_eq!(
        list(&site, None, "imgur.com/a/q6i58").await,
        ["missing: album `q6i58` is not there: the site lists no images of it"]
    );
}

#[tokio::test]
async fn a_refusal_is_reported_if_nothing_else_is_known() {
    let over = || Reply::html("<h1>Imgur is over capacity!</h1>").status(403);
    let broken = || Reply::html("<h1>502 Bad Gateway</h1>").status(502);
    let blocked = "blocked: the site refuses album `q6i58`: the site says \"over capacity\"";
    let table = [
        (over(), no_ajax(), blocked),
        (over(), broken(), blocked),
        (no_page(), over(), blocked),
        (
            Reply::html("Content not available in your region"),
            no_ajax(),
            "blocked: the site refuses album `q6i58`: the site says \"Content not available in your region\"",
        ),
        (
            no_page(),
            broken(),
            "network: cannot list album `q6i58`: the site says \"502 Bad Gateway\"",
        ),
    ];
    for (page, ajax, expected) in table {
        let site = Site::start();
        site.on("/a/q6i58", page).once();
        site.on(AJAX, ajax).once();
        assert_eq!(list(&site, None, "imgur.com/a/q6i58").await, [expected]);
    }
}

#[tokio::test]
async fn a_gallery_post_is_an_album_or_an_image() {
    let site = Site::start();
    site.on("/gallery/q6i58", page(&post(&["aaaaa"], 2))).once();
    site.on(AJAX, ajax(&["aaaaa", "bbbbb"])).once();
    let found = list(&site, None, "imgur.com/gallery/a-slug-q6i58").await;
    assert_eq!(found.len(), 2);
    assert_eq!(found[1], "2/2 bbbbb.jpg of q6i58 \"Holiday\"");

    let site = Site::start();
    let mut single = post(&["q6i58"], 1);
    single["is_album"] = false.into();
    site.on("/gallery/q6i58", page(&single)).once();
    let found = list(&site, None, "imgur.com/gallery/q6i58").await;
    assert_eq!(found, ["q6i58.jpg \"Holiday\""]);
}

#[tokio::test]
async fn a_gallery_post_without_a_page_is_still_found() {
    let site = Site::start();
    site.on("/gallery/q6i58", no_page()).once();
    site.on(AJAX, ajax(&["aaaaa"])).once();
    let found = list(&site, None, "imgur.com/gallery/q6i58").await;
    assert_eq!(found, ["1/1 aaaaa.jpg of q6i58"]);

    let site = Site::start();
    site.on("/gallery/q6i58", no_page()).once();
    site.on(AJAX, no_ajax()).once();
    site.on("/q6i58", no_page()).once();
    site.on("/q6i58.mp4", Reply::empty(404)).once();
    let found = list(&site, None, "imgur.com/gallery/q6i58").await;
    assert_eq!(found[1..], ["q6i58.jpg"]);
}
