//! Reads one feed, page by page.

use std::sync::Arc;

use fetch::model::{Album, Body, Error, Expect, Item, Kind, Link, Meta, Request, Result};
use fetch::net::Redacted;
use fetch::source::{Answer, Ctx, Outlet, Pages, Target, url_key, url_name};
use http::StatusCode;
use url::Url;

use super::super::page::{is_same_host, line, web};
use super::super::stream::{StreamFormat, video_name};
use super::date::parse_date;
use super::feed_page::{self, PostFiles};
use super::key::PostNames;
use super::options::Options;
use super::{Feed, validator};

/// A feed, and how far it has been read.
pub(super) struct Reading<'a> {
    feed: &'a Feed,
    target: &'a Target,
    out: &'a Outlet,
    /// The address of its first page.
    start: Url,
    turned: Pages,
    album: Option<Arc<Album>>,
    names: PostNames,
    /// How many pages and posts were read.
    pages: u32,
    posts: u64,
    /// How many of the posts are incomplete.
    cut: u64,
    /// How many further posts could not be read, or only partly.
    broken: u64,
}

impl<'a> Reading<'a> {
    /// Creates the reading of the feed that starts here.
    pub(super) fn new(feed: &'a Feed, target: &'a Target, out: &'a Outlet, start: Url) -> Self {
        Reading {
            feed,
            target,
            out,
            start,
            turned: Pages::new(),
            album: None,
            names: PostNames::default(),
            pages: 0,
            posts: 0,
            cut: 0,
            broken: 0,
        }
    }

    /// Requests the next page; returns `None` if the feed has not changed since it was last read.
    pub(super) async fn request(&mut self, ctx: &Ctx, url: Url) -> Result<Option<Answer>> {
        self.turned.turn(url.as_str())?;
        self.pages += 1;
        let known = self.target.validator.as_deref();
        let known = known.filter(|_| self.pages == 1);
        let known = known.and_then(validator::headers);
        let mut call = ctx.get(url).uncompressed();
        if let Some((name, value)) = &known {
            call = call.header(name.clone(), value)?;
        }
        let answer = call.send().await?;
        if known.is_some() && answer.status == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        answer.ok().map(Some)
    }

    /// Emits the posts of a page, and returns the address of the next one that is to be read.
    pub(super) async fn page(&mut self, answer: &Answer) -> Result<Option<Url>> {
        let count = self.pages;
        let of_page = |mut error: Error| {
            if count > 1 {
                let page = Redacted(&answer.url);
                error.message = format!("page {count} (`{page}`): {}", error.message);
            }
            error
        };
        let found = feed_page::read(answer).await.map_err(of_page)?;
        let is_all = found.next.is_none() && found.cut + found.broken == 0 && found.error.is_none();
        if count == 1
            && is_all
            && let Some(validator) = validator::of(answer)
        {
            self.out.validator(validator).await?;
        }
        self.album.get_or_insert_with(|| {
            Arc::new(Album {
                id: url_key(&self.start),
                title: Some(line(&found.title)).filter(|title| !title.is_empty()),
                count: None,
            })
        });
        self.cut += found.cut;
        self.broken += found.broken;
        self.names.page(&self.start, &found.posts);
        for post in found.posts {
            self.posts += 1;
            self.post(post).await?;
        }
        if let Some(error) = found.error {
            return Err(of_page(error));
        }
        let next = found.next.and_then(|next| web(&answer.url, &next));
        self.next_page(&answer.url, next).await
    }

    /// Emits the files of a post, or the link of one that has none.
    async fn post(&self, post_files: PostFiles) -> Result<()> {
        let PostFiles { post, link, files } = post_files;
        let known = &self.target.link.meta;
        let text = |text: &str| Some(line(text)).filter(|text| !text.is_empty());
        let meta = Meta {
            title: text(&post.title),
            author: text(&post.author),
            date: parse_date(&post.date).or(known.date),
            album: self.album.clone(),
            page: link.clone(),
            extra: known.extra.clone(),
            ..Meta::default()
        };
        let is_alone = files.len() == 1;
        for file in &files {
            let (url, medium) = file;
            let form = StreamFormat::of_url(url);
            let (name, ext) = match form {
                None => url_name(url),
                Some(_) => (video_name(url), None),
            };
            let (key, formerly) = self.names.key(&self.start, &post.id, file, is_alone);
            let request = Request {
                expect: Expect {
                    medium: *medium,
                    ..Expect::default()
                },
                ..Request::new(url.clone())
            };
            let item = Item {
                source: self.feed.manifest.name.clone(),
                key,
                meta: Meta {
                    // The key only says where the feed is.
                    title: meta.title.clone().or_else(|| name.clone()),
                    name,
                    ext,
                    formerly,
                    ..meta.clone()
                },
                body: match form {
                    Some(form) => form.body(request),
                    None => Body::File(request),
                },
            };
            self.out.unnumbered(item).await?;
        }
        match link {
            Some(link) if files.is_empty() && self.feed.options.posts => {
                let url = Url::parse(&format!("page:{link}"));
                if let Ok(url) = url {
                    self.out.link(Link::from(url)).await?;
                }
                Ok(())
            }
            Some(link) if files.is_empty() => self.out.embed(Link::from(link)).await,
            _ => Ok(()),
        }
    }

    /// Returns the next page if it is to be read, and reports it otherwise.
    async fn next_page(&self, page: &Url, mut next: Option<Url>) -> Result<Option<Url>> {
        if let Some(away) = next.take_if(|next| !is_own(page, next)) {
            let text = format!(
                "`{}` continues at another site, which is not read: use `feed:{}` to read it",
                Redacted(page),
                Redacted(&away)
            );
            self.out.warn(text).await?;
        }
        if self.pages >= self.feed.options.pages && next.take().is_some() {
            self.report_page_limit().await?;
        }
        Ok(next)
    }

    /// Reports that there are more pages than are read. A user who has set the limit knows, so that is only a note.
    async fn report_page_limit(&self) -> Result<()> {
        let most = self.feed.options.pages;
        let text = format!(
            "only {most} pages of `{}` are read (`source.feed.pages`); the rest are left out",
            Redacted(&self.start)
        );
        match most == Options::default().pages {
            true => self.out.warn(text).await,
            false => self.out.note(text).await,
        }
    }

    /// Reports what could not be read, and that nothing was found.
    pub(super) async fn finish(self) -> Result<()> {
        let (out, posts, start) = (self.out, self.posts, Redacted(&self.start));
        if self.broken > 0 {
            let broken = self.broken;
            let text = format!(
                "{broken} posts of `{start}` cannot be read, or only partly; the others are downloaded"
            );
            out.warn(text).await?;
        }
        if self.cut > 0 {
            let cut = self.cut;
            let message = format!("{cut} of the {posts} posts of `{start}` are incomplete");
            return Err(Error::new(Kind::Corrupt, message).because(
                "they have too many files, or a text that is too long or takes too long to read",
            ));
        }
        if out.items() > 0 || out.embeds() > 0 || self.feed.options.posts && posts > 0 {
            return Ok(());
        }
        let message = format!("none of the {posts} posts of `{start}` has media");
        Err(Error::new(Kind::Unsupported, message)
            .hint("`-S source.feed.posts=true` reads the pages of its posts"))
    }
}

/// Checks whether the next page of a feed is on the same site, and no less secure.
fn is_own(page: &Url, next: &Url) -> bool {
    let is_plain = |url: &Url| url.scheme() == "http";
    is_same_host(page, next) && (is_plain(page) || !is_plain(next))
}
