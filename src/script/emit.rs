//! `emit`, `delegate`, `checkpoint`, `log` and `print`: from a table of a script to the data that every source emits.

use std::mem;
use std::rc::Rc;

use mlua::{Function, Lua, LuaString, MultiValue, Table};
use url::Url;

use super::failure::{raise, refuse};
use super::given::{Form, Given};
use super::run::Host;
use crate::model::{Body, Cursor, Entry, Expect, Headers, Item, Kind, Link, Meta, Request};
use crate::net::{Led, Shown};

/// The most bytes of a place to go on from.
const LONGEST_CURSOR: usize = 4096;

pub(super) fn add(lua: &Lua, host: &Rc<Host>, globals: &Table) -> mlua::Result<()> {
    let own = host.clone();
    globals.raw_set(
        "emit",
        lua.create_function(move |lua, item: Table| {
            let mut given = Given::item(lua, &item)?;
            let left_out = mem::take(&mut given.left_out);
            let (item, led) = item_of(&own, given)?;
            own.leave_out(&item.key, left_out)?;
            own.emit(Entry::Item(Box::new(item)), led)
        })?,
    )?;
    let own = host.clone();
    globals.raw_set(
        "delegate",
        lua.create_function(move |lua, (url, about): (String, Option<Table>)| {
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
                    let (meta, left_out) = Given::link(lua, &about)?;
                    own.leave_out(&Shown(&url).to_string(), left_out)?;
                    meta
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
    globals.raw_set(
        "log",
        lua.create_function(move |_, text: String| own.note(&text))?,
    )?;
    // What everybody tries first. Values are told as the VM tells them.
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

/// The item, and who named it.
fn item_of(host: &Host, mut given: Given) -> mlua::Result<(Item, Led)> {
    let key = &given.key;
    if key.is_empty() {
        let why = "an item has no `key`: what the site calls the file, the same at every listing";
        return Err(refuse(Kind::Corrupt, why));
    }
    if key.len() > 1024 || key.chars().any(char::is_control) {
        return Err(refuse(
            Kind::Corrupt,
            "the `key` of an item is too long, or not plain",
        ));
    }
    let (key, meta) = (mem::take(&mut given.key), mem::take(&mut given.meta));
    let (body, led) = match given.url {
        // No address is named yet.
        None if host.resolves.get() => (later(&given)?, Led::ByUser),
        _ => body_of(host, given)?,
    };
    let source = host.id.clone();
    let item = Item {
        source,
        key,
        meta,
        body,
    };
    Ok((item, led))
}

/// The body of an item whose address `resolve` finds. It remembers nothing of a file that has no address.
fn later(given: &Given) -> mlua::Result<Body> {
    let of_a_file = [
        ("mirrors", !given.mirrors.is_empty()),
        ("headers", !given.headers.is_empty()),
        ("kind", given.kind.is_some()),
        ("stream", given.stream.is_some()),
        ("size", given.size.is_some()),
        ("expires", given.expires.is_some()),
        ("digest", !given.digests.is_empty()),
    ];
    match of_a_file.iter().find(|(_, is_given)| *is_given) {
        None => Ok(Body::Later),
        Some((name, _)) => Err(refuse(
            Kind::Corrupt,
            format!("an item without a `url` has no {name}: `resolve` gives it with the `url`"),
        )),
    }
}

/// Where the bytes of an item are by now, in the words of an item. What they have to be does not change.
pub(super) fn anew(
    host: &Host,
    lua: &Lua,
    table: &Table,
    item: &Item,
) -> mlua::Result<(Body, Led)> {
    let (mut body, led) = body_of(host, Given::item(lua, table)?)?;
    if let (Some(was), Body::File(is) | Body::Hls(is) | Body::Dash(is)) =
        (item.body.request(), &mut body)
    {
        is.expect = was.expect.clone();
    }
    Ok((body, led))
}

/// Where the bytes are, and who named that: somebody out there if one of the URLs is on a host that the user did not set.
fn body_of(host: &Host, given: Given) -> mlua::Result<(Body, Led)> {
    let media = |text: &String| {
        let url = super::api::address(text)?;
        host.gate.media(&url).map_err(|error| raise(&error))?;
        Ok(url)
    };
    let Some(url) = &given.url else {
        return Err(refuse(
            Kind::Corrupt,
            "the item cannot be used: it has no `url`",
        ));
    };
    let url = media(url)?;
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
    let request = Request {
        url,
        headers: Headers(given.headers),
        mirrors,
        expect: Expect {
            size: given.size,
            digests: given.digests,
            medium: given.kind,
            ..Expect::default()
        },
        expires: given.expires,
    };
    let body = match given.stream {
        None => Body::File(request),
        Some(Form::Hls) => Body::Hls(request),
        Some(Form::Dash) => Body::Dash(request),
    };
    Ok((body, led))
}
