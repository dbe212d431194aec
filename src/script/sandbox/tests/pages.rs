//! What a script finds in a page.

use super::run;

#[test]
fn all_parsed_pages_share_one_memory_limit() {
    let page = "local page = string.rep('<p>x', 60000)";
    let held = format!(
        "{page} local a, b = html.parse(page), html.parse(page) return a:name() .. b:name()"
    );
    let told = run(&held).unwrap_err();
    let said = "the pages that are held have more than 200064 elements or 400000 attributes";
    assert!(told.contains(said), "{told}");
    let attributes = held.replace("'<p>x', 60000", "'<p a b c d e>', 50000");
    assert!(run(&attributes).unwrap_err().contains(said));
    // Pages that are no longer referenced do not count.
    let one_by_one =
        format!("{page} for _ = 1, 4 do html.parse(page) end return html.parse(page):name()");
    assert_eq!(run(&one_by_one).as_deref(), Ok("html"));
    let alone = "return html.parse(string.rep('<p>x', 99000)):name()";
    assert_eq!(run(alone).as_deref(), Ok("html"));
}

#[test]
fn an_address_is_whole_as_the_page_says() {
    let url = |page: &str, of: &str| {
        run(&format!(
            "return html.parse('{page}<a href=x>', {of}):first('a'):url('href')"
        ))
    };
    let table = [
        (
            "<base href=/files/>",
            "'https://a.org/b/c'",
            "https://a.org/files/x",
        ),
        (
            "<base target=_top><base href=d/><base href=/e/>",
            "'https://a.org/b/c'",
            "https://a.org/b/d/x",
        ),
        (
            "<base href=https://b.org/>",
            "'https://a.org/b/c'",
            "https://b.org/x",
        ),
        ("<base href=https://b.org/>", "nil", "https://b.org/x"),
        (
            "<base href=\"javascript:x\">",
            "'https://a.org/b/c'",
            "https://a.org/b/x",
        ),
        (
            "<base href=\"https://[\">",
            "'https://a.org/b/c'",
            "https://a.org/b/x",
        ),
    ];
    for (page, of, expected) in table {
        assert_eq!(url(page, of).as_deref(), Ok(expected), "{page}");
    }
    assert_eq!(url("<base href=/files/>", "nil").as_deref(), Ok("nil"));
}

#[test]
fn what_shows_without_scripts_is_part_of_the_page() {
    let page = "<div><noscript><img src=a></noscript><template><p><img src=b></p></template>\
                <script>x</script><style>y</style>z</div>";
    let table = [
        ("#page:all('noscript img')", "1"),
        ("#page:all('template p img')", "1"),
        ("#page:all('img')", "2"),
        ("page:first('div'):text()", "z"),
        ("page:first('div'):raw()", "xyz"),
        ("page:first('script'):text()", "x"),
    ];
    for (code, expected) in table {
        let told = run(&format!("local page = html.parse('{page}') return {code}"));
        assert_eq!(told.as_deref(), Ok(expected), "{code}");
    }
}
