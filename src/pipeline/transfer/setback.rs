//! How an attempt ended short of success, and what follows.

use url::Url;

use super::address::file;
use super::content::Content;
use super::tries::{Tries, Wait};
use super::{Job, Mover};
use crate::model::{Error, Kind, Request, Result};
use crate::net::Led;
use crate::pipeline::documents::Came;

/// How an attempt ended, short of success.
#[derive(Debug)]
pub(super) enum Setback {
    /// Trying again makes no sense.
    GiveUp(Error),
    /// All went well, and there is more to request.
    More,
    /// It may pass: wait, then resume.
    Again(Error),
    /// The bytes so far are of no use: start over.
    Restart(Error),
    /// The whole file came instead of a range: request all of it. The bytes so far are discarded only once the new ones
    /// prove to be what was wanted.
    Whole(Error),
    /// The address may have expired: have the source find a new one, then resume.
    Expired(Error),
    /// This is not a file: a document came, which leads to items.
    Document(Box<Came>),
    /// The server says that the file saved before has not changed.
    Unchanged,
}

impl From<Error> for Setback {
    fn from(error: Error) -> Self {
        match error.kind {
            Kind::Network | Kind::Busy => Setback::Again(error),
            _ => Setback::GiveUp(error),
        }
    }
}

impl Setback {
    /// The error to report if there is no further attempt.
    pub(super) fn into_error(self) -> Error {
        match self {
            Setback::GiveUp(error)
            | Setback::Again(error)
            | Setback::Restart(error)
            | Setback::Whole(error)
            | Setback::Expired(error) => error,
            Setback::More | Setback::Document(_) | Setback::Unchanged => {
                Error::new(Kind::Corrupt, "it is not complete")
            }
        }
    }
}

impl Mover {
    /// Does what a setback asks for. Returns another request if a new address was found.
    pub(super) async fn after(
        &self,
        job: &Job,
        url: &Url,
        setback: Setback,
        content: &mut Content,
        tries: &mut Tries,
    ) -> Result<Option<(Request, Led)>> {
        match setback {
            Setback::GiveUp(error) => Err(error),
            Setback::Document(_) | Setback::Unchanged => Ok(None),
            Setback::More => match tries.more(content.len()) {
                Ok(()) => Ok(None),
                Err(slow) => self.again(job, url, slow.at(url), tries).await,
            },
            Setback::Again(error) => self.again(job, url, error, tries).await,
            Setback::Restart(error) => {
                tries.restart(error)?;
                tries.begins_anew();
                content.restart().await?;
                Ok(None)
            }
            Setback::Whole(error) => {
                tries.restart(error)?;
                tries.from_start = true;
                Ok(None)
            }
            Setback::Expired(error) => {
                let refusal = tries.anew(error)?;
                match self.resolve(job).await {
                    // The source has no other address.
                    Err(cannot) if cannot.kind == Kind::Unsupported => {}
                    anew => {
                        let (body, led) = anew?;
                        let request = file(body)?;
                        if request.url != *url {
                            tries.moves_to_another();
                            return Ok(Some((request, led)));
                        }
                    }
                }
                if let Some(wait) = tries.insist(refusal)? {
                    self.sit_out(job, url, wait).await?;
                }
                Ok(None)
            }
        }
    }

    async fn again(
        &self,
        job: &Job,
        url: &Url,
        error: Error,
        tries: &mut Tries,
    ) -> Result<Option<(Request, Led)>> {
        let wait = tries.wait(error)?;
        self.sit_out(job, url, wait).await?;
        Ok(None)
    }

    /// Waits before the next attempt, and reports why.
    async fn sit_out(&self, job: &Job, url: &Url, wait: Wait) -> Result<()> {
        if let Some(apart) = wait.apart {
            let reason = format!("between one request and the next, since {}", wait.reason);
            self.tell_wait(None, url, apart, reason).await?;
        }
        self.tell_wait(Some(job.id), url, wait.time, wait.reason)
            .await?;
        if !wait.is_in_line {
            self.unless_draining(tokio::time::sleep(wait.time)).await?;
        }
        Ok(())
    }
}
