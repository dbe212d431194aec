//! The fields of an item in templates and filters.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Enumerator, Object};
use url::Url;

use super::address::{from_url, readable};
use super::extension::usable;
use super::kind::MediaKind;
use super::safe::{ROOM, component};
use crate::model::{Album, Body, Error, Item, Kind, Request, Result};
use crate::net::Redacted;

/// One field of an item.
#[derive(Debug)]
pub(crate) struct Field {
    /// Its name in templates and filters.
    pub(crate) name: &'static str,
    /// Its value; none if the item lacks it.
    pub(crate) value: fn(&Item) -> Value,
    /// Its value as part of a path: without secrets, and shortened to what makes a name.
    pub(crate) in_path: fn(&Item) -> Value,
}

/// A field with the same value everywhere.
const fn same(name: &'static str, value: fn(&Item) -> Value) -> Field {
    Field {
        name,
        value,
        in_path: value,
    }
}

/// All fields, in the order in which a person would look for them.
pub(crate) static FIELDS: &[Field] = &[
    same("source", |item| Value::from(item.source.as_str())),
    Field {
        name: "key",
        value: |item| Value::from(item.key.as_str()),
        in_path: |item| text(&readable(&item.key)),
    },
    same("name", |item| optional(&item.meta.name)),
    same("ext", |item| Value::from(named_ext(item))),
    same("title", |item| optional(&item.meta.title)),
    same("description", |item| optional(&item.meta.description)),
    same("author", |item| optional(&item.meta.author)),
    same("date", |item| {
        Value::from(item.meta.date.map(|date| date.to_string()))
    }),
    same("number", |item| Value::from(item.meta.number)),
    same("width", |item| Value::from(item.meta.width)),
    same("height", |item| Value::from(item.meta.height)),
    same("size", |item| {
        Value::from(request(item).and_then(|request| request.expect.size))
    }),
    same("kind", |item| {
        Value::from(MediaKind::of(item).map(|kind| kind.to_string()))
    }),
    Field {
        name: "page",
        value: |item| full_url(item.meta.page.as_ref()),
        in_path: |item| redacted_url(item.meta.page.as_ref()),
    },
    Field {
        name: "url",
        value: |item| full_url(url(item)),
        in_path: |item| redacted_url(url(item)),
    },
    same("host", host),
    same("album", |item| album(item, title_and_id)),
    same("album_id", |item| {
        album(item, |album| text(&readable(&album.id)))
    }),
    same("album_title", |item| {
        album(item, |album| optional(&album.title))
    }),
    same("album_count", |item| {
        album(item, |album| Value::from(album.count))
    }),
    same("extra", extra),
];

/// Returns the fields of an item with their values, as they print in a path; null for those it lacks.
pub fn fields(item: &Item) -> Vec<(&'static str, serde_json::Value)> {
    let value = |field: &Field| match field.name {
        "extra" => serde_json::to_value(&item.meta.extra).map(shown_within),
        _ => serde_json::to_value((field.in_path)(item)),
    };
    // Nothing in an item is beyond what JSON can express.
    let value = |field: &Field| value(field).unwrap_or_default();
    FIELDS
        .iter()
        .map(|field| (field.name, value(field)))
        .collect()
}

/// Replaces every text in JSON that is a URL by its displayed form, without secrets.
pub(crate) fn shown_within(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(text) => Value::String(shown_text(text)),
        Value::Array(values) => values.into_iter().map(shown_within).collect(),
        Value::Object(table) => Value::Object(
            table
                .into_iter()
                .map(|(name, value)| (name, shown_within(value)))
                .collect(),
        ),
        other => other,
    }
}

/// Returns the displayed form of a text that is a URL; other text is unchanged.
pub(crate) fn shown_text(text: String) -> String {
    match Url::parse(&text) {
        // A URL with nothing to hide stays as it is written.
        Ok(url) if url.has_host() && Redacted(&url).to_string() != url.as_str() => {
            Redacted(&url).to_string()
        }
        _ => text,
    }
}

/// Returns the fields with these names, which are as the template engine finds them in an expression, dots included.
///
/// # Errors
/// [`Kind::Config`], listing the known fields and the nearest match.
pub(crate) fn known(names: HashSet<String>) -> Result<Vec<&'static Field>> {
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort_unstable();
    let mut fields = Vec::with_capacity(names.len());
    for name in &names {
        let root = name.split('.').next().unwrap_or(name);
        let field = FIELDS.iter().find(|field| field.name == root);
        let field = field.ok_or_else(|| unknown(root))?;
        if root.len() < name.len() && root != "extra" {
            let message = format!("`{root}` has no fields of its own, so there is no `{name}`");
            return Err(Error::new(Kind::Config, message));
        }
        if !fields.iter().any(|&known: &&Field| known.name == root) {
            fields.push(field);
        }
    }
    Ok(fields)
}

