//! `url`: parses and builds URLs.

use std::collections::BTreeMap;

use mlua::{Lua, Table};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

use super::http::{address, texts};
use crate::model::Kind;
use crate::script::failure::refuse;

/// Adds the table to the globals.
pub(super) fn add(lua: &Lua, globals: &Table) -> mlua::Result<()> {
    let url = lua.create_table()?;
    url.raw_set(
        "join",
        lua.create_function(|_, (base, rest): (String, String)| {
            let joined = address(&base)?.join(&rest);
            joined
                .map(String::from)
                .map_err(|error| refuse(Kind::Corrupt, format!("cannot join URLs: {error}")))
        })?,
    )?;
    url.raw_set(
        "parse",
        lua.create_function(|lua, text: String| {
            let url = address(&text)?;
            let parts = lua.create_table()?;
            parts.raw_set("scheme", url.scheme())?;
            parts.raw_set("host", url.host_str())?;
            parts.raw_set("port", url.port())?;
            parts.raw_set("path", url.path())?;
            parts.raw_set("fragment", url.fragment())?;
            let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
            parts.raw_set("query", query)?;
            Ok(parts)
        })?,
    )?;
    url.raw_set(
        "with_query",
        lua.create_function(|_, (text, query): (String, Table)| {
            let mut url = address(&text)?;
            let query = texts(&query, "the query of `url.with_query`")?;
            url.query_pairs_mut().extend_pairs(query);
            Ok(String::from(url))
        })?,
    )?;
    url.raw_set(
        "encode",
        lua.create_function(|_, text: String| {
            Ok(utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string())
        })?,
    )?;
    url.raw_set(
        "decode",
        lua.create_function(|_, text: mlua::LuaString| {
            Ok(percent_decode(&text.as_bytes())
                .decode_utf8_lossy()
                .into_owned())
        })?,
    )?;
    globals.raw_set("url", url)
}
