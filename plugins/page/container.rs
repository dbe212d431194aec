//! Elements around a picture that name it in full, although they are no links.

use html5ever::tokenizer::Tag;

use super::attributes::{attribute, full, is_picture, opens};

/// Elements that scripts keep such a name at.
const ELEMENTS: [&str; 6] = ["button", "div", "figure", "li", "section", "span"];

/// One that is open.
pub(super) struct Container {
    /// What it names.
    pub(super) target: String,
    name: String,
    /// How many of its kind are open in it.
    within: usize,
}

impl Container {
    /// What an element opens, if it is one.
    pub(super) fn read(tag: &Tag) -> Option<Container> {
        if !ELEMENTS.contains(&&*tag.name) {
            return None;
        }
        // A script may fill it from `data-src` as well, unless it says that it opens that.
        let named = full(tag).or_else(|| attribute(tag, "data-src").filter(|_| opens(tag)));
        let target = named.filter(|target| is_picture(target))?;
        Some(Container {
            target: target.to_owned(),
            name: tag.name.to_string(),
            within: 0,
        })
    }

    /// Notes an element that begins in it.
    pub(super) fn enter(&mut self, name: &str) {
        self.within += usize::from(name == self.name);
    }

    /// Whether it is closed by an element that ends.
    pub(super) fn leave(&mut self, name: &str) -> bool {
        let is_closed = name == self.name && self.within == 0;
        self.within -= usize::from(name == self.name && !is_closed);
        is_closed
    }
}
