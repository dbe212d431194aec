//! `http`: makes requests and waits for the responses. The listing decides which are allowed.

use std::collections::BTreeMap;
use std::rc::Rc;

use http::StatusCode;
use mlua::{Function, Lua, Table, Value};
use url::{Url, form_urlencoded};

use super::json;
use crate::model::{Error, Kind};
use crate::net::{Redacted, kind_of, read_text};
use crate::script::call::{Call, Posted, ScriptRequest};
use crate::script::failure::{quoted, raise, refuse, visible};
use crate::script::memory::MemoryGuard;
use crate::script::run::Host;
use crate::source::Answer;

/// The most requests made at once.
const MOST: usize = 16;
/// How many characters of a response that is not JSON to show.
const SHOWN: usize = 40;
const A_PAGE: &str = "the site sent a page instead of data: maintenance, a login, or a check that you are human; a browser shows it";
const PASSING: &str = "the server may respond differently later; if not, the site has changed";

/// Adds the table to the globals.
pub(super) fn add(lua: &Lua, host: &Rc<Host>, globals: &Table) -> mlua::Result<()> {
    let read_json = lua.create_function(|lua, answer: Table| {
        let body: mlua::LuaString = answer.raw_get("body")?;
        let decoded = json::decode(lua, &body.as_bytes());
        decoded.map_err(|_| match no_json(&answer) {
            Ok(error) => raise(&error),
            Err(error) => error,
        })
    })?;
    let html: Table = globals.raw_get("html")?;
    let parse: Function = html.raw_get("parse")?;
    let read_html = lua.create_function(move |_, answer: Table| {
        let (body, url): (mlua::LuaString, String) =
            (answer.raw_get("body")?, answer.raw_get("url")?);
        let headers: Table = answer.raw_get("headers")?;
        let medium: Option<mlua::LuaString> = headers.raw_get("content-type")?;
        let medium = medium.map(|medium| medium.to_string_lossy());
        let text = read_text(&body.as_bytes(), medium.as_deref());
        parse.call::<Value>((text, url))
    })?;
    let http = lua.create_table()?;
    let own = host.clone();
    let shaped = move |lua: &Lua, answer: &Answer, expect: &Expected| {
        if !expect.has(answer.status) {
            let error = unexpected(answer);
            return Err(raise(&match expect.refused(&own, answer) {
                Some(hint) => error.hint(hint),
                None => error,
            }));
        }
        let table = response(lua, answer)?;
        table.raw_set("json", read_json.clone())?;
        table.raw_set("html", read_html.clone())?;
        Ok(table)
    };
    for name in ["get", "post"] {
        let (host, shaped) = (host.clone(), shaped.clone());
        let request =
            lua.create_function(move |lua, (url, options): (String, Option<Table>)| {
                let (request, expect) = read(lua, name, &url, options)?;
                let answers = send(&host, vec![request])?;
                shaped(lua, &answers[0], &expect)
            })?;
        http.raw_set(name, request)?;
    }
    let host = host.clone();
    let all = lua.create_function(move |lua, list: Table| {
        let (mut requests, mut expected) = (Vec::new(), Vec::new());
        for one in list.sequence_values::<Value>() {
            if requests.len() == MOST {
                let message = format!("`http.all` takes at most {MOST} requests");
                return Err(refuse(Kind::Corrupt, message));
            }
            let (url, options) = match one? {
                Value::Table(one) => (one.raw_get("url")?, Some(one)),
                Value::String(url) => (url.to_string_lossy(), None),
                _ => {
                    let message = "`http.all` takes URLs, and tables with a `url`";
                    return Err(refuse(Kind::Corrupt, message));
                }
            };
            let (request, expect) = read(lua, "all", &url, options)?;
            requests.push(request);
            expected.push(expect);
        }
        let answers = match requests.is_empty() {
            true => Vec::new(),
            false => send(&host, requests)?,
        };
        let answers = answers.iter().zip(&expected);
        answers
            .map(|(answer, expect)| shaped(lua, answer, expect))
            .collect::<mlua::Result<Vec<_>>>()
    })?;
    http.raw_set("all", all)?;
    globals.raw_set("http", http)
}

