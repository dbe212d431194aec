//! A VM without any access to the outside, whose remaining globals cannot be changed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use mlua::chunk::{ChunkMode, Compiler};
use mlua::{Function, Lua, LuaOptions, StdLib, Value};

use super::api;
use super::catch;
use super::failure::quoted;
use super::library;
use super::package::Package;
use super::run::Host;

/// Library functions that scripts do not get: files, loaders, other functions' environments, the garbage collector.
const REMOVED: [&str; 12] = [
    "require",
    "loadstring",
    "load",
    "dofile",
    "getfenv",
    "setfenv",
    "newproxy",
    "collectgarbage",
    "gcinfo",
    "print",
    "debug",
    "os",
];

/// Creates a VM with the host's functions, interrupted by the host's clock.
pub(super) fn make(host: &Rc<Host>, package: &Package) -> mlua::Result<Lua> {
    let libraries = StdLib::COROUTINE
        | StdLib::TABLE
        | StdLib::STRING
        | StdLib::UTF8
        | StdLib::BIT
        | StdLib::MATH
        | StdLib::BUFFER;
    let lua = Lua::new_with(libraries, LuaOptions::default())?;
    lua.set_memory_limit(host.limits.memory_mib << 20)?;
    let globals = lua.globals();
    for name in REMOVED {
        globals.raw_set(name, Value::Nil)?;
    }
    library::bound(&lua, &globals, &host.clock)?;
    catch::install(&lua, &globals)?;
    globals.raw_set("require", requirer(&lua, package)?)?;
    api::add(&lua, host, &globals)?;
    lua.sandbox(true)?;
    let clock = host.clock.clone();
    lua.set_interrupt(move |_| clock.interrupt());
    Ok(lua)
}

/// Compiles a script file to byte code.
pub(super) fn byte_code(id: &str, name: &str, text: &str) -> mlua::Result<Vec<u8>> {
    // Some editors write a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let compiled = Compiler::new()
        .set_optimization_level(1)
        .set_debug_level(1)
        .compile(text);
    compiled.map_err(|error| match error {
        mlua::Error::SyntaxError { message, .. } => {
            // The message starts with the line, and names no file.
            let message = message
                .trim_start_matches("syntax error: ")
                .trim_start_matches(':');
            let (line, why) = message.split_once(": ").unwrap_or(("1", message));
            mlua::Error::RuntimeError(format!("{id}/{name}:{line}: syntax: {why}"))
        }
        error => error,
    })
}

/// Loads the function of a script file. Byte code is made here and never read from outside: the VM trusts it blindly.
pub(super) fn compile(lua: &Lua, id: &str, name: &str, text: &str) -> mlua::Result<Function> {
    lua.load(byte_code(id, name, text)?)
        .set_mode(ChunkMode::Binary)
        .set_name(format!("@{id}/{name}"))
        .into_function()
}

/// `require("lib/pages")`: runs a file of the package once.
fn requirer(lua: &Lua, package: &Package) -> mlua::Result<Function> {
    let id = package.manifest.id.clone();
    let files = package.files.clone();
    let loaded: RefCell<HashMap<String, Option<Value>>> = RefCell::default();
    lua.create_function(move |lua, name: String| {
        let file = format!("{name}.luau");
        let known = loaded.borrow().get(&file).cloned();
        match known {
            Some(Some(value)) => return Ok(value),
            Some(None) => return Err(mlua::Error::runtime(format!("`{name}` requires itself"))),
            None => {}
        }
        let Some(text) = files.get(&file).filter(|_| file.starts_with("lib/")) else {
            let name = quoted(&name);
            let message = format!("there is no `{name}` in the plugin; a script is in `lib/`");
            return Err(mlua::Error::runtime(message));
        };
        let function = compile(lua, &id, &file, text)?;
        loaded.borrow_mut().insert(file.clone(), None);
        let value: Value = function.call(())?;
        loaded.borrow_mut().insert(file, Some(value.clone()));
        Ok(value)
    })
}

#[cfg(test)]
mod tests;
