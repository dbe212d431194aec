//! The meaning of the arguments: settings that override those of files, and options for this run only.

use std::str::FromStr;

use serde_json::{Value, json};

use super::args::Args;
use crate::config::{Config, Flag, Since, Until};
use crate::model::{Error, Headers, Kind, Result};
use crate::plugins::page;
use crate::{net, pipeline};

/// The settings that the arguments set, which override those of files and environment.
pub(super) fn flags(args: &Args) -> Result<Vec<Flag>> {
    let mut flags = Vec::new();
    for text in &args.settings.set {
        let Some((key, value)) = text.split_once('=') else {
            let message = format!("`-S {text}` has no value");
            return Err(Error::new(Kind::Config, message).hint("write `-S key=value`"));
        };
        flags.push(Flag {
            name: format!("-S {}", key.trim()),
            key: key.trim().to_owned(),
            value: value.into(),
        });
    }
    let mut flag = |name: &str, key: &str, value: Option<Value>| {
        flags.extend(value.map(|value| Flag {
            name: name.to_owned(),
            key: key.to_owned(),
            value,
        }));
    };
    let text = |text: &Option<String>| text.clone().map(Value::from);
    let (output, network) = (&args.output, &args.network);
    flag("-d", "output.directory", text(&output.directory));
    flag("-o", "output.template", text(&output.template));
    flag(
        "--no-mtime",
        "output.mtime",
        output.no_mtime.then_some(json!(false)),
    );
    for (name, key, is_set) in [
        ("--write-metadata", "after.metadata", output.write_metadata),
        ("--write-info", "after.info", output.write_info),
    ] {
        flag(name, key, is_set.then_some(json!(true)));
    }
    for (name, key, packed) in [
        ("--zip", "after.zip", output.zip),
        ("--cbz", "after.cbz", output.cbz),
    ] {
        flag(
            name,
            key,
            packed.map(|packed| json!(pipeline::Packing::from(packed))),
        );
    }
    flag("--exec", "after.exec", text(&output.exec));
    flag("--exec-after", "after.exec_after", text(&output.exec_after));
    flag("--archive", "archive.file", text(&output.archive));
    let enabled = match (output.archive.is_some(), output.no_archive) {
        (_, true) => Some(json!(false)),
        (true, _) => Some(json!(true)),
        _ => None,
    };
    flag("--no-archive", "archive.enabled", enabled);
    let skip = args
        .selection
        .skip
        .map(|known| json!(pipeline::Policy::from(known)));
    flag("--skip", "archive.skip", skip);
    let duplicates = args.selection.duplicates;
    let duplicates = duplicates.map(|arg| json!(pipeline::Duplicates::from(arg)));
    flag("--duplicates", "archive.duplicates", duplicates);
    let selection = &args.selection;
    let some = |empty: bool, list: Value| (!empty).then_some(list);
    flag(
        "--depth",
        "source.page.depth",
        selection.depth.map(Value::from),
    );
    let same_host = selection.same_host.map(Value::from);
    flag("--same-host", "source.page.same_host", same_host);
    for (name, key, patterns) in [
        ("--accept", "source.page.accept", &selection.accept),
        ("--reject", "source.page.reject", &selection.reject),
    ] {
        flag(name, key, some(patterns.is_empty(), json!(patterns)));
    }
    let all = args.links.all.then_some(json!(true));
    flag("--all", "source.page.all", all);
    let streams = &selection.streams;
    flag("--quality", "stream.quality", text(&streams.quality));
    let subtitles = text(&streams.subtitles);
    flag("--subtitles", "stream.subtitles", subtitles);
    flag("--live-for", "stream.live_for", text(&streams.live_for));
    flag(
        "-N",
        "net.connections",
        network.connections.map(|count| json!(count)),
    );
    flag("-r", "net.rate", network.rate.map(|rate| json!(rate)));
    flag(
        "-R",
        "net.retries",
        network.retries.map(|count| json!(count)),
    );
    flag("-C", "net.cookies", text(&network.cookies));
    let yes = |is_set: bool| is_set.then_some(json!(true));
    flag(
        "--save-cookies",
        "net.cookies_save",
        yes(network.save_cookies),
    );
    flag(
        "--cookies-from",
        "net.cookies_from",
        text(&network.cookies_from),
    );
    // A setting that names a file takes precedence over `--netrc`.
    let is_named = args
        .settings
        .set
        .iter()
        .filter_map(|set| set.split_once('='))
        .any(|(key, _)| key.trim() == "net.netrc");
    flag("--netrc", "net.netrc", yes(network.netrc && !is_named));
    flag("--proxy", "net.proxy", text(&network.proxy));
    flag("--user-agent", "net.user_agent", text(&network.user_agent));
    flag(
        "--resolve",
        "net.resolve",
        some(network.resolve.is_empty(), json!(network.resolve)),
    );
    flag(
        "--ca-cert",
        "net.ca_cert",
        some(network.ca_cert.is_empty(), json!(network.ca_cert)),
    );
    Ok(flags)
}

