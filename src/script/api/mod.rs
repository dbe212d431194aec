//! The host functions available to scripts, in tables that cannot be changed.

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
use super::failure::{fail, quoted, raise, refuse};
use super::run::Host;
use crate::model::{Error, Kind};

/// The maximum length of a text that a function takes or returns.
const LONGEST: usize = 16 << 20;

/// The kinds of failure that a script can raise: those about the site, not about this machine.
const REASONS: [Kind; 8] = [
    Kind::Missing,
    Kind::Login,
    Kind::Blocked,
    Kind::Busy,
    Kind::Corrupt,
    Kind::Unsupported,
    Kind::Network,
    Kind::Changed,
];

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
        match REASONS.iter().find(|kind| kind.to_string() == word) {
            Some(kind) => Err(fail(*kind, &message)),
            None => Err(no_reason(&word)),
        }
    })?;
    globals.raw_set("fail", fail)
}

fn no_reason(word: &str) -> mlua::Error {
    let known: Vec<_> = REASONS.iter().map(|kind| format!("`{kind}`")).collect();
    let word = quoted(word);
    // This is not a usage error of the user's.
    let error = Error::new(Kind::Corrupt, format!("no failure has the reason `{word}`"));
    raise(&error.hint(format!("the known ones are {}", known.join(", "))))
}

/// Refuses a text that is too long.
fn bounded(what: &str, length: usize) -> mlua::Result<()> {
    match length <= LONGEST {
        true => Ok(()),
        false => Err(refuse(
            Kind::Corrupt,
            format!("{what} is longer than {LONGEST} bytes"),
        )),
    }
}
