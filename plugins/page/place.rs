//! Tracks whether an element of a page is in the main content or outside of it.

use html5ever::tokenizer::Tag;

use super::attributes::attribute;

/// How many open elements are tracked; those nested deeper are ignored.
const DEEPEST: usize = 2_000;

/// Elements whose nesting is tracked, in addition to custom elements (`x-list`).
const CONTAINERS: [&str; 17] = [
    "article", "aside", "details", "div", "figure", "footer", "form", "header", "li", "main",
    "nav", "ol", "section", "table", "td", "tr", "ul",
];
/// Words at the start or end of a name that mark a container as not being main content.
const BESIDE: [&str; 31] = [
    "ad",
    "ads",
    "advert",
    "advertisement",
    "avatar",
    "breadcrumb",
    "comments",
    "cookie",
    "crosssell",
    "crosssells",
    "footer",
    "menu",
    "nav",
    "navbar",
    "newsletter",
    "outbrain",
    "promo",
    "recommendations",
    "recommended",
    "related",
    "relatedposts",
    "share",
    "sharing",
    "sidebar",
    "signature",
    "social",
    "sponsored",
    "taboola",
    "topbar",
    "upsell",
    "upsells",
];
/// Those that do so anywhere in a name. Articles within are other articles.
const OTHERS: [&str; 10] = [
    "crosssell",
    "crosssells",
    "outbrain",
    "recommendations",
    "recommended",
    "related",
    "relatedposts",
    "taboola",
    "upsell",
    "upsells",
];
/// Pairs of words that mean the same together.
const OTHERS_IN_TWO: [[&str; 2]; 3] = [["also", "like"], ["cross", "sells"], ["up", "sells"]];
/// Pairs that mean this on the page of a single article, but name the main content of a listing.
const OTHERS_OF_ONE: [&[&str]; 2] = [
    &["latest", "more", "popular", "recent"],
    &["articles", "news", "posts", "stories"],
];
/// Pairs of words for containers outside the main content.
const BESIDE_IN_TWO: [[&str; 2]; 5] = [
    ["author", "bio"],
    ["author", "box"],
    ["author", "image"],
    ["author", "photo"],
    ["post", "navigation"],
];
/// Words that also count for a list item or table cell; most others rather describe what it shows.
const BESIDE_AS_PART: [&str; 7] = [
    "ad",
    "ads",
    "advert",
    "advertisement",
    "footer",
    "sidebar",
    "sponsored",
];
/// Prefixes of classes that give the subject of a post.
const SUBJECTS: [&str; 4] = ["category-", "product_cat-", "product_tag-", "tag-"];
/// Classes of the body of a page for a single article or product.
const SINGLE: [&str; 4] = ["post-template", "single", "single-post", "single-product"];
/// Words in names that mark an `aside` of an article as not being part of it.
const ABOUT: [&str; 8] = [
    "about", "author", "bio", "byline", "profile", "teaser", "teasers", "widget",
];
/// A name starting with one of these says what the container has, or lacks.
const LIFTED_BEFORE: [&str; 9] = [
    "content", "has", "hide", "is", "no", "show", "toggle", "with", "without",
];
/// A name ending with one of these names a wrapper, or a state.
const LIFTED_BEHIND: [&str; 13] = [
    "active",
    "closed",
    "collapsed",
    "disabled",
    "enabled",
    "expanded",
    "free",
    "hidden",
    "none",
    "open",
    "opened",
    "visible",
    "wrap",
];

/// Whether a container is outside the main content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    No,
    /// By its name, which may be that of a layout.
    Called,
    /// By a name that marks it as containing other articles.
    Others,
    /// An `aside` of the main content itself, which may contain some of it.
    Within,
    /// By its element or role.
    Sure,
}

/// The containers open at a place.
#[derive(Default)]
pub(super) struct Place {
    open: Vec<Open>,
    /// How many of them are outside the main content.
    beside: usize,
    /// How many of those are an `aside` within it.
    within: usize,
    /// How many of them are main content.
    matter: usize,
    /// Whether the main content has started.
    has_begun: bool,
    /// Whether an article in it has started.
    has_article: bool,
    /// How many of the open elements are articles.
    articles: usize,
    /// How many open articles are not the page's own.
    teasers: usize,
    /// Whether the page declares itself to be a single article or thing.
    pub(super) is_single: bool,
}

