//! The metadata of an album, as JSON: `info.json` in its folder.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::document::{self, Mark};
use super::gather::{AlbumItems, End, GatheredListing, ItemMetadata, Member, MemberOutcome};
use super::merged::merged;
use super::output_file::Search;
use crate::model::Result;
use crate::pipeline::after::sidecar::numbered;
use crate::pipeline::archive::Origin;
use crate::pipeline::naming::shown_within;
use crate::pipeline::sink::Disk;

/// The name of the file, and its extension.
pub(super) const NAME: (&str, &str) = ("info", "json");

/// Writes the metadata of an album. What a previous run wrote is kept where this run does not know better. Blocks.
pub(super) fn write(
    search: &Search<'_>,
    gathered: &GatheredListing,
    album_items: &AlbumItems,
) -> Result<()> {
    let head = head(&gathered.origin, album_items);
    let spool = &gathered.spool;
    let mut output = search.find(
        |of| (of.to_owned(), NAME.0.to_owned()),
        |file| {
            let held = document::read(file, spool)?;
            let is_it = ["source", "id"].map(|name| held.head.get(name) == head.get(name));
            (is_it == [true; 2]).then_some(held.items)
        },
    )?;
    let (mut there, before) = output.existing.take().unzip();
    let is_whole = matches!(gathered.end, End::Whole);
    let lines = lines(gathered, album_items, &before.unwrap_or_default())?;
    let mut items = lines.into_iter().map(|line| match line {
        Line::Left(place) => {
            let mut item = document::item(spool, place)?;
            if is_whole {
                item["listed"] = json!(false);
            }
            Ok(item)
        }
        Line::Listed { member, before } => {
            let member = &album_items.members[member as usize];
            let metadata = gathered.metadata(member)?;
            let before = before.map(|place| document::item(spool, place));
            let mut item = item_of(&metadata);
            become_of(
                &mut item,
                member,
                &metadata.path,
                search.disk,
                before.transpose()?,
            );
            Ok(item)
        }
    });
    let (folder, name) = (&output.folder, &output.name);
    document::write(folder, name, there.as_mut(), &head, &mut items)?;
    Ok(())
}

/// Returns the name of the file; numbered if another album's file has that name.
pub(super) fn name(copy: u32) -> String {
    numbered(NAME.0, NAME.1, copy)
}

/// Returns all fields but the items.
fn head(origin: &Origin, album_items: &AlbumItems) -> Map<String, Value> {
    // Nothing in it is beyond what JSON can express.
    let meta = serde_json::to_value(&origin.meta).unwrap_or_default();
    let Value::Object(mut head) = shown_within(meta) else {
        return Map::new();
    };
    // These are fields of an item.
    for name in ["album", "number", "ext"] {
        head.remove(name);
    }
    head.insert("source".to_owned(), json!(source(origin)));
    head.insert("url".to_owned(), json!(page(origin)));
    let album = serde_json::to_value(&*album_items.album).unwrap_or_default();
    if let Value::Object(album) = shown_within(album) {
        head.extend(album);
    }
    head
}

/// Returns the name of the source that listed it.
pub(super) fn source(origin: &Origin) -> &str {
    origin.source.as_deref().unwrap_or_default()
}

/// Returns its link, without the name of a source before the URL.
pub(super) fn page(origin: &Origin) -> &str {
    let rest = origin.url.strip_prefix(source(origin));
    let rest = rest.and_then(|rest| rest.strip_prefix(':'));
    rest.filter(|rest| rest.contains("://"))
        .unwrap_or(&origin.url)
}

/// An item of the document to write.
enum Line {
    /// A listed item, by its number, and its position in the spool as a previous run wrote it.
    Listed { member: u32, before: Option<u64> },
    /// An item that is not listed, as a previous run wrote it.
    Left(u64),
}

/// Returns the items in order. Those of a previous run that are missing from this one stay after the item that they
/// followed.
fn lines(
    gathered: &GatheredListing,
    album_items: &AlbumItems,
    before: &[(Mark, u64)],
) -> Result<Vec<Line>> {
    let mut known: HashMap<Mark, u64> = before.iter().copied().collect();
    let mut listed = Vec::new();
    for (number, member) in (0..).zip(&album_items.members) {
        if matches!(member.outcome, MemberOutcome::Document) {
            continue;
        }
        let mark = document::mark(&item_of(&gathered.metadata(member)?));
        let line = Line::Listed {
            member: number,
            before: known.remove(&mark),
        };
        listed.push((mark, line));
    }
    let left = known.into_iter();
    let left = left.map(|(mark, place)| (mark, Line::Left(place)));
    let before = before.iter().map(|(mark, _)| *mark);
    Ok(merged(before, left.collect(), listed))
}

fn item_of(metadata: &ItemMetadata) -> Value {
    let text = metadata.text.as_deref();
    let item = text.and_then(|text| serde_json::from_str(text).ok());
    let mut item = item.unwrap_or_else(|| Value::Object(Map::new()));
    if let Value::Object(fields) = &mut item {
        fields.remove("album");
    }
    item
}

/// Adds the outcome of an item.
fn become_of(item: &mut Value, member: &Member, path: &str, disk: &Disk, old: Option<Value>) {
    let size = disk.size(path);
    let (word, failure) = match (&member.outcome, size) {
        (MemberOutcome::Present | MemberOutcome::SavedBefore, Some(size)) => {
            item["path"] = json!(path);
            item["size"] = json!(size);
            ("saved", None)
        }
        (MemberOutcome::Packed, _) => {
            item["path"] = json!(path);
            if let Some(size) = old.as_ref().and_then(|old| old.get("size")) {
                item["size"] = size.clone();
            }
            ("saved", None)
        }
        (MemberOutcome::Present | MemberOutcome::SavedBefore, None) => ("removed", None),
        (MemberOutcome::Gone(failure), _) => ("gone", failure.as_deref()),
        (MemberOutcome::Failed(failure), _) => ("failed", Some(&**failure)),
        (MemberOutcome::Pending | MemberOutcome::InOtherAlbum | MemberOutcome::Document, _) => {
            // Nothing is known that a previous run did not know.
            for name in ["outcome", "path", "size", "reason"] {
                if let Some(value) = old.as_ref().and_then(|old| old.get(name)) {
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
