//! A VM in which nothing is left that reaches out, and what is left cannot be changed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use mlua::chunk::{ChunkMode, Compiler};
use mlua::{Function, Lua, LuaOptions, StdLib, Value};

use super::api;
use super::library;
use super::package::Package;
use super::run::Host;

/// What the library would give, and a script does not get: files, loaders, other functions' environments, the collector.
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

/// Makes a VM with the host's functions. The interrupt is that of the host's clock.
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
    globals.raw_set("require", requirer(&lua, package)?)?;
    api::add(&lua, host, &globals)?;
    lua.sandbox(true)?;
    let clock = host.clock.clone();
    lua.set_interrupt(move |_| clock.interrupt());
    Ok(lua)
}

/// The byte code of a script file.
pub(super) fn byte_code(id: &str, name: &str, text: &str) -> mlua::Result<Vec<u8>> {
    let compiled = Compiler::new()
        .set_optimization_level(1)
        .set_debug_level(1)
        .compile(text);
    compiled.map_err(|error| match error {
        mlua::Error::SyntaxError { message, .. } => {
            // The line stands first, and no file.
            let message = message
                .trim_start_matches("syntax error: ")
                .trim_start_matches(':');
            mlua::Error::RuntimeError(format!("{id}/{name}:{message}"))
        }
        error => error,
    })
}

/// The function of a script file. Byte code is made here and never read: the VM trusts it blindly.
pub(super) fn compile(lua: &Lua, id: &str, name: &str, text: &str) -> mlua::Result<Function> {
    lua.load(byte_code(id, name, text)?)
        .set_mode(ChunkMode::Binary)
        .set_name(format!("@{id}/{name}"))
        .into_function()
}

