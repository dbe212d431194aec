//! `json`: from text straight to values of the VM, whose limit then counts them, and back.

use std::fmt;
use std::io::{self, Write};

use mlua::{Lua, LuaSerdeExt, Table, Value};
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserializer, Serialize};

use super::LONGEST;
use crate::model::Kind;
use crate::script::failure::refuse;

pub(super) fn add(lua: &Lua, globals: &Table) -> mlua::Result<()> {
    let json = lua.create_table()?;
    json.raw_set(
        "decode",
        lua.create_function(|lua, text: mlua::LuaString| decode(lua, &text.as_bytes()))?,
    )?;
    json.raw_set(
        "encode",
        lua.create_function(|lua, value: Value| lua.create_string(encode(&value, LONGEST)?))?,
    )?;
    // An empty table may be a list or an object; only the script knows.
    json.raw_set(
        "array",
        lua.create_function(|lua, table: Table| {
            table.set_metatable(Some(lua.array_metatable()))?;
            Ok(table)
        })?,
    )?;
    globals.raw_set("json", json)
}

/// Reads JSON. `null` is nil; inside a list it is left out at the end and `false` nowhere.
pub(super) fn decode(lua: &Lua, text: &[u8]) -> mlua::Result<Value> {
    super::bounded("the JSON", text.len())?;
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Seed(lua).deserialize(&mut reader);
    let value = value.and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| refuse(Kind::Corrupt, format!("cannot read JSON: {error}")))
}

/// Writes JSON, up to so many bytes: a table that is in itself many times over is short in the VM and endless here.
pub(in crate::script) fn encode(value: &Value, most: usize) -> mlua::Result<Vec<u8>> {
    let mut bounded = Bounded {
        bytes: Vec::new(),
        most,
    };
    let mut writer = serde_json::Serializer::new(&mut bounded);
    match value.serialize(&mut writer) {
        Ok(()) => Ok(bounded.bytes),
        Err(error) => Err(refuse(Kind::Corrupt, format!("cannot write JSON: {error}"))),
    }
}

struct Bounded {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.most {
            return Err(io::Error::other(format!(
                "it is longer than {} bytes",
                self.most
            )));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes a value of the VM. How deep it goes is bounded by the reader, at 128.
pub(super) struct Seed<'a>(pub(super) &'a Lua);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value))
    }

    // A number of the VM holds whole numbers up to 2^53. Longer ones are ids, of which no digit may be lost.
    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        match value <= 1 << 53 {
            true => Ok(Value::Number(value as f64)),
            false => self.visit_str(&value.to_string()),
        }
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        match value.unsigned_abs() <= 1 << 53 {
            true => Ok(Value::Number(value as f64)),
            false => self.visit_str(&value.to_string()),
        }
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.0
            .create_string(value)
            .map(Value::String)
            .map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let table = self.0.create_table().map_err(serde::de::Error::custom)?;
        let mut at = 0u32;
        while let Some(value) = list.next_element_seed(Seed(self.0))? {
            at += 1;
            table.raw_set(at, value).map_err(serde::de::Error::custom)?;
        }
        table
            .set_metatable(Some(self.0.array_metatable()))
            .map_err(serde::de::Error::custom)?;
        Ok(Value::Table(table))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let table = self.0.create_table().map_err(serde::de::Error::custom)?;
        while let Some(key) = map.next_key_seed(Seed(self.0))? {
            let value = map.next_value_seed(Seed(self.0))?;
            table
                .raw_set(key, value)
                .map_err(serde::de::Error::custom)?;
        }
        Ok(Value::Table(table))
    }
}
