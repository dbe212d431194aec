//! What is known of a saved item without asking its site.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use serde_json::{Value, json};
use url::Url;

use crate::model::{Body, Error, Item, Kind, Medium, Meta, Request, Result};
use crate::pipeline::MediaKind;
use crate::pipeline::after::sidecar::{self, LINES, LONGEST, is_of, numbered};
use crate::pipeline::archive::{Identity, Known, Record, Records};
use crate::pipeline::naming::{Template, shown_within, split};
use crate::pipeline::sink::Disk;

/// How many names of a sidecar are tried.
const COPIES: u32 = 10;

/// The fields that the archive itself knows.
const RECORDED: [&str; 5] = ["source", "key", "ext", "size", "kind"];

/// The sources of items' metadata.
#[derive(Debug)]
pub(super) struct FactSources {
    lines: Option<Lines>,
}

/// What is known of an item.
#[derive(Debug)]
pub(super) struct ItemFacts {
    pub(super) item: Item,
    /// Whether the item is as its link lists it.
    listed: bool,
    /// All metadata from its site, as `--write-metadata` wrote it.
    pub(super) document: Option<Value>,
    /// The path of the sidecar that contains it.
    pub(super) sidecar: Option<String>,
}

impl FactSources {
    /// Opens the metadata files below the root.
    pub(super) fn open(disk: &Disk, records: &Records) -> FactSources {
        FactSources {
            lines: Lines::open(disk, records),
        }
    }

    /// Returns what is known of the item saved here. `listed` is the item as a link lists it now, if one does.
    ///
    /// # Errors
    /// What may be its metadata cannot be read.
    pub(super) fn of(
        &mut self,
        (disk, records): (&Disk, &Records),
        known: &Known,
        record: &Record,
        listed: Option<&Item>,
    ) -> Result<ItemFacts> {
        let identity = written(&known.identity);
        let beside = beside(disk, records, &identity, &record.path)?;
        let (sidecar, document) = match beside {
            Some((path, document)) => (Some(path), Some(document)),
            None => (
                None,
                self.lines.as_mut().and_then(|lines| lines.of(&identity)),
            ),
        };
        let item = match listed {
            Some(listed) => as_listed(listed, record),
            None => item(known, record, document.as_ref()),
        };
        Ok(ItemFacts {
            item,
            listed: listed.is_some(),
            document,
            sidecar,
        })
    }

    /// Returns all metadata of an item, from this sidecar, or else from `metadata.jsonl`.
    pub(super) fn document(
        &mut self,
        disk: &Disk,
        identity: &Identity,
        sidecar: Option<&str>,
    ) -> Option<Value> {
        let identity = written(identity);
        match sidecar {
            Some(path) => {
                let there = document(disk, path).ok().flatten();
                there.filter(|document| is_of(document, &identity))
            }
            None => self.lines.as_mut()?.of(&identity),
        }
    }
}

/// Returns an identity as it appears in a document.
fn written(identity: &Identity) -> Value {
    json!({
        "source": identity.source,
        "key": shown_within(json!(identity.key)),
    })
}

impl ItemFacts {
    /// Checks whether all fields that the template may use are known; `None` stands for the default templates.
    ///
    /// # Errors
    /// [`Kind::Missing`], naming the unknown field.
    pub(super) fn may_use(&self, template: Option<&Template>, record: &Record) -> Result<()> {
        if self.listed {
            return Ok(());
        }
        let lacks = match (&self.document, template) {
            (Some(document), named) => named
                .filter(|_| document["url"].is_null())
                .and_then(|template| template.fields().find(|field| *field == "size")),
            // Which default applies depends on the album.
            (None, None) => Some("album"),
            (None, Some(template)) => self.unknown(template, record),
        };
        match lacks {
            None => Ok(()),
            Some(field) => Err(Error::new(
                Kind::Missing,
                format!("its field `{field}` is not known"),
            )),
        }
    }

    fn unknown(&self, template: &Template, record: &Record) -> Option<&'static str> {
        template.fields().find(|field| {
            !(RECORDED.contains(field) || *field == "date" && record.published.is_some())
        })
    }
}

/// Returns the sidecar of a file, as path and metadata.
fn beside(
    disk: &Disk,
    records: &Records,
    identity: &Value,
    path: &str,
) -> Result<Option<(String, Value)>> {
    for copy in 1..COPIES {
        let path = numbered(path, "json", copy);
        if let Some(document) = document(disk, &path)?
            && is_of(&document, identity)
            && is_readable(&document)
            && is_ours(records, &path)
        {
            return Ok(Some((path, document)));
        }
    }
    Ok(None)
}

/// Checks whether a file is metadata that we wrote, and not sent by a server.
fn is_ours(records: &Records, path: &str) -> bool {
    records.owner(path).is_ok_and(|owner| owner.is_none())
}

/// Checks whether it has the form of metadata.
fn is_readable(document: &Value) -> bool {
    serde_json::from_value::<Meta>(document.clone()).is_ok()
}

