//! Which attributes name a picture or a video.

use super::cases::{taken, takes};

#[test]
fn full_picture_attributes_are_used() {
    for name in [
        "data-zoom",
        "data-magnify-src",
        "data-big",
        "data-image-large-src",
        "data-highres-src",
        "data-full-size",
        "data-fullurl",
        "data-original-image",
        "data-image-full",
    ] {
        let html = format!("<img src=/t/1.jpg {name}=/f/1x.jpg>");
        assert_eq!(taken(&html), ["/f/1x.jpg"], "{html}");
        // Without a picture extension it may be a page.
        let html = format!("<img src=/t/1.jpg {name}=/f/1x.html>");
        assert_eq!(taken(&html), ["/t/1.jpg"], "{html}");
    }
    for name in [
        "data-thumb-large",
        "data-small",
        "data-origin-thumb",
        "data-hdr",
        "data-bigram",
    ] {
        let html = format!("<img src=/t/1.jpg {name}=/f/1x.jpg>");
        assert_eq!(taken(&html), ["/t/1.jpg"], "{html}");
    }
    // How small one is displayed says nothing about the other.
    takes(&[(
        "<img class=thumb src=/7-small/mug.jpg width=98 height=98 data-image-large-src=/7-large/mug.jpg>",
        &["/7-large/mug.jpg"],
    )]);
}

#[test]
fn an_attribute_that_a_script_makes_the_address_of_names_the_picture() {
    for name in [
        "data-opt-src",
        "data-lazyimg",
        "data-imgsrc",
        "data-url",
        "ci-src",
        "data-deferred-src",
        "data-original-src",
    ] {
        for src in ["src=data:,", "src=/assets/blank.gif", ""] {
            let html = format!("<img {name}=/f/1.jpg {src}>");
            assert_eq!(taken(&html), ["/f/1.jpg"], "{html}");
        }
    }
    takes(&[
        ("<img data-opt-src=/f/2.jpg src=/eco/2x.jpg>", &["/f/2.jpg"]),
        // A present picture is not replaced because of a word.
        ("<img data-share-url=/p/3.jpg src=/3.png>", &["/3.png"]),
        (
            "<img data-src='/4.jpg|/4@2x.jpg' src=data:,>",
            &["/4@2x.jpg"],
        ),
    ]);
}

#[test]
fn a_container_may_name_the_picture_in_full() {
    takes(&[
        (
            "<div data-fancybox data-src=/full/3.jpg><img src=/thumbs/x.jpg></div>",
            &["/full/3.jpg"],
        ),
        (
            "<div class=lg-item data-src=/full/7.jpg data-lg-size=1600-1200><div><a href=''><img src=/thumbs/x.jpg></a></div></div>",
            &["/full/7.jpg"],
        ),
        (
            "<figure data-zoom-image=/full/8.jpg><img src=/thumbs/x.jpg></figure><img src=/9.jpg>",
            &["/full/8.jpg", "/9.jpg"],
        ),
        (
            "<a href='#' data-lightbox=x data-href=/full/6.jpg><img src=/thumbs/x.jpg></a>",
            &["/full/6.jpg"],
        ),
        // A link within leads elsewhere, a script fills it, or it is closed.
        (
            "<div data-fancybox data-src=/full/3.jpg><a href=/5.jpg><img src=/thumbs/x.jpg></a></div>",
            &["/5.jpg"],
        ),
        ("<div data-src=/bg.jpg><img src=/a.jpg></div>", &["/a.jpg"]),
        (
            "<div data-fancybox data-src=/full/3.jpg><div></div></div><img src=/a.jpg>",
            &["/a.jpg"],
        ),
        (
            "<div data-fancybox data-src=/full/3.jpg><img src=/x.jpg><img src=/a.jpg></div>",
            &["/full/3.jpg", "/a.jpg"],
        ),
    ]);
}

#[test]
fn videos_may_be_named_by_an_attribute() {
    takes(&[
        ("<video data-lazy-src=/2.mp4></video>", &["/2.mp4"]),
        ("<video data-video-src=/3.mp4></video>", &["/3.mp4"]),
        (
            "<a href='#' data-video=/6.mp4><img src=/t.jpg></a>",
            &["/6.mp4"],
        ),
        (
            "<a href=/7.jpg data-video='{\"a\":\"b.c\"}'><img src=/t.jpg></a>",
            &["/7.jpg"],
        ),
    ]);
}

#[test]
fn scripts_that_open_a_picture_name_it() {
    takes(&[
        (
            "<a href=\"javascript:pop('/full/3.jpg')\"><img src=/thumb/x.jpg></a>",
            &["/full/3.jpg"],
        ),
        (
            "<a href='#' onclick=\"window.open('/full/4.jpg'); return false\"><img src=/thumb/y.jpg></a>",
            &["/full/4.jpg"],
        ),
        (
            "<a href='#' onclick=\"swap('/b.jpg', '/c.jpg')\"><img src=/thumb/y.jpg></a>",
            &["/thumb/y.jpg"],
        ),
        (
            "<a href='/5.jpg' onclick=\"track('/pixel.gif')\"><img src=/thumb/y.jpg></a>",
            &["/5.jpg"],
        ),
        (
            "<a href=\"javascript:go('/page')\"><img src=/thumb/y.jpg></a>",
            &["/thumb/y.jpg"],
        ),
    ]);
}
