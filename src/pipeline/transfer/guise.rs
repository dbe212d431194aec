//! Items that are not what their source takes them for: a stream that is some other file, and a file that describes a
//! stream.

use std::sync::Arc;

use super::stream::{Ending, Form, Streamed};
use super::tries::Tries;
use super::{Job, Mover};
use crate::model::{Body, Error, Expect, Kind, Medium, Outcome, Quality, Request, Result};
use crate::net::Led;
use crate::pipeline::documents::Came;
use crate::pipeline::kin;
use crate::pipeline::stream::hls;
use crate::source::url_name;

impl Mover {
    /// Downloads a stream. An item that is a stream only by its address, and turns out not to be one, is a file.
    pub(super) async fn film(
        &self,
        job: Job,
        what: &Streamed,
        led: Led,
        tries: &mut Tries,
    ) -> Result<Ending> {
        // A film is not downloaded again to be compared.
        if let Some(had) = &job.known
            && let Some(version) = had.version()
        {
            // An item with a version that the server can confirm was saved as a file.
            let warning = version
                .validator
                .as_ref()
                .map(|_| "cannot tell whether it has changed: it is a stream now".to_owned());
            return Ok(Ending::Told(self.unchanged(&job, had, warning)));
        }
        let ending = self.stream(job, what, led, tries).await?;
        Ok(match ending {
            Ending::NoStream(mut job) => {
                let ext = || url_name(&what.request.url).1;
                job.planned.ext = job.planned.ext.or_else(ext);
                Ending::NoStream(job)
            }
            told => told,
        })
    }

    /// Downloads the film that is described by a document that came in place of a file.
    pub(super) async fn described(
        &self,
        mut job: Job,
        came: Came,
        tries: &mut Tries,
    ) -> Result<Outcome> {
        let Came {
            url,
            answer,
            led,
            headers,
            ..
        } = came;
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
            kin::sound_alone(item);
        }
        let what = Streamed {
            form,
            request,
            sound: None,
        };
        match self.film(job, &what, led, tries).await? {
            Ending::Told(outcome) => Ok(outcome),
            Ending::NoStream(_) => {
                let message = "the playlist no longer describes a stream";
                Err(Error::new(Kind::Changed, message))
            }
        }
    }
}
