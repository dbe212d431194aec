//! The media wanted from a page, each in its largest size.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use fetch::model::Medium;
use url::{Position, Url};

use super::media_url::{size_free_key, without_www};
use super::original::is_made_of;
use super::size::Size;

/// A medium that is wanted.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) url: Url,
    /// Its kind; `None` for another file.
    pub(super) medium: Option<Medium>,
    /// The name given by its link.
    pub(super) name: Option<String>,
    pub(super) alt: String,
    /// Its apparent size.
    pub(super) size: Size,
    /// Whether a link leads to it.
    pub(super) is_linked: bool,
    /// The page that it links to.
    pub(super) leads_to: Option<Url>,
    /// Whether it is displayed as narrow as a teaser.
    pub(super) is_narrow: bool,
    /// The small picture to use instead if it turns out not to be a picture.
    pub(super) small: Option<Url>,
    /// Its weight compared with others on the page with the same key.
    weight: u64,
    /// The position of the first one with its key.
    first: usize,
}

impl Wanted {
    /// Creates a medium shown on the page, with this weight.
    pub(super) fn shown(url: Url, medium: Option<Medium>, alt: &str, weight: u64) -> Wanted {
        let size = Size::of(&url);
        Wanted {
            url,
            medium,
            name: None,
            alt: alt.to_owned(),
            size,
            is_linked: false,
            leads_to: None,
            is_narrow: false,
            small: None,
            weight: weight.max(u64::from(size.likely)),
            first: 0,
        }
    }

    /// Creates a medium that a link leads to, with the link's name for it.
    pub(super) fn linked(
        url: Url,
        medium: Option<Medium>,
        alt: &str,
        name: Option<String>,
    ) -> Wanted {
        let mut wanted = Wanted::shown(url, medium, alt, 0);
        (wanted.is_linked, wanted.name) = (true, name);
        wanted
    }
}

/// The media of a page, in order.
pub(super) struct Media {
    pub(super) list: Vec<Wanted>,
    all: bool,
    /// Positions by the hash of the key, see [`identity`].
    known: HashMap<u64, Slot>,
    hasher: RandomState,
}

#[derive(Clone, Copy)]
struct Slot {
    at: usize,
    /// Whether the key is that of a small picture that leads to the medium.
    is_preview: bool,
}

impl Media {
    pub(super) fn new(all: bool) -> Media {
        Media {
            list: Vec::new(),
            all,
            known: HashMap::new(),
            hasher: RandomState::new(),
        }
    }

    /// Checks whether a picture, or another size of it, is there.
    pub(super) fn knows(&self, url: &Url) -> bool {
        let key = self.hasher.hash_one(size_free_key(url));
        self.known.contains_key(&key)
    }

    /// Notes that a picture leads to the medium at this position, and stands for it wherever else it is shown.
    pub(super) fn note_preview(&mut self, picture: &Url, at: usize) {
        let key = self.hasher.hash_one(size_free_key(picture));
        let slot = Slot {
            at,
            is_preview: true,
        };
        self.known.entry(key).or_insert(slot);
    }

    /// Adds a medium, or another size of one already there; returns its position until `finish` is called.
    ///
    /// Of the sizes shown, one is taken. A linked one takes precedence unless it is certainly smaller. Of two links
    /// whose sizes cannot be compared, both are taken, since the author of the page meant both to be available.
    pub(super) fn put(&mut self, wanted: Wanted) -> usize {
        let identity = identity(&wanted.url, wanted.medium, self.all);
        let key = self.hasher.hash_one(&identity);
        let Some(Slot { at, is_preview }) = self.known.get(&key).copied() else {
            return self.push(key, None, wanted);
        };
        let known = &mut self.list[at];
        if known.alt.is_empty() {
            known.alt.clone_from(&wanted.alt);
        }
        let leads_on = known.leads_to.take().or(wanted.leads_to.clone());
        known.leads_to = leads_on;
        known.is_narrow &= wanted.is_narrow;
        if is_preview {
            return at;
        }
        let is_better = match (known.is_linked, wanted.is_linked) {
            (false, false) if is_made_of(&known.url, &wanted.url) => true,
            (false, false) if is_made_of(&wanted.url, &known.url) => false,
            (false, false) if known.size.is_exact() && wanted.size.is_exact() => {
                wanted.size.likely > known.size.likely
            }
            (false, false) => wanted.weight > known.weight,
            (false, true) => !known.size.exceeds(wanted.size),
            (true, _) => wanted.size.exceeds(known.size),
        };
        if is_better {
            known.url = wanted.url;
            known.name = wanted.name;
            known.small = wanted.small;
            known.size = wanted.size;
            known.is_linked = wanted.is_linked;
            known.weight = wanted.weight;
            return at;
        }
        if !known.is_linked || !wanted.is_linked || known.size.exceeds(wanted.size) {
            return at;
        }
        if file(&known.url) == file(&wanted.url) {
            return at;
        }
        let key = self.hasher.hash_one((identity, file(&wanted.url)));
        match self.known.get(&key) {
            Some(slot) => slot.at,
            None => self.push(key, Some(at), wanted),
        }
    }

    fn push(&mut self, key: u64, first: Option<usize>, mut wanted: Wanted) -> usize {
        let at = self.list.len();
        wanted.first = first.unwrap_or(at);
        self.list.push(wanted);
        self.known.insert(
            key,
            Slot {
                at,
                is_preview: false,
            },
        );
        at
    }

    /// Returns the final list, without links that turned out to lead to a smaller size.
    pub(super) fn finish(mut self) -> Vec<Wanted> {
        let mut largest: HashMap<usize, Size> = HashMap::new();
        for wanted in &self.list {
            let largest = largest.entry(wanted.first).or_insert(wanted.size);
            if wanted.size.least() > largest.least() {
                *largest = wanted.size;
            }
        }
        let is_largest = |wanted: &Wanted| !largest[&wanted.first].exceeds(wanted.size);
        self.list.retain(is_largest);
        self.list
    }
}

/// Returns what identifies a medium: for a picture, what its sizes have in common, unless all are wanted.
pub(super) fn identity(url: &Url, medium: Option<Medium>, all: bool) -> String {
    match medium {
        _ if all => url.as_str().to_owned(),
        Some(Medium::Image) => size_free_key(url),
        _ => uncounted(url),
    }
}

/// Returns a URL without the counter that WordPress adds for each player on a page (`?_=1`).
fn uncounted(url: &Url) -> String {
    let is_count = |part: &&str| {
        let number = part.strip_prefix("_=").unwrap_or("");
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let parts = url.query().unwrap_or("").split('&');
    let kept: Vec<&str> = parts.filter(|part| !is_count(part)).collect();
    format!("{}?{}", &url[..Position::AfterPath], kept.join("&"))
}

/// Returns what tells one file of a picture from others with its size-free key; the same file may have several addresses.
pub(super) fn file(url: &Url) -> (&str, Size) {
    let place = &url[Position::BeforeHost..Position::AfterPath];
    (without_www(place), Size::of(url))
}
