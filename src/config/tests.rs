//! Tests of the layers from end to end, and of every mistake with its whole message.

mod example;
mod jobs;
mod mistakes;
mod more_mistakes;
mod schema;
mod trust;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::all::Config;
use super::author::Author;
use super::layer::Flag;
use crate::model::Result;
use crate::net::Secret;
use crate::pipeline::{Mtime, Policy};

fn flag(name: &str, key: &str, value: impl Into<Value>) -> Flag {
    Flag {
        name: name.into(),
        key: key.into(),
        value: value.into(),
    }
}

#[test]
fn keys_with_dots_are_quoted() {
    let read = |key: &str| config(&[], &[], vec![flag("-S", key, "4")]);
    for key in [
        "host.\"example.org\".connections",
        "host.'Example.org'.connections",
    ] {
        let net = read(key).unwrap().net().unwrap();
        assert_eq!(net.hosts["example.org"].connections, 4, "{key}");
    }
    for key in [
        "host.example.org.connections",
        "host.\"example.org.connections",
        "\"host.x\".connections",
    ] {
        assert!(read(key).is_err(), "{key}");
    }
}

#[test]
fn the_limits_of_a_host_are_found_by_its_name_in_urls() {
    for (name, host) in [
        ("localhost.", "localhost"),
        ("B\u{fc}cher.de", "xn--bcher-kva.de"),
    ] {
        let key = format!("host.'{name}'.connections");
        let config = config(&[], &[], vec![flag("-S", &key, "4")]).unwrap();
        assert_eq!(config.net().unwrap().hosts[host].connections, 4, "{name}");
    }
}

fn config(
    files: &[(&str, &str)],
    environment: &[(&str, &str)],
    flags: Vec<Flag>,
) -> Result<Config> {
    let files = files
        .iter()
        .map(|(path, text)| (Author::Own, PathBuf::from(path), (*text).to_owned()))
        .collect();
    let environment = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.into()))
        .collect();
    Config::assemble(files, environment, flags)
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
    assert_eq!((pipeline.mtime, pipeline.skip), (Mtime::Now, Policy::Seen));
    assert_eq!(pipeline.root, PathBuf::from("out"));
}

#[test]
fn a_host_can_have_limits_of_its_own() {
    let text = "net.per_host = 9\n[host.'A.org']\nconnections = 4\n[host.\"b.org\"]\nrequests_per_second = 2";
    let config = Config::from_toml(text).unwrap();
    let hosts = config.net().unwrap().hosts;
    let limits = |connections, requests_per_second| crate::net::Limits {
        connections,
        requests_per_second,
    };
    assert_eq!(hosts["a.org"], limits(4, None));
    assert_eq!(hosts["b.org"], limits(9, Some(2.0)));
    assert_eq!(hosts.len(), 2);
    let shown = config.show(true).unwrap();
    let expected = "
[host.\"b.org\"]
# connections is not set  # default
requests_per_second = 2.0  # `fetch.toml`, line 5, column 1
";
    assert!(shown.contains(expected), "{shown}");
    assert!(toml::from_str::<toml::Table>(&config.show(false).unwrap()).is_ok());
}

#[test]
fn every_section_is_shown() {
    let text = "[stream]\nquality = '720p'\n[extractor]\norder = 'last'";
    let config = Config::from_toml(text).unwrap();
    let shown = config.show(true).unwrap();
    assert!(
        shown.contains("quality = \"720p\"  # `fetch.toml`, line 2, column 1"),
        "{shown}"
    );
    let table: toml::Table = config.show(false).unwrap().parse().unwrap();
    let sections = serde_json::to_value(&config.sections).unwrap();
    for (section, keys) in sections.as_object().unwrap() {
        let is_named = keys.get(super::known::ANY).is_some();
        let is_shown = is_named || section == "source" || table.contains_key(section);
        assert!(is_shown, "{section}");
    }
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
fn a_source_can_have_a_template_of_its_own() {
    let low = (
        "low",
        "output.template = 'low'\nsource.a.template = 'a'\nsource.b.template = 'b'",
    );
    let high = (
        "high",
        "output.template = 'high'\nsource.b.template = 'B'\nsource.mine.template = ''",
    );
    let shown = |files: &[(&str, &str)], flags: Vec<Flag>| {
        let config = config(files, &[], flags).unwrap();
        config.source::<Options>("mine").unwrap();
        let templates = config.pipeline().unwrap().templates;
        let of_sources = templates.by_source.iter();
        let mut shown: Vec<_> = of_sources
            .map(|(name, template)| format!("{name}={template}"))
            .collect();
        shown.extend(templates.default.map(|template| template.to_string()));
        shown.join(" ")
    };
    assert_eq!(shown(&[low], vec![]), "a=a b=b low");
    assert_eq!(shown(&[low, high], vec![]), "b=B high");
    let flag = flag("-o", "output.template", "typed");
    assert_eq!(shown(&[low, high], vec![flag]), "typed");
    let wrong = config(&[("x", "source.a.template = '{titel}'")], &[], vec![]);
    let error = wrong.unwrap().pipeline().unwrap_err();
    let expected =
        "wrong value for `source.a.template` in `x`, line 1, column 10: there is no field `titel`";
    assert_eq!(error.message, expected);
}

#[test]
fn tables_cannot_be_set_to_text() {
    for key in ["output", "net", "job.cats"] {
        let wrong = config(&[], &[], vec![flag("-S", key, "5")]).map(|_| key);
        let message = wrong.unwrap_err().message;
        assert!(message.ends_with("expected a table"), "{key}: {message}");
    }
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
    // Only secrets are read from variables without our prefix.
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
fn config_show_prints_values_and_origins() {
    let text = "[net]\nproxy = 'http://me:hunter2@x.org/'\n[source.mine]\nclient_id = 'hunter2'\napi_key = 'env:KEY'\nsite = 'x'";
    let environment = [("FETCH_NET__RETRIES", "3"), ("KEY", "hunter2")];
    let config = config(&[("a.toml", text)], &environment, Vec::new()).unwrap();
    let expected = r#"[output]
directory = "."  # default
min_free = "0"  # default
mtime = true  # default
# template is not set  # default

[after]
cbz = false  # default
# exec is not set  # default
# exec_after is not set  # default
info = false  # default
lines = false  # default
metadata = false  # default
zip = false  # default

[archive]
digest = "xxh3"  # default
duplicates = "keep"  # default
enabled = true  # default
# file is not set  # default
skip = "present"  # default

[net]
backoff = "500ms"  # default
ca_cert = []  # default
connect_timeout = "10s"  # default
connections = 32  # default
# cookies is not set  # default
# cookies_from is not set  # default
cookies_save = false  # default
longest_wait = "10m"  # default
netrc = false  # default
per_file = 16  # default
per_host = 32  # default
private = "typed"  # default
proxy = "http://***@x.org/"  # `a.toml`, line 2, column 1
# rate is not set  # default
resolve = []  # default
retries = 3  # the environment variable `FETCH_NET__RETRIES`
speed_floor = "1K"  # default
speed_window = "1m"  # default
stall_timeout = "30s"  # default
# user_agent is not set  # default

[stream]
# live_for is not set  # default
quality = "best"  # default
subtitles = "none"  # default

[extractor]
order = "last"  # default
processes = 4  # default
programs = ["gallerydl", "ytdlp"]  # default
timeout = "2m"  # default

[extractor.gallerydl]
# config is not set  # default
# path is not set  # default

[extractor.ytdlp]
# path is not set  # default

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
