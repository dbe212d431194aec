//! Paged listings.

use serde_json::{Value, json};

use super::{api, image, list, list_from, list_into, options, refusal};
use crate::support::{Reply, Site};
use fetch::model::Kind;
use fetch::source::outlet;

const KEY: Option<&str> = Some("a-key");

/// An album as listings have it: with three of its images at the most.
fn album(id: &str) -> Value {
    let images = json!([image("xxxxx"), image("yyyyy"), image("zzzzz")]);
    json!({"id": id, "is_album": true, "images_count": 50, "images": images})
}

#[tokio::test]
async fn a_listing_delegates_albums_and_emits_images() {
    let site = Site::start();
    let mut untold = album("ccccc");
    untold.as_object_mut().unwrap().remove("is_album");
    let first = json!([image("aaaaa"), album("bbbbb"), untold]);
    site.on("/3/account/sarah/submissions/0/newest", api(first))
        .once();
    let second = json!([{"id": "ddddd"}, 7, image("eeeee")]);
    site.on("/3/account/sarah/submissions/1/newest", api(second))
        .once();
    site.on("/3/account/sarah/submissions/2/newest", api(json!([])))
        .once();
    assert_eq!(
        list(&site, KEY, "imgur.com/user/sarah/posts").await,
        [
            "1 aaaaa.jpg of user-sarah",
            "-> https://imgur.com/a/bbbbb",
            "-> https://imgur.com/a/ccccc",
            "# page 0 after 0",
            "-> https://imgur.com/ddddd",
            "2 eeeee.jpg of user-sarah",
            "# page 1 after 1",
            "corrupt: 1 entries of `https://imgur.com/user/sarah/posts` could not be read",
        ]
    );
}

#[tokio::test]
async fn the_highest_page_number_is_the_last() {
    let site = Site::start();
    let last = u32::MAX;
    let path = format!("/3/account/sarah/submissions/{last}/newest");
    site.on(&path, api(json!([image("aaaaa")]))).once();
    let (out, mut entries) = outlet(10);
    let link = "imgur.com/user/sarah/posts";
    list_from(options(&site, KEY), link, Some(last), &out)
        .await
        .unwrap();
    drop(out);
    assert!(entries.recv().await.is_some());
}

#[tokio::test]
async fn every_kind_of_listing_has_its_api_path() {
    let table = [
        (
            "imgur.com/user/sarah",
            "/3/account/sarah/submissions/{}/newest",
            "user-sarah",
        ),
        (
            "sarah.imgur.com",
            "/3/account/sarah/submissions/{}/newest",
            "user-sarah",
        ),
        (
            "imgur.com/user/a%2F..%2Fb",
            "/3/account/a%2F..%2Fb/submissions/{}/newest",
            "user-a/../b",
        ),
        (
            "imgur.com/user/sarah/favorites",
            "/3/account/sarah/gallery_favorites/{}/newest",
            "favorites-sarah",
        ),
        (
            "imgur.com/user/sarah/favorites/folder/12/cats",
            "/3/account/sarah/folders/12/favorites?page={}&sort=newest",
            "favorites-sarah-12",
        ),
        (
            "imgur.com/r/pics",
            "/3/gallery/r/pics/time/all/{}",
            "r-pics",
        ),
        (
            "imgur.com/r/pics/top/week",
            "/3/gallery/r/pics/top/week/{}",
            "r-pics",
        ),
        (
            "imgur.com/t/cats",
            "/3/gallery/t/cats/time/all/{}",
            "tag-cats",
        ),
        (
            "imgur.com/t/cats/viral",
            "/3/gallery/t/cats/viral/all/{}",
            "tag-cats",
        ),
        (
            "imgur.com/search?q=two+cats&x=1",
            "/3/gallery/search/time/all/{}?q=two+cats",
            "search-two cats",
        ),
        (
            "imgur.com/search/score/day?q=cats",
            "/3/gallery/search/top/day/{}?q=cats",
            "search-cats",
        ),
    ];
    for (link, path, id) in table {
        let site = Site::start();
        let items = json!([image("aaaaa")]);
        let first = match link.contains("/t/") {
            true => json!({"name": "cats", "items": items}),
            false => items,
        };
        site.on(&path.replace("{}", "0"), api(first)).once();
        let last = match link.contains("/t/") {
            true => json!({"name": "cats", "items": []}),
            false => json!([]),
        };
        site.on(&path.replace("{}", "1"), api(last)).once();
        assert_eq!(
            list(&site, KEY, link).await,
            [format!("1 aaaaa.jpg of {id}"), "# page 0 after 0".into()],
            "{link}"
        );
    }
}

