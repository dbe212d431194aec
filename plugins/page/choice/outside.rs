//! Other articles and products shown outside the main content, with the class names of themes and shops.

use super::super::{PATIENCE, markup};
use super::cases::{taken, takes};
use super::*;

#[test]
fn suggestions_and_teasers_are_recognised_by_name() {
    for other in [
        "<product-recommendations><img src=/b.jpg></product-recommendations>",
        "<x-list class=related-products><img src=/b.jpg></x-list>",
        "<ul><li class=related-item><img src=/b.jpg></ul>",
        "<table><tr><td class=sidebar><img src=/b.jpg></table>",
        "<table class=ads><tr><td><img src=/b.jpg></table>",
        "<details class=related><img src=/b.jpg></details>",
        "<section class='up-sells upsells products'><img src=/b.jpg></section>",
        "<div class=cross-sells><img src=/b.jpg></div>",
        "<div class=product__recommendations-list><img src=/b.jpg></div>",
        "<div class=jp-relatedposts-items><img src=/b.jpg></div>",
        "<div id=taboola-below-article><img src=/b.jpg></div>",
        "<div class=OUTBRAIN><img src=/b.jpg></div>",
        "<section class=you-may-also-like><img src=/b.jpg></section>",
        "<div class=post-navigation><img src=/b.jpg></div>",
        "<div class=gh-article-author-image><img src=/b.jpg></div>",
        "<div class=author-bio><img src=/b.jpg></div>",
    ] {
        let html = format!("<main><img src=/a.jpg>{other}<p><img src=/c.jpg>");
        assert_eq!(taken(&html), ["/a.jpg", "/c.jpg"], "{html}");
    }
}

#[test]
fn similar_sounding_class_names_are_kept() {
    for class in [
        "recommendation-letter",
        "sells",
        "up-to-date",
        "recent",
        "posts",
        "author",
        "like-button-off",
        "read",
        "next-generation",
    ] {
        let html = format!("<main><div class='{class}'><img src=/a.jpg>");
        assert_eq!(taken(&html), ["/a.jpg"], "{html}");
    }
    takes(&[
        // Tags and categories of a post describe its content.
        (
            "<ul><li class='product product_cat-menu tag-related category-ads'><img src=/a.jpg></ul>",
            &["/a.jpg"],
        ),
        (
            "<ul><li class=menu-item><img src=/a.jpg><li class=share><img src=/b.jpg></ul>",
            &["/a.jpg", "/b.jpg"],
        ),
        ("<app-root><photo-page><img src=/a.jpg>", &["/a.jpg"]),
        (
            "<app-sidebar-layout><app-content><img src=/a.jpg>",
            &["/a.jpg"],
        ),
        (
            "<side-menu><main><img src=/a.jpg></main></side-menu>",
            &["/a.jpg"],
        ),
    ]);
}

#[test]
fn list_items_and_cells_end_at_the_next_one() {
    takes(&[
        (
            "<ul><li class=related><img src=/b.jpg><li><img src=/a.jpg></ul>",
            &["/a.jpg"],
        ),
        (
            "<ul><li><ul><li class=related><img src=/b.jpg></ul><img src=/a.jpg><li><img src=/c.jpg></ul>",
            &["/a.jpg", "/c.jpg"],
        ),
        (
            "<table><tr><td class=sidebar><img src=/b.jpg><td><img src=/a.jpg><tr><td><img src=/c.jpg></table>",
            &["/a.jpg", "/c.jpg"],
        ),
        (
            "<table><tr><td class=sidebar><table><tr><td><img src=/b.jpg></table><img src=/d.jpg><tr><td><img src=/a.jpg></table>",
            &["/a.jpg"],
        ),
    ]);
}

#[test]
fn related_posts_are_distinguished_from_listings() {
    for class in [
        "recent-posts",
        "popular-posts",
        "more-posts",
        "read-next",
        "latest-articles",
    ] {
        let posts = format!("<div class={class}><a href=/p><img src=/b.jpg></a></div>");
        let listing = format!("<main><img src=/a.jpg>{posts}</main>");
        assert_eq!(taken(&listing), ["/a.jpg", "/b.jpg"], "{class}");
        let within = format!("<main><article><img src=/a.jpg>{posts}</article></main>");
        assert_eq!(taken(&within), ["/a.jpg"], "{class}");
        let single = format!("<body class='post single-post'>{listing}");
        assert_eq!(taken(&single), ["/a.jpg"], "{class}");
        let told = format!("<meta property=og:type content=article>{listing}");
        assert_eq!(taken(&told), ["/a.jpg"], "{class}");
    }
}

