//! `re`: regular expressions that take linear time, whatever the pattern.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use mlua::{Lua, LuaString, Table};
use regex::{Captures, Regex, RegexBuilder};

use super::LONGEST;
use crate::model::Kind;
use crate::script::clock::Clock;
use crate::script::failure::{refuse, visible};
use crate::script::memory::MemoryGuard;
use crate::script::run::Host;

/// The longest texts, with the largest compiled pattern for each. A match cannot be interrupted, and the longest takes
/// about as many steps as the product of the two.
const SIZES: [(usize, usize); 3] = [
    (64 << 10, 256 << 10),
    (512 << 10, 64 << 10),
    (4 << 20, 16 << 10),
];
/// The maximum length of a pattern: compiling one takes many times its length, and cannot be interrupted.
const PATTERN: usize = 4 << 10;
/// How many patterns are cached.
const KEPT: usize = 64;

/// The cached patterns, by text and size limit. They are shared: a clone would have to find out anew how it matches
/// fastest.
struct Patterns {
    kept: RefCell<HashMap<(String, usize), Rc<Regex>>>,
    clock: Rc<Clock>,
}

/// Adds the table to the globals.
pub(super) fn add(lua: &Lua, host: &Rc<Host>, globals: &Table) -> mlua::Result<()> {
    let re = lua.create_table()?;
    let patterns = Rc::new(Patterns {
        kept: RefCell::default(),
        clock: host.clock.clone(),
    });
    let own = patterns.clone();
    re.raw_set(
        "match",
        lua.create_function(move |lua, (text, pattern): (LuaString, LuaString)| {
            let text = text.as_bytes();
            let text = String::from_utf8_lossy(&text);
            let regex = own.compiled(&text, &pattern)?;
            let found = regex.captures(&text);
            own.clock.check()?;
            found.map(|found| groups(lua, &regex, &found)).transpose()
        })?,
    )?;
    let own = patterns.clone();
    re.raw_set(
        "find_all",
        lua.create_function(move |lua, (text, pattern): (LuaString, LuaString)| {
            let text = text.as_bytes();
            let text = String::from_utf8_lossy(&text);
            let regex = own.compiled(&text, &pattern)?;
            let list = lua.create_table()?;
            for found in regex.captures_iter(&text) {
                own.clock.check()?;
                list.raw_push(groups(lua, &regex, &found)?)?;
            }
            own.clock.check()?;
            Ok(list)
        })?,
    )?;
    let own = patterns;
    re.raw_set(
        "replace",
        lua.create_function(move |_, args: (LuaString, LuaString, LuaString)| {
            let (text, with) = (args.0.as_bytes(), args.2.as_bytes());
            let (text, with) = (
                String::from_utf8_lossy(&text),
                String::from_utf8_lossy(&with),
            );
            let regex = own.compiled(&text, &args.1)?;
            let (mut made, mut from) = (String::new(), 0);
            for found in regex.captures_iter(&text) {
                own.clock.check()?;
                let whole = found.get_match();
                made.push_str(&text[from..whole.start()]);
                // A group may occur in the replacement many times.
                super::bounded("the result", with.len().saturating_mul(whole.len() + 1) / 2)?;
                found.expand(&with, &mut made);
                from = whole.end();
                super::bounded("the result", made.len())?;
            }
            own.clock.check()?;
            made.push_str(&text[from..]);
            super::bounded("the result", made.len().min(LONGEST + 1))?;
            Ok(made)
        })?,
    )?;
    globals.raw_set("re", re)
}

impl Patterns {
    /// Returns the compiled pattern for this text, from the cache if possible.
    fn compiled(&self, text: &str, pattern: &LuaString) -> mlua::Result<Rc<Regex>> {
        let Some((_, size)) = SIZES.iter().find(|(longest, _)| text.len() <= *longest) else {
            let (longest, _) = SIZES[SIZES.len() - 1];
            let message = format!("the text is longer than {longest} bytes");
            return Err(refuse(Kind::Corrupt, message));
        };
        let pattern = pattern.as_bytes();
        if pattern.len() > PATTERN {
            let message = format!("cannot use the pattern: it is longer than {PATTERN} bytes");
            return Err(refuse(Kind::Corrupt, message));
        }
        let key = (String::from_utf8_lossy(&pattern).into_owned(), *size);
        if let Some(regex) = self.kept.borrow().get(&key) {
            return Ok(regex.clone());
        }
        let mut builder = RegexBuilder::new(&key.0);
        let regex = builder
            .size_limit(*size)
            .dfa_size_limit(SIZES[0].1)
            .nest_limit(64)
            .build();
        self.clock.check()?;
        let regex = Rc::new(regex.map_err(|error| {
            let why = match error {
                regex::Error::CompiledTooBig(_) => {
                    let len = text.len();
                    format!("it is too large for a text of {len} bytes; `(?-u)` and fewer repetitions make it smaller")
                }
                error => visible(&error.to_string()),
            };
            refuse(Kind::Corrupt, format!("cannot use the pattern: {why}"))
        })?);
        let mut kept = self.kept.borrow_mut();
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(key, regex.clone());
        Ok(regex)
    }
}

/// Returns the groups by number, with the whole match at 0, and by name.
fn groups(lua: &Lua, regex: &Regex, found: &Captures<'_>) -> mlua::Result<Table> {
    let memory = MemoryGuard::new(lua)?;
    let table = lua.create_table()?;
    for (number, name) in regex.capture_names().enumerate() {
        if let Some(group) = found.get(number) {
            let text = lua.create_string(group.as_str())?;
            table.raw_set(number, &text)?;
            if let Some(name) = name {
                table.raw_set(name, text)?;
            }
            memory.check()?;
        }
    }
    Ok(table)
}
