//! The path templates: the general one, and those of single sources.

use std::collections::BTreeMap;

use serde_json::Value;

use super::all::Config;
use super::layer::{Entry, Raw};
use super::read::wrong;
use crate::model::Result;
use crate::pipeline::{Template, Templates};

impl Config {
    /// Returns the templates. That of a source takes precedence over the general one, unless the general one is set in a
    /// later layer: `-o` beats every file.
    pub(super) fn templates(&self) -> Result<Templates> {
        let mut default = None;
        let mut by_source = BTreeMap::new();
        for (depth, layer) in self.layers.iter().enumerate() {
            for entry in &layer.entries {
                match entry.path.as_slice() {
                    [section, key] if section == "output" && key == "template" => {
                        default = Some((depth, entry));
                    }
                    [section, name, key] if section == "source" && key == "template" => {
                        by_source.insert(name.clone(), (depth, entry));
                    }
                    _ => {}
                }
            }
        }
        let min_depth = match &default {
            Some((depth, entry)) if read(entry)?.is_some() => *depth,
            _ => 0,
        };
        let mut templates = Templates::default();
        if let Some((_, entry)) = default {
            templates.default = read(entry)?;
        }
        for (name, (depth, entry)) in by_source {
            if let Some(template) = read(entry)?
                && depth >= min_depth
            {
                templates.by_source.insert(name, template);
            }
        }
        Ok(templates)
    }
}

/// Parses the template of an entry; an empty one counts as unset.
fn read(entry: &Entry) -> Result<Option<Template>> {
    let text = match &entry.raw {
        Raw::Typed(Value::String(text)) | Raw::Text(text) => text,
        _ => return Err(wrong(entry, "expected text in quotes")),
    };
    if text.is_empty() {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|mut error: crate::model::Error| {
            error.message = wrong(entry, &error.message).message;
            error
        })
}
