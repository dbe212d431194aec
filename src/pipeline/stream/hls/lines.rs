//! The lines of a playlist: tags with their attributes, and URLs.

use url::Url;

use super::super::corrupt;
use super::super::urls::Urls;
use crate::model::Result;

/// The maximum number of attributes of a tag.
const MOST: usize = 100;

/// The lines of a playlist, and where it came from.
pub(super) struct Lines<'a> {
    lines: std::str::Lines<'a>,
    base: &'a Url,
    urls: Urls,
}

/// A significant line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Line<'a> {
    /// `#EXTINF:4,` as `EXTINF` and `4,`.
    Tag(&'a str, &'a str),
    /// A URL, possibly relative.
    Uri(&'a str),
}

impl<'a> Lines<'a> {
    /// Returns the lines after the first, which marks a playlist.
    pub(super) fn new(text: &'a str, base: &'a Url) -> Result<Lines<'a>> {
        let mut lines = text.lines();
        let first = lines.next().and_then(|line| line.strip_prefix("#EXTM3U"));
        match first {
            // Some have more text on that line.
            Some(rest) if !rest.starts_with(|c: char| !c.is_whitespace()) => Ok(Lines {
                lines,
                base,
                urls: Urls::new(),
            }),
            _ => Err(corrupt("it does not begin with `#EXTM3U`")),
        }
    }

    /// Returns the next significant line.
    pub(super) fn next(&mut self) -> Option<Line<'a>> {
        loop {
            let line = self.lines.next()?.trim();
            match line.strip_prefix('#') {
                _ if line.is_empty() => {}
                None => return Some(Line::Uri(line)),
                Some(tag) if tag.starts_with("EXT") => {
                    let (name, value) = tag.split_once(':').unwrap_or((tag, ""));
                    return Some(Line::Tag(name, value));
                }
                // A comment.
                Some(_) => {}
            }
        }
    }

    /// Resolves the URL in a line or an attribute.
    pub(super) fn url(&mut self, text: &str) -> Result<Url> {
        self.urls.join(self.base, text)
    }
}

/// The attributes of a tag, `NAME=value,NAME="value"`.
#[derive(Debug, PartialEq)]
pub(super) struct Attributes<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Attributes<'a> {
    /// Parses the attributes of a tag.
    pub(super) fn read(text: &'a str) -> Result<Attributes<'a>> {
        let mut attributes = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let end = rest.find([',', '=']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            let Some(after) = after.strip_prefix('=') else {
                // A name without a value is ignored.
                rest = after.trim_start_matches([',', ' ', '\t']);
                continue;
            };
            let (value, after) = match after.strip_prefix('"') {
                Some(quoted) => quoted
                    .split_once('"')
                    .ok_or_else(|| corrupt("a quote is never closed"))?,
                None => after.split_at(after.find(',').unwrap_or(after.len())),
            };
            if attributes.len() == MOST {
                return Err(corrupt("a tag has too many attributes"));
            }
            attributes.push((name.trim(), value));
            let after = after.trim_start();
            rest = match after.strip_prefix(',') {
                Some(next) => next.trim_start(),
                None if after.is_empty() => after,
                None => return Err(corrupt("its attributes are not separated")),
            };
        }
        Ok(Attributes(attributes))
    }

    /// Returns the value of this attribute. If it is repeated, the first one counts.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value)
    }
}