/// Adds the options that only flags can set to the settings of the client.
pub(super) fn net(args: &Args, settings: net::Settings) -> Result<net::Settings> {
    let Headers(mut headers) = settings.headers;
    for text in &args.network.header {
        let (name, value) = text.split_once(':').ok_or_else(|| {
            // The text is not shown: it may be a value, and a secret one.
            Error::new(Kind::Config, "a header has no `:`").hint("write `--header 'Name: value'`")
        })?;
        let name = name.trim();
        // Header names are case-insensitive.
        headers.retain(|known, _| !known.eq_ignore_ascii_case(name));
        headers.insert(name.to_owned(), value.trim().to_owned());
    }
    let of_ours = |name: &&String| OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name));
    if let Some(name) = headers.keys().find(of_ours) {
        let message = format!("the header `{name}` is set by this program itself");
        return Err(Error::new(Kind::Config, message)
            .hint("it handles ranges, conditional requests and encodings; leave the header out"));
    }
    Ok(net::Settings {
        headers: Headers(headers),
        ..settings
    })
}

/// The headers that determine which bytes are requested and how they are encoded: the response to other values would not
/// match the file.
const OURS: [&str; 11] = [
    "Accept-Encoding",
    "Connection",
    "Content-Length",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Range",
    "TE",
    "Transfer-Encoding",
];

/// Adds the options that only flags can set to the settings of the pipeline.
pub(super) fn pipeline(args: &Args, settings: pipeline::Settings) -> Result<pipeline::Settings> {
    let selection = &args.selection;
    let since = selection
        .since
        .as_deref()
        .map(str::parse::<Since>)
        .transpose()?;
    let until = selection
        .until
        .as_deref()
        .map(str::parse::<Until>)
        .transpose()?;
    let since = since.map(|since| since.moment).or(settings.since);
    let until = until.map(|until| until.moment).or(settings.until);
    if let (Some(since), Some(until)) = (since, until)
        && since >= until
    {
        let message =
            "nothing can be published between `--since` and `--until`: the first is not earlier";
        return Err(Error::new(Kind::Config, message));
    }
    let packs = [settings.after.zip, settings.after.cbz];
    if settings.archive.is_none() && packs.contains(&pipeline::Packing::Only) {
        let message = "files can be deleted after packing only if an archive remembers them";
        return Err(Error::new(Kind::Config, message)
            .hint("leave `--no-archive` out, or keep the files: `--zip`, `--cbz`"));
    }
    let kinds: Vec<_> = selection.kind.iter().map(|kind| (*kind).into()).collect();
    Ok(pipeline::Settings {
        items: or(&selection.items, settings.items)?,
        filter: or(&selection.filter, settings.filter)?,
        since,
        until,
        kinds: if kinds.is_empty() {
            settings.kinds
        } else {
            kinds
        },
        stop_after_known: selection.stop_after_known.or(settings.stop_after_known),
        max_new: selection.max_new.or(settings.max_new),
        recheck: selection.recheck || settings.recheck,
        from_start: selection.from_start || settings.from_start,
        simulate: args.report.simulate || args.report.get_urls,
        ..settings
    })
}

/// The parsed value of a flag, or else the setting.
fn or<T: FromStr<Err = Error>>(flag: &Option<String>, set: Option<T>) -> Result<Option<T>> {
    match flag {
        Some(text) => text.parse().map(Some),
        None => Ok(set),
    }
}

