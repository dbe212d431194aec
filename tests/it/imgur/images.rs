//! Single images, and ids of which nothing says what they are.

use serde_json::json;

use super::{api, image, list, list_with, no_ajax, no_page, options, page, refusal};
use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};
use fetch::model::{Body, Entry, Kind, Medium};
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
async fn an_image_unknown_to_the_api_is_requested_from_the_cdn() {
    let site = Site::start();
    site.on("/3/image/c7EXjJu", refusal(404, "Unable to find"))
        .once();
    site.on("/c7EXjJu.mp4", Reply::empty(404)).once();
    let (entries, error) = list_with(options(&site, KEY), "imgur.com/c7EXjJu").await;
    assert!(error.is_none());
    let [Entry::Note(note), Entry::Item(item)] = entries.as_slice() else {
        panic!("{entries:?}")
    };
    let Body::File(request) = &item.body else {
        panic!("{:?}", item.body)
    };
    assert!(note.contains("no data on image `c7EXjJu`"), "{note}");
    assert_eq!(request.url.path(), "/c7EXjJu.jpg");
    assert_eq!(request.expect.medium, Some(Medium::Any));
    for page in [no_page(), Reply::html("<title>Imgur</title>")] {
        let site = Site::start();
        site.on("/c7EXjJu", page).once();
        site.on("/c7EXjJu.mp4", Reply::redirect("/removed.png"))
            .once();
        let found = list(&site, None, "imgur.com/c7EXjJu").await;
        assert_eq!(found[1..], ["c7EXjJu.jpg"]);
    }
}

#[tokio::test]
async fn an_image_found_instead_of_a_deleted_album_gets_a_warning() {
    for link in ["imgur:c7EXjJu", "imgur.com/gallery/c7EXjJu"] {
        let site = Site::start();
        for path in ["album", "gallery/album", "gallery", "image"] {
            let gone = refusal(404, "Unable to find");
            site.on(&format!("/3/{path}/c7EXjJu"), gone).optional();
        }
        site.on("/c7EXjJu.mp4", Reply::empty(404)).once();
        let (entries, error) = list_with(options(&site, KEY), link).await;
        assert!(error.is_none(), "{error:?}");
        let [Entry::Warning(warning), Entry::Item(_)] = entries.as_slice() else {
            panic!("{entries:?}")
        };
        let expected = "there is no album or post `c7EXjJu`: using the picture with that id, which may be unrelated";
        assert_eq!(&**warning, expected);
    }
}

/// Where a link leads to, and what is asked if there is nothing.
async fn places(options: Options, link: &str) -> Vec<String> {
    let (entries, error) = list_with(options, link).await;
    assert!(error.is_none(), "{error:?}");
    let Some(Entry::Item(item)) = entries.last() else {
        panic!("{entries:?}")
    };
    let request = item.body.request().unwrap();
    let places = [&request.url].into_iter().chain(&request.mirrors);
    places.map(|url| url.path().to_owned()).collect()
}

#[tokio::test]
async fn a_video_unknown_to_the_api_is_not_saved_as_a_still() {
    let still = || Reply::file(small(Format::Jpeg, 1)).content_type("image/jpeg");
    let gif = || Reply::file(small(Format::Gif, 1)).content_type("image/gif");
    let film = || Reply::file(small(Format::Mp4, 1));
    for (animated, called_gif, expected) in [
        (Animated::Original, gif(), &["/c7EXjJu.gif"][..]),
        (Animated::Original, still(), &["/c7EXjJu.mp4"]),
        (Animated::Original, Reply::empty(404), &["/c7EXjJu.mp4"]),
        (
            Animated::Original,
            Reply::empty(429),
            &["/c7EXjJu.gif", "/c7EXjJu.mp4"],
        ),
        (Animated::Mp4, still(), &["/c7EXjJu.mp4"]),
    ] {
        let site = Site::start();
        site.on("/c7EXjJu", Reply::html("<title>Imgur</title>"));
        site.on("/c7EXjJu.mp4", film()).optional();
        site.on("/c7EXjJu.gif", called_gif).optional();
        for link in ["imgur.com/c7EXjJu", "i.imgur.com/c7EXjJu.gifv"] {
            let options = Options {
                animated,
                ..options(&site, None)
            };
            assert_eq!(places(options, link).await, expected, "{link}");
        }
    }
    // Who may not ask does not know.
    let site = Site::start();
    site.on("/c7EXjJu", no_page());
    site.on("/c7EXjJu.mp4", Reply::empty(403));
    let (entries, error) = list_with(options(&site, None), "imgur.com/c7EXjJu").await;
    assert_eq!(entries.len(), 0);
    assert_eq!(error.unwrap().kind, Kind::Blocked);
}

