//! Asks yt-dlp about the embedded players on a page that no site's source handles.

use fetch::model::{Error, Kind, Result};
use fetch::net::Shown;
use fetch::source::{Ctx, Outlet};
use futures_util::future::join_all;
use url::Url;

use super::super::page::left_out;
use super::asked::{self, Asked};
use super::chooser::Chooser;
use super::ytdlp::{self, Which};
use super::{Inner, Name};

impl Chooser {
    /// Has yt-dlp list the players that it knows, each as a link of its own, which also reports its failure. Returns their
    /// number.
    pub(super) async fn players(&self, ctx: &Ctx, page: &Url, out: &Outlet) -> Result<usize> {
        let inner = &self.inner;
        let mut players = out.take_players();
        players.retain(|url| !inner.is_strange(url));
        if !inner.programs().any(|name| name == Name::Ytdlp) {
            if let Some(text) = left_out(&players) {
                out.warn(text).await?;
            }
            return Ok(0);
        }
        let mut let_in = Vec::new();
        for url in players {
            match ctx.lend(&url).await {
                Ok(()) => {
                    // On other hosts than that of the page, only extractors for known sites are used, so that a page cannot
                    // send yt-dlp to arbitrary servers.
                    let which = match url.host() == page.host() {
                        true => Which::All,
                        false => Which::Specific,
                    };
                    let_in.push((url, which));
                }
                Err(error) => note(out, &url, &error).await?,
            }
        }
        let mut count = 0;
        for ((url, _), asked) in let_in.iter().zip(ask(inner, ctx, &let_in).await) {
            let asked = match asked {
                Ok(Asked::Answered(answer)) if !ytdlp::has_any(&answer) => Asked::Unknown,
                Ok(Asked::Answered(answer)) => match ytdlp::useless(inner, url, &answer) {
                    Some(error) => Asked::Failed(error),
                    None => Asked::Answered(answer),
                },
                Ok(asked) => asked,
                Err(error) => Asked::Failed(error),
            };
            let is_known = !matches!(asked, Asked::Unknown);
            inner.note_host(url, is_known.then_some(Name::Ytdlp));
            match asked {
                Asked::Unknown | Asked::Nothing => {}
                Asked::Broken(error) => self.give_up(Name::Ytdlp, &error, out).await?,
                // Not even the contents of the player are known, so this is only noted.
                Asked::Failed(error) if error.kind == Kind::Unsupported => {
                    note(out, url, &error).await?;
                }
                asked => {
                    self.hand_on(Name::Ytdlp, url, asked, out).await?;
                    count += 1;
                }
            }
        }
        Ok(count)
    }
}

/// Asks about all of them. Several share a start of the program.
async fn ask(inner: &Inner, ctx: &Ctx, players: &[(Url, Which)]) -> Vec<Result<Asked>> {
    if let [(player, which)] = players {
        return vec![ytdlp::together::alone(inner, ctx, player, *which).await];
    }
    let players = players.iter();
    join_all(players.map(|(url, which)| ytdlp::together::film(inner, ctx, url, *which))).await
}

async fn note(out: &Outlet, url: &Url, error: &Error) -> Result<()> {
    let why = asked::why(error);
    let text = format!("the player `{}` is left out: {why}", Shown(url));
    out.note(text).await
}
