//! Programs that know sites of their own: gallery-dl and yt-dlp, where they are installed. They say what is behind a link;
//! the bytes are moved here, as those of any other source.
//!
//! What they say is held to the same as what a site says. They are run as somebody who is not trusted: see [`child`].

mod asked;
mod child;
mod gallerydl;
mod options;
mod room;
mod safe;
mod said;
mod ytdlp;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use fetch::async_trait;
use fetch::model::{Body, Document, Error, Item, Kind, Link, Result};
use fetch::net::Shown;
use fetch::source::{Ctx, Manifest, Outlet, Registry, Route, Source, Target, program};
use serde::Deserialize;
use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use self::asked::Asked;
use self::gallerydl::Gallerydl;
use self::ytdlp::{Which, Ytdlp};
pub use options::{Options, Order};

/// So many pages of a host that no program knows, and no more of that host are asked about: each question takes as long as
/// the start of a program.
const STRANGERS: u32 = 4;
/// The most hosts and answers that are remembered.
const REMEMBERED: usize = 10_000;

/// The programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Name {
    /// gallery-dl.
    Gallerydl,
    /// yt-dlp.
    Ytdlp,
}

impl Name {
    /// The name of its source.
    fn word(self) -> &'static str {
        match self {
            Name::Gallerydl => "gallerydl",
            Name::Ytdlp => "ytdlp",
        }
    }

    /// What it is called where it is installed.
    fn program(self) -> &'static str {
        match self {
            Name::Gallerydl => "gallery-dl",
            Name::Ytdlp => "yt-dlp",
        }
    }
}

/// What the sources of the programs share.
struct Inner {
    options: Options,
    /// Where each is, once somebody wants to know.
    found: [OnceLock<Option<PathBuf>>; 2],
    places: Semaphore,
    /// What programs have answered already to whoever asked which of them knows a link.
    answers: Mutex<HashMap<(Name, Url), Asked>>,
    /// Of how many pages of a host no program knew anything.
    strangers: Mutex<HashMap<String, u32>>,
}

impl Inner {
    /// Where a program is.
    fn find(&self, name: Name) -> Option<&Path> {
        let (found, set) = match name {
            Name::Gallerydl => (&self.found[0], &self.options.gallerydl.path),
            Name::Ytdlp => (&self.found[1], &self.options.ytdlp.path),
        };
        let find = || match set {
            Some(path) if path.is_absolute() => Some(path.clone()),
            Some(word) => program(word.to_str()?),
            None => program(name.program()),
        };
        found.get_or_init(find).as_deref()
    }

    /// The same for whoever cannot do without.
    fn program(&self, name: Name) -> Result<&Path> {
        self.find(name).ok_or_else(|| {
            let message = format!("`{}` is not installed", name.program());
            Error::new(Kind::Unsupported, message).hint(format!(
                "`extractor.{}.path` tells where it is",
                name.word()
            ))
        })
    }

    /// Waits until one more may run.
    async fn place(&self) -> Result<SemaphorePermit<'_>> {
        // It is never closed.
        self.places.acquire().await.map_err(|_| Error::closed())
    }

    /// What a program has answered already about a link.
    fn taken(&self, name: Name, url: &Url) -> Option<Asked> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.remove(&(name, url.clone()))
    }

    fn keep(&self, name: Name, url: &Url, asked: Asked) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert((name, url.clone()), asked);
    }

    /// Whether it is no use to ask about pages of this host.
    fn is_strange(&self, url: &Url) -> bool {
        let strangers = self
            .strangers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let count = strangers.get(url.host_str().unwrap_or(""));
        count.is_some_and(|count| *count >= STRANGERS)
    }

    fn note(&self, url: &Url, is_known: bool) {
        let mut strangers = self
            .strangers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if strangers.len() >= REMEMBERED {
            strangers.clear();
        }
        let count = strangers.entry(url.host_str().unwrap_or("").to_owned());
        let count = count.or_default();
        *count = if is_known { 0 } else { *count + 1 };
    }
}

