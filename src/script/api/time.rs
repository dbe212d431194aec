//! `time`: times as seconds since 1970, UTC.

use jiff::Timestamp;
use mlua::{Lua, Table};

use super::moment;

/// Adds the table to the globals.
pub(super) fn add(lua: &Lua, globals: &Table) -> mlua::Result<()> {
    let time = lua.create_table()?;
    // Whole milliseconds: a finer clock would allow timing attacks.
    time.raw_set(
        "now",
        lua.create_function(|_, ()| Ok(Timestamp::now().as_millisecond() as f64 / 1000.0))?,
    )?;
    time.raw_set(
        "parse",
        lua.create_function(|_, (text, format): (String, Option<String>)| {
            let moment = match format {
                None => moment::read(&text),
                Some(format) => moment::read_as(&text, &format),
            };
            Ok(moment.map(|moment| moment.as_millisecond() as f64 / 1000.0))
        })?,
    )?;
    globals.raw_set("time", time)
}
