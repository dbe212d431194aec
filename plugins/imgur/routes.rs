//! Which links are Imgur's.

use fetch::model::{Error, Kind, Result};
use fetch::source::Route;
use url::Url;

/// The routes below the site's hosts: name, path, and the path of the example. The literal ones come before the
/// placeholders that would take them; `page` comes last, because it takes whatever is left, to refuse it by name.
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

/// The routes below the hosts of files. People cut `i.` into links of pages, too, and the site puts up with it.
const FILES: &[(&str, &str, &str)] = &[
    ("album", "a/{id}/{rest...}", "a/q6i58"),
    ("post", "gallery/{id}/{rest...}", "gallery/Vk3PKQc"),
    ("file", "{id}", "c7EXjJu.png"),
    ("page", "{page...}", "images/loaders/a.gif"),
];

/// All routes, in the order in which they are tried.
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
    // After `i.`, which is no user.
    routes.push(Route::new(
        "subdomain",
        "{host}.imgur.com/{rest...}",
        "https://sarah.imgur.com/",
    )?);
    routes.push(Route::new("id", "imgur:{id...}", "imgur:q6i58")?);
    Ok(routes)
}

/// The page of an image or video.
pub(super) fn page(id: &str) -> Result<Url> {
    url(id)
}

/// The page of an album.
pub(super) fn album(id: &str) -> Result<Url> {
    url(&format!("a/{id}"))
}

/// A page by its path, at the public address: it is for people, and finds its way back here wherever the options lead.
pub(super) fn url(path: &str) -> Result<Url> {
    Url::parse(&format!("https://imgur.com/{path}")).map_err(|error| {
        Error::new(Kind::Unsupported, format!("`{path}` is no path")).because(error)
    })
}
