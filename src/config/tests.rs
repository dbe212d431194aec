//! The layers from end to end, and every mistake with its whole message.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::all::Config;
use super::known;
use super::layer::Flag;
use super::sections::Sections;
use crate::model::{Error, Result};
use crate::net::Secret;
use crate::pipeline::Policy;

fn flag(name: &str, key: &str, value: impl Into<Value>) -> Flag {
    Flag {
        name: name.into(),
        key: key.into(),
        value: value.into(),
    }
}

fn config(
    files: &[(&str, &str)],
    environment: &[(&str, &str)],
    flags: Vec<Flag>,
) -> Result<Config> {
    let files = files
        .iter()
        .map(|(path, text)| (PathBuf::from(path), (*text).to_owned()))
        .collect();
    let environment = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Config::assemble(files, environment, flags)
}

fn told(error: Error) -> String {
    let hint = error.hint.map(|hint| format!("\n{hint}"));
    let message = error.message;
    format!("{message}{}", hint.unwrap_or_default())
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    client_id: Option<Secret>,
    api_key: Secret,
    site: String,
    pages: u32,
    sizes: Vec<String>,
    max_keys: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            client_id: None,
            api_key: Secret::default(),
            site: "https://example.org".into(),
            pages: 7,
            sizes: Vec::new(),
            max_keys: None,
        }
    }
}

#[test]
fn later_layers_win() {
    let low = (
        "low.toml",
        "[net]\nretries = 1\nrate = 1000\nper_host = 1\nca_cert = ['a', 'b']",
    );
    let high = (
        "high.toml",
        "[net]\nretries = 2\nper_host = 2\nca_cert = ['c']\n[output]\nmtime = false",
    );
    let environment = [
        ("FETCH_NET__RETRIES", "3"),
        ("FETCH_NET__PER_HOST", ""),
        ("FETCH_NET__RESOLVE", "x.org:443:127.0.0.1"),
        ("FETCH_ARCHIVE__SKIP", "seen"),
        ("FETCH_HEAD", "not ours"),
    ];
    let flags = vec![
        flag("-S net.rate", "net.rate", "2M"),
        flag("-R", "net.retries", "4"),
        flag("-d", "output.directory", "out"),
    ];
    let config = config(&[low, high], &environment, flags).unwrap();
    let net = config.net().unwrap();
    assert_eq!((net.retries, net.rate, net.per_host), (4, Some(2 << 20), 2));
    assert_eq!(net.ca_cert, [PathBuf::from("c")]);
    assert_eq!(net.resolve[0].host, "x.org");
    assert_eq!(net.connect_timeout, Duration::from_secs(10));
    let pipeline = config.pipeline().unwrap();
    assert_eq!((pipeline.mtime, pipeline.skip), (false, Policy::Seen));
    assert_eq!(pipeline.root, PathBuf::from("out"));
}

#[test]
fn the_default_is_that_of_the_parts() {
    let net = Config::default().net().unwrap();
    assert_eq!(
        format!("{net:?}"),
        format!("{:?}", crate::net::Settings::default())
    );
    let config = Config::from_toml("[archive]\nenabled = false").unwrap();
    let pipeline = config.pipeline().unwrap();
    assert_eq!(
        format!("{pipeline:?}"),
        format!("{:?}", crate::pipeline::Settings::default())
    );
}

