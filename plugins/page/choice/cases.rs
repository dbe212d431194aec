//! Markup as those who make pages write it, and what is taken of it.

use super::tests::urls;
use super::*;

/// The paths of what is taken.
fn taken(html: &str) -> Vec<String> {
    let urls = urls(html, &Options::default()).into_iter();
    urls.map(|url| url.replace("https://x.org", "")).collect()
}

#[track_caller]
fn takes(table: &[(&str, &[&str])]) {
    for (html, expected) in table {
        assert_eq!(taken(html), *expected, "{html}");
    }
}

#[test]
fn of_the_files_that_a_picture_names_the_original_is_taken() {
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
fn what_is_for_small_or_dark_screens_does_not_stand_for_the_picture() {
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
fn how_high_a_film_is_may_be_said_in_a_word() {
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
fn an_attribute_that_holds_no_address_says_nothing_of_the_picture() {
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
