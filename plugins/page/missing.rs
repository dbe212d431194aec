//! Tells what a tour has missed.

use std::collections::HashSet;

use fetch::model::{Error, Kind, Result};
use fetch::net::Shown;
use fetch::source::Answer;
use url::Url;

use super::choice::Omitted;
use super::linked::Linked;
use super::options::Options;
use super::player::is_player;
use super::reading::{has_end, whole};
use super::tour::Tour;

/// Who may know a page that has nothing in its markup.
pub(in super::super) const PROGRAMS: &str =
    "gallery-dl or yt-dlp may know the page, and are asked where they are installed";

impl Tour<'_> {
    /// Notes that a link led to nothing. That a page is gone is how the web is; anything else is told at the end.
    pub(super) async fn miss(&mut self, error: Error) -> Result<()> {
        match error.kind {
            Kind::Closed => return Err(error),
            Kind::Missing | Kind::Login | Kind::Blocked => {
                self.closed += usize::from(error.kind != Kind::Missing);
                return self.out.note(format!("not followed: {error}")).await;
            }
            _ => {}
        }
        self.failed += 1;
        self.fault.get_or_insert(error);
        Ok(())
    }

    /// Tells how many pictures of a page are left out. Most pages have some, so that is worth no more than a note, unless it is odd.
    pub(super) async fn leave_out(
        &mut self,
        page: &Url,
        omitted: Omitted,
        is_odd: bool,
    ) -> Result<()> {
        let Omitted {
            large,
            beside,
            dress,
        } = omitted;
        let known = &mut self.omitted;
        (known.large, known.beside) = (known.large + large, known.beside + beside);
        known.dress += dress;
        let page = Shown(page);
        if large > 0 {
            let text = format!(
                "large pictures left out as beside the matter of `{page}`: {large} (`--all` takes them)"
            );
            match is_odd {
                true => self.out.warn(text).await?,
                false => self.out.note(text).await?,
            }
        }
        if dress > 0 {
            let text = format!(
                "pictures of `{page}` left out for what they are called: {dress} (`--all` takes them)"
            );
            self.out.note(text).await?;
        }
        Ok(())
    }

    /// Tells of a page that shows nothing but what it is told by: the rest may come by scripts. Of many pages, that is worth no more
    /// than a note.
    pub(super) async fn leave_scripts(&self, page: &Url, is_first: bool) -> Result<()> {
        let text = format!(
            "nothing is shown in the markup of `{}` but the picture that tells of it (`og:image`); what its scripts bring is not seen",
            Shown(page)
        );
        match is_first && !self.is_handed {
            true => self.out.warn(text).await,
            false => self.out.note(text).await,
        }
    }

    /// Tells of scripts that describe a page and could not be read, even with the faults that are passed over.
    pub(super) async fn unread(&self, page: &Url, linked: &Linked) -> Result<()> {
        let Some(fault) = &linked.fault else {
            return Ok(());
        };
        let text = format!(
            "scripts of `{}` that describe it (JSON-LD) and cannot be read: {}: {fault}",
            Shown(page),
            linked.faults
        );
        self.out.note(text).await
    }

    /// Tells of a page that may have more to it: nothing but the end of the connection says where it ends (RFC 9112 §6.3), and
    /// it does not end as pages do.
    pub(super) async fn doubt(&self, answer: &Answer) -> Result<()> {
        if !answer.open_end || has_end(&answer.body) {
            return Ok(());
        }
        let page = Shown(&answer.url);
        let text = format!(
            "`{page}` has no end, and no length that was told, so nothing shows whether it is whole"
        );
        self.out.warn(text).await
    }

    /// Tells that an album has more pages than are read. Whoever has set how many are, knows.
    pub(super) async fn leave_behind(&self, album: &Url) -> Result<()> {
        let most = self.options.pages;
        let text = format!(
            "no more than {most} pages of `{}` are read (`source.page.pages`); those behind are left",
            Shown(album)
        );
        match most == Options::default().pages {
            true => self.out.warn(text).await,
            false => self.out.note(text).await,
        }
    }

    /// Tells what is missing.
    pub(super) async fn end(self) -> Result<()> {
        if self.leading > 0 {
            let text = format!(
                "pictures that lead to pages: {} (`--depth 1` looks there)",
                self.leading
            );
            self.out.note(text).await?;
        }
        let closed = (self.closed > 0).then(|| {
            let count = self.closed;
            format!("links that lead to what is closed: {count} (`-v` names them)")
        });
        let refused = (self.refused > 0).then(|| {
            let count = self.refused;
            format!("links not followed, as the site asks: {count} (`source.page.robots`)")
        });
        for text in closed.into_iter().chain(refused) {
            // All of a folder is wanted. Of a page, some links lead where nobody is let in, and seldom all.
            match self.is_folder || self.followed == 0 {
                true => self.out.warn(text).await?,
                false => self.out.note(text).await?,
            }
        }
        let is_bare = self.out.items() == 0 && self.out.embeds() == 0 && self.handed == 0;
        let players = match self.page.leaves_players() {
            true => left_out(&self.out.take_players()),
            false => None,
        };
        if let Some(text) = &players
            && !is_bare
        {
            self.out.warn(text.clone()).await?;
        }
        if let Some(error) = self.fault {
            let message = format!("links that could not be followed: {}", self.failed);
            let hint = error.hint.clone();
            let told = Error::new(error.kind, message).because(error);
            return Err(match hint {
                Some(hint) => told.hint(hint),
                None => told,
            });
        }
        if let Some(page) = &self.cut {
            whole(page, true)?;
        }
        if !is_bare {
            return Ok(());
        }
        if self.left > 0 {
            let message = format!(
                "no file is in the folder: {} of its links are pages, or lead out of it",
                self.left
            );
            return Err(Error::new(Kind::Unsupported, message)
                .hint("pages are not saved; `page:URL` takes the media on one of them"));
        }
        let mut hints: Vec<String> = players.into_iter().collect();
        if let Some(feed) = &self.feed {
            hints.push(format!("its feed may have some: `{}`", Shown(feed)));
        }
        let Omitted {
            large,
            beside,
            dress,
        } = self.omitted;
        match (large, beside) {
            (0, 0) => {}
            (0, beside) => hints.push(format!("pictures beside its matter: {beside}")),
            (large, _) => hints.push(format!("large pictures beside its matter: {large}")),
        }
        if dress > 0 {
            hints.push(format!(
                "pictures left out for what they are called: {dress}"
            ));
        }
        hints.push("what its scripts bring is not seen".to_owned());
        if !self.options.all {
            hints.push("`--all` takes icons, documents and the like, too".to_owned());
        }
        hints.push(PROGRAMS.to_owned());
        let message = "no media that matter are in its markup";
        let hint = hints.join("; ");
        Err(Error::new(Kind::Unsupported, message).hint(hint))
    }
}

/// Tells of the players of sites that show films and sounds, where no program is there to which they could be put.
pub(in super::super) fn left_out(players: &[Url]) -> Option<String> {
    let players: Vec<&Url> = players.iter().filter(|url| is_player(url)).collect();
    let mut hosts: Vec<&str> = players.iter().filter_map(|url| url.host_str()).collect();
    let mut seen = HashSet::new();
    hosts.retain(|host| seen.insert(*host));
    (!hosts.is_empty()).then(|| {
        format!(
            "players of other sites are left out: {} (`{}`); yt-dlp fetches them where it is installed",
            players.len(),
            hosts.join("`, `")
        )
    })
}
