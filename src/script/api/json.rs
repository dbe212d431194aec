//! `json`: parses text directly into values of the VM, so that they count against its limit, and writes them.

mod gaps;
mod write;

use std::array;
use std::cell::Cell;
use std::fmt;
use std::io::{self, Write};

use mlua::{Either, IntoLua, Lua, LuaSerdeExt, Table, Value};
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserializer, Serialize};

use super::LONGEST;
use crate::model::Kind;
use crate::net::read_json;
use crate::script::failure::refuse;
use crate::script::memory::MemoryGuard;

/// The maximum depth, which is that of the JSON reader.
const DEEPEST: usize = 128;
/// The most fields that are allocated in advance.
const MOST_EXPECTED: usize = 64;

/// Adds the table to the globals.
pub(super) fn add(lua: &Lua, globals: &Table) -> mlua::Result<()> {
    let json = lua.create_table()?;
    json.raw_set(
        "decode",
        lua.create_function(|lua, text: mlua::LuaString| decode(lua, &text.as_bytes()))?,
    )?;
    json.raw_set(
        "encode",
        lua.create_function(|lua, value: Value| lua.create_string(encode(lua, &value, LONGEST)?))?,
    )?;
    // An empty table may be a list or an object; only the script knows.
    json.raw_set(
        "array",
        lua.create_function(|lua, table: Table| {
            table.set_metatable(Some(lua.array_metatable()))?;
            Ok(table)
        })?,
    )?;
    globals.raw_set("json", json)?;
    gaps::pass(lua, globals)
}

/// Parses JSON. `null` becomes nil.
pub(super) fn decode(lua: &Lua, text: &[u8]) -> mlua::Result<Value> {
    super::bounded("the JSON", text.len())?;
    let corrupt = |error| refuse(Kind::Corrupt, format!("cannot read JSON: {error}"));
    let seed = Seed {
        memory: &MemoryGuard::new(lua)?,
        lists: &lua.array_metatable(),
        expected: &array::from_fn(|_| Cell::new(0)),
        depth: 0,
    };
    let value = read_json(text, |text| {
        // Checking the whole text as UTF-8 once is faster than checking each string.
        let text = str::from_utf8(text).map_err(|error| error.to_string())?;
        let mut reader = serde_json::Deserializer::from_str(text);
        let value = seed.deserialize(&mut reader).and_then(|part| {
            reader.end()?;
            part.into_lua(lua).map_err(serde::de::Error::custom)
        });
        value.map_err(|error| error.to_string())
    });
    value.map_err(corrupt)
}

