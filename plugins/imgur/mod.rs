//! Imgur: albums, single images and videos, and the listings of users, tags, subreddits and searches.
//!
//! With a client id it uses API v3; without one it reads the data behind the site's own pages. Both yield the same
//! items. Transferring files, choosing paths and loading options happen elsewhere.

mod answer;
mod api;
mod error;
mod image;
mod json;
mod keyless;
mod limit;
mod link;
mod listing;
mod options;
mod routes;
mod script;
mod text;

use std::sync::Arc;

use fetch::async_trait;
use fetch::model::{Body, Error, Item, Kind, Link, Meta, Result};
use fetch::net::Secret;
use fetch::source::{Ctx, Manifest, Outlet, Source, Target};
use url::Url;

use answer::Post;
use image::Items;
use link::Goal;
use options::address;
pub use options::{Animated, Options};

/// Imgur.
pub struct Imgur {
    manifest: Manifest,
    client_id: Option<Secret>,
    items: Arc<Items>,
    api: Url,
    site: Url,
}

impl Imgur {
    /// Creates the source.
    ///
    /// # Errors
    /// [`Kind::Config`] if one of the addresses is not an http or https URL.
    pub fn new(options: Options) -> Result<Imgur> {
        let known = |id: &Secret| !id.reveal().trim().is_empty();
        let manifest = Manifest {
            name: "imgur".into(),
            about: "albums, images, videos and listings on Imgur".into(),
            routes: routes::all()?,
        };
        let items = Items {
            source: manifest.name.clone(),
            animated: options.animated,
            cdn: address("cdn", &options.cdn)?,
        };
        Ok(Imgur {
            manifest,
            client_id: options.client_id.filter(known),
            items: Arc::new(items),
            api: address("api", &options.api)?,
            site: address("site", &options.site)?,
        })
    }

    /// Returns the album with this id.
    async fn album(&self, ctx: &Ctx, id: &str) -> Result<Post> {
        let keyless = self.keyless_post(ctx, "a", id);
        match &self.client_id {
            Some(key) => or_keyless(self.api_album(ctx, key, id).await, keyless).await,
            None => keyless.await,
        }
    }

    /// Returns the album with this id or, failing that, the image: some shared album addresses belong to a single
    /// image. If neither exists, the error is the album's.
    async fn album_or_image(&self, ctx: &Ctx, id: &str, out: &Outlet) -> Result<Post> {
        let missing = match self.album(ctx, id).await {
            Err(error) if error.kind == Kind::Missing => error,
            album => return album,
        };
        let image = match self.known_image(ctx, id).await {
            Err(error) if error.kind == Kind::Missing => return Err(missing),
            image => image?,
        };
        out.warn(format!(
            "there is no album `{id}`: using the image with that id, which may be unrelated"
        ))
        .await?;
        Ok(image)
    }

    /// Returns the gallery post with this id, an album or a single image.
    async fn post(&self, ctx: &Ctx, id: &str) -> Result<Post> {
        let keyless = self.keyless_post(ctx, "gallery", id);
        let found = match &self.client_id {
            Some(key) => or_keyless(self.api_post(ctx, key, id).await, keyless).await,
            None => keyless.await,
        };
        or_else_missing(found, self.image(ctx, id)).await
    }

    /// Returns the single image with this id. An image that the site denies having may still be on its CDN, so that is
    /// tried next.
    async fn image(&self, ctx: &Ctx, id: &str) -> Result<Post> {
        or_else_missing(self.known_image(ctx, id).await, self.guess(ctx, id)).await
    }

    /// Returns the single image with this id, if the site knows it.
    async fn known_image(&self, ctx: &Ctx, id: &str) -> Result<Post> {
        let keyless = self.keyless_image(ctx, id);
        match &self.client_id {
            Some(key) => or_keyless(self.api_image(ctx, key, id).await, keyless).await,
            None => keyless.await,
        }
    }

    /// Guesses the address of an image that the site knows nothing about. The CDN serves a still of a video under every
    /// picture extension, so check for a video first.
    async fn guess(&self, ctx: &Ctx, id: &str) -> Result<Post> {
        let film = below(&self.items.cdn, &[&format!("{id}.mp4")]);
        let answer = ctx.get(film).send_if(|_| false).await?;
        let ext = match answer.status.as_u16() {
            // A removed file redirects to a picture saying so.
            300..=399 | 404 | 410 => "jpg",
            _ => match answer.ok()?.header("content-type") {
                Some(medium) if medium.starts_with("image/") || medium.starts_with("text/") => {
                    "jpg"
                }
                _ => self.moving_extension(ctx, id).await,
            },
        };
        Ok(Post::guess(id, ext))
    }

