//! What the elements of a page say, before anything is chosen. Plain data.

use std::collections::HashSet;

use url::Url;

use super::choice::web;
use super::data::Data;
use super::elements::MOST;
use super::srcset::Candidate;

/// A page as it was read.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    pub(super) base: Option<String>,
    pub(super) title: String,
    pub(super) heading: String,
    /// `meta` elements: names in lower case, and contents.
    pub(super) metas: Vec<(String, String)>,
    /// The next page.
    pub(super) next: Option<String>,
    /// What leads there by its class alone.
    pub(super) pager: Option<String>,
    /// What its link calls it.
    pub(super) next_title: Option<String>,
    /// The address of the page itself.
    pub(super) canonical: Option<String>,
    /// Where its oEmbed is.
    pub(super) oembed: Option<String>,
    /// Where its feed is.
    pub(super) feed: Option<String>,
    /// Where manifests of IIIF are: one, or two of many.
    pub(super) manifests: Vec<String>,
    /// Where it sends whoever opens it.
    pub(super) refresh: Option<String>,
    /// Whether its body says that it is one article, or one thing.
    pub(super) is_single: bool,
    /// Whether it asks for a password.
    pub(super) asks_password: bool,
    /// Every link, in order.
    pub(super) links: Vec<String>,
    /// Those of them that are not to be followed, by where they stand there.
    pub(super) unfollowed: HashSet<usize>,
    /// JSON-LD.
    pub(super) data: Vec<String>,
    /// Data for its scripts in which films may be named.
    pub(super) scripts: Vec<Data>,
    pub(super) pieces: Vec<Piece>,
    /// Whether there was more than is kept.
    pub(super) cut: bool,
}

impl Sheet {
    /// What its addresses are relative to, given where it came from.
    pub(super) fn base(&self, page: &Url) -> Url {
        let base = self.base.as_deref().and_then(|base| web(page, base));
        base.unwrap_or_else(|| page.clone())
    }

    /// Adds a link, which has this relation.
    pub(super) fn link(&mut self, href: &str, relation: &str) {
        if self.links.len() == MOST {
            self.cut = true;
            return;
        }
        let mut words = relation.split_ascii_whitespace();
        if words.any(|word| word.eq_ignore_ascii_case("nofollow")) {
            self.unfollowed.insert(self.links.len());
        }
        self.links.push(href.to_owned());
    }

    /// Notes another form of the page, of this type.
    pub(super) fn alternate(&mut self, href: &str, kind: &str) {
        let kind = kind.to_ascii_lowercase();
        let place = match kind.as_str() {
            "application/json+oembed" => &mut self.oembed,
            "application/rss+xml" | "application/atom+xml" | "application/feed+json" => {
                &mut self.feed
            }
            _ => return,
        };
        place.get_or_insert_with(|| href.to_owned());
    }

    /// Notes a manifest. Of several, each is that of another thing.
    pub(super) fn manifest(&mut self, href: &str) {
        let Some(known) = self.manifests.first() else {
            return self.manifests.push(href.to_owned());
        };
        if self.manifests.len() == 1 && known != href {
            self.manifests.push(href.to_owned());
        }
    }

    /// Whether none of its links is to be followed.
    pub(super) fn is_unfollowed(&self) -> bool {
        let says = |content: &str| {
            let mut words = content.split(',').map(str::trim);
            words.any(|word| {
                ["nofollow", "none"]
                    .iter()
                    .any(|no| word.eq_ignore_ascii_case(no))
            })
        };
        self.all("robots").any(says)
    }

    /// The content of a `meta` of this name.
    pub(super) fn meta<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// The contents of all of this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let metas = self.metas.iter().filter(move |(known, _)| known == name);
        metas.map(|(_, content)| content.as_str())
    }
}

/// No part of a page's dress has both sides as long as this.
const LARGE: u32 = 300;
/// Little of it is there in a size as wide as this.
const WIDE: u32 = 600;

/// What an element is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Image,
    Video,
    Audio,
    /// The still picture of a video.
    Poster,
    /// A link without a picture.
    Link,
    /// A page in the page.
    Embed,
    /// A picture that a style names.
    Background,
}

/// An element that may be a medium.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) role: Role,
    pub(super) candidates: Vec<Candidate>,
    /// The target of the link around it.
    pub(super) link: Option<String>,
    /// The name under which its link says that it saves what is there; empty if it says that alone.
    pub(super) saves: Option<String>,
    /// Whether that target is what its script seems to open.
    pub(super) by_script: bool,
    /// Whether its link says that it opens a picture over the page.
    pub(super) opens: bool,
    /// The name of its file, where an attribute has that.
    pub(super) file: Option<String>,
    pub(super) alt: String,
    /// Its class and id, in lower case.
    pub(super) words: String,
    /// Whether nobody is to see it.
    pub(super) hidden: bool,
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
    /// Whether it stands where the page is not about its matter.
    pub(super) aside: bool,
    /// Whether it stands in an article that may be another one than that of the page.
    pub(super) is_teaser: bool,
    /// Whether it stands in a button.
    pub(super) in_button: bool,
    /// Whether it stands in for a film or a sound that cannot be played.
    pub(super) is_makeshift: bool,
}

impl Piece {
    pub(super) fn new(role: Role) -> Piece {
        Piece {
            role,
            candidates: Vec::new(),
            link: None,
            saves: None,
            by_script: false,
            opens: false,
            file: None,
            alt: String::new(),
            words: String::new(),
            hidden: false,
            width: None,
            height: None,
            aside: false,
            is_teaser: false,
            in_button: false,
            is_makeshift: false,
        }
    }

    /// A piece with one candidate.
    pub(super) fn of(role: Role, url: &str) -> Piece {
        let mut piece = Piece::new(role);
        piece.add(url, 0);
        piece
    }

    pub(super) fn add(&mut self, url: &str, weight: u32) {
        self.candidates.push(Candidate {
            url: url.to_owned(),
            weight,
            width: None,
            is_makeshift: false,
            is_replaced: false,
        });
    }

    /// The heaviest candidate, before any that only stands in for it; of equals the first; what holds its data itself counts as none.
    pub(super) fn best(&self) -> Option<&Candidate> {
        let real = self.candidates.iter().filter(|candidate| {
            let start = candidate.url.get(..5).unwrap_or("");
            !start.eq_ignore_ascii_case("data:")
        });
        real.rev()
            .max_by_key(|candidate| (!candidate.is_makeshift, candidate.weight))
    }

    /// Whether the page says that both sides are long.
    pub(super) fn is_large(&self) -> bool {
        let is_long = |side: Option<u32>| side.is_some_and(|side| side >= LARGE);
        is_long(self.width) && is_long(self.height)
    }

    /// Whether its list of sizes has a wide one, and nothing says that it is shown small.
    pub(super) fn is_wide(&self) -> bool {
        let is_short = |side: Option<u32>| side.is_some_and(|side| side < LARGE);
        let widest = self.best().and_then(|best| best.width);
        widest.is_some_and(|width| width >= WIDE) && !is_short(self.width) && !is_short(self.height)
    }
}
