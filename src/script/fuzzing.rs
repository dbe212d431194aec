//! Calls host functions with input from the fuzzer.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use mlua::Value;

use super::Package;
use super::clock::Clock;
use super::gate::Gate;
use super::run::Host;
use super::sandbox;

const MANIFEST: &str = "manifest = 1\nid = 'fuzz'\nabout = 'x'\nversion = '1'\napi = 1\n\
    permissions = { request = ['mine.test'], media = ['files.test'], delegate = true }\n\
    [[route]]\nname = 'a'\npattern = 'mine.test/{x}'\nexample = 'https://mine.test/x'\n";
/// The calls, with `a`, `b` and `c` as arguments.
const CALLS: [&str; 22] = [
    "json.encode(json.decode(a))",
    "for _, node in html.parse(a, b):all(c) do node:text() node:url('href') node:name() end",
    "html.parse(a):first(b):raw()",
    "html.unescape(a)",
    "re.match(a, b)",
    "re.find_all(a, b)",
    "re.replace(a, b, c)",
    "js.object(a, '')",
    "js.object(a, b)",
    "url.join(a, b)",
    "url.parse(a)",
    "url.with_query(a, { [b] = c })",
    "url.decode(url.encode(a))",
    "time.parse(a)",
    "time.parse(a, b)",
    "base64.decode(a)",
    "emit(json.decode(a))",
    "delegate(a, json.decode(b))",
    "string.find(a, b)",
    "string.split(a, b)",
    "crypto.hmac_sha256(a, b)",
    "fail(a, b)",
];

/// Calls one of the functions: the first byte selects it, and 0xff separates its arguments.
pub fn fuzz(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    let mut args = rest.splitn(3, |byte| *byte == 0xff);
    let mut next = || args.next().unwrap_or_default();
    let (a, b, c) = (next(), next(), next());
    let call = CALLS[usize::from(*first) % CALLS.len()];
    let text = format!("local a, b, c = ...\n{call}");
    let Ok(package) = Package::embedded(MANIFEST, &[("main.luau", &text)]) else {
        return;
    };
    let gate = Gate::new(&package.manifest, Vec::new(), &[]);
    let life = Duration::from_secs(2);
    let clock = Rc::new(Clock::start(life, Arc::new(AtomicBool::new(false))));
    let (calls, _) = tokio::sync::mpsc::channel(1);
    let host = Rc::new(Host::new(&package, gate, clock, calls));
    let Ok(lua) = sandbox::make(&host, &package) else {
        return;
    };
    let bytes = |bytes: &[u8]| lua.create_string(bytes);
    if let (Ok(function), Ok(a), Ok(b), Ok(c)) = (
        sandbox::compile(&lua, "fuzz", "main.luau", &text),
        bytes(a),
        bytes(b),
        bytes(c),
    ) {
        let _ = function.call::<Value>((a, b, c));
    }
}
