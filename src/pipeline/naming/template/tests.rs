use super::*;
use crate::model::{Album, Body, Request};

fn item(change: impl FnOnce(&mut Item)) -> Item {
    let mut item = sample::bare();
    change(&mut item);
    item
}

fn path(template: &str, item: &Item) -> String {
    let planned = template.parse::<Template>().unwrap().plan(item).unwrap();
    let name = planned.file_name(planned.ext.as_deref(), 1);
    planned
        .folder
        .iter()
        .chain([&name])
        .cloned()
        .collect::<Vec<_>>()
        .join("/")
}

fn default(item: &Item) -> String {
    path(&Template::default_for(item).to_string(), item)
}

#[test]
fn a_direct_file_keeps_its_name() {
    let direct = |key: &str, name: Option<&str>| {
        item(|item| {
            item.key = key.to_owned();
            item.meta.name = name.map(str::to_owned);
            item.body = Body::File(Request::new(key.parse().unwrap()));
        })
    };
    let table = [
        ("https://example.com/a/cat.jpg", Some("cat"), "cat.jpg"),
        ("https://example.com/a/cat.jpg", None, "cat.jpg"),
        ("https://example.com/goat.tar.gz", None, "goat.tar.gz"),
        ("https://example.com/a/cat", Some("cat"), "cat"),
        ("https://example.com/", None, "example.com"),
        ("https://example.com/..%2f..%2fcat.png", None, "cat.png"),
        ("https://example.com/.bashrc", None, "bashrc"),
    ];
    for (key, name, expected) in table {
        assert_eq!(default(&direct(key, name)), expected, "{key}");
    }
}

#[test]
fn an_item_of_an_album_gets_a_folder_and_a_number() {
    let album = |title: Option<&str>, count| {
        let title = title.map(str::to_owned);
        move |item: &mut Item| {
            item.source = "imgur".to_owned();
            item.meta.album = Some(Arc::new(Album {
                id: "q6i58".to_owned(),
                title,
                count,
            }));
            item.meta.number = Some(7);
            item.meta.ext = Some("JPG".to_owned());
        }
    };
    let titled = |title: &str| {
        let title = title.to_owned();
        item(|item| {
            album(Some("Holiday"), Some(12))(item);
            item.meta.title = Some(title);
        })
    };
    assert_eq!(
        default(&item(album(Some("Holiday"), Some(12)))),
        "imgur/Holiday q6i58/007 key.jpg"
    );
    assert_eq!(default(&item(album(None, None))), "imgur/q6i58/007 key.jpg");
    assert_eq!(
        default(&item(album(Some(" "), Some(12345)))),
        "imgur/q6i58/00007 key.jpg"
    );
    assert_eq!(
        default(&titled("At the sea")),
        "imgur/Holiday q6i58/007 At the sea.jpg"
    );
    assert_eq!(
        default(&titled("IMG_1.jpeg")),
        "imgur/Holiday q6i58/007 IMG_1.jpg"
    );
    assert_eq!(
        default(&titled("../../a/b")),
        "imgur/Holiday q6i58/007 .._.._a_b.jpg"
    );
    assert_eq!(default(&titled("")), "imgur/Holiday q6i58/007 key.jpg");
    let long = item(album(Some(&"long ".repeat(80)), None));
    assert!(default(&long).contains("long q6i58/"), "{}", default(&long));
}

#[test]
fn site_names_in_titles_are_not_repeated() {
    let called = |title: &str, id: &str| {
        let path = default(&item(|item| {
            item.source = "page".to_owned();
            item.meta.album = Some(Arc::new(Album {
                id: format!("https://x.org/2024/{id}/"),
                title: Some(title.to_owned()),
                count: None,
            }));
        }));
        path.split('/').nth(1).unwrap().to_owned()
    };
    for (title, id) in [
        ("A morning at sea – Salt & Rope", "a-morning-at-sea"),
        ("A morning at sea | Salt", "a-morning-at-sea"),
        ("A morning - at sea - Salt", "a-morning-at-sea"),
        ("Salt · A morning at sea", "a-morning-at-sea"),
        ("Well-kept boats :: Salt - Rope", "well-kept-boats"),
        ("A morning at sea", "a-morning-at-sea"),
        ("Abba - Live", "Live"),
    ] {
        let safe = title.replace(['|', ':'], "_");
        assert_eq!(called(title, id), safe, "{title}");
    }
    for (title, id) in [
        ("A morning at sea – Salt", "a-morning"),
        ("A morning at sea – Salt", "sea"),
        ("A morning-at sea", "morning"),
        ("Cats –", "dogs"),
        ("Cats – ?", "!"),
    ] {
        assert_eq!(
            called(title, id).replace('_', "?"),
            format!("{title} {id}"),
            "{title}"
        );
    }
}

