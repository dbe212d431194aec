//! Programs that know sites of their own: gallery-dl and yt-dlp, where they are installed. They say what is behind a link;
//! the bytes are moved here, as those of any other source.
//!
//! What they say is held to the same as what a site says. They are run as somebody who is not trusted: see `docs/extractors.md`.

mod asked;
mod child;
mod chooser;
#[cfg(test)]
mod fuzz;
mod gallerydl;
mod options;
mod players;
mod room;
mod safe;
mod said;
mod ytdlp;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use fetch::model::{Error, Kind, Result};
use fetch::source::{Ctx, Registry, program};
use serde::Deserialize;
use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use self::asked::Asked;
use self::child::{Child, Task};
use self::chooser::Chooser;
use self::gallerydl::Gallerydl;
use self::room::Room;
use self::ytdlp::Ytdlp;
pub use options::{Options, Order};

/// So many pages of a host that no program knows, and no more of that host are asked about: each question takes as long as
/// the start of a program.
const STRANGERS: u32 = 4;
/// So many pages are remembered of which it is known that no program knows them.
const UNKNOWN: usize = 64;
/// So many answers are kept for whoever lists the link: what is dropped is asked for again.
const ANSWERS: usize = 32;
/// The most hosts that are remembered.
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

/// What came of questions about pages of a host.
#[derive(Clone, Copy, Default)]
struct Host {
    /// How many pages in a row no program knew.
    strange: u32,
    /// Who knew one.
    known_to: Option<Name>,
}

/// What the sources of the programs share.
struct Inner {
    options: Options,
    /// Which of them do not work.
    broken: [AtomicBool; 2],
    /// Where each is, once somebody wants to know.
    found: [OnceLock<Option<PathBuf>>; 2],
    places: Semaphore,
    /// What programs have answered already to whoever asked which of them knows a link.
    answers: Mutex<Vec<(Name, Url, Asked)>>,
    together: ytdlp::Together,
    /// What came of questions about pages of a host.
    hosts: Mutex<HashMap<String, Host>>,
    /// The last such pages: one that is asked about before anything else comes by here again, once it is there.
    unknown: Mutex<Vec<Url>>,
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

    /// Starts a program whose longest line has so many bytes.
    fn start(
        &self,
        ctx: &Ctx,
        name: Name,
        args: Vec<OsString>,
        room: Room,
        longest: usize,
    ) -> Result<Child> {
        Child::start(Task {
            name: name.program(),
            program: self.program(name)?,
            args,
            proxy: ctx.settings().proxy.as_deref(),
            room,
            patience: self.options.timeout,
            longest,
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
        let at = answers
            .iter()
            .position(|(by, of, _)| *by == name && of == url)?;
        Some(answers.remove(at).2)
    }

    fn keep(&self, name: Name, url: &Url, asked: Asked) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        // One that nobody has come for holds a program at work.
        answers.retain(|(by, of, _)| *by != name || of != url);
        if answers.len() >= ANSWERS {
            answers.remove(0);
        }
        answers.push((name, url.clone(), asked));
    }

    /// What is known of the host of this page.
    fn host(&self, url: &Url) -> Host {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let host = hosts.get(url.host_str().unwrap_or(""));
        host.copied().unwrap_or_default()
    }

    /// Whether it is no use to ask about pages of this host.
    fn is_strange(&self, url: &Url) -> bool {
        self.host(url).strange >= STRANGERS
    }

    /// The programs that are asked, are installed, and work as far as is known, in their order.
    fn programs(&self) -> impl Iterator<Item = Name> {
        let programs = self.options.programs.iter().copied();
        let works = |name: &Name| !self.broken[*name as usize].load(Ordering::Relaxed);
        programs.filter(move |name| works(name) && self.find(*name).is_some())
    }

    /// Asks a program no more, and says whether it was asked until now.
    fn give_up(&self, name: Name) -> bool {
        !self.broken[name as usize].swap(true, Ordering::Relaxed)
    }

    /// Notes who knows a page, if anybody does.
    fn note(&self, url: &Url, known_to: Option<Name>) {
        self.note_host(url, known_to);
        if known_to.is_none() {
            let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
            if unknown.len() >= UNKNOWN {
                unknown.remove(0);
            }
            unknown.push(url.clone());
        }
    }

    /// The same for what does not come by here again.
    fn note_host(&self, url: &Url, known_to: Option<Name>) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= REMEMBERED {
            hosts.clear();
        }
        let host = hosts.entry(url.host_str().unwrap_or("").to_owned());
        let host = host.or_default();
        *host = match known_to {
            Some(_) => Host {
                strange: 0,
                known_to,
            },
            None => Host {
                strange: host.strange + 1,
                ..*host
            },
        };
    }

    /// Whether it was found out lately that no program knows this page.
    fn is_unknown(&self, url: &Url) -> bool {
        let unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        unknown.contains(url)
    }
}

/// Reads what programs may say, for the fuzzer: lines of gallery-dl, an answer of yt-dlp, and complaints. What they name leads to the
/// web alone.
#[cfg(fuzzing)]
pub fn fuzz(data: &[u8]) {
    use fetch::model::Quality;
    let Ok(link) = Url::parse("https://link.example/list") else {
        return;
    };
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    gallerydl::read_lines(&link, &lines);
    for quality in [Quality::Best, Quality::Audio, Quality::Lines(480)] {
        ytdlp::read_answer(&link, data, quality);
    }
    let complaint = said::plain(&String::from_utf8_lossy(data));
    assert!(said::last_line(&complaint).is_none_or(|line| !line.contains('\u{1b}')));
}

/// Adds the sources of the programs: `rest` are those to which a link is left that no program knows. What comes back tells whether
/// no program is there, although one is wanted.
///
/// # Errors
/// None while their routes can be read.
pub fn add(
    options: Options,
    sources: &mut Registry,
    rest: Registry,
) -> Result<impl Fn() -> bool + Send + Sync + 'static> {
    let order = options.order;
    let inner = Arc::new(Inner {
        places: Semaphore::new(options.processes.max(1)),
        options,
        broken: Default::default(),
        found: Default::default(),
        answers: Mutex::default(),
        together: ytdlp::Together::default(),
        hosts: Mutex::default(),
        unknown: Mutex::default(),
    });
    let chooser = Chooser::new(inner.clone(), rest)?;
    match order {
        Order::First => sources.prefer(chooser),
        Order::Off | Order::Last => sources.add(chooser),
    }
    sources.add(Gallerydl::new(inner.clone())?);
    sources.add(Ytdlp::new(inner.clone())?);
    Ok(move || order != Order::Off && inner.programs().next().is_none())
}
