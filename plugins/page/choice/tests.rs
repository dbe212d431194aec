use super::super::{PATIENCE, markup};
use super::*;

fn urls(html: &str, options: &Options) -> Vec<String> {
    let sheet = markup::read(html, PATIENCE).unwrap();
    let page = Url::parse("https://x.org/a/page.html").unwrap();
    let chosen = choose(&sheet, &page, options);
    chosen
        .media
        .into_iter()
        .map(|m| m.url.to_string())
        .collect()
}

#[test]
fn what_is_no_web_is_left_out() {
    let html = "<img src='file:///etc/passwd'><img src='javascript:x()'><img src='data:image/gif;base64,xx'>\
        <a href='ftp://x.org/a.jpg'>x</a><img src='blob:1'><img src='http://'><img src='ok.jpg#top'>";
    let all = Options {
        all: true,
        ..Options::default()
    };
    assert_eq!(urls(html, &all), ["https://x.org/a/ok.jpg"]);
}

#[test]
fn one_picture_comes_once_in_its_best_size() {
    let html = "<meta property=og:image content=/p/cat-300x200.jpg>\
        <a href=/p/cat.jpg><img src=/p/cat-150x150.jpg></a><img src=/p/cat-600x400.jpg>\
        <img src=/p/dog.jpg srcset='/p/dog-400.jpg 400w, /p/dog-900.jpg 900w'>";
    let expected = ["https://x.org/p/cat.jpg", "https://x.org/p/dog-900.jpg"];
    assert_eq!(urls(html, &Options::default()), expected);
}

#[test]
fn a_small_picture_stands_for_the_one_that_it_leads_to() {
    // The second link leads to what is known already; its picture is not that of what comes after it.
    let html = "<a href=/1.jpg><img src=/t/one.jpg></a><a href=/1.jpg><img src=/t/other.jpg></a>\
        <img src=/2.jpg><img src=/t/other.jpg srcset='/t/other.jpg 9000w'>";
    let expected = ["https://x.org/1.jpg", "https://x.org/2.jpg"];
    assert_eq!(urls(html, &Options::default()), expected);
}

#[test]
fn different_pictures_are_all_taken() {
    let names = [
        "/i.php?s=1001",
        "/i.php?s=1002",
        "/i.php?h=9f3a",
        "/f/a.jpg",
        "/f/A.jpg",
        "/f/big-cat.jpg",
        "/f/cat.jpg",
    ];
    let html = names.map(|name| format!("<img src='{name}'>")).concat();
    let expected = names.map(|name| format!("https://x.org{name}"));
    assert_eq!(urls(&html, &Options::default()), expected);
}

#[test]
fn a_long_base_does_not_make_a_page_large() {
    let room = 1 << 20;
    let taken = |length: usize, count: usize| {
        let base = "b".repeat(length);
        let images: String = (0..count).map(|n| format!("<img src={n}>")).collect();
        let sheet = markup::read(&format!("<base href=/{base}/>{images}"), PATIENCE).unwrap();
        let page = Url::parse("https://x.org/a/page.html").unwrap();
        let chosen = within(room, &sheet, &page, &Options::default());
        (chosen.media.len(), chosen.cut)
    };
    assert_eq!(taken(1000, 100), (100, false));
    // One that is too long is none.
    assert_eq!(taken(LONGEST, 100), (100, false));
    let long = LONGEST - 1000;
    let (count, cut) = taken(long, 400);
    assert!(cut && count * long < room + LONGEST, "{count}");
    assert!(count * long > room / 2, "{count}");
}

#[test]
fn everything_can_be_had() {
    let html = "<img src=/logo.png><div style=\"background:url('/bg.jpg')\"></div><video poster=/p.jpg src=/v.mp4></video>";
    assert_eq!(urls(html, &Options::default()), ["https://x.org/v.mp4"]);
    let all = Options {
        all: true,
        ..Options::default()
    };
    assert_eq!(urls(html, &all).len(), 4);
}
