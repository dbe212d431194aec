//! RSS and Atom, with the podcast and media extensions.
//!
//! Elements are recognized by their customary prefixes. Entities defined by a document are never expanded.

use std::sync::Arc;

use fetch::model::{Error, Kind};
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use url::Url;

use super::super::page::{entity, line, web};
use super::attribute::attribute;
use super::post::{Enclosure, Feed, Post};
use super::title::plain;
use super::widths::Widths;

/// The maximum nesting depth of elements.
const DEEPEST: usize = 200;
/// The maximum size of one text in bytes.
const LONGEST: usize = 1 << 20;
/// The maximum length of a base address, and of all of them together.
const LONGEST_BASE: usize = 2_000;
const BASES: usize = 16 << 20;
/// The most posts of one page.
const MOST: usize = 100_000;

/// A feed being parsed.
struct Reading<'a> {
    /// The address of the feed.
    at: &'a Url,
    feed: Feed,
    /// Whether a feed was found, and the first element that is not one. A server's notices may precede it.
    is_feed: bool,
    first: Option<String>,
    /// The names of the open elements.
    open: Vec<String>,
    /// The base addresses, each with the depth at which it starts to apply.
    bases: Vec<(usize, Arc<Url>)>,
    /// How many more bytes of base addresses may be kept.
    room: usize,
    post: Option<Post>,
    text: String,
    /// Whether the text was cut off.
    is_cut: bool,
    /// Whether its element declares the text as HTML.
    is_html: bool,
    groups: usize,
    in_group: bool,
    widths: Widths,
}

/// Parses the feed at this address as far as possible; also returns why it could not be parsed to the end, if it is
/// damaged or not a feed.
pub(super) fn read(text: &str, at: &Url) -> (Feed, Option<Error>) {
    let mut reader = Reader::from_str(text);
    let mut reading = Reading {
        at,
        feed: Feed::default(),
        is_feed: false,
        first: None,
        open: Vec::new(),
        bases: Vec::new(),
        room: BASES,
        post: None,
        text: String::new(),
        is_cut: false,
        is_html: false,
        groups: 0,
        in_group: false,
        widths: Widths::default(),
    };
    let wrong = |why: String| {
        Some(
            Error::new(
                Kind::Corrupt,
                "the feed is damaged, and the rest of it was not read",
            )
            .because(why),
        )
    };
    let error = loop {
        let event = reader.read_event();
        if let Ok(Event::Start(start) | Event::Empty(start)) = &event
            && reading.open.is_empty()
        {
            reading.root(start);
        }
        match event {
            Err(error) => break wrong(error.to_string()),
            Ok(Event::Start(start)) => {
                if reading.open.len() >= DEEPEST {
                    break wrong("its elements are nested too deeply".into());
                }
                if reading.feed.posts.len() >= MOST {
                    break wrong(format!("it has over {MOST} posts"));
                }
                if reading.is_markup(&start) {
                    match reader.read_text(start.name()) {
                        Err(error) => break wrong(error.to_string()),
                        Ok(text) => reading.markup(&start, &text),
                    }
                    continue;
                }
                reading.start(&start);
                reading.enter(&start);
                reading.open.push(start.name().as_ref().to_owned());
            }
            Ok(Event::Empty(start)) => {
                reading.start(&start);
                reading.text.clear();
            }
            Ok(Event::End(_)) => reading.end(),
            Ok(Event::Text(text)) => reading.add(&text),
            Ok(Event::CData(text)) => reading.add(&text),
            Ok(Event::GeneralRef(name)) => match reading.text.len() < LONGEST {
                true => entity(&name, &mut reading.text),
                false => reading.is_cut = true,
            },
            Ok(Event::Eof) if !reading.open.is_empty() => break wrong("it breaks off".into()),
            Ok(Event::Eof) => break None,
            Ok(_) => {}
        }
    };
    // A page, such as a login page, may come instead of a feed or its next page.
    if !reading.is_feed {
        return (Feed::default(), Some(no_feed(reading.first)));
    }
    (reading.feed, error)
}

/// Builds the error for a response that is not a feed and starts with this element.
fn no_feed(first: Option<String>) -> Error {
    let why = match first {
        Some(name) => format!("its first element is `{}`", line(&name)),
        None => "it has no elements".to_owned(),
    };
    Error::new(Kind::Corrupt, "the response is not a feed").because(why)
}

/// Removes the namespace prefix from the names of HTML elements.
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

/// Checks whether this is the name of a post element.
fn is_post(name: Option<&String>) -> bool {
    name.is_some_and(|name| matches!(name.as_str(), "item" | "entry"))
}

