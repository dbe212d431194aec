//! What is known of an album, as JSON: `info.json` in its folder.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;

use serde_json::{Map, Value, json};

use super::gather::{End, Fate, Gathered, Member, Volume};
use super::merged::merged;
use super::spot::Search;
use crate::model::Result;
use crate::pipeline::after::sidecar::{cannot, numbered, put};
use crate::pipeline::archive::Origin;
use crate::pipeline::naming::shown_within;
use crate::pipeline::sink::Disk;

/// The name of the file, without its end.
pub(super) const NAME: (&str, &str) = ("info", "json");
/// The longest file that is read: some 300,000 items.
pub(super) const LONGEST: u64 = 256 << 20;

/// Writes what is known of an album. What an earlier run has written of it is kept where this one does not know better.
/// Gives the path if something new is written. Blocks.
pub(super) fn write(
    search: &Search<'_>,
    gathered: &Gathered,
    volume: &Volume,
) -> Result<Option<String>> {
    let mut document = head(&gathered.origin, volume);
    let spot = search.find(
        |of| (of.to_owned(), NAME.0.to_owned()),
        |file| read(file, &document),
    )?;
    let is_whole = matches!(gathered.end, End::Whole);
    let old = spot.there.as_ref().map(|(_, old)| old);
    let before = old.and_then(|old| old["items"].as_array());
    let before = before.map(Vec::as_slice).unwrap_or_default();
    document["items"] = items(search.disk, volume, before, is_whole);
    if old == Some(&document) {
        return Ok(None);
    }
    let text = format!("{document:#}\n");
    let replaces = spot.there.is_some();
    put(&spot.folder, &spot.name, text.as_bytes(), replaces)
        .map_err(|error| cannot(&spot.folder, &spot.name, error))?;
    Ok(Some(spot.path))
}

/// The document of this album in a file, if it is one.
fn read(file: &mut File, head: &Value) -> Option<Value> {
    let mut text = Vec::new();
    file.take(LONGEST).read_to_end(&mut text).ok()?;
    let document: Value = serde_json::from_slice(&text).ok()?;
    let is_it = ["source", "id"].map(|name| document[name] == head[name]);
    (is_it == [true; 2] && document["items"].is_array()).then_some(document)
}

/// Whether a file of this stem that has this in it tells of an album.
pub(in crate::pipeline) fn is_info(stem: &str, document: &Value) -> bool {
    let has = |name: &str| document[name].is_string();
    stem == NAME.0 && has("source") && has("id") && document["items"].is_array()
}

/// The name of the file, or of one that has another album's beside it.
pub(super) fn name(copy: u32) -> String {
    numbered(NAME.0, NAME.1, copy)
}

/// All but the items.
fn head(origin: &Origin, volume: &Volume) -> Value {
    // Nothing in it is more than JSON can say.
    let told = serde_json::to_value(&origin.meta).unwrap_or_default();
    let Value::Object(mut head) = shown_within(told) else {
        return Value::Null;
    };
    // Those are of an item.
    for name in ["album", "number", "ext"] {
        head.remove(name);
    }
    head.insert("source".to_owned(), json!(source(origin)));
    head.insert("url".to_owned(), json!(page(origin)));
    let album = serde_json::to_value(&*volume.album).unwrap_or_default();
    if let Value::Object(album) = shown_within(album) {
        head.extend(album);
    }
    Value::Object(head)
}

/// The name of the source that listed it.
pub(super) fn source(origin: &Origin) -> &str {
    origin.source.as_deref().unwrap_or_default()
}

/// The link of it, without the name of a source before the address.
pub(super) fn page(origin: &Origin) -> &str {
    let rest = origin.url.strip_prefix(source(origin));
    let rest = rest.and_then(|rest| rest.strip_prefix(':'));
    rest.filter(|rest| rest.contains("://"))
        .unwrap_or(&origin.url)
}

/// The items in their order. Those of an earlier run that did not come in this one stay behind what they stood behind.
fn items(disk: &Disk, volume: &Volume, before: &[Value], is_whole: bool) -> Value {
    let mark = |item: &Value| {
        let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
        (text("source"), text("key"))
    };
    let listed = volume.members.iter();
    let listed = listed.filter(|member| !matches!(member.fate, Fate::Document));
    let mut known: HashMap<_, _> = before.iter().map(|item| (mark(item), item)).collect();
    let listed = listed.map(|member| {
        let mut item = told(member);
        let mark = mark(&item);
        become_of(&mut item, member, disk, known.remove(&mark));
        (mark, item)
    });
    let listed: Vec<_> = listed.collect();
    let left = known.into_iter().map(|(mark, item)| {
        let mut item = item.clone();
        if is_whole {
            item["listed"] = json!(false);
        }
        (mark, item)
    });
    merged(before.iter().map(mark), left.collect(), listed).into()
}

fn told(member: &Member) -> Value {
    let told = member.text.as_deref();
    let told = told.and_then(|text| serde_json::from_str(text).ok());
    let mut item = told.unwrap_or_else(|| Value::Object(Map::new()));
    if let Value::Object(fields) = &mut item {
        fields.remove("album");
    }
    item
}

/// Adds what has become of an item.
fn become_of(item: &mut Value, member: &Member, disk: &Disk, old: Option<&Value>) {
    let size = disk.size(&member.path);
    let (word, failure) = match (&member.fate, size) {
        (Fate::There | Fate::Seen, Some(size)) => {
            item["path"] = json!(member.path);
            item["size"] = json!(size);
            ("saved", None)
        }
        (Fate::There | Fate::Seen, None) => ("removed", None),
        (Fate::Gone(failure), _) => ("gone", failure.as_ref()),
        (Fate::Failed(failure), _) => ("failed", Some(failure)),
        (Fate::Open | Fate::Again | Fate::Document, _) => {
            // Nothing is known that an earlier run did not know.
            for name in ["outcome", "path", "size", "reason"] {
                if let Some(value) = old.and_then(|old| old.get(name)) {
                    item[name] = value.clone();
                }
            }
            if old.is_none() {
                item["outcome"] = json!("pending");
            }
            return;
        }
    };
    item["outcome"] = json!(word);
    if let Some(failure) = failure {
        item["reason"] = json!(failure.message);
    }
}
