//! Reads what a script says about an item or a link out of its table. Everything read counts against a limit, since a
//! table can contain itself many times over.

mod bad_data;
mod data;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use mlua::{Lua, Table, Value};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as NoName, StrDeserializer};
use url::Url;

use super::api::moment;
use super::failure::{bad_data, quoted, raise, refuse};
use crate::model::{Album, Digest, Error, Kind, Medium, Meta};

/// The maximum size of an item in bytes.
const LONGEST: usize = 64 << 10;
/// The maximum depth of its `meta`.
const DEEPEST: usize = 100;
const NO_UTF8: &str = "is not UTF-8";

/// An item as a script describes it.
#[derive(Default)]
pub(super) struct ItemFields {
    pub(super) key: String,
    pub(super) url: Option<String>,
    pub(super) mirrors: Vec<String>,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) kind: Option<Medium>,
    pub(super) stream: Option<Form>,
    pub(super) size: Option<u64>,
    pub(super) expires: Option<Timestamp>,
    pub(super) digests: Vec<Digest>,
    pub(super) meta: Meta,
    pub(super) left_out: LeftOut,
    /// Why the site's data is unusable, if it is.
    pub(super) bad_data: Option<mlua::Error>,
}

/// The fields that were left out, each with the reason.
pub(super) type LeftOut = Vec<(String, String)>;

/// The kinds of streams.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Form {
    Hls,
    Dash,
}

/// The fields that a script can set, for messages. Those that links have, too, come last.
pub(super) const FIELDS: [&str; 24] = [
    "key",
    "url",
    "mirrors",
    "headers",
    "kind",
    "stream",
    "size",
    "expires",
    "md5",
    "sha1",
    "sha256",
    "sha512",
    "name",
    "ext",
    "title",
    "description",
    "author",
    "date",
    "album",
    "number",
    "width",
    "height",
    "page",
    "meta",
];
const OF_LINKS: usize = 12;

impl ItemFields {
    /// Reads an item.
    pub(super) fn read(lua: &Lua, table: &Table) -> mlua::Result<ItemFields> {
        let mut fields = ItemFields::default();
        let mut digests = [const { None }; 4];
        let mut reader = Reader::new(lua);
        table.for_each(|name: String, value: Value| {
            let name = name.as_str();
            match name {
                "key" => fields.key = reader.key(name, value)?,
                "url" => fields.url = Some(reader.text(name, value)?),
                "mirrors" => fields.mirrors = reader.texts(name, value)?,
                "headers" => fields.headers = reader.pairs(name, value)?,
                "kind" => fields.kind = Some(reader.one_of(name, value)?),
                "stream" => fields.stream = Some(reader.one_of(name, value)?),
                "size" => fields.size = reader.whole_number(name, value)?,
                "expires" => fields.expires = reader.moment(name, value)?,
                "md5" => digests[0] = Some(Digest::Md5(reader.hex(name, value, 32)?)),
                "sha1" => digests[1] = Some(Digest::Sha1(reader.hex(name, value, 40)?)),
                "sha256" => digests[2] = Some(Digest::Sha256(reader.hex(name, value, 64)?)),
                "sha512" => digests[3] = Some(Digest::Sha512(reader.hex(name, value, 128)?)),
                _ => reader.about(&mut fields.meta, &FIELDS, name, value)?,
            }
            Ok(())
        })?;
        fields.digests = digests.into_iter().flatten().collect();
        fields.left_out = reader.left_out;
        Ok(fields)
    }

    /// Reads the metadata of a link.
    pub(super) fn read_link(lua: &Lua, table: &Table) -> mlua::Result<(Meta, LeftOut)> {
        let mut meta = Meta::default();
        let mut reader = Reader::new(lua);
        table.for_each(|name: String, value: Value| {
            reader.about(&mut meta, &FIELDS[OF_LINKS..], &name, value)
        })?;
        Ok((meta, reader.left_out))
    }
}

struct Reader<'a> {
    lua: &'a Lua,
    left: usize,
    left_out: LeftOut,
}

