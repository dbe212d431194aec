//! `emit`, `delegate`, `checkpoint`, `warn`, `log` and `print`: converts a script's tables into the entries that every
//! source emits.

use std::mem;
use std::rc::Rc;

use mlua::{Function, Lua, LuaString, MultiValue, Table};
use url::Url;

use super::failure::{bad_data, bad_data_failure, quoted, raise, refuse, visible};
use super::item_fields::{Form, ItemFields, LeftOut};
use super::run::Host;
use crate::model::{
    Body, Broken, Cursor, Entry, Error, Expect, Headers, Item, Kind, Link, Medium, Meta, Request,
};
use crate::net::{NamedBy, Redacted};

/// The maximum length of a checkpoint in bytes.
const LONGEST_CURSOR: usize = 4096;
/// The headers that an item may set for its file.
const HEADERS: [&str; 3] = ["Referer", "Accept", "Origin"];
/// The maximum length of a key in bytes.
const LONGEST_KEY: usize = 1024;

/// Adds the functions to the globals.
pub(super) fn add(lua: &Lua, host: &Rc<Host>, globals: &Table) -> mlua::Result<()> {
    let own = host.clone();
    globals.raw_set(
        "emit",
        lua.create_function(move |lua, item: Table| {
            emit(&own, ItemFields::read_or_bad_data(lua, &item)?)
        })?,
    )?;
    let own = host.clone();
    globals.raw_set(
        "delegate",
        lua.create_function(move |lua, (url, about): (String, Option<Table>)| {
            match link_of(&own, lua, &url, about) {
                Ok(link) => {
                    let named_by = own.gate.named_by(&link.url);
                    own.emit(Entry::Link(Box::new(link)), named_by)
                }
                Err(error) => broken(&own, error, display_url(&url), Meta::default()),
            }
        })?,
    )?;
    let own = host.clone();
    globals.raw_set(
        "checkpoint",
        lua.create_function(move |_, at: String| {
            if at.len() > LONGEST_CURSOR {
                let message = format!("a checkpoint can have at most {LONGEST_CURSOR} bytes");
                return Err(refuse(Kind::Corrupt, message));
            }
            // The listing itself counts the items before it.
            let cursor = Cursor { at, items: 0 };
            own.emit(Entry::Checkpoint(Box::new(cursor)), NamedBy::User)
        })?,
    )?;
    let own = host.clone();
    globals.raw_set(
        "log",
        lua.create_function(move |_, text: String| own.note(&text))?,
    )?;
    let own = host.clone();
    globals.raw_set(
        "warn",
        lua.create_function(move |_, text: String| own.warn(&text))?,
    )?;
    // What everyone tries first. Values are formatted as the VM does.
    let own = host.clone();
    let tell: Function = globals.raw_get("tostring")?;
    globals.raw_set(
        "print",
        lua.create_function(move |_, values: MultiValue| {
            let texts = values
                .into_iter()
                .map(|value| tell.call::<LuaString>(value));
            let texts = texts.map(|text| Ok(text?.to_string_lossy()));
            own.note(&texts.collect::<mlua::Result<Vec<_>>>()?.join(" "))
        })?,
    )
}

/// Emits an item as a script describes it. An unusable one does not affect the others.
fn emit(host: &Host, mut fields: ItemFields) -> mlua::Result<()> {
    let (key, meta) = (mem::take(&mut fields.key), mem::take(&mut fields.meta));
    let mut left_out = mem::take(&mut fields.left_out);
    // An item without a key is named by its address.
    let name = match &fields.url {
        Some(url) if key.is_empty() => display_url(url),
        _ => visible(&key),
    };
    match complete_body(host, &key, fields, &mut left_out) {
        Ok((body, named_by)) => {
            host.leave_out(&key, left_out)?;
            let item = item(host, key, meta, body);
            host.emit(Entry::Item(Box::new(item)), named_by)
        }
        Err(error) => broken(host, error, name, meta),
    }
}

fn item(host: &Host, key: String, meta: Meta, body: Body) -> Item {
    let source = host.id.clone();
    Item {
        source,
        key,
        meta,
        body,
    }
}

/// Reports an unusable item if the fault is in the site's data. A mistake of the script ends it.
fn broken(host: &Host, error: mlua::Error, mut key: String, meta: Meta) -> mlua::Result<()> {
    let Some(failure) = bad_data_failure(&error).filter(|_| !key.is_empty()) else {
        return Err(error);
    };
    let most = LONGEST_KEY.min(key.len());
    let end = (0..=most).rfind(|at| key.is_char_boundary(*at));
    key.truncate(end.unwrap_or(0));
    let item = item(host, key, meta, Body::Later);
    let entry = Entry::Broken(Box::new(Broken { item, failure }));
    host.emit(entry, NamedBy::PublicServer)
}

/// Formats an address for messages, even an unusable one.
fn display_url(url: &str) -> String {
    visible(&Url::parse(url).map_or_else(|_| url.to_owned(), |url| Redacted(&url).to_string()))
}

fn unusable(kind: Kind, message: &str) -> mlua::Error {
    bad_data(&Error::new(kind, message))
}

