//! External programs with support for many sites: gallery-dl and yt-dlp, if installed. They list what is behind a link; the
//! files are downloaded here, as for any other source.
//!
//! Their output is validated like the response of a site, and they run without being trusted: see `docs/extractors.md`.

mod answer;
mod child;
mod chooser;
#[cfg(test)]
mod fuzz;
mod gallerydl;
mod options;
mod players;
mod safe;
mod sanitize;
mod temp_dir;
mod ytdlp;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use fetch::model::{Error, Kind, Result};
use fetch::source::{Ctx, Registry, find_program};
use serde::Deserialize;
use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use self::answer::Answer;
use self::child::{Child, Task};
use self::chooser::Chooser;
use self::gallerydl::Gallerydl;
use self::temp_dir::TempDir;
use self::ytdlp::Ytdlp;
pub use options::{Options, Order};

/// After this many pages in a row that no program knows, a host is no longer asked about: each question costs the start of a
/// program.
const MAX_MISSES: u32 = 4;
/// How many pages that no program knows are remembered.
const MAX_UNKNOWN: usize = 64;
/// How many answers are kept until the link is listed: those dropped are asked for again.
const MAX_ANSWERS: usize = 32;
/// The most hosts remembered.
const MAX_HOSTS: usize = 10_000;

/// An external program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Program {
    /// gallery-dl.
    Gallerydl,
    /// yt-dlp.
    Ytdlp,
}

impl Program {
    /// The name of its source.
    fn id(self) -> &'static str {
        match self {
            Program::Gallerydl => "gallerydl",
            Program::Ytdlp => "ytdlp",
        }
    }

    /// The name of its executable.
    fn executable(self) -> &'static str {
        match self {
            Program::Gallerydl => "gallery-dl",
            Program::Ytdlp => "yt-dlp",
        }
    }
}

/// The results of questions about the pages of a host.
#[derive(Clone, Copy, Default)]
struct Host {
    /// How many pages in a row no program knew.
    misses: u32,
    /// The program that last knew one.
    known_to: Option<Program>,
}

/// The state that the sources of the programs share.
struct Inner {
    options: Options,
    /// Which programs do not work.
    broken: [AtomicBool; 2],
    /// The path of each program, looked up on first use.
    found: [OnceLock<Option<PathBuf>>; 2],
    slots: Semaphore,
    /// Answers that programs gave when asked whether they know a link, kept for the listing of that link.
    answers: Mutex<Vec<(Program, Url, Answer)>>,
    batch: ytdlp::Batch,
    /// The results of questions about the pages of each host.
    hosts: Mutex<HashMap<String, Host>>,
    /// The last pages that no program knows: a link that was asked about before it was requested comes here again as a page.
    unknown: Mutex<Vec<Url>>,
}

impl Inner {
    /// The path of a program, if it is installed.
    fn find(&self, name: Program) -> Option<&Path> {
        let (found, set) = match name {
            Program::Gallerydl => (&self.found[0], &self.options.gallerydl.path),
            Program::Ytdlp => (&self.found[1], &self.options.ytdlp.path),
        };
        let find = || match set {
            Some(path) if path.is_absolute() => Some(path.clone()),
            Some(word) => find_program(word.to_str()?),
            None => find_program(name.executable()),
        };
        found.get_or_init(find).as_deref()
    }

    /// The path of a program, or an error if it is not installed.
    fn program(&self, name: Program) -> Result<&Path> {
        self.find(name).ok_or_else(|| {
            let message = format!("`{}` is not installed", name.executable());
            Error::new(Kind::Unsupported, message)
                .hint(format!("`extractor.{}.path` sets where it is", name.id()))
        })
    }

    /// Starts a program whose lines may have up to `longest` bytes.
    fn start(
        &self,
        ctx: &Ctx,
        name: Program,
        args: Vec<OsString>,
        dir: TempDir,
        longest: usize,
    ) -> Result<Child> {
        Child::start(Task {
            name: name.executable(),
            program: self.program(name)?,
            args,
            proxy: ctx.settings().proxy.as_deref(),
            dir,
            patience: self.options.timeout,
            longest,
        })
    }

