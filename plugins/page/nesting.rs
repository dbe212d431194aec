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
const OUTSIDE: [&str; 31] = [
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
const OUTSIDE_IN_TWO: [[&str; 2]; 5] = [
    ["author", "bio"],
    ["author", "box"],
    ["author", "image"],
    ["author", "photo"],
    ["post", "navigation"],
];
/// Words that also count for a list item or table cell; most others rather describe what it shows.
const OUTSIDE_AS_PART: [&str; 7] = [
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
const MODIFIER_PREFIXES: [&str; 9] = [
    "content", "has", "hide", "is", "no", "show", "toggle", "with", "without",
];
/// A name ending with one of these names a wrapper, or a state.
const MODIFIER_SUFFIXES: [&str; 13] = [
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
enum Outside {
    No,
    /// By its name, which may be that of a layout.
    ByName,
    /// By a name that marks it as containing other articles.
    OtherArticles,
    /// An `aside` of the main content itself, which may contain some of it.
    InnerAside,
    /// By its element or role.
    ByElement,
}

/// The containers open at a place.
#[derive(Default)]
pub(super) struct Nesting {
    open: Vec<Open>,
    /// How many of them are outside the main content.
    outside: usize,
    /// How many of those are an `aside` within it.
    inner_asides: usize,
    /// How many of them are main content.
    main_contents: usize,
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
    outside: Outside,
    is_main_content: bool,
    is_teaser: bool,
}

impl Nesting {
    /// Checks whether it is outside the main content.
    pub(super) fn is_outside(&self) -> bool {
        self.outside > 0
    }

    /// Checks whether it is in an article that may not be the page's own.
    pub(super) fn is_teaser(&self) -> bool {
        self.teasers > 0
    }

    /// Checks whether only an `aside` within the main content puts it outside of that.
    pub(super) fn is_only_in_aside(&self) -> bool {
        self.outside == self.inner_asides
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
        self.close_implied(name);
        let role = attribute(tag, "role").unwrap_or("");
        let is_main = name == "main" || role.eq_ignore_ascii_case("main");
        let is_main_content = is_main || name == "article";
        // A container of the main content is named after something else. Later articles may be teasers.
        if is_main || is_main_content && !self.has_begun {
            self.discard_name_guesses(is_main);
        }
        let outside = match is_main_content {
            true => Outside::No,
            false => self.classify(tag, role),
        };
        self.has_begun |= is_main_content && !self.is_outside();
        // An article within the page's own is part of it. Entries of a WordPress query block are not articles of their
        // own.
        let is_article = name == "article" && !self.is_outside();
        let is_teaser = is_article && self.has_article && self.articles == 0
            || words(tag, &["class"]).any(|name| name == "wp-block-post");
        self.has_article |= is_article;
        self.articles += usize::from(name == "article");
        self.teasers += usize::from(is_teaser);
        self.outside += usize::from(outside != Outside::No);
        self.inner_asides += usize::from(outside == Outside::InnerAside);
        self.main_contents += usize::from(is_main_content);
        self.open.push(Open {
            name: name.to_owned(),
            outside,
            is_main_content,
            is_teaser,
        });
    }

    /// Closes an unclosed element that ends where this one starts: a list item, a row, a cell.
    fn close_implied(&mut self, name: &str) {
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
            self.outside -= usize::from(open.outside != Outside::No);
            self.inner_asides -= usize::from(open.outside == Outside::InnerAside);
            self.main_contents -= usize::from(open.is_main_content);
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
    fn discard_name_guesses(&mut self, is_main: bool) {
        for open in &mut self.open {
            if open.outside == Outside::ByName || is_main && open.outside == Outside::OtherArticles
            {
                open.outside = Outside::No;
                self.outside -= 1;
            }
        }
    }

    fn classify(&self, tag: &Tag, role: &str) -> Outside {
        let roles = ["complementary", "contentinfo", "navigation"];
        match &*tag.name {
            "nav" | "footer" => return Outside::ByElement,
            "aside" if self.main_contents == 0 => return Outside::ByElement,
            // The header of an article has its first picture.
            "header" if self.main_contents == 0 => return Outside::ByElement,
            "header" => return Outside::No,
            _ if roles.iter().any(|known| role.eq_ignore_ascii_case(known)) => {
                return Outside::ByElement;
            }
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
            () if is_figure => OUTSIDE.contains(&&**name),
            () if is_part => !SUBJECTS.iter().any(|start| name.starts_with(start)),
            () => true,
        });
        let known: &[&str] = if is_part { &OUTSIDE_AS_PART } else { &OUTSIDE };
        let said: Vec<Outside> = names
            .map(|name| classify_name(&name, known, is_single))
            .collect();
        let strongest = [Outside::OtherArticles, Outside::ByName].into_iter();
        let found = strongest.into_iter().find(|outside| said.contains(outside));
        match &*tag.name {
            "aside" if found.is_some() || is_about => Outside::ByElement,
            "aside" if is_infobox => Outside::No,
            "aside" => Outside::InnerAside,
            _ => found.unwrap_or(Outside::No),
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
fn classify_name(name: &str, known: &[&str], is_single: bool) -> Outside {
    let words: Vec<&str> = name
        .split(['-', '_'])
        .filter(|word| !word.is_empty())
        .collect();
    let [first, .., last] = words[..] else {
        return match words.first() {
            Some(word) if OTHERS.contains(word) => Outside::OtherArticles,
            Some(word) if known.contains(word) => Outside::ByName,
            _ => Outside::No,
        };
    };
    let is_modifier = words
        .iter()
        .any(|word| MODIFIER_PREFIXES[1..].contains(word))
        || first == MODIFIER_PREFIXES[0]
        || MODIFIER_SUFFIXES.contains(&last);
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
        () if is_modifier => Outside::No,
        () if words.iter().any(|word| OTHERS.contains(word)) => Outside::OtherArticles,
        () if has(&OTHERS_IN_TWO) || is_single && words.windows(2).any(of_one) => {
            Outside::OtherArticles
        }
        () if known.contains(&first) || has(&OUTSIDE_IN_TWO) => Outside::ByName,
        // With a number in the middle, it names one item among many.
        () if known.contains(&last) && !is_numbered => Outside::ByName,
        () => Outside::No,
    }
}
