//! Albums by API v3.

use serde_json::json;

use super::{api, image, list, list_with, options, refusal};
use crate::support::Site;
use crate::support::imgur::{CLIENT_ID, FakeImgur, Image};
use crate::support::media::Format;
use fetch::model::{Body, Entry, Item, Medium};
use fetch::net::Secret;
use fetch::plugins::imgur::{Animated, Options};

const KEY: Option<&str> = Some("a-key");

#[tokio::test]
async fn an_album_takes_one_call() {
    let site = Site::start();
    let gif = json!({
        "id": "Bbbbb", "title": "Rain &amp; sun\n", "type": "image/gif", "animated": true, "size": 26_000_000,
        "mp4_size": "595876", "link": "http://i.imgur.com/Bbbbbh.gif"
    });
    let film = json!({"id": "Ccccc", "type": "video/mp4", "link": "https://i.imgur.com/Ccccc.mp4"});
    let jpeg = json!({"id": "ddddddd", "link": "https://i.imgur.com/ddddddd.jpeg?1", "title": 7});
    let album = json!({
        "id": "q6i58", "title": " Holiday ", "images_count": 4, "images": [image("aaaaa"), gif, film, jpeg]
    });
    site.on("/3/album/q6i58", api(album)).once();
    assert_eq!(
        list(&site, KEY, "https://imgur.com/a/a-slug-q6i58/layout/grid#3").await,
        [
            "1/4 aaaaa.jpg of q6i58 \"Holiday\"",
            "2/4 Bbbbb.gif \"Rain & sun\" of q6i58 \"Holiday\"",
            "3/4 Ccccc.mp4 of q6i58 \"Holiday\"",
            "4/4 ddddddd.jpg of q6i58 \"Holiday\"",
        ]
    );
}

#[tokio::test]
async fn images_missing_from_an_album_response_are_requested_once() {
    let site = Site::start();
    let given =
        json!({"id": "q6i58", "title": null, "images_count": 3, "images": [image("aaaaa")]});
    site.on("/3/album/q6i58", api(given)).once();
    let all = json!([image("aaaaa"), image("bbbbb"), image("ccccc")]);
    site.on("/3/album/q6i58/images", api(all)).once();
    assert_eq!(
        list(&site, KEY, "imgur.com/a/q6i58").await,
        [
            "1/3 aaaaa.jpg of q6i58",
            "2/3 bbbbb.jpg of q6i58",
            "3/3 ccccc.jpg of q6i58",
        ]
    );
}

#[tokio::test]
async fn images_that_stay_missing_are_an_error_after_the_others() {
    for second in [api(json!([image("aaaaa")])), refusal(500, "Could not")] {
        let site = Site::start();
        let given = json!({"id": "q6i58", "images_count": 3, "images": [image("aaaaa")]});
        site.on("/3/album/q6i58", api(given)).once();
        site.on("/3/album/q6i58/images", second).once();
        assert_eq!(
            list(&site, KEY, "imgur.com/a/q6i58").await,
            [
                "1/3 aaaaa.jpg of q6i58",
                "corrupt: the site gave 1 of 3 images of album `q6i58`",
            ]
        );
    }
}

#[tokio::test]
async fn an_invalid_image_does_not_affect_the_others() {
    let site = Site::start();
    let images = json!([image("aaaaa"), {"id": "../etc", "link": "x"}, 7, image("ddddd")]);
    let album = json!({"id": "q6i58", "images_count": 4, "images": images});
    site.on("/3/album/q6i58", api(album)).once();
    site.on("/3/album/q6i58/images", api(images)).once();
    assert_eq!(
        list(&site, KEY, "imgur.com/a/q6i58").await,
        [
            "1/4 aaaaa.jpg of q6i58",
            "4/4 ddddd.jpg of q6i58",
            "corrupt: 2 of 4 images of album `q6i58` could not be read",
        ]
    );
}

#[tokio::test]
async fn an_empty_album_is_no_failure() {
    let site = Site::start();
    let album = json!({"id": "q6i58", "images_count": 0, "images": null});
    site.on("/3/album/q6i58", api(album)).once();
    assert!(list(&site, KEY, "imgur.com/a/q6i58").await.is_empty());
}

#[tokio::test]
async fn an_album_that_is_gone_is_missing() {
    let site = Site::start();
    let gone = refusal(404, "Unable to find an album with the id, q6i58");
    site.on("/3/album/q6i58", gone.clone()).once();
    site.on("/3/image/q6i58", gone).once();
    assert_eq!(
        list(&site, KEY, "imgur.com/a/q6i58").await,
        [
            "missing: album `q6i58` is not there: the site says \"Unable to find an album with the id, q6i58\""
        ]
    );
}

#[tokio::test]
async fn an_answer_of_another_shape_is_corrupt() {
    let site = Site::start();
    site.on("/3/album/q6i58", api(json!([1, 2]))).once();
    assert_eq!(
        list(&site, KEY, "imgur.com/a/q6i58").await,
        ["corrupt: cannot read the response about album `q6i58`: `data` is not an object"]
    );
}

#[tokio::test]
async fn a_gallery_post_is_an_album_or_an_image() {
    let site = Site::start();
    let album = json!({
        "id": "Vk3PKQc", "is_album": true, "title": "Post", "images_count": 4, "images": [image("aaaaa")]
    });
    site.on("/3/gallery/Vk3PKQc", api(album)).once();
    let all = json!([
        image("aaaaa"),
        image("bbbbb"),
        image("ccccc"),
        image("ddddd")
    ]);
    site.on("/3/album/Vk3PKQc/images", api(all)).once();
    let found = list(&site, KEY, "imgur.com/t/cats/a-slug-Vk3PKQc").await;
    assert_eq!(found.len(), 4);
    assert_eq!(found[3], "4/4 ddddd.jpg of Vk3PKQc \"Post\"");

    let mut single = image("Hf6cs");
    single["is_album"] = false.into();
    single["title"] = "A bridge".into();
    site.on("/3/gallery/Hf6cs", api(single)).once();
    let found = list(&site, KEY, "imgur.com/gallery/Hf6cs").await;
    assert_eq!(found, ["Hf6cs.jpg \"A bridge\""]);
}

