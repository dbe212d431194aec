//! Checks the schema against the code that it is derived from.

use serde_json::{Value, json};

use crate::config::EXAMPLE;
use crate::config::all::Config;

fn schema() -> Value {
    let config = Config::default();
    crate::plugins::all(&config).unwrap();
    serde_json::from_str(&config.schema().unwrap()).unwrap()
}

/// Returns how a value violates a schema, for the features that our schema uses.
fn breaks(schema: &Value, value: &Value) -> Option<String> {
    let is = |kind: &Value| match kind.as_str().unwrap() {
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("`{other}` is no type"),
    };
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.clone(),
        kind => vec![kind.clone()],
    };
    if !kinds.iter().any(is) {
        return Some(format!("{value} is not of type {kinds:?}"));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Some(format!("{value} is none of {words:?}"));
    }
    if let (Some(least), Some(number)) = (schema["minimum"].as_i64(), value.as_i64())
        && number < least
    {
        return Some(format!("{value} is less than {least}"));
    }
    let listed = value.as_array().into_iter().flatten();
    if let Some(mistake) = listed
        .filter_map(|value| breaks(&schema["items"], value))
        .next()
    {
        return Some(mistake);
    }
    for (key, value) in value.as_object().into_iter().flatten() {
        let known = schema["properties"].get(key);
        let inner = match known.unwrap_or(&schema["additionalProperties"]) {
            Value::Bool(false) => return Some(format!("`{key}` is unknown")),
            inner => inner,
        };
        if let Some(mistake) = breaks(inner, value) {
            return Some(mistake);
        }
    }
    None
}

fn read(toml: &str) -> Value {
    toml::from_str(toml).unwrap()
}

#[test]
fn the_example_keeps_the_schema() {
    assert_eq!(breaks(&schema(), &read(&super::example::in_force())), None);
    assert_eq!(breaks(&schema(), &read(EXAMPLE)), None);
}

#[test]
fn what_the_code_refuses_breaks_the_schema() {
    let schema = schema();
    for text in [
        "[nets]",
        "net.retrys = 3",
        "net.retries = 'many'",
        "net.retries = -1",
        "net.connections = 0",
        "net.backoff = 5",
        "net.proxy = 5",
        "net.ca_cert = 'a'",
        "output.mtime = 'yes'",
        "after.zip = 'alone'",
        "archive.skip = 'always'",
        "host.'x.org'.rate = 4",
        "job.mine.link = 'x.org'",
        "job.mine.links = 'x.org'",
        "job.mine.skip = 'no'",
        "job.mine.kinds = ['film']",
        "job.mine.lists = [3]",
        "job.mine.headers = 'x'",
        "source.imgur.animated = 'gif'",
        "source.nobody.x = 3",
    ] {
        assert!(breaks(&schema, &read(text)).is_some(), "{text}");
        let refused = Config::from_toml(text)
            .and_then(|config| crate::plugins::all(&config).map(|_| config))
            .and_then(|config| config.check_sources(&["imgur", "direct"]));
        assert!(refused.is_err(), "{text}");
    }
}

#[test]
fn every_source_can_have_a_template_and_no_key_that_nobody_knows() {
    let schema = schema();
    let sources = crate::plugins::all(&Config::default()).unwrap();
    for source in sources.sources() {
        let name = &source.manifest().name;
        let known = &schema["properties"]["source"]["properties"][name];
        assert!(known["properties"]["template"].is_object(), "{name}");
        let text = format!("source.{name}.no_such = 1");
        let config = Config::from_toml(&text).unwrap();
        let error = crate::plugins::all(&config).map(|_| ()).unwrap_err();
        assert!(
            error.message.starts_with("unknown key `no_such` in "),
            "{error}"
        );
    }
}

#[test]
fn the_schema_types_and_describes_every_key() {
    fn look(path: &str, schema: &Value) {
        let tables = schema["properties"].as_object().into_iter().flatten();
        let any = Some(&schema["additionalProperties"]).filter(|any| any["properties"].is_object());
        let mut is_table = false;
        for (key, inner) in tables
            .map(|(key, inner)| (key.as_str(), inner))
            .chain(any.map(|any| ("*", any)))
        {
            is_table = true;
            look(&format!("{path}.{key}"), inner);
        }
        if !is_table {
            assert!(
                schema["type"].is_string() || schema["type"].is_array(),
                "{path}"
            );
            assert!(schema["description"].is_string(), "{path}");
        }
    }
    let schema = schema();
    look("", &schema);
    let expected = json!({
        "type": "integer",
        "minimum": 0,
        "default": 5,
        "description": "The number of retries without progress in between (-R); four times as many after a 429.",
    });
    assert_eq!(
        schema["properties"]["net"]["properties"]["retries"],
        expected
    );
}
