//! The content of a page's elements, before anything is chosen. Plain data.

use std::collections::HashSet;

use url::Url;

use super::choice::web;
use super::elements::MOST;
use super::script_data::ScriptData;
use super::srcset::Candidate;

/// A page as it was read.
#[derive(Debug, Default)]
pub(super) struct ParsedPage {
    pub(super) base: Option<String>,
    pub(super) title: String,
    pub(super) heading: String,
    /// `meta` elements: names in lower case, and contents.
    pub(super) metas: Vec<(String, String)>,
    /// The next page.
    pub(super) next: Option<String>,
    /// The same, from a link marked only by its class.
    pub(super) pager: Option<String>,
    /// The title of the link to the next page.
    pub(super) next_title: Option<String>,
    /// The address of the page itself.
    pub(super) canonical: Option<String>,
    /// The address of its oEmbed data.
    pub(super) oembed: Option<String>,
    /// The address of its feed.
    pub(super) feed: Option<String>,
    /// The addresses of IIIF manifests: one, or two if there are several.
    pub(super) manifests: Vec<String>,
    /// Where it redirects to.
    pub(super) refresh: Option<String>,
    /// Whether its body declares it to be a single article or thing.
    pub(super) is_single: bool,
    /// Whether it asks for a password.
    pub(super) asks_password: bool,
    /// Every link, in order.
    pub(super) links: Vec<String>,
    /// Indexes of the links that are not to be followed.
    pub(super) unfollowed: HashSet<usize>,
    /// JSON-LD.
    pub(super) json_ld: Vec<String>,
    /// Data for its scripts that may name videos.
    pub(super) script_data: Vec<ScriptData>,
    pub(super) pieces: Vec<Piece>,
    /// Whether there was more than is kept.
    pub(super) cut: bool,
}

impl ParsedPage {
    /// Returns the base of its addresses, given the address of the page.
    pub(super) fn base(&self, page: &Url) -> Url {
        let base = self.base.as_deref().and_then(|base| web(page, base));
        base.unwrap_or_else(|| page.clone())
    }

    /// Adds a link with this relation.
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

    /// Notes an alternate form of the page, of this type.
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

    /// Notes a manifest. Several manifests describe different things.
    pub(super) fn manifest(&mut self, href: &str) {
        let Some(known) = self.manifests.first() else {
            return self.manifests.push(href.to_owned());
        };
        if self.manifests.len() == 1 && known != href {
            self.manifests.push(href.to_owned());
        }
    }

    /// Checks whether none of its links is to be followed.
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

    /// Returns the content of a `meta` element with this name.
    pub(super) fn meta<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// Returns the contents of all `meta` elements with this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let metas = self.metas.iter().filter(move |(known, _)| known == name);
        metas.map(|(_, content)| content.as_str())
    }
}

/// Decoration never has both sides as long as this.
const LARGE: u32 = 300;
/// Decoration is rarely available in a size as wide as this.
const WIDE: u32 = 600;

/// The role of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Image,
    Video,
    Audio,
    /// The still picture of a video.
    Poster,
    /// A link without a picture.
    Link,
    /// A page within the page.
    Embed,
    /// A picture named in a style.
    Background,
}

/// An element that may be a medium.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) role: Role,
    pub(super) candidates: Vec<Candidate>,
    /// The target of the link around it.
    pub(super) link: Option<String>,
    /// The `download` attribute of its link: a file name, or empty.
    pub(super) download_name: Option<String>,
    /// Whether that target is what its script seems to open.
    pub(super) by_script: bool,
    /// Whether its link is marked as opening a lightbox.
    pub(super) opens_lightbox: bool,
    /// The name of its file, if an attribute has that.
    pub(super) file: Option<String>,
    pub(super) alt: String,
    /// Its class and id, in lower case.
    pub(super) words: String,
    /// Whether it is hidden.
    pub(super) is_hidden: bool,
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
    /// Whether it is outside the main content.
    pub(super) is_outside: bool,
    /// Whether it is in an article that may not be the page's own.
    pub(super) is_teaser: bool,
    /// Whether it is in a button.
    pub(super) in_button: bool,
    /// Whether it is a fallback for a video or audio element that cannot be played.
    pub(super) is_fallback: bool,
}

impl Piece {
    pub(super) fn new(role: Role) -> Piece {
        Piece {
            role,
            candidates: Vec::new(),
            link: None,
            download_name: None,
            by_script: false,
            opens_lightbox: false,
            file: None,
            alt: String::new(),
            words: String::new(),
            is_hidden: false,
            width: None,
            height: None,
            is_outside: false,
            is_teaser: false,
            in_button: false,
            is_fallback: false,
        }
    }

    /// Creates a piece with one candidate.
    pub(super) fn of(role: Role, url: &str) -> Piece {
        let mut piece = Piece::new(role);
        piece.add(url, 0);
        piece
    }

    /// Adds a candidate; of several, the one with the greatest weight counts.
    pub(super) fn add(&mut self, url: &str, weight: u32) {
        self.candidates.push(Candidate {
            url: url.to_owned(),
            weight,
            width: None,
            is_fallback: false,
            is_replaced: false,
        });
    }

    /// Returns the best candidate, preferring real ones to fallbacks; of equals the first. `data:` URLs do not count.
    pub(super) fn best(&self) -> Option<&Candidate> {
        let real = self.candidates.iter().filter(|candidate| {
            let start = candidate.url.get(..5).unwrap_or("");
            !start.eq_ignore_ascii_case("data:")
        });
        real.rev()
            .max_by_key(|candidate| (!candidate.is_fallback, candidate.weight))
    }

    /// Checks whether the page declares both sides to be long.
    pub(super) fn is_large(&self) -> bool {
        let is_long = |side: Option<u32>| side.is_some_and(|side| side >= LARGE);
        is_long(self.width) && is_long(self.height)
    }

    /// Checks whether its candidates include a wide one, and it is not declared to be displayed small.
    pub(super) fn is_wide(&self) -> bool {
        let is_short = |side: Option<u32>| side.is_some_and(|side| side < LARGE);
        let widest = self.best().and_then(|best| best.width);
        widest.is_some_and(|width| width >= WIDE) && !is_short(self.width) && !is_short(self.height)
    }
}
