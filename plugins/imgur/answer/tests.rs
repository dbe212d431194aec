//! Responses in every format, and odd ones.

use serde_json::json;

use super::*;

/// The same image in the three formats.
fn dialects() -> [Value; 3] {
    [
        json!({
            "id": "c7EXjJu", "title": "Roses &amp; rain ", "description": null, "datetime": 1_400_000_000,
            "type": "image/jpeg", "animated": false, "width": 640, "height": 480, "size": 1234,
            "account_url": "sarah", "link": "http://i.imgur.com/c7EXjJu.jpeg?1"
        }),
        json!({
            "id": "c7EXjJu", "mime_type": "image/jpeg", "type": "image", "ext": "jpeg",
            "url": "https://i.imgur.com/c7EXjJu.jpeg", "width": 640, "height": 480, "size": 1234,
            "account": {"username": "sarah"}, "created_at": "2014-05-13T16:53:20Z",
            "metadata": {"title": "Roses & rain", "description": "", "is_animated": false}
        }),
        json!({
            "hash": "c7EXjJu", "title": "Roses & rain", "description": "", "ext": ".jpg?1", "width": 640,
            "height": 480, "size": 1234, "animated": false, "datetime": "2014-05-13 16:53:20",
            "account_url": "sarah"
        }),
    ]
}

#[test]
fn reads_the_same_image_in_every_dialect() {
    let [first, second, third] = dialects().map(|value| {
        let mut image = Image::read(&value).unwrap();
        image.extra.clear();
        image
    });
    assert_eq!(first.ext, "jpg");
    assert_eq!(first.title.as_deref(), Some("Roses & rain"));
    assert_eq!(first.date.unwrap().to_string(), "2014-05-13T16:53:20Z");
    assert_eq!(first, second);
    assert_eq!(first, third);
}

#[test]
fn parsing_keeps_every_field_in_use() {
    let more = json!({
        "views": 7, "nsfw": true, "has_sound": false, "animated": true, "mp4": "", "mp4_size": 9,
        "metadata": {"title": "within", "description": "it", "is_animated": true}, "in_gallery": true
    });
    let images = dialects().map(|mut image| {
        let fields = more.as_object().unwrap().clone();
        let known = image.as_object_mut().unwrap();
        fields.into_iter().for_each(|(name, value)| {
            known.entry(name).or_insert(value);
        });
        image
    });
    let counts = ["images_count", "image_count", "count"];
    let albums = counts.map(|count| json!({"images": images, count: 5, "account_url": "sarah"}));
    let others = [
        json!({"media": images, "title": "three", "description": "of them"}),
        json!({"media": [images[0]], "is_album": false, "title": "one", "description": "alone"}),
    ];
    for answer in images.iter().chain(&albums).chain(&others) {
        let read = super::super::json::read(answer.to_string().as_bytes()).unwrap();
        assert_eq!(Post::read(&read, "abcde"), Post::read(answer, "abcde"));
    }
}

#[test]
fn the_original_is_used_whatever_the_link_field_says() {
    let table = [
        (
            json!({"link": "http://i.imgur.com/c7EXjJu.gif", "type": "image/gif"}),
            Some("gif"),
        ),
        (
            json!({"link": "http://i.imgur.com/c7EXjJuh.gif", "type": "image/gif"}),
            Some("gif"),
        ),
        (
            json!({"link": "http://i.imgur.com/c7EXjJu.mp4", "type": "image/gif"}),
            Some("gif"),
        ),
        (
            json!({"link": "http://i.imgur.com/c7EXjJu.gifv"}),
            Some("gif"),
        ),
        (
            json!({"link": "http://i.imgur.com/c7EXjJu.mp4", "type": "video/mp4"}),
            Some("mp4"),
        ),
        (
            json!({"link": "http://i.imgur.com/c7EXjJu.PNG#x"}),
            Some("png"),
        ),
        (
            json!({"link": "http://evil.example/../c7EXjJu.jpeg?1"}),
            Some("jpg"),
        ),
        (json!({"ext": ".jpg?1"}), Some("jpg")),
        (json!({"ext": "../../x"}), None),
        (json!({"link": "http://i.imgur.com/c7EXjJu"}), None),
        (json!({"link": null, "ext": 7}), None),
        (json!({}), None),
    ];
    for (mut value, expected) in table {
        value["id"] = "c7EXjJu".into();
        let found = Image::read(&value).map(|image| image.ext);
        assert_eq!(found.as_deref(), expected, "{value}");
    }
}

