//! Asks gallery-dl what is behind a link. It lists the files one by one, as it finds them, and downloads none.

mod item;
mod key;

use std::ffi::OsString;
use std::sync::Arc;

use fetch::async_trait;
use fetch::model::{Body, Error, Item, Kind, Link, Result};
use fetch::net::read_json;
use fetch::source::{Ctx, Manifest, Outlet, Route, Source, Target};
use serde_json::{Value, json};
use url::Url;

use self::item::{Items, Parsed};
use super::answer::{self, Answer};
use super::child::{Child, Ended};
use super::temp_dir::TempDir;
use super::{Inner, Program, safe, sanitize};

/// The longest line, in bytes.
const LINE: usize = 4 << 20;
/// The most files of a link, and the most links that it passes on.
const FILES: u64 = 1_000_000;
const LINKS: usize = 10_000;
/// The file to which it writes links that it does not know itself.
const OTHERS: &str = "others.txt";

/// The source that uses gallery-dl.
pub(super) struct Gallerydl {
    manifest: Manifest,
    inner: Arc<Inner>,
}

impl Gallerydl {
    pub(super) fn new(inner: Arc<Inner>) -> Result<Gallerydl> {
        let example = "gallerydl:https://example.org/album/1";
        Ok(Gallerydl {
            manifest: Manifest {
                name: Program::Gallerydl.id().into(),
                about: "what gallery-dl knows, if it is installed".into(),
                routes: vec![Route::new("id", "gallerydl:{url...}", example)?],
            },
            inner,
        })
    }
}

/// Asks gallery-dl about a link, and returns once it has printed a line or has ended.
pub(super) async fn ask(inner: &Inner, ctx: &Ctx, url: &Url) -> Result<Answer> {
    let dir = TempDir::new()?;
    let mut args: Vec<OsString> = Vec::new();
    let mut arg = |arg: &str| args.push(arg.into());
    ["--config-ignore", "--warning", "--no-input", "--no-colors"]
        .iter()
        .for_each(|flag| arg(flag));
    if let Some(file) = &inner.options.gallerydl.config {
        arg("--config");
        arg(&dir.write("config.json", &config(file)?)?.to_string_lossy());
    }
    if let Some(cookies) = ctx.cookies_text(&[url]) {
        arg("--cookies");
        let file = dir.write("cookies.txt", cookies.reveal())?;
        arg(&file.to_string_lossy());
    }
    if let Some(agent) = answer::user_agent(ctx) {
        arg("--user-agent");
        arg(&agent);
    }
    // It prints its own metadata of the files, one per line, with the headers and cookies that it would request them with.
    let notes = json!([{
        "name": "metadata", "mode": "jsonl", "filename": "-", "event": "prepare", "private": true,
    }]);
    let wanted = json!({
        "_ua": "{_fetch.session.headers[User-Agent]}",
        "_referer": "{_fetch.session.headers[Referer]}",
        "_archive": "{_fetch.archive_fmt}",
        "_cookies": "\u{c}E [[c.domain,c.path,c.name,c.value,c.secure] for c in _fetch.session.cookies]",
    });
    for (key, value) in [
        ("download", json!(false)),
        ("skip", json!(false)),
        ("sleep", json!(0)),
        ("cookies-update", json!(false)),
        ("metadata-url", json!("_url")),
        ("url-metadata", json!("_url")),
        ("metadata-path", json!("_path")),
        ("path-metadata", json!("_path")),
        ("metadata-extractor", json!("_fetch")),
        ("extractor-metadata", json!("_fetch")),
        ("keywords-eval", json!(true)),
        ("keywords", wanted),
        ("postprocessors", notes),
        ("base-directory", json!("./gallery-dl/")),
    ] {
        arg("--option");
        arg(&format!("{key}={value}"));
    }
    let links = dir.write_links(&[url])?;
    for other in ["--write-unsupported", OTHERS, "--input-file", links] {
        arg(other);
    }
    let mut child = inner.start(ctx, Program::Gallerydl, args, dir, LINE)?;
    match child.line().await? {
        Some(line) => Ok(match fields(&line) {
            Ok(_) => {
                let child = Box::new(child);
                Answer::Started { child, line }
            }
            // The other lines will not be valid either.
            Err(error) => Answer::Failed(error),
        }),
        None => {
            let (others, cut) = others(&child);
            let ended = child.end().await?;
            Ok(match (ended.code, others.is_empty()) {
                (Some(64), _) => Answer::Unknown,
                (Some(0), false) => Answer::Links(others, cut),
                (Some(0), true) => Answer::Empty,
                _ => answer::classify_failure(&ended, failure(&ended)),
            })
        }
    }
}

