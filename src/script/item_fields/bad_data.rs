//! Reads what is usable of an item with bad data from the site.

use mlua::{Lua, Table, Value};

use super::{FIELDS, ItemFields, Reader};
use crate::script::failure::bad_data_failure;

impl ItemFields {
    /// Reads an item. If the site's data is bad, the result has the error, and the fields needed to report it.
    pub(in crate::script) fn read_or_bad_data(
        lua: &Lua,
        table: &Table,
    ) -> mlua::Result<ItemFields> {
        let error = match ItemFields::read(lua, table) {
            Err(error) if bad_data_failure(&error).is_some() => error,
            read => return read,
        };
        let mut fields = ItemFields {
            bad_data: Some(error),
            ..ItemFields::default()
        };
        let value = |name: &str| table.raw_get::<Value>(name);
        let reader = || Reader::new(lua);
        fields.key = reader().key("key", value("key")?).unwrap_or_default();
        fields.url = reader().text("url", value("url")?).ok();
        for name in ["name", "title", "album", "number"] {
            // Other mistakes in it do not matter: it is reported anyway.
            let _ = reader().about(&mut fields.meta, &FIELDS, name, value(name)?);
        }
        Ok(fields)
    }
}
