//! What a line of a list says: a link, and what holds for it alone.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::args::as_path;
use crate::model::{Error, Kind, Result};
use crate::net::Shown;
use crate::pipeline::{LinkOptions, Wanted};
use crate::source::{Registry, nearest};

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
        if let Some(error) = as_path(&self.link) {
            return Err(error);
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

/// Takes a line of text apart: links, each with `key=value` after it, an object of JSON, or a comment.
///
/// A link ends at a TAB, at its closing quote, and at a space before an option, a comment or another link. Else it has the
/// space in it. What stands behind its end and is none of these is its title, which says nothing.
pub(super) fn line(text: &str) -> Result<Vec<Listed>> {
    let mut rest = text.trim();
    let mut links = Vec::new();
    // A line of an array in JSON that says nothing, and what yt-dlp takes for comments.
    if rest == "[" || rest.starts_with([';', ']']) {
        return Ok(links);
    }
    if rest.starts_with("[\"") || rest.starts_with("[{") {
        return Err(wrong("it is a JSON array, and each line is read by itself")
            .hint("`jq -c '.[]' FILE | fetch -i -` makes it one a line"));
    }
    if rest.starts_with("| ") {
        return Err(wrong("`|` marks another address of the file before it")
            .hint("leave those lines out, which `gallery-dl -g` prints besides"));
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

/// The link that a text begins with, what is behind it, and whether a quote has closed it.
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
        // In a string of JSON, slashes may be escaped.
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
        return Err(wrong("what stands between its links is no `key=value`")
            .hint("write one link a line, and a title behind a TAB"));
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

/// Reads what holds for a link, and gives what is behind that: another link, a comment, or nothing.
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
            return Err(wrong(&format!("`{what}` is no `key=value`"))
                .hint("a value with spaces stands in quotes"));
        };
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
            _ => value.split_at(value.find([' ', '\t']).unwrap_or(value.len())),
        };
        listed.options.push((key.to_owned(), value.to_owned()));
        (rest, is_closed) = (after, false);
    }
}

/// Whether a text begins with a link that has its scheme, also in quotes.
fn begins_link(text: &str) -> bool {
    let text = text.strip_prefix(['"', '\'', '<']).unwrap_or(text);
    let Some((scheme, _)) = text.split_once("://") else {
        return false;
    };
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(is_scheme)
}

/// The key of a `key=value`, and all that follows it.
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
        /// What else other programs write of a link.
        #[serde(flatten)]
        others: serde_json::Map<String, Value>,
    }
    let object: Object = serde_json::from_str(text)
        .map_err(|error| wrong("it is no JSON object with `url`").because(error))?;
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

/// Why a key was most likely meant as that of an option, if it was: its value is one for that.
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
