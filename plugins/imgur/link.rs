//! What an Imgur link leads to, decided from the link alone, without a request.

use fetch::model::{Error, Kind, Result};
use fetch::net::Redacted;
use fetch::source::{Route, Target};
use url::Url;

use super::listing::Listing;
use super::routes;

/// What a link leads to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Goal {
    /// An album.
    Album(String),
    /// A gallery post: an album or a single image, and nothing in the link says which.
    Post(String),
    /// A single image or video.
    Image(String),
    /// A bare id: an album, or else an image.
    Bare(String),
    /// A file on the CDN.
    File(File),
    /// Several single images.
    Images(Vec<String>),
    /// A listing of many posts, page by page.
    Listing(Listing),
}

/// A file on the CDN, as its name describes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct File {
    /// The id of the image.
    pub(super) id: String,
    /// The extension of the original: `gifv` for the page that shows a GIF or its video.
    pub(super) ext: String,
}

/// Pages of the site itself. Several are as long as an id, but are not ids.
const RESERVED: &str = "a about account advertise apps blog contact desktop download emerald faq \
     favicon gallery help hot inbox jobs login memegen new privacy r random register removed robots \
     rules search settings signin signout store t terms top topic tos upload user vidgif";

/// Hosts below `imgur.com` that are not a user's.
const SERVICES: &str = "api apidocs beta blog community help m p rt s static status store www";

/// Words that, in the place of an id, set the order of a listing.
const SORTS: &str = "hot new relevance rising score time top viral";