#[test]
fn templates_say_what_they_look_like() {
    let item = item(|item| {
        *item = sample::full();
        item.meta.title = Some("A/B".to_owned());
        item.meta.extra.insert("likes".to_owned(), 12.into());
        item.meta
            .extra
            .insert("user".to_owned(), serde_json::json!({"name": "x"}));
    });
    let table = [
        ("{title}.{ext}", "A_B.jpg"),
        ("{title}", "A_B.jpg"),
        ("{ title | upper }.png", "A_B.png"),
        ("{title}.{ext or 'bin'}", "A_B.jpg"),
        ("{key}.{ 'png' if ext == 'jpg' else ext }", "key.png.jpg"),
        ("{author or 'nobody'}/{key}.{ext}", "author/key.jpg"),
        (
            "{% if author %}{author}/{% endif %}{key}.{ext}",
            "author/key.jpg",
        ),
        (
            "{date | date('%Y')}/{date | date}.{ext}",
            "1970/1970-01-01.jpg",
        ),
        ("{date | date('%Y/%m')}.{ext}", "1970_01.jpg"),
        ("{number | pad(4)}.{ext}", "0001.jpg"),
        ("{number | pad(1, album_count)}.{ext}", "1.jpg"),
        ("{title ~ '/' ~ key}.{ext}", "A_B_key.jpg"),
        ("{title | replace('/', '-')}.{ext}", "A-B.jpg"),
        ("{description | cut(4)}.{ext}", "desc.jpg"),
        (
            "It's {description[:4]} {key[-2:]}.{ext}",
            "It's desc ey.jpg",
        ),
        (
            "{% if author[:2] == 'au' %}{key[::-1]}{% endif %}.{ext}",
            "yek.jpg",
        ),
        (
            "{description[:number]}{extra.user.name[:1]}.{ext}",
            "dx.jpg",
        ),
        ("{key}.{'png' if ext[:2] == 'jp' else ext}", "key.png.jpg"),
        ("{'日本語' | truncate(7)}.{ext}", "日本.jpg"),
        ("{title ~ ' (Ünder) C!' | slug}.{ext}", "A_Bünder-c.jpg"),
        ("{(title ~ ' (Ünder) C!') | slug}.{ext}", "a-b-ünder-c.jpg"),
        ("{('!?' | slug) or key}.{ext}", "key.jpg"),
        ("{author | default('nobody') | upper}.{ext}", "AUTHOR.jpg"),
        ("{kind}/{size}.{ext}", "image/100000.jpg"),
        (
            "{'wide' if width > height else 'high'}/{key}.{ext}",
            "wide/key.jpg",
        ),
        ("{author ~ ' - ' if author}{key}.{ext}", "author - key.jpg"),
        ("{width}x{height} {host}.{ext}", "640x480 example.com.jpg"),
        (
            "{album}/{album_title}/{album_id}/{album_count}.{ext}",
            "album id/album/id/2.jpg",
        ),
        (
            "{extra.likes}{extra.none}{extra.user.name}{extra.no.name}.{ext}",
            "12x.jpg",
        ),
        ("{extra.none or key}.{ext}", "key.jpg"),
        ("{url}.{ext}", "https___example.com_a.jpg"),
        ("./{key}//{key}.{ext}", "key/key.jpg"),
        ("{# a comment #}{key}.tar.gz", "key.tar.gz"),
        ("{'{'}{key}{'}'}.{ext}", "{key}.jpg"),
    ];
    for (template, expected) in table {
        assert_eq!(path(template, &item), expected, "{template}");
    }
}

