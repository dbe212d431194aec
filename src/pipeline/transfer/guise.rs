//! What is not what its source takes it for: a stream that is some other file, and a file that describes a stream.

use std::sync::Arc;

use super::stream::{Ending, Form, Streamed};
use super::tries::Tries;
use super::{Job, Mover};
use crate::model::{Body, Error, Expect, Kind, Medium, Outcome, Request, Result};
use crate::net::Led;
use crate::pipeline::documents::Came;
use crate::pipeline::stream::hls;
use crate::source::url_name;

impl Mover {
    /// Fetches a stream. What is called one by its address alone, and is none, is a file.
    pub(super) async fn film(
        &self,
        job: Job,
        what: &Streamed,
        led: Led,
        tries: &mut Tries,
    ) -> Result<Ending> {
        // A film is not fetched anew to be compared.
        if let Some(had) = &job.known
            && had.version().is_some()
        {
            return Ok(Ending::Told(self.unchanged(&job, had)));
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

    /// Fetches the film that is described by what came in place of a file.
    pub(super) async fn described(
        &self,
        mut job: Job,
        came: Came,
        tries: &mut Tries,
    ) -> Result<Outcome> {
        let body = came.answer.as_ref().map(|answer| &answer.body[..]);
        let form = match body.is_some_and(hls::is_one) {
            true => Form::Hls,
            false => Form::Dash,
        };
        let request = Request {
            headers: came.headers,
            // It was looked at.
            expect: Expect {
                medium: Some(Medium::Any),
                ..Expect::default()
            },
            ..Request::new(came.url)
        };
        Arc::make_mut(&mut job.item).body = match form {
            Form::Hls => Body::Hls(request.clone()),
            _ => Body::Dash(request.clone()),
        };
        let what = Streamed {
            form,
            request,
            sound: None,
        };
        match self.film(job, &what, came.led, tries).await? {
            Ending::Told(outcome) => Ok(outcome),
            Ending::NoStream(_) => {
                let message = "what describes the stream describes none any more";
                Err(Error::new(Kind::Changed, message))
            }
        }
    }
}
