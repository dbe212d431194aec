//! RSS and Atom, with what podcasts and media add to them.
//!
//! Elements are known by their customary prefixes. Entities that a document defines are never expanded.

use fetch::model::{Error, Kind};
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::super::page::entity;
use super::post::{Enclosure, Feed, Post};
use super::title::plain;

/// How deep elements may be nested.
const DEEPEST: usize = 200;
/// How much is kept of one text.
const LONGEST: usize = 1 << 20;
/// The most posts of one page.
const MOST: usize = 100_000;

/// What is being read.
#[derive(Default)]
struct Reading {
    feed: Feed,
    /// The names of the open elements.
    open: Vec<String>,
    post: Option<Post>,
    text: String,
    /// Whether the text is HTML by what its element says.
    is_html: bool,
    groups: usize,
    in_group: bool,
}

/// Reads a feed as far as it goes; and why it goes no further, if it is damaged.
pub(super) fn read(text: &str) -> (Feed, Option<Error>) {
    let mut reader = Reader::from_str(text);
    let mut reading = Reading::default();
    let wrong = |why: String| {
        Some(
            Error::new(
                Kind::Corrupt,
                "the feed is damaged, and what follows is not read",
            )
            .because(why),
        )
    };
    let error = loop {
        match reader.read_event() {
            Err(error) => break wrong(error.to_string()),
            Ok(Event::Start(start)) => {
                if reading.open.len() >= DEEPEST {
                    break wrong("its elements are nested too deep".into());
                }
                if reading.feed.posts.len() >= MOST {
                    break wrong(format!("it has over {MOST} posts"));
                }
                if reading.is_markup(&start) {
                    match reader.read_text(start.name()) {
                        Err(error) => break wrong(error.to_string()),
                        Ok(text) => reading.markup(start.name().as_ref(), &text),
                    }
                    continue;
                }
                reading.start(&start);
                reading.open.push(start.name().as_ref().to_owned());
            }
            Ok(Event::Empty(start)) => {
                reading.start(&start);
                reading.text.clear();
            }
            Ok(Event::End(_)) => reading.end(),
            Ok(Event::Text(text)) => reading.add(&text),
            Ok(Event::CData(text)) => reading.add(&text),
            Ok(Event::GeneralRef(name)) if reading.text.len() < LONGEST => {
                entity(&name, &mut reading.text);
            }
            Ok(Event::Eof) if !reading.open.is_empty() => break wrong("it breaks off".into()),
            Ok(Event::Eof) => break None,
            Ok(_) => {}
        }
    };
    (reading.feed, error)
}

/// The value of an attribute.
fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    // Each is looked at once: to look for doubles takes a time that grows with the square of their number.
    let mut attributes = start.attributes();
    let found = attributes.with_checks(false).flatten().find(|known| {
        let key: &str = known.key.as_ref();
        key == name
    })?;
    let raw: &str = &found.value;
    let mut value = String::new();
    let mut parts = raw.split('&');
    value.push_str(parts.next().unwrap_or(""));
    for part in parts {
        match part.split_once(';') {
            Some((name, rest)) => {
                entity(name, &mut value);
                value.push_str(rest);
            }
            // It should have been written out; in a URL it means itself.
            None => {
                value.push('&');
                value.push_str(part);
            }
        }
    }
    Some(value.trim().to_owned())
}

