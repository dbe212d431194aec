//! Where the bytes of an item are now, according to its source.

use super::Mover;
use super::job::Job;
use crate::model::{Body, Error, Kind, Request, Result};
use crate::net::NamedBy;
use crate::source::Ctx;

impl Mover {
    /// Returns the body of an item that has none yet, or whose address expires.
    pub(super) async fn address(&self, job: &Job) -> Result<(Body, NamedBy)> {
        match self.resolve(job).await {
            // The old address may still work, or one of its mirrors.
            Err(cannot) if is_passing(cannot.kind) && job.item.body != Body::Later => {
                Ok((job.item.body.clone(), job.named_by))
            }
            anew => anew,
        }
    }

    /// Has the source find the body. Also returns who named its address.
    pub(super) async fn resolve(&self, job: &Job) -> Result<(Body, NamedBy)> {
        let ctx = Ctx::for_link_named_by(self.client.clone(), job.named_by);
        let body = job.source.resolve(&ctx, &job.item).await?;
        Ok((body, ctx.named_by()))
    }
}

/// Whether a failure to find an address is no fault of the source or of ours.
fn is_passing(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Closed | Kind::Config | Kind::Corrupt | Kind::Disk
    )
}

/// Returns the request of a body that is a single file.
pub(super) fn file(body: Body) -> Result<Request> {
    match body {
        Body::File(request) => Ok(request),
        Body::Hls(_) | Body::Dash(_) | Body::Tracks(_) => {
            Err(Error::new(Kind::Unsupported, "the file is now a stream"))
        }
        _ => Err(Error::new(
            Kind::Unsupported,
            "its source does not say where to download it",
        )),
    }
}
