//! What a line of a list says: a link, and what holds for it alone.

use std::sync::Arc;

use serde::Deserialize;

use crate::config::nearest;
use crate::model::{Error, Kind, Result};
use crate::net::Shown;
use crate::pipeline::{LinkOptions, Wanted};
use crate::source::Registry;

/// The options that a link of a list can have.
pub(super) const OPTIONS: [&str; 4] = ["directory", "template", "items", "filter"];

/// A line that has been taken apart. Without a link it says nothing, and that is no mistake.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Listed {
    pub(super) link: String,
    pub(super) options: Vec<(String, String)>,
}

impl Listed {
    /// What is wanted, if anything.
    pub(super) fn read(self, registry: &Registry) -> Result<Option<Wanted>> {
        if self.link.is_empty() {
            return Ok(None);
        }
        let link = registry.read(&self.link)?;
        if self.options.is_empty() {
            return Ok(Some(link.into()));
        }
        let mut options = LinkOptions {
            link: Some(Shown(&link.url).to_string()),
            ..LinkOptions::default()
        };
        for (key, value) in &self.options {
            set(&mut options, key, value)?;
        }
        let options = Some(Arc::new(options));
        Ok(Some(Wanted { link, options }))
    }
}

fn set(options: &mut LinkOptions, key: &str, value: &str) -> Result<()> {
    match key {
        "directory" => options.directory = Some(value.parse()?),
        "template" => options.template = Some(value.parse()?),
        "items" => options.items = Some(value.parse()?),
        "filter" => options.filter = Some(value.parse()?),
        _ => {
            let error = wrong(&format!("a link has no option `{key}`"));
            return Err(match nearest(key, &OPTIONS) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(format!("the options are `{}`", OPTIONS.join("`, `"))),
            });
        }
    }
    Ok(())
}

/// Takes a line of text apart: a link with `key=value` after it, an object of JSON, or a comment.
pub(super) fn line(text: &str) -> Result<Listed> {
    let text = text.trim();
    if text.starts_with('#') {
        return Ok(Listed::default());
    }
    if text.starts_with('{') {
        return object(text);
    }
    let only = |link: &str| Listed {
        link: link.to_owned(),
        options: Vec::new(),
    };
    let Some((link, rest)) = text.split_once([' ', '\t']) else {
        return Ok(only(text));
    };
    let mut rest = rest.trim_start();
    // A `#` in a link has no space before it.
    if rest.starts_with('#') {
        return Ok(only(link));
    }
    // A link may have spaces in it.
    if key(rest).is_none() {
        return Ok(only(text));
    }
    let mut listed = only(link);
    while !rest.is_empty() && !rest.starts_with('#') {
        let (key, value) = key(rest).ok_or_else(|| {
            let what = rest.split_whitespace().next().unwrap_or(rest);
            wrong(&format!("`{what}` is no `key=value`"))
                .hint("a value with spaces stands in quotes")
        })?;
        let (value, after) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let (value, after) = value[1..]
                    .split_once(quote)
                    .ok_or_else(|| wrong(&format!("the quote of `{key}` has no end")))?;
                if after.starts_with(|c: char| !c.is_whitespace()) {
                    return Err(wrong(&format!(
                        "there is no space after the quote of `{key}`"
                    )));
                }
                (value, after)
            }
            _ => value.split_once([' ', '\t']).unwrap_or((value, "")),
        };
        listed.options.push((key.to_owned(), value.to_owned()));
        rest = after.trim_start();
    }
    Ok(listed)
}

/// The key of a `key=value`, and all that follows it.
fn key(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once('=')?;
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    is_key.then_some((key, value))
}

fn object(text: &str) -> Result<Listed> {
    #[derive(Deserialize)]
    struct Object {
        url: String,
        directory: Option<String>,
        template: Option<String>,
        items: Option<String>,
        filter: Option<String>,
    }
    let object: Object = serde_json::from_str(text)
        .map_err(|error| wrong("it is no JSON object with `url`").because(error))?;
    let values = [
        object.directory,
        object.template,
        object.items,
        object.filter,
    ];
    let options = OPTIONS.iter().zip(values);
    let options = options.filter_map(|(key, value)| Some(((*key).to_owned(), value?)));
    Ok(Listed {
        link: object.url.trim().to_owned(),
        options: options.collect(),
    })
}

fn wrong(why: &str) -> Error {
    Error::new(Kind::Config, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_lines_apart() {
        let link = "https://a.org/1";
        let table: [(&str, &[(&str, &str)]); 9] = [
            ("https://a.org/1", &[]),
            ("https://a.org/1 # items=3", &[]),
            ("https://a.org/1\titems=3", &[("items", "3")]),
            (
                "https://a.org/1  items=1-5,8   directory='My cats' # mine",
                &[("items", "1-5,8"), ("directory", "My cats")],
            ),
            (
                r#"https://a.org/1 filter="ext == 'jpg'" template={key}.{ext}"#,
                &[("filter", "ext == 'jpg'"), ("template", "{key}.{ext}")],
            ),
            (
                "https://a.org/1 filter=width>=3 items=",
                &[("filter", "width>=3"), ("items", "")],
            ),
            ("https://a.org/1 filter='a # b'", &[("filter", "a # b")]),
            (
                r#"{"url": "https://a.org/1", "items": "3", "title": "x", "filter": null}"#,
                &[("items", "3")],
            ),
            (
                r#"{"url": " https://a.org/1 ", "directory": "a b"}"#,
                &[("directory", "a b")],
            ),
        ];
        for (text, options) in table {
            let listed = line(text).unwrap();
            assert_eq!(listed.link, link, "{text}");
            let found: Vec<_> = listed
                .options
                .iter()
                .map(|(k, v)| (k.as_str(), v.as_str()))
                .collect();
            assert_eq!(found, options, "{text}");
        }
        let spaced = line("https://a.org/my file.jpg").unwrap();
        assert_eq!(spaced.link, "https://a.org/my file.jpg");
        assert_eq!(line("  # nothing").unwrap(), Listed::default());
    }

    #[test]
    fn names_what_is_wrong_with_a_line() {
        let registry = crate::plugins::all(&Default::default()).unwrap();
        let table = [
            (
                "a.org item=3",
                "a link has no option `item`",
                "did you mean `items`?",
            ),
            (
                "a.org colour=red",
                "a link has no option `colour`",
                "the options are `directory`, `template`, `items`, `filter`",
            ),
            (
                "a.org items=x",
                "`x` is no range of positions: not a number",
                "write positions from 1 as in `1-5,8,20-`; `-3` is `1-3`",
            ),
            (
                "a.org items=3 4",
                "`4` is no `key=value`",
                "a value with spaces stands in quotes",
            ),
            ("a.org filter='x", "the quote of `filter` has no end", ""),
            (
                "a.org filter='x'y",
                "there is no space after the quote of `filter`",
                "",
            ),
            (
                "a.org directory=../x",
                "`../x` is no folder below the output root",
                "",
            ),
            (
                "a.org directory=/x",
                "`/x` is no folder below the output root",
                "",
            ),
            (
                "a.org directory=a/nul",
                "`nul` cannot be the name of a folder on every system",
                "`_nul` can",
            ),
            (
                r#"{"url": "a.org", "items": 3}"#,
                "it is no JSON object with `url`",
                "",
            ),
        ];
        for (text, message, hint) in table {
            let error = line(text)
                .and_then(|listed| listed.read(&registry))
                .unwrap_err();
            assert_eq!(error.message, message, "{text}");
            assert_eq!(error.hint.as_deref().unwrap_or(""), hint, "{text}");
        }
    }
}
