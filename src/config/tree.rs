//! Trees of values, each with the place it comes from, and merging such trees.

use config::{Config, ConfigError, Map, Source, Value, ValueKind};
use serde_json::Value as Json;

/// The key that wraps a tree for the merge, which would split outermost keys at their dots.
const ROOT: &str = "all";

/// The values of a layer.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree(Map<String, Value>);

impl Tree {
    /// Sets the value at a path, replacing any previous one.
    pub(super) fn set(&mut self, path: &[String], place: &str, value: Json) {
        let Some((last, tables)) = path.split_last() else {
            return;
        };
        let mut here = &mut self.0;
        for table in tables {
            let next = here.entry(table.clone()).or_default();
            if !matches!(next.kind, ValueKind::Table(_)) {
                next.kind = ValueKind::Table(Map::new());
            }
            here = match &mut next.kind {
                ValueKind::Table(table) => table,
                // It was made a table just above.
                _ => return,
            };
        }
        here.insert(last.clone(), from_json(&place.to_owned(), value));
    }
}

impl Source for Tree {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let table = Value::new(None, ValueKind::Table(self.0.clone()));
        Ok(Map::from_iter([(ROOT.to_owned(), table)]))
    }
}

/// Merges trees; later ones win.
pub(super) fn merge(trees: Vec<Tree>) -> Result<Json, ConfigError> {
    Ok(to_json(&merge_with_places(trees)?))
}

/// Merges trees, keeping the place of each value.
pub(super) fn merge_with_places(trees: Vec<Tree>) -> Result<Value, ConfigError> {
    let mut builder = Config::builder();
    for tree in trees {
        builder = builder.add_source(tree);
    }
    let empty = || Value::new(None, ValueKind::Table(Map::new()));
    Ok(match builder.build()?.cache.kind {
        ValueKind::Table(mut table) => table.remove(ROOT).unwrap_or_else(empty),
        _ => empty(),
    })
}

/// Nests a value in tables, one for each part of a path.
pub(super) fn nest(path: &[String], value: Json) -> Json {
    path.iter().rev().fold(value, |inner, key| {
        Json::Object(serde_json::Map::from_iter([(key.clone(), inner)]))
    })
}

fn from_json(place: &String, json: Json) -> Value {
    let kind = match json {
        Json::Null => ValueKind::Nil,
        Json::Bool(value) => ValueKind::Boolean(value),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(value), ..) => ValueKind::I64(value),
            (_, Some(value), _) => ValueKind::U64(value),
            (.., value) => ValueKind::Float(value.unwrap_or(f64::NAN)),
        },
        Json::String(text) => ValueKind::String(text),
        Json::Array(values) => {
            ValueKind::Array(values.into_iter().map(|v| from_json(place, v)).collect())
        }
        Json::Object(table) => ValueKind::Table(
            table
                .into_iter()
                .map(|(key, value)| (key, from_json(place, value)))
                .collect(),
        ),
    };
    Value::new(Some(place), kind)
}

/// Converts a value to JSON, without its places.
pub(super) fn to_json(value: &Value) -> Json {
    match &value.kind {
        ValueKind::Nil => Json::Null,
        ValueKind::Boolean(value) => Json::from(*value),
        ValueKind::I64(value) => Json::from(*value),
        ValueKind::U64(value) => Json::from(*value),
        ValueKind::Float(value) => Json::from(*value),
        ValueKind::String(text) => Json::from(text.as_str()),
        ValueKind::Array(values) => values.iter().map(to_json).collect(),
        ValueKind::Table(table) => table
            .iter()
            .map(|(key, value)| (key.clone(), to_json(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        // Cannot happen: no tree holds numbers this large.
        ValueKind::I128(value) => Json::from(value.to_string()),
        ValueKind::U128(value) => Json::from(value.to_string()),
    }
}
