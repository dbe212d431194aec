//! What a script finds beside the language: the functions of the host. Each set has a table of its own that cannot be changed.

mod digest;
mod html;
mod http;
mod json;
pub(super) mod moment;
mod object;
mod re;
mod time;
mod web;

use std::rc::Rc;

use mlua::{Lua, Table};

pub(super) use http::parsed;

use super::emit;
use super::failure::refuse;
use super::run::Host;
use crate::model::{Error, Kind};

/// The longest text that a function makes or takes at once.
const LONGEST: usize = 16 << 20;

/// Adds all of them.
pub(super) fn add(lua: &Lua, host: &Rc<Host>, globals: &Table) -> mlua::Result<()> {
    digest::add(lua, globals)?;
    html::add(lua, host, globals)?;
    json::add(lua, globals)?;
    http::add(lua, host, globals)?;
    object::add(lua, globals)?;
    re::add(lua, host, globals)?;
    time::add(lua, globals)?;
    web::add(lua, globals)?;
    emit::add(lua, host, globals)?;
    let fail = lua.create_function(|_, (word, message): (String, String)| -> mlua::Result<()> {
        let kind: Kind = word.parse().map_err(|error: Error| {
            // Not the user has asked wrongly.
            let kind = Kind::Corrupt;
            super::failure::raise(&Error { kind, ..error })
        })?;
        Err(super::failure::say(kind, &message))
    })?;
    globals.raw_set("fail", fail)
}

/// Refuses what is too long.
fn bounded(what: &str, length: usize) -> mlua::Result<()> {
    match length <= LONGEST {
        true => Ok(()),
        false => Err(refuse(
            Kind::Corrupt,
            format!("{what} is longer than {LONGEST} bytes"),
        )),
    }
}