struct Open {
    name: String,
    beside: Beside,
    is_matter: bool,
    is_teaser: bool,
}

impl Place {
    /// Checks whether it is outside the main content.
    pub(super) fn is_beside(&self) -> bool {
        self.beside > 0
    }

    /// Checks whether it is in an article that may not be the page's own.
    pub(super) fn is_teaser(&self) -> bool {
        self.teasers > 0
    }

    /// Checks whether only an `aside` within the main content puts it outside of that.
    pub(super) fn is_within(&self) -> bool {
        self.beside == self.within
    }

    /// Checks whether it is in a figure.
    pub(super) fn is_figure(&self) -> bool {
        self.open.iter().any(|open| open.name == "figure")
    }

    /// Enters an element, if it is a container.
    pub(super) fn enter(&mut self, tag: &Tag) {
        let name: &str = &tag.name;
        if !is_container(name) || tag.self_closing || self.open.len() >= DEEPEST {
            return;
        }
        self.end_before(name);
        let role = attribute(tag, "role").unwrap_or("");
        let is_main = name == "main" || role.eq_ignore_ascii_case("main");
        let is_matter = is_main || name == "article";
        // A container of the main content is named after something else. Later articles may be teasers.
        if is_main || is_matter && !self.has_begun {
            self.lift(is_main);
        }
        let beside = match is_matter {
            true => Beside::No,
            false => self.beside(tag, role),
        };
        self.has_begun |= is_matter && !self.is_beside();
        // An article within the page's own is part of it. Entries of a WordPress query block are not articles of their
        // own.
        let is_article = name == "article" && !self.is_beside();
        let is_teaser = is_article && self.has_article && self.articles == 0
            || words(tag, &["class"]).any(|name| name == "wp-block-post");
        self.has_article |= is_article;
        self.articles += usize::from(name == "article");
        self.teasers += usize::from(is_teaser);
        self.beside += usize::from(beside != Beside::No);
        self.within += usize::from(beside == Beside::Within);
        self.matter += usize::from(is_matter);
        self.open.push(Open {
            name: name.to_owned(),
            beside,
            is_matter,
            is_teaser,
        });
    }

    /// Closes an unclosed element that ends where this one starts: a list item, a row, a cell.
    fn end_before(&mut self, name: &str) {
        let stops = |open: &Open| match name {
            "li" => open.name != "div" && !open.name.contains('-'),
            _ => open.name == "table",
        };
        if !matches!(name, "li" | "td" | "tr") {
            return;
        }
        let mut near = self.open.iter().rev().take(64);
        let at = near.position(|open| open.name == name || stops(open));
        let at = at.map(|back| self.open.len() - 1 - back);
        if let Some(at) = at.filter(|at| self.open[*at].name == name) {
            self.close(at);
        }
    }

    /// Closes the elements open from here on.
    fn close(&mut self, at: usize) {
        for open in self.open.drain(at..) {
            self.beside -= usize::from(open.beside != Beside::No);
            self.within -= usize::from(open.beside == Beside::Within);
            self.matter -= usize::from(open.is_matter);
            self.articles -= usize::from(open.name == "article");
            self.teasers -= usize::from(open.is_teaser);
        }
    }

    /// Leaves an element. Unclosed elements within are closed with it.
    pub(super) fn leave(&mut self, name: &str) {
        if !is_container(name) {
            return;
        }
        let near = self.open.iter().rev().take(64);
        if let Some(back) = near.into_iter().position(|open| open.name == name) {
            self.close(self.open.len() - 1 - back);
        }
    }

    /// Discards conclusions drawn from names.
    fn lift(&mut self, is_main: bool) {
        for open in &mut self.open {
            if open.beside == Beside::Called || is_main && open.beside == Beside::Others {
                open.beside = Beside::No;
                self.beside -= 1;
            }
        }
    }

