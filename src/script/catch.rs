//! What a script gets when it catches an error: the error's text, as if the script had raised it itself. Raising that
//! text again raises the original error.

use std::cell::RefCell;
use std::collections::VecDeque;

use mlua::{Function, Lua, MultiValue, Table, Value};

use super::failure::{Raised, text};

/// How many caught errors are remembered.
const KEPT: usize = 16;

/// Written in Luau, because a script's coroutine cannot yield across a host function.
const CODE: &str = r#"
local pcall, xpcall, resume, close, raise, with_text, raise_known = ...
return function(...)
    return with_text(pcall(...))
end, function(call, handler, ...)
    return with_text(xpcall(call, function(why)
        local _, text = with_text(false, why)
        return handler(text)
    end, ...))
end, function(...)
    return with_text(resume(...))
end, function(...)
    return with_text(close(...))
end, function(why, level)
    raise_known(why)
    raise(why, if level == 0 then 0 else (level or 1) + 1)
end
"#;

/// Replaces the functions that catch errors with ones that return texts.
pub(super) fn install(lua: &Lua, globals: &Table) -> mlua::Result<()> {
    let kept: std::rc::Rc<RefCell<VecDeque<(String, mlua::Error)>>> = Default::default();
    let known = kept.clone();
    let with_text = lua.create_function(move |lua, mut values: MultiValue| {
        if let (Some(Value::Boolean(false)), Some(Value::Error(error))) =
            (values.front(), values.get(1))
        {
            let text = text(error);
            if error.downcast_ref::<Raised>().is_some() {
                let mut kept = kept.borrow_mut();
                kept.truncate(KEPT - 1);
                kept.push_front((text.clone(), (**error).clone()));
            }
            values[1] = Value::String(lua.create_string(text)?);
        }
        Ok(values)
    })?;
    let raise_known = lua.create_function(move |_, why: Value| {
        let Value::String(why) = why else {
            return Ok(());
        };
        let known = known.borrow();
        let mut known = known.iter();
        match known.find(|(text, _)| *text.as_bytes() == *why.as_bytes()) {
            Some((_, error)) => Err(error.clone()),
            None => Ok(()),
        }
    })?;
    let coroutine: Table = globals.raw_get("coroutine")?;
    let own = |table: &Table, name: &str| table.raw_get::<Function>(name);
    let catching = (
        own(globals, "pcall")?,
        own(globals, "xpcall")?,
        own(&coroutine, "resume")?,
        own(&coroutine, "close")?,
        own(globals, "error")?,
        with_text,
        raise_known,
    );
    let made = lua.load(CODE).set_name("=caught").call(catching)?;
    type Made = (Function, Function, Function, Function, Function);
    let (pcall, xpcall, resume, close, error): Made = made;
    globals.raw_set("pcall", pcall)?;
    globals.raw_set("xpcall", xpcall)?;
    globals.raw_set("error", error)?;
    coroutine.raw_set("resume", resume)?;
    coroutine.raw_set("close", close)
}
