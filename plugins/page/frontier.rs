//! The links still to be followed from a page, and those not to follow. Nothing is requested here.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

use fetch::source::url_medium;
use url::Url;

use super::choice::web;
use super::media_url::is_stream;
use super::options::Options;
use super::parsed_page::ParsedPage;
use super::pattern::is_like;

/// The maximum total length of waiting addresses in bytes.
const ROOM: usize = 16 << 20;
/// The maximum length of an address to follow.
const LONGEST: usize = 2000;
/// Words in addresses that perform an action instead of just showing a page.
const DOING: [&str; 5] = ["logoff", "logout", "signoff", "signout", "unsubscribe"];

/// Links to follow, breadth-first, each once.
pub(super) struct Frontier<'a> {
    options: &'a Options,
    /// The first page.
    home: Url,
    waiting: VecDeque<(Url, u32)>,
    /// Hashes of known addresses, each with whether it is still to be read.
    seen: HashMap<u64, bool>,
    hasher: RandomState,
    room: usize,
    /// Whether there were more links than fit.
    pub(super) cut: bool,
    /// How many links the page itself asks not to follow.
    pub(super) unfollowed: usize,
}

impl<'a> Frontier<'a> {
    /// Creates a frontier around this page.
    pub(super) fn new(home: &Url, options: &'a Options) -> Frontier<'a> {
        Frontier {
            options,
            home: home.clone(),
            waiting: VecDeque::new(),
            seen: HashMap::new(),
            hasher: RandomState::new(),
            room: ROOM,
            cut: false,
            unfollowed: 0,
        }
    }

    /// Returns the next link, and its depth. Pages read in the meantime are skipped.
    pub(super) fn next(&mut self) -> Option<(Url, u32)> {
        while let Some((url, depth)) = self.waiting.pop_front() {
            self.room += url.as_str().len();
            if self.waits(&url) {
                self.read(&url);
                return Some((url, depth));
            }
        }
        None
    }

    /// Notes that a page has been read, so that no link leads there again.
    pub(super) fn read(&mut self, url: &Url) {
        self.seen.insert(self.hash(url), false);
    }

    /// Checks whether a page is still to be read.
    pub(super) fn waits(&self, url: &Url) -> bool {
        self.seen.get(&self.hash(url)) == Some(&true)
    }

    fn hash(&self, url: &Url) -> u64 {
        self.hasher.hash_one(url.as_str())
    }

    /// Checks whether an address is not known yet.
    fn is_new(&self, url: &Url) -> bool {
        !self.seen.contains_key(&self.hash(url))
    }

    /// Adds the links of a page at this depth.
    pub(super) fn page(&mut self, parsed: &ParsedPage, page: &Url, depth: u32) {
        if depth >= self.options.depth {
            return;
        }
        let base = parsed.base(page);
        let respects = self.options.robots;
        let is_unfollowed = respects && parsed.is_unfollowed();
        for (index, link) in parsed.links.iter().enumerate() {
            let Some(url) = web(&base, link) else {
                continue;
            };
            if is_unfollowed || respects && parsed.unfollowed.contains(&index) {
                self.unfollowed += usize::from(self.is_followed(&url));
            } else {
                self.add(url, depth + 1);
            }
        }
    }

    /// Adds a link, if it should be followed.
    pub(super) fn add(&mut self, url: Url, depth: u32) {
        if self.is_followed(&url) && self.is_new(&url) {
            match self.room.checked_sub(url.as_str().len()) {
                Some(room) => {
                    self.room = room;
                    self.seen.insert(self.hash(&url), true);
                    self.waiting.push_back((url, depth));
                }
                None => self.cut = true,
            }
        }
    }

    /// Adds the target of a redirect, next in line.
    pub(super) fn redirect(&mut self, url: Url, depth: u32) {
        if self.is_followed(&url) && self.is_new(&url) {
            self.room = self.room.saturating_sub(url.as_str().len());
            self.seen.insert(self.hash(&url), true);
            self.waiting.push_front((url, depth));
        }
    }

    /// Checks whether a link leads to a possible page that is wanted. Media on pages are found by other means.
    fn is_followed(&self, url: &Url) -> bool {
        let text = url.as_str();
        let Options {
            same_host,
            accept,
            reject,
            ..
        } = self.options;
        let is_any = |patterns: &[String]| patterns.iter().any(|pattern| is_like(pattern, text));
        text.len() <= LONGEST
            && (!same_host || is_same_host(&self.home, url))
            && url_medium(url).is_none()
            && !is_stream(url)
            && (accept.is_empty() || is_any(accept))
            && !is_any(reject)
            && !does_something(url)
    }
}

/// Checks whether both are on one host, with or without `www.`, at the same or the default port.
pub(in super::super) fn is_same_host(one: &Url, other: &Url) -> bool {
    let host = |url: &Url| {
        let host = url.host_str().unwrap_or("").trim_end_matches('.');
        host.strip_prefix("www.").unwrap_or(host).to_owned()
    };
    host(one) == host(other) && one.port() == other.port()
}

/// Checks whether an address logs out or the like.
fn does_something(url: &Url) -> bool {
    let text = format!("{}?{}", url.path(), url.query().unwrap_or("")).to_ascii_lowercase();
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let is_doing = |word: &str| DOING.contains(&word);
    words.iter().any(|word| is_doing(word)) || words.windows(2).any(|pair| is_doing(&pair.concat()))
}

#[cfg(test)]
mod tests {
    use super::super::{PATIENCE, markup};
    use super::*;

