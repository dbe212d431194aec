//! `fetch fields`: the fields of the items of a link, for templates and filters.

use serde_json::{Map, Value};

use super::args::Args;
use super::messages::{eprint, print};
use super::{main, overrides};
use crate::config::Config;
use crate::model::{Error, Item, Result};
use crate::net::Client;
use crate::pipeline::{self, fields};
use crate::report::clean;
use crate::source::Registry;

/// The longest value in the table, in characters.
const LONGEST: usize = 200;

/// Lists the fields of the first items of a link with their values.
pub(super) fn list(
    args: &Args,
    link: &str,
    items: usize,
    json: bool,
    sources: impl FnOnce(&Config) -> Result<Registry>,
) -> Result<()> {
    let config = main::config(args)?;
    let registry = main::registry(&config, sources)?;
    let client = Client::new(overrides::net(args, config.net()?)?)?;
    let link = registry.parse_link(link)?;
    let runtime = main::runtime()?;
    let (items, failures) = runtime.block_on(pipeline::preview(client, registry, link, items));
    runtime.shutdown_background();
    let text: String = match json {
        true => items
            .iter()
            .map(|item| format!("{}\n", object(item)))
            .collect(),
        false => items.iter().map(table).collect::<Vec<_>>().join("\n"),
    };
    print(&text)?;
    let Some(failure) = failures.into_iter().next() else {
        if items.is_empty() {
            eprint("nothing found\n");
        }
        return Ok(());
    };
    let mut error = Error::new(failure.kind, failure.message);
    error.hint = failure.hint;
    match failure.causes.into_iter().next() {
        Some(cause) => Err(error.because(cause)),
        None => Err(error),
    }
}

fn object(item: &Item) -> Value {
    let fields = fields(item).into_iter();
    Value::Object(
        fields
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

/// One line per field, those of `extra` as templates write them; `-` stands for a missing value.
fn table(item: &Item) -> String {
    let mut lines = Vec::new();
    for (name, value) in fields(item) {
        match value {
            Value::Object(extra) => nested(name, extra, &mut lines),
            value => lines.push((name.to_owned(), value)),
        }
    }
    let width = lines.iter().map(|(name, _)| name.chars().count()).max();
    let width = width.unwrap_or(0);
    let line = |(name, value): &(String, Value)| format!("{name:width$}  {}\n", display(value));
    lines.iter().map(line).collect()
}

fn nested(name: &str, table: Map<String, Value>, lines: &mut Vec<(String, Value)>) {
    if table.is_empty() {
        lines.push((name.to_owned(), Value::Null));
    }
    for (key, value) in table {
        // Templates write a key that is not a word in brackets.
        let is_word = key.chars().all(|c| c.is_alphanumeric() || c == '_');
        let name = match is_word {
            true => format!("{name}.{key}"),
            false => format!("{name}[{}]", Value::from(key)),
        };
        match value {
            Value::Object(table) => nested(&clean(&name), table, lines),
            value => lines.push((clean(&name).into_owned(), value)),
        }
    }
}

fn display(value: &Value) -> String {
    let text = match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => clean(text).into_owned(),
        other => clean(&other.to_string()).into_owned(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Body, Meta, Request};

    #[test]
    fn shows_what_is_there_and_what_is_not_and_no_secret() {
        let url = "https://x.org/a.jpg?token=abc&w=3";
        let mut meta = Meta {
            title: Some("A\u{1b}[2J cat".into()),
            number: Some(7),
            ..Meta::default()
        };
        let extra = [
            ("likes", Value::from(12)),
            ("poster", Value::from(url)),
            ("x y", serde_json::json!({"z": [1, url]})),
        ];
        meta.extra
            .extend(extra.map(|(name, value)| (name.to_owned(), value)));
        let item = Item {
            source: "test".into(),
            key: "1".into(),
            meta,
            body: Body::File(Request::new(url.parse().unwrap())),
        };
        let text = table(&item);
        let rows: Vec<_> = text
            .lines()
            .map(|line| line.split_once("  ").unwrap())
            .collect();
        for (name, value) in [
            ("source", "test"),
            ("title", "A[2J cat"),
            ("author", "-"),
            ("number", "7"),
            ("kind", "image"),
            ("url", "https://x.org/a.jpg?token=***&w=3"),
            ("extra.likes", "12"),
            ("extra.poster", "https://x.org/a.jpg?token=***&w=3"),
            (
                "extra[\"x y\"].z",
                "[1,\"https://x.org/a.jpg?token=***&w=3\"]",
            ),
        ] {
            let row = rows.iter().find(|row| row.0 == name);
            assert_eq!(row.unwrap().1.trim_start(), value, "{name}");
        }
        let object = object(&item);
        assert_eq!(object["author"], Value::Null);
        assert_eq!(object["extra"]["likes"], 12);
        assert!(!object.to_string().contains("abc"), "{object}");
    }
}
