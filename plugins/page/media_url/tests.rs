use super::*;

fn url(text: &str) -> Url {
    Url::parse("https://x.org/").unwrap().join(text).unwrap()
}

#[test]
fn sizes_of_one_picture_are_alike() {
    let same = [
        ("/a/cat-300x200.jpg", "/a/cat.jpg"),
        ("/a/cat.jpg?w=300&q=80", "/a/cat.webp"),
        ("/thumbs/cat.jpg", "/full/cat.jpg"),
        ("/cat_thumb.jpg", "/cat.jpg"),
        ("/800w/cat.jpg", "/1600w/cat.jpg"),
        ("/cat_Thumb-150x150.JPG", "/cat.jpg"),
        ("/440px-Heron.jpg", "/Heron.jpg"),
        ("/p/7/original.jpg", "/p/7/thumb.jpg"),
        (
            "/cat.jpg?resize=300,200&ssl=1",
            "/cat.jpg?size=large&dpr=1.5",
        ),
        ("/cat.jpg?fit=crop&auto=format,compress", "/cat.jpg"),
    ];
    for (one, other) in same {
        assert_eq!(
            size_free_key(&url(one)),
            size_free_key(&url(other)),
            "{one} {other}"
        );
    }
    let others = [
        ("/a/cat-1.jpg", "/a/cat-2.jpg"),
        ("/a/cat.jpg?id=1", "/a/cat.jpg?id=2"),
        ("/a/cat.jpg", "/b/cat.jpg"),
        ("/a/cat.gif", "/a/cat.jpg"),
        ("/i.php?s=1001", "/i.php?s=1002"),
        ("/i.php?s=1001", "/i.php?h=9f3a"),
        ("/a/cat.jpg?h=9f3a", "/a/cat.jpg?h=77b0"),
        ("/a/cat.jpg?crop=9f3a", "/a/cat.jpg?crop=77b0"),
        ("/f/a.jpg", "/f/A.jpg"),
        ("/f/big-cat.jpg", "/f/cat.jpg"),
        ("/f/big-cat.jpg", "/f/small-cat.jpg"),
        ("/f/a_b.jpg", "/f/a-b.jpg"),
        ("/f/fly-40x.jpg", "/f/fly-60x.jpg"),
        ("/40x/fly.jpg", "/60x/fly.jpg"),
        ("/dogs-big/1.jpg", "/dogs-small/1.jpg"),
        ("http://y.org:81/a.jpg", "http://y.org:82/a.jpg"),
    ];
    for (one, other) in others {
        assert_ne!(
            size_free_key(&url(one)),
            size_free_key(&url(other)),
            "{one} {other}"
        );
    }
}

#[test]
fn decoration_is_distinguished_from_content() {
    for unwanted in [
        "/img/logo.png",
        "/icons/home.png",
        "/a/spacer.gif",
        "https://www.facebook.com/tr?id=1",
        "/drawing.svg",
    ] {
        assert!(is_unwanted(&url(unwanted), ""), "{unwanted}");
    }
    assert!(is_unwanted(&url("/u/1.jpg"), "user-avatar"));
    for wanted in ["/a/cat.jpg", "/logorama/film.jpg", "/iconic-places/1.jpg"] {
        assert!(!is_unwanted(&url(wanted), "wp-image-3"), "{wanted}");
    }
}

#[test]
fn proxied_pictures_are_named_after_their_original() {
    let table = [
        ("/cat.jpg?url=/dog.jpg", Some("cat"), Some("jpg")),
        (
            "/_next/image?url=%2Fstatic%2Fcat.jpg&w=640&q=75",
            Some("cat"),
            None,
        ),
        (
            "/resize.php?w=9&src=https%3A%2F%2Fy.org%2Fa%2520b.png%3Fv%3D1",
            Some("a b"),
            None,
        ),
        ("/image?id=7", Some("image"), None),
        ("/download/cat?v=1.5", Some("cat"), None),
        ("/i.php?s=1001", Some("i"), Some("php")),
    ];
    for (text, name, ext) in table {
        let expected = (name.map(str::to_owned), ext.map(str::to_owned));
        assert_eq!(named(&url(text)), expected, "{text}");
    }
}

#[test]
fn streams_are_recognised_by_their_playlist() {
    assert!(is_stream(&url("/a/master.m3u8?x")));
    assert!(!is_stream(&url("/a/mpd")));
}
