//! Where on a page an element stands: in its matter, or beside it.

use html5ever::tokenizer::Tag;

use super::attributes::attribute;

/// As many open elements are known; those that are nested deeper count as outside.
const DEEPEST: usize = 2_000;

/// Elements whose nesting is followed, beside those that a page has made itself (`x-list`).
const CONTAINERS: [&str; 17] = [
    "article", "aside", "details", "div", "figure", "footer", "form", "header", "li", "main",
    "nav", "ol", "section", "table", "td", "tr", "ul",
];
/// Words that a name begins or ends with which calls a container something that the page is not about.
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
/// Those of them that call something so wherever they stand in a name. The articles in it are others.
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
/// Two words that say the same together.
const OTHERS_IN_TWO: [[&str; 2]; 3] = [["also", "like"], ["cross", "sells"], ["up", "sells"]];
/// Those that say it on the page of one article, and call the matter of a listing.
const OTHERS_OF_ONE: [&[&str]; 2] = [
    &["latest", "more", "popular", "recent"],
    &["articles", "news", "posts", "stories"],
];
/// Two words for what is beside the matter.
const BESIDE_IN_TWO: [[&str; 2]; 5] = [
    ["author", "bio"],
    ["author", "box"],
    ["author", "image"],
    ["author", "photo"],
    ["post", "navigation"],
];
/// What calls an item of a list or a cell of a table so; most other words rather say what it shows.
const BESIDE_AS_PART: [&str; 7] = [
    "ad",
    "ads",
    "advert",
    "advertisement",
    "footer",
    "sidebar",
    "sponsored",
];
/// What a class begins with that says what a post is about.
const SUBJECTS: [&str; 4] = ["category-", "product_cat-", "product_tag-", "tag-"];
/// Classes of the body of a page that is one article, or one thing of a shop.
const SINGLE: [&str; 4] = ["post-template", "single", "single-post", "single-product"];
/// Words of names that call an `aside` of an article something else than a part of it.
const ABOUT: [&str; 8] = [
    "about", "author", "bio", "byline", "profile", "teaser", "teasers", "widget",
];
/// A name that begins with one of these says what stands in the container, or what it lacks.
const LIFTED_BEFORE: [&str; 9] = [
    "content", "has", "hide", "is", "no", "show", "toggle", "with", "without",
];
/// A name that ends with one of these says what is around it, or how something is just now.
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

/// Whether a container is beside the matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    No,
    /// By a name, which may be that of a layout.
    Called,
    /// By a name that says that others are in it.
    Others,
    /// An `aside` of the matter itself, which may hold some of it.
    Within,
    /// By what it is.
    Sure,
}

/// The containers that are open at a place.
#[derive(Default)]
pub(super) struct Place {
    open: Vec<Open>,
    /// How many of them are beside the matter.
    beside: usize,
    /// How many of those are within it.
    within: usize,
    /// How many of them are the matter.
    matter: usize,
    /// Whether the matter has begun.
    has_begun: bool,
    /// Whether an article of it has.
    has_article: bool,
    /// How many of the open ones are articles.
    articles: usize,
    /// How many open articles are others than that of the page.
    teasers: usize,
    /// Whether the page says that it is one article, or one thing.
    pub(super) is_single: bool,
}

struct Open {
    name: String,
    beside: Beside,
    is_matter: bool,
    is_teaser: bool,
}

impl Place {
    /// Whether it is beside the matter.
    pub(super) fn is_beside(&self) -> bool {
        self.beside > 0
    }

    /// Whether it is in an article that may be another one than that of the page.
    pub(super) fn is_teaser(&self) -> bool {
        self.teasers > 0
    }

    /// Whether it is beside the matter by nothing but an `aside` within that.
    pub(super) fn is_within(&self) -> bool {
        self.beside == self.within
    }

    /// Whether it is in a figure.
    pub(super) fn is_figure(&self) -> bool {
        self.open.iter().any(|open| open.name == "figure")
    }

    /// Goes into an element, if that holds others.
    pub(super) fn enter(&mut self, tag: &Tag) {
        let name: &str = &tag.name;
        if !is_container(name) || tag.self_closing || self.open.len() >= DEEPEST {
            return;
        }
        self.end_before(name);
        let role = attribute(tag, "role").unwrap_or("");
        let is_main = name == "main" || role.eq_ignore_ascii_case("main");
        let is_matter = is_main || name == "article";
        // What holds the matter is called after something else on it. Other articles may be teasers.
        if is_main || is_matter && !self.has_begun {
            self.lift(is_main);
        }
        let beside = match is_matter {
            true => Beside::No,
            false => self.beside(tag, role),
        };
        self.has_begun |= is_matter && !self.is_beside();
        // An article in that of the page is a part of it. What a listing of WordPress shows is no article of its own.
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

    /// Ends what is not closed and ends where this begins: an item of a list, a row, a cell.
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

    /// Closes what is open from here on.
    fn close(&mut self, at: usize) {
        for open in self.open.drain(at..) {
            self.beside -= usize::from(open.beside != Beside::No);
            self.within -= usize::from(open.beside == Beside::Within);
            self.matter -= usize::from(open.is_matter);
            self.articles -= usize::from(open.name == "article");
            self.teasers -= usize::from(open.is_teaser);
        }
    }

    /// Leaves an element. What is not closed is closed with what holds it.
    pub(super) fn leave(&mut self, name: &str) {
        if !is_container(name) {
            return;
        }
        let near = self.open.iter().rev().take(64);
        if let Some(back) = near.into_iter().position(|open| open.name == name) {
            self.close(self.open.len() - 1 - back);
        }
    }

    /// Takes back what was concluded from names.
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
            // What a figure is about may be any of these words.
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

/// Whether the class of a body says that the page is one article, or one thing.
pub(super) fn is_single(body: &Tag) -> bool {
    words(body, &["class"]).any(|name| SINGLE.contains(&&*name))
}

fn is_container(name: &str) -> bool {
    CONTAINERS.contains(&name) || name.contains('-')
}

/// The words of these attributes, in lower case.
fn words<'a>(tag: &'a Tag, names: &'a [&str]) -> impl Iterator<Item = String> + 'a {
    let values = names.iter().filter_map(|name| attribute(tag, name));
    let words = values.flat_map(str::split_ascii_whitespace);
    words.map(str::to_ascii_lowercase)
}

/// What a name says of a container, given the words that are known to call it beside the matter, and whether the page is one article.
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
        // With a number within, it is that of one thing among many.
        () if known.contains(&last) && !is_numbered => Beside::Called,
        () => Beside::No,
    }
}
