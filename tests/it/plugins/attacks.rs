//! Scripts that would hang, take all memory, or get out. Each runs in a process of its own, which the test kills when it
//! does not end by itself.

use super::call;
use crate::support::Site;

const MANIFEST: &str = "limits = { cpu_ms = 300, wall_ms = 20000, memory_mib = 32, entries = 1000 }\n\
    permissions = { request = ['mine.test'], media = ['files.test'] }";

/// Runs each as the body of `extract`; none may succeed, and none may bring the program down.
fn all_fail(attacks: &[&str]) {
    let site = Site::start();
    for attack in attacks {
        let script = format!("return {{ extract = function(ctx)\n{attack}\nend }}");
        let done = call(&site, MANIFEST, &script).args(["-s"]).run();
        let said = &done.stderr;
        assert_eq!(done.code, 4, "{attack}: {said}");
        assert!(
            [
                "plugin `mine`",
                "mine/main.luau:",
                "the item cannot be used"
            ]
            .iter()
            .any(|word| said.contains(word)),
            "{attack}: {said}"
        );
    }
}

/// Runs each as the body of `extract`; each must fail in these words, so that what ends it is what is meant to.
fn all_say(manifest: &str, attacks: &[(&str, &str)]) {
    let site = Site::start();
    for (attack, expected) in attacks {
        let script = format!("return {{ extract = function(ctx)\n{attack}\nend }}");
        let done = call(&site, manifest, &script).args(["-s"]).run().fails(4);
        assert!(done.stderr.contains(expected), "{attack}: {}", done.stderr);
    }
}

#[test]
fn endless_loops_are_stopped() {
    all_fail(&[
        "while true do end",
        "repeat until false",
        "while true do pcall(function() while true do end end) end",
        "while true do pcall(error, 'x') end",
        "local function f() pcall(f) return f() end f()",
        "while true do xpcall(function() while true do end end, function() while true do end end) end",
        "local t = setmetatable({}, { __index = function() while true do end end }) return t.x",
        "local t = setmetatable({}, { __tostring = function() while true do end end }) return tostring(t)",
        "table.sort({ 3, 2, 1, 5, 4 }, function() while true do end end)",
        "string.gsub('aaa', 'a', function() while true do end end)",
        "for _ in function() return 1 end do end",
        "local c = coroutine.wrap(function() while true do end end) c()",
        "while true do coroutine.wrap(function() coroutine.yield() end)() end",
        "coroutine.yield()",
        "while true do pcall(coroutine.wrap(function() while true do end end)) end",
        "local s = string.rep('a', 30) string.find(s, string.rep('a?', 30) .. string.rep('a', 30) .. string.rep('.-', 20) .. 'b')",
        "while true do string.find(string.rep('a', 1000000), 'b') end",
        "while true do json.decode('[1,2,3]') end",
        "while true do pcall(json.decode, '[' .. string.rep('{},', 2000000) .. '1]') end",
        "while true do re.match('aaaa', 'a+') end",
        "local s = string.rep('a', 4000000) while true do pcall(re.match, s, '(a?){50}(a){0,1000}b') end",
        "local s = string.rep('a', 500000) while true do pcall(re.match, s, '(a?){50}(a){0,300}b') end",
        "local s = string.rep('a', 4000000) while true do pcall(re.find_all, s, '(a?){20}b') end",
        "while true do html.parse('<p>'):first('p') end",
        "while true do local ok = pcall(http.get, 'https://evil.test/') end",
    ]);
}

#[test]
fn an_idle_script_is_stopped_after_its_wall_time() {
    // Long before it has computed for as long as it may.
    let hasty = MANIFEST.replace("cpu_ms = 300, wall_ms = 20000", "wall_ms = 50");
    let said = "plugin `mine` did nothing for 50 ms";
    all_say(&hasty, &[("while true do end", said)]);
}

#[test]
fn memory_ends() {
    all_fail(&[
        "local t = {} while true do t[#t + 1] = t end",
        "local t = {} while true do t[#t + 1] = {} end",
        "local s = 'x' while true do s = s .. s end",
        "string.rep('x', 1e9)",
        "buffer.create(1e9)",
        "table.create(1e8, 0)",
        "local t = {} while true do t[#t + 1] = buffer.create(1e6) end",
        "local t = {} while true do t[#t + 1] = coroutine.create(function() end) end",
        "local t = {} while true do pcall(function() t[#t + 1] = string.rep('x' .. #t, 1e6) end) end",
        "local t = {} for i = 1, 60 do t = { t, t } end json.encode(t)",
        "local t = {} for i = 1, 60 do t = { t, t } end emit({ key = 1, url = 'https://files.test/', meta = { t = t } })",
        "local t = {} t.t = t json.encode(t)",
        "local t = {} t.t = t emit({ key = 1, url = 'https://files.test/', meta = t })",
        "json.decode(string.rep('[', 1000000))",
        "js.object('x=' .. string.rep('[', 1000000), 'x')",
        "html.parse(string.rep('<a>', 1000000))",
        "return html.parse(string.rep('<div>', 90000)):first('p div').x",
        "local t = {} while true do t[#t + 1] = html.parse('<p>') end",
        "re.match('x', string.rep('(', 100000))",
        "re.match('x', '(((a{1000}){1000}){1000})')",
        "re.replace(string.rep('a', 1000000), 'a', string.rep('$0', 1000))",
        "table.move({}, 1, 2 ^ 31 - 2, 1)",
        "local function f() return f() + 1 end f()",
        "table.unpack({}, 1, 1e8)",
        "string.format('%' .. string.rep('9', 100) .. 'd', 1)",
        "html.parse('<p>'):first(':not(' .. string.rep(':not(', 100000) .. ')')",
        "emit({ key = string.rep('x', 100000), url = 'https://files.test/' })",
    ]);
}

