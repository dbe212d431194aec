//! Listings of many posts: users, favorites, tags, subreddits, searches. They are paged, and want a client id.

use std::sync::Arc;

use fetch::model::{Album, Error, Kind, Result};
use fetch::net::Shown;
use fetch::source::{Ctx, Outlet, Pages, Target};
use serde_json::Value;
use url::Url;

use super::answer::{Image, flag};
use super::link::is_id;
use super::{Imgur, below, error, handed_on, routes};

/// A listing of many posts.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Listing {
    /// What a user posted.
    User(String),
    /// What a user likes, all of it or one folder.
    Favorites {
        name: String,
        folder: Option<String>,
    },
    /// What was posted under a tag.
    Tag {
        name: String,
        sort: String,
        window: String,
    },
    /// What was linked from a subreddit.
    Subreddit {
        name: String,
        sort: String,
        window: String,
    },
    /// What a search finds.
    Search {
        query: Vec<(String, String)>,
        sort: String,
        window: String,
    },
}

impl Imgur {
    /// Emits the entries of a listing, each page's before the next is asked for. Its albums are not whole in a listing,
    /// so they are handed on.
    pub(super) async fn walk(
        &self,
        ctx: &Ctx,
        listing: &Listing,
        target: &Target,
        out: &Outlet,
    ) -> Result<()> {
        let subject = format!("`{}`", Shown(&target.link.url));
        let Some(key) = &self.client_id else {
            let message = format!("listing {subject} needs a client id");
            return Err(Error::new(Kind::Login, message).hint(error::KEY_HINT));
        };
        let album = Arc::new(Album {
            id: listing.id(),
            ..Album::default()
        });
        let known = &target.link.meta;
        let (mut pages, mut broken) = (Pages::new(), 0);
        let first = target.resume.as_deref().and_then(|page| page.parse().ok());
        for page in first.unwrap_or(0u32).. {
            let before = out.items();
            let url = listing.url(&self.api, page);
            let entries = self.call_url(ctx, key, url, &subject, read).await?;
            if entries.is_empty() {
                break;
            }
            let ids: Vec<_> = entries.iter().map(|entry| entry.id.as_deref()).collect();
            pages.turn(ids)?;
            for Entry {
                id,
                is_album,
                image,
            } in entries
            {
                match (id.as_deref().filter(|id| is_id(id)), image) {
                    (Some(id), _) if is_album => {
                        out.link(handed_on(routes::album(id)?, known)).await?
                    }
                    (_, Some(image)) => {
                        out.item(self.member(&image, &album, known, None)).await?;
                    }
                    // Its own page may tell what this one does not.
                    (Some(id), None) => out.link(handed_on(routes::page(id)?, known)).await?,
                    (None, None) => broken += 1,
                }
            }
            // Where posts were removed meanwhile, those of the next page are on this one, which is asked for again.
            out.checkpoint(page.to_string(), before).await?;
        }
        if broken > 0 {
            let message = format!("{broken} entries of {subject} could not be read");
            return Err(Error::new(Kind::Corrupt, message));
        }
        Ok(())
    }
}

impl Listing {
    /// What its single images belong to.
    pub(super) fn id(&self) -> String {
        match self {
            Listing::User(name) => format!("user-{name}"),
            Listing::Favorites { name, folder: None } => format!("favorites-{name}"),
            Listing::Favorites {
                name,
                folder: Some(folder),
            } => format!("favorites-{name}-{folder}"),
            Listing::Tag { name, .. } => format!("tag-{name}"),
            Listing::Subreddit { name, .. } => format!("r-{name}"),
            Listing::Search { query, .. } => {
                let words: Vec<_> = query.iter().map(|(_, value)| value.as_str()).collect();
                format!("search-{}", words.join(" "))
            }
        }
    }

    /// Where its page of this number is, from 0.
    fn url(&self, api: &Url, page: u32) -> Url {
        let page = page.to_string();
        let order = |sort: &str, window: &str| (in_api(sort), within(window));
        match self {
            Listing::User(name) => {
                below(api, &["3", "account", name, "submissions", &page, "newest"])
            }
            Listing::Favorites { name, folder: None } => below(
                api,
                &["3", "account", name, "gallery_favorites", &page, "newest"],
            ),
            Listing::Favorites {
                name,
                folder: Some(folder),
            } => {
                let path = ["3", "account", name, "folders", folder, "favorites"];
                let mut url = below(api, &path);
                url.query_pairs_mut()
                    .append_pair("page", &page)
                    .append_pair("sort", "newest");
                url
            }
            Listing::Tag { name, sort, window } => {
                let (sort, window) = order(sort, window);
                below(api, &["3", "gallery", "t", name, sort, window, &page])
            }
            Listing::Subreddit { name, sort, window } => {
                let (sort, window) = order(sort, window);
                below(api, &["3", "gallery", "r", name, sort, window, &page])
            }
            Listing::Search {
                query,
                sort,
                window,
            } => {
                let (sort, window) = order(sort, window);
                let mut url = below(api, &["3", "gallery", "search", sort, window, &page]);
                url.query_pairs_mut().extend_pairs(query);
                url
            }
        }
    }
}

/// The API's word for an order of the site's. By time is the default: no page shifts under it but by what is new.
fn in_api(sort: &str) -> &'static str {
    match sort {
        "top" | "score" => "top",
        "hot" | "viral" | "relevance" => "viral",
        _ => "time",
    }
}

fn within(window: &str) -> &'static str {
    let known = ["day", "week", "month", "year"];
    let first = window.split('/').next().unwrap_or(window);
    known
        .into_iter()
        .find(|word| *word == first)
        .unwrap_or("all")
}

/// What a listing tells of a post.
struct Entry {
    /// It may be anything.
    id: Option<String>,
    is_album: bool,
    /// It, if it is a single image that can be read.
    image: Option<Image>,
}

/// Reads a page.
fn read(data: Value, subject: &str) -> Result<Vec<Entry>> {
    let read = |entry: &Value| Entry {
        id: entry["id"].as_str().map(str::to_owned),
        is_album: flag(&entry["is_album"])
            .unwrap_or(entry["images"].is_array() || !entry["images_count"].is_null()),
        image: Image::read(entry),
    };
    Ok(entries(&data, subject)?.iter().map(read).collect())
}

/// The entries of a page: a list, or an object with one in it.
fn entries<'a>(data: &'a Value, subject: &str) -> Result<&'a [Value]> {
    match data {
        Value::Array(entries) => Ok(entries),
        Value::Object(_) => Ok(data["items"].as_array().map_or(&[], Vec::as_slice)),
        _ => {
            let message = format!("cannot read the answer about {subject}: `data` is no list");
            Err(Error::new(Kind::Corrupt, message))
        }
    }
}
