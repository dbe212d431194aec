use super::*;

#[test]
fn list_punctuation_is_not_part_of_a_link() {
    let table = [
        ("[", vec![]),
        ("],", vec![]),
        ("; a comment", vec![]),
        ("] https://a.org/1", vec![]),
        ("  \"https://a.org/1\",", vec!["https://a.org/1"]),
        ("{\"url\": \"https://a.org/1\"},", vec!["https://a.org/1"]),
        ("https://a.org/1,", vec!["https://a.org/1"]),
        (
            "https://a.org/1; https://a.org/2;",
            vec!["https://a.org/1", "https://a.org/2"],
        ),
    ];
    for (text, expected) in table {
        let links: Vec<_> = line(text)
            .unwrap()
            .into_iter()
            .map(|one| one.link)
            .collect();
        assert_eq!(links, expected, "{text}");
    }
}

#[test]
fn list_lines_are_split_into_link_and_options() {
    let link = "https://a.org/1";
    let table: [(&str, &[(&str, &str)]); 10] = [
        ("https://a.org/1", &[]),
        ("https://a.org/1 # items=3", &[]),
        ("https://a.org/1\titems=3", &[("items", "3")]),
        (
            "https://a.org/1  items=1-5,8   directory='My cats' # mine",
            &[("items", "1-5,8"), ("directory", "My cats")],
        ),
        (
            r#"https://a.org/1 filter="ext == 'jpg'" template={key}.{ext}"#,
            &[("filter", "ext == 'jpg'"), ("template", "{key}.{ext}")],
        ),
        (
            "https://a.org/1 filter=width>=3 items=",
            &[("filter", "width>=3"), ("items", "")],
        ),
        ("https://a.org/1 filter='a # b'", &[("filter", "a # b")]),
        (
            r#"{"url": "https://a.org/1", "items": "3", "title": "x", "filter": null}"#,
            &[("items", "3")],
        ),
        // Other keys that programs write for a link.
        (
            r#"{"url": "https://a.org/1", "item": "One", "id": 1, "filters": [], "size": "3"}"#,
            &[],
        ),
        (
            r#"{"url": " https://a.org/1 ", "directory": "a b"}"#,
            &[("directory", "a b")],
        ),
    ];
    for (text, options) in table {
        let listed = &line(text).unwrap()[0];
        assert_eq!(listed.link, link, "{text}");
        let found: Vec<_> = listed
            .options
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        assert_eq!(found, options, "{text}");
    }
    assert_eq!(line("  # nothing").unwrap(), []);
}

