//! Items that are not what their source takes them for: a stream that is some other file, and a file that describes a
//! stream.

use std::future::ready;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::retry::RetryState;
use super::stream::{Form, StreamEnd, StreamSource};
use super::{Job, Mover};
use crate::model::{Body, Error, Expect, Kind, Medium, Outcome, Quality, Request, Result};
use crate::pipeline::derived_keys;
use crate::pipeline::documents::ReceivedDocument;
use crate::pipeline::stream::hls;
use crate::source::url_name;

impl Mover {
    /// Downloads a stream. An item that is a stream only by its address, and turns out not to be one, is a file. Boxed,
    /// because it is large.
    pub(super) fn download_stream<'a>(
        &'a self,
        job: Job,
        source: Arc<StreamSource>,
        retry: &'a mut RetryState,
    ) -> BoxFuture<'a, Result<StreamEnd>> {
        // A film is not downloaded again to be compared.
        if let Some(saved) = &job.known
            && let Some(version) = saved.version()
        {
            // An item with a version that the server can confirm was saved as a file.
            let warning = version
                .validator
                .as_ref()
                .map(|_| "cannot tell whether it has changed: it is a stream now".to_owned());
            let unchanged = self.unchanged(&job, saved, warning);
            return Box::pin(ready(Ok(StreamEnd::Done(unchanged))));
        }
        Box::pin(async move {
            let end = self.run_stream(job, source.clone(), retry).await?;
            Ok(match end {
                StreamEnd::NotAStream(mut job) => {
                    let ext = || url_name(&source.request.url).1;
                    job.planned.ext = job.planned.ext.or_else(ext);
                    StreamEnd::NotAStream(job)
                }
                end => end,
            })
        })
    }

    /// Downloads the film that is described by a document that came in place of a file.
    pub(super) async fn download_described(
        &self,
        mut job: Job,
        received: ReceivedDocument,
        retry: &mut RetryState,
    ) -> Result<Outcome> {
        let ReceivedDocument {
            url,
            answer,
            named_by,
            headers,
            ..
        } = received;
        // Dropped before the film is downloaded, which may take hours: the playlist is requested once more.
        let body = answer.map(|answer| answer.body);
        let form = match body.is_some_and(|body| hls::is_one(&body)) {
            true => Form::Hls,
            false => Form::Dash,
        };
        let request = Request {
            headers,
            // The document has been checked already.
            expect: Expect {
                medium: Some(Medium::Any),
                ..Expect::default()
            },
            ..Request::new(url)
        };
        let item = Arc::make_mut(&mut job.item);
        item.body = match form {
            Form::Hls => Body::Hls(request.clone()),
            _ => Body::Dash(request.clone()),
        };
        if job.quality == Quality::Audio {
            derived_keys::make_audio_only(item);
        }
        let source = StreamSource {
            form,
            request,
            sound: None,
            named_by,
        };
        match self.download_stream(job, source.into(), retry).await? {
            StreamEnd::Done(outcome) => Ok(outcome),
            StreamEnd::NotAStream(_) => {
                let message = "the playlist no longer describes a stream";
                Err(Error::new(Kind::Changed, message))
            }
        }
    }
}
