//! One picture under several addresses, which is taken once.

use super::cases::takes;

#[test]
fn what_a_picture_names_as_its_other_sizes_is_no_other_picture() {
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
        // What a script puts another in the place of may stand for any picture, and so it may be one.
        (
            "<img src=/a.jpg data-src=/b.jpg><img src=/a.jpg>",
            &["/b.jpg", "/a.jpg"],
        ),
        // What is there on its own comes, whoever names it later.
        (
            "<img src=/1.jpg><img src=/2.jpg srcset='/1.jpg 1x, /2.jpg 2x'>",
            &["/1.jpg", "/2.jpg"],
        ),
    ]);
}

#[test]
fn what_only_passes_a_cache_by_is_no_other_picture() {
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
        // Elsewhere, such a name may say which one.
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