#[test]
fn finds_where_links_end() {
    let (one, two) = ("https://a.org/1", "https://b.org/2");
    let table: [(&str, &[&str]); 22] = [
        ("https://a.org/my file.jpg", &["https://a.org/my file.jpg"]),
        (
            "https://a.org/my file.jpg # x",
            &["https://a.org/my file.jpg"],
        ),
        (
            "https://a.org/?u=http://b.org/x y",
            &["https://a.org/?u=http://b.org/x y"],
        ),
        ("https://a.org/1\tSome title", &[one]),
        ("https://a.org/1 \tA = title # x", &[one]),
        ("https://a.org/1\ttitle of https://b.org/2", &[one]),
        ("https://a.org/1\thttps://b.org/2", &[one, two]),
        ("https://a.org/1\tOne\thttps://b.org/2\tTwo", &[one, two]),
        ("https://a.org/1 https://b.org/2", &[one, two]),
        ("https://a.org/1, https://b.org/2", &[one, two]),
        (
            "https://a.org/1 items=3 https://b.org/2 items=4",
            &[one, two],
        ),
        ("\"https://a.org/1\"", &[one]),
        ("\"https://a.org/1\",", &[one]),
        ("'https://a.org/1' items=1 # x", &[one]),
        (r#""https:\/\/a.org\/1""#, &[one]),
        ("\"https://a.org/1\",\"https://b.org/2\"", &[one, two]),
        ("\"https://a.org/1\" Some title", &[one]),
        ("<https://a.org/1>", &[one]),
        ("<https://a.org/1> <https://b.org/2>", &[one, two]),
        ("https://a.org/1 <https://b.org/2>", &[one, two]),
        ("https://a.org/1 # https://b.org/2", &[one]),
        ("\"\"", &[""]),
    ];
    for (text, expected) in table {
        let links = line(text).unwrap();
        let links: Vec<_> = links.iter().map(|listed| listed.link.as_str()).collect();
        assert_eq!(links, expected, "{text}");
    }
    let spaced = line("https://a.org/my file.jpg items=3 directory='a b'").unwrap();
    assert_eq!(spaced[0].link, "https://a.org/my file.jpg");
    let options = [("items", "3"), ("directory", "a b")];
    let options = options.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(spaced[0].options, options);
    let two = line("https://a.org/1\titems=3\tOne\thttps://b.org/2").unwrap();
    assert_eq!(two[0].options, [("items".to_owned(), "3".to_owned())]);
    assert_eq!(two[1].options, []);
}

#[test]
fn names_what_is_wrong_with_a_line() {
    let registry = crate::plugins::all(&Default::default()).unwrap();
    let table = [
        (
            "a.org item=3",
            "a link has no option `item`",
            "did you mean `items`?",
        ),
        (
            "a.org colour=red",
            "a link has no option `colour`",
            "the options are `directory`, `template`, `items`, `filter`",
        ),
        (
            "a.org items=x",
            "`x` is not a range of positions: not a number",
            "write positions from 1 as in `1-5,8,20-`; `-3` is `1-3`",
        ),
        (
            "a.org items=3 4",
            "`4` is not `key=value`",
            "put a value with spaces in quotes",
        ),
        (
            "https://a.org/1 and https://b.org/2?sig=3",
            "the text between its links is not `key=value`",
            "write one link per line, and a title after a TAB",
        ),
        ("<https://a.org/1", "the link has no `>` at its end", ""),
        (
            "'https://a.org/1'2",
            "there is no space after the `'` of the link",
            "",
        ),
        (
            "| https://a.org/1",
            "`|` marks another URL of the file before it",
            "`gallery-dl -g` prints such lines; leave them out",
        ),
        (
            r#"["https://a.org/1", "https://a.org/2"]"#,
            "it is a JSON array, but each line is read by itself",
            "`jq -c '.[]' FILE | fetch -i -` turns it into one per line",
        ),
        (
            "a.org\tsize=3MB",
            "a link has no option `size`",
            "the options are `directory`, `template`, `items`, `filter`",
        ),
        ("a.org filter='x", "the quote of `filter` is not closed", ""),
        (
            "a.org filter='x'y",
            "there is no space after the quote of `filter`",
            "",
        ),
        (
            "a.org directory=../x",
            "`../x` is not a folder below the output directory",
            "",
        ),
        (
            "a.org directory=/x",
            "`/x` is not a folder below the output directory",
            "",
        ),
        (
            "a.org directory=a/nul",
            "`nul` cannot be the name of a folder on every system",
            "`_nul` can",
        ),
        (
            r#"{"url": "a.org", "item": "1"}"#,
            "a link has no option `item`",
            "did you mean `items`?",
        ),
        (
            r#"{"url": "a.org", "items": 3}"#,
            "it is not a JSON object with `url`",
            "",
        ),
    ];
    for (text, message, hint) in table {
        let read = |links: Vec<Listed>| {
            let mut links = links.into_iter();
            links.try_for_each(|listed| listed.read(&registry).map(drop))
        };
        let error = line(text).and_then(read).unwrap_err();
        assert_eq!(error.message, message, "{text}");
        assert_eq!(error.hint.as_deref().unwrap_or(""), hint, "{text}");
    }
}