/// `require("lib/pages")`: a file of the package, run once.
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
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::time::Duration;

    use mlua::Table;

    use super::*;
    use crate::script::clock::Clock;
    use crate::script::gate::Gate;
    use crate::script::globals::{HOST, LUAU};

    const MANIFEST: &str = r#"
        manifest = 1
        id = "test"
        about = "tests"
        version = "1"
        api = 1
        [[route]]
        name = "all"
        pattern = "a.org/{x...}"
        example = "https://a.org/"
        [permissions]
        request = ["a.org"]
    "#;

    fn vm() -> Lua {
        let files = [("main.luau", ""), ("lib/one.luau", "return { x = 1 }")];
        let package = Package::embedded(MANIFEST, &files).unwrap();
        let gate = Gate::new(&package.manifest, Vec::new(), &[]);
        let clock = Rc::new(Clock::start(
            Duration::from_secs(5),
            Arc::new(AtomicBool::new(false)),
        ));
        let (calls, _) = tokio::sync::mpsc::channel(1);
        make(&Rc::new(Host::new(&package, gate, clock, calls)), &package).unwrap()
    }

    fn run(code: &str) -> Result<String, String> {
        let lua = vm();
        let function =
            compile(&lua, "test", "main.luau", code).map_err(|error| error.to_string())?;
        let answer = function.call::<Value>(());
        answer
            .and_then(|value| value.to_string())
            .map_err(|error| error.to_string())
    }

    fn names(table: &Table) -> Vec<String> {
        let mut names: Vec<String> = table
            .pairs::<String, Value>()
            .map(|pair| pair.unwrap().0)
            .collect();
        names.sort();
        names
    }

    #[test]
    fn every_global_is_known() {
        let lua = vm();
        // What the thread of the sandbox sees is a table over that of all globals.
        let globals = lua.globals();
        let below = globals
            .metatable()
            .map(|meta| meta.raw_get::<Table>("__index").unwrap());
        let mut all = names(&globals);
        all.extend(below.iter().flat_map(names));
        all.sort();
        all.dedup();
        let mut known = [&HOST[..], &LUAU].concat();
        known.sort_unstable();
        assert_eq!(all, known);
    }

    #[test]
    fn what_is_there_cannot_be_changed() {
        for code in [
            "string.find = nil",
            "http.get = nil",
            "json.decode = print",
            "math.pi = 3",
            "getmetatable('').__index = nil",
            "setmetatable(string, {})",
            "table.clear(http)",
            "rawset(http, 'get', 1)",
            "table.insert(json, 1)",
        ] {
            assert!(run(code).is_err(), "{code}");
        }
    }

    #[test]
    fn the_replaced_functions_do_what_they_did() {
        let table = [
            ("return string.find('abcabc', 'ca')", "3"),
            ("return select(2, string.find('abcabc', 'ca'))", "4"),
            ("return string.find('abcabc', 'b', 3)", "5"),
            ("return string.find('abcabc', 'b', -2)", "5"),
            ("return string.find('abcabc', 'b', 9) == nil", "true"),
            ("return string.find('abcabc', 'b', '3')", "5"),
            ("return string.find('abcabc', 'b', 0x3)", "5"),
            ("return string.find('a.c', '.', 1, true)", "2"),
            ("return string.find('a.c', '.')", "1"),
            ("return select(3, string.find('k=v', '(%w)=(%w)'))", "k"),
            ("return string.find('abc', '')", "1"),
            ("return ('abc'):find('c')", "3"),
            ("return table.concat(string.split('a,b,,c'), '|')", "a|b||c"),
            ("return table.concat(string.split('abc', ''), '|')", "a|b|c"),
            ("return #string.split('', ',')", "1"),
            (
                "return table.concat(table.move({1, 2, 3}, 2, 3, 1), '|')",
                "2|3|3",
            ),
            (
                "return table.concat(table.move({1, 2, 3}, '2', 3.0, '1', {}), '|')",
                "2|3",
            ),
            ("return #table.move({}, 1, 0, 1)", "0"),
            ("return require('lib/one').x", "1"),
        ];
        for (code, expected) in table {
            assert_eq!(run(code).as_deref(), Ok(expected), "{code}");
        }
        for code in [
            "return require('main')",
            "return require('../x')",
            "return require('/etc/passwd')",
            "return require('lib/two')",
        ] {
            assert!(run(code).is_err(), "{code}");
        }
    }

    #[test]
    fn the_functions_of_the_host_do_what_they_say() {
        let table = [
            (
                "return json.encode(json.decode('[1,2.5,\"x\",true,null,{\"a\":[]}]')[6])",
                r#"{"a":[]}"#,
            ),
            (
                "return json.decode('{\"id\":12345678901234567890}').id",
                "12345678901234567890",
            ),
            ("return json.decode('null') == nil", "true"),
            (
                "return json.decode('{\"a\":1,\"a\":null}').a == nil",
                "true",
            ),
            (
                "return json.decode('[{\"a\":1},{},{\"b\":[{\"\\\\u0063\":\"\\\\u0064\"}]}]')[3].b[1].c",
                "d",
            ),
            (
                "return select('#', json.decode(string.rep('{\"a\":', 127) .. '1' .. string.rep('}', 127)))",
                "1",
            ),
            (
                "return pcall(json.decode, string.rep('{\"a\":', 128) .. '1' .. string.rep('}', 128))",
                "false",
            ),
            ("return pcall(json.decode, '[\"\\255\"]')", "false"),
            ("return pcall(json.decode, '[1,{\"a\":[2}]')", "false"),
            ("return #json.decode('[1,null,2,null]')", "3"),
            ("return json.encode({a = 1})", r#"{"a":1}"#),
            (
                "return html.parse('<p>a <a href=/x>b</a>', 'https://a.org/y'):first('p > a'):url('href')",
                "https://a.org/x",
            ),
            (
                "return html.parse('<p> a\\n <b>b</b>'):first('p'):text()",
                "a b",
            ),
            ("return #html.parse('<i></i><i></i>'):all('i')", "2"),
            (
                "return html.unescape('\\n a &amp; b &lt;b> <i> &#39;&#x27; R&B; &amp;lt; ')",
                "\n a & b <b> <i> '' R&B; &lt; ",
            ),
            ("return html.parse(''):first('i') == nil", "true"),
            ("return re.match('id=42;', 'id=(?<id>\\\\d+)').id", "42"),
            ("return #re.find_all('aXbXc', 'X')", "2"),
            ("return re.replace('a1b2', '\\\\d', '<$0>')", "a<1>b<2>"),
            (
                "return js.object('x; window.CFG = {a: 0x10, \"b\": [1,2,], c: \\'\\\\u0041\\', /* no */ d: null};', 'window.CFG').c",
                "A",
            ),
            ("return js.object('nothing', 'CFG') == nil", "true"),
            (
                "return url.join('https://a.org/x/y', '../z')",
                "https://a.org/z",
            ),
            ("return url.parse('https://a.org/x?q=1').query.q", "1"),
            (
                "return url.with_query('https://a.org/', {q = 'a b'})",
                "https://a.org/?q=a+b",
            ),
            ("return url.decode(url.encode('a/b ü'))", "a/b ü"),
            ("return time.parse('1970-01-02')", "86400"),
            ("return time.parse('1970-01-01T00:00:01Z')", "1"),
            ("return time.parse('02/01/1970', '%d/%m/%Y')", "86400"),
            ("return time.parse('soon') == nil", "true"),
            ("return crypto.md5('')", "d41d8cd98f00b204e9800998ecf8427e"),
            (
                "return crypto.sha1('')",
                "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            ),
            (
                "return base64.decode(base64.encode('a\\0b')) == 'a\\0b'",
                "true",
            ),
        ];
        for (code, expected) in table {
            assert_eq!(run(code).as_deref(), Ok(expected), "{code}");
        }
    }

    #[test]
    fn byte_code_is_not_loaded() {
        let code = Compiler::new().compile("return 1").unwrap();
        let lua = vm();
        let text = String::from_utf8_lossy(&code);
        assert!(compile(&lua, "test", "main.luau", &text).is_err());
    }
}