#[tokio::test]
async fn the_first_page_is_emitted_before_the_second_is_requested() {
    let site = Site::start();
    let path = |page: u32| format!("/3/gallery/r/pics/time/all/{page}");
    let first = ["aaaaa", "bbbbb", "ccccc", "ddddd"].map(image);
    site.on(&path(0), api(json!(first))).once();
    site.on(&path(1), api(json!([image("eeeee")]))).once();
    site.on(&path(2), api(json!([]))).once();
    let (out, mut entries) = outlet(1);
    let options = options(&site, KEY);
    let listing = tokio::spawn(async move { list_into(options, "imgur.com/r/pics", &out).await });
    assert!(entries.recv().await.is_some());
    // One more has room, and a third waits for it: the listing cannot be further yet.
    assert_eq!(site.count(&path(1)), 0);
    let mut count = 1;
    while entries.recv().await.is_some() {
        count += 1;
    }
    // With a checkpoint after each page.
    assert_eq!(count, 7);
    listing.await.unwrap().unwrap();
}

/// What is large is read while the next page is asked for.
#[tokio::test]
async fn large_pages_keep_their_order_up_to_an_empty_one() {
    let site = Site::start();
    let path = |page: u32| format!("/3/gallery/r/pics/time/all/{page}");
    let ids = |page: u32| (0..100).map(move |at| format!("a{page}b{at:03}"));
    for page in 0..4 {
        let images: Vec<Value> = ids(page).map(|id| image(&id)).collect();
        let padded = json!({"items": images, "more": "x".repeat(9000)});
        site.on(&path(page), api(padded)).once();
    }
    let empty = json!({"items": [], "more": "x".repeat(9000)});
    site.on(&path(4), api(empty)).once();
    site.on(&path(5), refusal(404, "Not Found"));
    let listed = list(&site, KEY, "imgur.com/r/pics").await;
    let items = (0..4).flat_map(ids).zip(1..);
    let items: Vec<_> = items
        .map(|(id, number)| format!("{number} {id}.jpg of r-pics"))
        .collect();
    let (places, came): (Vec<_>, Vec<_>) = listed.into_iter().partition(|it| it.starts_with('#'));
    assert_eq!(came, items);
    assert_eq!(places.len(), 4);
    assert!(site.count(&path(5)) <= 1);
}

#[tokio::test]
async fn a_listing_ends_when_nobody_wants_more() {
    let site = Site::start();
    let first = ["aaaaa", "bbbbb", "ccccc", "ddddd"].map(image);
    site.on("/3/gallery/r/pics/time/all/0", api(json!(first)))
        .once();
    let (out, mut entries) = outlet(1);
    let options = options(&site, KEY);
    let listing = tokio::spawn(async move { list_into(options, "imgur.com/r/pics", &out).await });
    assert!(entries.recv().await.is_some());
    drop(entries);
    assert_eq!(listing.await.unwrap().unwrap_err().kind, Kind::Closed);
}

#[tokio::test]
async fn a_repeated_page_ends_the_listing() {
    let site = Site::start();
    let page = || api(json!([image("aaaaa"), album("bbbbb")]));
    site.on("/3/gallery/r/pics/time/all/0", page()).once();
    site.on("/3/gallery/r/pics/time/all/1", page()).once();
    assert_eq!(
        list(&site, KEY, "imgur.com/r/pics").await,
        [
            "1 aaaaa.jpg of r-pics",
            "-> https://imgur.com/a/bbbbb",
            "# page 0 after 0",
            "changed: page 2 of the listing repeats an earlier one",
        ]
    );
}

#[tokio::test]
async fn items_listed_before_a_failure_are_kept() {
    let site = Site::start();
    site.on("/3/gallery/r/pics/time/all/0", api(json!([image("aaaaa")])))
        .once();
    let busy = refusal(429, "Too Many Requests")
        .header("X-RateLimit-UserRemaining", "12")
        .header("X-RateLimit-ClientRemaining", "0")
        .header("X-RateLimit-ClientReset", "86341");
    site.on("/3/gallery/r/pics/time/all/1", busy).once();
    assert_eq!(
        list(&site, KEY, "imgur.com/r/pics").await,
        [
            "1 aaaaa.jpg of r-pics",
            "# page 0 after 0",
            "busy: the site asks us to slow down at `https://imgur.com/r/pics`: the site says \"Too Many Requests\"; \
             the client id's calls for today are used up, try again in 24 h",
        ]
    );
}

#[tokio::test]
async fn a_listing_needs_a_key() {
    let site = Site::start();
    site.on("/*", Reply::text("")).optional();
    for link in [
        "imgur.com/user/sarah",
        "imgur.com/t/cats",
        "imgur.com/search?q=a",
    ] {
        let (out, _entries) = outlet(1);
        let error = list_into(options(&site, None), link, &out)
            .await
            .unwrap_err();
        assert_eq!(error.kind, Kind::Login);
        assert_eq!(
            error.message,
            format!("listing `https://{link}` needs a client id")
        );
        assert_eq!(
            error.hint.as_deref(),
            Some(
                "set `IMGUR_CLIENT_ID`, or `client_id` in `[source.imgur]`, to a client id of yours; Imgur has given out \
                 no new ones since 2025, older ones still work"
            )
        );
    }
    assert!(site.requests().is_empty());
}

#[tokio::test]
async fn private_listings_need_a_login() {
    let site = Site::start();
    assert_eq!(
        list(&site, KEY, "imgur.com/user/me").await,
        ["login: only its owner can see `https://imgur.com/user/me`"]
    );
}
