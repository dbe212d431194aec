//! Replacements for functions of the VM's library that can take too long.

use std::rc::Rc;

use memchr::memmem;
use mlua::{Function, Lua, MultiValue, Table, Value};

use super::clock::Clock;

/// The most elements that `table.move` moves at once, since it runs without interrupts.
const MOVED: f64 = (1 << 20) as f64;
/// The largest absolute position in a table.
const REACH: f64 = i32::MAX as f64;
/// From how many bytes on searching a text takes long.
const LONG: usize = 64 << 10;

/// Replaces some functions with ones that take linear time or check the clock.
pub(super) fn bound(lua: &Lua, globals: &Table, clock: &Rc<Clock>) -> mlua::Result<()> {
    let string: Table = globals.raw_get("string")?;
    string.raw_set("find", find(lua, string.raw_get("find")?, clock.clone())?)?;
    string.raw_set("split", split(lua, clock.clone())?)?;
    let table: Table = globals.raw_get("table")?;
    table.raw_set("move", moves(lua, table.raw_get("move")?)?)
}

/// Returns a `string.find` that looks for plain text itself, and leaves patterns to that of the VM.
fn find(lua: &Lua, find: Function, clock: Rc<Clock>) -> mlua::Result<Function> {
    lua.create_function(move |lua, args: MultiValue| {
        let is_plain =
            matches!(args.get(3), Some(value) if !matches!(value, Value::Nil | Value::Boolean(false)));
        let (Some(Value::String(text)), Some(Value::String(pattern))) = (args.front(), args.get(1)) else {
            return find.call::<MultiValue>(args);
        };
        let has_no_specials = |text: &[u8]| !text.iter().any(|b| b"^$*+?.([%-".contains(b));
        if !is_plain && !has_no_specials(&pattern.as_bytes()) {
            return find.call::<MultiValue>(args);
        }
        let start = match args.get(2) {
            None | Some(Value::Nil) => 1,
            // The VM accepts a number as text. For anything else it has its own error, and does not search.
            Some(at) => match lua.coerce_number(at.clone())? {
                Some(at) => at as i64,
                None => return find.call::<MultiValue>(args),
            },
        };
        let text = text.as_bytes();
        look_if_long(&clock, &text)?;
        let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
        let start = match start < 0 {
            true => length.saturating_add(start).max(0),
            false => (start - 1).max(0),
        };
        let found = text.get(usize::try_from(start).unwrap_or(usize::MAX)..);
        let found = found.and_then(|rest| memmem::find(rest, &pattern.as_bytes()));
        Ok(match found {
            None => MultiValue::from_iter([Value::Nil]),
            Some(at) => {
                let first = start as f64 + at as f64 + 1.0;
                let last = first + pattern.as_bytes().len() as f64 - 1.0;
                MultiValue::from_iter([Value::Number(first), Value::Number(last)])
            }
        })
    })
}

/// Returns a `string.split` that takes linear time.
fn split(lua: &Lua, clock: Rc<Clock>) -> mlua::Result<Function> {
    lua.create_function(
        move |lua, (text, separator): (mlua::LuaString, Option<mlua::LuaString>)| {
            let separator =
                separator.map_or_else(|| b",".to_vec(), |separator| separator.as_bytes().to_vec());
            let text = text.as_bytes();
            look_if_long(&clock, &text)?;
            let parts = lua.create_table()?;
            if separator.is_empty() {
                for byte in text.iter() {
                    parts.raw_push(lua.create_string([*byte])?)?;
                }
                return Ok(parts);
            }
            let mut from = 0;
            for at in memmem::find_iter(&text, &separator) {
                parts.raw_push(lua.create_string(&text[from..at])?)?;
                from = at + separator.len();
            }
            parts.raw_push(lua.create_string(&text[from..])?)?;
            Ok(parts)
        },
    )
}

/// Returns the VM's `table.move` with a limit, since it runs without interrupts.
fn moves(lua: &Lua, moves: Function) -> mlua::Result<Function> {
    lua.create_function(move |lua, args: MultiValue| {
        // The VM also accepts text as a number, and wraps numbers out of its range.
        let number = |at: usize| -> mlua::Result<f64> {
            let value = args.get(at).cloned().unwrap_or(Value::Nil);
            let number = lua
                .coerce_number(value)?
                .filter(|number| number.abs() <= REACH);
            number.ok_or_else(|| {
                mlua::Error::runtime("`table.move` takes whole numbers in the range of positions")
            })
        };
        let (first, last) = (number(1)?, number(2)?);
        number(3)?;
        if last - first > MOVED {
            return Err(mlua::Error::runtime(format!(
                "`table.move` moves at most {MOVED} elements"
            )));
        }
        moves.call::<MultiValue>(args)
    })
}

/// Checks the clock before a long text is searched: with calls this slow, the interrupt checks too rarely.
fn look_if_long(clock: &Clock, text: &[u8]) -> mlua::Result<()> {
    match text.len() > LONG {
        true => clock.check(),
        false => Ok(()),
    }
}