    /// Waits until another process may run.
    async fn slot(&self) -> Result<SemaphorePermit<'_>> {
        // It is never closed.
        self.slots.acquire().await.map_err(|_| Error::closed())
    }

    /// Takes the answer that a program has already given about a link.
    fn take_answer(&self, name: Program, url: &Url) -> Option<Answer> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let at = answers
            .iter()
            .position(|(by, of, _)| *by == name && of == url)?;
        Some(answers.remove(at).2)
    }

    fn keep_answer(&self, name: Program, url: &Url, answer: Answer) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        // Drop an older answer to the same question, which keeps its program running.
        answers.retain(|(by, of, _)| *by != name || of != url);
        if answers.len() >= MAX_ANSWERS {
            answers.remove(0);
        }
        answers.push((name, url.clone(), answer));
    }

    /// The results so far for the host of this page.
    fn host(&self, url: &Url) -> Host {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let host = hosts.get(url.host_str().unwrap_or(""));
        host.copied().unwrap_or_default()
    }

    /// Whether asking about pages of this host is pointless.
    fn is_unknown_host(&self, url: &Url) -> bool {
        self.host(url).misses >= MAX_MISSES
    }

    /// The programs that are enabled, installed, and working as far as is known, in order.
    fn programs(&self) -> impl Iterator<Item = Program> {
        let programs = self.options.programs.iter().copied();
        let works = |name: &Program| !self.broken[*name as usize].load(Ordering::Relaxed);
        programs.filter(move |name| works(name) && self.find(*name).is_some())
    }

    /// Marks a program as broken, and returns whether it was in use until now.
    fn mark_broken(&self, name: Program) -> bool {
        !self.broken[name as usize].swap(true, Ordering::Relaxed)
    }

    /// Records which program knows a page, if any does.
    fn note(&self, url: &Url, known_to: Option<Program>) {
        self.note_host(url, known_to);
        if known_to.is_none() {
            let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
            if unknown.len() >= MAX_UNKNOWN {
                unknown.remove(0);
            }
            unknown.push(url.clone());
        }
    }

    /// Records this for the host only, for URLs that do not come here again.
    fn note_host(&self, url: &Url, known_to: Option<Program>) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= MAX_HOSTS {
            hosts.clear();
        }
        let host = hosts.entry(url.host_str().unwrap_or("").to_owned());
        let host = host.or_default();
        *host = match known_to {
            Some(_) => Host {
                misses: 0,
                known_to,
            },
            None => Host {
                misses: host.misses + 1,
                ..*host
            },
        };
    }

    /// Whether this page was recently found to be unknown to all programs.
    fn is_unknown_page(&self, url: &Url) -> bool {
        let unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        unknown.contains(url)
    }
}

/// Parses possible output of the programs, for the fuzzer: lines of gallery-dl, an answer of yt-dlp, and error messages.
/// Checks that all their URLs are http or https.
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
    let stderr = sanitize::plain(&String::from_utf8_lossy(data));
    assert!(sanitize::last_line(&stderr).is_none_or(|line| !line.contains('\u{1b}')));
}

/// Adds the sources of the programs. `rest` are the sources for links that no program knows. The returned function tells
/// whether programs are enabled but none is installed.
///
/// # Errors
/// None as long as their routes are valid.
pub fn add(
    options: Options,
    sources: &mut Registry,
    rest: Registry,
) -> Result<impl Fn() -> bool + Send + Sync + 'static> {
    let order = options.order;
    let inner = Arc::new(Inner {
        slots: Semaphore::new(options.processes.max(1)),
        options,
        broken: Default::default(),
        found: Default::default(),
        answers: Mutex::default(),
        batch: ytdlp::Batch::default(),
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
