//! Converts failures of scripts into errors of the program, with the file, the line and the calls that led there.

use std::collections::BTreeMap;
use std::fmt;

use super::clock::Death;
use super::limits::Limits;
use super::{Origin, globals};
use crate::model::{Cause, Error, Failure, Kind};

/// A host error passing through a script, which may catch it.
#[derive(Debug)]
pub(super) struct Raised {
    pub(super) kind: Kind,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    pub(super) causes: Vec<String>,
    /// Whether the script raised it with `fail`: then its message stands as it is.
    pub(super) is_from_script: bool,
    /// Whether it concerns one thing in the site's data, and is not a mistake of the script.
    pub(super) is_bad_data: bool,
}

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Raised {}

/// Wraps an error for a script.
pub(super) fn raise(error: &Error) -> mlua::Error {
    mlua::Error::external(raised(error))
}

fn raised(error: &Error) -> Raised {
    Raised {
        kind: error.kind,
        message: cut(&error.message),
        hint: error.hint.as_deref().map(cut),
        causes: error.causes().iter().map(|cause| cut(cause)).collect(),
        is_from_script: false,
        is_bad_data: false,
    }
}

/// Builds the error that a script raises with `fail`.
pub(super) fn fail(kind: Kind, message: &str) -> mlua::Error {
    mlua::Error::external(Raised {
        kind,
        message: visible(message),
        hint: None,
        causes: Vec::new(),
        is_from_script: true,
        is_bad_data: false,
    })
}

/// Builds an error about one thing in the site's data.
pub(super) fn bad_data(error: &Error) -> mlua::Error {
    mlua::Error::external(Raised {
        is_bad_data: true,
        ..raised(error)
    })
}

/// Returns the failure of the one thing that an error concerns, if it is such an error.
pub(super) fn bad_data_failure(error: &mlua::Error) -> Option<Failure> {
    let raised = error.downcast_ref::<Raised>()?;
    raised.is_bad_data.then(|| Failure {
        kind: raised.kind,
        message: visible(&raised.message),
        causes: raised.causes.clone(),
        hint: raised.hint.clone(),
        attempts: 1,
    })
}

/// Builds a refusal of the host's, for a script.
pub(super) fn refuse(kind: Kind, message: impl Into<String>) -> mlua::Error {
    raise(&Error::new(kind, message))
}

/// The details of a plugin that a failure report needs.
pub(super) struct ErrorContext<'a> {
    pub(super) id: &'a str,
    pub(super) origin: &'a Origin,
    pub(super) limits: &'a Limits,
    /// Its scripts, by name.
    pub(super) files: &'a BTreeMap<String, String>,
}

impl ErrorContext<'_> {
    /// Converts an uncaught script error.
    pub(super) fn error(&self, error: &mlua::Error, death: Option<Death>) -> Error {
        let id = self.id;
        match death {
            Some(Death::Closed) => return Error::closed(),
            Some(Death::Time) => {
                let message = format!(
                    "plugin `{id}` computed for more than {} ms",
                    self.limits.cpu_ms
                );
                return self.with_plugin_hint(Error::new(Kind::Corrupt, message));
            }
            None => {}
        }
        let (text, mut trace, raised) = parts(error);
        let is_memory =
            matches!(error, mlua::Error::MemoryError(_)) || text.contains("not enough memory");
        if is_memory {
            let message = format!(
                "plugin `{id}` needs more than {} MiB",
                self.limits.memory_mib
            );
            return self.with_plugin_hint(Error::new(Kind::Corrupt, message));
        }
        let (kind, hint) = match raised {
            Some(raised) => (raised.kind, raised.hint.clone()),
            None => (Kind::Corrupt, None),
        };
        if kind == Kind::Closed {
            return Error::closed();
        }
        // A host error has no location: it is that of the call to the host.
        let has_place = text.starts_with(&format!("{id}/"));
        let place = trace
            .first()
            .and_then(|first| Some(first.split_once(": in ")?.0));
        let mut message = match place.or(trace.first().map(String::as_str)) {
            _ if has_place => text,
            Some(place) => format!("{place}: {text}"),
            None => format!("plugin `{id}`: {text}"),
        };
        if let Some(slip) = raised.map_or_else(|| self.slip(&message), |_| None) {
            message.push_str(&format!("; {slip}"));
        }
        if !trace.is_empty() {
            trace.remove(0);
        }
        let mut causes = raised.map_or_else(Vec::new, |raised| raised.causes.clone());
        let is_from_script = raised.is_some_and(|raised| raised.is_from_script);
        if !is_from_script {
            causes.extend(trace.into_iter().map(|place| format!("called at {place}")));
        }
        let chain = causes
            .into_iter()
            .rev()
            .fold(None, |next, text| Some(Box::new(Cause(text, next))));
        let mut error = Error::new(kind, visible(&message));
        if let Some(cause) = chain {
            error = error.because(*cause);
        }
        match hint {
            Some(hint) => error.hint(hint),
            None if kind == Kind::Corrupt && !is_from_script => self.with_plugin_hint(error),
            None => error,
        }
    }

    /// Guesses the mistake when a script fails over a name, since the VM does not report the name.
    fn slip(&self, message: &str) -> Option<String> {
        let rest = message.strip_prefix(self.id)?.strip_prefix('/')?;
        let (file, rest) = rest.split_once(':')?;
        let (line, why) = rest.split_once(": ")?;
        let (text, line) = (self.files.get(file)?, line.parse().ok()?);
        if why.starts_with("argument 1") {
            return globals::mixed_up(text, line);
        }
        let is_nil = why.starts_with("attempt to ") && why.contains("nil");
        let unknown = globals::unknown_at(text, line);
        let name = unknown.first().filter(|_| is_nil)?;
        Some(format!("`{name}` is not declared"))
    }

    /// Adds a hint that puts the problem down to the plugin.
    pub(super) fn with_plugin_hint(&self, error: Error) -> Error {
        let id = self.id;
        let out = match self.origin {
            Origin::Store(_) => format!("`fetch plugin update {id}` looks for a newer one"),
            Origin::Named(folder) | Origin::User(folder) => {
                let folder = folder.display();
                format!("`fetch plugin check {folder}` looks for mistakes in it")
            }
            _ => format!("`fetch plugin info {id}` shows who made it"),
        };
        error.hint(format!("the plugin is at fault ({}); {out}", self.origin))
    }
}

