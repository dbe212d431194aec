//! Where the bytes of an item are, as its source says by now.

use super::Mover;
use super::job::Job;
use crate::model::{Body, Error, Kind, Request, Result};
use crate::net::Led;
use crate::source::Ctx;

impl Mover {
    /// The body of an item that has none yet, or whose address runs out.
    pub(super) async fn address(&self, job: &Job) -> Result<(Body, Led)> {
        match self.resolve(job).await {
            // It may serve all the same, or one of its mirrors does.
            Err(cannot) if is_passing(cannot.kind) && job.item.body != Body::Later => {
                Ok((job.item.body.clone(), job.led))
            }
            anew => anew,
        }
    }

    /// Has the source find the body, and tells who named where it is.
    pub(super) async fn resolve(&self, job: &Job) -> Result<(Body, Led)> {
        let ctx = Ctx::led_by(self.client.clone(), job.led);
        let body = job.source.resolve(&ctx, &job.item).await?;
        Ok((body, ctx.led()))
    }
}

/// Whether it is no fault of the source's or of ours that an address was not found.
fn is_passing(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Closed | Kind::Config | Kind::Corrupt | Kind::Disk
    )
}

/// The request behind a body that is one file.
pub(super) fn file(body: Body) -> Result<Request> {
    match body {
        Body::File(request) => Ok(request),
        Body::Hls(_) | Body::Dash(_) | Body::Tracks(_) => Err(Error::new(
            Kind::Unsupported,
            "what was a file is a stream now",
        )),
        _ => Err(Error::new(
            Kind::Unsupported,
            "its source does not say where the bytes are",
        )),
    }
}
