//! Asks yt-dlp what is behind a link. For a list, only the members are listed, and each is looked up when its turn comes:
//! those that are known already cost nothing.

pub(super) mod batch;
mod format;
mod info;
mod item;

use std::ffi::OsString;
use std::sync::Arc;

use fetch::async_trait;
use fetch::model::{Body, Error, Item, Kind, Result};
use fetch::source::{Ctx, Manifest, Outlet, Route, Source, Target};
use serde_json::Value;
use url::Url;

pub(super) use self::batch::Batch;
use self::info::{EntryKind, Info};
use self::item::Items;
use super::answer::{self, Answer};
use super::child::{Child, Ended};
use super::temp_dir::TempDir;
use super::{Inner, Program, sanitize};

/// The longest answer, which is a single line, in bytes.
const LONGEST: usize = 64 << 20;

/// The source that uses yt-dlp.
pub(super) struct Ytdlp {
    manifest: Manifest,
    inner: Arc<Inner>,
}

impl Ytdlp {
    pub(super) fn new(inner: Arc<Inner>) -> Result<Ytdlp> {
        let example = "ytdlp:https://example.org/film/1";
        Ok(Ytdlp {
            manifest: Manifest {
                name: Program::Ytdlp.id().into(),
                about: "what yt-dlp knows, if it is installed".into(),
                routes: vec![Route::new("id", "ytdlp:{url...}", example)?],
            },
            inner,
        })
    }
}

/// Which extractors of yt-dlp may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extractors {
    /// Those for specific sites.
    Specific,
    /// Also the generic one, which looks for videos on any page.
    All,
}

/// Starts yt-dlp for these links. It answers in order, with a line for each.
fn start(inner: &Inner, ctx: &Ctx, urls: &[&Url], extractors: Extractors) -> Result<Child> {
    let dir = TempDir::new()?;
    let mut args: Vec<OsString> = Vec::new();
    let mut arg = |arg: &str| args.push(arg.into());
    for flag in [
        "--ignore-config",
        "--no-exec",
        "--no-warnings",
        "--no-progress",
        "--dump-single-json",
        "--flat-playlist",
        "--skip-download",
    ] {
        arg(flag);
    }
    if extractors == Extractors::Specific {
        arg("--use-extractors");
        arg("default,-generic");
    }
    if let Some(cookies) = ctx.cookies_text(urls) {
        arg("--cookies");
        let file = dir.write("cookies.txt", cookies.reveal())?;
        arg(&file.to_string_lossy());
    }
    if let Some(agent) = answer::user_agent(ctx) {
        arg("--user-agent");
        arg(&agent);
    }
    arg("--batch-file");
    arg(dir.write_links(urls)?);
    inner.start(ctx, Program::Ytdlp, args, dir, LONGEST)
}

/// Asks yt-dlp about a link, and waits for its answer.
pub(super) async fn ask(
    inner: &Inner,
    ctx: &Ctx,
    url: &Url,
    extractors: Extractors,
) -> Result<Answer> {
    let mut child = start(inner, ctx, &[url], extractors)?;
    let line = child.line().await?;
    let ended = child.end().await?;
    Ok(match (ended.code, line) {
        (Some(0), Some(line)) => Answer::Complete(parse_answer(line).await?),
        (Some(0), None) => Answer::Empty,
        _ if ended.stderr.contains("No suitable extractor") => Answer::Unknown,
        _ if ended.stderr.contains("Unsupported URL") => Answer::Unknown,
        _ => answer::classify_failure(&ended, failure(&ended)),
    })
}

/// The name of the yt-dlp extractor for a link. This needs no request.
pub(super) async fn explain(inner: &Inner, ctx: &Ctx, url: &Url) -> Result<Option<String>> {
    let dir = TempDir::new()?;
    let links = dir.write_links(&[url])?;
    let args = [
        "--ignore-config",
        "--list-extractors",
        "--batch-file",
        links,
    ];
    let mut child = inner.start(
        ctx,
        Program::Ytdlp,
        args.map(OsString::from).into(),
        dir,
        LONGEST,
    )?;
    let (mut last, mut known) = (String::new(), None);
    while let Some(line) = child.line().await? {
        let line = sanitize::plain(&String::from_utf8_lossy(&line));
        // The links that an extractor knows are listed below its name.
        match line.strip_prefix("  ") {
            None => last = line.trim().to_owned(),
            Some(link) if link.trim() == url.as_str() && last != "generic" => {
                known.get_or_insert(last.clone());
            }
            Some(_) => {}
        }
    }
    let ended = child.end().await?;
    match ended.code {
        Some(0) => Ok(known),
        _ => Err(failure(&ended)),
    }
}

/// The reason why nothing in an answer can be downloaded, if that is so.
pub(super) fn useless(inner: &Inner, url: &Url, answer: &Value) -> Option<Error> {
    if Info(answer).kind() == EntryKind::List {
        return None;
    }
    let known = fetch::model::Meta::default();
    let mut items = Items::new(Program::Ytdlp.id(), url, &known, &inner.options);
    items.read(Info(answer)).err()
}

