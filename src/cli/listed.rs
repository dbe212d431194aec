//! A line of a list: a link and its own options.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::args::as_path;
use crate::model::{Error, Kind, Result};
use crate::net::Redacted;
use crate::pipeline::{LinkOptions, Wanted};
use crate::source::{Registry, nearest};

/// The options that a link of a list can have.
pub(super) const OPTIONS: [&str; 4] = ["directory", "template", "items", "filter"];

/// A parsed line. Without a link it is ignored, which is no mistake.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Listed {
    pub(super) link: String,
    pub(super) options: Vec<(String, String)>,
}

impl Listed {
    /// The link with its options, if there is a link.
    pub(super) fn read(self, registry: &Registry) -> Result<Option<Wanted>> {
        if self.link.is_empty() {
            return Ok(None);
        }
        if let Some(error) = as_path(&self.link) {
            return Err(error);
        }
        let link = registry.parse_link(&self.link)?;
        if self.options.is_empty() {
            return Ok(Some(link.into()));
        }
        let mut options = LinkOptions {
            link: Some(Redacted(&link.url).to_string()),
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
        _ => return Err(no_option(key)),
    }
    Ok(())
}

fn no_option(key: &str) -> Error {
    let error = wrong(&format!("a link has no option `{key}`"));
    match nearest(key, &OPTIONS) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("the options are `{}`", OPTIONS.join("`, `"))),
    }
}

/// Parses a line of text: links, each optionally followed by `key=value`, a JSON object, or a comment.
///
/// A link ends at a TAB, at its closing quote, and at a space before an option, a comment or another link. Other spaces are
/// part of it. Any other text after its end is its title, which is ignored.
pub(super) fn line(text: &str) -> Result<Vec<Listed>> {
    let mut rest = text.trim();
    let mut links = Vec::new();
    // The brackets of a JSON array on lines of their own, and what yt-dlp treats as comments.
    if rest == "[" || rest.starts_with([';', ']']) {
        return Ok(links);
    }
    if rest.starts_with("[\"") || rest.starts_with("[{") {
        return Err(wrong("it is a JSON array, but each line is read by itself")
            .hint("`jq -c '.[]' FILE | fetch -i -` turns it into one per line"));
    }
    if rest.starts_with("| ") {
        return Err(wrong("`|` marks another URL of the file before it")
            .hint("`gallery-dl -g` prints such lines; leave them out"));
    }
    if rest.starts_with('{') {
        links.push(object(rest.trim_end_matches(','))?);
        return Ok(links);
    }
    while !rest.is_empty() && !rest.starts_with('#') {
        let (mut listed, after, is_closed) = link(rest)?;
        rest = options(&mut listed, after, is_closed)?;
        links.push(listed);
    }
    Ok(links)
}

