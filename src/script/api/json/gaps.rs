//! Lists with a `null` in them, which is nil to a script: loops must not stop there as if it were the end.

use std::cell::Cell;

use mlua::{Function, Lua, MultiValue, Table, Value};

/// The registry key for the lengths of lists with gaps.
const LENGTHS: &str = "lengths";

/// Makes `ipairs` skip the gaps of a parsed list. For any other table it still ends at the first nil.
pub(super) fn pass(lua: &Lua, globals: &Table) -> mlua::Result<()> {
    let lengths = lua.create_table()?;
    let weak = lua.create_table_from([("__mode", "k")])?;
    lengths.set_metatable(Some(weak))?;
    lua.set_named_registry_value(LENGTHS, &lengths)?;
    let ipairs: Function = globals.raw_get("ipairs")?;
    globals.raw_set(
        "ipairs",
        lua.create_function(move |lua, args: MultiValue| {
            let Some(Value::Table(list)) = args.front() else {
                return ipairs.call(args);
            };
            let Some(length) = lengths.raw_get::<Option<usize>>(list)? else {
                return ipairs.call(args);
            };
            let next = over(lua, list.clone(), length)?;
            Ok(MultiValue::from_iter([Value::Function(next)]))
        })?,
    )
}

/// Returns the iterator over the elements that are not nil.
fn over(lua: &Lua, list: Table, length: usize) -> mlua::Result<Function> {
    let before = Cell::new(0);
    lua.create_function(move |_, ()| {
        loop {
            let at: usize = before.get() + 1;
            let value: Value = list.raw_get(at)?;
            if value.is_nil() && at >= length {
                return Ok((None, Value::Nil));
            }
            before.set(at);
            if !value.is_nil() {
                return Ok((Some(at), value));
            }
        }
    })
}

/// Copies a list, with nil in place of each `null` marker. The copy is allocated in one piece, up to its last element,
/// so that iteration is in order and `#` is right.
pub(super) fn open(lua: &Lua, list: &Table, length: usize) -> mlua::Result<Table> {
    let opened = lua.create_table_with_capacity(length, 0)?;
    for at in 1..=length {
        let value: Value = list.raw_get(at)?;
        if value != Value::NULL {
            opened.raw_set(at, value)?;
        }
    }
    let lengths: Table = lua.named_registry_value(LENGTHS)?;
    lengths.raw_set(&opened, length)?;
    Ok(opened)
}
