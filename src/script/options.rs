//! The user's settings for a plugin, checked against its manifest.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use url::{Origin, Url};

use super::hosts::Hosts;
use super::manifest::{Kind, Manifest};
use crate::model::{Error, Kind as ErrorKind, Result};
use crate::net::Secret;

/// The options and secrets of a plugin.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    /// The values that the script sees.
    pub(super) values: BTreeMap<String, Value>,
    /// The values that it never sees.
    pub(super) secrets: BTreeMap<String, Secret>,
    /// The origins of sites that the user has set.
    pub(super) own: Vec<Origin>,
    /// The same, each with the site it stands in for.
    pub(super) stand_ins: Vec<(Origin, Url)>,
    /// The hosts that the user has added to the family.
    pub(super) hosts: Vec<String>,
}

/// Returns the sites set by the user in place of the manifest's: the origin that was set, and the site that the plugin
/// would otherwise request.
pub(super) fn stand_ins(manifest: &Manifest, set: &Map<String, Value>) -> Vec<(Origin, Url)> {
    let sites = manifest.options.iter().filter_map(|option| {
        let set = typed(option.kind, set.get(&option.key)?.clone());
        let (_, set) = value(option.kind, set)?;
        let site = option.default.as_str()?.parse().ok()?;
        Some((set?, site))
    });
    sites.collect()
}

/// Returns the URL on the plugin's own site that a URL stands in for, or the URL itself.
pub(super) fn to_site_url(mut url: Url, stand_ins: &[(Origin, Url)]) -> Url {
    let origin = url.origin();
    if let Some((_, site)) = stand_ins.iter().find(|(set, _)| *set == origin) {
        // Both are http or https URLs with a host, so none of these fails.
        let _ = url.set_scheme(site.scheme());
        let _ = url.set_host(site.host_str());
        let _ = url.set_port(site.port());
    }
    url
}

/// Returns the known keys with their defaults, as the configuration needs them; `***` for a secret.
pub(super) fn known(manifest: &Manifest) -> Value {
    let options = manifest
        .options
        .iter()
        .map(|option| (option.key.clone(), json!(option.default)));
    let secrets = manifest
        .secrets
        .iter()
        .map(|secret| (secret.key.clone(), json!("***")));
    Value::Object(options.chain(secrets).collect::<Map<_, _>>())
}

impl Options {
    /// Reads the user's settings.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a value of the wrong type.
    pub(super) fn read(manifest: &Manifest, set: Value) -> Result<Options> {
        let Value::Object(mut set) = set else {
            return Ok(Options::default())
                .and_then(|options| options.with_defaults(manifest, Map::new()));
        };
        let mut options = Options::default();
        for secret in &manifest.secrets {
            if let Some(Value::String(value)) = set.remove(&secret.key)
                && !value.is_empty()
            {
                options
                    .secrets
                    .insert(secret.key.clone(), Secret::new(value));
            }
        }
        options.with_defaults(manifest, set)
    }

    fn with_defaults(
        mut self,
        manifest: &Manifest,
        mut set: Map<String, Value>,
    ) -> Result<Options> {
        self.stand_ins = stand_ins(manifest, &set);
        for option in &manifest.options {
            let key = &option.key;
            let given = set.remove(key).map(|given| typed(option.kind, given));
            let is_set = given.is_some();
            let value = given.unwrap_or_else(|| json!(option.default));
            let Some((value, site)) = self::value(option.kind, value) else {
                let message = format!(
                    "`{key}` of `[source.{}]` is not {}",
                    manifest.id, option.kind
                );
                return Err(Error::new(ErrorKind::Config, message));
            };
            // A default comes from the plugin's author, so its host must be declared like any other.
            if is_set {
                self.own.extend(site);
            }
            if is_set && option.kind == Kind::Hosts {
                self.hosts.extend(hosts(&value).into_iter().flatten());
            }
            self.values.insert(key.clone(), value);
        }
        Ok(self)
    }
}

/// Interprets the text of a flag or a variable for an option that is not text: `true`, `7`, `["a.org", "b.org"]`, or
/// `a.org, b.org`.
fn typed(kind: Kind, value: Value) -> Value {
    let Some(text) = value.as_str() else {
        return value;
    };
    let read = || toml::from_str::<BTreeMap<String, Value>>(&format!("x = {text}")).ok();
    let only = |read: BTreeMap<String, Value>| match read.len() {
        1 => read.into_values().next(),
        _ => None,
    };
    let fits = |typed: &Value| match kind {
        Kind::Bool => typed.is_boolean(),
        Kind::Number => typed.is_number(),
        Kind::Hosts => typed.is_array(),
        Kind::Text | Kind::Site => false,
    };
    match (read().and_then(only).filter(fits), kind) {
        (Some(typed), _) => typed,
        (None, Kind::Hosts) => text.split(',').map(|host| json!(host.trim())).collect(),
        (None, _) => value,
    }
}

/// Checks a value against an option's type, and returns it with the origin it sets, if any. `None` if it is of another
/// type.
pub(super) fn value(kind: Kind, value: Value) -> Option<(Value, Option<Origin>)> {
    match (kind, value) {
        (Kind::Bool, value @ Value::Bool(_))
        | (Kind::Number, value @ Value::Number(_))
        | (Kind::Text, value @ Value::String(_)) => Some((value, None)),
        // A text option may look like a number.
        (Kind::Text, Value::Number(number)) => Some((json!(number.to_string()), None)),
        (Kind::Site, Value::String(text)) => {
            let url = Url::parse(&text).ok()?;
            let is_plain = url.query().is_none() && url.username().is_empty() && url.has_host();
            let is_site = matches!(url.scheme(), "http" | "https") && is_plain;
            is_site.then(|| (json!(text.trim_end_matches('/')), Some(url.origin())))
        }
        (Kind::Hosts, value) => hosts(&value).map(|hosts| (json!(hosts), None)),
        _ => None,
    }
}

/// Reads a list of hosts, without wildcards.
fn hosts(value: &Value) -> Option<Vec<String>> {
    let list: Hosts = serde_json::from_value(value.clone()).ok()?;
    let is_valid = list.wrong().is_none() && !list.0.iter().any(|host| host.starts_with('*'));
    is_valid.then_some(list.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_flag_is_what_the_option_is() {
        let hosts = json!(["a.org", "b.org"]);
        let table = [
            (Kind::Bool, "true", json!(true)),
            (Kind::Bool, "no", json!("no")),
            (Kind::Number, "7", json!(7)),
            (Kind::Number, "0.5", json!(0.5)),
            (Kind::Number, "7\ny = 8", json!("7\ny = 8")),
            (Kind::Text, "true", json!("true")),
            (Kind::Text, "[1]", json!("[1]")),
            (Kind::Site, "https://a.org", json!("https://a.org")),
            (Kind::Hosts, "a.org, b.org", hosts.clone()),
            (Kind::Hosts, "['a.org', \"b.org\"]", hosts),
            (Kind::Hosts, "a.org", json!(["a.org"])),
            (Kind::Hosts, "[]", json!([])),
            (Kind::Hosts, "['a.org'", json!(["['a.org'"])),
        ];
        for (kind, text, expected) in table {
            assert_eq!(typed(kind, json!(text)), expected, "{text}");
        }
        // A value from a file is taken literally.
        assert_eq!(typed(Kind::Hosts, json!(7)), json!(7));
    }
}
