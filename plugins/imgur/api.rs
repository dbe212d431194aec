//! API v3, for users who have a client id.

use fetch::model::{Error, Kind, Result};
use fetch::net::Secret;
use fetch::source::Ctx;
use http::header;
use serde_json::Value;
use tokio::task::JoinHandle;
use url::Url;

use super::answer::Post;
use super::{Imgur, below, error, limit};

/// Responses from this many bytes on are parsed on a thread of their own, while the entries listed before are
/// processed.
const LARGE: usize = 8 << 10;

impl Imgur {
    /// Returns the album with this id, including all of its images.
    pub(super) async fn api_album(&self, ctx: &Ctx, key: &Secret, id: &str) -> Result<Post> {
        let subject = format!("album `{id}`");
        let data = self.call(ctx, key, &["album", id], &subject).await?;
        let mut post = Post::read(object(&data, &subject)?, id);
        // Whatever the response says: it was requested as an album.
        post.is_album = true;
        self.complete(ctx, key, post).await
    }

    /// Returns the gallery post with this id. A post that is not in the gallery may still be an album.
    pub(super) async fn api_post(&self, ctx: &Ctx, key: &Secret, id: &str) -> Result<Post> {
        let subject = format!("gallery post `{id}`");
        match self.call(ctx, key, &["gallery", id], &subject).await {
            Ok(data) => {
                let post = Post::read(object(&data, &subject)?, id);
                self.complete(ctx, key, post).await
            }
            Err(error) if error.kind == Kind::Missing => self.api_album(ctx, key, id).await,
            Err(error) => Err(error),
        }
    }

    /// Returns the single image with this id.
    pub(super) async fn api_image(&self, ctx: &Ctx, key: &Secret, id: &str) -> Result<Post> {
        let subject = format!("image `{id}`");
        let data = self.call(ctx, key, &["image", id], &subject).await?;
        Ok(Post::read(object(&data, &subject)?, id))
    }

    /// Requests the image list separately if the album lacks some.
    async fn complete(&self, ctx: &Ctx, key: &Secret, mut post: Post) -> Result<Post> {
        if !post.lacks_images() {
            return Ok(post);
        }
        let path = ["album", &post.id, "images"];
        let data = self.call(ctx, key, &path, &post.subject()).await;
        let all = match data {
            Ok(images) => Post::read(&serde_json::json!({ "images": images }), &post.id),
            // Some images are there already; the missing ones are reported at the end.
            Err(_) if post.readable() > 0 => return Ok(post),
            Err(error) => return Err(error),
        };
        if all.readable() > post.readable() {
            post.images = all.images;
        }
        Ok(post)
    }

    /// Makes a call and returns its `data`.
    pub(super) async fn call(
        &self,
        ctx: &Ctx,
        key: &Secret,
        path: &[&str],
        subject: &str,
    ) -> Result<Value> {
        let url = below(&self.api, &[&["3"], path].concat());
        let asked = self.request(ctx, key, url, subject, |data, _| Ok(data));
        asked.await?.read().await
    }

    /// Requests a URL and passes the `data` of the response to `read`; for a large response, that goes on in the
    /// background.
    pub(super) async fn request<T: Send + 'static>(
        &self,
        ctx: &Ctx,
        key: &Secret,
        url: Url,
        subject: &str,
        read: impl FnOnce(Value, &str) -> Result<T> + Send + 'static,
    ) -> Result<Parsed<T>> {
        let authorization = format!("Client-ID {}", key.reveal().trim());
        let call = ctx.get(url).header(header::AUTHORIZATION, &authorization)?;
        let answer = call.read_retry_after(limit::wait).send().await?;
        if answer.body.len() < LARGE {
            let read = error::data(&answer, subject).and_then(|data| read(data, subject));
            return Ok(Parsed::Done(read));
        }
        let subject = subject.to_owned();
        let read = move || read(error::data(&answer, &subject)?, &subject);
        Ok(Parsed::Pending(tokio::task::spawn_blocking(read)))
    }
}

/// A response that has been or is being parsed.
pub(super) enum Parsed<T> {
    /// Already parsed.
    Done(Result<T>),
    /// Large, and still being parsed.
    Pending(JoinHandle<Result<T>>),
}

impl<T> Parsed<T> {
    /// Waits until it has been parsed.
    pub(super) async fn read(self) -> Result<T> {
        match self {
            Parsed::Done(read) => read,
            Parsed::Pending(reading) => reading.await.unwrap_or_else(|defect| {
                let message = "a bug in this program interrupted the parsing of a response";
                Err(Error::new(Kind::Corrupt, message).because(defect.to_string()))
            }),
        }
    }
}

fn object<'a>(data: &'a Value, subject: &str) -> Result<&'a Value> {
    if data.is_object() {
        return Ok(data);
    }
    let message = format!("cannot read the response about {subject}: `data` is not an object");
    Err(Error::new(Kind::Corrupt, message))
}
