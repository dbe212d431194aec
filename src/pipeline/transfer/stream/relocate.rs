//! Streams whose own address expires: the item's source is asked where it is now.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Form, StreamSource, Streaming};
use crate::model::{Body, Tracks};
use crate::net::NamedBy;

/// How often a source is asked at most.
const MOST: u32 = 20;

/// Where a stream is now.
pub(super) struct Relocatable(Mutex<(Arc<StreamSource>, u32)>);

impl Relocatable {
    pub(super) fn new(source: Arc<StreamSource>) -> Relocatable {
        Relocatable(Mutex::new((source, 0)))
    }
}

impl StreamSource {
    /// Describes where the stream of this body is; `None` if the body is none.
    pub(in super::super) fn of(body: &Body, named_by: NamedBy) -> Option<StreamSource> {
        let (form, request, sound) = match body {
            Body::Hls(request) => (Form::Hls, request, None),
            Body::Dash(request) => (Form::Dash, request, None),
            Body::Tracks(tracks) => {
                let Tracks { picture, sound } = &**tracks;
                (Form::of(picture), &picture.request, Some(sound.clone()))
            }
            Body::File(_) | Body::Text(_) | Body::Later => return None,
        };
        Some(StreamSource {
            form,
            request: request.clone(),
            sound,
            named_by,
        })
    }
}

impl Streaming<'_> {
    /// Returns where the stream is.
    pub(super) fn source(&self) -> Arc<StreamSource> {
        let location = self.source.0.lock();
        location.unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Has the item's source find the stream anew, whose address may have expired. `None` if it is not elsewhere.
    pub(super) async fn relocated(&self, before: &StreamSource) -> Option<Arc<StreamSource>> {
        let now = self.source();
        if now.request.url != before.request.url {
            // The other track has noticed it before.
            return Some(now);
        }
        {
            let location = self.source.0.lock();
            let asked = &mut location.unwrap_or_else(PoisonError::into_inner).1;
            if *asked >= MOST {
                return None;
            }
            *asked += 1;
        }
        let resolved = self.mover.unless_ending(self.mover.resolve(self.job)).await;
        let (body, named_by) = resolved.ok()?.ok()?;
        let found = Arc::new(StreamSource::of(&body, named_by)?);
        let is_alike = found.form == before.form && found.sound.is_some() == before.sound.is_some();
        if !is_alike || found.request.url == before.request.url {
            return None;
        }
        let location = self.source.0.lock();
        location.unwrap_or_else(PoisonError::into_inner).0 = found.clone();
        Some(found)
    }
}
