//! Follows the links and redirects of a page.

use fetch::model::{Error, Kind, Link, Result};
use fetch::net::Redacted;
use fetch::source::url_medium;
use url::Url;

use super::choice::web;
use super::crawl::Crawl;
use super::frontier::Frontier;
use super::media_url::is_stream;
use super::parsed_page::ParsedPage;
use super::reading::is_page;

impl Crawl<'_> {
    /// Follows a link. Links that a site's source handles go there, and files are emitted as links.
    pub(super) async fn visit(
        &mut self,
        url: &Url,
        depth: u32,
        frontier: &mut Frontier<'_>,
    ) -> Result<()> {
        let known = self.out.embeds();
        self.out.embed(Link::from(url.clone())).await?;
        if self.out.embeds() > known {
            self.followed += 1;
            return Ok(());
        }
        if !self.is_allowed(url).await? {
            self.refused += 1;
            return Ok(());
        }
        self.count += 1;
        let answer = self.ctx.get(url.clone()).send_if(is_page).await?;
        if answer.status.is_redirection() {
            let place = answer.header("location").and_then(|place| web(url, place));
            match place {
                // The final address may differ each time, so this one is handed on.
                Some(place) if url_medium(&place).is_some() || is_stream(&place) => {
                    self.handed += 1;
                    self.followed += 1;
                    self.out.link(Link::from(url.clone())).await?;
                }
                Some(place) => self.redirect(url, place, depth, frontier),
                None => {}
            }
            return Ok(());
        }
        let answer = answer.ok()?;
        if is_page(&answer.headers) {
            self.album(answer, url, depth, frontier).await?;
            self.followed += 1;
            return Ok(());
        }
        self.handed += 1;
        self.followed += 1;
        let kind = answer.header("content-type").unwrap_or("");
        if kind.to_ascii_lowercase().starts_with("image/") {
            self.seen.give_way(url);
        }
        self.out.link(Link::from(url.clone())).await
    }

    /// Continues where a link has redirected to.
    fn redirect(&mut self, from: &Url, to: Url, depth: u32, frontier: &mut Frontier<'_>) {
        frontier.redirect(to.clone(), depth);
        if frontier.waits(&to) {
            self.seen.moved(from, &to);
            self.moved.insert(to, from.clone());
        }
    }

    /// Follows the meta refresh of a page without media; returns whether it has one.
    pub(super) async fn follow_refresh(
        &mut self,
        parsed: &ParsedPage,
        here: &Url,
        depth: u32,
        frontier: &mut Frontier<'_>,
    ) -> Result<bool> {
        let base = parsed.base(here);
        let place = parsed.refresh.as_deref().and_then(|url| web(&base, url));
        let Some(url) = place.filter(|url| url != here) else {
            return Ok(false);
        };
        match self.follows {
            true => self.redirect(here, url, depth, frontier),
            false => {
                if self.page.redirects.leads_back(here, &url) {
                    let message = format!(
                        "`{}` redirects to a page that redirects back to it",
                        Redacted(here)
                    );
                    return Err(Error::new(Kind::Unsupported, message)
                        .hint("they may need cookies: `-C FILE` loads those of a browser"));
                }
                self.handed += 1;
                self.out.link(Link::from(url)).await?;
            }
        }
        Ok(true)
    }
}