/// Checks whether two files are about the same item.
pub(super) fn is_same(disk: &Disk, one: &str, other: &str) -> Result<bool> {
    let documents = document(disk, one)?.zip(document(disk, other)?);
    Ok(documents.is_some_and(|(one, other)| is_of(&one, &other)))
}

/// Returns the JSON in a file, if there is any.
fn document(disk: &Disk, path: &str) -> Result<Option<Value>> {
    let read = || {
        let mut text = Vec::new();
        if disk.is_file(path)? {
            disk.read(path)?.take(LONGEST).read_to_end(&mut text)?;
        }
        Ok(text)
    };
    let cannot = |error: io::Error| {
        let message = format!("`{path}`, which may be its metadata, cannot be read");
        Error::new(Kind::Disk, message).because(error)
    };
    let text = read().map_err(cannot)?;
    Ok(serde_json::from_slice(&text).ok())
}

/// Returns the item as its link lists it, with the extension that its file has.
fn as_listed(listed: &Item, record: &Record) -> Item {
    let mut item = listed.clone();
    let name = record.path.rsplit('/').next().unwrap_or(&record.path);
    item.meta.ext = split(name).1;
    if let Body::File(request) = &mut item.body {
        request.expect.size = Some(record.size);
    }
    item
}

/// Returns the item as far as it is known. Its identity, path and file properties come from the archive.
fn item(known: &Known, record: &Record, document: Option<&Value>) -> Item {
    let name = record.path.rsplit('/').next().unwrap_or(&record.path);
    let stored =
        document.and_then(|document| serde_json::from_value::<Meta>(document.clone()).ok());
    let mut meta = stored.unwrap_or(Meta {
        date: record.published,
        ..Meta::default()
    });
    meta.ext = split(name).1;
    let url = match document {
        Some(document) => document["url"].as_str(),
        // It is never requested, but carries the size.
        None => Some("about:blank"),
    };
    let url = url.and_then(|url| Url::parse(url).ok());
    let body = url.map_or(Body::Later, |url| {
        let mut request = Request::new(url);
        request.expect.size = Some(record.size);
        let kind = document.and_then(|document| {
            serde_json::from_value::<MediaKind>(document["kind"].clone()).ok()
        });
        request.expect.medium = kind.and_then(|kind| match kind {
            MediaKind::Image => Some(Medium::Image),
            MediaKind::Video => Some(Medium::Video),
            MediaKind::Audio => Some(Medium::Audio),
            MediaKind::Other => None,
        });
        Body::File(request)
    });
    Item {
        source: known.identity.source.clone(),
        key: known.identity.key.clone(),
        meta,
        body,
    }
}

/// The metadata in `metadata.jsonl`, by the offsets of its lines.
#[derive(Debug)]
struct Lines {
    file: File,
    starts: HashMap<blake3::Hash, u64>,
}

impl Lines {
    fn open(disk: &Disk, records: &Records) -> Option<Lines> {
        let file = (1..COPIES).find_map(|copy| {
            let name = numbered(LINES.0, LINES.1, copy);
            let file = disk.read(&name).ok()?;
            let begins = sidecar::begins_as_ours(file.try_clone().ok()?);
            (begins && is_ours(records, &name)).then_some(file)
        })?;
        let mut reader = BufReader::new(&file);
        let (mut starts, mut at) = (HashMap::new(), 0);
        reader.seek(SeekFrom::Start(0)).ok()?;
        loop {
            let mut line = Vec::new();
            let length = read_line(&mut reader, &mut line).ok()?;
            if length == 0 {
                break;
            }
            // A later line overrides an earlier one.
            if let Ok(document) = serde_json::from_slice(&line) {
                starts.insert(mark(&document), at);
            }
            at += length;
        }
        Some(Lines { file, starts })
    }

    fn of(&mut self, identity: &Value) -> Option<Value> {
        let at = *self.starts.get(&mark(identity))?;
        let mut reader = BufReader::new(&self.file);
        reader.seek(SeekFrom::Start(at)).ok()?;
        let mut line = Vec::new();
        read_line(&mut reader, &mut line).ok()?;
        let document: Value = serde_json::from_slice(&line).ok()?;
        (is_of(&document, identity) && is_readable(&document)).then_some(document)
    }
}

/// Reads a line, and returns its length; of one that is too long, only the beginning is kept, which is not JSON.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<u64> {
    let mut length = reader.by_ref().take(LONGEST).read_until(b'\n', line)? as u64;
    while length > 0 && line.last() != Some(&b'\n') {
        let mut rest = Vec::new();
        let more = reader.by_ref().take(LONGEST).read_until(b'\n', &mut rest)?;
        length += more as u64;
        if more == 0 || rest.last() == Some(&b'\n') {
            break;
        }
    }
    Ok(length)
}

fn mark(document: &Value) -> blake3::Hash {
    let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
    blake3::hash(format!("{}\0{}", text("source"), text("key")).as_bytes())
}
