//! Asks yt-dlp about the embedded players on a page that no site's source handles.

use fetch::model::{Error, Kind, Result};
use fetch::net::Redacted;
use fetch::source::{Ctx, Outlet};
use futures_util::future::join_all;
use url::Url;

use super::super::page::left_out;
use super::answer::{self, Answer};
use super::chooser::Chooser;
use super::ytdlp::{self, Extractors};
use super::{Inner, Program};

impl Chooser {
    /// Has yt-dlp list the players that it knows, each as a link of its own, which also reports its failure. Returns their
    /// number.
    pub(super) async fn players(&self, ctx: &Ctx, page: &Url, out: &Outlet) -> Result<usize> {
        let inner = &self.inner;
        let mut players = out.take_players();
        players.retain(|url| !inner.is_unknown_host(url));
        if !inner.programs().any(|name| name == Program::Ytdlp) {
            if let Some(text) = left_out(&players) {
                out.warn(text).await?;
            }
            return Ok(0);
        }
        let mut allowed = Vec::new();
        for url in players {
            match ctx.allow_external(&url).await {
                Ok(()) => {
                    // On other hosts than that of the page, only extractors for known sites are used, so that a page cannot
                    // send yt-dlp to arbitrary servers.
                    let extractors = match url.host() == page.host() {
                        true => Extractors::All,
                        false => Extractors::Specific,
                    };
                    allowed.push((url, extractors));
                }
                Err(error) => note(out, &url, &error).await?,
            }
        }
        let mut count = 0;
        for ((url, _), answer) in allowed.iter().zip(ask(inner, ctx, &allowed).await) {
            let answer = match answer {
                Ok(Answer::Complete(answer)) if !ytdlp::has_any(&answer) => Answer::Unknown,
                Ok(Answer::Complete(answer)) => match ytdlp::useless(inner, url, &answer) {
                    Some(error) => Answer::Failed(error),
                    None => Answer::Complete(answer),
                },
                Ok(answer) => answer,
                Err(error) => Answer::Failed(error),
            };
            let is_known = !matches!(answer, Answer::Unknown);
            inner.note_host(url, is_known.then_some(Program::Ytdlp));
            match answer {
                Answer::Unknown | Answer::Empty => {}
                Answer::Broken(error) => self.drop_program(Program::Ytdlp, &error, out).await?,
                // Not even the contents of the player are known, so this is only noted.
                Answer::Failed(error) if error.kind == Kind::Unsupported => {
                    note(out, url, &error).await?;
                }
                answer => {
                    self.delegate(Program::Ytdlp, url, answer, out).await?;
                    count += 1;
                }
            }
        }
        Ok(count)
    }
}

/// Asks about all of them. Several share a start of the program.
async fn ask(inner: &Inner, ctx: &Ctx, players: &[(Url, Extractors)]) -> Vec<Result<Answer>> {
    if let [(player, extractors)] = players {
        return vec![ytdlp::batch::ask_alone(inner, ctx, player, *extractors).await];
    }
    let players = players.iter();
    join_all(
        players.map(|(url, extractors)| ytdlp::batch::ask_batched(inner, ctx, url, *extractors)),
    )
    .await
}

async fn note(out: &Outlet, url: &Url, error: &Error) -> Result<()> {
    let why = answer::why(error);
    let text = format!("the player `{}` is left out: {why}", Redacted(url));
    out.note(text).await
}
