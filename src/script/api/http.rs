//! `http`: asks for a URL and waits. The listing decides whether it may.

use std::collections::BTreeMap;
use std::rc::Rc;

use mlua::{Function, Lua, Table, Value};
use url::Url;

use super::json;
use crate::model::{Error, Kind};
use crate::net::Shown;
use crate::script::call::{Call, Get};
use crate::script::failure::{raise, refuse};
use crate::script::run::Host;
use crate::source::Answer;

pub(super) fn add(lua: &Lua, host: &Rc<Host>, globals: &Table) -> mlua::Result<()> {
    let read_json = lua.create_function(|lua, answer: Table| {
        let body: mlua::LuaString = answer.raw_get("body")?;
        let decoded = json::decode(lua, &body.as_bytes());
        decoded.map_err(|_| {
            let url: String = answer.raw_get("url").unwrap_or_default();
            refuse(Kind::Corrupt, format!("the answer of `{url}` is no JSON"))
        })
    })?;
    let html: Table = globals.raw_get("html")?;
    let parse: Function = html.raw_get("parse")?;
    let read_html = lua.create_function(move |_, answer: Table| {
        let (body, url): (mlua::LuaString, String) =
            (answer.raw_get("body")?, answer.raw_get("url")?);
        parse.call::<Value>((body, url))
    })?;
    let http = lua.create_table()?;
    let host = host.clone();
    http.raw_set(
        "get",
        lua.create_function(move |lua, (url, options): (String, Option<Table>)| {
            let mut url = address(&url)?;
            let (get, expect) = read(&mut url, options)?;
            host.flush()?;
            let answer = host.ask(|reply| Call::Get(get, reply))?;
            let status = answer.status.as_u16();
            let is_expected = match &expect {
                Some(list) => list.contains(&status),
                None => answer.status.is_success(),
            };
            if !is_expected {
                return Err(raise(&unexpected(&answer)));
            }
            let table = response(lua, &answer)?;
            table.raw_set("json", read_json.clone())?;
            table.raw_set("html", read_html.clone())?;
            Ok(table)
        })?,
    )?;
    globals.raw_set("http", http)
}

/// A URL of a script's.
pub(in crate::script) fn address(text: &str) -> mlua::Result<Url> {
    Url::parse(text).map_err(|error| {
        let message = format!(
            "`{}` is no URL: {error}",
            text.chars().take(200).collect::<String>().escape_debug()
        );
        refuse(Kind::Corrupt, message)
    })
}

/// What is asked for, and which statuses are well.
fn read(url: &mut Url, options: Option<Table>) -> mlua::Result<(Get, Option<Vec<u16>>)> {
    let mut get = Get {
        url: url.clone(),
        headers: BTreeMap::new(),
        secret: None,
    };
    let mut expect = None;
    for pair in options
        .iter()
        .flat_map(|options| options.pairs::<String, Value>())
    {
        let (key, value) = pair?;
        match (key.as_str(), value) {
            ("query", Value::Table(query)) => {
                // In the order of their names, so that the same script asks for the same URL.
                let pairs: BTreeMap<String, String> = query.pairs().collect::<mlua::Result<_>>()?;
                get.url.query_pairs_mut().extend_pairs(pairs);
            }
            ("headers", Value::Table(headers)) => {
                get.headers = headers.pairs().collect::<mlua::Result<_>>()?
            }
            ("secret", Value::String(secret)) => get.secret = Some(secret.to_string_lossy()),
            ("expect", Value::Table(list)) => {
                expect = Some(list.sequence_values().collect::<mlua::Result<_>>()?);
            }
            (key, _) => {
                let message = format!(
                    "`http.get` knows no option `{}`, or not with such a value",
                    key.escape_debug()
                );
                return Err(refuse(Kind::Config, message));
            }
        }
    }
    Ok((get, expect))
}

/// What a status means that nobody expects.
fn unexpected(answer: &Answer) -> Error {
    let kind = match answer.status.as_u16() {
        404 | 410 => Kind::Missing,
        401 => Kind::Login,
        403 | 451 => Kind::Blocked,
        429 => Kind::Busy,
        500.. => Kind::Network,
        _ => Kind::Corrupt,
    };
    let message = format!("`{}` answered {}", Shown(&answer.url), answer.status);
    let error = Error::new(kind, message);
    match answer.retry_after() {
        Some(wait) => error.after(wait),
        None => error,
    }
}

/// An answer as a script sees it: without cookies, and without what was put in for it.
fn response(lua: &Lua, answer: &Answer) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    let mut url = answer.url.clone();
    // A URL without a host has no user, so neither call can fail here.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    table.raw_set("url", url.as_str())?;
    table.raw_set("status", answer.status.as_u16())?;
    table.raw_set("body", lua.create_string(&answer.body)?)?;
    let headers = lua.create_table()?;
    for (name, value) in &answer.headers {
        if !name.as_str().starts_with("set-cookie") {
            headers.raw_set(name.as_str(), lua.create_string(value.as_bytes())?)?;
        }
    }
    table.raw_set("headers", headers)?;
    Ok(table)
}