    /// Returns the extension for a moving image. For an upload that was a video, the `.gif` name serves only a still.
    async fn moving_extension(&self, ctx: &Ctx, id: &str) -> &'static str {
        if self.items.animated == Animated::Mp4 {
            return "gifv";
        }
        let gif = below(&self.items.cdn, &[&format!("{id}.gif")]);
        match ctx.get(gif).send_if(|_| false).await {
            Ok(answer) if answer.status.is_success() => match answer.header("content-type") {
                Some(medium) if medium.starts_with("image/gif") => "gif",
                Some(medium) if medium.starts_with("image/") || medium.starts_with("text/") => {
                    "mp4"
                }
                _ => "gifv",
            },
            Ok(answer) if matches!(answer.status.as_u16(), 300..=399 | 404 | 410) => "mp4",
            // If the check is refused or fails now, the download itself will find out.
            _ => "gifv",
        }
    }
}

#[async_trait]
impl Source for Imgur {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn claims(&self, word: &str) -> bool {
        matches!(word.len(), 5 | 7) && link::is_id(word) && !link::is_reserved(word)
    }

    async fn list(&self, ctx: &Ctx, target: &Target, out: &Outlet) -> Result<()> {
        let known = &target.link.meta;
        let goal = link::read(target, &self.manifest.routes)?;
        let may_be_album = matches!(goal, Goal::Bare(_) | Goal::Post(_));
        let post = match goal {
            Goal::File(mut file) => {
                if file.ext == "gifv" {
                    file.ext = self.moving_extension(ctx, &file.id).await.to_owned();
                }
                return out.item(self.items.file(&file, known)).await;
            }
            Goal::Images(ids) => {
                for id in ids {
                    out.link(link_to(routes::page(&id)?, known)).await?;
                }
                return Ok(());
            }
            Goal::Listing(listing) => return self.walk(ctx, &listing, target, out).await,
            Goal::Album(id) => self.album_or_image(ctx, &id, out).await?,
            Goal::Post(id) => self.post(ctx, &id).await?,
            Goal::Image(id) => self.image(ctx, &id).await?,
            Goal::Bare(id) => {
                or_else_missing(self.album(ctx, &id).await, self.image(ctx, &id)).await?
            }
        };
        self.report_guess(&post, may_be_album, out).await?;
        self.emit(&post, known, out).await
    }

    /// An Imgur file has only the one address it was listed with, so all that is left is to try that again.
    async fn resolve(&self, _ctx: &Ctx, item: &Item) -> Result<Body> {
        Ok(item.body.clone())
    }
}

impl Imgur {
    /// Reports an image that is requested by its name alone. If the link was to an album, that name may be somebody
    /// else's image.
    async fn report_guess(&self, post: &Post, may_be_album: bool, out: &Outlet) -> Result<()> {
        let mut images = post.images.iter().flatten();
        let Some(image) = images.find(|image| image.is_guess) else {
            return Ok(());
        };
        let id = &image.id;
        match may_be_album {
            true => {
                out.warn(format!(
                    "there is no album or post `{id}`: using the picture with that id, which may be unrelated"
                ))
                .await
            }
            false => {
                out.note(format!(
                    "the site has no data on image `{id}`: requesting it by its name alone"
                ))
                .await
            }
        }
    }

    async fn emit(&self, post: &Post, known: &Meta, out: &Outlet) -> Result<()> {
        let broken = post.images.iter().filter(|image| image.is_none()).count();
        let count = post.images.len();
        if let Some(album) = post.album() {
            for (index, image) in post.images.iter().enumerate() {
                if let Some(image) = image {
                    // An entry that cannot be read keeps its number, so that the others keep theirs.
                    let item = self
                        .items
                        .member(image, &album, known, Some(index as u64 + 1));
                    out.item(item).await?;
                }
            }
        } else if let Some(Some(image)) = post.images.first() {
            out.item(self.items.single(image, known)).await?;
        }
        let subject = post.subject();
        if broken > 0 {
            let message = format!("{broken} of {count} images of {subject} could not be read");
            return Err(Error::new(Kind::Corrupt, message));
        }
        match post.count {
            Some(said) if post.is_album && said > count as u64 => Err(Error::new(
                Kind::Corrupt,
                format!("the site gave {count} of {said} images of {subject}"),
            )),
            _ => Ok(()),
        }
    }
}

/// Returns the first outcome, or the second if the first is a [`Kind::Missing`] error.
async fn or_else_missing(
    first: Result<Post>,
    second: impl Future<Output = Result<Post>>,
) -> Result<Post> {
    match first {
        Err(error) if error.kind == Kind::Missing => second.await,
        first => first,
    }
}

/// Returns the first outcome, or the second if the key's quota is used up: requests without a key are counted
/// separately.
async fn or_keyless(
    first: Result<Post>,
    keyless: impl Future<Output = Result<Post>>,
) -> Result<Post> {
    match first {
        Err(busy) if busy.kind == Kind::Busy => keyless.await.map_err(|_| busy),
        first => first,
    }
}

/// Builds a link to an individual post. Of what is known about the listing, only `extra` applies to each of its posts.
fn link_to(url: Url, known: &Meta) -> Link {
    let meta = Meta {
        extra: known.extra.clone(),
        ..Meta::default()
    };
    Link { url, meta }
}

/// Builds a URL below one of the base addresses. Each segment is encoded, so none can lead elsewhere.
fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    // Cannot fail: `address` accepts only http and https URLs, and those have a path.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}
