//! A layer of settings: each key with its value and the place it comes from.

use std::path::Path;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::author::Author;
use super::environment::Environment;
use crate::model::{Error, Kind, Result};

/// A setting that was given on the command line.
#[derive(Clone, Debug, PartialEq)]
pub struct Flag {
    /// The flag as it was typed, without its value: `-N`, `-S net.retries`.
    pub name: String,
    /// The key, with dots: `net.connections`. A part that has dots itself is in quotes: `host."example.org".connections`.
    pub key: String,
    /// The value. Text is converted to the type of the key.
    pub value: Value,
}

/// The settings from one file, from the environment, or from the flags.
#[derive(Clone, Default)]
pub(super) struct Layer {
    pub(super) is_file: bool,
    pub(super) entries: Vec<Entry>,
}

/// A key with its value.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) path: Vec<String>,
    pub(super) raw: Raw,
    /// The place it comes from, for messages: `` `fetch.toml`, line 3, column 1 ``.
    pub(super) place: String,
    pub(super) author: Author,
}

/// A value before its expected type is known.
#[derive(Clone, PartialEq)]
pub(super) enum Raw {
    /// A table, whose keys are entries of their own.
    Table,
    /// A value that was written with a type.
    Typed(Value),
    /// Text from the environment or a flag, to be converted to the expected type.
    Text(String),
}

impl Layer {
    /// Reads the layer of a TOML file.
    pub(super) fn toml(path: &Path, text: &str, author: Author) -> Result<Layer> {
        let file = path.display();
        let table = DeTable::parse(text).map_err(|error| {
            let place = error
                .span()
                .map(|span| LineIndex::new(text).describe(span.start));
            let place = place.unwrap_or_default();
            let message = error.message().trim().replace('\n', ", ");
            Error::new(
                Kind::Config,
                format!("cannot read `{file}`{place}: {message}"),
            )
        })?;
        let mut entries = Vec::new();
        let index = LineIndex::new(text);
        let at = |offset| format!("`{file}`{}", index.describe(offset));
        collect(&mut Vec::new(), table.get_ref(), &at, &mut entries);
        entries.iter_mut().for_each(|entry| entry.author = author);
        Ok(Layer {
            is_file: true,
            entries,
        })
    }

    /// Reads the layer of the environment: `FETCH_NET__RETRIES` is `net.retries`. A name without `__` is not ours, and
    /// an empty value counts as unset.
    ///
    /// # Errors
    /// [`Kind::Config`] for a value that is not UTF-8.
    pub(super) fn environment(environment: &Environment) -> Result<Layer> {
        let mut entries = Vec::new();
        for name in environment.names() {
            let key = name.strip_prefix("FETCH_");
            let Some(key) = key.filter(|key| key.contains("__")) else {
                continue;
            };
            entries.extend(environment.text(name)?.map(|value| Entry {
                path: key.split("__").map(str::to_ascii_lowercase).collect(),
                raw: Raw::Text(value.to_owned()),
                place: variable(name),
                author: Author::Typed,
            }));
        }
        Ok(Layer {
            is_file: false,
            entries,
        })
    }

    /// Builds the layer of the flags.
    pub(super) fn flags(flags: Vec<Flag>) -> Layer {
        let entries = flags.into_iter().map(|flag| Entry {
            path: parts(&flag.key),
            raw: match flag.value {
                Value::String(text) => Raw::Text(text),
                typed => Raw::Typed(typed),
            },
            place: format!("`{}`", flag.name),
            author: Author::Typed,
        });
        Layer {
            is_file: false,
            entries: entries.collect(),
        }
    }
}

