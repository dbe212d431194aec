//! Finds out which program knows a link, and leaves the link to other sources if none does.

use std::pin::pin;
use std::sync::Arc;

use fetch::async_trait;
use fetch::model::{Body, Document, Error, Item, Kind, Link, Result};
use fetch::net::Redacted;
use fetch::source::{Ctx, Manifest, Outlet, Registry, Route, Source, Target, url_medium, url_name};
use futures_util::{StreamExt, stream};
use url::Url;

use super::super::page::PROGRAMS;
use super::answer::{self, Answer};
use super::ytdlp::Extractors;
use super::{Inner, Order, Program, gallerydl, ytdlp};

/// The route for all links, if programs are asked before other sources.
const ANY: &str = "any";

/// The source that asks the programs.
pub(super) struct Chooser {
    manifest: Manifest,
    pub(super) inner: Arc<Inner>,
    /// The sources without this one.
    rest: Registry,
}

impl Chooser {
    pub(super) fn new(inner: Arc<Inner>, rest: Registry) -> Result<Chooser> {
        let example = "extractor:https://example.org/album/1";
        let mut routes = vec![Route::new("id", "extractor:{url...}", example)?];
        if inner.options.order == Order::First && inner.programs().next().is_some() {
            let example = "https://example.org/album/1";
            routes.push(Route::new(ANY, "{host...}/{path...}", example)?);
        }
        Ok(Chooser {
            manifest: Manifest {
                name: "extractor".into(),
                about: "pages that gallery-dl or yt-dlp knows, if they are installed".into(),
                routes,
            },
            inner,
            rest,
        })
    }

    /// Asks a program about a link.
    async fn ask_program(&self, ctx: &Ctx, url: &Url, name: Program) -> (Program, Result<Answer>) {
        let ask = async {
            let _slot = self.inner.slot().await?;
            match name {
                Program::Gallerydl => gallerydl::ask(&self.inner, ctx, url).await,
                Program::Ytdlp => ytdlp::ask(&self.inner, ctx, url, Extractors::Specific).await,
            }
        };
        (name, ask.await)
    }

    /// Has a program list the link, if one knows it. A program that fails is treated like one that does not know the link.
    async fn list_with_programs(&self, ctx: &Ctx, url: &Url, out: &Outlet) -> Result<Verdict> {
        let programs: Vec<_> = self.inner.programs().collect();
        // All at once, since most of the time goes into starting a program; unless the first one is known to know the host:
        // then asking several could send them all to the site.
        let known_to = self.inner.host(url).known_to;
        let at_once = match known_to.is_some() && known_to == programs.first().copied() {
            true => 1,
            false => programs.len().max(1),
        };
        let questions = programs.into_iter();
        let questions = stream::iter(questions.map(|name| self.ask_program(ctx, url, name)));
        let mut answers = pin!(questions.buffered(at_once));
        let mut failed = None;
        // Once one is found, the programs still running are stopped.
        while let Some((name, answer)) = answers.next().await {
            let error = match answer {
                Ok(Answer::Unknown | Answer::Empty) => continue,
                Ok(Answer::Broken(error)) => {
                    self.drop_program(name, &error, out).await?;
                    continue;
                }
                Err(error) if error.kind == Kind::Config => {
                    self.drop_program(name, &error, out).await?;
                    continue;
                }
                Ok(Answer::Failed(error)) | Err(error) => error,
                Ok(known) => match useless(&self.inner, url, &known) {
                    Some(Ok(())) => continue,
                    Some(Err(error)) => error,
                    None => {
                        self.delegate(name, url, known, out).await?;
                        return Ok(Verdict::Listed(name));
                    }
                },
            };
            let (program, why) = (name.executable(), answer::why(&error));
            out.note(format!("`{program}` cannot list the page: {why}"))
                .await?;
            failed.get_or_insert((name, error));
        }
        Ok(failed.map_or(Verdict::Unknown, |(name, error)| {
            Verdict::Failed(name, error)
        }))
    }

    /// Stops using a program that does not work, and warns about it once.
    pub(super) async fn drop_program(
        &self,
        name: Program,
        error: &Error,
        out: &Outlet,
    ) -> Result<()> {
        if !self.inner.mark_broken(name) {
            return Ok(());
        }
        let (program, why) = (name.executable(), answer::why(error));
        let text = format!("`{program}` does not work, and is no longer used: {why}");
        out.warn(text).await
    }

    /// Has a program list the link, and keeps the answer that it has already given.
    pub(super) async fn delegate(
        &self,
        name: Program,
        url: &Url,
        answer: Answer,
        out: &Outlet,
    ) -> Result<()> {
        let link = with_prefix(name.id(), url)?;
        self.inner.keep_answer(name, url, answer);
        out.link(Link::from(link)).await
    }

    /// Lists a link as if there were no programs.
    async fn list_without_programs(
        &self,
        ctx: &Ctx,
        link: Link,
        target: &Target,
        out: &Outlet,
    ) -> Result<()> {
        let (source, own) = self.rest.find(&link)?;
        let own = Target {
            resume: target.resume.clone(),
            terms: target.terms.clone(),
            ..own
        };
        source.list(ctx, &own, out).await
    }