#[test]
fn a_video_upload_is_not_saved_as_a_gif() {
    let site = Site::start();
    site.on("/c7EXjJu.gif", Reply::empty(404));
    let film = small(Format::Mp4, 1);
    site.on("/c7EXjJu.mp4", Reply::file(film.clone()));
    let fetch = Fetch::new().args(["-S", &format!("source.imgur.cdn={}", site.url(""))]);
    let fetch = fetch.arg("https://i.imgur.com/c7EXjJu.gifv");
    fetch.run().success();
    assert_eq!(fetch.files(), [("c7EXjJu.mp4".to_owned(), film)].into());
}

#[tokio::test]
async fn a_refusal_does_not_mean_that_an_image_is_missing() {
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
async fn an_album_link_may_lead_to_a_single_image() {
    for key in [KEY, None] {
        let site = Site::start();
        let media = json!([{"id": "c7EXjJu", "ext": "png"}]);
        let post = json!({"id": "c7EXjJu", "is_album": false, "media": media});
        let gone = refusal(404, "Unable to find");
        site.on("/3/album/c7EXjJu", gone).optional();
        site.on("/3/image/c7EXjJu", api(image("c7EXjJu")))
            .optional();
        site.on("/a/c7EXjJu", no_page()).optional();
        site.on("/ajaxalbums/getimages/c7EXjJu/hit.json", no_ajax())
            .optional();
        site.on("/c7EXjJu", page(&post)).optional();
        let (entries, error) = list_with(options(&site, key), "imgur.com/a/c7EXjJu").await;
        assert!(error.is_none(), "{error:?}");
        let [Entry::Warning(warning), Entry::Item(item)] = entries.as_slice() else {
            panic!("{entries:?}")
        };
        let expected =
            "there is no album `c7EXjJu`: using the image with that id, which may be unrelated";
        assert_eq!((&**warning, &*item.key), (expected, "c7EXjJu"));
    }
}

#[tokio::test]
async fn pages_are_read_once_the_api_calls_are_used_up() {
    let used_up = || {
        refusal(429, "User request limit exceeded")
            .header("x-ratelimit-clientremaining", "0")
            .header("x-ratelimit-clientreset", "86400")
    };
    let media = json!([{"id": "c7EXjJu", "ext": "png"}]);
    for (call, path, link) in [
        ("/3/album/q6i58", "/a/q6i58", "imgur.com/a/q6i58"),
        (
            "/3/gallery/q6i58",
            "/gallery/q6i58",
            "imgur.com/gallery/q6i58",
        ),
        ("/3/image/q6i58", "/q6i58", "imgur.com/q6i58"),
    ] {
        let site = Site::start();
        site.on(call, used_up());
        let post = json!({"id": "q6i58", "is_album": false, "media": media});
        site.on(path, page(&post)).once();
        let (entries, error) = list_with(options(&site, KEY), link).await;
        assert!(error.is_none(), "{error:?}");
        let Some(Entry::Item(item)) = entries.last() else {
            panic!("{entries:?}")
        };
        assert_eq!(item.key, "c7EXjJu", "{link}");
        // Where they are of no help, the limit is what is told.
        let site = Site::start();
        site.on(call, used_up());
        site.on(path, Reply::html("<title>Busy</title>").status(403))
            .once();
        let ajax = "/ajaxalbums/getimages/q6i58/hit.json";
        site.on(ajax, Reply::empty(403)).optional();
        let (_, error) = list_with(options(&site, KEY), link).await;
        let error = error.unwrap();
        assert!(error.message.contains("User request limit"), "{error}");
    }
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
async fn a_direct_image_link_needs_no_api_call() {
    let site = Site::start();
    let table = [
        ("i.imgur.com/c7EXjJu.jpeg?1", "c7EXjJu.jpg"),
        ("i.imgur.com/c7EXjJuh.jpg", "c7EXjJu.jpg"),
        ("i.imgur.com/c7EXjJu_d.webp?maxwidth=640", "c7EXjJu.jpg"),
        ("i.imgur.com/c7EXjJu_lq.mp4", "c7EXjJu.mp4"),
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
async fn several_ids_are_delegated_one_by_one() {
    let site = Site::start();
    assert_eq!(
        list(&site, None, "imgur.com/c7EXjJu,Hf6cs").await,
        ["-> https://imgur.com/c7EXjJu", "-> https://imgur.com/Hf6cs"]
    );
}
