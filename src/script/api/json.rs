//! `json`: from text straight to values of the VM, whose limit then counts them, and back.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::io::{self, Write};

use mlua::{IntoLua, Lua, LuaSerdeExt, Table, Value};
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::LONGEST;
use crate::model::Kind;
use crate::script::failure::refuse;
use crate::script::room::Room;

/// The most fields that room is made for before they are read.
const MOST_EXPECTED: usize = 32;

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
    let seed = Seed {
        room: &Room::open(lua)?,
        fields: &Cell::new(0),
    };
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = seed.deserialize(&mut reader).and_then(|part| {
        reader.end()?;
        part.into_value(lua).map_err(serde::de::Error::custom)
    });
    value.map_err(|error| refuse(Kind::Corrupt, format!("cannot read JSON: {error}")))
}

/// Writes JSON, up to so many bytes: a table that is in itself many times over is short in the VM and endless here.
pub(super) fn encode(value: &Value, most: usize) -> mlua::Result<Vec<u8>> {
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
#[derive(Clone, Copy)]
struct Seed<'a> {
    room: &'a Room<'a>,
    /// How many fields the last object had: in a list the next one has as many.
    fields: &'a Cell<usize>,
}

/// What was read: a text becomes one of the VM when it is put somewhere.
enum Part<'de> {
    Text(Cow<'de, str>),
    Value(Value),
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl Part<'_> {
    fn into_value(self, lua: &Lua) -> mlua::Result<Value> {
        match self {
            Part::Text(text) => lua.create_string(&*text).map(Value::String),
            Part::Value(value) => Ok(value),
        }
    }
}

impl Seed<'_> {
    fn put(&self, table: &Table, key: impl IntoLua, part: Part<'_>) -> mlua::Result<()> {
        match part {
            Part::Text(text) => table.raw_set(key, &*text)?,
            Part::Value(value) => table.raw_set(key, value)?,
        }
        self.room.check()
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Part<'de>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Part<'de>, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Part<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Part<'de>, E> {
        Ok(Part::Value(Value::Nil))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Part<'de>, E> {
        Ok(Part::Value(Value::Boolean(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Part<'de>, E> {
        Ok(Part::Value(Value::Number(value)))
    }

    // A number of the VM holds whole numbers up to 2^53. Longer ones are ids, of which no digit may be lost.
    fn visit_u64<E>(self, value: u64) -> Result<Part<'de>, E> {
        match value <= 1 << 53 {
            true => Ok(Part::Value(Value::Number(value as f64))),
            false => Ok(Part::Text(value.to_string().into())),
        }
    }

    fn visit_i64<E>(self, value: i64) -> Result<Part<'de>, E> {
        match value.unsigned_abs() <= 1 << 53 {
            true => Ok(Part::Value(Value::Number(value as f64))),
            false => Ok(Part::Text(value.to_string().into())),
        }
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Part<'de>, E> {
        Ok(Part::Text(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Part<'de>, E> {
        Ok(Part::Text(value.to_owned().into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Part<'de>, A::Error> {
        let lua = self.room.lua();
        let table = lua.create_table().map_err(A::Error::custom)?;
        let mut at = 0u32;
        while let Some(part) = list.next_element_seed(self)? {
            at += 1;
            self.put(&table, at, part).map_err(A::Error::custom)?;
        }
        table
            .set_metatable(Some(lua.array_metatable()))
            .map_err(A::Error::custom)?;
        Ok(Part::Value(Value::Table(table)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Part<'de>, A::Error> {
        let table = self
            .room
            .lua()
            .create_table_with_capacity(0, self.fields.get())
            .map_err(A::Error::custom)?;
        let mut fields = 0;
        while let Some(Key(key)) = map.next_key()? {
            let part = map.next_value_seed(self)?;
            self.put(&table, &*key, part).map_err(A::Error::custom)?;
            fields += 1;
        }
        self.fields.set(fields.min(MOST_EXPECTED));
        Ok(Part::Value(Value::Table(table)))
    }
}
