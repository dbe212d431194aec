//! What asking another program comes to, and how that is told.

use fetch::model::{Error, Item, Kind, Result};
use fetch::net::{Settings, Shown};
use fetch::source::Ctx;
use serde_json::Value;
use url::Url;

use super::child::{Child, Ended};
use super::{Name, safe, said};

/// What a program says of a link.
#[derive(Debug)]
pub(super) enum Asked {
    /// It knows the link, and this is the first that it says of it.
    Known { child: Box<Child>, line: Vec<u8> },
    /// It knows the link, and this is all that it says of it.
    Answered(Box<Value>),
    /// It knows the link, which leads to others, and perhaps to more than these.
    Links(Vec<Url>, bool),
    /// It knows the link, and nothing is there.
    Nothing,
    /// It knows the link, and failed.
    Failed(Error),
    /// It does not work here, whatever it is asked.
    Broken(Error),
    /// It does not know the link.
    Unknown,
}

/// The URL in `NAME:URL`.
///
/// # Errors
/// [`Kind::Config`] if it is none of the web.
pub(super) fn url(link: &Url, name: &str) -> Result<Url> {
    let text = link.as_str();
    let rest = text
        .strip_prefix(name)
        .and_then(|rest| rest.strip_prefix(':'));
    let mut url = safe::web(rest.unwrap_or(text)).map_err(|error| {
        let message = format!("`{}` cannot be asked for", Shown(link));
        let hint = format!("`{name}:` is followed by an http or https URL");
        Error::new(Kind::Config, message).because(error).hint(hint)
    })?;
    // Some sites say there what is meant, and all programs take it.
    if url.fragment() == Some("") {
        url.set_fragment(None);
    }
    Ok(url)
}

/// The page that an item was found on.
///
/// # Errors
/// [`Kind::Unsupported`] if it is not known.
pub(super) fn page(item: &Item) -> Result<Url> {
    let page = item.meta.page.clone();
    page.filter(|page| matches!(page.scheme(), "http" | "https"))
        .ok_or_else(|| {
            let message = format!("it is not known on which page `{}` was", item.key);
            Error::new(Kind::Unsupported, message)
        })
}

/// The user agent that the user has set.
pub(super) fn user_agent(ctx: &Ctx) -> Option<String> {
    let set = &ctx.settings().user_agent;
    (*set != Settings::default().user_agent).then(|| set.clone())
}

/// That it does not know a link.
pub(super) fn unknown(name: Name, url: &Url) -> Error {
    let message = format!("`{}` knows nothing at `{}`", name.program(), Shown(url));
    Error::new(Kind::Unsupported, message)
}

/// An error and its causes, in a line.
pub(super) fn why(error: &Error) -> String {
    let causes = error.causes().into_iter();
    let causes: String = causes.map(|cause| format!(": {cause}")).collect();
    format!("{error}{causes}")
}

/// Why it failed, with the last that it said.
pub(super) fn failure(name: Name, kind: Kind, code: Option<i32>, said: String) -> Error {
    let program = name.program();
    let message = match (code, said.is_empty()) {
        (None, _) => format!("`{program}` was killed"),
        (Some(code), true) => format!("`{program}` failed with exit code {code}"),
        (Some(_), false) => format!("`{program}` failed"),
    };
    let error = Error::new(kind, message);
    let error = match kind {
        Kind::Login => error.hint("`-C FILE` and `--cookies-from` hand it your cookies"),
        _ => error,
    };
    match said.is_empty() {
        true => error,
        false => error.because(said),
    }
}

/// What to make of a program that failed: one that could not even begin is of no use for other links either.
pub(super) fn failed(ended: &Ended, error: Error) -> Asked {
    let last = said::last_line(&ended.complaint).unwrap_or_default();
    let lacks = ["ImportError:", "ModuleNotFoundError:", "SyntaxError:"];
    let is_broken = match ended.code {
        // Of options that are not known, and of the shell or the system where it cannot be run.
        Some(2 | 126 | 127) => true,
        Some(_) => lacks.iter().any(|word| last.starts_with(word)),
        None => false,
    };
    match is_broken {
        true => Asked::Broken(error),
        false => Asked::Failed(error),
    }
}

/// What a status of HTTP means, where one is told of.
pub(super) fn status_kind(said: &str) -> Option<Kind> {
    let words = said.split(|c: char| !c.is_ascii_digit());
    words.filter(|word| word.len() == 3).find_map(|word| {
        Some(match word {
            "401" => Kind::Login,
            "403" | "451" => Kind::Blocked,
            "404" | "410" => Kind::Missing,
            "429" => Kind::Busy,
            "500" | "502" | "503" | "504" => Kind::Network,
            _ => return None,
        })
    })
}