/// The name of the gallery-dl extractor for a link. This needs no request.
pub(super) async fn explain(inner: &Inner, ctx: &Ctx, url: &Url) -> Result<Option<String>> {
    let dir = TempDir::new()?;
    let mut args: Vec<OsString> = Vec::new();
    args.extend(["--config-ignore", "--no-colors"].map(OsString::from));
    if let Some(file) = &inner.options.gallerydl.config {
        args.push("--config".into());
        args.push(dir.write("config.json", &config(file)?)?.into());
    }
    let links = dir.write_links(&[url])?;
    args.extend(["--extractor-info", "--input-file", links].map(OsString::from));
    let mut child = inner.start(ctx, Program::Gallerydl, args, dir, LINE)?;
    let mut names = None;
    while let Some(line) = child.line().await? {
        let line = sanitize::plain(&String::from_utf8_lossy(&line));
        // The names are in quotes, on the line after their heading.
        if names.is_none() && line.trim_start().starts_with('"') {
            names = Some(line.trim().replace('"', ""));
        }
    }
    let ended = child.end().await?;
    match ended.code {
        Some(0) => Ok(names.or(Some("unnamed".into()))),
        Some(64) => Ok(None),
        _ => Err(failure(&ended)),
    }
}

#[async_trait]
impl Source for Gallerydl {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn list(&self, ctx: &Ctx, target: &Target, out: &Outlet) -> Result<()> {
        let url = answer::url(&target.link.url, &self.manifest.name)?;
        ctx.allow_external(&url).await?;
        let answer = match self.inner.take_answer(Program::Gallerydl, &url) {
            Some(answer) => answer,
            None => {
                // Released before the output is read: reading waits for downloads, some of which wait for a place.
                let _slot = self.inner.slot().await?;
                ask(&self.inner, ctx, &url).await?
            }
        };
        let (mut child, mut line) = match answer {
            Answer::Started { child, line } => (child, Some(line)),
            Answer::Links(links, cut) => return emit_links(links, cut, out).await,
            Answer::Failed(error) | Answer::Broken(error) => return Err(error),
            _ => return Err(answer::unknown(Program::Gallerydl, &url)),
        };
        let mut items = Items::new(&self.manifest.name, &url);
        let mut failures = Failures::default();
        let mut count = 0;
        while let Some(text) = line {
            count += 1;
            if count > FILES {
                let message = format!("`gallery-dl` lists more than {FILES} files");
                return Err(Error::new(Kind::Corrupt, message));
            }
            match fields(&text).and_then(|fields| items.read(&fields)) {
                Ok(Parsed::Item(item)) => out.item(*item).await?,
                Ok(Parsed::Link(link)) => out.link(*link).await?,
                Err(error) => failures.note(error),
            }
            line = child.line().await?;
        }
        let (links, cut) = others(&child);
        let ended = child.end().await?;
        let emitted = emit_links(links, cut, out).await;
        match ended.code {
            Some(0) => failures.into_result(count).and(emitted),
            _ => Err(failures.add_to(failure(&ended), count)),
        }
    }

    /// Lists the link again until the item comes.
    async fn resolve(&self, ctx: &Ctx, item: &Item) -> Result<Body> {
        let url = answer::page(item)?;
        ctx.allow_external(&url).await?;
        let _slot = self.inner.slot().await?;
        let gone = || {
            let message = format!("`gallery-dl` no longer lists `{}`", item.key);
            Error::new(Kind::Missing, message)
        };
        let (mut child, mut line) = match ask(&self.inner, ctx, &url).await? {
            Answer::Started { child, line } => (child, Some(line)),
            Answer::Failed(error) | Answer::Broken(error) => return Err(error),
            _ => return Err(gone()),
        };
        let mut items = Items::new(&self.manifest.name, &url);
        while let Some(text) = line {
            if let Ok(Parsed::Item(found)) = fields(&text).and_then(|fields| items.read(&fields))
                && found.key == item.key
            {
                return Ok(found.body);
            }
            line = child.line().await?;
        }
        Err(gone())
    }
}

/// Files that could not be read from the listing, which do not affect the others.
#[derive(Default)]
struct Failures {
    first: Option<Error>,
    count: u64,
}

impl Failures {
    fn note(&mut self, error: Error) {
        self.count += 1;
        self.first.get_or_insert(error);
    }

