//! One picture under several addresses, which is taken once.

use super::cases::{taken, takes};

#[test]
fn other_sizes_of_a_picture_are_not_separate_pictures() {
    takes(&[
        (
            "<img data-src=/a/pic-800.jpg data-srcset='/a/pic-800.jpg 800w, /a/pic-1600.jpg 1600w'>\
             <noscript><img src=/a/pic-800.jpg></noscript>",
            &["/a/pic-1600.jpg"],
        ),
        (
            "<meta property=og:image content=/static/bbb/hero.jpg><img src=/static/aaa/hero.jpg \
             srcset='/static/aaa/hero.jpg 640w, /static/bbb/hero.jpg 1200w, /static/ccc/hero.jpg 2400w'>",
            &["/static/ccc/hero.jpg"],
        ),
        (
            "<img srcset='/a/DSC.jpg?format=300w 300w, /a/DSC.jpg?format=2500w 2500w'><noscript><img src=/a/DSC.jpg></noscript>",
            &["/a/DSC.jpg?format=2500w"],
        ),
        // A placeholder that a script replaces may stand for any picture, so it may be one itself.
        (
            "<img src=/a.jpg data-src=/b.jpg><img src=/a.jpg>",
            &["/b.jpg", "/a.jpg"],
        ),
        // A picture present on its own is kept, whatever names it later.
        (
            "<img src=/1.jpg><img src=/2.jpg srcset='/1.jpg 1x, /2.jpg 2x'>",
            &["/1.jpg", "/2.jpg"],
        ),
    ]);
}

#[test]
fn cache_busting_queries_are_not_separate_pictures() {
    takes(&[
        (
            "<meta property=og:image content=https://www.x.org/i/a.jpg><meta name=twitter:image content='/i/a.jpg?v=2'><img src=/i/a.jpg>",
            &["/i/a.jpg"],
        ),
        (
            "<img src='/i/a.jpg?itok=b1'><img src='/i/a.jpg?_=7'><img src='/i/a.jpg?ver=6.1'>",
            &["/i/a.jpg?itok=b1"],
        ),
        (
            "<a href=/i/a.jpg>a</a><a href=https://www.x.org/i/a.jpg>a</a>",
            &["/i/a.jpg"],
        ),
        // Elsewhere, such a parameter may select the picture.
        (
            "<img src='/view?v=1'><img src='/view?v=2'>",
            &["/view?v=1", "/view?v=2"],
        ),
        (
            "<img src='/i/a.jpg?id=1'><img src='/i/a.jpg?id=2'>",
            &["/i/a.jpg?id=1", "/i/a.jpg?id=2"],
        ),
    ]);
}

#[test]
fn preview_crops_are_not_separate_pictures() {
    let cdn = "https://cdn.example";
    for (told, shown) in [
        (
            "/v2/resize:fit:1200/1*heroAbC.jpeg",
            "/v2/resize:fit:1400/format:webp/1*heroAbC.jpeg",
        ),
        (
            "/w=1000,h=500/https%3A%2F%2Fs3.example%2Fup%2Fharbour12.png",
            "/w=1000,h=420/https%3A%2F%2Fs3.example%2Fup%2Fharbour12.png",
        ),
        (
            "/x/Ann.png/revision/latest/scale-to-width-down/1200",
            "/x/Ann.png/revision/latest",
        ),
        (
            "/styles/social_share/public/2024-05/a.jpg?itok=aaa",
            "/styles/wide/public/2024-05/a.jpg?itok=bbb",
        ),
    ] {
        let html = format!(
            "<meta property=og:image content='{cdn}{told}'><img src='{cdn}{shown}'><img src=/b.jpg>"
        );
        let expected = [format!("{cdn}{shown}"), "/b.jpg".to_owned()];
        assert_eq!(taken(&html), expected, "{html}");
    }
}

#[test]
fn preview_crops_of_srcset_pictures_are_not_separate() {
    let widths = "/v2/640/1*heroA.jpeg 640w, /v2/1400/1*heroA.jpeg 1400w";
    let html =
        format!("<meta property=og:image content=/v2/1200/1*heroA.jpeg><img srcset='{widths}'>");
    assert_eq!(taken(&html), ["/v2/1400/1*heroA.jpeg"]);
}

#[test]
fn what_a_page_is_told_by_is_another_picture_unless_its_name_says_which() {
    takes(&[
        (
            "<meta property=og:image content=/og/cover.jpg><img src=/2024/cover.jpg>",
            &["/og/cover.jpg", "/2024/cover.jpg"],
        ),
        (
            "<meta property=og:image content=/og/featured-image.jpg><img src=/2024/featured-image.jpg>",
            &["/og/featured-image.jpg", "/2024/featured-image.jpg"],
        ),
        (
            "<meta property=og:image content=/og/1.jpg><img src=/2024/1.jpg>",
            &["/og/1.jpg", "/2024/1.jpg"],
        ),
        // A teaser shows it small.
        (
            "<meta property=og:image content=/full/harbour-7.jpg><img src=/x/harbour-7-150x150.jpg>",
            &["/full/harbour-7.jpg", "/x/harbour-7-150x150.jpg"],
        ),
        (
            "<meta property=og:image content=/full/harbour-7.jpg><img src=/cache/9/harbour-7.jpg width=150>",
            &["/full/harbour-7.jpg", "/cache/9/harbour-7.jpg"],
        ),
        // A picture shown on the page is never removed.
        (
            "<img src=/2023/DSC_1234.jpg><img src=/2024/DSC_1234.jpg>",
            &["/2023/DSC_1234.jpg", "/2024/DSC_1234.jpg"],
        ),
    ]);
}

#[test]
fn folders_that_say_a_size_at_hosts_that_write_them_so() {
    takes(&[
        (
            "<meta property=og:image content=/content/images/2024/05/hero.jpg><img src=/content/images/size/w2000/2024/05/hero.jpg>",
            &["/content/images/2024/05/hero.jpg"],
        ),
        (
            "<meta property=og:image content=https://blogger.googleusercontent.com/img/b/R2/AV/w1200-h630-p-k-no-nu/a.jpg>\
             <a href=https://blogger.googleusercontent.com/img/b/R2/AV/s4032/a.jpg><img src=https://blogger.googleusercontent.com/img/b/R2/AV/w640-h480/a.jpg></a>",
            &["https://blogger.googleusercontent.com/img/b/R2/AV/s4032/a.jpg"],
        ),
        // Elsewhere, they may be anything.
        (
            "<img src=/w2000/1.jpg><img src=/w2001/1.jpg><img src=/s1/1.jpg><img src=/s2/1.jpg>",
            &["/w2000/1.jpg", "/w2001/1.jpg", "/s1/1.jpg", "/s2/1.jpg"],
        ),
    ]);
}
