//! How an attempt ended short of success, and what follows.

use url::Url;

use super::address::file;
use super::content::Content;
use super::retry::{RetryState, Wait};
use super::{Job, Mover};
use crate::model::{Error, Kind, Request, Result};
use crate::net::NamedBy;
use crate::pipeline::documents::ReceivedDocument;

/// How an attempt ended, short of success.
#[derive(Debug)]
pub(super) enum Setback {
    /// Trying again makes no sense.
    GiveUp(Error),
    /// All went well, and there is more to request.
    Incomplete,
    /// It may pass: wait, then resume.
    Retry(Error),
    /// The bytes so far are of no use: start over.
    Restart(Error),
    /// The whole file came instead of a range: request all of it. The bytes so far are discarded only once the new ones
    /// prove to be what was wanted.
    RequestWhole(Error),
    /// The address may have expired: have the source find a new one, then resume.
    Expired(Error),
    /// This is not a file: a document came, which leads to items.
    Document(Box<ReceivedDocument>),
    /// The server says that the file saved before has not changed.
    Unchanged,
}

impl From<Error> for Setback {
    fn from(error: Error) -> Self {
        match error.kind {
            Kind::Network | Kind::Busy => Setback::Retry(error),
            _ => Setback::GiveUp(error),
        }
    }
}

impl Setback {
    /// The error to report if there is no further attempt.
    pub(super) fn into_error(self) -> Error {
        match self {
            Setback::GiveUp(error)
            | Setback::Retry(error)
            | Setback::Restart(error)
            | Setback::RequestWhole(error)
            | Setback::Expired(error) => error,
            Setback::Incomplete | Setback::Document(_) | Setback::Unchanged => {
                Error::new(Kind::Corrupt, "it is not complete")
            }
        }
    }
}

/// The setback that makes the download start over, for this reason.
pub(super) fn restart_because(why: &str) -> Setback {
    Setback::Restart(Error::new(Kind::Changed, why))
}

impl Mover {
    /// Does what a setback asks for. Returns another request if a new address was found.
    pub(super) async fn handle_setback(
        &self,
        job: &Job,
        url: &Url,
        setback: Setback,
        content: &mut Content,
        retry: &mut RetryState,
    ) -> Result<Option<(Request, NamedBy)>> {
        match setback {
            Setback::GiveUp(error) => Err(error),
            Setback::Document(_) | Setback::Unchanged => Ok(None),
            Setback::Incomplete => match retry.note_range_end(content.len()) {
                Ok(()) => Ok(None),
                Err(slow) => self.wait_and_retry(job, url, slow.at(url), retry).await,
            },
            Setback::Retry(error) => self.wait_and_retry(job, url, error, retry).await,
            Setback::Restart(error) => {
                retry.note_restart(error)?;
                retry.note_new_version();
                content.clear().await?;
                Ok(None)
            }
            Setback::RequestWhole(error) => {
                retry.note_restart(error)?;
                retry.from_start = true;
                Ok(None)
            }
            Setback::Expired(error) => {
                let refusal = retry.renew_address(error)?;
                match self.resolve(job).await {
                    // The source has no other address.
                    Err(cannot) if cannot.kind == Kind::Unsupported => {}
                    anew => {
                        let (body, named_by) = anew?;
                        let request = file(body)?;
                        if request.url != *url {
                            retry.note_renewed_address();
                            return Ok(Some((request, named_by)));
                        }
                    }
                }
                if let Some(wait) = retry.insist(refusal)? {
                    self.wait_before_retry(job, url, wait).await?;
                }
                Ok(None)
            }
        }
    }

    async fn wait_and_retry(
        &self,
        job: &Job,
        url: &Url,
        error: Error,
        retry: &mut RetryState,
    ) -> Result<Option<(Request, NamedBy)>> {
        let wait = retry.wait(error)?;
        self.wait_before_retry(job, url, wait).await?;
        Ok(None)
    }

    /// Waits before the next attempt, and reports why.
    async fn wait_before_retry(&self, job: &Job, url: &Url, wait: Wait) -> Result<()> {
        if let Some(interval) = wait.new_interval {
            let reason = format!("between one request and the next, since {}", wait.reason);
            self.report_wait(None, url, interval, reason).await?;
        }
        self.report_wait(Some(job.id), url, wait.time, wait.reason)
            .await?;
        if !wait.is_host_paused {
            self.unless_draining(tokio::time::sleep(wait.time)).await?;
        }
        Ok(())
    }
}