    fn followed(html: &str, options: &Options) -> Vec<String> {
        let home = Url::parse("https://x.org/a/").unwrap();
        let parsed = markup::read(html, PATIENCE).unwrap();
        let mut frontier = Frontier::new(&home, options);
        frontier.read(&home);
        frontier.page(&parsed, &home, 0);
        let links = std::iter::from_fn(|| frontier.next());
        let urls = links.map(|(url, _)| url.to_string());
        urls.map(|url| url.replace("https://x.org", "")).collect()
    }

    fn deep() -> Options {
        Options {
            depth: 1,
            ..Options::default()
        }
    }

    #[test]
    fn links_to_pages_are_followed_once_and_in_order() {
        let html = "<a href=b>b</a><a href=/c.html#x>c</a><a href='b#y'>b</a><a href='./'>here</a><a href='/d?e=1'>d</a>\
            <a href=/f.jpg>f</a><a href='mailto:a@x.org'>m</a><a href='javascript:x()'>j</a><a href=ftp://x.org/>f</a>\
            <a href=https://y.org/>y</a><a href=https://www.x.org/w>w</a><a href=http://x.org/h>h</a><a href=//x.org:8080/>p</a>\
            <a href=/logout>o</a><a href='/u?do=sign-out'>o</a><a href=/catalogue/outfits>c</a><a rel='Nofollow me' href=/n>n</a>";
        let expected = [
            "/a/b",
            "/c.html",
            "/d?e=1",
            "https://www.x.org/w",
            "http://x.org/h",
            "/catalogue/outfits",
        ];
        assert_eq!(followed(html, &deep()), expected);
        assert!(followed(html, &Options::default()).is_empty());
    }

    #[test]
    fn patterns_choose() {
        let html = "<a href=/cats/1>1</a><a href=/cats/2?sort=up>2</a><a href=/dogs/3>3</a>";
        let options = Options {
            accept: vec!["*/cats/*".into(), "dogs".into()],
            reject: vec!["?sort=".into()],
            ..deep()
        };
        assert_eq!(followed(html, &options), ["/cats/1", "/dogs/3"]);
    }

    #[test]
    fn a_page_may_say_that_its_links_are_not_to_be_followed() {
        let html = "<meta name=Robots content='noindex, NoFollow'><a href=/b>b</a>";
        assert!(followed(html, &deep()).is_empty());
        let options = Options {
            robots: false,
            ..deep()
        };
        assert_eq!(followed(html, &options), ["/b"]);
        let other = "<meta name=robots content=noarchive><a href=/b>b</a>";
        assert_eq!(followed(other, &deep()), ["/b"]);
    }

    #[test]
    fn what_waits_is_bounded() {
        let options = deep();
        let home = Url::parse("https://x.org/").unwrap();
        let mut frontier = Frontier::new(&home, &options);
        let long = "a".repeat(LONGEST - 100);
        let count = ROOM / (LONGEST - 100) + 1;
        for number in 0..count {
            frontier.add(home.join(&format!("/{number}/{long}")).unwrap(), 1);
        }
        assert!(frontier.cut && frontier.waiting.len() < count);
        frontier.add(home.join(&"a".repeat(LONGEST)).unwrap(), 1);
        assert!(
            frontier
                .waiting
                .iter()
                .all(|(url, _)| url.as_str().len() <= LONGEST)
        );
    }
}
