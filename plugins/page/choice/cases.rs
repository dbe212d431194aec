//! Markup as found in practice, and which media are taken from it.

use super::tests::urls;
use super::*;

/// Returns the paths of the media taken.
pub(super) fn taken(html: &str) -> Vec<String> {
    let urls = urls(html, &Options::default()).into_iter();
    urls.map(|url| url.replace("https://x.org", "")).collect()
}

/// Checks for each row which media are taken from its markup.
#[track_caller]
pub(super) fn takes(table: &[(&str, &[&str])]) {
    for (html, expected) in table {
        assert_eq!(taken(html), *expected, "{html}");
    }
}

#[test]
fn content_containers_are_kept_whatever_their_class() {
    let elementor = "<div class='elementor-element elementor-widget elementor-widget-image'>\
        <div class=elementor-widget-container><img src=/a.jpg></div></div>";
    let blogger = "<div class='main section' id=main><div class='widget Blog' id=Blog1><div class='post hentry'>\
        <img src=/a.jpg></div></div></div>";
    let genesis = "<div class=content-sidebar-wrap><main><img src=/a.jpg></main></div>";
    takes(&[
        (elementor, &["/a.jpg"]),
        (blogger, &["/a.jpg"]),
        (genesis, &["/a.jpg"]),
    ]);
    for class in [
        "no-sidebar",
        "has-sidebar",
        "with-related",
        "content-sidebar-wrap",
        "ad-free",
        "menu-closed",
        "nav_open",
    ] {
        let html = format!("<div class='site {class}'><div><img src=/a.jpg></div></div>");
        assert_eq!(taken(&html), ["/a.jpg"], "{html}");
    }
    // Even if it is named like something outside the main content.
    for inner in ["main", "article", "div role=main"] {
        let html = format!("<div class=sidebar-right><{inner}><img src=/a.jpg>");
        assert_eq!(taken(&html), ["/a.jpg"], "{html}");
    }
}

#[test]
fn sidebars_footers_and_related_posts_are_left_out() {
    for class in [
        "sidebar",
        "sidebar-left",
        "left_sidebar",
        "site-footer",
        "related-posts",
        "jp-related",
        "social",
        "comments-area",
        "primary-menu",
        "sidebar__inner",
    ] {
        let html = format!("<main><img src=/a.jpg></main><div class='x {class}'><img src=/b.jpg>");
        assert_eq!(taken(&html), ["/a.jpg"], "{html}");
        let html = format!("<main><img src=/a.jpg><div id={class}><img src=/b.jpg>");
        assert_eq!(taken(&html), ["/a.jpg"], "{html}");
    }
    takes(&[
        // Teasers are articles, too.
        (
            "<article><img src=/a.jpg></article><div class=related><article><img src=/b.jpg>",
            &["/a.jpg"],
        ),
        (
            "<main><img src=/a.jpg><section class=related-posts><article><img src=/b.jpg>",
            &["/a.jpg"],
        ),
        ("<aside><article><img src=/b.jpg></article></aside>", &[]),
        (
            "<img src=/a.jpg><div role=complementary><img src=/b.jpg></div>",
            &["/a.jpg"],
        ),
    ]);
}

#[test]
fn the_original_named_by_a_picture_is_used() {
    takes(&[
        (
            "<img data-orig-file=/cat.png data-medium-file='/cat.png?w=300' data-large-file='/cat.png?w=1024' src='/cat.png?w=768'>",
            &["/cat.png"],
        ),
        (
            "<img data-large-file=/dog-1024x768.png data-orig-file=/dog.png src=/s.png srcset='/dog-2048x1536.png 2048w'>",
            &["/dog.png"],
        ),
        (
            "<img data-full=/full.png data-zoom-src=/zoom.png data-large=/large.png src=/s.png>",
            &["/full.png"],
        ),
    ]);
}

#[test]
fn sources_for_small_or_dark_screens_are_not_used() {
    takes(&[
        (
            "<picture><source media='(max-width: 767px)' srcset=/phone.png><img src=/desk.png></picture>",
            &["/desk.png"],
        ),
        (
            "<picture><source media='(prefers-color-scheme: dark)' srcset='/dark.png 1600w'><img src=/light.png></picture>",
            &["/light.png"],
        ),
        (
            "<picture><source media='(max-width: 480px)' srcset='/p-480.png 1x, /p-960.png 2x'>\
             <source media='(min-width: 1200px)' srcset=/p-1920.png><img src=/p-1200.png></picture>",
            &["/p-1920.png"],
        ),
        (
            "<picture><source media='(min-width: 30em)' srcset=/m.png><source media='(min-width: 1200px)' srcset=/l.png>\
             <source media='(min-width: 600px) and (orientation: portrait)' srcset='/tall.png 3x'><img src=/s.png></picture>",
            &["/l.png"],
        ),
        (
            "<picture><source media='(width <= 600px)' srcset=/s.png><source media='(width >= 601px)' srcset=/l.png>\
             <img src='data:image/gif;base64,xx'></picture>",
            &["/l.png"],
        ),
        // There is nothing else.
        (
            "<picture><source media='(max-width: 600px)' srcset='/a.png 300w, /b.png 600w'></picture>",
            &["/b.png"],
        ),
        (
            "<video><source src=/phone.mp4 media='(max-width: 600px)'><source src=/desk.mp4></video>",
            &["/desk.mp4"],
        ),
    ]);
}

