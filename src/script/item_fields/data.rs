//! A script's lists and tables, as JSON.

use std::collections::BTreeMap;

use mlua::{LuaSerdeExt, Table, Value};
use serde_json::Value as Json;

use super::{Reader, wrong};

impl Reader<'_> {
    /// Reads a list of texts.
    pub(super) fn texts(&mut self, name: &str, value: Value) -> mlua::Result<Vec<String>> {
        let text = |value| match value {
            Json::String(text) => Some(text),
            _ => None,
        };
        let list = match self.plain(name, value, 2)? {
            Json::Array(list) => list.into_iter().map(text).collect(),
            Json::Object(map) if map.is_empty() => Some(Vec::new()),
            _ => None,
        };
        list.ok_or_else(|| wrong(name, "is not a list of texts"))
    }

    /// Reads a table with texts as names and values.
    pub(super) fn pairs(
        &mut self,
        name: &str,
        value: Value,
    ) -> mlua::Result<BTreeMap<String, String>> {
        let Value::Table(table) = value else {
            return Err(wrong(name, "is not a table"));
        };
        let mut pairs = BTreeMap::new();
        table.for_each(|key: String, value: Value| {
            self.take(key.len())?;
            let value = self.text(name, value)?;
            pairs.insert(key, value);
            Ok(())
        })?;
        Ok(pairs)
    }

    /// Converts a value to JSON.
    fn plain(&mut self, name: &str, value: Value, deepest: usize) -> mlua::Result<Json> {
        // Count each value, so that endless structures end as well.
        self.take(2)?;
        let table = match value {
            Value::Nil => return Ok(Json::Null),
            Value::Boolean(is) => return Ok(is.into()),
            Value::Integer(number) => return Ok(number.into()),
            Value::Number(number) => return Ok(number.into()),
            Value::String(_) => return Ok(Json::String(self.text(name, value)?)),
            Value::Table(table) => table,
            _ => return Err(wrong(name, "contains a value that is not data")),
        };
        let Some(deepest) = deepest.checked_sub(1) else {
            return Err(wrong(name, "is too deep"));
        };
        if self.is_list(&table) {
            let values = 1..=table.raw_len();
            let values = values.map(|at| self.plain(name, table.raw_get(at)?, deepest));
            return values.collect::<mlua::Result<Vec<_>>>().map(Json::Array);
        }
        let mut map = serde_json::Map::new();
        self.fields(name, &table, deepest, |field, value| {
            map.insert(field, value);
        })?;
        Ok(Json::Object(map))
    }

    /// Checks whether a table is a list; an empty one is if it is marked as an array.
    pub(super) fn is_list(&self, table: &Table) -> bool {
        let metatable = || table.metatable();
        table.raw_len() > 0
            || metatable().is_some_and(|metatable| metatable == self.lua.array_metatable())
    }

    /// Reads a table, and passes each of its fields to `put`.
    pub(super) fn fields(
        &mut self,
        name: &str,
        table: &Table,
        deepest: usize,
        mut put: impl FnMut(String, Json),
    ) -> mlua::Result<()> {
        table.for_each(|field: String, value: Value| {
            self.take(field.len())?;
            put(field, self.plain(name, value, deepest)?);
            Ok(())
        })
    }
}
