//! Properties that hold for every name, whatever a site sends.

use std::sync::Arc;

use proptest::prelude::*;
use unicode_normalization::is_nfc;

use super::disposition::file_name;
use super::extension::{extension, split};
use super::safe::{ROOM, component, fold};
use super::sniff::sniff;
use super::{Planned, Template, address};
use crate::model::{Album, Body, Item, Meta, Request};

/// Generates text made mostly of what is dangerous in a name.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        3 => "[a-zA-Z0-9 ._-]{0,8}",
        2 => prop::sample::select(vec![
            "..", "/", "\\", "../", "CON", "nul", "com¹", "lpt9", "desktop.ini", "-journal", "-WAL", "-shm",
            "~", "-", ".", " ", "\0", "\n", "\u{1b}[2J",
            "\u{202e}", "\u{200d}", "\u{feff}", "e\u{301}", "\u{301}", "\u{1100}\u{1161}", "👩\u{200d}🚀", "👍🏽", "ﬀ", "ß", "İ",
            ".exe", ".tar.gz", ":", "*", "?", "<", "|", "\"", "%2f", "\u{85}", "\u{2028}", "\u{ffff}", "日本語", "{", "}", "{title}",
        ]).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => ("[a-z語é]", 1..400usize).prop_map(|(part, count)| part.repeat(count)),
    ];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

fn item() -> impl Strategy<Value = Item> {
    let ext = prop::option::of(prop_oneof![
        text(),
        Just("jpg".to_owned()),
        Just("exe".to_owned())
    ]);
    let album = prop::option::of((
        text(),
        prop::option::of(text()),
        prop::option::of(any::<u64>()),
    ));
    let fields = (
        text(),
        prop::option::of(text()),
        prop::option::of(text()),
        ext,
        album,
        prop::option::of(any::<u64>()),
    );
    fields.prop_map(|(key, name, title, ext, album, number)| {
        let url = format!("https://example.com/{}", key.replace(['?', '#'], ""))
            .parse()
            .ok();
        let album = album.map(|(id, title, count)| Arc::new(Album { id, title, count }));
        Item {
            source: "test".to_owned(),
            key,
            meta: Meta {
                name,
                title,
                ext,
                album,
                number,
                ..Meta::default()
            },
            body: url.map_or(Body::Later, |url| Body::File(Request::new(url))),
        }
    })
}

/// Asserts everything that is guaranteed for a component.
fn assert_safe(name: &str) {
    assert!(!name.is_empty(), "empty");
    assert!(name.len() <= ROOM, "{} bytes: {name:?}", name.len());
    assert!(
        !name.contains(['/', '\\', ':', '<', '>', '"', '|', '?', '*']),
        "{name:?}"
    );
    assert!(!name.chars().any(char::is_control), "{name:?}");
    let hidden = [
        '\u{ad}', '\u{200b}', '\u{200e}', '\u{202e}', '\u{2066}', '\u{feff}',
    ];
    assert!(!name.contains(hidden), "{name:?}");
    assert!(
        !name.starts_with(['.', '-', ' ', '~']) && !name.ends_with(['.', ' ']),
        "{name:?}"
    );
    assert!(is_nfc(name), "{name:?}");
    assert!(!super::safe::reserved(name), "{name:?}");
    assert_eq!(component(name, ROOM), name, "not settled");
}

fn assert_planned(planned: &Planned, ext: Option<&str>) {
    planned.folder.iter().for_each(|name| assert_safe(name));
    assert_safe(&planned.stem);
    let mut names: Vec<String> = [1, 2, 99, u32::MAX]
        .map(|copy| planned.file_name(ext, copy))
        .into();
    names.iter().for_each(|name| assert_safe(name));
    names.iter_mut().for_each(|name| *name = fold(name));
    names.dedup();
    assert_eq!(names.len(), 4, "copies of one name: {names:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn components_are_safe_settled_and_fit(text in text(), room in 0..300usize) {
        let name = component(&text, room);
        prop_assert!(name.len() <= room);
        prop_assert_eq!(&component(&name, room), &name);
        prop_assert_eq!(component(&text, room), name);
        let name = component(&text, ROOM);
        if !name.is_empty() {
            assert_safe(&name);
        }
    }

    #[test]
    fn folding_is_settled_and_knows_case_and_normalisation(text in text()) {
        use unicode_normalization::UnicodeNormalization;
        let folded = fold(&text);
        prop_assert_eq!(&fold(&folded), &folded);
        prop_assert_eq!(&fold(&text.nfd().collect::<String>()), &folded);
        prop_assert_eq!(fold(&text.to_ascii_uppercase()), folded);
    }

    #[test]
    fn default_plans_stay_in_the_folder(item in item(), ext in prop::option::of(text())) {
        let planned = Template::default_for(&item).plan(&item).unwrap();
        prop_assert_eq!(&Template::default_for(&item).plan(&item).unwrap(), &planned);
        assert_planned(&planned, ext.as_deref());
    }

    #[test]
    fn values_never_separate_folders(item in item()) {
        for template in ["{title}/{name}/{key}{title}.{ext}", "{album}{key}", "a/{title}.JPG", "{ext}.{title}.{ext or key}"] {
            let template: Template = template.parse().unwrap();
            let planned = template.plan(&item).unwrap();
            prop_assert!(planned.folder.len() <= template.to_string().matches('/').count());
            assert_planned(&planned, planned.ext.as_deref());
        }
    }

    #[test]
    fn any_template_is_refused_or_plans_safely(source in text(), item in item()) {
        if let Ok(template) = source.parse::<Template>() && let Ok(planned) = template.plan(&item) {
            assert_planned(&planned, planned.ext.as_deref());
        }
    }

    #[test]
    fn names_of_headers_and_urls_hold_no_separator(header in prop::collection::vec(any::<u8>(), 0..60), text in text()) {
        let written = format!("attachment; filename=\"{text}\"; filename*=UTF-8''{text}");
        let bare = format!("attachment; filename={text}");
        for header in [&header[..], written.as_bytes(), bare.as_bytes()] {
            if let Some(name) = file_name(header) {
                prop_assert!(!name.contains(['/', '\\']) && name != ".." && name != "." && !name.is_empty());
            }
        }
        if let Ok(url) = format!("https://example.com/{text}").parse() {
            let (stem, ext) = address::from_url(&url);
            prop_assert!(!stem.unwrap_or_default().contains(['/', '\\']));
            prop_assert!(ext.is_none_or(|ext| ext.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')));
        }
    }

    #[test]
    fn splitting_loses_nothing(name in text()) {
        let (stem, ext) = split(&name);
        let whole = ext.map_or(stem.to_owned(), |ext| format!("{stem}.{ext}"));
        prop_assert!(whole.eq_ignore_ascii_case(&name));
    }

    #[test]
    fn extensions_are_plain_words(head in prop::collection::vec(any::<u8>(), 0..600), kind in text(), named in text()) {
        let sniff = sniff(&head);
        if let Some(ext) = extension(&sniff, Some(&kind), Some(&named)) {
            prop_assert!(super::extension::usable(&ext).as_deref() == Some(&ext), "{}", ext);
        }
        // Bytes that are a picture are never named as a program.
        let picture = super::sniff::sniff(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
        let ext = extension(&picture, Some(&kind), Some(&named)).unwrap();
        prop_assert!(ext == "png" || ext == "apng", "{}", ext);
    }
}
