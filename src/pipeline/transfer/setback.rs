//! What follows a setback.

use url::Url;

use super::address::file;
use super::content::Content;
use super::tries::{Setback, Tries, Wait};
use super::{Job, Mover};
use crate::model::{Error, Kind, Request, Result};
use crate::net::Led;

impl Mover {
    /// Does what a setback asks for. Gives another request if the address was found anew.
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

    /// Waits before the next attempt, and tells why.
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
