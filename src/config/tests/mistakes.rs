//! Every mistake with its whole message.

use super::*;
use crate::model::Error;

fn message_of(error: Error) -> String {
    let hint = error.hint.map(|hint| format!("\n{hint}"));
    let message = error.message;
    format!("{message}{}", hint.unwrap_or_default())
}

#[test]
fn variables_in_paths_are_refused() {
    for (key, text) in [
        ("output.directory", "$HOME/x"),
        ("output.directory", "${XDG_DATA_HOME}/x"),
        ("archive.file", "$HOME/a.db"),
    ] {
        let config = Config::from_toml(&format!("{key} = '{text}'")).unwrap();
        let error = config.pipeline().map(|_| ()).unwrap_err();
        assert!(
            error
                .message
                .ends_with(": variables in paths are not expanded"),
            "{error}"
        );
        assert_eq!(
            error.hint.as_deref(),
            Some("write `~/…` or an absolute path")
        );
    }
    let config = Config::from_toml("output.directory = '$RECYCLE.BIN'").unwrap();
    assert!(config.pipeline().is_ok());
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
             the keys of `[archive]` are `digest`, `duplicates`, `enabled`, `file`, `skip`",
        ),
        (
            "[archive]\n'' = 'x'",
            "unknown key `` in `/x/fetch.toml`, line 2, column 1\n\
             the keys of `[archive]` are `digest`, `duplicates`, `enabled`, `file`, `skip`",
        ),
        (
            "retries = 3",
            "unknown key `retries` in `/x/fetch.toml`, line 1, column 1\ndid you mean `net.retries`?",
        ),
        (
            "\n[plugin.mine]",
            "unknown key `plugin` in `/x/fetch.toml`, line 2, column 2\n\
             the sections are `after`, `archive`, `extractor`, `host`, `job`, `net`, `output`, `source`, `stream`",
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
            "wrong value for `output.mtime` in `/x/fetch.toml`, line 1, column 8: expected one of `true`, `false`, `date`, `server`",
        ),
        (
            "archive.skip = 'always'",
            "wrong value for `archive.skip` in `/x/fetch.toml`, line 1, column 9: \
             expected one of `present`, `changed`, `seen`, `never`",
        ),
        (
            "[host.'x.org']\nconnection = 4",
            "unknown key `connection` in `/x/fetch.toml`, line 2, column 1\ndid you mean `connections`?",
        ),
        (
            "host.'x.org'.rate = 4",
            "unknown key `rate` in `/x/fetch.toml`, line 1, column 14\ndid you mean `net.rate`?",
        ),
        (
            "host.'x.org'.connections = 0",
            "wrong value for `host.x.org.connections` in `/x/fetch.toml`, line 1, column 14: \
             expected a whole number, 1 or more",
        ),
        (
            "host.'x.org'.requests_per_second = 0",
            "wrong value for `host.x.org.requests_per_second` in `/x/fetch.toml`, line 1, column 14: \
             expected a number such as `2.0` or `0.5`, 0.001 or more",
        ),
        (
            "[host.x.org]\nconnections = 4",
            "unknown key `org` in `/x/fetch.toml`, line 1, column 9\n\
             put a name with dots in quotes: `host.\"x.org\"`",
        ),
        (
            "[host.'*']\nconnections = 4",
            "unknown key `*` in `/x/fetch.toml`, line 1, column 7\na section applies to the one name in it; there are no patterns",
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
        assert_eq!(message_of(error), expected, "{text}");
    }
}

#[test]
fn names_variables_and_flags_too() {
    let error = config(&[], &[("FETCH_NET__RETRYS", "3")], Vec::new()).unwrap_err();
    assert_eq!(
        message_of(error),
        "unknown key `retrys` in the environment variable `FETCH_NET__RETRYS`\ndid you mean `retries`?"
    );
    let error = config(&[], &[("FETCH_OUTPUT__MTIME", "maybe")], Vec::new()).unwrap_err();
    assert_eq!(
        message_of(error),
        "wrong value for `output.mtime` in the environment variable `FETCH_OUTPUT__MTIME`: expected one of `true`, `false`, `date`, `server`"
    );
    let flags = vec![flag("-S net.retries", "net.retries", "-1")];
    assert_eq!(
        message_of(config(&[], &[], flags).unwrap_err()),
        "wrong value for `net.retries` in `-S net.retries`: expected a whole number from 0 to 4294967295"
    );
    for (key, value, expected) in [
        ("extractor.programs", r#"["foo"]"#, "`gallerydl` or `ytdlp`"),
        ("extractor.programs", "foo", "`gallerydl` or `ytdlp`"),
        (
            "job.x.kinds",
            r#"["pic"]"#,
            "one of `image`, `video`, `audio`, `other`",
        ),
        ("after.zip", "maybe", "`true`, `false` or \"only\""),
    ] {
        let flags = vec![flag("-S", key, value)];
        let expected = format!("wrong value for `{key}` in `-S`: expected {expected}");
        assert_eq!(message_of(config(&[], &[], flags).unwrap_err()), expected);
    }
    // A mistake is reported even if a later layer overrides it.
    let flags = vec![flag("-R", "net.retries", "3")];
    assert!(config(&[("a", "net.retries = ''")], &[], flags).is_err());
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
             the keys of `[source.mine]` are `api_key`, `client_id`, `max_keys`, `pages`, `site`, `sizes`, `template`",
        ),
        (
            "[source.mine]\nclient_id = ['hunter2']",
            "wrong value for `source.mine.client_id` in `fetch.toml`, line 2, column 1: expected text in quotes",
        ),
        (
            "source.mine = 3",
            "wrong value for `source.mine` in `fetch.toml`, line 1, column 8: expected a table\n\
             a source has a section of its own: `[source.NAME]`",
        ),
    ];
    for (text, expected) in table {
        let error = Config::from_toml(text)
            .unwrap()
            .source::<Options>("mine")
            .unwrap_err();
        assert_eq!(message_of(error), expected, "{text}");
    }
    let text = "source.mine.api_key = 'file:/nowhere/secret'";
    let error = Config::from_toml(text)
        .unwrap()
        .source::<Options>("mine")
        .unwrap_err();
    assert_eq!(
        message_of(error),
        "cannot read `/nowhere/secret` for `source.mine.api_key` in `fetch.toml`, line 1, column 13"
    );
}

#[test]
fn an_unknown_source_is_named() {
    let config = Config::from_toml("[source.imgr]\nx = 1").unwrap();
    assert_eq!(
        message_of(config.check_sources(&["imgur", "direct"]).unwrap_err()),
        "no source is called `imgr`, in `fetch.toml`, line 1, column 9\ndid you mean `imgur`?"
    );
    assert_eq!(
        message_of(config.check_sources(&["direct"]).unwrap_err()),
        "no source is called `imgr`, in `fetch.toml`, line 1, column 9\nthe known ones are `direct`"
    );
    assert!(config.check_sources(&["imgr"]).is_ok());
    let config = Config::from_toml("source = 3").unwrap();
    assert!(config.check_sources(&["imgr"]).is_err());
}
