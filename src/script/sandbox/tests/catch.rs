//! What a script gets when it catches an error.

use super::run;

#[test]
fn who_catches_an_error_has_its_text() {
    let caught = "`x` is not a URL: relative URL without a base";
    for code in [
        "local _, why = pcall(url.parse, 'x') return why",
        "local _, why = pcall(url.parse, 'x') return '' .. why",
        "local _, why = xpcall(url.parse, function(why) return `{why}` end, 'x') return why",
        "local _, why = coroutine.resume(coroutine.create(url.parse), 'x') return why",
        "local _, why = pcall(url.parse, 'x') _, why = pcall(error, why, 0) return why",
    ] {
        assert_eq!(run(code).as_deref(), Ok(caught), "{code}");
    }
    for (code, expected) in [
        ("return select(2, pcall(error, 'x', 0))", "x"),
        ("return select(2, pcall(error, { x = 'y' })).x", "y"),
        (
            "return select(2, pcall(function() error('x') end))",
            "test/main.luau:1: x",
        ),
        ("return select(2, pcall(function() error('x', 0) end))", "x"),
        (
            "return select('#', pcall(function() return 1, nil, nil end))",
            "4",
        ),
        (
            "return select(2, pcall(function() http.get(true) end))",
            "argument 1 is boolean, not string or number",
        ),
        (
            "local co = coroutine.wrap(function() return pcall(coroutine.yield, 1) end) return co()",
            "1",
        ),
    ] {
        assert_eq!(run(code).as_deref(), Ok(expected), "{code}");
    }
}

#[test]
fn coroutine_errors_are_text_too() {
    for code in [
        "local c = coroutine.create(url.parse) coroutine.resume(c, 'x') return select(2, coroutine.close(c))",
        "local c = coroutine.create(function() error('`x` is not a URL: relative URL without a base', 0) end) \
         coroutine.resume(c) return select(2, coroutine.close(c))",
    ] {
        let expected = "`x` is not a URL: relative URL without a base";
        assert_eq!(run(code).as_deref(), Ok(expected), "{code}");
        let code = code.replace("return ", "return type(") + ")";
        assert_eq!(run(&code).as_deref(), Ok("string"), "{code}");
    }
    let well = "local c = coroutine.create(function() end) return coroutine.close(c)";
    assert_eq!(run(well).as_deref(), Ok("true"));
}

#[test]
fn script_texts_are_truncated_in_errors() {
    // Error texts are outside the VM and its limit.
    for call in [
        "fail, LONG, 'x'",
        "fail, 'missing', LONG",
        "require, LONG",
        "emit, { [LONG] = 1 }",
        "emit, { key = 1, url = 'https://a.org/', headers = { [LONG] = 'x' } }",
        "delegate, 'https://a.org/', { [LONG] = 1 }",
        "http.get, LONG",
        "http.get, 'https://a.org/', { [LONG] = 1 }",
        "http.get, 'https://a.org/', { query = { [LONG] = true } }",
        "html.parse, LONG, { }",
        "re.match, 'a', LONG",
        "re.match, 'a', '(' .. LONG",
        "js.object, 'x = ' .. LONG, 'x'",
        "json.decode, LONG",
        "json.encode, { [LONG] = print }",
        "time.parse, LONG, {}",
    ] {
        let call = call.replace("LONG", "string.rep('\\1', 1000000)");
        let told = run(&format!("return select(2, pcall({call}))")).unwrap();
        assert!(told.len() <= 8_000, "{call}: {}", told.len());
    }
}

#[test]
fn an_overlong_pattern_is_refused_before_parsing() {
    let said = "cannot use the pattern: it is longer than 4096 bytes";
    for pattern in ["'.', 5000", "'(?:a)?', 800", "'(', 5000"] {
        let told = run(&format!("re.match('a', string.rep({pattern}))")).unwrap_err();
        assert!(told.contains(said), "{pattern}: {told}");
    }
    let code = "return re.match('caf\\233 42', '[0-9]+')[0]";
    assert_eq!(run(code).as_deref(), Ok("42"));
    let code = "return re.match('a', '^' .. string.rep('(?:a)?', 600))[0]";
    assert_eq!(run(code).as_deref(), Ok("a"));
}