#[test]
fn names_the_place_of_every_mistake() {
    let table = [
        (
            "[net]\nretries = 3\nretrys = 4",
            "unknown key `retrys` in `/x/fetch.toml`, line 3, column 1\ndid you mean `retries`?",
        ),
        (
            "[archive]\nwhere = 'x'",
            "unknown key `where` in `/x/fetch.toml`, line 2, column 1\n\
             the keys of `[archive]` are `enabled`, `file`, `skip`",
        ),
        (
            "retries = 3",
            "unknown key `retries` in `/x/fetch.toml`, line 1, column 1\ndid you mean `net.retries`?",
        ),
        (
            "\n[job.mine]",
            "unknown key `job` in `/x/fetch.toml`, line 2, column 2\n\
             the sections are `archive`, `net`, `output`, `source`",
        ),
        (
            "[net]\n  retries = 'many'",
            "wrong value for `net.retries` in `/x/fetch.toml`, line 2, column 3: \
             expected a whole number from 0 to 4294967295",
        ),
        (
            "net.retries = 4294967301",
            "wrong value for `net.retries` in `/x/fetch.toml`, line 1, column 5: \
             expected a whole number from 0 to 4294967295",
        ),
        (
            "net = { connections = 0 }",
            "wrong value for `net.connections` in `/x/fetch.toml`, line 1, column 9: \
             expected a whole number, 1 or more",
        ),
        (
            "net.backoff = 5",
            "wrong value for `net.backoff` in `/x/fetch.toml`, line 1, column 5: \
             expected a duration such as `500ms`, `10s`, `2m` or `1h`",
        ),
        (
            "net.rate = 'fast'",
            "wrong value for `net.rate` in `/x/fetch.toml`, line 1, column 5: \
             expected a size such as `500K`, `2M` or `1.5G`",
        ),
        (
            "net.resolve = ['x.org']",
            "wrong value for `net.resolve` in `/x/fetch.toml`, line 1, column 5: \
             expected `HOST:PORT:ADDRESS`, such as `example.org:443:127.0.0.1`",
        ),
        (
            "net.proxy = 5",
            "wrong value for `net.proxy` in `/x/fetch.toml`, line 1, column 5: expected text in quotes",
        ),
        (
            "net.ca_cert = 'a'",
            "wrong value for `net.ca_cert` in `/x/fetch.toml`, line 1, column 5: expected a list in brackets",
        ),
        (
            "output.mtime = 'yes'",
            "wrong value for `output.mtime` in `/x/fetch.toml`, line 1, column 8: expected `true` or `false`",
        ),
        (
            "archive.skip = 'always'",
            "wrong value for `archive.skip` in `/x/fetch.toml`, line 1, column 9: \
             expected one of `present`, `seen`, `never`",
        ),
        (
            "net = 5",
            "wrong value for `net` in `/x/fetch.toml`, line 1, column 1: expected a table",
        ),
        (
            "[net.retries]",
            "wrong value for `net.retries` in `/x/fetch.toml`, line 1, column 6: \
             expected a whole number from 0 to 4294967295",
        ),
        (
            "[net]\nretries = ",
            "cannot read `/x/fetch.toml`, line 2, column 11: string values must be quoted, expected literal string",
        ),
    ];
    for (text, expected) in table {
        let error = config(&[("/x/fetch.toml", text)], &[], Vec::new()).unwrap_err();
        assert_eq!(told(error), expected, "{text}");
    }
}

#[test]
fn names_variables_and_flags_too() {
    let error = config(&[], &[("FETCH_NET__RETRYS", "3")], Vec::new()).unwrap_err();
    assert_eq!(
        told(error),
        "unknown key `retrys` in the environment variable `FETCH_NET__RETRYS`\ndid you mean `retries`?"
    );
    let error = config(&[], &[("FETCH_OUTPUT__MTIME", "maybe")], Vec::new()).unwrap_err();
    assert_eq!(
        told(error),
        "wrong value for `output.mtime` in the environment variable `FETCH_OUTPUT__MTIME`: expected `true` or `false`"
    );
    let flags = vec![flag("-S net.retries", "net.retries", "-1")];
    assert_eq!(
        told(config(&[], &[], flags).unwrap_err()),
        "wrong value for `net.retries` in `-S net.retries`: expected a whole number from 0 to 4294967295"
    );
    // A mistake is told even where a later layer would cover it.
    let flags = vec![flag("-R", "net.retries", "3")];
    assert!(config(&[("a", "net.retries = ''")], &[], flags).is_err());
}