/// The link that a text begins with, the rest after it, and whether a quote closed it.
fn link(text: &str) -> Result<(Listed, &str, bool)> {
    let only = |link: &str| Listed {
        link: link.trim().to_owned(),
        options: Vec::new(),
    };
    let close = match text.chars().next() {
        Some(quote @ ('"' | '\'')) => Some(quote),
        Some('<') => Some('>'),
        _ => None,
    };
    if let Some(close) = close {
        let (within, after) = text[1..]
            .split_once(close)
            .ok_or_else(|| wrong(&format!("the link has no `{close}` at its end")))?;
        // In a JSON string, slashes may be escaped.
        let json = within.contains('\\').then(|| format!("\"{within}\""));
        let unescaped = json.and_then(|json| serde_json::from_str::<String>(&json).ok());
        let listed = only(unescaped.as_deref().unwrap_or(within));
        let after = after.trim_start_matches([',', ';']);
        if after.starts_with(|c: char| !c.is_whitespace()) && !begins_link(after) {
            let message = format!("there is no space after the `{close}` of the link");
            return Err(wrong(&message));
        }
        return Ok((listed, after, true));
    }
    // A `#` in a link has no space before it.
    let ends = [text.find('\t'), text.find(" #")];
    let end = ends.into_iter().flatten().min().unwrap_or(text.len());
    let field = &text[..end];
    let (first, behind) = field.split_once(' ').unwrap_or((field, ""));
    let behind = behind.trim_start();
    if begins_link(behind) || key(behind).is_some() {
        let first = match begins_link(behind) {
            true => first.trim_end_matches([',', ';']),
            false => first,
        };
        return Ok((only(first), &text[end - behind.len()..], false));
    }
    if behind.split(' ').any(begins_link) {
        return Err(wrong("the text between its links is not `key=value`")
            .hint("write one link per line, and a title after a TAB"));
    }
    // A link with spaces in it ends where its options begin.
    let options = OPTIONS
        .iter()
        .filter_map(|key| field.find(&format!(" {key}=")));
    if let Some(start) = options.min() {
        return Ok((only(&field[..start]), &text[start..], false));
    }
    let field = match begins_link(field) {
        true => field.trim_end().trim_end_matches([',', ';']),
        false => field,
    };
    Ok((only(field), &text[end..], false))
}

/// Parses the options of a link, and returns the rest after them: another link, a comment, or nothing.
fn options<'a>(listed: &mut Listed, text: &'a str, mut is_closed: bool) -> Result<&'a str> {
    let mut rest = text;
    loop {
        let next = rest.trim_start();
        is_closed |= rest[..rest.len() - next.len()].contains('\t');
        rest = next;
        if rest.is_empty() || rest.starts_with('#') || begins_link(rest) {
            return Ok(rest);
        }
        let Some((key, value)) = key(rest) else {
            if is_closed {
                rest = rest.find('\t').map_or("", |end| &rest[end..]);
                continue;
            }
            let what = rest.split_whitespace().next().unwrap_or(rest);
            return Err(wrong(&format!("`{what}` is not `key=value`"))
                .hint("put a value with spaces in quotes"));
        };
        let (value, after) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let (value, after) = value[1..]
                    .split_once(quote)
                    .ok_or_else(|| wrong(&format!("the quote of `{key}` is not closed")))?;
                if after.starts_with(|c: char| !c.is_whitespace()) {
                    return Err(wrong(&format!(
                        "there is no space after the quote of `{key}`"
                    )));
                }
                (value, after)
            }
            _ => value.split_at(value.find([' ', '\t']).unwrap_or(value.len())),
        };
        listed.options.push((key.to_owned(), value.to_owned()));
        (rest, is_closed) = (after, false);
    }
}

/// Whether a text begins with a link that has a scheme, possibly in quotes.
fn begins_link(text: &str) -> bool {
    let text = text.strip_prefix(['"', '\'', '<']).unwrap_or(text);
    let Some((scheme, _)) = text.split_once("://") else {
        return false;
    };
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(is_scheme)
}

/// The key of a `key=value`, and everything after the `=`.
pub(super) fn key(text: &str) -> Option<(&str, &str)> {
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
        /// Other keys that programs write for a link.
        #[serde(flatten)]
        others: serde_json::Map<String, Value>,
    }
    let object: Object = serde_json::from_str(text)
        .map_err(|error| wrong("it is not a JSON object with `url`").because(error))?;
    if let Some(error) = object.others.iter().find_map(slip) {
        return Err(error);
    }
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

/// The error for a key that was most likely meant as an option: its value is valid for that option.
fn slip((key, value): (&String, &Value)) -> Option<Error> {
    let near = nearest(key, &OPTIONS)?;
    let is_one = set(&mut LinkOptions::default(), near, value.as_str()?).is_ok();
    is_one.then(|| no_option(key))
}

/// The error of a line.
pub(super) fn wrong(why: &str) -> Error {
    Error::new(Kind::Config, why)
}

#[cfg(test)]
mod tests;