    /// Adds the number of such files to the error with which the listing ended.
    fn add_to(self, mut error: Error, of: u64) -> Error {
        if self.count > 0 {
            let more = format!(
                ", and {} of {of} files that it lists cannot be downloaded",
                self.count
            );
            error.message.push_str(&more);
        }
        error
    }

    fn into_result(self, of: u64) -> Result<()> {
        match self.first {
            None => Ok(()),
            Some(first) => {
                let message = format!(
                    "{} of {of} files that `gallery-dl` lists cannot be downloaded",
                    self.count
                );
                Err(Error::new(first.kind, message).because(first))
            }
        }
    }
}

fn fields(line: &[u8]) -> Result<Value> {
    read_json(line, |json| serde_json::from_slice(json)).map_err(|error| {
        let message = "the output of `gallery-dl` is not JSON, or incomplete";
        Error::new(Kind::Corrupt, message).because(error)
    })
}

async fn emit_links(links: Vec<Url>, cut: bool, out: &Outlet) -> Result<()> {
    for link in links {
        out.link(Link::from(link)).await?;
    }
    match cut {
        false => Ok(()),
        true => {
            let message = format!("`gallery-dl` lists more than {LINKS} links");
            Err(Error::new(Kind::Corrupt, message))
        }
    }
}

/// The links that it does not know itself, and whether there are more than allowed.
fn others(child: &Child) -> (Vec<Url>, bool) {
    let (text, is_cut) = child.read_file(OTHERS);
    let mut links = text.lines().filter_map(|line| safe::web(line.trim()).ok());
    let taken = links.by_ref().take(LINKS).collect();
    (taken, is_cut || links.next().is_some())
}

/// The error for its failure. Its exit code is a bit set of kinds of errors.
fn failure(ended: &Ended) -> Error {
    let last_line = sanitize::last_line(&ended.stderr).unwrap_or_default();
    let code = ended.code.unwrap_or(0);
    let has = |bit: i32| code & bit != 0;
    let kind = match () {
        () if ended.code.is_none() => Kind::Network,
        () if has(16) => Kind::Login,
        () if has(8) => Kind::Blocked,
        () if has(4) => answer::status_kind(&last_line).unwrap_or(Kind::Network),
        () if has(128) => Kind::Network,
        () => Kind::Unsupported,
    };
    answer::failure(Program::Gallerydl, kind, ended.code, last_line)
}

/// Reads a configuration file, without the options that would run, write or remember something.
fn config(file: &std::path::Path) -> Result<String> {
    let cannot = |error: Box<dyn std::error::Error + Send + Sync>| {
        let message = format!("cannot use `{}` for `gallery-dl`", file.display());
        Error::new(Kind::Config, message).because(error)
    };
    let text = std::fs::read(file).map_err(|error| cannot(error.into()))?;
    let mut config: Value = serde_json::from_slice(&text).map_err(|error| cannot(error.into()))?;
    clean(&mut config);
    Ok(config.to_string())
}

fn clean(config: &mut Value) {
    let Value::Object(keys) = config else {
        return;
    };
    keys.retain(|name, _| {
        let name = name.as_str();
        let is_ours = matches!(
            name,
            "actions"
                | "archive"
                | "cookies"
                | "cookies-update"
                | "downloader"
                | "environment"
                | "globals"
                | "include"
                | "output"
                | "subconfigs"
        );
        !is_ours
            && !name.starts_with("postprocess")
            && !name.starts_with("signals-")
            && !name.starts_with("module")
    });
    keys.values_mut().for_each(clean);
}

/// Parses lines as a listing does.
#[cfg(any(test, fuzzing))]
pub(super) fn read_lines(link: &Url, lines: &[&[u8]]) {
    let mut items = Items::new("gallerydl", link);
    for line in lines {
        if let Ok(Parsed::Item(item)) = fields(line).and_then(|fields| items.read(&fields)) {
            assert!(!item.key.is_empty());
            assert!(item.body.request().is_none_or(safe::is_of_web));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_gallery_dl_settings_are_removed() {
        let mut config = json!({
            "subconfigs": ["evil.json"], "include": "evil.json", "archive": "x", "signals-actions": {},
            "extractor": {
                "subconfigs": ["evil.json"], "postprocessors": [{"name": "exec"}], "module-sources": ["/evil"],
                "cats": {"username": "tom", "subconfigs": "evil.json", "postprocessor-options": {}, "actions": []},
            },
        });
        clean(&mut config);
        assert_eq!(config, json!({"extractor": {"cats": {"username": "tom"}}}));
    }
}