    /// Reads a page that no program knows, and has the players on it listed. If there is nothing on it, yt-dlp may find a
    /// video.
    async fn list_page(
        &self,
        ctx: &Ctx,
        url: &Url,
        target: &Target,
        out: &Outlet,
        failed: Option<(Program, Error)>,
    ) -> Result<()> {
        let link = Link {
            url: with_prefix("page", url)?,
            meta: target.link.meta.clone(),
        };
        let done = self.list_without_programs(ctx, link, target, out).await;
        let is_over = matches!(&done, Err(error) if error.kind == Kind::Closed);
        let players = match is_over {
            true => 0,
            false => self.players(ctx, url, out).await?,
        };
        let nothing = match done {
            Err(error) if error.kind == Kind::Unsupported && out.items() + out.embeds() == 0 => {
                if players > 0 {
                    return Ok(());
                }
                error
            }
            done => return done,
        };
        // If yt-dlp has failed for the page already, it would fail again.
        let nothing = match failed {
            Some((Program::Ytdlp, error)) => return Err(error),
            Some((_, error)) => error,
            None => {
                let hint = nothing.hint.as_deref().unwrap_or_default();
                let hint = hint.replace(
                    PROGRAMS,
                    "no program that is installed finds anything there",
                );
                nothing.hint(hint)
            }
        };
        if self.inner.is_unknown_host(url)
            || !self.inner.programs().any(|name| name == Program::Ytdlp)
        {
            return Err(nothing);
        }
        let slot = self.inner.slot().await?;
        let answer = ytdlp::ask(&self.inner, ctx, url, Extractors::All).await?;
        drop(slot);
        match answer {
            Answer::Complete(answer) if ytdlp::has_any(&answer) => {
                let answer = Answer::Complete(answer);
                self.delegate(Program::Ytdlp, url, answer, out).await
            }
            _ => Err(nothing),
        }
    }
}

#[async_trait]
impl Source for Chooser {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn reads(&self, document: Document) -> bool {
        let is_on = self.inner.options.order != Order::Off;
        matches!(document, Document::Page | Document::Refusal)
            && is_on
            && self.inner.programs().next().is_some()
    }

    async fn list(&self, ctx: &Ctx, target: &Target, out: &Outlet) -> Result<()> {
        let is_first = target.route == ANY;
        let url = match is_first {
            true => target.link.url.clone(),
            false => answer::url(&target.link.url, &self.manifest.name)?,
        };
        let is_web = matches!(url.scheme(), "http" | "https");
        let mut failed = None;
        if is_web
            && !is_file(&url)
            && !self.inner.is_unknown_host(&url)
            && !self.inner.is_unknown_page(&url)
        {
            ctx.allow_external(&url).await?;
            let verdict = self.list_with_programs(ctx, &url, out).await?;
            let known_to = match verdict {
                Verdict::Listed(name) => Some(name),
                Verdict::Unknown | Verdict::Failed(..) => None,
            };
            self.inner.note(&url, known_to);
            match verdict {
                Verdict::Listed(_) => return Ok(()),
                Verdict::Unknown => {}
                Verdict::Failed(name, error) => failed = Some((name, error)),
            }
        }
        if !is_first {
            return self.list_page(ctx, &url, target, out, failed).await;
        }
        match self
            .list_without_programs(ctx, target.link.clone(), target, out)
            .await
        {
            Err(error) if error.kind == Kind::Unsupported && out.items() + out.embeds() == 0 => {
                Err(failed.map_or(error, |(_, error)| error))
            }
            done => done,
        }
    }

    async fn explain(&self, ctx: &Ctx, url: &Url) -> Vec<String> {
        let mut lines = Vec::new();
        if !matches!(url.scheme(), "http" | "https") || is_file(url) {
            return lines;
        }
        for name in self.inner.programs() {
            let known = match name {
                Program::Gallerydl => gallerydl::explain(&self.inner, ctx, url).await,
                Program::Ytdlp => ytdlp::explain(&self.inner, ctx, url).await,
            };
            let program = name.executable();
            lines.push(match known {
                Ok(Some(extractor)) => format!("`{program}` knows it as `{extractor}`"),
                Ok(None) => format!("`{program}` does not know it"),
                Err(error) => format!("`{program}` cannot be asked: {error}"),
            });
        }
        if !lines.is_empty() {
            lines.push("the first of these that knows it is used, or else `page` reads it".into());
        }
        lines
    }

    async fn resolve(&self, ctx: &Ctx, item: &Item) -> Result<Body> {
        self.rest.source(&item.source)?.resolve(ctx, item).await
    }
}

/// The answer of the programs about a link.
enum Verdict {
    /// This program lists it.
    Listed(Program),
    /// No program knows it.
    Unknown,
    /// No program lists it, and this one failed.
    Failed(Program, Error),
}

/// Whether a program knows a link but nothing in its answer can be downloaded, and the reason if it gives one.
fn useless(inner: &Inner, url: &Url, known: &Answer) -> Option<Result<()>> {
    match known {
        Answer::Complete(answer) if !ytdlp::has_any(answer) => Some(Ok(())),
        Answer::Complete(answer) => ytdlp::useless(inner, url, answer).map(Err),
        _ => None,
    }
}

/// `NAME:URL`.
fn with_prefix(name: &str, url: &Url) -> Result<Url> {
    Url::parse(&format!("{name}:{url}")).map_err(|_| {
        let message = format!("`{}` is not a valid link", Redacted(url));
        Error::new(Kind::Corrupt, message)
    })
}

/// Whether a URL looks like a file rather than a page.
fn is_file(url: &Url) -> bool {
    let known = [
        "7z", "cbz", "epub", "gz", "iso", "m3u8", "mpd", "pdf", "rar", "tar", "zip",
    ];
    let ext = url_name(url).1.unwrap_or_default().to_ascii_lowercase();
    let last = ext.rsplit('.').next().unwrap_or(&ext);
    url_medium(url).is_some() || known.contains(&last)
}
