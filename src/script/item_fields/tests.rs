//! Tables of items, as scripts emit them.

use super::*;

fn read(code: &str) -> Result<ItemFields, String> {
    let lua = Lua::new();
    let table: Table = lua.load(code).eval().unwrap();
    ItemFields::read(&lua, &table).map_err(|error| error.to_string())
}

#[test]
fn every_field_is_read() {
    let fields = read(
        "{ key = 7, url = 'https://a.org/', mirrors = { 'b', 'c' }, headers = { Referer = 'r' }, kind = 'image', \
         stream = 'hls', size = 12, expires = 1, sha1 = string.rep('Ab', 20), md5 = string.rep('0', 32), name = 'n', ext = 'jpg', \
         title = 't', description = 'd', author = 'w', date = 0.5, album = { id = 1.5, title = 'a', count = 3 }, \
         number = 2, width = 640, height = -1, page = 'https://a.org/p', meta = { a = { 1, { b = true } }, c = {}, d = 0.5 } }",
    )
    .unwrap();
    assert_eq!(fields.key, "7");
    assert_eq!(fields.url.as_deref(), Some("https://a.org/"));
    assert_eq!(fields.mirrors, ["b", "c"]);
    assert_eq!(fields.headers["Referer"], "r");
    assert_eq!(fields.kind, Some(Medium::Image));
    assert!(matches!(fields.stream, Some(Form::Hls)));
    assert_eq!(fields.size, Some(12));
    assert_eq!(fields.expires, Some(Timestamp::from_second(1).unwrap()));
    let digests = [Digest::Md5("0".repeat(32)), Digest::Sha1("ab".repeat(20))];
    assert_eq!(fields.digests, digests);
    let told = serde_json::json!({
        "name": "n", "ext": "jpg", "title": "t", "description": "d", "author": "w",
        "date": "1970-01-01T00:00:00.5Z", "album": { "id": "1.5", "title": "a", "count": 3 },
        "number": 2, "width": 640, "page": "https://a.org/p",
        "extra": { "a": [1, { "b": true }], "c": {}, "d": 0.5 },
    });
    assert_eq!(serde_json::to_value(&fields.meta).unwrap(), told);
}

#[test]
fn what_is_of_no_use_is_left_out_and_told() {
    let fields = read(
        "{ size = -1, number = 0 / 0, date = 0 / 0, width = 1e12, page = 'x', mirrors = {}, meta = { n = 0 / 0 } }",
    );
    let fields = fields.unwrap();
    assert_eq!(fields.size, None);
    let mut told = fields.left_out;
    told.sort();
    let told: Vec<_> = told
        .iter()
        .map(|(name, why)| format!("{name} {why}"))
        .collect();
    let told_of = [
        "date `NaN` is not a valid time",
        "number `NaN` is not a whole number, or out of range",
        "page `x` is not a URL",
        "size `-1` is not a whole number, or out of range",
        "width `1000000000000` is not a whole number, or out of range",
    ];
    assert_eq!(told, told_of);
    for field in [
        "number = 1.5",
        "size = 1e30",
        "width = -5",
        "album = { id = 1, count = 0.5 }",
    ] {
        let left_out = read(&format!("{{ {field} }}")).unwrap().left_out;
        assert_eq!(left_out.len(), 1, "{field}");
    }
    assert_eq!(read("{ width = 5.0, size = 0 }").unwrap().left_out, []);
    let told = serde_json::json!({ "extra": { "n": null } });
    assert_eq!(serde_json::to_value(&fields.meta).unwrap(), told);
    let fields = read("{ date = '2020-02-03T00:00:00Z' }").unwrap();
    assert_eq!(fields.meta.date.unwrap().as_second(), 1_580_688_000);
    let fields = read("{ date = 'soon' }").unwrap();
    assert_eq!(fields.meta.date, None);
    let told = ("date".to_owned(), "`soon` is not a date".to_owned());
    assert_eq!(fields.left_out, [told]);
    let fields = read("{ date = '2020-02-03', expires = '1700000000123' }").unwrap();
    assert_eq!(fields.meta.date.unwrap().as_second(), 1_580_688_000);
    assert_eq!(fields.expires.unwrap().as_millisecond(), 1_700_000_000_123);
    assert_eq!(fields.left_out, []);
}

#[test]
fn words_that_cannot_be_read_cost_no_item() {
    let lua = Lua::new();
    let fields = read(
        "{ key = 1, title = 'caf\\233', author = '\\255', page = '\\255', date = '\\255', album = { id = 1, title = '\\255' } }",
    )
    .unwrap();
    assert_eq!(fields.meta.title, None);
    assert_eq!(fields.meta.album.unwrap().title, None);
    let mut told = fields.left_out;
    told.sort();
    let is_so = told.iter().all(|(_, why)| why == "it is not UTF-8");
    assert!(told.len() == 5 && is_so, "{told:?}");
    for code in [
        "{ key = '\\255', url = 'x' }",
        "{ key = 'x', url = '\\255' }",
        "{ key = 'x', url = 'x', album = { id = '\\255' } }",
        "{ key = 'x', url = 'x', meta = { a = '\\255' } }",
    ] {
        let table = lua.load(code).eval().unwrap();
        let fields = ItemFields::read_or_bad_data(&lua, &table).unwrap();
        assert!(fields.bad_data.is_some(), "{code}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    let table = [
        ("{ titel = 'x' }", "no field `titel`; there are key, url,"),
        ("{ 'x' }", "no field `1`"),
        ("{ title = 1 }", "`title` is not text"),
        ("{ key = '\\255' }", "`key` is not UTF-8"),
        ("{ width = '1' }", "`width` is not a number"),
        ("{ date = {} }", "`date` is not text"),
        ("{ key = true }", "`key` is not text"),
        ("{ kind = 'picture' }", "`kind` unknown variant `picture`"),
        ("{ md5 = 'x' }", "`md5` does not have 32 hexadecimal digits"),
        ("{ mirrors = { 1 } }", "`mirrors` is not a list of texts"),
        ("{ mirrors = 'x' }", "`mirrors` is not a list of texts"),
        ("{ headers = { a = 1 } }", "`headers` is not text"),
        ("{ album = 'x' }", "`album` is not a table"),
        ("{ album = {} }", "`album` has no `id`"),
        (
            "{ album = { id = 1, x = 1 } }",
            "can only have `id`, `title` and `count`",
        ),
        (
            "{ meta = { 1 } }",
            "`meta` is not a table with named fields",
        ),
        (
            "{ meta = { f = function() end } }",
            "`meta` contains a value that is not data",
        ),
        (
            "{ title = string.rep('x', 65537) }",
            "longer than 65536 bytes",
        ),
        (
            "(function() local t = {} for i = 1, 60 do t = { t, t } end return { meta = { t = t } } end)()",
            "longer than 65536 bytes",
        ),
        (
            "(function() local t = {} t.t = t return { meta = t } end)()",
            "`meta` is too deep",
        ),
    ];
    for (code, expected) in table {
        let said = read(code).err().unwrap_or_default();
        assert!(said.contains(expected), "{code}: {said}");
    }
    let lua = Lua::new();
    let table = lua.load("{ url = 'x' }").eval().unwrap();
    let said = ItemFields::read_link(&lua, &table).unwrap_err().to_string();
    assert!(
        said.contains("no field `url`; there are name, ext,"),
        "{said}"
    );
}
