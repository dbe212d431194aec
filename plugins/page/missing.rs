//! Reports what a crawl has missed.

use std::collections::HashSet;

use fetch::model::{Error, Kind, Result};
use fetch::net::Redacted;
use fetch::source::Answer;
use url::Url;

use super::choice::Omitted;
use super::crawl::Crawl;
use super::json_ld::JsonLd;
use super::options::Options;
use super::player::is_player;
use super::reading::{check_complete, has_end};

/// A hint about programs that may support a page without media in its markup.
pub(in super::super) const PROGRAMS: &str =
    "gallery-dl or yt-dlp may support the page, and are used if they are installed";

impl Crawl<'_> {
    /// Records a link that failed. Missing pages are common on the web, so they are only noted; other errors are
    /// reported at the end.
    pub(super) async fn note_failed_link(&mut self, error: Error) -> Result<()> {
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

    /// Reports how many pictures of a page were left out. Most pages have some, so that is only a note, unless it is
    /// unusual.
    pub(super) async fn report_omitted(
        &mut self,
        page: &Url,
        omitted: Omitted,
        is_odd: bool,
    ) -> Result<()> {
        let Omitted {
            large,
            outside,
            by_name,
        } = omitted;
        let known = &mut self.omitted;
        (known.large, known.outside) = (known.large + large, known.outside + outside);
        known.by_name += by_name;
        let page = Redacted(page);
        if large > 0 {
            let text = format!(
                "large pictures left out as outside the main content of `{page}`: {large} (`--all` includes them)"
            );
            match is_odd {
                true => self.out.warn(text).await?,
                false => self.out.note(text).await?,
            }
        }
        if by_name > 0 {
            let text = format!(
                "pictures of `{page}` left out because of their names: {by_name} (`--all` includes them)"
            );
            self.out.note(text).await?;
        }
        Ok(())
    }

    /// Reports a page with nothing but its preview picture: the rest may be added by scripts. Among many pages, that is
    /// only a note.
    pub(super) async fn report_only_preview(&self, page: &Url, is_first: bool) -> Result<()> {
        let text = format!(
            "the markup of `{}` has nothing but its preview picture (`og:image`); content added by scripts is not visible",
            Redacted(page)
        );
        match is_first && !self.is_handed {
            true => self.out.warn(text).await,
            false => self.out.note(text).await,
        }
    }

    /// Reports scripts describing a page that could not be read, even after tolerating common errors.
    pub(super) async fn report_json_ld_faults(&self, page: &Url, json_ld: &JsonLd) -> Result<()> {
        let Some(fault) = &json_ld.fault else {
            return Ok(());
        };
        let text = format!(
            "unreadable JSON-LD scripts of `{}`: {}: {fault}",
            Redacted(page),
            json_ld.faults
        );
        self.out.note(text).await
    }

    /// Reports a page that may be truncated: only the end of the connection delimits it (RFC 9112 §6.3), and it lacks
    /// the usual end of a page.
    pub(super) async fn warn_if_truncated(&self, answer: &Answer) -> Result<()> {
        if !answer.open_end || has_end(&answer.body) {
            return Ok(());
        }
        let page = Redacted(&answer.url);
        let text = format!(
            "`{page}` has neither an end tag nor a declared length, so it may be incomplete"
        );
        self.out.warn(text).await
    }

    /// Reports that an album has more pages than are read. A user who has set the limit knows, so that is only a note.
    pub(super) async fn report_page_limit(&self, album: &Url) -> Result<()> {
        let most = self.options.pages;
        let text = format!(
            "only {most} pages of `{}` are read (`source.page.pages`); the rest are left out",
            Redacted(album)
        );
        match most == Options::default().pages {
            true => self.out.warn(text).await,
            false => self.out.note(text).await,
        }
    }

    /// Reports what is missing.
    pub(super) async fn finish(self) -> Result<()> {
        if self.leading > 0 {
            let text = format!(
                "pictures that link to pages: {} (`--depth 1` follows them)",
                self.leading
            );
            self.out.note(text).await?;
        }
        let closed = (self.closed > 0).then(|| {
            let count = self.closed;
            format!("links to pages without public access: {count} (`-v` lists them)")
        });
        let refused = (self.refused > 0).then(|| {
            let count = self.refused;
            format!("links not followed at the site's request: {count} (`source.page.robots`)")
        });
        for text in closed.into_iter().chain(refused) {
            // All of a folder is wanted. On a page, some links may be restricted, but seldom all.
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
            let failure = Error::new(error.kind, message).because(error);
            return Err(match hint {
                Some(hint) => failure.hint(hint),
                None => failure,
            });
        }
        if let Some(page) = &self.cut {
            check_complete(page, true)?;
        }
        if !is_bare {
            return Ok(());
        }
        if self.left > 0 {
            let message = format!(
                "the folder has no files: {} of its links are pages, or lead out of it",
                self.left
            );
            return Err(Error::new(Kind::Unsupported, message)
                .hint("pages are not saved; `page:URL` downloads the media on one of them"));
        }
        let mut hints: Vec<String> = players.into_iter().collect();
        if let Some(feed) = &self.feed {
            hints.push(format!("its feed may have some: `{}`", Redacted(feed)));
        }
        let Omitted {
            large,
            outside,
            by_name,
        } = self.omitted;
        match (large, outside) {
            (0, 0) => {}
            (0, outside) => hints.push(format!("pictures outside its main content: {outside}")),
            (large, _) => hints.push(format!("large pictures outside its main content: {large}")),
        }
        if by_name > 0 {
            hints.push(format!(
                "pictures left out because of their names: {by_name}"
            ));
        }
        hints.push("content added by scripts is not visible".to_owned());
        if !self.options.all {
            hints.push("`--all` includes icons, documents and the like, too".to_owned());
        }
        hints.push(PROGRAMS.to_owned());
        let message = "no relevant media in its markup";
        let hint = hints.join("; ");
        Err(Error::new(Kind::Unsupported, message).hint(hint))
    }
}

/// Describes the players of video and audio sites that are left out because there is no program to pass them to.
pub(in super::super) fn left_out(players: &[Url]) -> Option<String> {
    let players: Vec<&Url> = players.iter().filter(|url| is_player(url)).collect();
    let mut hosts: Vec<&str> = players.iter().filter_map(|url| url.host_str()).collect();
    let mut seen = HashSet::new();
    hosts.retain(|host| seen.insert(*host));
    (!hosts.is_empty()).then(|| {
        format!(
            "players of other sites are left out: {} (`{}`); yt-dlp downloads them if it is installed",
            players.len(),
            hosts.join("`, `")
        )
    })
}
