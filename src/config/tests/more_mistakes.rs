//! More mistakes with their whole messages: jobs, templates, times, sizes, and invalid TOML.

use super::*;

/// Returns what is wrong with a file of this text: its keys and values, its sources, or the settings of its jobs.
fn message_of(text: &str) -> String {
    let checked = || {
        let config = config(&[("/x/fetch.toml", text)], &[], Vec::new())?;
        config.check_sources(&["direct", "imgur"])?;
        config.net()?;
        config.pipeline()?;
        for name in config.jobs() {
            let job = config.job(name)?;
            job.net()?;
            job.pipeline()?;
        }
        Ok(())
    };
    let Err::<(), crate::model::Error>(error) = checked() else {
        return "nothing".to_owned();
    };
    let mut text = error.message.clone();
    for cause in error.causes() {
        text.push_str(&format!("\n  because: {cause}"));
    }
    if let Some(hint) = error.hint {
        text.push_str(&format!("\n  hint: {hint}"));
    }
    text
}

/// Returns a message with the place written as `@LINE:COLUMN`.
fn short(text: &str) -> String {
    let parts: Vec<_> = text.splitn(2, "`/x/fetch.toml`, line ").collect();
    match parts[..] {
        [before, after] => format!("{before}@{}", after.replacen(", column ", ":", 1)),
        _ => text.to_owned(),
    }
}

