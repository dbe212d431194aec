//! `emit`, `delegate`, `checkpoint` and `log`: from a table of a script to the data that every source emits.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;
use mlua::{Lua, Table, Value};
use serde::Deserialize;
use url::Url;

use super::api::encode;
use super::failure::{raise, refuse, visible};
use super::run::Host;
use crate::model::{
    Album, Body, Cursor, Digest, Entry, Expect, Headers, Item, Kind, Link, Medium, Meta, Request,
};
use crate::net::Led;

/// The most bytes of an item.
const LONGEST: usize = 64 << 10;
/// The most bytes of a place to go on from.
const LONGEST_CURSOR: usize = 4096;

/// What a script says of an item, beside what is known [`About`] it. Every field but `key` and `url` can be left out.
#[derive(Debug, Deserialize)]
struct Given {
    key: Text,
    url: String,
    #[serde(default)]
    mirrors: Vec<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    kind: Option<Medium>,
    stream: Option<Form>,
    size: Option<f64>,
    md5: Option<String>,
    sha1: Option<String>,
    sha256: Option<String>,
    sha512: Option<String>,
}

/// What a script says of an item or a link beside its URL.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct About {
    name: Option<String>,
    ext: Option<String>,
    title: Option<String>,
    description: Option<String>,
    author: Option<String>,
    date: Option<Moment>,
    album: Option<Group>,
    number: Option<f64>,
    width: Option<f64>,
    height: Option<f64>,
    page: Option<String>,
    meta: BTreeMap<String, serde_json::Value>,
}

/// The forms of streams that there are.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    Hls,
    Dash,
}

/// Text, or a number that is meant as such.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Text {
    Text(String),
    Number(f64),
}

/// Seconds since 1970, or a date as text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Moment {
    Seconds(f64),
    Text(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    id: Text,
    title: Option<String>,
    count: Option<f64>,
}

impl Text {
    fn into_string(self) -> String {
        match self {
            Text::Text(text) => text,
            Text::Number(number) => number.to_string(),
        }
    }
}