impl<'a> Reader<'a> {
    fn new(lua: &'a Lua) -> Reader<'a> {
        Reader {
            lua,
            left: LONGEST,
            left_out: LeftOut::new(),
        }
    }

    /// Reads a metadata field. An unusable value is left out and reported, and never fails the item. A value of the
    /// wrong type is a mistake.
    fn about(
        &mut self,
        meta: &mut Meta,
        known: &[&str],
        name: &str,
        value: Value,
    ) -> mlua::Result<()> {
        match name {
            "name" => meta.name = self.words(name, value)?,
            "ext" => meta.ext = Some(self.text(name, value)?).filter(|ext| !ext.is_empty()),
            "title" => meta.title = self.words(name, value)?,
            "description" => meta.description = self.words(name, value)?,
            "author" => meta.author = self.words(name, value)?,
            "date" => meta.date = self.moment(name, value)?,
            "album" => meta.album = Some(Arc::new(self.album(name, value)?)),
            "number" => meta.number = self.whole_number(name, value)?,
            "width" => meta.width = self.whole_number(name, value)?,
            "height" => meta.height = self.whole_number(name, value)?,
            "page" => {
                if let Some(text) = self.words(name, value)? {
                    let page = Url::parse(&text).ok();
                    meta.page =
                        self.of_use(name, page, || format!("`{}` is not a URL", short(&text)));
                }
            }
            "meta" => match value {
                Value::Table(table) if !self.is_list(&table) => {
                    self.take(2)?;
                    self.fields(name, &table, DEEPEST - 1, |field, value| {
                        meta.extra.insert(field, value);
                    })?;
                }
                _ => return Err(wrong(name, "is not a table with named fields")),
            },
            // Ignoring a misspelled field would lose its value.
            _ => {
                let message = format!(
                    "an item has no field `{}`; there are {}",
                    quoted(name),
                    known.join(", ")
                );
                return Err(refuse(Kind::Corrupt, message));
            }
        }
        Ok(())
    }

    fn take(&mut self, bytes: usize) -> mlua::Result<()> {
        let left = self.left.checked_sub(bytes);
        self.left =
            left.ok_or_else(|| bad_data(&unusable(&format!("it is longer than {LONGEST} bytes"))))?;
        Ok(())
    }

    /// Reads text that the item requires. Text from a site may be in another encoding.
    fn text(&mut self, name: &str, value: Value) -> mlua::Result<String> {
        let text = self.read(name, value)?;
        text.ok_or_else(|| bad_data(&unusable(&format!("`{name}` {NO_UTF8}"))))
    }

    /// Reads text about the item.
    fn words(&mut self, name: &str, value: Value) -> mlua::Result<Option<String>> {
        let text = self.read(name, value)?;
        Ok(self.of_use(name, text, || format!("it {NO_UTF8}")))
    }

    fn read(&mut self, name: &str, value: Value) -> mlua::Result<Option<String>> {
        let Value::String(text) = value else {
            return Err(wrong(name, "is not text"));
        };
        let bytes = text.as_bytes();
        self.take(bytes.len())?;
        Ok(str::from_utf8(&bytes).ok().map(str::to_owned))
    }

    fn number(&self, name: &str, value: Value) -> mlua::Result<f64> {
        number(&value).ok_or_else(|| wrong(name, "is not a number"))
    }

    /// Reads text, or a number used as text.
    fn key(&mut self, name: &str, value: Value) -> mlua::Result<String> {
        match number(&value) {
            Some(number) => Ok(number.to_string()),
            None => self.text(name, value),
        }
    }

    /// Returns the value, and reports the field as left out if there is none.
    fn of_use<T>(
        &mut self,
        name: &str,
        value: Option<T>,
        why: impl FnOnce() -> String,
    ) -> Option<T> {
        if value.is_none() {
            self.left_out.push((name.to_owned(), why()));
        }
        value
    }

    /// Reads a whole number, if it is one that fits the type.
    fn whole_number<T: TryFrom<u64>>(
        &mut self,
        name: &str,
        value: Value,
    ) -> mlua::Result<Option<T>> {
        let number = self.number(name, value)?;
        let is_whole = (0.0..=9_007_199_254_740_992.0).contains(&number) && number.fract() == 0.0;
        let whole = is_whole.then_some(number as u64);
        let fits = whole.and_then(|whole| T::try_from(whole).ok());
        Ok(self.of_use(name, fits, || {
            format!("`{number}` is not a whole number, or out of range")
        }))
    }

    /// Reads seconds since 1970, or a date as text in the formats of `time.parse`.
    fn moment(&mut self, name: &str, value: Value) -> mlua::Result<Option<Timestamp>> {
        Ok(match number(&value) {
            Some(seconds) => {
                let read = moment::of_seconds(seconds);
                self.of_use(name, read, || format!("`{seconds}` is not a valid time"))
            }
            None => {
                let Some(text) = self.words(name, value)? else {
                    return Ok(None);
                };
                let read = moment::read(&text);
                self.of_use(name, read, || format!("`{}` is not a date", short(&text)))
            }
        })
    }

    fn one_of<T: for<'de> Deserialize<'de>>(
        &mut self,
        name: &str,
        value: Value,
    ) -> mlua::Result<T> {
        let text = self.text(name, value)?;
        let reader: StrDeserializer<'_, NoName> = text.as_str().into_deserializer();
        T::deserialize(reader).map_err(|error| wrong(name, &error.to_string()))
    }

    fn hex(&mut self, name: &str, value: Value, length: usize) -> mlua::Result<String> {
        let text = self.text(name, value)?;
        match text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            true => Ok(text.to_ascii_lowercase()),
            false => Err(bad_data(&unusable(&format!(
                "`{name}` does not have {length} hexadecimal digits"
            )))),
        }
    }

    fn album(&mut self, name: &str, value: Value) -> mlua::Result<Album> {
        let Value::Table(table) = value else {
            return Err(wrong(name, "is not a table"));
        };
        let (mut id, mut title, mut count) = (None, None, None);
        table.for_each(|field: String, value: Value| {
            match field.as_str() {
                "id" => id = Some(self.key("id", value)?),
                "title" => title = self.words("title", value)?,
                "count" => count = self.whole_number("count", value)?,
                _ => {
                    return Err(wrong(name, "can only have `id`, `title` and `count`"));
                }
            }
            Ok(())
        })?;
        match id {
            Some(id) => Ok(Album { id, title, count }),
            None => Err(wrong(name, "has no `id`")),
        }
    }
}

fn wrong(name: &str, why: &str) -> mlua::Error {
    raise(&unusable(&format!("`{name}` {why}")))
}

fn unusable(why: &str) -> Error {
    let message = format!("the item cannot be used: {why}");
    Error::new(Kind::Corrupt, message)
}

/// Returns the beginning of a text, for messages.
fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Number(number) => Some(*number),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