#[tokio::test]
async fn a_post_missing_from_the_gallery_is_looked_up_as_album_and_image() {
    let site = Site::start();
    let gone = || refusal(404, "Unable to find");
    site.on("/3/gallery/aaaaa", gone()).once();
    let album = json!({"id": "aaaaa", "images_count": 1, "images": [image("bbbbb")]});
    site.on("/3/album/aaaaa", api(album)).once();
    let found = list(&site, KEY, "imgur.com/gallery/aaaaa").await;
    assert_eq!(found, ["1/1 bbbbb.jpg of aaaaa"]);

    site.on("/3/gallery/ccccc", gone()).once();
    site.on("/3/album/ccccc", gone()).once();
    site.on("/3/image/ccccc", api(image("ccccc"))).once();
    let found = list(&site, KEY, "imgur.com/r/pics/ccccc").await;
    assert_eq!(found, ["ccccc.jpg"]);
}

/// The items, without what only one of the ways tells.
fn items(entries: Vec<Entry>) -> Vec<Item> {
    let item = |entry| match entry {
        Entry::Item(mut item) => {
            item.meta.extra.clear();
            *item
        }
        other => panic!("{other:?}"),
    };
    entries.into_iter().map(item).collect()
}

#[tokio::test]
async fn an_album_is_the_same_with_and_without_a_key() {
    let imgur = FakeImgur::start();
    let images = vec![
        Image::new("aaaaaaa", Format::Jpeg).title("It's \"one\" \\ two é😀"),
        Image::new("bbbbb", Format::Gif).thumbnail_link(),
        Image::new("ccccc", Format::Png),
        Image::new("ddddd", Format::Mp4).title("  "),
    ];
    imgur.album("q6i58", "Title's \"end\"\n", images);
    imgur.image(Image::new("eeeee", Format::Png).title("Alone"));
    let options = |client_id: Option<&str>| Options {
        client_id: client_id.map(Secret::new),
        api: imgur.api.url(""),
        site: imgur.site.url(""),
        cdn: imgur.cdn.url(""),
        ..Options::default()
    };
    for link in [
        "https://imgur.com/a/q6i58",
        "https://imgur.com/gallery/q6i58",
        "q6i58",
        "https://imgur.com/aaaaaaa",
        "https://imgur.com/gallery/eeeee",
        "eeeee",
    ] {
        let (keyed, error) = list_with(options(Some(CLIENT_ID)), link).await;
        assert!(error.is_none(), "{link}: {error:?}");
        let (keyless, error) = list_with(options(None), link).await;
        assert!(error.is_none(), "{link}: {error:?}");
        let (keyed, keyless) = (items(keyed), items(keyless));
        assert_eq!(keyed, keyless, "{link}");
        let count = if link.contains("q6i58") { 4 } else { 1 };
        assert_eq!(keyed.len(), count, "{link}");
    }
}

#[tokio::test]
async fn a_video_can_replace_an_animated_gif() {
    let site = Site::start();
    let gif = json!({
        "id": "bbbbb", "type": "image/gif", "animated": true, "size": 26_000_000, "mp4_size": "595876",
        "link": "http://i.imgur.com/bbbbbh.gif"
    });
    let album = json!({"id": "q6i58", "images_count": 1, "images": [gif]});
    site.on("/3/album/q6i58", api(album));
    let original = (Animated::Original, "/bbbbb.gif", 26_000_000, Medium::Image);
    let film = (Animated::Mp4, "/bbbbb.mp4", 595_876, Medium::Video);
    for (animated, path, size, medium) in [original, film] {
        let options = Options {
            animated,
            ..options(&site, KEY)
        };
        let (entries, _) = list_with(options, "imgur.com/a/q6i58").await;
        let Body::File(request) = &items(entries)[0].body else {
            panic!("no file")
        };
        assert_eq!(request.url.path(), path);
        assert_eq!(request.expect.size, Some(size));
        assert_eq!(request.expect.medium, Some(medium));
    }
}

#[tokio::test]
async fn a_hostile_api_response_cannot_change_hosts() {
    let site = Site::start();
    let image = json!({"id": "aaaaa", "link": "http://evil.example/x/../aaaaa.png?x=/#y"});
    let album =
        json!({"id": "../../x", "images_count": 1, "images": [image], "title": "../\u{1b}[31m"});
    site.on("/3/album/q6i58", api(album)).once();
    let (entries, error) = list_with(options(&site, KEY), "imgur.com/a/q6i58").await;
    assert!(error.is_none());
    let item = &items(entries)[0];
    assert_eq!(item.meta.album.as_ref().unwrap().id, "q6i58");
    let Body::File(request) = &item.body else {
        panic!("no file")
    };
    assert_eq!(request.url.as_str(), site.url("/aaaaa.png"));
}

#[tokio::test]
async fn an_invalid_key_is_not_displayed() {
    let site = Site::start();
    let found = list(&site, Some("a\nkey"), "imgur.com/a/q6i58").await;
    assert_eq!(
        found,
        ["config: the value for the header `authorization` cannot be sent"]
    );
}