impl Reading<'_> {
    /// Checks whether the current element is directly in a post. Deeper elements may belong to another feed, such as
    /// Atom's `source`.
    fn is_own(&self) -> bool {
        is_post(self.open.last())
    }

    /// Checks whether this is text with markup of its own: XHTML in Atom.
    fn is_markup(&self, start: &BytesStart<'_>) -> bool {
        let is_text = match &self.post {
            Some(_) if !self.is_own() => false,
            Some(_) => matches!(start.name().as_ref(), "content" | "summary" | "title"),
            None => start.name().as_ref() == "title" && self.is_head(),
        };
        is_text && attribute(start, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("xhtml"))
    }

    /// Checks whether the current element describes the feed.
    fn is_head(&self) -> bool {
        let parent = self.open.last().map_or("", String::as_str);
        matches!(parent, "channel" | "feed")
    }

    /// Notes a top-level element.
    fn root(&mut self, start: &BytesStart<'_>) {
        match start.local_name().as_ref() {
            "rss" | "feed" | "RDF" => self.is_feed = true,
            other => {
                self.first.get_or_insert_with(|| other.to_owned());
            }
        }
    }

    /// Returns the base address within the element that starts here, if one is declared.
    fn base(&mut self, start: &BytesStart<'_>) -> Option<Arc<Url>> {
        let outer = self.bases.last().map(|(_, base)| base.clone());
        let Some(own) = attribute(start, "xml:base").filter(|base| !base.is_empty()) else {
            return outer;
        };
        let own = web(outer.as_deref().unwrap_or(self.at), &own);
        let room = own.as_ref().map(|own| own.as_str().len());
        let room = room.filter(|length| *length <= LONGEST_BASE);
        match room.and_then(|length| self.room.checked_sub(length)) {
            Some(room) => {
                self.room = room;
                own.map(Arc::new)
            }
            None => {
                // Addresses in this element may be resolved wrongly.
                if let Some(post) = &mut self.post {
                    post.cut = true;
                }
                outer
            }
        }
    }

    /// Notes the base address of an element that starts here.
    fn enter(&mut self, start: &BytesStart<'_>) {
        if attribute(start, "xml:base").is_some()
            && let Some(base) = self.base(start)
        {
            self.bases.push((self.open.len(), base));
        }
    }

    /// Keeps a text with its elements, without namespace prefix; of a title only the text.
    fn markup(&mut self, start: &BytesStart<'_>, text: &str) {
        let base = self.base(start);
        let name = start.name();
        let name: &str = name.as_ref();
        let is_cut = text.len() > LONGEST;
        let mut end = text.len().min(LONGEST);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = unprefixed(&text[..end]);
        match (&mut self.post, name) {
            (None, _) => self.feed.title = plain(&text).trim().to_owned(),
            (Some(post), "title") => post.title = plain(&text).trim().to_owned(),
            (Some(post), "summary") if !post.text.is_empty() => {}
            (Some(post), _) => post.say(text, is_cut, base),
        }
    }

    fn add(&mut self, text: &str) {
        match self.text.len() < LONGEST {
            true => self.text.push_str(text),
            false => self.is_cut |= !text.is_empty(),
        }
    }

    fn start(&mut self, start: &BytesStart<'_>) {
        let name = start.name();
        let name: &str = name.as_ref();
        self.text.clear();
        self.is_cut = false;
        let is_own = self.is_own();
        let base = match name {
            "link" | "atom:link" | "content" | "enclosure" | "media:content" => self.base(start),
            _ => None,
        };
        if name == "title" {
            // RSS titles have no declared type, and are HTML in practice.
            let kind = attribute(start, "type");
            let is_rss = self
                .open
                .last()
                .is_some_and(|open| open == "item" || open == "channel");
            self.is_html = kind.map_or(is_rss, |kind| kind.eq_ignore_ascii_case("html"));
        }
        let value = |name: &str| attribute(start, name).unwrap_or_default();
        match name {
            "item" | "entry" => {
                self.post = Some(Post::default());
                self.widths = Widths::default();
            }
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
                        base,
                        kind: value("type"),
                        ..Enclosure::default()
                    }),
                    (Some(post), "" | "alternate") => (post.link, post.link_base) = (href, base),
                    (None, "next") => {
                        let url = base.and_then(|base| web(&base, &href));
                        self.feed.next = Some(url.map_or(href, String::from));
                    }
                    _ => {}
                }
            }
            // An entry may be a file, without a text.
            "content" if is_own => {
                let (url, kind) = (value("src"), value("type"));
                let is_file =
                    !kind.is_empty() && !kind.starts_with("text/") && !kind.ends_with("xml");
                if let Some(post) = self.post.as_mut().filter(|_| is_file && !url.is_empty()) {
                    post.add(Enclosure {
                        url,
                        base,
                        kind,
                        ..Enclosure::default()
                    });
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
                    let group = match self.in_group {
                        true => Some(self.groups),
                        false => self.widths.group(&url, &value("width"), &mut self.groups),
                    };
                    post.add(Enclosure {
                        url,
                        base,
                        kind,
                        group,
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
        let base = self.bases.last().map(|(_, base)| base.clone());
        self.bases.pop_if(|(depth, _)| *depth >= self.open.len());
        let is_cut = std::mem::take(&mut self.is_cut);
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
            "content:encoded" | "content" => return post.say(text.to_owned(), is_cut, base),
            "description" | "summary" if post.text.is_empty() => {
                return post.say(text.to_owned(), is_cut, base);
            }
            _ => return,
        };
        text.clone_into(place);
    }
}

#[cfg(test)]
mod tests;
