//! Elements other than links around a picture that name it in full size.

use html5ever::tokenizer::Tag;

use super::attributes::{attribute, full, is_picture, opens_lightbox};

/// Elements in which scripts keep such an address.
const ELEMENTS: [&str; 6] = ["button", "div", "figure", "li", "section", "span"];

/// An open element of this kind.
pub(super) struct Container {
    /// The address that it names.
    pub(super) target: String,
    name: String,
    /// How many elements of the same name are open within it.
    within: usize,
}

impl Container {
    /// Reads an element, if it names a full-size picture.
    pub(super) fn read(tag: &Tag) -> Option<Container> {
        if !ELEMENTS.contains(&&*tag.name) {
            return None;
        }
        // A script may fill the element itself from `data-src`, unless it is marked as opening that in a lightbox.
        let named =
            full(tag).or_else(|| attribute(tag, "data-src").filter(|_| opens_lightbox(tag)));
        let target = named.filter(|target| is_picture(target))?;
        Some(Container {
            target: target.to_owned(),
            name: tag.name.to_string(),
            within: 0,
        })
    }

    /// Notes an element that starts within it.
    pub(super) fn enter(&mut self, name: &str) {
        self.within += usize::from(name == self.name);
    }

    /// Returns whether this end tag closes it.
    pub(super) fn leave(&mut self, name: &str) -> bool {
        let is_closed = name == self.name && self.within == 0;
        self.within -= usize::from(name == self.name && !is_closed);
        is_closed
    }
}