#[test]
fn host_allocations_count_towards_the_memory_limit() {
    let said = "needs more than 32 MiB";
    all_say(
        &MANIFEST.replace("cpu_ms = 300", "cpu_ms = 10000"),
        &[
            (
                "json.decode('[' .. string.rep('{},', 2000000) .. '1]')",
                said,
            ),
            (
                "json.decode('[' .. string.rep('1,', 3000000) .. '1]')",
                said,
            ),
            (
                "json.decode('[' .. string.rep('{\"a\":[{}]},', 400000) .. '1]')",
                said,
            ),
            (
                "local t = {} while true do t[#t + 1] = json.decode('[1,{\"a\":\"b\"}]') end",
                said,
            ),
            (
                "local t = {} while true do t[#t + 1] = re.match('abc' .. #t, '(.)(.+)') end",
                said,
            ),
        ],
    );
}

#[test]
fn library_calls_of_excessive_size_are_refused() {
    let said = "moves at most 1048576 elements";
    let positions = "takes whole numbers in the range of positions";
    all_say(
        MANIFEST,
        &[
            ("table.move({}, 1, 2e9, 2)", said),
            ("table.move({}, 1, 2000000000, 2)", said),
            ("table.move({}, '1', '2000000000', 2)", said),
            ("table.move({}, -2e9, 1, 2)", said),
            ("table.move({}, 2 ^ 31, -2, 2)", positions),
            ("table.move({}, 0 / 0, -2, 2)", positions),
            ("table.move({}, 1, 2e9, 2 ^ 31)", positions),
            ("table.move({}, 1, {}, 2)", positions),
        ],
    );
    // What is called often and takes long each time ends soon after its time, not after many calls more.
    let hasty = MANIFEST.replace("wall_ms = 20000", "wall_ms = 5000");
    let slow = "computed for more than 300 ms";
    let texts = "local s, p = string.rep('a', 1000000), string.rep('a', 500000) .. 'b'";
    let find = format!("{texts}\nwhile true do string.find(s, p, '1') end");
    let split = format!("{texts}\nwhile true do string.split(s, p) end");
    all_say(&hasty, &[(&find, slow), (&split, slow)]);
}

#[test]
fn pages_that_explode_while_parsing_are_refused() {
    let grown = "the page has more than 200064 elements or 400000 attributes";
    let slow = "computed for more than";
    // Every `</div>` but the first opens all the `b` once more.
    let open = |attributes: &str, opened: usize, times: usize| {
        format!(
            "local t = {{}}\nfor i = 1, {opened} do t[i] = '<b i=' .. i .. ' {attributes}>' end\n\
             html.parse(string.rep('<div>', {times}) .. table.concat(t) .. string.rep('</div>x', {times}))"
        )
    };
    let (nodes, attributes) = (
        open("", 600, 600),
        open("a b c d e f g h j k l m", 300, 200),
    );
    let patient = MANIFEST.replace("cpu_ms = 300", "cpu_ms = 10000");
    all_say(&patient, &[(&nodes, grown), (&attributes, grown)]);
    // Not even one tag may be what nobody ends.
    let tag = "local t = {}\nfor i = 1, 200000 do t[i] = 'a' .. i end\nhtml.parse('<p ' .. table.concat(t, ' ') .. '>')";
    all_say(MANIFEST, &[(tag, slow)]);
}

#[test]
fn the_sandbox_has_no_way_out() {
    all_fail(&[
        "io.open('/etc/passwd')",
        "os.execute('true')",
        "os.getenv('HOME')",
        "debug.getinfo(1)",
        "loadstring('return 1')()",
        "load('return 1')()",
        "dofile('/etc/passwd')",
        "require('/etc/passwd')",
        "require('../../x')",
        "require('lib/../main')",
        "package.loadlib('x', 'y')",
        "getfenv(0).x = 1",
        "setfenv(1, {})",
        "newproxy(true)",
        "collectgarbage('stop')",
        "string.dump(function() end)",
        "ffi.C.system('true')",
        "getmetatable('').__index.find = nil",
        "string.find = function() end",
        "http.get = function() end",
        "rawset(http, 'get', nil)",
        "http.put('https://mine.test/')",
        "emit({ key = 1, url = 'https://files.test/', path = '../../x' })",
        "error(setmetatable({}, { __tostring = function() while true do end end }))",
        "error(string.rep('\\27[31m', 100))",
        "error(nil)",
    ]);
}

#[test]
fn endless_items_are_stopped() {
    let site = Site::start();
    let script = "return { extract = function()\nfor i = 1, 1e9 do emit({ key = i, url = 'https://files.test/' .. i }) end\nend }";
    let done = call(&site, MANIFEST, script).args(["-s"]).run().fails(3);
    let said = "mine/main.luau:2: it emits more than 1000 entries";
    assert!(done.stderr.contains(said), "{}", done.stderr);
}