/// Writes JSON, up to a maximum length: a table that contains itself many times over is small in the VM and endless
/// here.
pub(super) fn encode(lua: &Lua, value: &Value, most: usize) -> mlua::Result<Vec<u8>> {
    let mut bounded = Bounded {
        bytes: Vec::new(),
        most,
    };
    let mut writer = serde_json::Serializer::new(&mut bounded);
    match write::Part::whole(value, &lua.array_metatable()).serialize(&mut writer) {
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

/// Creates a value of the VM. Values in a table go there directly from the reader: a reference for each would cost more
/// than the value.
#[derive(Clone, Copy)]
struct Seed<'a> {
    memory: &'a MemoryGuard<'a>,
    /// The metatable that marks a table as a list.
    lists: &'a Table,
    /// How many fields the last object had, by depth: the next one in a list has as many.
    expected: &'a [Cell<usize>; DEEPEST],
    depth: usize,
}

/// A string, borrowed from the JSON if possible.
type Text<'de> = Either<&'de str, String>;

/// A parsed value. A string becomes one of the VM when it is stored.
type Part<'de> = Either<Text<'de>, Value>;

impl Seed<'_> {
    /// Returns the seed for nested values.
    fn inner(self) -> Self {
        Seed {
            depth: self.depth + 1,
            ..self
        }
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
        Ok(Either::Right(Value::Nil))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Part<'de>, E> {
        Ok(Either::Right(Value::Boolean(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Part<'de>, E> {
        Ok(Either::Right(Value::Number(value)))
    }

    // A VM number holds integers up to 2^53. Longer ones are ids, which must not lose digits, so they become strings.
    fn visit_u64<E>(self, value: u64) -> Result<Part<'de>, E> {
        Ok(match value <= 1 << 53 {
            true => Either::Right(Value::Number(value as f64)),
            false => Either::Left(Either::Right(value.to_string())),
        })
    }

    fn visit_i64<E>(self, value: i64) -> Result<Part<'de>, E> {
        Ok(match value.unsigned_abs() <= 1 << 53 {
            true => Either::Right(Value::Number(value as f64)),
            false => Either::Left(Either::Right(value.to_string())),
        })
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Part<'de>, E> {
        Ok(Either::Left(Either::Left(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Part<'de>, E> {
        Ok(Either::Left(Either::Right(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Part<'de>, A::Error> {
        // The number of all elements, and the length up to the last that is not `null`.
        let (mut count, mut length, mut has_gaps) = (0, 0, false);
        let mut parts = Parts {
            memory: self.memory,
            expected: 0,
            read: || {
                let part = list.next_element_seed(self.inner())?;
                count += usize::from(part.is_some());
                match part {
                    // `null` keeps its position for now, and is removed at the end.
                    Some(Either::Right(Value::Nil)) => {
                        has_gaps = true;
                        Ok(Some(Either::Right(Value::NULL)))
                    }
                    Some(part) => {
                        length = count;
                        Ok(Some(part))
                    }
                    None => Ok(None),
                }
            },
            failed: None,
        };
        let table = self.memory.lua().create_sequence_from(&mut parts);
        let mut table = parts.end(table)?;
        if has_gaps {
            let opened = gaps::open(self.memory.lua(), &table, length);
            table = opened.map_err(A::Error::custom)?;
        }
        table
            .set_metatable(Some(self.lists.clone()))
            .map_err(A::Error::custom)?;
        Ok(Either::Right(Value::Table(table)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Part<'de>, A::Error> {
        let expected = &self.expected[self.depth.min(DEEPEST - 1)];
        let mut fields = 0;
        let mut parts = Parts {
            memory: self.memory,
            expected: expected.get(),
            read: || {
                let Some(name) = map.next_key_seed(Name)? else {
                    return Ok(None);
                };
                fields += 1;
                let part = map.next_value_seed(self.inner())?;
                Ok(Some((name, part)))
            },
            failed: None,
        };
        let table = self.memory.lua().create_table_from(&mut parts);
        let table = parts.end(table)?;
        expected.set(fields.min(MOST_EXPECTED));
        Ok(Either::Right(Value::Table(table)))
    }
}

/// The key of a field.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Text<'de>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Text<'de>, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Text<'de>, E> {
        Ok(Either::Left(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Text<'de>, E> {
        Ok(Either::Right(name.to_owned()))
    }
}

/// The parts of a table as they are parsed, up to the first error.
struct Parts<'a, E, F> {
    memory: &'a MemoryGuard<'a>,
    /// The number of parts to allocate in advance.
    expected: usize,
    read: F,
    failed: Option<E>,
}

impl<E: serde::de::Error, F> Parts<'_, E, F> {
    /// Returns the table made of them, or the error.
    fn end(self, table: mlua::Result<Table>) -> Result<Table, E> {
        match self.failed {
            Some(error) => Err(error),
            None => table.map_err(E::custom),
        }
    }
}

impl<E: serde::de::Error, T, F: FnMut() -> Result<Option<T>, E>> Iterator for Parts<'_, E, F> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        // Checks the memory used by the previous part.
        let checked = self.memory.check().map_err(E::custom);
        checked
            .and_then(|()| (self.read)())
            .unwrap_or_else(|error| {
                self.failed = Some(error);
                None
            })
    }

    /// Only a guess, used to allocate in advance.
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.expected, None)
    }
}
