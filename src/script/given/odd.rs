//! What is still known of an item of which the site tells something odd.

use mlua::{Lua, Table, Value};

use super::{FIELDS, Given, Reader};
use crate::script::failure::oddity;

impl Given {
    /// Reads an item. Of what is odd in it, it has that, and what is needed to tell of it.
    pub(in crate::script) fn item_or_odd(lua: &Lua, table: &Table) -> mlua::Result<Given> {
        let error = match Given::item(lua, table) {
            Err(error) if oddity(&error).is_some() => error,
            read => return read,
        };
        let mut given = Given {
            odd: Some(error),
            ..Given::default()
        };
        let value = |name: &str| table.raw_get::<Value>(name);
        let reader = || Reader::new(lua);
        given.key = reader().key("key", value("key")?).unwrap_or_default();
        given.url = reader().text("url", value("url")?).ok();
        for name in ["name", "title", "album", "number"] {
            // Whatever else is wrong with it, this is told already.
            let _ = reader().about(&mut given.meta, &FIELDS, name, value(name)?);
        }
        Ok(given)
    }
}
