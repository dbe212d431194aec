//! `re`: regular expressions that take linear time, whatever the pattern.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use mlua::{Lua, Table};
use regex::{Captures, Regex, RegexBuilder};

use super::LONGEST;
use crate::model::Kind;
use crate::script::failure::{refuse, visible};
use crate::script::room::Room;
use crate::script::run::Host;

/// The largest compiled pattern, the longest text, and how many patterns are kept.
const PROGRAM: usize = 256 << 10;
const TEXT: usize = 4 << 20;
const KEPT: usize = 64;

/// They are shared: a clone of one has to find out anew how it matches fastest.
type Patterns = Rc<RefCell<HashMap<String, Rc<Regex>>>>;

pub(super) fn add(lua: &Lua, host: &Rc<Host>, globals: &Table) -> mlua::Result<()> {
    let re = lua.create_table()?;
    let patterns = Patterns::default();
    let kept = patterns.clone();
    re.raw_set(
        "match",
        lua.create_function(move |lua, (text, pattern): (String, String)| {
            let regex = compiled(&kept, &text, &pattern)?;
            let found = regex.captures(&text);
            found.map(|found| groups(lua, &regex, &found)).transpose()
        })?,
    )?;
    let (kept, clock) = (patterns.clone(), host.clock.clone());
    re.raw_set(
        "find_all",
        lua.create_function(move |lua, (text, pattern): (String, String)| {
            let regex = compiled(&kept, &text, &pattern)?;
            let list = lua.create_table()?;
            for found in regex.captures_iter(&text) {
                clock.check()?;
                list.raw_push(groups(lua, &regex, &found)?)?;
            }
            Ok(list)
        })?,
    )?;
    let (kept, clock) = (patterns, host.clock.clone());
    re.raw_set(
        "replace",
        lua.create_function(move |_, (text, pattern, with): (String, String, String)| {
            let regex = compiled(&kept, &text, &pattern)?;
            let (mut made, mut from) = (String::new(), 0);
            for found in regex.captures_iter(&text) {
                clock.check()?;
                let whole = found.get_match();
                made.push_str(&text[from..whole.start()]);
                // A group can stand in the replacement many times.
                super::bounded(
                    "what is replaced",
                    with.len().saturating_mul(whole.len() + 1) / 2,
                )?;
                found.expand(&with, &mut made);
                from = whole.end();
                super::bounded("what is replaced", made.len())?;
            }
            made.push_str(&text[from..]);
            super::bounded("what is replaced", made.len().min(LONGEST + 1))?;
            Ok(made)
        })?,
    )?;
    globals.raw_set("re", re)
}

fn compiled(kept: &Patterns, text: &str, pattern: &str) -> mlua::Result<Rc<Regex>> {
    if text.len() > TEXT {
        return Err(refuse(
            Kind::Corrupt,
            format!("the text is longer than {TEXT} bytes"),
        ));
    }
    if let Some(regex) = kept.borrow().get(pattern) {
        return Ok(regex.clone());
    }
    let mut builder = RegexBuilder::new(pattern);
    let regex = builder
        .size_limit(PROGRAM)
        .dfa_size_limit(PROGRAM)
        .nest_limit(64)
        .build();
    let regex = Rc::new(regex.map_err(|error| {
        refuse(
            Kind::Corrupt,
            format!("cannot use the pattern: {}", visible(&error.to_string())),
        )
    })?);
    let mut kept = kept.borrow_mut();
    if kept.len() >= KEPT {
        kept.clear();
    }
    kept.insert(pattern.to_owned(), regex.clone());
    Ok(regex)
}

/// The groups by number, the whole at 0, and by name.
fn groups(lua: &Lua, regex: &Regex, found: &Captures<'_>) -> mlua::Result<Table> {
    let room = Room::open(lua)?;
    let table = lua.create_table()?;
    for (number, name) in regex.capture_names().enumerate() {
        if let Some(group) = found.get(number) {
            let text = lua.create_string(group.as_str())?;
            table.raw_set(number, &text)?;
            if let Some(name) = name {
                table.raw_set(name, text)?;
            }
            room.check()?;
        }
    }
    Ok(table)
}