/// Splits a key at its dots, except those in quotes: `host."example.org".connections`.
fn parts(key: &str) -> Vec<String> {
    let mut quote = None;
    let parts = key.split(|c: char| match (quote, c) {
        (None, '"' | '\'') => {
            quote = Some(c);
            false
        }
        (None, c) => c == '.',
        (Some(open), c) => {
            quote = quote.filter(|_| c != open);
            false
        }
    });
    let bare = |part: &str| {
        let within = |quote| part.strip_prefix(quote)?.strip_suffix(quote);
        within('"')
            .or_else(|| within('\''))
            .unwrap_or(part)
            .to_owned()
    };
    parts.map(bare).collect()
}

/// Returns how messages name an environment variable as a place.
pub(super) fn variable(name: &str) -> String {
    format!("the environment variable `{name}`")
}

fn collect(
    path: &mut Vec<String>,
    table: &DeTable<'_>,
    at: &impl Fn(usize) -> String,
    entries: &mut Vec<Entry>,
) {
    // In file order, so that the first of several mistakes is reported.
    let mut keys: Vec<_> = table.iter().collect();
    keys.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in keys {
        path.push(key.get_ref().to_string());
        let raw = match value.get_ref() {
            DeValue::Table(_) => Raw::Table,
            _ => Raw::Typed(json(value)),
        };
        entries.push(Entry {
            path: path.clone(),
            raw,
            place: at(key.span().start),
            author: Author::Typed,
        });
        if let DeValue::Table(table) = value.get_ref() {
            collect(path, table, at, entries);
        }
        path.pop();
    }
}

fn json(value: &Spanned<DeValue<'_>>) -> Value {
    match value.get_ref() {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or_else(|_| Value::String(integer.to_string()), Value::from),
        DeValue::Float(float) => float
            .as_str()
            .parse::<f64>()
            .map_or_else(|_| Value::String(float.to_string()), Value::from),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Array(values) => values.iter().map(json).collect(),
        DeValue::Table(table) => table
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), json(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

/// Where lines, and long pieces of them, begin in a text, so that finding the place of a key is as fast in a large one.
struct LineIndex<'a> {
    text: &'a str,
    /// Sorted by offset.
    positions: Vec<Position>,
}

/// A byte offset in a text with its line and column.
#[derive(Clone, Copy)]
struct Position {
    offset: usize,
    line: usize,
    column: usize,
}

impl<'a> LineIndex<'a> {
    /// The largest distance between two positions, in characters.
    const SPACING: usize = 256;

    fn new(text: &'a str) -> LineIndex<'a> {
        let mut here = Position {
            offset: 0,
            line: 1,
            column: 1,
        };
        let mut positions = vec![here];
        for (offset, char) in text.char_indices() {
            let next = offset + char.len_utf8();
            here = match char {
                '\n' => Position {
                    offset: next,
                    line: here.line + 1,
                    column: 1,
                },
                _ => Position {
                    offset: next,
                    column: here.column + 1,
                    ..here
                },
            };
            if here.column % Self::SPACING == 1 {
                positions.push(here);
            }
        }
        LineIndex { text, positions }
    }

    /// Returns the place of a byte: `, line 3, column 1`.
    fn describe(&self, offset: usize) -> String {
        let after = self
            .positions
            .partition_point(|position| position.offset <= offset);
        // The first position is at offset 0, so there is always one before.
        let position = self.positions[after - 1];
        let between = self.text.get(position.offset..offset).unwrap_or("");
        let column = position.column + between.chars().count();
        format!(", line {}, column {column}", position.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_place_of_every_character() {
        let text = format!("a\r\n\n{}\nü = {{ b = 1 }}\n", "é".repeat(1000));
        let index = LineIndex::new(&text);
        let (mut line, mut column) = (1, 1);
        for (offset, char) in text.char_indices() {
            let expected = format!(", line {line}, column {column}");
            assert_eq!(index.describe(offset), expected, "{offset}");
            (line, column) = match char {
                '\n' => (line + 1, 1),
                _ => (line, column + 1),
            };
        }
        assert_eq!(index.describe(text.len()), ", line 5, column 1");
        assert!(index.positions.len() < 12, "{}", index.positions.len());
    }
}