/// Markup whose elements are called as HTML calls them.
fn unprefixed(text: &str) -> String {
    let first = text.split_once('<').map_or("", |(_, rest)| rest);
    let prefix = first.split_once(":div").map(|(prefix, _)| prefix);
    let is_name = |prefix: &&str| {
        (1..=20).contains(&prefix.len()) && prefix.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    match prefix.filter(is_name) {
        Some(prefix) => text
            .replace(&format!("<{prefix}:"), "<")
            .replace(&format!("</{prefix}:"), "</"),
        None => text.to_owned(),
    }
}

/// Whether this is the name of an element that is a post.
fn is_post(name: Option<&String>) -> bool {
    name.is_some_and(|name| matches!(name.as_str(), "item" | "entry"))
}

impl Reading {
    /// Whether what is read stands in a post itself. What is deeper in it may be of another feed, such as the `source` of Atom.
    fn is_own(&self) -> bool {
        is_post(self.open.last())
    }

    /// Whether this is text as markup of its own: XHTML in Atom.
    fn is_markup(&self, start: &BytesStart<'_>) -> bool {
        let is_text = match &self.post {
            Some(_) if !self.is_own() => false,
            Some(_) => matches!(start.name().as_ref(), "content" | "summary" | "title"),
            None => start.name().as_ref() == "title" && self.is_head(),
        };
        is_text && attribute(start, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("xhtml"))
    }

    /// Whether what is read is said of the feed.
    fn is_head(&self) -> bool {
        let parent = self.open.last().map_or("", String::as_str);
        matches!(parent, "channel" | "feed")
    }

    /// Keeps a text with its elements, called as HTML calls them; of a title the words.
    fn markup(&mut self, name: &str, text: &str) {
        let mut end = text.len().min(LONGEST);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = unprefixed(&text[..end]);
        match (&mut self.post, name) {
            (None, _) => self.feed.title = plain(&text).trim().to_owned(),
            (Some(post), "title") => post.title = plain(&text).trim().to_owned(),
            (Some(post), "summary") if !post.text.is_empty() => {}
            (Some(post), _) => post.text = text,
        }
    }

    fn add(&mut self, text: &str) {
        if self.text.len() < LONGEST {
            self.text.push_str(text);
        }
    }

    fn start(&mut self, start: &BytesStart<'_>) {
        let name = start.name();
        let name: &str = name.as_ref();
        self.text.clear();
        let is_own = self.is_own();
        if name == "title" {
            // A title of RSS says nothing of that, and is HTML in practice.
            let kind = attribute(start, "type");
            let is_rss = self
                .open
                .last()
                .is_some_and(|open| open == "item" || open == "channel");
            self.is_html = kind.map_or(is_rss, |kind| kind.eq_ignore_ascii_case("html"));
        }
        let value = |name: &str| attribute(start, name).unwrap_or_default();
        match name {
            "item" | "entry" => self.post = Some(Post::default()),
            "media:group" => {
                self.groups += 1;
                self.in_group = true;
            }
            "link" | "atom:link" => {
                let (relation, href) = (value("rel"), value("href"));
                match (&mut self.post, relation.as_str()) {
                    (_, _) if href.is_empty() => {}
                    (Some(_), _) if !is_own => {}
                    (Some(post), "enclosure") => post.add(Enclosure {
                        url: href,
                        kind: value("type"),
                        ..Enclosure::default()
                    }),
                    (Some(post), "" | "alternate") => post.link = href,
                    (None, "next") => self.feed.next = Some(href),
                    _ => {}
                }
            }
            "enclosure" | "media:content" => {
                let Some(post) = &mut self.post else { return };
                let number = |name: &str| u64::from(value(name).parse::<u32>().unwrap_or(0));
                let kind = match value("type") {
                    kind if kind.is_empty() => value("medium"),
                    kind => kind,
                };
                let url = value("url");
                if !url.is_empty() {
                    post.add(Enclosure {
                        url,
                        kind,
                        group: self.in_group.then_some(self.groups),
                        weight: number("height").max(number("width")) * 100_000
                            + number("bitrate").min(99_999),
                    });
                }
            }
            _ => {}
        }
    }

    fn end(&mut self) {
        let name = self.open.pop().unwrap_or_default();
        let text = std::mem::take(&mut self.text);
        let text = text.trim();
        let words;
        let text = match name == "title" && self.is_html {
            true => {
                words = plain(text);
                words.trim()
            }
            false => text,
        };
        let is_head = self.is_head();
        let parent = self.open.last().map_or("", String::as_str);
        let Some(post) = &mut self.post else {
            if name == "title" && is_head {
                text.clone_into(&mut self.feed.title);
            }
            return;
        };
        let is_own = is_post(self.open.last());
        let is_author = parent == "author" && is_post(self.open.iter().rev().nth(1));
        let place = match name.as_str() {
            "item" | "entry" => {
                self.feed.posts.extend(self.post.take());
                return;
            }
            "media:group" => {
                self.in_group = false;
                return;
            }
            "name" if is_author => &mut post.author,
            _ if !is_own => return,
            "title" => &mut post.title,
            "guid" | "id" => &mut post.id,
            "link" if !text.is_empty() => &mut post.link,
            "pubDate" | "published" | "dc:date" => &mut post.date,
            "updated" if post.date.is_empty() => &mut post.date,
            "author" | "dc:creator" | "itunes:author" if !text.is_empty() => &mut post.author,
            "content:encoded" | "content" => &mut post.text,
            "description" | "summary" if post.text.is_empty() => &mut post.text,
            _ => return,
        };
        text.clone_into(place);
    }
}

#[cfg(test)]
mod tests;