/// Refuses flags for the links on pages if no links are followed: whoever gives them expects that.
pub(super) fn crawl(args: &Args, config: &Config) -> Result<()> {
    let selection = &args.selection;
    let given = [
        ("--same-host", selection.same_host.is_some()),
        ("--accept", !selection.accept.is_empty()),
        ("--reject", !selection.reject.is_empty()),
    ];
    let Some((flag, _)) = given.into_iter().find(|(_, is_given)| *is_given) else {
        return Ok(());
    };
    match config.source::<page::Options>("page")?.depth {
        0 => {
            let message = format!("`{flag}` is for the links that `--depth` follows");
            Err(Error::new(Kind::Config, message).hint("`--depth 1` follows the links on the page"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use clap::Parser;

    use super::*;
    use crate::config::Config;

    fn parse(arguments: &[&str]) -> Args {
        Args::try_parse_from([&["fetch"], arguments].concat()).unwrap()
    }

    fn config(args: &Args) -> Config {
        let text = flags(args)
            .unwrap()
            .into_iter()
            .fold(String::new(), |mut text, flag| {
                // The last one wins, and none of these has the same key twice.
                text.push_str(&format!("{} = {}\n", flag.key, flag.value));
                text
            });
        Config::from_toml(&text).unwrap()
    }

    #[test]
    fn flags_become_settings() {
        let args = parse(&[
            "-d",
            "out",
            "-o",
            "{key}.{ext}",
            "--no-mtime",
            "--archive",
            "a.db",
            "--skip",
            "seen",
            "-N",
            "4",
            "-r",
            "2M",
            "-R",
            "1",
            "-C",
            "c.txt",
            "--proxy",
            "socks5h://x:1",
            "--user-agent",
            "me",
            "--resolve",
            "x.org:443:::1",
            "--ca-cert",
            "a.pem",
            "--ca-cert",
            "b.pem",
            "-g",
            "--max-new",
            "3",
            "--since",
            "1d",
            "--until",
            "1h ago",
            "--kind",
            "image,other",
            "--header",
            "X-Key: a:b",
            "x.org",
        ]);
        let config = config(&args);
        let net = net(&args, config.net().unwrap()).unwrap();
        assert_eq!(
            (net.connections, net.rate, net.retries),
            (4, Some(2 << 20), 1)
        );
        assert_eq!(
            (net.proxy.as_deref(), net.user_agent.as_str()),
            (Some("socks5h://x:1"), "me")
        );
        assert_eq!(net.cookies, Some(PathBuf::from("c.txt")));
        assert_eq!(
            net.ca_cert,
            [PathBuf::from("a.pem"), PathBuf::from("b.pem")]
        );
        assert_eq!(
            net.resolve[0].addresses,
            ["::1".parse::<std::net::IpAddr>().unwrap()]
        );
        assert_eq!(net.headers.0["X-Key"], "a:b");
        let pipeline = super::pipeline(&args, config.pipeline().unwrap()).unwrap();
        assert_eq!(pipeline.root, PathBuf::from("out"));
        assert_eq!(pipeline.archive, Some(PathBuf::from("a.db")));
        assert_eq!(pipeline.skip, crate::pipeline::Policy::Seen);
        assert_eq!(
            (pipeline.mtime, pipeline.simulate, pipeline.max_new),
            (pipeline::Mtime::Now, true, std::num::NonZeroU64::new(3))
        );
        assert!(pipeline.templates.default.is_some() && pipeline.since < pipeline.until);
        assert_eq!(pipeline.kinds.len(), 2);
    }

    #[test]
    fn without_flags_no_setting_is_overridden() {
        assert_eq!(flags(&parse(&["x.org"])).unwrap(), []);
        let off = flags(&parse(&["--no-archive", "x.org"])).unwrap();
        assert_eq!(off[0].key, "archive.enabled");
    }

    #[test]
    fn names_what_cannot_be_read() {
        let error = flags(&parse(&["-S", "net.retries", "x.org"])).unwrap_err();
        assert_eq!(error.message, "`-S net.retries` has no value");
        let args = parse(&["--header", "hunter2", "x.org"]);
        let error = net(&args, net::Settings::default()).unwrap_err();
        assert_eq!(error.message, "a header has no `:`");
        for ours in ["Range: bytes=0-9", "accept-encoding: gzip"] {
            let args = parse(&["--header", ours, "x.org"]);
            let error = net(&args, net::Settings::default()).unwrap_err();
            assert!(error.message.contains("is set by this program"), "{error}");
        }
        for wrong in [["-I", "x"], ["--since", "x"]] {
            let args = parse(&wrong);
            let error = pipeline(&args, pipeline::Settings::default()).unwrap_err();
            assert_eq!(error.kind, Kind::Config);
        }
    }

    #[test]
    fn a_netrc_that_is_named_is_read() {
        let args = parse(&["--netrc", "-S", "net.netrc = /x/netrc", "x.org"]);
        let net = net(&args, config(&args).net().unwrap()).unwrap();
        assert!(format!("{:?}", net.netrc).contains("/x/netrc"));
    }
}
