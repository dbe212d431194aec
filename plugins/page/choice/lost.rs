//! Pictures that must not be lost because of a word in a name.

use super::cases::{taken, takes};
use super::tests::parsed;
use super::*;

fn chosen(html: &str) -> Chosen {
    let page = Url::parse("https://x.org/a/page.html").unwrap();
    choose(&parsed(html), &page, &Options::default())
}

#[test]
fn a_list_of_sizes_tells_that_a_picture_is_large() {
    let flag = "<img src=/u/red-flag-1024x683.jpg srcset='/u/red-flag-1024x683.jpg 1024w, /u/red-flag.jpg 2000w'>";
    assert_eq!(taken(flag), ["/u/red-flag.jpg"]);
    for chaff in [
        "<img src=/u/red-flag.jpg srcset='/u/red-flag-16.jpg 16w, /u/red-flag-64.jpg 64w'>",
        // It is displayed small, however large it is available.
        "<img width=300 height=100 src=/banner.png srcset='/banner.png 300w, /banner-1200.png 1200w'>",
        // Logos are available in many sizes, and often without a displayed size.
        "<img src=/logo.png srcset='/logo-p-500.png 500w, /logo.png 1200w'>",
        "<img class=site-logo src=/x.png srcset='/x-p-500.png 500w, /x.png 1200w'>",
        "<img class=avatar src=/x.png srcset='/x-p-500.png 500w, /x.png 1200w'>",
    ] {
        assert!(taken(chaff).is_empty(), "{chaff}");
    }
}

#[test]
fn pictures_left_out_for_a_word_are_counted() {
    let counted = |html: &str| chosen(html).omitted.by_name;
    let shop = "<main><img src=/images/banner-stand-1.jpg><img src=/img/button-up.jpg class=product>\
        <img src=/up/icon-of-st-george.jpg><img src=/badges/eagle.jpg>";
    assert_eq!(counted(shop), 4);
    let none = "<img src=/a.jpg><img src=/logo.svg><img src=/spacer.gif width=1 height=1><img src=/flag.png width=16>\
        <img src=https://www.facebook.com/tr?id=1><img style='display:none' src=/icon.jpg>\
        <img src=/banner.jpg width=468 height=60><img src=/logo.png><img class=avatar src=/u.png><img src=/avatars/2.png>\
        <aside><img src=/icon-2.jpg></aside><img src=/flag-2.jpg><img src=/flag-2.jpg width=800 height=600>";
    assert_eq!(counted(none), 0);
}

#[test]
fn an_aside_within_the_matter_may_hold_some_of_it() {
    takes(&[
        (
            "<main><aside role=region class=portable-infobox><a href=/A1.png><img src=/A1.png width=268 height=400></a></aside></main>",
            &["/A1.png"],
        ),
        (
            "<article><aside class=gallery><figure><img src=/1.jpg></figure></aside><img src=/2.jpg></article>",
            &["/1.jpg", "/2.jpg"],
        ),
        (
            "<article><img src=/1.jpg><aside><a href=/up/2.jpg><img src=/up/2-150x150.jpg></a></aside></article>",
            &["/1.jpg", "/up/2.jpg"],
        ),
    ]);
    for outside in [
        "<aside><figure><img src=/b.jpg></figure></aside>",
        "<aside class=infobox><img src=/b.jpg></aside>",
        "<aside><a href=/b.jpg><img src=/b-150x150.jpg></a></aside>",
        "<article><aside><img src=/b.jpg></aside></article>",
        "<article><aside><a href=/next><figure><img src=/b.jpg></figure></a></aside></article>",
        "<article><aside class=related><figure><img src=/b.jpg></figure></aside></article>",
        "<article><aside class=newsletter-signup><figure><img src=/b.jpg></figure></aside></article>",
        "<article><aside class=author-box><figure><img src=/b.jpg></figure></aside></article>",
        "<article><nav><figure><img src=/b.jpg></figure></nav></article>",
        "<article><aside><a href=/x.jpg><img src=/b.jpg></a></aside></article>",
        "<article><aside><nav><figure><img src=/b.jpg></figure></nav></aside></article>",
    ] {
        let html = format!("<main><img src=/a.jpg></main>{outside}");
        assert_eq!(taken(&html), ["/a.jpg"], "{html}");
    }
}

#[test]
fn a_name_with_a_number_within_is_that_of_one_among_many() {
    takes(&[(
        "<div id=msg_1_footer class=attachments><img src=/a.jpg></div>",
        &["/a.jpg"],
    )]);
    for id in ["footer-1", "footer_1_left", "site_footer", "sidebar-2"] {
        let html = format!("<img src=/a.jpg><div id={id}><img src=/b.jpg></div>");
        assert_eq!(taken(&html), ["/a.jpg"], "{html}");
    }
}