fn unknown(name: &str) -> Error {
    let known: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
    let distance = |known: &&str| strsim::damerau_levenshtein(name, known);
    let nearest = known
        .iter()
        .copied()
        .min_by_key(distance)
        .filter(|known| distance(known) <= 2);
    let meant = nearest
        .map(|nearest| format!("did you mean `{nearest}`? "))
        .unwrap_or_default();
    let list = known.join("`, `");
    Error::new(Kind::Config, format!("there is no field `{name}`")).hint(format!(
        "{meant}the fields are `{list}` with names of its own, as in `extra.likes`"
    ))
}

/// The values of some fields of an item, by name.
#[derive(Debug)]
pub(crate) struct Values(pub(crate) Vec<(&'static str, Value)>);

impl Object for Values {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let (_, value) = self.0.iter().find(|(name, _)| *name == key)?;
        Some(value.clone())
    }
}

/// Additional fields provided by the site. Missing ones are none.
#[derive(Debug)]
struct Extra(BTreeMap<String, Value>);

impl Object for Extra {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let value = self.0.get(key.as_str()?).cloned();
        Some(value.unwrap_or(Value::from(())))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.keys().map(|key| Value::from(key.as_str())).collect())
    }
}

fn extra(item: &Item) -> Value {
    let values = item.meta.extra.iter();
    let values = values.map(|(name, value)| (name.clone(), Value::from_serialize(value)));
    Value::from_object(Extra(values.collect()))
}

/// Returns the extension that the site names, or else the one in the URL.
pub(super) fn named_ext(item: &Item) -> Option<String> {
    let given = item.meta.ext.as_deref().and_then(usable);
    given.or_else(|| match &item.body {
        Body::File(request) => from_url(&request.url).1,
        // The name of a manifest says nothing about the resulting file.
        _ => None,
    })
}

/// Separators between the title of a page and the name of its site.
const SIGNS: [&str; 6] = [" - ", " – ", " — ", " :: ", " | ", " · "];

/// Joins title and id, so that two albums with the same title stay apart; only one of them if they say the same. A long
/// title is cut, the id is not.
fn title_and_id(album: &Album) -> Value {
    let id = readable(&album.id);
    let Some(title) = album
        .title
        .as_deref()
        .filter(|title| !title.trim().is_empty())
    else {
        return text(&id);
    };
    if id.trim().is_empty() || title_covers_id(title, &id) {
        return text(title);
    }
    if title.len() + 1 + id.len() <= ROOM {
        return Value::from(format!("{title} {id}"));
    }
    let title = component(title, ROOM.saturating_sub(id.len() + 1).max(ROOM / 4));
    Value::from(format!("{title} {id}"))
}

/// Checks whether a title says the same as an id: `beach-day` adds nothing to `Beach day`. The title may include the
/// name of its site (`Beach day | The sea`), or, for a folder on a server, be its path.
fn title_covers_id(title: &str, id: &str) -> bool {
    let words = |text: &str| -> String {
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let own = words(id);
    let marks = SIGNS.iter().flat_map(|mark| title.match_indices(mark));
    let mut parts = marks.flat_map(|(at, mark)| [&title[..at], &title[at + mark.len()..]]);
    own == words(title) || parts.any(|part| part == id || !own.is_empty() && words(part) == own)
}

fn album(item: &Item, value: fn(&Album) -> Value) -> Value {
    item.meta.album.as_deref().map_or(Value::from(()), value)
}

fn request(item: &Item) -> Option<&Request> {
    item.body.request()
}

fn url(item: &Item) -> Option<&Url> {
    request(item).map(|request| &request.url)
}

fn host(item: &Item) -> Value {
    let host = url(item)
        .or(item.meta.page.as_ref())
        .and_then(Url::host_str);
    host.map_or(Value::from(()), Value::from)
}

fn full_url(url: Option<&Url>) -> Value {
    url.map_or(Value::from(()), |url| Value::from(url.as_str()))
}

fn redacted_url(url: Option<&Url>) -> Value {
    url.map_or(Value::from(()), |url| {
        Value::from(Redacted(url).to_string())
    })
}

/// A blank value counts as missing, so that `title or key` falls through.
fn optional(value: &Option<String>) -> Value {
    value.as_deref().map_or(Value::from(()), text)
}

fn text(value: &str) -> Value {
    if value.trim().is_empty() {
        Value::from(())
    } else {
        Value::from(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_field_answers_with_the_nearest_and_all() {
        let names = |name: &str| HashSet::from([name.to_owned()]);
        let error = known(names("tilte")).unwrap_err();
        assert_eq!(error.message, "there is no field `tilte`");
        let hint = error.hint.unwrap();
        assert!(
            hint.starts_with("did you mean `title`? the fields are `source`, `key`,"),
            "{hint}"
        );
        assert!(
            !known(names("likes"))
                .unwrap_err()
                .hint
                .unwrap()
                .contains("mean")
        );
        assert!(
            known(names("title.upper"))
                .unwrap_err()
                .message
                .contains("`title.upper`")
        );
        assert_eq!(known(names("extra.likes")).unwrap()[0].name, "extra");
    }
}
