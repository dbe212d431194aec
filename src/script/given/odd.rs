//! Reads what is usable of an item with odd data from the site.

use mlua::{Lua, Table, Value};

use super::{FIELDS, Given, Reader};
use crate::script::failure::oddity;

impl Given {
    /// Reads an item. If the site's data is odd, the result has the error, and the fields needed to report it.
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
            // Other mistakes in it do not matter: it is reported anyway.
            let _ = reader().about(&mut given.meta, &FIELDS, name, value(name)?);
        }
        Ok(given)
    }
}