#[test]
fn wants_an_id_that_can_stand_in_a_url() {
    for id in [
        json!("../etc"),
        json!("a/b"),
        json!(""),
        json!("a".repeat(17)),
        json!(7),
        json!(null),
    ] {
        assert_eq!(Image::read(&json!({"id": id, "ext": "jpg"})), None, "{id}");
    }
}

#[test]
fn no_other_field_fails_an_image() {
    let odd = [
        json!(null),
        json!(true),
        json!(-7),
        json!(1.5),
        json!(1e300),
        json!("text"),
        json!(""),
        json!([]),
        json!({"a": 1}),
        json!(u64::MAX),
    ];
    let [whole, media, ajax] = dialects();
    for (value, needed) in [
        (whole, ["id", "link"]),
        (media, ["id", "ext"]),
        (ajax, ["hash", "ext"]),
    ] {
        let fields: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        for field in fields
            .iter()
            .filter(|field| !needed.contains(&field.as_str()))
        {
            for odd in &odd {
                let mut value = value.clone();
                value[field] = odd.clone();
                assert!(Image::read(&value).is_some(), "{field}: {odd}");
            }
            let mut value = value.clone();
            value.as_object_mut().unwrap().remove(field);
            assert!(Image::read(&value).is_some(), "{field} is missing");
        }
    }
}

#[test]
fn reads_numbers_and_truths_in_any_form() {
    let read = |size: Value, animated: Value| {
        let value = json!({"id": "a", "ext": "gif", "size": size, "mp4_size": "595876", "animated": animated});
        let image = Image::read(&value).unwrap();
        (image.size, image.mp4_size, image.is_animated)
    };
    assert_eq!(
        read(json!("12"), json!("1")),
        (Some(12), Some(595_876), true)
    );
    assert_eq!(
        read(json!(12.0), json!(0)),
        (Some(12), Some(595_876), false)
    );
    assert_eq!(read(json!(0), json!(null)), (None, Some(595_876), false));
    assert_eq!(read(json!(-1), json!({})), (None, Some(595_876), false));
}

#[test]
fn tells_albums_from_single_images() {
    let image = json!({"id": "abcde", "ext": "jpg"});
    let table = [
        (json!({"images": [image, image], "title": " "}), true, 2),
        (json!({"images": [image], "images_count": 1}), true, 1),
        (json!({"images_count": 0, "images": null}), true, 0),
        (json!({"is_album": true}), true, 0),
        (json!({"is_album": true, "media": [image]}), true, 1),
        (
            json!({"is_album": false, "media": [image], "image_count": 1}),
            false,
            1,
        ),
        (
            json!({"is_album": false, "id": "abcde", "link": "http://x/abcde.png"}),
            false,
            1,
        ),
        (
            json!({"id": "abcde", "link": "http://x/abcde.png"}),
            false,
            1,
        ),
    ];
    for (value, is_album, count) in table {
        let post = Post::read(&value, "fghij");
        assert_eq!(
            (post.is_album, post.images.len()),
            (is_album, count),
            "{value}"
        );
        assert_eq!(post.title, None);
    }
}

#[test]
fn a_broken_image_keeps_its_place() {
    let value =
        json!({"images": [{"id": "a", "ext": "jpg"}, {"id": "b"}, 7, {"id": "c", "ext": "png"}]});
    let post = Post::read(&value, "fghij");
    let ids: Vec<_> = post
        .images
        .iter()
        .map(|image| image.as_ref().map(|image| image.id.as_str()))
        .collect();
    assert_eq!(ids, [Some("a"), None, None, Some("c")]);
}

#[test]
fn a_single_image_has_the_title_of_its_post() {
    let value = json!({
        "is_album": false, "title": "post", "description": "words", "account": {"username": "sarah"},
        "media": [{"id": "abcde", "ext": "jpeg", "metadata": {"title": ""}}]
    });
    let post = Post::read(&value, "abcde");
    let image = post.images[0].as_ref().unwrap();
    assert_eq!(image.title.as_deref(), Some("post"));
    assert_eq!(image.description.as_deref(), Some("words"));
    assert_eq!(image.author.as_deref(), Some("sarah"));
}
