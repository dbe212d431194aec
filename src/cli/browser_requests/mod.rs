//! `fetch from-har` and `fetch from-curl`: repeat requests of a browser, with their headers.
//!
//! These headers may be credentials. A header is sent to the origin of its request and to no other, and none is printed or
//! remembered.

mod curl;
mod har;
mod headers;
mod recording;
mod source;
mod words;

use std::io::Read;

use futures_util::stream;
use url::Url;

use self::source::Browser;
pub(super) use self::source::NAME;
use super::args::{Args, FromCurl, FromHar};
use super::messages::{counted, eprint};
use super::{main, overrides, variables};
use crate::config::{Config, NoOptions};
use crate::model::{Error, Kind, Link, Result};
use crate::net::Redacted;
use crate::pipeline::archive::Run;
use crate::source::Registry;

/// The longest command, in bytes.
const LONGEST: u64 = 1 << 20;

/// Downloads what a browser has recorded.
pub(super) fn har(
    mut args: Args,
    given: FromHar,
    sources: impl FnOnce(&Config) -> Result<Registry>,
) -> Result<u8> {
    let recording = har::read(&given.file, given.all)?;
    let report = &given.flags.report;
    if !report.quiet && !report.get_urls {
        eprint(&summary(&recording));
    }
    if recording.items.is_empty() {
        let message = format!("there is nothing to download in `{}`", given.file.display());
        let error = Error::new(Kind::Unsupported, message);
        return Err(match given.all {
            true => error,
            false => error.hint("`--all` includes files other than images, videos and audio"),
        });
    }
    args.apply(given.flags);
    let name = given.file.display().to_string();
    let link = link(&har::stem(&given.file))?;
    // The file may come from somebody else, so it may not lead to private addresses.
    let browser = Browser::new(recording.items, true);
    fetch(
        &args,
        browser,
        link,
        &format!("fetch from-har {name}"),
        sources,
    )
}

/// Downloads what a `curl` command would request.
pub(super) fn curl(
    mut args: Args,
    given: FromCurl,
    sources: impl FnOnce(&Config) -> Result<Registry>,
) -> Result<u8> {
    let command = match given.command.as_str() {
        "-" => typed()?,
        _ => given.command,
    };
    let items = curl::read(&command)?;
    args.apply(given.flags);
    let urls = items.iter().filter_map(source::url);
    let shown: Vec<_> = urls.map(|url| Redacted(url).to_string()).collect();
    let first = items.first().and_then(source::url);
    let link = link(first.map_or("", Url::as_str))?;
    let command_line = format!("fetch from-curl {}", shown.join(" "));
    fetch(
        &args,
        Browser::new(items, false),
        link,
        &command_line,
        sources,
    )
}

/// Registers the source of these requests with the configuration.
///
/// # Errors
/// [`Kind::Config`] for keys other than those that every source has.
pub(super) fn check_config(config: &Config) -> Result<()> {
    config.source::<NoOptions>(NAME).map(drop)
}

/// Adds a source that explains why items from earlier commands cannot be requested again.
pub(super) fn register_expired(registry: &mut Registry) {
    registry.add(Browser::new(Vec::new(), true));
}

fn fetch(
    args: &Args,
    browser: Browser,
    link: Link,
    command_line: &str,
    sources: impl FnOnce(&Config) -> Result<Registry>,
) -> Result<u8> {
    let config = main::config(args)?;
    let mut registry = main::registry(&config, sources)?;
    variables::warn_of_typos(&config)?;
    registry.prefer(browser);
    let settings = overrides::pipeline(args, config.pipeline()?)?;
    let run = Run::new(command_line, None);
    let links = stream::iter([Ok(link)]);
    main::perform(args, &config, registry, settings, links, run)
}

/// The link that stands for the given requests.
fn link(rest: &str) -> Result<Link> {
    let url = Url::parse(&format!("{NAME}:{rest}"));
    let cannot = |_| Error::new(Kind::Config, "its name does not fit into a link");
    Ok(Link::from(url.map_err(cannot)?))
}

/// Reads a command from stdin, where nobody else sees it.
fn typed() -> Result<String> {
    let mut text = String::new();
    let read = std::io::stdin().take(LONGEST + 1).read_to_string(&mut text);
    match read {
        Ok(length) if length as u64 > LONGEST => {
            Err(Error::new(Kind::Config, "the command is too long"))
        }
        Ok(_) => Ok(text),
        Err(error) => Err(Error::new(Kind::Config, "cannot read stdin").because(error)),
    }
}

/// The message about how many requests of a recording are used, and why others are not.
fn summary(recording: &har::Recording) -> String {
    let mut text = format!(
        "{} of {} taken",
        recording.items.len(),
        counted(recording.requests, "request", "requests")
    );
    for (count, what) in [
        (recording.not_get, "not GET"),
        (recording.streams, "streams"),
        (recording.pages, "web pages"),
        (recording.failed, "failed when recorded"),
        (recording.not_http, "not http or https"),
    ] {
        if count > 0 {
            text.push_str(&format!(", {count} left out: {what}"));
        }
    }
    text + "\n"
}

/// Parses what may be a curl command line, for the fuzzer.
#[cfg(fuzzing)]
pub fn fuzz(data: &[u8]) {
    let _ = curl::read(&String::from_utf8_lossy(data));
    har::fuzz(data);
}