#[test]
fn names_the_place_of_more_mistakes() {
    let table = [
        (
            "[nte]\nretries = 3",
            "unknown key `nte` in @1:2\n  hint: did you mean `net`?",
        ),
        (
            "[net]\nretries = true",
            "wrong value for `net.retries` in @2:1: expected a whole number from 0 to 4294967295",
        ),
        (
            "[net]\nretries = 3.5",
            "wrong value for `net.retries` in @2:1: expected a whole number from 0 to 4294967295",
        ),
        (
            "[net]\nretries = [3]",
            "wrong value for `net.retries` in @2:1: expected a whole number from 0 to 4294967295",
        ),
        (
            "[Net]\nretries = 3",
            "unknown key `Net` in @1:2\n  hint: did you mean `net`?",
        ),
        (
            "[net]\nRetries = 3",
            "unknown key `Retries` in @2:1\n  hint: did you mean `retries`?",
        ),
        (
            "[net]\nconnect-timeout = '3s'",
            "unknown key `connect-timeout` in @2:1\n  hint: did you mean `connect_timeout`?",
        ),
        (
            "[net.retry]\ncount = 3",
            "unknown key `retry` in @1:6\n  hint: did you mean `retries`?",
        ),
        (
            "net.connect_timeout = '5 minutes'",
            "wrong value for `net.connect_timeout` in @1:5: expected a duration such as `500ms`, `10s`, `2m` or `1h`",
        ),
        (
            "net.connect_timeout = '-1s'",
            "wrong value for `net.connect_timeout` in @1:5: expected a duration such as `500ms`, `10s`, `2m` or `1h`",
        ),
        (
            "net.connect_timeout = ''",
            "wrong value for `net.connect_timeout` in @1:5: expected a duration such as `500ms`, `10s`, `2m` or `1h`",
        ),
        (
            "net.connect_timeout = 10",
            "wrong value for `net.connect_timeout` in @1:5: expected a duration such as `500ms`, `10s`, `2m` or `1h`",
        ),
        (
            "net.speed_floor = '1Z'",
            "wrong value for `net.speed_floor` in @1:5: expected a size such as `500K`, `2M` or `1.5G`",
        ),
        (
            "net.speed_floor = -1",
            "wrong value for `net.speed_floor` in @1:5: expected a size such as `500K`, `2M` or `1.5G`",
        ),
        (
            "output.min_free = '10%'",
            "wrong value for `output.min_free` in @1:8: expected a size such as `500K`, `2M` or `1.5G`",
        ),
        (
            "output.min_free = true",
            "wrong value for `output.min_free` in @1:8: expected a size such as `500K`, `2M` or `1.5G`",
        ),
        (
            "output.template = '{nme}.{ext}'",
            "wrong value for `output.template` in @1:8: there is no field `nme`\n  hint: did you mean `name`? the fields are `source`…",
        ),
        (
            "output.template = '{name'",
            "wrong value for `output.template` in @1:8: cannot use the path template `{name`: `{` is never closed\n  hint: fields are written as in `{album}/{number | pad(3)} {title or key}.{ext}`",
        ),
        (
            "output.template = 5",
            "wrong value for `output.template` in @1:8: expected text in quotes",
        ),
        (
            "after.cbz = 3",
            r#"wrong value for `after.cbz` in @1:7: expected `true`, `false` or "only""#,
        ),
        (
            "output.mtime = 3",
            r#"wrong value for `output.mtime` in @1:8: expected `true`, `false`, "date" or "server""#,
        ),
        (
            "archive.enabled = 'yes'",
            "wrong value for `archive.enabled` in @1:9: expected `true` or `false`",
        ),
        (
            "archive.digest = 'md5'",
            "wrong value for `archive.digest` in @1:9: expected `xxh3` or `sha256`",
        ),
        (
            "archive.duplicates = true",
            "wrong value for `archive.duplicates` in @1:9: expected text in quotes",
        ),
        (
            "after.exec = ['rm']",
            "wrong value for `after.exec` in @1:7: expected text in quotes",
        ),
        (
            "after.exec = 'echo {nme}'",
            "wrong value for `after.exec` in @1:7: cannot use the command `echo {nme}`: there is no `{nme}`\n  hint: its placeholders are `{path}`, `{dir}`, `{name}`, `{source}`, `{key}`, `{url}`",
        ),
        (
            "net.private = 'sometimes'",
            "wrong value for `net.private` in @1:5: expected one of `always`, `typed`, `never`",
        ),
        (
            "net.netrc = 3",
            "wrong value for `net.netrc` in @1:5: expected `true`, `false`, or a path in quotes",
        ),
        (
            "net.proxy = 'socks9://x'",
            "wrong value for `net.proxy` in @1:5: there is no such kind of proxy\n  hint: the kinds are `http`, `https`, `socks4`, `socks4a`, `socks5`, `socks5h`",
        ),
        (
            "[host]\nconnections = 4",
            "wrong value for `host.connections` in @2:1: expected a table\n  hint: a host has a section of its own: `[host.\"example.org\"]`",
        ),
        (
            "host = 5",
            "wrong value for `host` in @1:1: expected a table\n  hint: a host has a section of its own: `[host.\"example.org\"]`",
        ),
        (
            "[source.imgr]\npages = 3",
            "no source is called `imgr`, in @1:9\n  hint: did you mean `imgur`?",
        ),
        (
            "[job]\nlinks = ['x']",
            "wrong value for `job.links` in @2:1: expected a table\n  hint: a job has a name, and a section of its own: `[job.NAME]`",
        ),
        (
            "[[job]]\nlinks = ['x']",
            "wrong value for `job` in @1:3: expected a table\n  hint: a job has a name, and a section of its own: `[job.NAME]`",
        ),
        (
            "job.cats = 'x'",
            "wrong value for `job.cats` in @1:5: expected a table\n  hint: a job has a name, and a section of its own: `[job.NAME]`",
        ),
        (
            "[job.cats]\nlink = ['x']",
            "unknown key `link` in @2:1\n  hint: did you mean `links`?",
        ),
        (
            "[job.cats]\nlinks = 'x'",
            "wrong value for `job.cats.links` in @2:1: expected a list in brackets",
        ),
        (
            "[job.cats.links]\na = 'x'",
            "wrong value for `job.cats.links` in @1:11: expected a list in brackets",
        ),
        (
            "[job.cats.output]\ndirectory = 'x'",
            "wrong value for `job.cats.output` in @1:11: expected text in quotes",
        ),
        (
            "[job.cats]\nretries = 3",
            "unknown key `retries` in @2:1\n  hint: did you mean `net.retries`?",
        ),
        (
            "[job.cats.dogs]\nlinks = ['x']",
            "unknown key `dogs` in @1:11\n  hint: the keys of `[job.cats]` are `connections`…",
        ),
        (
            "[job.'a b']\nlinks = ['x']",
            "wrong value for `job.a b` in @1:6: the name of a job is made of letters, digits, `_`, `-` and `.`",
        ),
        (
            "[job.cats]\ntemplate = '{nme}.{ext}'",
            "wrong value for `job.cats.template` in @2:1: there is no field `nme`; did you mean `name`? the fields are `source`…",
        ),
        (
            "[job.cats]\nschedule = 'every day'",
            "wrong value for `job.cats.schedule` in @2:1: `every day` is not a schedule; write `hourly`, `daily`, `weekly`, or an interval such as `every 6h`, at least a minute",
        ),
        (
            "[job.cats]\nsince = 'lately'",
            "wrong value for `job.cats.since` in @2:1: `lately` is not a date; a date is written `2025-01-31`, or as a time before now: `12h ago`, `3d ago`, `2w ago`",
        ),
        (
            "[job.cats]\nitems = '5-1'",
            "wrong value for `job.cats.items` in @2:1: `5-1` is not a range of positions: the first comes after the last; write positions from 1 as in `1-5,8,20-`; `-3` is `1-3`",
        ),
        (
            "[job.cats]\nfilter = 'width >'",
            r#"wrong value for `job.cats.filter` in @2:1: cannot use the filter `width >`: unexpected end of input, expected expression; a filter is written as in `width >= 1000 and ext != "gif"`"#,
        ),
        (
            "[job.cats]\nkinds = ['picture']",
            "wrong value for `job.cats.kinds` in @2:1: expected one of `image`, `video`, `audio`, `other`",
        ),
        (
            "[job.cats]\nmax_new = 'ten'",
            "wrong value for `job.cats.max_new` in @2:1: expected a whole number, 1 or more",
        ),
        (
            "[job.cats]\nheaders = 'X: y'",
            "wrong value for `job.cats.headers` in @2:1: expected a table",
        ),
        (
            "retries: 3",
            "cannot read @1:10: key with no value, expected `=`",
        ),
    ];
    let mut wrong = String::new();
    for (text, expected) in table {
        let found = short(&message_of(text));
        let is_right = match expected.strip_suffix('…') {
            // What follows is a list of all names.
            Some(beginning) => found.starts_with(beginning),
            None => found == expected,
        };
        if !is_right {
            wrong.push_str(&format!("--- {text}\n{found}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
