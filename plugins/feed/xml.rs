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

/// Whether this is the name of an element that is a post.
fn is_post(name: Option<&String>) -> bool {
    name.is_some_and(|name| matches!(name.as_str(), "item" | "entry"))
}

impl Reading {
    /// Whether what is read stands in a post itself. What is deeper in it may be of another feed, such as the `source` of Atom.
    fn is_own(&self) -> bool {
        is_post(self.open.last())
    }

    /// Whether this is the text of a post as markup of its own: XHTML in Atom.
    fn is_markup(&self, start: &BytesStart<'_>) -> bool {
        self.post.is_some()
            && self.is_own()
            && matches!(start.name().as_ref(), "content" | "summary")
            && attribute(start, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("xhtml"))
    }

    /// Keeps the text of a post with its elements, called as HTML calls them.
    fn markup(&mut self, name: &str, text: &str) {
        let Some(post) = &mut self.post else { return };
        if name == "summary" && !post.text.is_empty() {
            return;
        }
        let mut end = text.len().min(LONGEST);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = &text[..end];
        let first = text.split_once('<').map_or("", |(_, rest)| rest);
        let prefix = first.split_once(":div").map(|(prefix, _)| prefix);
        let is_name = |prefix: &&str| {
            (1..=20).contains(&prefix.len()) && prefix.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        post.text = match prefix.filter(is_name) {
            Some(prefix) => text
                .replace(&format!("<{prefix}:"), "<")
                .replace(&format!("</{prefix}:"), "</"),
            None => text.to_owned(),
        };
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
        let parent = self.open.last().map_or("", String::as_str);
        let Some(post) = &mut self.post else {
            if name == "title" && matches!(parent, "channel" | "feed") {
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
    fn what_is_said_of_the_source_of_an_entry_is_not_said_of_the_entry() {
        let (feed, error) = read(
            "<feed><entry><title>One</title><id>urn:1</id><updated>2024-05-03T00:00:00Z</updated><link href='/one'/>\
            <author><name>Ann</name></author><source><id>urn:other</id><title>Other</title><updated>2001-01-01T00:00:00Z</updated>\
            <published>2001-01-01T00:00:00Z</published><link href='/other'/><link rel='enclosure' href='/other.png'/>\
            <author><name>Bob</name></author></source></entry></feed>",
        );
        assert!(error.is_none());
        let post = &feed.posts[0];
        let said = [&post.title, &post.id, &post.date, &post.link, &post.author];
        assert_eq!(
            said,
            ["One", "urn:1", "2024-05-03T00:00:00Z", "/one", "Ann"]
        );
        assert!(post.files().is_empty());
    }

    #[test]
    fn markup_in_an_entry_keeps_its_elements() {
        let text = |content: &str| {
            let (feed, error) = read(&format!(
                "<feed><entry><content type='xhtml'>{content}</content><id>1</id></entry></feed>"
            ));
            assert!(error.is_none(), "{content}");
            assert_eq!(feed.posts[0].id, "1");
            feed.posts[0].text.clone()
        };
        let plain =
            "<div xmlns='http://www.w3.org/1999/xhtml'><p>A &amp; <img src='/a.jpg'/></p></div>";
        assert_eq!(text(plain), plain);
        let named = "<h:div xmlns:h='x'><h:p>A<h:img src='/a.jpg'/></h:p></h:div>";
        assert_eq!(
            text(named),
            "<div xmlns:h='x'><p>A<img src='/a.jpg'/></p></div>"
        );
        let deep = "<p>".repeat(5000) + &"</p>".repeat(5000);
        assert_eq!(text(&deep), deep);
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
        let large = u64::MAX;
        let (feed, error) = read(&format!(
            "<rss><item><media:content url='/a.mp4' height='{large}' width='4294967295'/></item></rss>"
        ));
        assert_eq!((feed.posts[0].media.len(), error.is_none()), (1, true));
        let (feed, error) = read(&format!("<rss>{}</rss>", "<item></item>".repeat(MOST + 1)));
        assert_eq!((feed.posts.len(), error.is_some()), (MOST, true));
    }

    #[test]
    fn a_tag_with_endless_attributes_costs_little() {
        let attributes: String = (0..200_000)
            .map(|number| format!(" a{number}=''"))
            .collect();
        let began = std::time::Instant::now();
        let (feed, _) = read(&format!(
            "<rss><item><enclosure{attributes} url='/a.mp3'/></item></rss>"
        ));
        assert_eq!(feed.posts[0].media.len(), 1);
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    }
}