/// Splits an error into its text, the locations of the calls that led to it, innermost first, and the host's error.
fn parts(error: &mlua::Error) -> (String, Vec<String>, Option<&Raised>) {
    let (mut root, mut trace) = (error, String::new());
    while let mlua::Error::CallbackError { traceback, cause } = root {
        // The innermost traceback has the most detail: an error raised again says where it was raised first.
        if !traceback.is_empty() {
            trace.clone_from(traceback);
        }
        root = cause;
    }
    let mut text = match root {
        mlua::Error::RuntimeError(text) | mlua::Error::MemoryError(text) => text.clone(),
        mlua::Error::BadArgument { pos, cause, .. } => wrong_argument(*pos, cause),
        other => other.to_string(),
    };
    if let Some((first, rest)) = text.split_once("\nstack traceback:") {
        if trace.is_empty() {
            trace = rest.to_owned();
        }
        text = first.to_owned();
    }
    (text, places(&trace), root.downcast_ref::<Raised>())
}

/// Returns an error's text, for a script that catches it.
pub(super) fn text(error: &mlua::Error) -> String {
    parts(error).0
}

/// Describes a wrong argument to a host function in the script's terms.
fn wrong_argument(at: usize, cause: &mlua::Error) -> String {
    match cause {
        mlua::Error::FromLuaConversionError { from, to, message } => {
            let wanted = message.as_deref().unwrap_or(to);
            let wanted = wanted.strip_prefix("expected ").unwrap_or(wanted);
            format!("argument {at} is {from}, not {}", wanted.to_lowercase())
        }
        other => format!("argument {at}: {other}"),
    }
}

/// Returns the script lines in a traceback, as `id/file.luau:9 in function extract`. The VM's own frames are no help.
fn places(trace: &str) -> Vec<String> {
    let lines = trace.lines().map(str::trim);
    let lines = lines.filter(|line| line.contains(".luau:"));
    lines
        .map(|line| line.trim_start_matches('[').to_owned())
        .take(20)
        .collect()
}

/// Returns a script's text without control characters, and shortened.
pub(super) fn visible(text: &str) -> String {
    cut(text).replace(|c: char| c.is_control(), " ")
}

/// How many characters of a script's text to keep: error messages are outside the VM and its memory limit.
const LONGEST: usize = 2000;
/// The same for a name.
const LONGEST_NAME: usize = 100;

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// Formats a name made up by a script for messages: shortened, with special characters escaped.
pub(super) fn quoted(name: &str) -> String {
    let name: String = name.chars().take(LONGEST_NAME).collect();
    name.escape_debug().to_string()
}

/// Adds a hint to a server error, such as a redirect loop, which is not the plugin's fault.
pub(super) fn with_server_hint(error: Error) -> Error {
    match error.kind == Kind::Corrupt && error.hint.is_none() {
        true => {
            error.hint("this is the server's current response; check in a browser whether it is the same there")
        }
        false => error,
    }
}
