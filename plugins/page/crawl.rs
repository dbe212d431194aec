//! Reads everything behind a link: its page, the pages that follow it, and those that links on them lead to.

use std::collections::HashMap;
use std::sync::Arc;

use fetch::model::{Error, Meta, Result};
use fetch::source::{Answer, Ctx, Outlet, Pages, Target};
use url::Url;

use super::Page;
use super::choice::Omitted;
use super::frontier::Frontier;
use super::options::Options;
use super::seen::Seen;

/// The reading of one link.
pub(super) struct Crawl<'a> {
    pub(super) page: &'a Page,
    pub(super) options: Arc<Options>,
    pub(super) ctx: &'a Ctx,
    pub(super) out: &'a Outlet,
    pub(super) known: &'a Meta,
    /// Whether another listing has emitted the link.
    pub(super) is_handed: bool,
    /// The first page, once known.
    pub(super) home: Option<Url>,
    /// Whether links are followed.
    pub(super) follows: bool,
    pub(super) turned: Pages,
    pub(super) seen: Seen,
    /// A page with more than was taken.
    pub(super) cut: Option<Url>,
    /// How many pages were requested.
    pub(super) count: u32,
    /// How many links were emitted.
    pub(super) handed: u32,
    /// How many links of the requested folder were left out, if there is nothing else in it.
    pub(super) left: usize,
    /// How many links the site does not permit programs to follow.
    pub(super) refused: usize,
    /// How many links led to pages without public access.
    pub(super) closed: usize,
    /// How many links were followed successfully.
    pub(super) followed: usize,
    /// Whether the link is to a directory listing.
    pub(super) is_folder: bool,
    /// How many links failed for a temporary reason, and the first error.
    pub(super) failed: u32,
    pub(super) fault: Option<Error>,
    /// The address of the first page's feed.
    pub(super) feed: Option<Url>,
    /// Pictures left out that the user may miss.
    pub(super) omitted: Omitted,
    /// How many pictures link to pages that are not followed.
    pub(super) leading: usize,
    /// The targets of redirects, with the links that led there.
    pub(super) moved: HashMap<Url, Url>,
}

impl<'a> Crawl<'a> {
    pub(super) fn new(page: &'a Page, ctx: &'a Ctx, target: &'a Target, out: &'a Outlet) -> Self {
        // A retry uses the options that applied when the listing failed.
        let terms = target.terms.as_deref();
        let terms = terms.and_then(|terms| serde_json::from_str(terms).ok());
        let options: Options = terms.unwrap_or_else(|| page.options.clone());
        // Links emitted by another listing are not followed any further: that would have no end.
        let follows = options.depth > 0 && !target.handed;
        if follows && let Some(terms) = options.terms() {
            out.terms(terms);
        }
        Crawl {
            page,
            options: Arc::new(options),
            ctx,
            out,
            known: &target.link.meta,
            is_handed: target.handed,
            home: None,
            follows,
            turned: Pages::new(),
            seen: Seen::new(),
            cut: None,
            count: 1,
            handed: 0,
            left: 0,
            refused: 0,
            closed: 0,
            followed: 0,
            is_folder: false,
            failed: 0,
            fault: None,
            feed: None,
            omitted: Omitted::default(),
            leading: 0,
            moved: HashMap::new(),
        }
    }

    /// Reads everything, starting with the response to the requested URL.
    pub(super) async fn run(mut self, start: Answer, asked: &Url) -> Result<()> {
        let options = self.options.clone();
        self.home = Some(start.url.clone());
        let mut frontier = Frontier::new(&start.url, &options);
        for url in [asked, &start.url] {
            frontier.read(url);
        }
        let read = self.album(start, asked, 0, &mut frontier).await;
        self.settle(Some(asked)).await?;
        if read.is_err() {
            self.settle(None).await?;
        }
        read?;
        while let Some((url, depth)) = frontier.next() {
            if self.count >= self.options.max_pages {
                let most = self.options.max_pages;
                let text = format!(
                    "only {most} pages are read (`source.page.max_pages`); some links are left out"
                );
                self.out.note(text).await?;
                break;
            }
            if let Err(error) = self.visit(&url, depth, &mut frontier).await {
                self.note_failed_link(error).await?;
            }
            self.settle(Some(&url)).await?;
        }
        self.settle(None).await?;
        self.refused += frontier.unfollowed;
        if frontier.cut {
            self.cut.get_or_insert_with(|| asked.clone());
        }
        self.finish().await
    }

    /// Emits the pictures that waited for a page, or for any if none is given, and have no larger version.
    async fn settle(&mut self, page: Option<&Url>) -> Result<()> {
        for item in self.seen.settle(page) {
            self.out.item(item).await?;
        }
        Ok(())
    }

    /// Checks whether the site's robots.txt permits this URL, if that is to be respected.
    pub(super) async fn is_allowed(&self, url: &Url) -> Result<bool> {
        match self.options.robots {
            true => self.page.robots_cache.allow(self.ctx, url).await,
            false => Ok(true),
        }
    }
}
