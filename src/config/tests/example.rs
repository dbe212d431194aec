//! Checks `config.example.toml` against the code, in both directions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::config::EXAMPLE;
use crate::config::all::Config;
use crate::config::known::{self, ANY};
use crate::config::sections::Sections;
use crate::plugins::{feed, imgur, page};

/// Returns the example with every key active, as if somebody had removed all `#` before keys.
pub(super) fn in_force() -> String {
    let lines = EXAMPLE.lines().map(|line| match line.strip_prefix('#') {
        Some(key) if !key.starts_with(' ') => key,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_shows_every_key_with_its_default() {
    let text = in_force();
    let example: Value = toml::from_str(&text).unwrap();
    let mut known = known::keys_of::<Sections>().unwrap();
    let options = known::keys_of::<imgur::Options>().unwrap();
    known.as_object_mut().unwrap().remove("source");
    let host = known["host"].take();
    known.as_object_mut().unwrap().remove("host");
    known["host.example.org"] = host[ANY].clone();
    let job = known["job"].take();
    known.as_object_mut().unwrap().remove("job");
    known["job.example"] = job[ANY].clone();
    for program in ["gallerydl", "ytdlp"] {
        known[format!("extractor.{program}")] = known["extractor"][program].take();
        let extractor = known["extractor"].as_object_mut().unwrap();
        extractor.remove(program);
    }
    known["source.imgur"] = options;
    known["source.feed"] = known::keys_of::<feed::Options>().unwrap();
    known["source.page"] = known::keys_of::<page::Options>().unwrap();
    for (section, keys) in known.as_object().unwrap() {
        let example = &example[section.split('.').next().unwrap()];
        let example = match section.split_once('.') {
            Some((_, name)) => &example[name],
            None => example,
        };
        for (key, default) in keys.as_object().unwrap() {
            let shown = example.get(key);
            assert!(shown.is_some(), "`{section}.{key}` is not in the example");
            // A job inherits what it does not set, so its keys have no defaults to show.
            if !default.is_null() && !section.starts_with("job.") {
                assert_eq!(shown, Some(default), "`{section}.{key}`");
            }
        }
    }
    // No other key is shown, and the values shown are valid.
    let config = Config::from_toml(&text).unwrap();
    config.pipeline().unwrap();
    config.net().unwrap();
    let job = config.job("example").unwrap();
    assert!(job.schedule().is_some() && job.pipeline().unwrap().filter.is_some());
    config.source::<feed::Options>("feed").unwrap();
    config.source::<imgur::Options>("imgur").unwrap();
    config.source::<page::Options>("page").unwrap();
}

#[test]
fn the_example_explains_every_key() {
    let mut before = "";
    for line in EXAMPLE.lines() {
        if line.starts_with('#') && !line.starts_with("# ") && line != "#" {
            assert!(before.starts_with("# "), "`{line}` has no comment");
        }
        before = line;
    }
    let mut empty: BTreeMap<String, Value> = toml::from_str(EXAMPLE).unwrap();
    assert_eq!(
        empty.remove("source"),
        Some(
            json!({ "artic": {}, "bluesky": {}, "feed": {}, "imgur": {}, "internetarchive": {}, "lemmy": {}, "mangadex": {}, "mastodon": {}, "met": {}, "nasa": {}, "page": {}, "reddit": {}, "wallhaven": {}, "wikimedia": {}, "xkcd": {} })
        )
    );
    // There are no entries for tables that the user names.
    assert_eq!(empty.remove("job"), None);
    assert_eq!(
        empty.remove("extractor"),
        Some(json!({ "gallerydl": {}, "ytdlp": {} }))
    );
    assert_eq!(empty.remove("host"), None);
    assert!(empty.values().all(|section| *section == json!({})));
}