#[test]
fn a_source_gets_its_options() {
    let text = "[source.mine]\nclient_id = 'abc'\nsizes = ['s']\nmax_keys = 3";
    let environment = [
        ("FETCH_SOURCE__MINE__PAGES", "9"),
        ("FETCH_SOURCE__MINE__MAX_KEYS", "4"),
        ("FETCH_SOURCE__MINE__SIZES", "m, l"),
    ];
    let config = config(&[("a", text)], &environment, Vec::new()).unwrap();
    let options: Options = config.source("mine").unwrap();
    assert_eq!(options.client_id.unwrap().reveal(), "abc");
    assert_eq!((options.pages, options.max_keys), (9, Some(4)));
    assert_eq!(options.sizes, ["m", "l"]);
    assert_eq!(options.site, "https://example.org");
    let other: Options = config.source("other").unwrap();
    assert_eq!(other.pages, 7);
}

#[test]
fn secrets_come_from_where_they_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "from a file\n").unwrap();
    let from_file = format!("source.mine.client_id = 'file:{}'", file.display());
    type Variables<'a> = &'a [(&'a str, &'a str)];
    let table: [(&str, Variables, Option<&str>); 8] = [
        ("", &[("MINE_CLIENT_ID", "plain")], Some("plain")),
        ("", &[("MINE_CLIENT_ID", "")], None),
        (
            "source.mine.client_id = 'file'",
            &[("MINE_CLIENT_ID", "plain")],
            Some("plain"),
        ),
        (
            "",
            &[
                ("MINE_CLIENT_ID", "plain"),
                ("FETCH_SOURCE__MINE__CLIENT_ID", "ours"),
            ],
            Some("ours"),
        ),
        (
            "source.mine.client_id = 'env:ID'",
            &[("ID", "0123")],
            Some("0123"),
        ),
        ("source.mine.client_id = 'env:ID'", &[("ID", "")], None),
        ("source.mine.client_id = 'env:ID'", &[], None),
        (&from_file, &[], Some("from a file")),
    ];
    for (text, environment, expected) in table {
        let config = config(&[("a", text)], environment, Vec::new()).unwrap();
        let options: Options = config.source("mine").unwrap();
        assert_eq!(
            options.client_id.as_ref().map(Secret::reveal),
            expected,
            "{text}"
        );
    }
    // Only secrets have a name outside of ours.
    let config = config(&[], &[("MINE_SITE", "https://evil.example")], Vec::new()).unwrap();
    assert_eq!(
        config.source::<Options>("mine").unwrap().site,
        "https://example.org"
    );
    let flags = vec![flag("-S", "source.mine.api_key", "12345")];
    let config = self::config(&[], &[], flags).unwrap();
    assert_eq!(
        config.source::<Options>("mine").unwrap().api_key.reveal(),
        "12345"
    );
}

#[test]
fn names_the_mistakes_in_the_options_of_a_source() {
    let table = [
        (
            "[source.mine]\npage = 3",
            "unknown key `page` in `fetch.toml`, line 2, column 1\ndid you mean `pages`?",
        ),
        (
            "[source.mine]\nclient_secret = 'hunter2'",
            "unknown key `client_secret` in `fetch.toml`, line 2, column 1\n\
             the keys of `[source.mine]` are `api_key`, `client_id`, `max_keys`, `pages`, `site`, `sizes`",
        ),
        (
            "[source.mine]\nclient_id = ['hunter2']",
            "wrong value for `source.mine.client_id` in `fetch.toml`, line 2, column 1: expected text in quotes",
        ),
        (
            "source.mine = 3",
            "wrong value for `source.mine` in `fetch.toml`, line 1, column 8: expected a table",
        ),
    ];
    for (text, expected) in table {
        let error = Config::from_toml(text)
            .unwrap()
            .source::<Options>("mine")
            .unwrap_err();
        assert_eq!(told(error), expected, "{text}");
    }
    let text = "source.mine.api_key = 'file:/nowhere/secret'";
    let error = Config::from_toml(text)
        .unwrap()
        .source::<Options>("mine")
        .unwrap_err();
    assert_eq!(
        told(error),
        "cannot read `/nowhere/secret` for `source.mine.api_key` in `fetch.toml`, line 1, column 13"
    );
}

