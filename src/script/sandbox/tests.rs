//! What a script finds in its VM, and what it does not.

mod catch;
mod pages;

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
    let function = compile(&lua, "test", "main.luau", code).map_err(|error| error.to_string())?;
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
fn the_script_globals_are_exactly_the_allowed_ones() {
    let lua = vm();
    // The sandboxed thread sees a proxy table over all globals.
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
            "return js.object('x = [-12345678901234567890, +12345678901234567890]', 'x')[1]",
            "-12345678901234567890",
        ),
        (
            "return js.object('x = [+12345678901234567890]', 'x')[1]",
            "12345678901234567890",
        ),
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
fn what_json_cannot_hold_is_no_json() {
    let deep = "{ b = (function() local a = {} a.a = a return a end)() }";
    let table = [
        (
            "{ a = 1, [1] = 2 }",
            "`a` is in a list: a table is either a list or",
        ),
        (
            "{ b = { { 1, nil, 3 } } }",
            "`b.1` is a list without a value at 2",
        ),
        ("{ 1, [3] = 3 }", "it is a list without a value at 2"),
        ("{ b = 0 / 0 }", "`b` is not a JSON number"),
        ("{ 1, 1 / 0 }", "`2` is not a JSON number"),
        ("{ b = '\\255' }", "`b` is not UTF-8"),
        ("{ b = print }", "`b` is a function"),
        ("{ [0] = 1, 2 }", "`0` is in a list"),
        (
            "{ [true] = 1 }",
            "it has a field whose name is not text but a boolean",
        ),
        ("1 / 0", "it is not a JSON number"),
        (deep, "`b.a.a.a.a.a.a.a…` is too deep, or contains itself"),
    ];
    for (code, expected) in table {
        let told = run(&format!("return json.encode({code})")).unwrap_err();
        let expected = format!("cannot write JSON: {expected}");
        assert!(told.contains(&expected), "{code}: {told}");
    }
    let table = [
        ("{ 1, 2.5, 'a', true, {} }", r#"[1,2.5,"a",true,{}]"#),
        ("json.array({})", "[]"),
        ("{ a = { b = { c = 1 } } }", r#"{"a":{"b":{"c":1}}}"#),
        (
            "json.decode('[1,null,null,null,2,null]')",
            "[1,null,null,null,2]",
        ),
        (
            "json.decode('[null,null,null,null,1]')",
            "[null,null,null,null,1]",
        ),
        ("{ [5] = 1 }", r#"{"5":1}"#),
        ("nil", "null"),
    ];
    for (code, expected) in table {
        let told = run(&format!("return json.encode({code})"));
        assert_eq!(told.as_deref(), Ok(expected), "{code}");
    }
}

#[test]
fn no_loop_over_a_list_stops_at_a_null() {
    let all = "local all = '' for at, value in LOOP do all ..= `{at}={value} ` end return all";
    for (list, expected) in [
        ("[1,null,2,3,null]", "1=1 3=2 4=3 "),
        ("[null,null,null,null,null,1,2,3]", "6=1 7=2 8=3 "),
        ("[1]", "1=1 "),
        ("[null]", ""),
    ] {
        let list = format!("json.decode('{list}')");
        for each in [list.clone(), format!("ipairs({list})")] {
            let code = all.replace("LOOP", &each);
            assert_eq!(run(&code).as_deref(), Ok(expected), "{each}");
        }
    }
    for (list, expected) in [
        ("[1,null,2,null]", "3"),
        ("[null,null,null,null,1]", "5"),
        ("[1,null,null,null,null,null,null,2]", "8"),
        ("[null,null]", "0"),
    ] {
        let code = format!("return #json.decode('{list}')");
        assert_eq!(run(&code).as_deref(), Ok(expected), "{list}");
    }
    // A list made by the script still ends at the first nil.
    let own = all.replace("LOOP", "ipairs({ 1, nil, 2 })");
    assert_eq!(run(&own).as_deref(), Ok("1=1 "));
    assert!(run("for _ in ipairs() do end").is_err());
}

#[test]
fn a_mark_before_the_text_is_no_part_of_it() {
    assert_eq!(run("\u{feff}return 1").as_deref(), Ok("1"));
    assert!(run("\u{feff}\u{feff}return 1").is_err());
}

#[test]
fn byte_code_is_not_loaded() {
    let code = Compiler::new().compile("return 1").unwrap();
    let lua = vm();
    let text = String::from_utf8_lossy(&code);
    assert!(compile(&lua, "test", "main.luau", &text).is_err());
}
