//! RSS and Atom, with what podcasts and media add to them.
//!
//! Elements are known by their customary prefixes. Entities that a document defines are never expanded.

use fetch::model::{Error, Kind};
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::super::page::entity;
use super::post::{Enclosure, Feed, Post};

/// How deep elements may be nested.
const DEEPEST: usize = 200;
/// How much is kept of one text.
const LONGEST: usize = 1 << 20;

/// What is being read.
#[derive(Default)]
struct Reading {
    feed: Feed,
    /// The names of the open elements.
    open: Vec<String>,
    post: Option<Post>,
    text: String,
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
    let found = start.attributes().flatten().find(|known| {
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

impl Reading {
    fn add(&mut self, text: &str) {
        if self.text.len() < LONGEST {
            self.text.push_str(text);
        }
    }

    fn start(&mut self, start: &BytesStart<'_>) {
        let name = start.name();
        let name: &str = name.as_ref();
        // What holds markup itself keeps its text: XHTML in Atom.
        if !name.starts_with("xhtml") {
            self.text.clear();
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
                    (Some(post), "enclosure") => post.media.push(Enclosure {
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
                let number = |name: &str| value(name).parse::<u64>().unwrap_or(0);
                let kind = match value("type") {
                    kind if kind.is_empty() => value("medium"),
                    kind => kind,
                };
                let url = value("url");
                if !url.is_empty() {
                    post.media.push(Enclosure {
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
        let parent = self.open.last().map_or("", String::as_str);
        let Some(post) = &mut self.post else {
            if name == "title" && matches!(parent, "channel" | "feed") {
                text.clone_into(&mut self.feed.title);
            }
            return;
        };
        let place = match name.as_str() {
            "item" | "entry" => {
                self.feed.posts.extend(self.post.take());
                return;
            }
            "media:group" => {
                self.in_group = false;
                return;
            }
            "title" if matches!(parent, "item" | "entry") => &mut post.title,
            "guid" | "id" => &mut post.id,
            "link" if !text.is_empty() => &mut post.link,
            "pubDate" | "published" | "dc:date" => &mut post.date,
            "updated" if post.date.is_empty() => &mut post.date,
            "name" if parent == "author" => &mut post.author,
            "author" | "dc:creator" | "itunes:author" if !text.is_empty() => &mut post.author,
            "content:encoded" | "content" => &mut post.text,
            "description" | "summary" if post.text.is_empty() => &mut post.text,
            _ => return,
        };
        text.clone_into(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_podcast_is_read() {
        let (feed, error) = read(
            "<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY a 'boom'>]><rss version='2.0' xmlns:media='m'><channel><title>Tides &amp; Co</title>\
            <image><title>not this</title></image><atom:link rel='next' href='/2?a=1&amp;b=2'/>\
            <item><title><![CDATA[41: <Tides>]]></title><guid isPermaLink='false'>g41</guid><pubDate>Fri, 03 May 2024 06:00:00 GMT</pubDate>\
            <enclosure url='/41.mp3?x=1&y=2' type='audio/mpeg' length='1'/><itunes:author>Ann</itunes:author><description>&a;text&#33;</description></item>\
            <item><title>40</title><media:group><media:content url='/s.mp4' type='video/mp4' height='480'/><media:content url='/l.mp4' type='video/mp4' height='1080'/></media:group></item>\
            </channel></rss>",
        );
        assert!(error.is_none());
        assert_eq!(feed.title, "Tides & Co");
        assert_eq!(feed.next.as_deref(), Some("/2?a=1&b=2"));
        let post = &feed.posts[0];
        assert_eq!(
            (post.title.as_str(), post.id.as_str()),
            ("41: <Tides>", "g41")
        );
        assert_eq!((post.author.as_str(), post.text.as_str()), ("Ann", "text!"));
        assert_eq!(post.files()[0].url, "/41.mp3?x=1&y=2");
        assert_eq!(feed.posts[1].files()[0].url, "/l.mp4");
    }

    #[test]
    fn atom_is_read() {
        let (feed, error) = read(
            "<feed xmlns='http://www.w3.org/2005/Atom'><title>A</title><entry><id>urn:1</id><title>One</title><updated>2024-05-03T00:00:00Z</updated>\
            <author><name>Ann</name></author><link href='/one'/><link rel='enclosure' type='image/png' href='/one.png'/></entry></feed>",
        );
        assert!(error.is_none());
        let post = &feed.posts[0];
        assert_eq!((post.link.as_str(), post.author.as_str()), ("/one", "Ann"));
        assert_eq!(post.files()[0].url, "/one.png");
    }

    #[test]
    fn hostile_feeds_are_read_as_far_as_they_go() {
        let item = "<item><title>a</title><enclosure url='/a.mp3'/></item>";
        let (feed, error) = read(&format!("<rss><channel>{item}<item><title>b"));
        assert_eq!(feed.posts.len(), 1);
        assert!(error.is_some());
        let (feed, error) = read(&format!("<rss>{item}{}", "<a>".repeat(100_000)));
        assert_eq!((feed.posts.len(), error.is_some()), (1, true));
        let bomb = "<!DOCTYPE r [<!ENTITY a 'xxxxxxxxxx'><!ENTITY b '&a;&a;&a;&a;'>]>";
        let (feed, _) = read(&format!(
            "{bomb}<rss><item><title>&b;&b;</title></item></rss>"
        ));
        assert_eq!(feed.posts[0].title, "");
    }
}