#[test]
fn video_heights_may_be_words() {
    for (lower, higher) in [
        ("SD", "HD"),
        ("1080p", "4K"),
        ("720p60", "1080p"),
        ("Full HD", "2K"),
        ("HD", "FHD"),
        ("1920x1080", "UHD"),
        ("1280x720", "1080p"),
        ("", "360"),
    ] {
        let html = format!(
            "<video><source src=/low.mp4 label='{lower}'><source src=/high.mp4 label='{higher}'></video>"
        );
        assert_eq!(taken(&html), ["/high.mp4"], "{lower} {higher}");
    }
}

#[test]
fn attributes_without_a_url_are_ignored() {
    for said in [
        "data-lazy=true",
        "data-full=1",
        "data-image=123",
        "data-large=false",
        "data-src=''",
        "data-src='#'",
        "data-src='#a.b'",
        "data-image='{\"id\":7.5}'",
        "data-src='/a_{width}x.png'",
        "data-src='{{ photo.url }}'",
        "data-srcset='{{ photo.small }} 400w, {{ photo.large }} 800w'",
    ] {
        let html = format!("<img {said} src=/real.png>");
        assert_eq!(taken(&html), ["/real.png"], "{html}");
    }
    takes(&[
        (
            "<img src=/s_300x300.png data-src='/s_{width}x.png' data-widths='[180, 540, 360]'>",
            &["/s_540x.png"],
        ),
        (
            "<a href=/full.png data-src='#lightbox'><img src=/t.png></a><a href=/other.png data-full=true>x</a>",
            &["/full.png", "/other.png"],
        ),
        (
            "<a href=/page data-src=/big.png><img src=/t.png></a>",
            &["/big.png"],
        ),
    ]);
}

#[test]
fn a_large_picture_is_not_decoration_because_of_one_word() {
    let same: [(&str, &[&str]); 8] = [
        (
            "<img src=/google-pixel-9.png width=1200 height=800>",
            &["/google-pixel-9.png"],
        ),
        ("<img src=/pixel-art-1.png>", &["/pixel-art-1.png"]),
        (
            "<img class=lazy-placeholder src='data:image/gif;base64,xx' data-src=/a.png>",
            &["/a.png"],
        ),
        ("<img class=loading data-src=/a.png>", &["/a.png"]),
        (
            "<img class='banner' src=/hero-banner.jpg width=1600 height=600>",
            &["/hero-banner.jpg"],
        ),
        // A slide of a carousel that is not shown yet.
        (
            "<img style='display: none' src=/a.jpg width=800 height=600>",
            &["/a.jpg"],
        ),
        (
            "<a href=/flag-of-japan.png>Japan</a>",
            &["/flag-of-japan.png"],
        ),
        (
            "<a href=/flag-of-japan.png><img src=/flag-of-japan-40.png></a>",
            &["/flag-of-japan.png"],
        ),
    ];
    takes(&same);
    for chaff in [
        "<img src=/pixel.gif>",
        "<img src=/a/1x1.png>",
        "<img src=/t-pixel.png width=1 height=1>",
        "<img src=/flag-of-japan.png>",
        "<img class=loading src=/a.gif>",
        "<img class=lazy data-src=/placeholder.png>",
        "<img src=/hero-banner.jpg width=1600 height=90>",
        "<img class=ad src=/tall.jpg width=300 height=600>",
        "<img style='display: none' src=/a.jpg>",
        "<a href=/logo.svg>logo</a>",
    ] {
        assert!(taken(chaff).is_empty(), "{chaff}");
    }
}

#[test]
fn numbers_in_names_are_not_always_sizes() {
    for names in [
        ["DSC_1000w.png", "DSC_1001w.png"],
        ["101x102.png", "103x104.png"],
        ["i.png?size=11", "i.png?size=12"],
        ["i.png?s=7", "i.png?s=8"],
    ] {
        let html = names.map(|name| format!("<img src='/{name}'>")).concat();
        let expected = names.map(|name| format!("/{name}"));
        assert_eq!(taken(&html), expected, "{names:?}");
    }
    takes(&[
        (
            "<img src=/400w/a.png><img src=/800w/a.png>",
            &["/800w/a.png"],
        ),
        (
            "<img src='/a.png?w=300'><img src='/a.png?w=600'>",
            &["/a.png?w=600"],
        ),
    ]);
}