/// The expectations for a response.
struct Expected {
    /// The accepted statuses; those of success if none are given.
    statuses: Option<Vec<u16>>,
    /// The key of the secret that was sent.
    secret: Option<String>,
}

impl Expected {
    fn has(&self, status: StatusCode) -> bool {
        match &self.statuses {
            Some(list) => list.contains(&status.as_u16()),
            None => status.is_success(),
        }
    }

    /// Returns a hint for a secret that was rejected.
    fn refused(&self, host: &Host, answer: &Answer) -> Option<String> {
        let key = self.secret.as_ref()?;
        let secret = host.secrets.iter().find(|secret| secret.key == *key)?;
        let (id, help) = (&host.id, &secret.help);
        let is_refused = answer.status == StatusCode::UNAUTHORIZED;
        is_refused.then(|| format!("`{key}` of `[source.{id}]` was rejected: {help}"))
    }
}

/// Has the listing make requests, after it has taken the entries emitted so far.
fn send(host: &Host, requests: Vec<ScriptRequest>) -> mlua::Result<Vec<Answer>> {
    host.flush()?;
    host.call(|reply| Call::Request(requests, reply))
}

/// Parses a script's URL.
pub(in crate::script) fn address(text: &str) -> mlua::Result<Url> {
    parsed(text).map_err(|error| raise(&error))
}

/// Parses a URL, for callers that wrap the error themselves.
pub(in crate::script) fn parsed(text: &str) -> Result<Url, Error> {
    Url::parse(text).map_err(|error| {
        let shown: String = text.chars().take(200).collect();
        let message = format!("`{}` is not a URL: {error}", shown.escape_debug());
        let corrupt = Error::new(Kind::Corrupt, message);
        match error {
            url::ParseError::RelativeUrlWithoutBase if text.starts_with("nil") => corrupt
                .hint("it starts with nil: a typo, or an option that no `[[option]]` declares"),
            url::ParseError::RelativeUrlWithoutBase => corrupt.hint(
                "`url.join(page.url, text)` makes it one, or use `:url(\"href\")` of its element",
            ),
            _ => corrupt,
        }
    })
}

/// Reads the arguments of a call: the request, and the accepted statuses.
fn read(
    lua: &Lua,
    function: &str,
    url: &str,
    options: Option<Table>,
) -> mlua::Result<(ScriptRequest, Expected)> {
    let texts = |table: &Table, option: &str| {
        texts(
            table,
            &format!("the option `{option}` of `http.{function}`"),
        )
    };
    let mut request = ScriptRequest {
        url: address(url)?,
        headers: BTreeMap::new(),
        secret: None,
        body: (function == "post").then(Posted::nothing),
    };
    let mut expect = None;
    for pair in options
        .iter()
        .flat_map(|options| options.pairs::<String, Value>())
    {
        let (key, value) = pair?;
        match (key.as_str(), value) {
            // Sorted by name, so that the same script always requests the same URL.
            ("query", Value::Table(query)) => {
                request
                    .url
                    .query_pairs_mut()
                    .extend_pairs(texts(&query, &key)?);
            }
            ("headers", Value::Table(headers)) => request.headers = texts(&headers, &key)?,
            ("secret", Value::String(secret)) => request.secret = Some(secret.to_string_lossy()),
            ("expect", Value::Table(list)) => {
                expect = Some(list.sequence_values().collect::<mlua::Result<_>>()?);
            }
            ("form", Value::Table(form)) if function == "post" => {
                let mut text = form_urlencoded::Serializer::new(String::new());
                text.extend_pairs(texts(&form, &key)?);
                request.body = Some(Posted {
                    medium: "application/x-www-form-urlencoded",
                    bytes: text.finish().into(),
                });
            }
            ("json", value) if function == "post" => {
                request.body = Some(Posted {
                    medium: "application/json",
                    bytes: json::encode(lua, &value, super::LONGEST)?.into(),
                });
            }
            ("url", _) if function == "all" => {}
            (key, value) => {
                let mut known = vec!["query", "headers", "secret", "expect"];
                match function {
                    "post" => known.extend(["form", "json"]),
                    "all" => known.push("url"),
                    _ => {}
                }
                let message = match known.contains(&key) {
                    true => {
                        let is = match value.type_name() {
                            "integer" => "number",
                            is => is,
                        };
                        format!("the option `{key}` of `http.{function}` cannot be a {is}")
                    }
                    false => format!(
                        "`http.{function}` has no option `{}`; the options are {}",
                        quoted(key),
                        known.join(", ")
                    ),
                };
                return Err(refuse(Kind::Corrupt, message));
            }
        }
    }
    let expected = Expected {
        statuses: expect,
        secret: request.secret.clone(),
    };
    Ok((request, expected))
}