#[test]
fn names_a_source_that_there_is_not() {
    let config = Config::from_toml("[source.imgr]\nx = 1").unwrap();
    assert_eq!(
        told(config.check_sources(&["imgur", "direct"]).unwrap_err()),
        "no source is called `imgr`, in `fetch.toml`, line 1, column 9\ndid you mean `imgur`?"
    );
    assert_eq!(
        told(config.check_sources(&["direct"]).unwrap_err()),
        "no source is called `imgr`, in `fetch.toml`, line 1, column 9\nthe known ones are `direct`"
    );
    assert!(config.check_sources(&["imgr"]).is_ok());
    let config = Config::from_toml("source = 3").unwrap();
    assert!(config.check_sources(&["imgr"]).is_err());
}

#[test]
fn shows_what_holds_and_where_it_comes_from() {
    let text = "[net]\nproxy = 'http://me:hunter2@x.org/'\n[source.mine]\nclient_id = 'hunter2'\napi_key = 'env:KEY'\nsite = 'x'";
    let environment = [("FETCH_NET__RETRIES", "3"), ("KEY", "hunter2")];
    let config = config(&[("a.toml", text)], &environment, Vec::new()).unwrap();
    let expected = r#"[output]
directory = "."  # default
mtime = true  # default
# template is not set  # default

[archive]
enabled = true  # default
# file is not set  # default
skip = "present"  # default

[net]
backoff = "500ms"  # default
ca_cert = []  # default
connect_timeout = "10s"  # default
connections = 32  # default
# cookies is not set  # default
longest_wait = "10m"  # default
per_host = 8  # default
proxy = "http://***@x.org/"  # `a.toml`, line 2, column 1
# rate is not set  # default
resolve = []  # default
retries = 3  # the environment variable `FETCH_NET__RETRIES`
stall_timeout = "30s"  # default
# user_agent is not set  # default

[source.mine]
api_key = "env:KEY"  # `a.toml`, line 5, column 1
client_id = "***"  # `a.toml`, line 4, column 1
site = "x"  # `a.toml`, line 6, column 1
"#;
    assert_eq!(config.show(true).unwrap(), expected);
    let plain = config.show(false).unwrap();
    assert!(toml::from_str::<toml::Table>(&plain).is_ok(), "{plain}");
    assert!(!format!("{config:?}").contains("hunter2"));
}

/// The example with every key in force, as a file of somebody's who removed all `#` before keys.
fn example() -> String {
    let text = include_str!("../../config.example.toml");
    let lines = text.lines().map(|line| match line.strip_prefix('#') {
        Some(key) if !key.starts_with(' ') => key,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_shows_every_key_with_its_default() {
    let text = example();
    let example: Value = toml::from_str(&text).unwrap();
    let mut known = known::of::<Sections>().unwrap();
    known.as_object_mut().unwrap().remove("source");
    for (section, keys) in known.as_object().unwrap() {
        for (key, default) in keys.as_object().unwrap() {
            let shown = example[section].get(key);
            assert!(shown.is_some(), "`{section}.{key}` is not in the example");
            if !default.is_null() {
                assert_eq!(shown, Some(default), "`{section}.{key}`");
            }
        }
    }
    // That no other key is shown, and that what is shown can be used.
    let config = Config::from_toml(&text).unwrap();
    config.pipeline().unwrap();
    config.net().unwrap();
}

#[test]
fn the_example_says_what_each_key_is_for() {
    let text = include_str!("../../config.example.toml");
    let mut before = "";
    for line in text.lines() {
        if line.starts_with('#') && !line.starts_with("# ") && line != "#" {
            assert!(before.starts_with("# "), "`{line}` has no comment");
        }
        before = line;
    }
    let empty: BTreeMap<String, Value> = toml::from_str(text).unwrap();
    assert!(empty.values().all(|section| *section == json!({})));
}
