//! Listings of many posts: users, favorites, tags, subreddits, searches. They are paged and need a client id.

use std::sync::Arc;

use fetch::model::{Album, Error, Item, Kind, Link, Meta, Result};
use fetch::net::Redacted;
use fetch::source::{Ctx, Outlet, Pages, Target};
use futures_util::future::try_join;
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};
use url::Url;

use super::answer::{Image, flag};
use super::api::Parsed;
use super::image::Items;
use super::link::is_id;
use super::{Imgur, below, error, link_to, routes};

/// How many entries may be read ahead: a few pages of a small listing, or one large page.
const AHEAD: u32 = 256;

/// A listing of many posts.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Listing {
    /// A user's posts.
    User(String),
    /// A user's favorites, all of them or one folder.
    Favorites {
        name: String,
        folder: Option<String>,
    },
    /// Posts under a tag.
    Tag {
        name: String,
        sort: String,
        window: String,
    },
    /// Posts linked from a subreddit.
    Subreddit {
        name: String,
        sort: String,
        window: String,
    },
    /// The results of a search.
    Search {
        query: Vec<(String, String)>,
        sort: String,
        window: String,
    },
}

impl Imgur {
    /// Emits the entries of a listing, page by page. Albums are incomplete in a listing, so they are emitted as links.
    pub(super) async fn walk(
        &self,
        ctx: &Ctx,
        listing: &Listing,
        target: &Target,
        out: &Outlet,
    ) -> Result<()> {
        let subject = format!("`{}`", Redacted(&target.link.url));
        let Some(key) = &self.client_id else {
            let message = format!("listing {subject} needs a client id");
            return Err(Error::new(Kind::Login, message).hint(error::KEY_HINT));
        };
        let reader = Arc::new(Reader {
            items: self.items.clone(),
            album: Arc::new(Album {
                id: listing.id(),
                ..Album::default()
            }),
            known: target.link.meta.clone(),
        });
        let read = async |page| {
            let (url, reader) = (listing.url(&self.api, page), reader.clone());
            let read = move |data, subject: &str| reader.page(&data, subject);
            self.request(ctx, key, url, &subject, read).await
        };
        let first = target.resume.as_deref().and_then(|page| page.parse().ok());
        let first = first.unwrap_or(0u32);
        let (mut pages, mut broken) = (Pages::new(), 0);
        let mut take = async |page: Page, number| {
            if page.entries.is_empty() {
                return Ok(());
            }
            pages.turn(&page.ids)?;
            broken += page.broken();
            emit(page, number, out).await
        };
        let page = read(first).await?.read().await?;
        let size = page.entries.len();
        take(page, first).await?;
        if size > 0 {
            // Most users want only the first page, so the next one is not requested until that is read. Later pages are
            // requested and parsed while the ones before them are emitted.
            let size = u32::try_from(size).map_or(AHEAD, |size| size.min(AHEAD));
            let room = Semaphore::new(AHEAD as usize);
            // Each page reserves room before it is requested, so few wait in this channel.
            let (ready, mut came) = mpsc::unbounded_channel();
            let asking = async {
                let ready = ready;
                for number in (first..=u32::MAX).skip(1) {
                    let held = room.acquire_many(size).await;
                    let asked = read(number)
                        .await
                        .unwrap_or_else(|error| Parsed::Done(Err(error)));
                    // A large page has entries.
                    let is_last = match &asked {
                        Parsed::Done(page) => {
                            page.as_ref().map_or(true, |page| page.entries.is_empty())
                        }
                        Parsed::Pending(_) => false,
                    };
                    if ready.send((number, asked, held)).is_err() || is_last {
                        break;
                    }
                }
                Ok(())
            };
            let taking = async {
                while let Some((number, asked, held)) = came.recv().await {
                    let page = asked.read().await?;
                    drop(held);
                    if page.entries.is_empty() {
                        // Pages requested beyond the end are discarded.
                        came.close();
                        while came.recv().await.is_some() {}
                        break;
                    }
                    take(page, number).await?;
                }
                Ok(())
            };
            try_join(asking, taking).await?;
        }
        if broken > 0 {
            let message = format!("{broken} entries of {subject} could not be read");
            return Err(Error::new(Kind::Corrupt, message));
        }
        Ok(())
    }
}

async fn emit(page: Page, number: u32, out: &Outlet) -> Result<()> {
    let before = out.items();
    for entry in page.entries {
        match entry {
            Entry::Item(item) => out.item(*item).await?,
            Entry::Link(link) => out.link(*link).await?,
            Entry::Broken => {}
        }
    }
    // If posts were removed meanwhile, those of the next page move up to this one, so a resumed listing requests this
    // page again.
    out.checkpoint(number.to_string(), before).await
}

impl Listing {
    /// Returns the id of the album that its single images belong to.
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

    /// Returns the address of a page, counted from 0.
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

/// Maps the site's order to the API's. The default is by time: only new posts shift the pages.
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

/// A page of a listing.
struct Page {
    /// The ids as received; they may be anything.
    ids: Vec<Option<String>>,
    entries: Vec<Entry>,
}

/// An entry of a listing.
enum Entry {
    Item(Box<Item>),
    /// A post whose details are on its own page.
    Link(Box<Link>),
    Broken,
}

impl Page {
    fn broken(&self) -> usize {
        let broken = |entry: &&Entry| matches!(entry, Entry::Broken);
        self.entries.iter().filter(broken).count()
    }
}

/// Reads the pages of a listing.
struct Reader {
    items: Arc<Items>,
    album: Arc<Album>,
    /// What is known about the link.
    known: Meta,
}

impl Reader {
    fn page(&self, data: &Value, subject: &str) -> Result<Page> {
        let posts = entries(data, subject)?;
        Ok(Page {
            ids: posts.iter().map(id).collect(),
            entries: posts
                .iter()
                .map(|post| self.entry(post))
                .collect::<Result<_>>()?,
        })
    }

    fn entry(&self, post: &Value) -> Result<Entry> {
        let is_album = flag(&post["is_album"])
            .unwrap_or(post["images"].is_array() || !post["images_count"].is_null());
        let link = |url| Entry::Link(Box::new(link_to(url, &self.known)));
        Ok(match (id(post).filter(|id| is_id(id)), Image::read(post)) {
            (Some(id), _) if is_album => link(routes::album(&id)?),
            (_, Some(image)) => {
                let item = self.items.member(&image, &self.album, &self.known, None);
                Entry::Item(Box::new(item))
            }
            // Its own page may have the details missing here.
            (Some(id), None) => link(routes::page(&id)?),
            (None, None) => Entry::Broken,
        })
    }
}

fn id(post: &Value) -> Option<String> {
    post["id"].as_str().map(str::to_owned)
}

/// Returns the entries of a page: a list, or an object with a list in it.
fn entries<'a>(data: &'a Value, subject: &str) -> Result<&'a [Value]> {
    match data {
        Value::Array(entries) => Ok(entries),
        Value::Object(_) => Ok(data["items"].as_array().map_or(&[], Vec::as_slice)),
        _ => {
            let message = format!("cannot read the response about {subject}: `data` is not a list");
            Err(Error::new(Kind::Corrupt, message))
        }
    }
}
