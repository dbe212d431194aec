//! Converts the site's refusals, in the five shapes they come in, into errors.

use fetch::model::{Error, Kind, Result};
use fetch::source::Answer;
use serde_json::Value;

use super::text::shown;
use super::{json, limit};

/// The hint where a key is needed.
pub(super) const KEY_HINT: &str = "set `IMGUR_CLIENT_ID`, or `client_id` in `[source.imgur]`, to a client id of yours; \
     Imgur has given out no new ones since 2025, older ones still work";

const BAD_KEY_HINT: &str = "correct or remove `IMGUR_CLIENT_ID`, or `client_id` in `[source.imgur]`: albums and single \
     images need none";

const CAPACITY_HINT: &str = "Imgur mostly says so to addresses it rate-limits, not under load: wait up to an hour, or use \
     another network, without a VPN";

const REGION_HINT: &str = "Imgur blocks this region; another network may help";

/// What the site said about a failure.
#[derive(Debug, Default, PartialEq)]
struct SiteMessage {
    code: Option<u64>,
    text: Option<String>,
}

/// Extracts the `data` of a response in the API's format.
///
/// # Errors
/// The site's refusal, in whichever shape it came.
pub(super) fn data(answer: &Answer, subject: &str) -> Result<Value> {
    let Ok(mut body) = json::read(&answer.body) else {
        return Err(no_json(answer, subject));
    };
    if let Some(message) = site_message(&body, answer.status.is_success()) {
        return Err(refusal(answer, &message, subject));
    }
    match body.get_mut("data") {
        Some(data) if answer.status.is_success() => Ok(data.take()),
        _ => Err(refusal(answer, &SiteMessage::default(), subject)),
    }
}

/// Builds the error for a page without a post.
pub(super) fn page(answer: &Answer, subject: &str) -> Error {
    // A refusal may be JSON even for a page, when a gateway in front of the site sends it.
    match json::read(&answer.body) {
        Ok(body) => {
            let message = site_message(&body, answer.status.is_success()).unwrap_or_default();
            refusal(answer, &message, subject)
        }
        Err(_) => no_json(answer, subject),
    }
}

fn no_json(answer: &Answer, subject: &str) -> Error {
    let html = answer.text();
    let title = between(&html, "<title>", "</title>").or(between(&html, "<h1>", "</h1>"));
    let region = "not available in your region";
    let message = SiteMessage {
        code: None,
        text: if html.contains(region) {
            Some(format!("Content {region}"))
        } else if html.contains("over capacity") {
            Some("over capacity".into())
        } else {
            title.map(str::to_owned)
        },
    };
    if answer.status.is_success() && kind(None, message.text.as_deref().unwrap_or("")).is_none() {
        let message = format!("cannot read the response about {subject}: it is a different page");
        return Error::new(Kind::Changed, message);
    }
    refusal(answer, &message, subject)
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(from)?;
    Some(rest.split_once(to)?.0)
}

/// Returns what a JSON response says about a failure, or `None` if it does not report one.
fn site_message(body: &Value, is_success: bool) -> Option<SiteMessage> {
    let said = |value: &Value| value.as_str().map(str::to_owned);
    let number = |value: &Value| {
        let text = value.as_str().and_then(|text| text.trim().parse().ok());
        value.as_u64().or(text)
    };
    if let Some(error) = body.get("errors").and_then(|errors| errors.get(0)) {
        return Some(SiteMessage {
            code: number(&error["code"]).or_else(|| number(&error["status"])),
            text: said(&error["detail"]).or_else(|| said(&error["status"])),
        });
    }
    let (data, status) = (&body["data"], number(&body["status"]));
    let build = |code, text| Some(SiteMessage { code, text });
    match &data["error"] {
        Value::Null => {}
        error @ Value::Object(_) => {
            return build(number(&error["code"]).or(status), said(&error["message"]));
        }
        error => return build(status, said(error)),
    }
    if let Some(text) = said(data) {
        return build(status, Some(text));
    }
    if data.is_null() && body.get("message").is_some() {
        return build(status, said(&body["message"]));
    }
    let denied = body["success"] == Value::Bool(false) || matches!(data, Value::Bool(_));
    if denied || data.is_null() || !is_success {
        return build(status, None);
    }
    None
}

fn refusal(answer: &Answer, message: &SiteMessage, subject: &str) -> Error {
    let text = message.text.as_deref().unwrap_or("");
    let http = u64::from(answer.status.as_u16());
    // An error's own code is more specific than the HTTP status. The envelope's status, if it is not an error code, is
    // not.
    let code = message
        .code
        .filter(|code| *code >= 400)
        .or((http >= 400).then_some(http));
    let kind = kind(code, text).unwrap_or(Kind::Network);
    let says = match (shown(text), code) {
        (text, _) if !text.is_empty() => format!("the site says \"{text}\""),
        (_, Some(code)) => format!("the site answers {code}"),
        (_, None) => "the site does not say why".into(),
    };
    match kind {
        Kind::Missing => Error::new(kind, format!("{subject} is not there: {says}")),
        Kind::Login => {
            let is_bad_key = text.to_ascii_lowercase().contains("invalid client");
            let hint = if is_bad_key { BAD_KEY_HINT } else { KEY_HINT };
            Error::new(kind, format!("the site denies access to {subject}: {says}")).hint(hint)
        }
        Kind::Busy => busy(answer, subject, &says),
        Kind::Blocked => {
            let error = Error::new(kind, format!("the site refuses {subject}: {says}"));
            if text.contains("over capacity") {
                error.hint(CAPACITY_HINT)
            } else if text.contains("your region") || text.starts_with("Banned Country") {
                error.hint(REGION_HINT)
            } else {
                error
            }
        }
        kind => Error::new(kind, format!("cannot list {subject}: {says}")),
    }
}

/// Interprets the site's code and text. The site's own numbers contradict each other, so its words come first.
fn kind(code: Option<u64>, text: &str) -> Option<Kind> {
    let text = text.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["over capacity", "your region", "banned country"]) {
        return Some(Kind::Blocked);
    }
    if says(&["invalid client", "access token", "authentication required"]) {
        return Some(Kind::Login);
    }
    if says(&["request limit", "too many requests", "429 page"]) {
        return Some(Kind::Busy);
    }
    match code {
        Some(401) => Some(Kind::Login),
        Some(402 | 403 | 451) => Some(Kind::Blocked),
        Some(404 | 410) => Some(Kind::Missing),
        Some(418 | 429) => Some(Kind::Busy),
        Some(400..=499) => Some(Kind::Unsupported),
        Some(_) => Some(Kind::Network),
        None if says(&["not found", "unable to find"]) => Some(Kind::Missing),
        None => None,
    }
}

fn busy(answer: &Answer, subject: &str, says: &str) -> Error {
    let limit = limit::read(answer, limit::now());
    let wait = limit::wait(answer);
    let quota = limit.map_or(String::new(), |limit| {
        format!("; {} are used up", limit.quota)
    });
    let until = wait.map_or(String::new(), |wait| {
        format!(", try again in {}", limit::words(wait))
    });
    let message = format!("the site asks us to slow down at {subject}: {says}{quota}{until}");
    let error = Error::new(Kind::Busy, message);
    match wait {
        Some(wait) => error.after(wait),
        None => error,
    }
}

#[cfg(test)]
pub(super) mod tests;
