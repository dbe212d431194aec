use super::super::{PATIENCE, markup};
use super::*;

pub(super) fn parsed(html: &str) -> ParsedPage {
    markup::read(html, PATIENCE).unwrap()
}

pub(super) fn urls(html: &str, options: &Options) -> Vec<String> {
    let page = Url::parse("https://x.org/a/page.html").unwrap();
    let chosen = choose(&parsed(html), &page, options);
    chosen
        .media
        .into_iter()
        .map(|m| m.url.to_string())
        .collect()
}

#[test]
fn non_web_urls_are_left_out() {
    let html = "<img src='file:///etc/passwd'><img src='javascript:x()'><img src='data:image/gif;base64,xx'>\
        <a href='ftp://x.org/a.jpg'>x</a><img src='blob:1'><img src='http://'><img src='ok.jpg#top'>";
    let all = Options {
        all: true,
        ..Options::default()
    };
    assert_eq!(urls(html, &all), ["https://x.org/a/ok.jpg"]);
}

#[test]
fn a_picture_is_chosen_once_in_its_best_size() {
    let html = "<meta property=og:image content=/p/cat-300x200.jpg>\
        <a href=/p/cat.jpg><img src=/p/cat-150x150.jpg></a><img src=/p/cat-600x400.jpg>\
        <img src=/p/dog.jpg srcset='/p/dog-400.jpg 400w, /p/dog-900.jpg 900w'>";
    let expected = ["https://x.org/p/cat.jpg", "https://x.org/p/dog-900.jpg"];
    assert_eq!(urls(html, &Options::default()), expected);
}

#[test]
fn a_small_picture_stands_for_the_one_that_it_leads_to() {
    // The second link leads to a known medium; its picture is not that of the next one.
    let html = "<a href=/1.jpg><img src=/t/one.jpg></a><a href=/1.jpg><img src=/t/other.jpg></a>\
        <img src=/2.jpg><img src=/t/other.jpg srcset='/t/other.jpg 9000w'>";
    let expected = ["https://x.org/1.jpg", "https://x.org/2.jpg"];
    assert_eq!(urls(html, &Options::default()), expected);
}

#[test]
fn different_pictures_are_all_chosen() {
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
        let parsed = markup::read(&format!("<base href=/{base}/>{images}"), PATIENCE).unwrap();
        let page = Url::parse("https://x.org/a/page.html").unwrap();
        let chosen = within(room, &parsed, &page, &Options::default());
        (chosen.media.len(), chosen.cut)
    };
    assert_eq!(taken(1000, 100), (100, false));
    // A URL that is too long does not count.
    assert_eq!(taken(LONGEST, 100), (100, false));
    let long = LONGEST - 1000;
    let (count, cut) = taken(long, 400);
    assert!(cut && count * long < room + LONGEST, "{count}");
    assert!(count * long > room / 2, "{count}");
}

#[test]
fn all_chooses_everything() {
    let html = "<img src=/logo.png><div style=\"background:url('/bg.jpg')\"></div><video poster=/p.jpg src=/v.mp4></video>";
    assert_eq!(urls(html, &Options::default()), ["https://x.org/v.mp4"]);
    let all = Options {
        all: true,
        ..Options::default()
    };
    assert_eq!(urls(html, &all).len(), 4);
}

#[test]
fn the_largest_of_linked_sizes_is_chosen() {
    let tables: [(&[&str], &[&str]); 10] = [
        (&["w-640x360.jpg", "w-1920x1080.jpg"], &["w-1920x1080.jpg"]),
        (&["w-1920x1080.jpg", "w-640x360.jpg"], &["w-1920x1080.jpg"]),
        (
            &[
                "c_small.jpg",
                "c_medium.jpg",
                "c_large.jpg",
                "c_original.jpg",
            ],
            &["c_original.jpg"],
        ),
        (
            &["small/d.jpg", "original/d.jpg", "large/d.jpg"],
            &["original/d.jpg"],
        ),
        (&["thumb/e.jpg", "e.jpg"], &["e.jpg"]),
        (
            &["e.jpg?size=small", "e.jpg?size=large"],
            &["e.jpg?size=large"],
        ),
        // Nothing shows which of them is larger, and the author meant both to be available.
        (&["f.jpg", "f.png"], &["f.jpg", "f.png"]),
        (
            &["g.jpg", "g-1920x1080.jpg", "g-150x150.jpg"],
            &["g.jpg", "g-1920x1080.jpg"],
        ),
        // The same file under a different address.
        (&["h.jpg", "h.jpg?q=80", "http://x.org/f/h.jpg"], &["h.jpg"]),
        (
            &["i.jpg", "i_thumb.png", "i.png", "i.webp"],
            &["i.jpg", "i.png", "i.webp"],
        ),
    ];
    for (names, expected) in tables {
        let page = |names: &[&str], form: &dyn Fn(&str) -> String| -> Vec<String> {
            let base = "<base href=https://x.org/f/>".to_owned();
            let links = names.iter().map(|name| form(name));
            let html = base + &links.collect::<String>();
            let urls = urls(&html, &Options::default()).into_iter();
            urls.map(|url| url.replace("https://x.org/f/", ""))
                .collect()
        };
        let words = page(names, &|name| format!("<a href='{name}'>{name}</a>"));
        assert_eq!(words, expected, "{names:?}");
        let pictures = page(names, &|name| {
            format!("<a href='{name}'><img src='{name}'></a>")
        });
        assert_eq!(pictures, expected, "{names:?} with pictures");
    }
    let html = "<a href=/w/sea-640x360.jpg><img src=/w/sea-640x360.jpg width=640></a><a href=/w/sea-1920x1080.jpg>Full size</a>";
    let expected = ["https://x.org/w/sea-1920x1080.jpg"];
    assert_eq!(urls(html, &Options::default()), expected);
}

#[test]
fn a_shown_picture_gives_way_to_its_link_unless_larger() {
    let table = [
        (
            "<img src=/a.jpg><a href=/a-1920x1080.jpg>large</a>",
            "/a-1920x1080.jpg",
        ),
        ("<img src=/a.jpg><a href=/a-300x200.jpg>small</a>", "/a.jpg"),
        (
            "<a href=/a-300x200.jpg>small</a><img src=/a-1024x768.jpg>",
            "/a-1024x768.jpg",
        ),
        (
            "<meta property=og:image content=/a.jpg><a href=/a-300x200.jpg>small</a>",
            "/a.jpg",
        ),
        // It stands for what it links to, however little that says about its size.
        (
            "<a href=/1-300x200.jpg><img src=/t/one.jpg></a><img src=/t/one.jpg>",
            "/1-300x200.jpg",
        ),
    ];
    for (html, expected) in table {
        let expected = format!("https://x.org{expected}");
        assert_eq!(urls(html, &Options::default()), [expected], "{html}");
    }
}