/// Reads a table of texts by name.
pub(super) fn texts(table: &Table, of: &str) -> mlua::Result<BTreeMap<String, String>> {
    let mut texts = BTreeMap::new();
    for pair in table.pairs::<String, Value>() {
        let (name, value) = pair?;
        let text = match &value {
            Value::String(text) => text.to_string_lossy(),
            Value::Integer(_) | Value::Number(_) => value.to_string()?,
            _ => {
                let (name, is) = (quoted(&name), value.type_name());
                let message = format!("`{name}` in {of} is a {is}; it takes text or a number");
                return Err(refuse(Kind::Corrupt, message));
            }
        };
        texts.insert(name, text);
    }
    Ok(texts)
}

/// Builds the error for an unexpected status.
fn unexpected(answer: &Answer) -> Error {
    let kind = match kind_of(answer.status) {
        // The remaining kinds are for scripts to judge.
        Kind::Blocked if !matches!(answer.status.as_u16(), 403 | 451 | 500..) => Kind::Corrupt,
        kind => kind,
    };
    let message = format!("`{}` answered {}", Redacted(&answer.url), answer.status);
    let error = Error::new(kind, message);
    match answer.retry_after() {
        Some(wait) => error.after(wait),
        None => error,
    }
}

/// Builds the error for a response that is not JSON, describing what it is. It is unknown whose fault that is.
fn no_json(answer: &Table) -> mlua::Result<Error> {
    let url: String = answer.raw_get("url")?;
    let url = Url::parse(&url).map_or(String::new(), |url| Redacted(&url).to_string());
    let body: mlua::LuaString = answer.raw_get("body")?;
    let body = body.as_bytes();
    let begins = String::from_utf8_lossy(&body[..body.len().min(1024)]);
    let begins = begins.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: String = begins.chars().take(SHOWN).collect();
    let headers: Table = answer.raw_get("headers")?;
    let medium: Option<mlua::LuaString> = headers.raw_get("content-type")?;
    let medium = medium.map_or(String::new(), |medium| medium.to_string_lossy());
    let medium = match medium.split(';').next().unwrap_or("").trim() {
        "" => String::new(),
        medium => format!(" but `{}`", medium.chars().take(SHOWN).collect::<String>()),
    };
    let (what, hint) = match (begins.starts_with('<'), shown.len()) {
        (_, 0) => (" and empty".into(), PASSING),
        (true, _) => (format!(", `{shown}…`"), A_PAGE),
        (false, _) => (format!(", `{shown}…`"), PASSING),
    };
    let message = format!("the response of `{url}` is not JSON{medium}{what}");
    Ok(Error::new(Kind::Corrupt, visible(&message)).hint(hint))
}

/// Converts a response for a script: without cookies, and without credentials.
fn response(lua: &Lua, answer: &Answer) -> mlua::Result<Table> {
    let memory = MemoryGuard::new(lua)?;
    let table = lua.create_table()?;
    let mut url = answer.url.clone();
    // A URL without a host has no user, so neither call can fail here.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    table.raw_set("url", url.as_str())?;
    table.raw_set("status", answer.status.as_u16())?;
    table.raw_set("body", lua.create_string(&answer.body)?)?;
    let headers = lua.create_table()?;
    for name in answer.headers.keys() {
        if !name.as_str().starts_with("set-cookie") {
            // Several fields of one name are one list (RFC 9110 §5.3).
            let values: Vec<_> = answer.headers.get_all(name).iter().collect();
            let list = values.iter().map(|value| value.as_bytes());
            let list = list.collect::<Vec<_>>().join(&b", "[..]);
            headers.raw_set(name.as_str(), lua.create_string(list)?)?;
        }
    }
    table.raw_set("headers", headers)?;
    memory.check()?;
    Ok(table)
}