/// Checks whether a text could be an image or album id in a URL. Today's ids have 5 or 7 characters.
pub(super) fn is_id(text: &str) -> bool {
    (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Checks whether a word is a page of the site and therefore not an id.
pub(super) fn is_reserved(word: &str) -> bool {
    is_one_of(RESERVED, word)
}

fn is_one_of(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|known| known == word)
}

/// Determines what a target leads to.
///
/// # Errors
/// [`Kind::Unsupported`] for pages of the site itself; [`Kind::Login`] for pages that only their owner can see.
pub(super) fn read(target: &Target, all: &[Route]) -> Result<Goal> {
    let url = &target.link.url;
    let page = || no_media(url);
    let name = target.param("name").to_owned();
    let rest = target.param("rest");
    let (first, second) = rest.split_once('/').unwrap_or((rest, ""));
    let is_listing = first.is_empty() || is_one_of(SORTS, first);
    let (sort, window) = (first.to_owned(), second.to_owned());
    match target.route.as_str() {
        "album" => id(target).map(Goal::Album).ok_or_else(page),
        "post" => id(target).map(Goal::Post).ok_or_else(page),
        "image" | "file" => image(target.param("id")).ok_or_else(page),
        "tag" if is_listing => Ok(Goal::Listing(Listing::Tag { name, sort, window })),
        "subreddit" if is_listing => Ok(Goal::Listing(Listing::Subreddit { name, sort, window })),
        "tag" | "subreddit" => plain(first).map(Goal::Post).ok_or_else(page),
        "user" | "favorites" if name == "me" => Err(Error::new(
            Kind::Login,
            format!("only its owner can see `{}`", Redacted(url)),
        )
        .hint("`/user/NAME` lists what a user has made public")),
        "user" => Ok(Goal::Listing(Listing::User(name))),
        "favorites" => {
            let folder =
                Some(target.param("folder").to_owned()).filter(|folder| !folder.is_empty());
            Ok(Goal::Listing(Listing::Favorites { name, folder }))
        }
        "search" => {
            let pairs = url.query_pairs().into_owned();
            let query: Vec<_> = pairs
                .filter(|(key, value)| key.starts_with('q') && !value.is_empty())
                .collect();
            if query.is_empty() {
                return Err(page());
            }
            Ok(Goal::Listing(Listing::Search {
                query,
                sort: target.param("sort").to_owned(),
                window: target.param("window").to_owned(),
            }))
        }
        "subdomain" if target.param("host") == "stack" => Err(Error::new(
            Kind::Unsupported,
            format!("`{}` belongs to Stack Exchange, not Imgur", Redacted(url)),
        )
        .hint("its files are at `https://i.stack.imgur.com/`")),
        "subdomain" if target.param("host") == "api" => Err(Error::new(
            Kind::Unsupported,
            format!(
                "`{}` is an API address for programs, not an album or an image",
                Redacted(url)
            ),
        )),
        "subdomain" if is_one_of(SERVICES, target.param("host")) => Err(page()),
        "subdomain" if matches!(rest, "" | "all") => Ok(Goal::Listing(Listing::User(
            target.param("host").to_owned(),
        ))),
        "subdomain" => read_path(rest, target, all),
        "id" => match target.param("id") {
            word if is_id(word) && !is_reserved(word) => Ok(Goal::Bare(word.to_owned())),
            path => read_path(path, target, all),
        },
        _ => Err(page()),
    }
}

/// Reads a path as if it were below `imgur.com`, or an address there.
fn read_path(path: &str, target: &Target, all: &[Route]) -> Result<Goal> {
    let url = match Url::parse(path) {
        // `imgur:` in front of the address of a page.
        Ok(url) if url.has_host() => url,
        _ => routes::url(path)?,
    };
    let found = all.iter().find_map(|route| {
        let params = route.pattern.matches(&url)?;
        Some((route.name.clone(), params))
    });
    let Some((route, params)) = found else {
        return Err(no_media(&target.link.url));
    };
    let mut target = target.clone();
    target.link.url = url;
    (target.route, target.params) = (route, params);
    read(&target, all)
}

fn no_media(url: &Url) -> Error {
    let message = format!(
        "`{}` is a page of the site itself, not an album or an image",
        Redacted(url)
    );
    Error::new(Kind::Unsupported, message)
}

fn id(target: &Target) -> Option<String> {
    plain(target.param("id"))
}

/// Returns the id in a path segment: the part after the last hyphen, since the words before it are a slug.
fn plain(segment: &str) -> Option<String> {
    let id = segment.rsplit('-').next().unwrap_or(segment);
    (is_id(id) && !is_reserved(segment)).then(|| id.to_owned())
}

/// Determines what a segment with an image in it means: a file, several ids, or one.
fn image(segment: &str) -> Option<Goal> {
    if let Some((stem, ext)) = segment.rsplit_once('.') {
        return file(stem, ext).map(Goal::File);
    }
    if segment.contains(',') {
        let ids = segment.split(',').filter(|id| !id.is_empty()).map(plain);
        return ids.collect::<Option<Vec<_>>>().map(Goal::Images);
    }
    plain(segment).map(Goal::Image)
}

/// Returns the original that a file name refers to, even if it names a thumbnail or a smaller copy.
fn file(stem: &str, ext: &str) -> Option<File> {
    // Old programs saved GIFs as `ID.gif.jpg`, and people link to those.
    let stem = match stem.rsplit_once('.') {
        Some((id, other)) if is_ext(other) => id,
        _ => stem,
    };
    let copy = stem.strip_suffix("_d").or(stem.strip_suffix("_lq"));
    let name = copy.unwrap_or(stem);
    // Ids have 5 or 7 characters; one more is a size suffix.
    let id = match name.strip_suffix(['s', 'b', 't', 'm', 'l', 'h', 'g', 'r']) {
        Some(id) if matches!(id.len(), 5 | 7) => id,
        _ => name,
    };
    let ext = ext.to_ascii_lowercase();
    let ext = match ext.as_str() {
        // Only copies are made as WebP; the CDN serves the original under any still-image extension.
        "webp" if id != stem => "jpg",
        "jpeg" => "jpg",
        ext if is_ext(ext) => ext,
        _ => return None,
    };
    (is_id(id) && !is_reserved(id)).then(|| File {
        id: id.to_owned(),
        ext: ext.to_owned(),
    })
}

/// Checks whether a text could be an extension.
pub(super) fn is_ext(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests;
