//! Link formats, and what they are parsed into.

use std::collections::BTreeSet;

use fetch::model::Link;
use fetch::source::{Registry, Source, check};

use super::super::{Imgur, Options};
use super::*;

/// Every link format, the route that matches it, and what it is parsed into.
const TABLE: &[(&str, &str, &str)] = &[
    // Ids alone.
    ("q6i58", "id", "bare q6i58"),
    ("imgur:q6i58", "id", "bare q6i58"),
    ("imgur:a/q6i58", "id", "album q6i58"),
    ("imgur:gallery/a-slug-Vk3PKQc", "id", "post Vk3PKQc"),
    ("imgur:c7EXjJu.png", "id", "file c7EXjJu.png"),
    ("imgur:about", "id", "site page"),
    ("imgur:", "id", "site page"),
    ("imgur:../../etc", "id", "image etc"),
    ("imgur:https://example.org/a", "id", "site page"),
    ("imgur:https://imgur.com/a/q6i58", "id", "album q6i58"),
    (
        "imgur:https://i.imgur.com/c7EXjJu.png",
        "id",
        "file c7EXjJu.png",
    ),
    // Albums.
    ("https://imgur.com/a/q6i58", "album", "album q6i58"),
    ("http://imgur.com/a/q6i58/", "album", "album q6i58"),
    ("//imgur.com/a/q6i58", "album", "album q6i58"),
    ("imgur.com/a/q6i58", "album", "album q6i58"),
    ("www.imgur.com/a/q6i58", "album", "album q6i58"),
    ("m.imgur.com/a/q6i58", "album", "album q6i58"),
    ("IMGUR.COM/a/q6i58", "album", "album q6i58"),
    ("imgur.io/a/q6i58", "album", "album q6i58"),
    ("i.imgur.com/a/q6i58", "album", "album q6i58"),
    ("sarah.imgur.com/a/q6i58", "subdomain", "album q6i58"),
    ("imgur.com/a/some-words-DJDphyX", "album", "album DJDphyX"),
    ("imgur.com/a/ends-in-album-q6i58", "album", "album q6i58"),
    ("imgur.com/a/q6i58#4", "album", "album q6i58"),
    ("imgur.com/a/q6i58?gallery#4", "album", "album q6i58"),
    (
        "imgur.com/a/q6i58?third_party=1#_=_",
        "album",
        "album q6i58",
    ),
    ("imgur.com/a/q6i58?grid", "album", "album q6i58"),
    ("imgur.com/a/q6i58/all", "album", "album q6i58"),
    ("imgur.com/a/q6i58/layout/grid", "album", "album q6i58"),
    (
        "imgur.com/a/q6i58/layout/horizontal",
        "album",
        "album q6i58",
    ),
    ("imgur.com/a/q6i58/layout/blog", "album", "album q6i58"),
    ("imgur.com/a/q6i58/noscript", "album", "album q6i58"),
    ("imgur.com/a/q6i58/embed?pub=true", "album", "album q6i58"),
    ("imgur.com/a/q6i58/new", "album", "album q6i58"),
    ("imgur.com/a/q6i58/zip", "album", "album q6i58"),
    ("imgur.com/a/no%2Fid", "album", "site page"),
    ("imgur.com/a/", "image", "site page"),
    // Posts whose link does not say whether they are albums.
    ("imgur.com/gallery/Vk3PKQc", "post", "post Vk3PKQc"),
    ("imgur.com/gallery/a-slug-Vk3PKQc", "post", "post Vk3PKQc"),
    ("imgur.com/gallery/Vk3PKQc/new", "post", "post Vk3PKQc"),
    ("i.imgur.com/gallery/Vk3PKQc", "post", "post Vk3PKQc"),
    ("imgur.com/gallery/hot/viral", "post", "site page"),
    ("imgur.com/t/cats/Vk3PKQc", "tag", "post Vk3PKQc"),
    ("imgur.com/t/cats/a-slug-Vk3PKQc", "tag", "post Vk3PKQc"),
    ("imgur.com/topic/Aww/ll5Vk", "post", "post ll5Vk"),
    ("imgur.com/r/pics/Hf6cs", "subreddit", "post Hf6cs"),
    // Images.
    ("imgur.com/c7EXjJu", "image", "image c7EXjJu"),
    ("imgur.com/c7EXjJu/", "image", "image c7EXjJu"),
    ("m.imgur.com/c7EXjJu?x=1#y", "image", "image c7EXjJu"),
    ("i.imgur.com/c7EXjJu", "file", "image c7EXjJu"),
    ("imgur.io/c7EXjJu", "image", "image c7EXjJu"),
    ("imgur.com/a-slug-c7EXjJu", "image", "image c7EXjJu"),
    ("imgur.com/a-slug-about-c7EXjJu", "image", "image c7EXjJu"),
    ("imgur.com/Hf6cs", "image", "image Hf6cs"),
    ("imgur.com/Hf6csh", "image", "image Hf6csh"),
    ("imgur.com/21yMxCSh", "image", "image 21yMxCSh"),
    ("imgur.com/x1Y", "image", "image x1Y"),
    ("imgur.com/download/c7EXjJu", "image", "image c7EXjJu"),
    (
        "imgur.com/download/c7EXjJu/a%20title",
        "image",
        "image c7EXjJu",
    ),
    (
        "imgur.com/c7EXjJu,Hf6cs,x1Y",
        "image",
        "images c7EXjJu Hf6cs x1Y",
    ),
    ("imgur.com/c7EXjJu,../etc", "page", "site page"),
    // Files.
    ("imgur.com/c7EXjJu.png", "image", "file c7EXjJu.png"),
    ("i.imgur.com/c7EXjJu.png", "file", "file c7EXjJu.png"),
    ("i.imgur.io/c7EXjJu.png", "file", "file c7EXjJu.png"),
    (
        "https://i.imgur.com/c7EXjJu.JPEG?1",
        "file",
        "file c7EXjJu.jpg",
    ),
    ("i.imgur.com/c7EXjJu.jpg?fb", "file", "file c7EXjJu.jpg"),
    ("i.imgur.com/c7EXjJu.jpg?play", "file", "file c7EXjJu.jpg"),
    (
        "i.imgur.com/c7EXjJu.jpg?noredirect",
        "file",
        "file c7EXjJu.jpg",
    ),
    ("i.imgur.com/c7EXjJu.gifv", "file", "file c7EXjJu.gifv"),
    ("i.imgur.com/c7EXjJu_lq.mp4", "file", "file c7EXjJu.mp4"),
    ("i.imgur.com/pYxmrvg.gifv", "file", "file pYxmrvg.gifv"),
    ("i.imgur.com/c7EXjJus.jpg", "file", "file c7EXjJu.jpg"),
    ("i.imgur.com/c7EXjJub.jpg", "file", "file c7EXjJu.jpg"),
    ("i.imgur.com/c7EXjJut.jpg", "file", "file c7EXjJu.jpg"),
    ("i.imgur.com/c7EXjJum.jpg", "file", "file c7EXjJu.jpg"),
    ("i.imgur.com/c7EXjJul.jpg", "file", "file c7EXjJu.jpg"),
    ("i.imgur.com/c7EXjJuh.jpg", "file", "file c7EXjJu.jpg"),
    ("i.imgur.com/c7EXjJug.jpg", "file", "file c7EXjJu.jpg"),
    ("i.imgur.com/c7EXjJur.jpg", "file", "file c7EXjJu.jpg"),
    ("i.imgur.com/c7EXjJuh.gif", "file", "file c7EXjJu.gif"),
    ("i.imgur.com/Hf6csm.jpg", "file", "file Hf6cs.jpg"),
    ("i.imgur.com/Hf6cs.jpg", "file", "file Hf6cs.jpg"),
    ("i.imgur.com/mOqejNs.jpg", "file", "file mOqejNs.jpg"),
    ("i.imgur.com/c7EXjJux.jpg", "file", "file c7EXjJux.jpg"),
    (
        "i.imgur.com/c7EXjJu_d.webp?maxwidth=640&shape=thumb&fidelity=medium",
        "file",
        "file c7EXjJu.jpg",
    ),
    ("i.imgur.com/c7EXjJu_d.png", "file", "file c7EXjJu.png"),
    ("i.imgur.com/c7EXjJu_d.jpeg", "file", "file c7EXjJu.jpg"),
    ("i.imgur.com/c7EXjJu.webp", "file", "file c7EXjJu.webp"),
    ("i.imgur.com/c7EXjJu.gif.jpg", "file", "file c7EXjJu.jpg"),
    ("i.imgur.com/removed.png", "file", "site page"),
    ("i.imgur.com/images/loaders/a.gif", "page", "site page"),
    ("i.imgur.com", "page", "site page"),
    // Listings.
    ("imgur.com/t/cats", "tag", "listing tag-cats cats//"),
    (
        "imgur.com/t/cats/top/week",
        "tag",
        "listing tag-cats cats/top/week",
    ),
    ("imgur.com/r/pics", "subreddit", "listing r-pics pics//"),
    (
        "imgur.com/r/pics/top/week",
        "subreddit",
        "listing r-pics pics/top/week",
    ),
    (
        "imgur.com/r/pics/new",
        "subreddit",
        "listing r-pics pics/new/",
    ),
    ("imgur.com/user/sarah", "user", "listing user-sarah"),
    ("imgur.com/user/sarah/posts", "user", "listing user-sarah"),
    (
        "imgur.com/user/sarah/submitted",
        "user",
        "listing user-sarah",
    ),
    ("sarah.imgur.com", "subdomain", "listing user-sarah"),
    ("sarah.imgur.com/all", "subdomain", "listing user-sarah"),
    (
        "imgur.com/user/sarah/favorites",
        "favorites",
        "listing favorites-sarah",
    ),
    (
        "imgur.com/user/sarah/favorites/folder/12/cats",
        "favorites",
        "listing favorites-sarah-12",
    ),
    (
        "imgur.com/search?q=cats",
        "search",
        "listing search-cats //",
    ),
    (
        "imgur.com/search/score/week?q=two+cats&q_type=png&x=1",
        "search",
        "listing search-two cats png /score/week",
    ),
    // Pages only their owner can see.
    ("imgur.com/user/me", "user", "login"),
    ("imgur.com/user/me/posts", "user", "login"),
    ("imgur.com/user/me/favorites", "favorites", "login"),
    // Pages of the site itself.
    ("imgur.com", "page", "site page"),
    ("imgur.com/upload", "image", "site page"),
    ("imgur.com/about", "image", "site page"),
    ("imgur.com/account", "image", "site page"),
    ("imgur.com/account/settings", "page", "site page"),
    ("imgur.com/tos", "image", "site page"),
    ("imgur.com/privacy", "image", "site page"),
    ("imgur.com/register", "image", "site page"),
    ("imgur.com/signin", "image", "site page"),
    ("imgur.com/search", "search", "site page"),
    ("imgur.com/gallery", "image", "site page"),
    ("imgur.com/user", "image", "site page"),
    ("imgur.com/user/sarah/comments", "page", "site page"),
    ("imgur.com/topic", "image", "site page"),
    ("imgur.com/topic/Aww", "page", "site page"),
    ("imgur.com/download", "image", "site page"),
    ("imgur.com/random", "image", "site page"),
    ("imgur.com/favicon.ico", "image", "site page"),
    ("help.imgur.com/hc/en-us", "subdomain", "site page"),
    ("api.imgur.com/3/album/q6i58", "subdomain", "for programs"),
    ("stack.imgur.com/abcde.png", "subdomain", "stack exchange"),
    // Links that no route matches.
    ("i.stack.imgur.com/abcde.png", "none", ""),
    ("imgur.com.example.org/a/q6i58", "none", ""),
    ("notimgur.com/a/q6i58", "none", ""),
    ("https://example.com/", "none", ""),
];

fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.add(Imgur::new(Options::default()).unwrap());
    registry
}

fn describe(goal: Goal) -> String {
    match goal {
        Goal::Album(id) => format!("album {id}"),
        Goal::Post(id) => format!("post {id}"),
        Goal::Image(id) => format!("image {id}"),
        Goal::Bare(id) => format!("bare {id}"),
        Goal::File(file) => format!("file {}.{}", file.id, file.ext),
        Goal::Images(ids) => format!("images {}", ids.join(" ")),
        Goal::Listing(listing) => {
            let order = match &listing {
                Listing::Tag { name, sort, window } | Listing::Subreddit { name, sort, window } => {
                    format!(" {name}/{sort}/{window}")
                }
                Listing::Search { sort, window, .. } if sort.is_empty() => {
                    format!(" /{window}/")
                }
                Listing::Search { sort, window, .. } => format!(" /{sort}/{window}"),
                _ => String::new(),
            };
            format!("listing {}{order}", listing.id())
        }
    }
}

#[test]
fn knows_every_shape_of_a_link() {
    let registry = registry();
    for (text, route, expected) in TABLE {
        let link = registry.parse_link(text).unwrap();
        let Ok((source, target)) = registry.find(&link) else {
            assert_eq!(*route, "none", "{text}");
            continue;
        };
        assert_eq!(target.route, *route, "{text}");
        let found = match read(&target, &source.manifest().routes) {
            Ok(goal) => describe(goal),
            Err(error) if error.kind == Kind::Login => "login".into(),
            Err(error) => {
                assert_eq!(error.kind, Kind::Unsupported, "{text}");
                let kinds = [
                    ("page of the site itself", "site page"),
                    ("for programs", "for programs"),
                    ("", "stack exchange"),
                ];
                let is_it = |(words, _): &&(&str, &str)| error.message.contains(words);
                kinds.iter().find(is_it).unwrap().1.to_owned()
            }
        };
        assert_eq!(found, *expected, "{text}");
    }
    let shown: BTreeSet<_> = TABLE.iter().map(|(_, route, _)| *route).collect();
    for route in &registry.source("imgur").unwrap().manifest().routes {
        assert!(shown.contains(route.name.as_str()), "{}", route.name);
    }
}

#[test]
fn refuses_pages_of_the_site_by_name() {
    let registry = registry();
    let link = Link::from(Url::parse("https://imgur.com/about").unwrap());
    let (source, target) = registry.find(&link).unwrap();
    assert_eq!(
        read(&target, &source.manifest().routes)
            .unwrap_err()
            .message,
        "`https://imgur.com/about` is a page of the site itself, not an album or an image"
    );
}

#[test]
fn keeps_the_contract() {
    let mut registry = registry();
    registry.add(super::super::super::direct::Direct::new().unwrap());
    assert_eq!(check(&registry), Vec::<String>::new());
}

#[test]
fn claims_words_that_look_like_ids() {
    let imgur = Imgur::new(Options::default()).unwrap();
    let table = [
        ("q6i58", true),
        ("c7EXjJu", true),
        ("about", false),
        ("account", false),
        ("q6i5", false),
        ("q6i58q", false),
        ("q6-58", false),
        ("ünïxx", false),
    ];
    for (word, expected) in table {
        assert_eq!(imgur.claims(word), expected, "{word}");
    }
}
