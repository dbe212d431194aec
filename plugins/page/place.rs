//! Where on a page an element stands: in its matter, or beside it.

use html5ever::tokenizer::Tag;

use super::attributes::attribute;

/// As many open elements are known; those that are nested deeper count as outside.
const DEEPEST: usize = 2_000;

/// Elements whose nesting is followed.
const CONTAINERS: [&str; 12] = [
    "article", "aside", "div", "figure", "footer", "form", "header", "main", "nav", "ol",
    "section", "ul",
];
/// Words that a name begins or ends with which calls a container something that the page is not about.
const BESIDE: [&str; 23] = [
    "ad",
    "ads",
    "advert",
    "advertisement",
    "avatar",
    "breadcrumb",
    "comments",
    "cookie",
    "footer",
    "menu",
    "nav",
    "navbar",
    "newsletter",
    "promo",
    "recommended",
    "related",
    "share",
    "sharing",
    "sidebar",
    "signature",
    "social",
    "sponsored",
    "topbar",
];
/// Those of them that call something so wherever they stand in a name. The articles in it are others.
const OTHERS: [&str; 2] = ["recommended", "related"];
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
    /// By what it is.
    Sure,
}

/// The containers that are open at a place.
#[derive(Default)]
pub(super) struct Place {
    open: Vec<Open>,
    /// How many of them are beside the matter.
    beside: usize,
    /// How many of them are the matter.
    matter: usize,
    /// Whether the matter has begun.
    has_begun: bool,
}

struct Open {
    name: String,
    beside: Beside,
    is_matter: bool,
}

impl Place {
    /// Whether it is beside the matter.
    pub(super) fn is_beside(&self) -> bool {
        self.beside > 0
    }

    /// Goes into an element, if that holds others.
    pub(super) fn enter(&mut self, tag: &Tag) {
        let name: &str = &tag.name;
        if !CONTAINERS.contains(&name) || tag.self_closing || self.open.len() >= DEEPEST {
            return;
        }
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
        self.beside += usize::from(beside != Beside::No);
        self.matter += usize::from(is_matter);
        self.open.push(Open {
            name: name.to_owned(),
            beside,
            is_matter,
        });
    }

    /// Leaves an element. What is not closed is closed with what holds it.
    pub(super) fn leave(&mut self, name: &str) {
        if !CONTAINERS.contains(&name) {
            return;
        }
        let near = self.open.iter().rev().take(64);
        if let Some(back) = near.into_iter().position(|open| open.name == name) {
            for open in self.open.drain(self.open.len() - 1 - back..) {
                self.beside -= usize::from(open.beside != Beside::No);
                self.matter -= usize::from(open.is_matter);
            }
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
            "nav" | "aside" | "footer" => return Beside::Sure,
            // The header of an article has its first picture.
            "header" if self.matter == 0 => return Beside::Sure,
            "header" => return Beside::No,
            _ if roles.iter().any(|known| role.eq_ignore_ascii_case(known)) => return Beside::Sure,
            _ => {}
        }
        let names = ["class", "id"]
            .iter()
            .filter_map(|name| attribute(tag, name));
        let names = names.collect::<Vec<_>>().join(" ").to_ascii_lowercase();
        let names = names.split_ascii_whitespace();
        let is_figure = &*tag.name == "figure";
        // What a figure is about may be any of these words.
        let names = names.filter(|name| !is_figure || BESIDE.contains(name));
        let said: Vec<Beside> = names.map(called).collect();
        let strongest = [Beside::Others, Beside::Called].into_iter();
        let found = strongest.into_iter().find(|beside| said.contains(beside));
        found.unwrap_or(Beside::No)
    }
}

/// What a name in a class or an id says of a container.
fn called(name: &str) -> Beside {
    let words: Vec<&str> = name
        .split(['-', '_'])
        .filter(|word| !word.is_empty())
        .collect();
    let [first, .., last] = words[..] else {
        let alone = words.first().filter(|word| BESIDE.contains(word));
        return match alone {
            Some(word) if OTHERS.contains(word) => Beside::Others,
            Some(_) => Beside::Called,
            None => Beside::No,
        };
    };
    let is_lifted = words.iter().any(|word| LIFTED_BEFORE[1..].contains(word))
        || first == LIFTED_BEFORE[0]
        || LIFTED_BEHIND.contains(&last);
    match () {
        () if is_lifted => Beside::No,
        () if words.iter().any(|word| OTHERS.contains(word)) => Beside::Others,
        () if BESIDE.contains(&first) || BESIDE.contains(&last) => Beside::Called,
        () => Beside::No,
    }
}