#[test]
fn the_articles_behind_that_of_the_page_are_teasers() {
    let card = |name: &str| {
        format!("<article class=card><a href=/news/{name}><img src=/{name}.jpg></a></article>")
    };
    let matter = "<main><article><img src=/a.jpg><a href=/big/a2><img src=/a2.jpg></a><article><a href=/u><img src=/r.jpg></a></article></article>";
    let of = |head: &str, matter: &str| {
        let rest = "<article><a href=/full.jpg><img src=/t.jpg></a><img src=/d.jpg></article>";
        taken(&format!("{head}{matter}{}{}{rest}", card("b"), card("c")))
    };
    let kind = "<meta property=og:type content=article>";
    let own = "<link rel=canonical href=https://x.org/a/page.html>";
    let left = ["/a.jpg", "/a2.jpg", "/r.jpg", "/full.jpg", "/d.jpg"];
    assert_eq!(of(&format!("{kind}{own}"), matter), left);
    assert_eq!(of("<body class='home single'>", matter), left);
    // A listing, or a page that may be one.
    for head in ["", kind, "<body class=single-column>"] {
        assert_eq!(of(head, matter).len(), 7, "{head}");
    }
    // A page that declares itself an article but only has cards.
    let cards = of(&format!("{kind}{own}"), &card("a"));
    assert_eq!(cards, ["/a.jpg", "/b.jpg", "/c.jpg", "/full.jpg", "/d.jpg"]);
    takes(&[(
        "<body class='wp single single-post'><main><img src=/a.jpg><ul><li class=wp-block-post><a href=/p><img src=/b.jpg></a></ul>",
        &["/a.jpg"],
    )]);
}

#[test]
fn tracking_pixels_and_ads_are_not_pictures() {
    for url in [
        "https://bat.bing.com/action/0?ti=1",
        "https://mc.yandex.ru/watch/1",
        "https://px.ads.linkedin.com/collect/?pid=1",
        "https://pixel.wp.com/b.gif",
        "https://www.paypalobjects.com/en_US/i/btn/btn_donate_LG.gif",
        "https://licensebuttons.net/l/by/4.0/88x31.png",
    ] {
        assert!(taken(&format!("<img src='{url}'>")).is_empty(), "{url}");
    }
    let like_them = ["https://bing.com/a.jpg", "https://disk.yandex.ru/a.jpg"];
    for url in like_them {
        assert_eq!(taken(&format!("<img src='{url}'>")), [url]);
    }
}

#[test]
fn a_play_button_shows_the_videos_poster() {
    let film = "<template><video poster=/p.jpg><source src=/v.mp4></video></template>";
    let html = |film: &str| format!("<button><img src=/p.jpg width=900 height=900></button>{film}");
    assert_eq!(taken(&html(film)), ["/v.mp4"]);
    assert_eq!(taken(&html("<video poster=/p.jpg></video>")), ["/p.jpg"]);
    assert_eq!(
        taken(&html("<video poster=/q.jpg src=/v.mp4></video>")),
        ["/p.jpg", "/v.mp4"]
    );
    // Shown by itself, it is meant to be seen.
    assert_eq!(
        taken(&format!("<img src=/p.jpg>{film}")),
        ["/p.jpg", "/v.mp4"]
    );
}

#[test]
fn a_long_base_makes_neither_teasers_nor_posters_dear() {
    let matter = "<img src=/a.jpg><article></article>";
    let card = "<article><a href=/b><img src=/b.jpg></a></article>";
    let page = |length: usize| {
        let base = "b".repeat(length);
        let head = format!("<base href=/{base}/><body class=single>{matter}{card}");
        taken(&head).len()
    };
    assert_eq!(page(10), 1);
    assert_eq!(page(10_000), 2);
    let posters = |count: usize| {
        let films = (0..count).map(|n| format!("<video poster=/{n}.jpg src=/{n}.mp4></video>"));
        let parsed = markup::read(&films.collect::<String>(), PATIENCE).unwrap();
        super::posters(&parsed, &Url::parse("https://x.org/").unwrap()).len()
    };
    assert_eq!(posters(3), 3);
    assert_eq!(posters(100), PLAYERS);
}
