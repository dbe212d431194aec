//! The result of asking another program about a link, and its error messages.

use fetch::model::{Error, Item, Kind, Result};
use fetch::net::{Redacted, Settings};
use fetch::source::Ctx;
use serde_json::Value;
use url::Url;

use super::child::{Child, Ended};
use super::{Program, safe, sanitize};

/// The answer of a program about a link.
#[derive(Debug)]
pub(super) enum Answer {
    /// It knows the link, and this is its first line of output.
    Started { child: Box<Child>, line: Vec<u8> },
    /// It knows the link, and this is its complete output.
    Complete(Box<Value>),
    /// It knows the link, which leads to these other links; true if there are more.
    Links(Vec<Url>, bool),
    /// It knows the link, but there is nothing.
    Empty,
    /// It knows the link, but failed.
    Failed(Error),
    /// It does not work here for any link.
    Broken(Error),
    /// It does not know the link.
    Unknown,
}

/// The URL in `NAME:URL`.
///
/// # Errors
/// [`Kind::Config`] if it is not an http or https URL.
pub(super) fn url(link: &Url, name: &str) -> Result<Url> {
    let text = link.as_str();
    let rest = text
        .strip_prefix(name)
        .and_then(|rest| rest.strip_prefix(':'));
    let mut url = safe::web(rest.unwrap_or(text)).map_err(|error| {
        let message = format!("`{}` is not a valid link", Redacted(link));
        let hint = format!("write an http or https URL after `{name}:`");
        Error::new(Kind::Config, message).because(error).hint(hint)
    })?;
    // A fragment that is not empty is kept: some sites need it, and the programs support it.
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
            let message = format!("the page of `{}` is not known", item.key);
            Error::new(Kind::Unsupported, message)
        })
}

/// The user agent, if the user has set one.
pub(super) fn user_agent(ctx: &Ctx) -> Option<String> {
    let set = &ctx.settings().user_agent;
    (*set != Settings::default().user_agent).then(|| set.clone())
}

/// The error for a link that a program does not know.
pub(super) fn unknown(name: Program, url: &Url) -> Error {
    let message = format!("`{}` does not know `{}`", name.executable(), Redacted(url));
    Error::new(Kind::Unsupported, message)
}

/// An error and its causes on one line.
pub(super) fn why(error: &Error) -> String {
    let causes = error.causes().into_iter();
    let causes: String = causes.map(|cause| format!(": {cause}")).collect();
    format!("{error}{causes}")
}

/// The error for a program that failed, with the last line of its error output.
pub(super) fn failure(name: Program, kind: Kind, code: Option<i32>, last_line: String) -> Error {
    let program = name.executable();
    let message = match (code, last_line.is_empty()) {
        (None, _) => format!("`{program}` was killed"),
        (Some(code), true) => format!("`{program}` failed with exit code {code}"),
        (Some(_), false) => format!("`{program}` failed"),
    };
    let error = Error::new(kind, message);
    let error = match kind {
        Kind::Login => error.hint("`-C FILE` and `--cookies-from` pass your cookies to it"),
        _ => error,
    };
    match last_line.is_empty() {
        true => error,
        false => error.because(last_line),
    }
}

/// Classifies the failure of a program: one that could not even start will not work for other links either.
pub(super) fn classify_failure(ended: &Ended, error: Error) -> Answer {
    let last = sanitize::last_line(&ended.stderr).unwrap_or_default();
    let lacks = ["ImportError:", "ModuleNotFoundError:", "SyntaxError:"];
    let is_broken = match ended.code {
        // 2 is for unknown options; 126 and 127 are from the shell or the system if it cannot be run.
        Some(2 | 126 | 127) => true,
        Some(_) => lacks.iter().any(|word| last.starts_with(word)),
        None => false,
    };
    match is_broken {
        true => Answer::Broken(error),
        false => Answer::Failed(error),
    }
}

/// The kind of error for an HTTP status in a text, if there is one.
pub(super) fn status_kind(last_line: &str) -> Option<Kind> {
    let words = last_line.split(|c: char| !c.is_ascii_digit());
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
