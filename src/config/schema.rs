//! The JSON schema of a configuration file, with which editors complete and check it.
//!
//! It is derived, not written by hand: the keys are those of the default settings, the types are found by trying values on
//! the code that reads them, and the descriptions come from the example.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::all::Config;
use super::example::{self, ExampleKey};
use super::known::{self, ANY};
use super::sections::Sections;
use super::tree::nest;
use crate::model::Result;

/// The options of a source that has requested them.
#[derive(Clone)]
pub(super) struct Options {
    pub(super) known: Value,
    pub(super) try_out: TryOut,
}

/// Checks whether a value can be read.
pub(super) type TryOut = fn(Value) -> serde_json::Result<()>;

/// Tries to read a value as a type.
pub(super) fn try_out<T: DeserializeOwned>(value: Value) -> serde_json::Result<()> {
    serde_json::from_value::<T>(value).map(drop)
}

impl Config {
    /// Returns the JSON schema (draft 2020-12) of a configuration file, with the options of the sources that have
    /// requested them.
    ///
    /// # Errors
    /// Only in case of a bug.
    pub fn schema(&self) -> Result<String> {
        let shown = example::example_keys();
        let known = known::keys_of::<Sections>()?;
        let mut probe = Probe {
            shown: &shown,
            try_out: try_out::<Sections>,
            start: 0,
        };
        let mut schema = probe.table(&mut Vec::new(), &known);
        // Every source can have a template, although none defines it.
        let of_sources = ["source", ANY, "template"].map(str::to_owned);
        let mut template = schema["properties"]["output"]["properties"]["template"].clone();
        if let Some(shown) = example::find(&shown, &of_sources) {
            template["description"] = json!(shown.about);
        }
        let mut sources = Map::new();
        probe.start = 2;
        for (name, options) in &self.options() {
            probe.try_out = options.try_out;
            let mut path = vec!["source".to_owned(), name.clone()];
            let mut source = probe.table(&mut path, &options.known);
            source["properties"]["template"] = template.clone();
            sources.insert(name.clone(), source);
        }
        schema["properties"]["source"] = object(sources, json!(false));
        let start = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Settings of fetch",
        });
        if let (Value::Object(start), Value::Object(schema)) = (start, &mut schema) {
            schema.extend(start);
        }
        Ok(format!("{schema:#}\n"))
    }

    /// Returns the options of the sources that have requested them.
    pub(super) fn options(&self) -> BTreeMap<String, Options> {
        let options = self.options.lock();
        options
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }
}

/// Finds out which values a key accepts.
struct Probe<'a> {
    shown: &'a [ExampleKey],
    try_out: TryOut,
    /// How many leading parts of a path are left out of the value that is tried.
    start: usize,
}

impl Probe<'_> {
    fn table(&self, path: &mut Vec<String>, known: &Value) -> Value {
        let mut properties = Map::new();
        let mut others = json!(false);
        for (key, default) in known.as_object().into_iter().flatten() {
            path.push(key.clone());
            let is_table = default.as_object().is_some_and(|table| !table.is_empty());
            let schema = match is_table {
                true => self.table(path, default),
                false => self.key(path, default),
            };
            path.pop();
            match key == ANY {
                true => others = schema,
                false => drop(properties.insert(key.clone(), schema)),
            }
        }
        object(properties, others)
    }

    fn key(&self, path: &[String], default: &Value) -> Value {
        let shown = example::find(self.shown, path);
        let of_kind = |is: fn(&Value) -> bool, any: Value| {
            let known = [Some(default), shown.map(|shown| &shown.value)];
            known
                .into_iter()
                .flatten()
                .find(|value| is(value))
                .cloned()
                .unwrap_or(any)
        };
        // The description of a key may quote a word that it accepts.
        let quoted = shown.and_then(|shown| shown.about.split('"').nth(1));
        let any = json!(quoted.unwrap_or("text"));
        let text = of_kind(|value| value.is_string() && value != "***", any);
        let list = of_kind(Value::is_array, json!(["text"]));
        let table = of_kind(Value::is_object, json!({}));
        let accepts = |value: &Value| self.accepts(path, value).is_ok();
        let kinds = [
            ("boolean", json!(true)),
            ("number", json!(7.5)),
            ("integer", json!(7)),
            ("string", text),
            ("array", list),
            ("object", table),
        ];
        let mut kinds: Vec<_> = kinds
            .iter()
            .filter(|(_, value)| accepts(value))
            .map(|(kind, _)| *kind)
            .collect();
        if kinds.contains(&"number") {
            kinds.retain(|kind| *kind != "integer");
        }
        let mut schema = json!({});
        match kinds.as_slice() {
            [] => {}
            [kind] => schema["type"] = json!(kind),
            kinds => schema["type"] = json!(kinds),
        }
        if kinds.contains(&"array") {
            schema["items"] = json!({ "type": "string" });
            if let Some(words) = self.words(path, |word| json!([word])) {
                schema["items"]["enum"] = json!(words);
            }
        }
        if kinds.contains(&"object") {
            schema["additionalProperties"] = json!({ "type": "string" });
        }
        if kinds.contains(&"integer") && !accepts(&json!(-1)) {
            schema["minimum"] = json!(if accepts(&json!(0)) { 0 } else { 1 });
        }
        if kinds.contains(&"number") && !accepts(&json!(0)) {
            schema["exclusiveMinimum"] = json!(0);
        }
        if kinds.contains(&"string")
            && let Some(mut words) = self.words(path, |word| word)
        {
            let both = [json!(true), json!(false)];
            words.extend(both.into_iter().filter(|_| kinds.contains(&"boolean")));
            schema["enum"] = json!(words);
        }
        if let Some(shown) = shown {
            schema["description"] = json!(shown.about);
        }
        if !default.is_null() && default != "***" {
            schema["default"] = default.clone();
        }
        schema
    }

    /// Returns the words that a key accepts, if it accepts no other text. The error of the code that reads the key names
    /// them. `within` wraps a word, for example in a list.
    fn words(&self, path: &[String], within: fn(Value) -> Value) -> Option<Vec<Value>> {
        let accepts = |value: &Value| self.accepts(path, &within(value.clone()));
        let refusal = accepts(&json!("\0")).err()?.to_string();
        let (_, words) = refusal.split_once("expected ")?;
        // Then the quoted words are examples.
        if words.contains("such as") {
            return None;
        }
        let words = words.split(['`', '"']).skip(1).step_by(2);
        let words = words.map(Value::from);
        let words: Vec<_> = words.filter(|word| accepts(word).is_ok()).collect();
        (!words.is_empty()).then_some(words)
    }

    fn accepts(&self, path: &[String], value: &Value) -> serde_json::Result<()> {
        (self.try_out)(nest(&path[self.start..], value.clone()))
    }
}

fn object(properties: Map<String, Value>, others: Value) -> Value {
    let mut schema = json!({ "type": "object", "additionalProperties": others });
    if !properties.is_empty() {
        schema["properties"] = properties.into();
    }
    schema
}
