//! Which links belong to Imgur.

use fetch::model::{Error, Kind, Result};
use fetch::source::Route;
use url::Url;

/// The routes on the site's hosts: name, path, and the path of the example. Literal paths come before the placeholders
/// that would match them; `page` comes last and matches everything left, so that it can be refused with a proper
/// message.
const SITE: &[(&str, &str, &str)] = &[
    ("album", "a/{id}/{rest...}", "a/q6i58"),
    ("post", "gallery/{id}/{rest...}", "gallery/a-slug-Vk3PKQc"),
    ("tag", "t/{name}/{rest...}", "t/cats"),
    ("post", "topic/{name}/{id}/{rest...}", "topic/Aww/ll5Vk"),
    ("subreddit", "r/{name}/{rest...}", "r/pics/top/week"),
    ("user", "user/{name}", "user/sarah"),
    ("user", "user/{name}/posts", "user/sarah/posts"),
    ("user", "user/{name}/submitted", "user/sarah/submitted"),
    ("favorites", "user/{name}/favorites", "user/sarah/favorites"),
    (
        "favorites",
        "user/{name}/favorites/folder/{folder}/{title...}",
        "user/sarah/favorites/folder/12/cats",
    ),
    ("search", "search", "search?q=cats"),
    (
        "search",
        "search/{sort}/{window...}",
        "search/score/all?q=cats",
    ),
    (
        "image",
        "download/{id}/{title...}",
        "download/c7EXjJu/a-title",
    ),
    ("image", "{id}", "c7EXjJu"),
    ("page", "{page...}", "account/settings"),
];

/// The routes on the file hosts. People also put `i.` in front of page links, and the site accepts that.
const FILES: &[(&str, &str, &str)] = &[
    ("album", "a/{id}/{rest...}", "a/q6i58"),
    ("post", "gallery/{id}/{rest...}", "gallery/Vk3PKQc"),
    ("file", "{id}", "c7EXjJu.png"),
    ("page", "{page...}", "images/loaders/a.gif"),
];

/// Returns all routes, in the order in which they are tried.
pub(super) fn all() -> Result<Vec<Route>> {
    let mut routes = Vec::new();
    for (host, table) in [
        ("imgur.com", SITE),
        ("i.imgur.com", FILES),
        ("imgur.io", SITE),
        ("i.imgur.io", FILES),
    ] {
        for (name, path, example) in table {
            let pattern = format!("{host}/{path}");
            let example = format!("https://{host}/{example}");
            routes.push(Route::new(name, &pattern, &example)?);
        }
    }
    // After `i.`, which is not a user.
    routes.push(Route::new(
        "subdomain",
        "{host}.imgur.com/{rest...}",
        "https://sarah.imgur.com/",
    )?);
    routes.push(Route::new("id", "imgur:{id...}", "imgur:q6i58")?);
    Ok(routes)
}

/// Returns the page of an image or video.
pub(super) fn page(id: &str) -> Result<Url> {
    url(id)
}

/// Returns the page of an album.
pub(super) fn album(id: &str) -> Result<Url> {
    url(&format!("a/{id}"))
}

/// Returns a page at the public address. It is for people, and routes back to this source whatever the options say.
pub(super) fn url(path: &str) -> Result<Url> {
    Url::parse(&format!("https://imgur.com/{path}")).map_err(|error| {
        Error::new(Kind::Unsupported, format!("`{path}` is not a valid path")).because(error)
    })
}
