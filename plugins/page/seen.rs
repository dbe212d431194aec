//! Tracks which media of a crawl are taken: each once, and of several sizes of a picture not the small one that led to
//! the large one.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use fetch::model::Item;
use url::Url;

use super::size::Size;
use super::wanted::{Wanted, file, identity};

/// The approximate memory limit for waiting items.
const ROOM: usize = 16 << 20;
/// The approximate size of an item, without its address.
const ITEM: usize = 1_000;

/// The media seen so far. Only hashes are kept, since addresses can be long.
#[derive(Default)]
pub(super) struct Seen {
    /// The largest size seen of each picture; for other media, only that it was seen.
    largest: HashMap<u64, Size>,
    /// The files seen.
    files: HashSet<u64>,
    /// Pictures for which a larger one may follow, in order.
    waiting: Vec<Waiting>,
    room: usize,
    hasher: RandomState,
}

/// A picture held back until a page has been read.
struct Waiting {
    page: u64,
    picture: u64,
    size: Size,
    cost: usize,
    item: Box<Item>,
}

impl Seen {
    pub(super) fn new() -> Seen {
        Seen {
            room: ROOM,
            ..Seen::default()
        }
    }

    /// Checks whether a medium is new: neither it nor a larger size of it has been seen.
    pub(super) fn is_new(&mut self, wanted: &Wanted, all: bool) -> bool {
        let picture = self.picture(wanted, all);
        let file = self.hasher.hash_one((picture, file(&wanted.url)));
        let size = wanted.size;
        let is_new = match self.largest.get(&picture) {
            None => true,
            Some(_) if self.files.contains(&file) => false,
            Some(largest) => {
                size.likely > largest.likely || wanted.is_linked && !largest.exceeds(size)
            }
        };
        if is_new {
            self.files.insert(file);
            let largest = self.largest.entry(picture).or_insert(size);
            if size.likely > largest.likely {
                *largest = size;
            }
        }
        is_new
    }

    /// Holds back a picture until this page has been read; returns it if there is no room.
    pub(super) fn wait(&mut self, page: &Url, wanted: &Wanted, item: Item) -> Option<Item> {
        let cost = ITEM + wanted.url.as_str().len();
        let Some(room) = self.room.checked_sub(cost) else {
            return Some(item);
        };
        self.room = room;
        self.waiting.push(Waiting {
            page: self.page(page),
            picture: self.picture(wanted, false),
            size: wanted.size,
            cost,
            item: Box::new(item),
        });
        None
    }

    /// Makes everything that waits for one page wait for another.
    pub(super) fn moved(&mut self, from: &Url, to: &Url) {
        let (from, to) = (self.page(from), self.page(to));
        let waiting = self.waiting.iter_mut();
        waiting
            .filter(|waiting| waiting.page == from)
            .for_each(|waiting| waiting.page = to);
    }

    /// Returns the pictures that waited for this page, or for any if none is given, and have no larger version.
    pub(super) fn settle(&mut self, page: Option<&Url>) -> Vec<Item> {
        let page = page.map(|page| self.page(page));
        let is_due = |waiting: &mut Waiting| page.is_none_or(|page| waiting.page == page);
        let due: Vec<Waiting> = self.waiting.extract_if(.., is_due).collect();
        self.room += due.iter().map(|waiting| waiting.cost).sum::<usize>();
        let is_largest = |waiting: &Waiting| {
            let largest = self.largest.get(&waiting.picture);
            largest.is_none_or(|largest| largest.likely <= waiting.size.likely)
        };
        let left = due.into_iter().filter(is_largest);
        left.map(|waiting| *waiting.item).collect()
    }

    /// Drops the pictures waiting for a page whose link turned out to be the picture itself.
    pub(super) fn give_way(&mut self, page: &Url) {
        let page = self.page(page);
        let waiting = self.waiting.extract_if(.., |waiting| waiting.page == page);
        self.room += waiting.map(|waiting| waiting.cost).sum::<usize>();
    }

    fn picture(&self, wanted: &Wanted, all: bool) -> u64 {
        let identity = identity(&wanted.url, wanted.medium, all);
        self.hasher.hash_one(identity)
    }

    fn page(&self, url: &Url) -> u64 {
        self.hasher.hash_one(url.as_str())
    }
}

#[cfg(test)]
mod tests {
    use fetch::model::{Body, Medium, Meta};

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse("https://x.org/").unwrap().join(text).unwrap()
    }

    fn wanted(text: &str) -> Wanted {
        Wanted::shown(url(text), Some(Medium::Image), "", 0)
    }

    fn item(wanted: &Wanted) -> Item {
        Item {
            source: "page".into(),
            key: wanted.url.path().into(),
            meta: Meta::default(),
            body: Body::Later,
        }
    }

    fn keys(items: Vec<Item>) -> Vec<String> {
        items.into_iter().map(|item| item.key).collect()
    }

    #[test]
    fn thumbnails_are_left_out_once_a_larger_picture_comes() {
        let mut seen = Seen::new();
        for name in ["/thumbs/a.jpg", "/thumbs/b.jpg", "/thumbs/c.jpg"] {
            let wanted = wanted(name);
            assert!(seen.is_new(&wanted, false));
            assert!(!seen.is_new(&wanted, false));
            let page = if name.contains('c') { "/c" } else { "/p" };
            assert!(seen.wait(&url(page), &wanted, item(&wanted)).is_none());
        }
        assert!(seen.is_new(&wanted("/a.jpg"), false));
        assert!(!seen.is_new(&wanted("/a.png"), false));
        assert!(!seen.is_new(&wanted("/a-300x200.jpg"), false));
        let mut linked = wanted("/a.png");
        linked.is_linked = true;
        assert!(seen.is_new(&linked, false));
        seen.moved(&url("/p"), &url("/q"));
        assert!(seen.settle(Some(&url("/p"))).is_empty());
        assert_eq!(keys(seen.settle(Some(&url("/q")))), ["/thumbs/b.jpg"]);
        assert_eq!(keys(seen.settle(None)), ["/thumbs/c.jpg"]);
        // What distinguishes its pictures other than their sizes.
        for name in ["/i.jpg?id=1", "/i.jpg?id=2&w=300", "/i.jpg?id=2"] {
            assert!(seen.is_new(&wanted(name), false), "{name}");
        }
        assert!(seen.is_new(&wanted("/a-300x200.jpg"), true));
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut seen = Seen::new();
        let page = url("/p");
        let waits = (0..ROOM / ITEM).filter(|number| {
            let wanted = wanted(&format!("/{number}.jpg"));
            seen.wait(&page, &wanted, item(&wanted)).is_none()
        });
        let count = waits.count();
        assert!(count > 10_000 && count < ROOM / ITEM, "{count}");
        assert_eq!(seen.settle(Some(&page)).len(), count);
        assert_eq!(seen.room, ROOM);
    }
}
