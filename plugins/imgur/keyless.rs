//! Reads what the site's own pages use, without a key: the post embedded in a page, and `ajaxalbums`.
//!
//! Each backs up the other. Only the page has titles; only `ajaxalbums` is meant for programs.

use fetch::model::{Error, Kind, Result};
use fetch::source::Ctx;
use serde_json::Value;

use super::answer::{Post, flag};
use super::{Imgur, below, error, limit, script};

impl Imgur {
    /// Returns the post with this id below `/a/` or `/gallery/`: an album with all of its images, or a single one.
    pub(super) async fn keyless_post(&self, ctx: &Ctx, folder: &str, id: &str) -> Result<Post> {
        let subject = match folder {
            "a" => format!("album `{id}`"),
            _ => format!("gallery post `{id}`"),
        };
        match self.page(ctx, &[folder, id], id, &subject).await {
            Ok(post) if post.is_album => self.with_ajax_fallback(ctx, Ok(post), id, &subject).await,
            Ok(post) if post.readable() > 0 => Ok(post),
            Ok(_) => Err(missing(&subject, "its page shows none")),
            error => self.with_ajax_fallback(ctx, error, id, &subject).await,
        }
    }

    /// Returns the single image with this id.
    pub(super) async fn keyless_image(&self, ctx: &Ctx, id: &str) -> Result<Post> {
        let subject = format!("image `{id}`");
        match self.page(ctx, &[id], id, &subject).await {
            Ok(post) if post.readable() > 0 => Ok(post),
            Ok(_) => Err(missing(&subject, "its page shows none")),
            // `ajaxalbums` does not know single images, so an unreadable page is as good as none.
            Err(error) if is_unreadable(&error) => {
                Err(missing(&subject, "it has no page").because(error))
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the page's post, or that of `ajaxalbums` if it has more.
    async fn with_ajax_fallback(
        &self,
        ctx: &Ctx,
        page: Result<Post>,
        id: &str,
        subject: &str,
    ) -> Result<Post> {
        if page.as_ref().is_ok_and(|post| !post.lacks_images()) {
            return page;
        }
        match (page, self.ajax(ctx, id, subject).await) {
            (Ok(mut post), Ok(Some(other))) => {
                if other.readable() > post.readable() {
                    post.images = other.images;
                }
                post.count = post.count.max(other.count);
                Ok(post)
            }
            (Ok(post), Err(error)) if post.readable() == 0 => Err(error),
            // Missing images are reported at the end.
            (Ok(post), _) => Ok(post),
            (Err(_), Ok(Some(other))) => Ok(other),
            // No list, and no page to contradict that: the post does not exist.
            (Err(error), Ok(None)) if is_unreadable(&error) => {
                Err(missing(subject, "the site lists no images of it").because(error))
            }
            (Err(page), Err(other)) if page.kind == Kind::Missing => Err(other),
            (Err(page), _) => Err(page),
        }
    }

    /// Returns the post embedded in a page.
    async fn page(&self, ctx: &Ctx, path: &[&str], id: &str, subject: &str) -> Result<Post> {
        let answer = ctx
            .get(below(&self.site, path))
            .read_retry_after(limit::wait)
            .send()
            .await?;
        let post = answer
            .status
            .is_success()
            .then(|| script::post(&answer.text()))
            .flatten()
            // The site redirects to the page of another post when it does not have this one.
            .filter(|post| matches!(&post["id"], Value::String(found) if found == id));
        match post {
            Some(mut post) => {
                if path[0] == "a" && flag(&post["is_album"]).is_none() {
                    post["is_album"] = true.into();
                }
                Ok(Post::read(&post, id))
            }
            None => Err(error::page(&answer, subject)),
        }
    }

    /// Returns the images that `ajaxalbums` lists, or `None` if it does not know the id as an album.
    async fn ajax(&self, ctx: &Ctx, id: &str, subject: &str) -> Result<Option<Post>> {
        let url = below(&self.site, &["ajaxalbums", "getimages", id, "hit.json"]);
        let answer = ctx.get(url).read_retry_after(limit::wait).send().await?;
        match error::data(&answer, subject) {
            Ok(data) if data["images"].is_array() => Ok(Some(Post::read(&data, id))),
            Ok(_) => Ok(None),
            Err(error) if error.kind == Kind::Missing => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Checks whether an error means that the response has no post, rather than that access was refused.
fn is_unreadable(error: &Error) -> bool {
    matches!(error.kind, Kind::Missing | Kind::Changed | Kind::Corrupt)
}

fn missing(subject: &str, why: &str) -> Error {
    Error::new(Kind::Missing, format!("{subject} is not there: {why}"))
}