#[test]
fn missing_template_fields_print_nothing() {
    let table = [
        ("{author}/{title or key}.{ext}", "key"),
        ("{author}{title}.{ext}", "key"),
        (
            "{date | date('%Y')}/{number | pad(3)}{title | cut(3)}x.{ext}",
            "x",
        ),
        ("{% if author is none %}none{% endif %}.jpg", "none.jpg"),
        ("{author | default('nobody')}.{ext}", "nobody"),
        (
            "{author ~ ' - ' if author}{key | slug}{title | slug}",
            "key",
        ),
        ("ext", "ext"),
        (".{author}./{key}", "key"),
        (
            "{author | upper}{author | lower}{author | title}{key}",
            "key",
        ),
        (
            "{author | replace('a', 'b')}{author | cut(3) | upper}{key}",
            "key",
        ),
        ("{title}.{ext or 'bin'}", "key.bin"),
        ("{title[:50]}{title[:50] | upper}{key}", "key"),
        ("{title[:50] or key}", "key"),
        ("{title | int}{title | float}{width | int}{key}", "key"),
        ("{title | int or key}", "key"),
    ];
    for (template, expected) in table {
        assert_eq!(path(template, &sample::bare()), expected, "{template}");
    }
    let template: Template = "{width * height}.{ext}".parse().unwrap();
    let error = template.plan(&sample::bare()).unwrap_err();
    assert_eq!(error.kind, Kind::Config);
    assert!(
        error
            .message
            .starts_with("cannot name `key` with the path template `{width * height}.{ext}`: "),
        "{error}"
    );
}

#[test]
fn a_wrong_template_is_refused_with_the_reason() {
    let table = [
        ("", "the path template is empty"),
        ("  ", "the path template is empty"),
        ("-", "it does not name a file"),
        (" - ", "it does not name a file"),
        ("/tmp/{key}", "it starts with `/`"),
        ("~/pics/{key}.{ext}", "it starts with `~/`"),
        ("%(title)s.%(ext)s", "its fields are not in braces"),
        ("../{key}", "`..` leads out of the output directory"),
        ("a/{key}/ .. /b", "`..` leads out of the output directory"),
        ("{album}/", "it names a folder, not a file"),
        ("{album}\\{key}", "`\\` does not separate folders"),
        ("{title", "`{` is never closed"),
        ("{% if x", "`{%` is never closed"),
        ("{# x", "`{#` is never closed"),
        ("title}", "`}` has no matching `{`"),
        ("{{title}}", "there is a brace inside braces"),
        ("{}", "`{}` names no field"),
        ("{% if title %}x", "unexpected end of input"),
        ("{title or}", "unexpected"),
        ("{tilte}", "there is no field `tilte`"),
        ("{tilte[:50]}.{ext}", "there is no field `tilte`"),
        ("{title[:widht]}.{ext}", "there is no field `widht`"),
        ("{number[:2]}.{ext}", "cannot be sliced"),
        ("{range(3)}", "there is no field `range`"),
        ("{title | shout}", "filter shout is unknown"),
        ("{title}.{ext | shout}", "filter shout is unknown"),
        ("{title is shouted}", "test shouted is unknown"),
        ("{date | date('%!')}", "cannot format a date as `%!`"),
        ("{title | date}", "`title` is not a date"),
    ];
    for (template, expected) in table {
        let error = template.parse::<Template>().unwrap_err();
        assert_eq!(error.kind, Kind::Config, "{template}");
        assert!(error.message.contains(expected), "{template}: {error}");
        assert!(!error.message.contains('\n'), "{template}: {error}");
    }
}

#[test]
fn numeric_texts_are_numbers_per_item() {
    let mut item = sample::full();
    item.meta.title = Some("T12".to_owned());
    for (template, expected) in [
        ("{title | replace('T', '') | int}.{ext}", "12.jpg"),
        ("{title[1:] | int | pad(4)}.{ext}", "0012.jpg"),
        ("{(title[1:] | float) + 0.5}.{ext}", "12.5.jpg"),
    ] {
        assert_eq!(path(template, &item), expected, "{template}");
    }
    let template: Template = "{title | int}.{ext}".parse().unwrap();
    let error = template.plan(&item).unwrap_err();
    assert!(error.message.ends_with("`T12` is not a number"), "{error}");
    assert_eq!(error.hint, None);
    // What follows it is tried out, too.
    let error = "{key | int | shout}".parse::<Template>().unwrap_err();
    assert!(error.message.contains("filter shout is unknown"), "{error}");
}

#[test]
fn shows_its_own_text() {
    let template: Template = "{title or key}.{ext}".parse().unwrap();
    assert_eq!(template.to_string(), "{title or key}.{ext}");
    assert_eq!(
        format!("{template:?}"),
        "Template(\"{title or key}.{ext}\")"
    );
}
