//! A document about an album, read and written item by item, since all of its items may not fit in memory.

use std::cell::RefCell;
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value};

use super::spool::Spool;
use crate::model::{Error, Kind, Result};
use crate::pipeline::after::sidecar::{cannot, put_with};
use crate::pipeline::sink::Folder;

/// Maximum length of a file to read: some 5 million items.
const LONGEST: u64 = 4 << 30;
/// The field that holds the items.
const ITEMS: &str = "items";

/// An existing document.
pub(super) struct StoredInfo {
    /// All fields but the items.
    pub(super) head: Map<String, Value>,
    /// The items' marks, and the position of each item in the spool.
    pub(super) items: Vec<(Mark, u64)>,
}

/// Identifies an item of a document.
pub(super) type Mark = [u8; 16];

/// Reads the document of an album, if it is one. Its items go into the spool.
pub(super) fn read(file: &mut File, spool: &Spool) -> Option<StoredInfo> {
    let mut items = Vec::new();
    let head = parse(file, &mut |item| {
        // Nothing in it is beyond what JSON can express.
        let text = serde_json::to_vec(&item).unwrap_or_default();
        items.push((mark(&item), spool.add(&text)));
    })?;
    Some(StoredInfo { head, items })
}

/// Checks whether a file is the document of an album.
pub(in crate::pipeline) fn is_album_info(mut file: File) -> bool {
    parse(&mut file, &mut |_| {}).is_some()
}

/// Returns the mark of an item.
pub(super) fn mark(item: &Value) -> Mark {
    let text = |name: &str| item[name].as_str().unwrap_or_default();
    let mut hasher = blake3::Hasher::new();
    for part in [text("source"), "\0", text("key")] {
        hasher.update(part.as_bytes());
    }
    let mut mark = Mark::default();
    hasher.finalize_xof().fill(&mut mark);
    mark
}

/// Reads an item from the spool.
pub(super) fn item(spool: &Spool, place: u64) -> Result<Value> {
    let wrong =
        |error| Error::new(Kind::Disk, "cannot store the metadata of an album").because(error);
    let text = spool.get(place).map_err(wrong)?;
    serde_json::from_slice(&text).map_err(|error| wrong(error.into()))
}

/// Writes a document with these items, unless the existing one is the same. Returns whether it wrote it.
pub(super) fn write(
    folder: &Folder,
    name: &str,
    there: Option<&mut File>,
    head: &Map<String, Value>,
    items: &mut dyn Iterator<Item = Result<Value>>,
) -> Result<bool> {
    let mut head = head.clone();
    head.insert(ITEMS.to_owned(), Value::Null);
    let failed = RefCell::new(None);
    let document = Document {
        head: &head,
        items: RefCell::new(items),
        failed: &failed,
    };
    let replaces = there.is_some();
    let written = put_with(folder, name, replaces, |file| {
        let mut out = BufWriter::new(&mut *file);
        serde_json::to_writer_pretty(&mut out, &document)?;
        out.write_all(b"\n")?;
        out.flush()?;
        drop(out);
        Ok(match there {
            Some(there) => !is_same(there, file)?,
            None => true,
        })
    });
    match failed.into_inner() {
        Some(error) => Err(error),
        None => written.map_err(|error| cannot(folder, name, error)),
    }
}

/// Checks whether two files have the same bytes.
fn is_same(one: &mut File, other: &mut File) -> io::Result<bool> {
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    one.rewind()?;
    other.rewind()?;
    let (mut one, mut other) = (BufReader::new(one), BufReader::new(other));
    let (mut some, mut others) = ([0; 4096], [0; 4096]);
    loop {
        let count = one.read(&mut some)?;
        other.read_exact(&mut others[..count])?;
        if count == 0 || some[..count] != others[..count] {
            return Ok(count == 0);
        }
    }
}

struct Document<'a> {
    /// Its fields, with a placeholder for the items.
    head: &'a Map<String, Value>,
    items: RefCell<&'a mut dyn Iterator<Item = Result<Value>>>,
    /// The error of an item.
    failed: &'a RefCell<Option<Error>>,
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.head.len()))?;
        for (name, value) in self.head {
            match name.as_str() {
                ITEMS => map.serialize_entry(name, &Items(self))?,
                _ => map.serialize_entry(name, value)?,
            }
        }
        map.end()
    }
}

struct Items<'a, 'b>(&'a Document<'b>);

impl Serialize for Items<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for item in &mut **self.0.items.borrow_mut() {
            match item {
                Ok(item) => list.serialize_element(&item)?,
                Err(error) => {
                    let message = S::Error::custom(&error.message);
                    *self.0.failed.borrow_mut() = Some(error);
                    return Err(message);
                }
            }
        }
        list.end()
    }
}

/// Returns all fields of an album's document but the items, each of which is passed on as it is read.
fn parse(file: &mut File, each: &mut dyn FnMut(Value)) -> Option<Map<String, Value>> {
    file.rewind().ok()?;
    let reader = BufReader::new(file.take(LONGEST));
    let mut reader = serde_json::Deserializer::from_reader(reader);
    let (head, has_items) = Whole(each).deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    let has = |name: &str| head.get(name).is_some_and(Value::is_string);
    (has_items && has("source") && has("id")).then_some(head)
}

struct Whole<'a>(&'a mut dyn FnMut(Value));

impl<'de> DeserializeSeed<'de> for Whole<'_> {
    type Value = (Map<String, Value>, bool);

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = (Map<String, Value>, bool);

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut map: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        let (mut head, mut has_items) = (Map::new(), false);
        while let Some(name) = map.next_key::<String>()? {
            if name == ITEMS {
                map.next_value_seed(Each(&mut *self.0))?;
                has_items = true;
            } else {
                head.insert(name, map.next_value()?);
            }
        }
        Ok((head, has_items))
    }
}

struct Each<'a>(&'a mut dyn FnMut(Value));

impl<'de> DeserializeSeed<'de> for Each<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Each<'_> {
    type Value = ();

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<(), A::Error> {
        while let Some(item) = list.next_element()? {
            (self.0)(item);
        }
        Ok(())
    }
}