/// Returns the body of a complete item, and who named its address.
fn complete_body(
    host: &Host,
    key: &str,
    mut fields: ItemFields,
    left_out: &mut LeftOut,
) -> mlua::Result<(Body, NamedBy)> {
    if let Some(error) = fields.bad_data.take() {
        return Err(error);
    }
    if key.is_empty() {
        let why = "an item has no `key`: the site's id for the file, the same in every listing";
        return Err(unusable(Kind::Corrupt, why));
    }
    if key.len() > LONGEST_KEY || key.chars().any(char::is_control) {
        let why = "the `key` of an item is too long, or has control characters";
        return Err(unusable(Kind::Corrupt, why));
    }
    match fields.url {
        // No address is named yet.
        None if host.resolves.get() => Ok((later(&fields)?, NamedBy::User)),
        _ => body_of(host, fields, left_out),
    }
}

/// Builds a delegated link, if it may be delegated.
fn link_of(host: &Host, lua: &Lua, url: &str, about: Option<Table>) -> mlua::Result<Link> {
    let url = address(url)?;
    if !matches!(url.scheme(), "http" | "https")
        || !url.username().is_empty()
        || url.password().is_some()
    {
        let why = "only http and https links without a password can be delegated";
        return Err(unusable(Kind::Blocked, why));
    }
    if !host.delegates.takes(&url) {
        let id = &host.id;
        let host = url.host_str().unwrap_or("").escape_debug();
        let message =
            format!("plugin `{id}` does not declare `delegate` for `{host}` in its manifest");
        return Err(refuse(Kind::Blocked, message));
    }
    let meta = match about {
        None => Meta::default(),
        Some(about) => {
            let (meta, left_out) = ItemFields::read_link(lua, &about)?;
            host.leave_out(&Redacted(&url).to_string(), left_out)?;
            meta
        }
    };
    Ok(Link { url, meta })
}

/// Parses an address given by a site.
fn address(text: &str) -> mlua::Result<Url> {
    super::api::parsed(text).map_err(|error| bad_data(&error))
}

/// Returns the body of an item whose address `resolve` will find. Without an address, nothing is known about the file
/// yet.
fn later(fields: &ItemFields) -> mlua::Result<Body> {
    let of_a_file = [
        ("mirrors", !fields.mirrors.is_empty()),
        ("headers", !fields.headers.is_empty()),
        ("kind", fields.kind.is_some()),
        ("stream", fields.stream.is_some()),
        ("size", fields.size.is_some()),
        ("expires", fields.expires.is_some()),
        ("digest", !fields.digests.is_empty()),
    ];
    match of_a_file.iter().find(|(_, is_given)| *is_given) {
        None => Ok(Body::Later),
        Some((name, _)) => Err(refuse(
            Kind::Corrupt,
            format!(
                "an item without a `url` cannot have {name}: `resolve` returns it with the `url`"
            ),
        )),
    }
}

/// Returns the current addresses of an item, from a table in the form of an item. The expected properties of the file
/// do not change.
pub(super) fn resolved_body(
    host: &Host,
    lua: &Lua,
    table: &Table,
    item: &Item,
) -> mlua::Result<(Body, NamedBy)> {
    let fields = ItemFields::read(lua, table)?;
    let (mut body, named_by) = body_of(host, fields, &mut LeftOut::new())?;
    if let (Some(was), Body::File(is) | Body::Hls(is) | Body::Dash(is)) =
        (item.body.request(), &mut body)
    {
        is.expect = was.expect.clone();
    }
    Ok((body, named_by))
}

/// Builds the body of an item. Its address was named publicly if any of the URLs is on a host that the user did not
/// set.
fn body_of(
    host: &Host,
    fields: ItemFields,
    left_out: &mut LeftOut,
) -> mlua::Result<(Body, NamedBy)> {
    let media = |text: &String| {
        let url = address(text)?;
        host.gate.plain(&url).map_err(|error| bad_data(&error))?;
        host.gate.media(&url).map_err(|error| raise(&error))?;
        Ok(url)
    };
    let Some(url) = &fields.url else {
        let why = "the item cannot be used: it has no `url`";
        return Err(unusable(Kind::Corrupt, why));
    };
    let url = media(url)?;
    let mut mirrors: Vec<Url> = Vec::new();
    for mirror in fields.mirrors.iter().map(media) {
        match mirror {
            Ok(mirror) => mirrors.push(mirror),
            // The file is available without this mirror.
            Err(error) => match bad_data_failure(&error) {
                Some(failure) => left_out.push(("mirrors".into(), failure.message)),
                None => return Err(error),
            },
        }
    }
    let is_public = |url: &Url| host.gate.named_by(url) == NamedBy::PublicServer;
    let named_by = match is_public(&url) || mirrors.iter().any(is_public) {
        true => NamedBy::PublicServer,
        false => NamedBy::User,
    };
    let allowed = |name: &str| {
        let mut known = HEADERS.iter();
        known.any(|known| known.eq_ignore_ascii_case(name))
    };
    if let Some((name, _)) = fields.headers.iter().find(|(name, _)| !allowed(name)) {
        let (name, known) = (quoted(name), HEADERS.join(", "));
        let message = format!("an item cannot have the header `{name}`; allowed are {known}");
        return Err(refuse(Kind::Blocked, message));
    }
    let request = Request {
        url,
        headers: Headers(fields.headers),
        mirrors,
        stand_in: None,
        expect: Expect {
            size: fields.size,
            digests: fields.digests,
            // A stream of unspecified kind still has to be a stream.
            medium: fields.kind.or(fields.stream.map(|_| Medium::Any)),
            ..Expect::default()
        },
        expires: fields.expires,
    };
    let body = match fields.stream {
        None => Body::File(request),
        Some(Form::Hls) => Body::Hls(request),
        Some(Form::Dash) => Body::Dash(request),
    };
    Ok((body, named_by))
}
