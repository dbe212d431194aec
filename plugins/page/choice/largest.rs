//! Which of the files that an element names for one picture is taken.

use super::cases::{taken, takes};

#[test]
fn a_picture_wider_than_its_srcset_is_the_original() {
    takes(&[
        (
            "<img src=/images/wide.jpg width=4000 height=3000 srcset='/images/size/w600/wide.jpg 600w, /images/size/w2400/wide.jpg 2400w'>",
            &["/images/wide.jpg"],
        ),
        (
            "<img src=/a.jpg width=1024 height=683 srcset='/b.jpg 300w, /c.jpg 2048w'>",
            &["/c.jpg"],
        ),
        // It is one of the candidates, whose width is declared.
        (
            "<img src=/b.jpg width=4000 srcset='/b.jpg 300w, /c.jpg 2048w'>",
            &["/c.jpg"],
        ),
        (
            "<img src=/wait.jpg data-src=/b.jpg width=4000 srcset='/b.jpg 300w, /c.jpg 2048w'>",
            &["/c.jpg"],
        ),
        (
            "<img src=/t-150x150.jpg width=4000 srcset='/b.jpg 300w, /c.jpg 2048w'>",
            &["/c.jpg"],
        ),
        (
            "<meta property=og:image content=/up/IMG_1-scaled.jpg><img src=/up/IMG_1-1024x683.jpg srcset='/up/IMG_1-2048x1365.jpg 2048w'>",
            &["/up/IMG_1-scaled.jpg"],
        ),
    ]);
}

#[test]
fn optimised_copies_do_not_replace_the_picture() {
    takes(&[
        (
            "<picture><source srcset=/u/b.jpg.webp type=image/webp><img src=/u/b.jpg></picture>",
            &["/u/b.jpg"],
        ),
        (
            "<picture><source srcset=/webp/u/b.webp type=image/webp><img src=/u/b.jpg></picture>",
            &["/u/b.jpg"],
        ),
        // These are different pictures, or a script sets the address.
        (
            "<picture><source srcset=/u/c.webp type=image/webp><img src=/u/wait.jpg></picture>",
            &["/u/c.webp"],
        ),
        (
            "<picture><source srcset='/u/b-2000.webp 2000w' type=image/webp><img src=/u/b.jpg></picture>",
            &["/u/b-2000.webp"],
        ),
        (
            "<picture><source srcset=/u/b.webp type=image/webp><img src=/u/b.jpg data-src=/u/c.jpg></picture>",
            &["/u/b.webp"],
        ),
    ]);
}

#[test]
fn invalid_srcsets_are_ignored() {
    takes(&[(
        "<img src='/i/my pic.jpg' srcset='/i/my pic.jpg 300w, /i/my pic2.jpg 600w'>",
        &["/i/my%20pic.jpg"],
    )]);
}

#[test]
fn a_name_that_ends_in_th_is_that_of_a_small_one() {
    takes(&[
        (
            "<img src=/cat-th.jpg><img src=/cat.jpg><img src=/dog.th.jpg><img src=/dog.jpg>",
            &["/cat.jpg", "/dog.jpg"],
        ),
        // Thailand.
        (
            "<img src=/th/a.jpg><img src=/a.jpg>",
            &["/th/a.jpg", "/a.jpg"],
        ),
    ]);
}

#[test]
fn wix_names_the_original_in_the_address_of_what_it_made_of_it() {
    let wix = "https://static.wixstatic.com/media";
    let html = format!(
        "<img width=980 height=653 src={wix}/1_a~mv2.jpg/v1/fill/w_147,h_98,blur_2,enc_avif/1_a~mv2.jpg>"
    );
    assert_eq!(taken(&html), [format!("{wix}/1_a~mv2.jpg")]);
    let other = "https://x.example/media/1.jpg/v1/fill/w_147/1.jpg";
    assert_eq!(taken(&format!("<img src={other}>")), [other]);
}