    fn beside(&self, tag: &Tag, role: &str) -> Beside {
        let roles = ["complementary", "contentinfo", "navigation"];
        match &*tag.name {
            "nav" | "footer" => return Beside::Sure,
            "aside" if self.matter == 0 => return Beside::Sure,
            // The header of an article has its first picture.
            "header" if self.matter == 0 => return Beside::Sure,
            "header" => return Beside::No,
            _ if roles.iter().any(|known| role.eq_ignore_ascii_case(known)) => return Beside::Sure,
            _ => {}
        }
        let is_part = matches!(&*tag.name, "li" | "table" | "td" | "tr");
        let called_so = |known: &[&str]| {
            let mut names = words(tag, &["class", "id"]);
            names.any(|name| name.split(['-', '_']).any(|word| known.contains(&word)))
        };
        let (is_infobox, is_about) = (called_so(&["infobox"]), called_so(&ABOUT));
        let is_figure = &*tag.name == "figure";
        let is_custom = tag.name.contains('-').then(|| tag.name.to_string());
        let is_single = self.is_single || self.articles > 0;
        let names = words(tag, &["class", "id"]).chain(is_custom);
        let names = names.filter(|name| match () {
            // The subject of a figure may be any of these words.
            () if is_figure => BESIDE.contains(&&**name),
            () if is_part => !SUBJECTS.iter().any(|start| name.starts_with(start)),
            () => true,
        });
        let known: &[&str] = if is_part { &BESIDE_AS_PART } else { &BESIDE };
        let said: Vec<Beside> = names.map(|name| called(&name, known, is_single)).collect();
        let strongest = [Beside::Others, Beside::Called].into_iter();
        let found = strongest.into_iter().find(|beside| said.contains(beside));
        match &*tag.name {
            "aside" if found.is_some() || is_about => Beside::Sure,
            "aside" if is_infobox => Beside::No,
            "aside" => Beside::Within,
            _ => found.unwrap_or(Beside::No),
        }
    }
}

/// Checks whether the class of a body declares a single article or thing.
pub(super) fn is_single(body: &Tag) -> bool {
    words(body, &["class"]).any(|name| SINGLE.contains(&&*name))
}

fn is_container(name: &str) -> bool {
    CONTAINERS.contains(&name) || name.contains('-')
}

/// Returns the words of these attributes, in lower case.
fn words<'a>(tag: &'a Tag, names: &'a [&str]) -> impl Iterator<Item = String> + 'a {
    let values = names.iter().filter_map(|name| attribute(tag, name));
    let words = values.flat_map(str::split_ascii_whitespace);
    words.map(str::to_ascii_lowercase)
}

/// Classifies a container by its name, given the words that mark it as outside the main content, and whether the page
/// is a single article.
fn called(name: &str, known: &[&str], is_single: bool) -> Beside {
    let words: Vec<&str> = name
        .split(['-', '_'])
        .filter(|word| !word.is_empty())
        .collect();
    let [first, .., last] = words[..] else {
        return match words.first() {
            Some(word) if OTHERS.contains(word) => Beside::Others,
            Some(word) if known.contains(word) => Beside::Called,
            _ => Beside::No,
        };
    };
    let is_lifted = words.iter().any(|word| LIFTED_BEFORE[1..].contains(word))
        || first == LIFTED_BEFORE[0]
        || LIFTED_BEHIND.contains(&last);
    let is_number = |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit());
    let is_numbered = words
        .get(1..words.len() - 1)
        .is_some_and(|within| within.iter().any(is_number));
    let has = |pairs: &[[&str; 2]]| {
        words
            .windows(2)
            .any(|two| pairs.iter().any(|pair| pair == two))
    };
    let of_one = |two: &[&str]| {
        let is_list = two
            .iter()
            .zip(OTHERS_OF_ONE)
            .all(|(word, known)| known.contains(word));
        is_list || two == ["read", "next"]
    };
    match () {
        () if is_lifted => Beside::No,
        () if words.iter().any(|word| OTHERS.contains(word)) => Beside::Others,
        () if has(&OTHERS_IN_TWO) || is_single && words.windows(2).any(of_one) => Beside::Others,
        () if known.contains(&first) || has(&BESIDE_IN_TWO) => Beside::Called,
        // With a number in the middle, it names one item among many.
        () if known.contains(&last) && !is_numbered => Beside::Called,
        () => Beside::No,
    }
}