/// Whether an answer contains anything.
pub(super) fn has_any(answer: &Value) -> bool {
    let info = Info(answer);
    info.kind() != EntryKind::List || info.list("entries").next().is_some()
}

/// Parses an answer, on a thread where that blocks nothing.
async fn parse_answer(line: Vec<u8>) -> Result<Box<Value>> {
    let read = tokio::task::spawn_blocking(move || info::read(&line)).await;
    let read = read.unwrap_or_else(|error| {
        Err(Error::new(Kind::Corrupt, "cannot read the output of `yt-dlp`").because(error))
    });
    read.map(Box::new)
}

#[async_trait]
impl Source for Ytdlp {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn list(&self, ctx: &Ctx, target: &Target, out: &Outlet) -> Result<()> {
        let url = answer::url(&target.link.url, &self.manifest.name)?;
        ctx.allow_external(&url).await?;
        let answer = match self.inner.take_answer(Program::Ytdlp, &url) {
            Some(answer) => answer,
            None => {
                let _slot = self.inner.slot().await?;
                ask(&self.inner, ctx, &url, Extractors::All).await?
            }
        };
        let value = match answer {
            Answer::Complete(value) => value,
            Answer::Failed(error) | Answer::Broken(error) => return Err(error),
            _ => return Err(answer::unknown(Program::Ytdlp, &url)),
        };
        let mut items = Items::new(
            &self.manifest.name,
            &url,
            &target.link.meta,
            &self.inner.options,
        );
        items.read(Info(&value))?;
        items.emit(out).await
    }

    /// Asks yt-dlp about the page of the video.
    async fn resolve(&self, ctx: &Ctx, item: &Item) -> Result<Body> {
        let url = answer::page(item)?;
        ctx.allow_external(&url).await?;
        let value = match batch::ask_batched(&self.inner, ctx, &url, Extractors::All).await? {
            Answer::Complete(value) => value,
            Answer::Failed(error) | Answer::Broken(error) => return Err(error),
            _ => return Err(answer::unknown(Program::Ytdlp, &url)),
        };
        let video = find_video(Info(&value), &item.key).ok_or_else(|| {
            let message = format!("`yt-dlp` finds several videos in place of `{}`", item.key);
            let hint = "to fetch them, give the page as a link of its own, after `ytdlp:`";
            Error::new(Kind::Unsupported, message).hint(hint)
        })?;
        let options = &self.inner.options;
        format::choose(video, options.quality, item::can_mux()).map(|choice| choice.body)
    }
}

/// The video with this key, or the only one.
fn find_video<'a>(info: Info<'a>, key: &str) -> Option<Info<'a>> {
    if info.kind() == EntryKind::Video {
        return Some(info);
    }
    let videos = || {
        info.list("entries")
            .filter(|entry| entry.kind() == EntryKind::Video)
    };
    let of_key = videos().find(|video| {
        video
            .key()
            .is_some_and(|own| key == own || key.strip_suffix(" audio") == Some(&own))
    });
    of_key.or_else(|| {
        let mut all = videos();
        all.next().filter(|_| all.next().is_none())
    })
}

/// The error for its failure, classified by the last line of its error output.
fn failure(ended: &Ended) -> Error {
    let last_line = sanitize::last_line(&ended.stderr).unwrap_or_default();
    let has = |words: &[&str]| words.iter().any(|word| last_line.contains(word));
    let kind = match () {
        () if ended.code.is_none() => Kind::Network,
        () if has(&["HTTP Error "]) => answer::status_kind(&last_line).unwrap_or(Kind::Network),
        () if has(&["Unable to download", "timed out", "Connection"]) => Kind::Network,
        () if has(&["--cookies", "Sign in", "log in", "login"]) => Kind::Login,
        () => Kind::Unsupported,
    };
    answer::failure(Program::Ytdlp, kind, ended.code, last_line)
}

/// Parses an answer as a listing does.
#[cfg(any(test, fuzzing))]
pub(super) fn read_answer(link: &Url, text: &[u8], quality: fetch::model::Quality) {
    if let Ok(value) = info::read(text) {
        let mut items = Items::with_quality("ytdlp", link, quality, true);
        // An error is as good a result as items.
        let _ = items.read(Info(&value));
        assert!(items.are_of_web());
        let _ = find_video(Info(&value), "x y");
        let _ = has_any(&value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_video_is_found_by_its_whole_key() {
        let entry = |id: &str| json!({"id": id, "extractor_key": "Cats"});
        let page = json!({"_type": "playlist", "entries": [entry("p-1"), entry("p-12"), entry("p-2 audio")]});
        let found = |key: &str| find_video(Info(&page), key).and_then(|video| video.text("id"));
        let table = [
            ("cats p-1", Some("p-1")),
            ("cats p-12", Some("p-12")),
            ("cats p-12 audio", Some("p-12")),
            ("cats p-2 audio", Some("p-2 audio")),
            ("cats p-123", None),
            ("cats p-1 more", None),
        ];
        for (key, expected) in table {
            assert_eq!(found(key), expected, "{key}");
        }
        let only = json!({"_type": "playlist", "entries": [entry("p-1")]});
        assert!(find_video(Info(&only), "cats p-123").is_some());
    }
}