/// Finds out which of the programs knows a page, and leaves the page to whoever reads pages if none does.
struct Extractor {
    manifest: Manifest,
    inner: Arc<Inner>,
    /// The sources without this one.
    rest: Registry,
}

/// Adds the sources of the programs: `rest` are those to which a link is left that no program knows.
///
/// # Errors
/// None while their routes can be read.
pub fn add(options: Options, sources: &mut Registry, rest: Registry) -> Result<()> {
    let inner = Arc::new(Inner {
        places: Semaphore::new(options.processes.max(1)),
        options,
        found: Default::default(),
        answers: Mutex::default(),
        strangers: Mutex::default(),
    });
    let example = "extractor:https://example.org/album/1";
    let chooser = Extractor {
        manifest: Manifest {
            name: "extractor".into(),
            about: "pages that gallery-dl or yt-dlp knows, where they are installed".into(),
            routes: vec![Route::new("id", "extractor:{url...}", example)?],
        },
        inner: inner.clone(),
        rest,
    };
    sources.add(chooser);
    sources.add(Gallerydl::new(inner.clone())?);
    sources.add(Ytdlp::new(inner)?);
    Ok(())
}

impl Extractor {
    /// Has a program list the link, if one knows it.
    async fn ask(&self, ctx: &Ctx, url: &Url, out: &Outlet) -> Result<bool> {
        let mut failed = None;
        for name in self.inner.options.programs.iter().copied() {
            if self.inner.find(name).is_none() {
                continue;
            }
            let place = self.inner.place().await?;
            let asked = match name {
                Name::Gallerydl => gallerydl::ask(&self.inner, ctx, url).await?,
                Name::Ytdlp => ytdlp::ask(&self.inner, ctx, url, Which::Specific).await?,
            };
            drop(place);
            match asked {
                Asked::Unknown | Asked::Nothing => {}
                // Another one may fare better.
                Asked::Failed(error) => drop(failed.get_or_insert((name, error))),
                known => {
                    self.hand_on(name, url, known, out).await?;
                    return Ok(true);
                }
            }
        }
        match failed {
            None => Ok(false),
            Some((name, error)) => {
                self.hand_on(name, url, Asked::Failed(error), out).await?;
                Ok(true)
            }
        }
    }

    async fn hand_on(&self, name: Name, url: &Url, asked: Asked, out: &Outlet) -> Result<()> {
        let link = Url::parse(&format!("{}:{url}", name.word())).map_err(|_| {
            let message = format!("`{}` cannot be asked for", Shown(url));
            Error::new(Kind::Corrupt, message)
        })?;
        self.inner.keep(name, url, asked);
        out.link(Link::from(link)).await
    }

    fn has_program(&self) -> bool {
        let programs = &self.inner.options.programs;
        programs.iter().any(|name| self.inner.find(*name).is_some())
    }
}

#[async_trait]
impl Source for Extractor {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn reads(&self, document: Document) -> bool {
        document == Document::Page && self.inner.options.order != Order::Off && self.has_program()
    }

    async fn list(&self, ctx: &Ctx, target: &Target, out: &Outlet) -> Result<()> {
        let url = asked::url(&target.link.url, &self.manifest.name)?;
        if !self.inner.is_strange(&url) {
            ctx.lend(&url).await?;
            let is_known = self.ask(ctx, &url, out).await?;
            self.inner.note(&url, is_known);
            if is_known {
                return Ok(());
            }
        }
        let page = Url::parse(&format!("page:{url}"));
        let page = page.map_err(|_| asked::unknown(Name::Gallerydl, &url))?;
        let link = Link {
            url: page,
            meta: target.link.meta.clone(),
        };
        let (source, target) = self.rest.find(&link)?;
        source.list(ctx, &target, out).await
    }

    async fn resolve(&self, ctx: &Ctx, item: &Item) -> Result<Body> {
        self.rest.source(&item.source)?.resolve(ctx, item).await
    }
}