/// The fields that a script can give, for messages.
const FIELDS: [&str; 23] = [
    "key",
    "url",
    "mirrors",
    "headers",
    "kind",
    "stream",
    "size",
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

pub(super) fn add(lua: &Lua, host: &Rc<Host>, globals: &Table) -> mlua::Result<()> {
    let own = host.clone();
    globals.raw_set(
        "emit",
        lua.create_function(move |_, item: Table| {
            check_fields(&item, &FIELDS)?;
            // Two readings of a short text cost less than one that has to keep what is not its own.
            let text = json(item)?;
            let (item, led) = item_of(&own, parse(&text)?, parse(&text)?)?;
            own.emit(Entry::Item(Box::new(item)), led)
        })?,
    )?;
    let own = host.clone();
    globals.raw_set(
        "delegate",
        lua.create_function(move |_, (url, about): (String, Option<Table>)| {
            let url = super::api::address(&url)?;
            if !matches!(url.scheme(), "http" | "https")
                || !url.username().is_empty()
                || url.password().is_some()
            {
                return Err(refuse(
                    Kind::Blocked,
                    "only http and https are handed on, and no passwords",
                ));
            }
            if !own.delegates.takes(&url) {
                let id = &own.id;
                let host = url.host_str().unwrap_or("").escape_debug();
                let message = format!(
                    "plugin `{id}` does not declare `delegate` in its manifest, or not for `{host}`"
                );
                return Err(refuse(Kind::Blocked, message));
            }
            let meta = match about {
                None => Meta::default(),
                Some(about) => {
                    check_fields(&about, &FIELDS[11..])?;
                    meta_of(parse(&json(about)?)?)
                }
            };
            let led = own.gate.led(&url);
            own.emit(Entry::Link(Box::new(Link { url, meta })), led)
        })?,
    )?;
    let own = host.clone();
    globals.raw_set(
        "checkpoint",
        lua.create_function(move |_, at: String| {
            if at.len() > LONGEST_CURSOR {
                let message = format!("a checkpoint has at most {LONGEST_CURSOR} bytes");
                return Err(refuse(Kind::Corrupt, message));
            }
            // How many items come before it, the listing counts.
            let cursor = Cursor { at, items: 0 };
            own.emit(Entry::Checkpoint(Box::new(cursor)), Led::ByUser)
        })?,
    )?;
    let own = host.clone();
    let note = move |_: &Lua, text: String| {
        let text = visible(&text).into_boxed_str();
        own.emit(Entry::Note(text), Led::ByUser)
    };
    globals.raw_set("log", lua.create_function(note)?)
}

/// Refuses a field that is not known: a typing error would lose what is meant.
fn check_fields(table: &Table, known: &[&str]) -> mlua::Result<()> {
    for pair in table.pairs::<Value, Value>() {
        let (name, _) = pair?;
        let is_known = match &name {
            Value::String(name) => known.iter().any(|known| name == known),
            _ => false,
        };
        if !is_known {
            let name = name.to_string()?;
            let message = format!(
                "an item has no field `{}`; there are {}",
                name.escape_debug(),
                known.join(", ")
            );
            return Err(refuse(Kind::Corrupt, message));
        }
    }
    Ok(())
}

/// Goes through JSON, which is bounded: a table can be in itself many times over.
fn json(table: Table) -> mlua::Result<Vec<u8>> {
    encode(&Value::Table(table), LONGEST)
}

fn parse<T: serde::de::DeserializeOwned>(text: &[u8]) -> mlua::Result<T> {
    let read = serde_json::from_slice(text);
    read.map_err(|error| refuse(Kind::Corrupt, format!("the item cannot be used: {error}")))
}

/// The item, and who named it: somebody out there if one of its URLs is on a host that the user did not set.
fn item_of(host: &Host, given: Given, about: About) -> mlua::Result<(Item, Led)> {
    let key = given.key.into_string();
    if key.is_empty() || key.len() > 1024 || key.chars().any(char::is_control) {
        return Err(refuse(
            Kind::Corrupt,
            "the `key` of an item is empty, too long, or not plain",
        ));
    }
    let media = |text: &String| {
        let url = super::api::address(text)?;
        host.gate.media(&url).map_err(|error| raise(&error))?;
        Ok(url)
    };
    let url = media(&given.url)?;
    let mirrors: Vec<Url> = given
        .mirrors
        .iter()
        .map(media)
        .collect::<mlua::Result<_>>()?;
    let is_public = |url: &Url| host.gate.led(url) == Led::ByPublic;
    let led = match is_public(&url) || mirrors.iter().any(is_public) {
        true => Led::ByPublic,
        false => Led::ByUser,
    };
    let allowed =
        |name: &str| ["referer", "accept", "origin"].contains(&name.to_ascii_lowercase().as_str());
    if let Some((name, _)) = given.headers.iter().find(|(name, _)| !allowed(name)) {
        let message = format!("an item cannot have the header `{}`", name.escape_debug());
        return Err(refuse(Kind::Blocked, message));
    }
    let hex = |text: String, length: usize| match text.len() == length
        && text.bytes().all(|b| b.is_ascii_hexdigit())
    {
        true => Ok(text.to_ascii_lowercase()),
        false => Err(refuse(
            Kind::Corrupt,
            format!("a digest has not {length} hexadecimal digits"),
        )),
    };
    let mut digests = Vec::new();
    if let Some(text) = given.md5 {
        digests.push(Digest::Md5(hex(text, 32)?));
    }
    if let Some(text) = given.sha1 {
        digests.push(Digest::Sha1(hex(text, 40)?));
    }
    if let Some(text) = given.sha256 {
        digests.push(Digest::Sha256(hex(text, 64)?));
    }
    if let Some(text) = given.sha512 {
        digests.push(Digest::Sha512(hex(text, 128)?));
    }
    let request = Request {
        url,
        headers: Headers(given.headers),
        mirrors,
        expect: Expect {
            size: given.size.and_then(whole),
            digests,
            medium: given.kind,
            ..Expect::default()
        },
    };
    let item = Item {
        source: host.id.clone(),
        key,
        meta: meta_of(about),
        body: match given.stream {
            None => Body::File(request),
            Some(Form::Hls) => Body::Hls(request),
            Some(Form::Dash) => Body::Dash(request),
        },
    };
    Ok((item, led))
}

/// What is of no use is left out: it never fails an item.
fn meta_of(about: About) -> Meta {
    let album = |group: Group| {
        Arc::new(Album {
            id: group.id.into_string(),
            title: group.title,
            count: group.count.and_then(whole),
        })
    };
    let small = |number: f64| u32::try_from(whole(number)?).ok();
    Meta {
        name: about.name,
        ext: about.ext,
        title: about.title,
        description: about.description,
        author: about.author,
        date: about.date.and_then(moment),
        album: about.album.map(album),
        number: about.number.and_then(whole),
        width: about.width.and_then(small),
        height: about.height.and_then(small),
        page: about.page.and_then(|page| Url::parse(&page).ok()),
        extra: about.meta,
    }
}

fn moment(given: Moment) -> Option<Timestamp> {
    match given {
        Moment::Seconds(seconds) => Timestamp::from_millisecond((seconds * 1000.0) as i64).ok(),
        Moment::Text(text) => text.parse().ok(),
    }
}

fn whole(number: f64) -> Option<u64> {
    (0.0..=9_007_199_254_740_992.0)
        .contains(&number)
        .then_some(number as u64)
}
