//! Links of a page: their targets and attributes.

use html5ever::tokenizer::Tag;

use super::super::attributes::{attribute, opened, opens_lightbox, value};
use super::super::iiif;
use super::super::opened::by_script;
use super::super::parsed_page::{Piece, Role};
use super::{Anchor, State};

/// Classes of links to the next page of a listing without `rel`, as written by WordPress and its derivatives.
const PAGERS: [&[&str]; 3] = [
    &["next", "page-numbers"],
    &["nextpostslink"],
    &["wp-block-query-pagination-next"],
];

impl State {
    /// Notes what an element says about other pages by its `rel`.
    pub(super) fn relation(&mut self, tag: &Tag) {
        let Some(href) = attribute(tag, "href") else {
            return;
        };
        if iiif::is_manifest(href, attribute(tag, "type").unwrap_or("")) {
            self.parsed.manifest(href);
        }
        let relation = attribute(tag, "rel").unwrap_or("").to_ascii_lowercase();
        let mut words = relation.split_ascii_whitespace();
        if words.any(|word| word == "next") && self.parsed.next.is_none() {
            self.parsed.next = Some(href.to_owned());
            // The title of a visible link is only a tooltip.
            let title = attribute(tag, "title").filter(|_| &*tag.name == "link");
            self.parsed.next_title = title.map(|title| title.chars().take(500).collect());
        }
        if relation == "canonical" {
            self.parsed.canonical.get_or_insert_with(|| href.to_owned());
        }
        self.parsed
            .alternate(href, attribute(tag, "type").unwrap_or(""));
        if relation == "image_src" {
            self.say("og:image", href);
        }
        let property = attribute(tag, "itemprop")
            .unwrap_or("")
            .to_ascii_lowercase();
        if ["contenturl", "embedurl"].contains(&&*property) {
            self.say(&property, href);
        }
    }

    /// Interprets the start tag of a link.
    pub(super) fn link(&mut self, tag: &Tag) {
        self.end_link();
        let href = attribute(tag, "href");
        if let Some(href) = href {
            self.relation(tag);
            if is_pager(tag) {
                self.parsed.pager.get_or_insert_with(|| href.to_owned());
            }
            self.parsed.link(href, attribute(tag, "rel").unwrap_or(""));
        }
        // What a script opens in a lightbox instead of the target.
        let opened = opened(tag);
        let script = by_script(tag).filter(|_| opened.is_none());
        let nowhere = script.as_ref().map(|_| "#");
        self.link = opened.or(href).or(nowhere).map(|target| Anchor {
            target: target.to_owned(),
            script,
            download_name: value(tag, "download").map(str::to_owned),
            // A target on the page itself is not a picture.
            opens_lightbox: opens_lightbox(tag) && !target.starts_with('#'),
            holds: false,
        });
    }

    /// Ends the open link, if any.
    pub(super) fn end_link(&mut self) {
        if let Some(anchor) = self.link.take().filter(|anchor| !anchor.holds) {
            let mut piece = Piece::of(Role::Link, &anchor.target);
            piece.download_name = anchor.download_name;
            self.push(piece);
        }
    }
}

/// Checks whether the class of a link marks it as leading to the next page of a listing.
fn is_pager(tag: &Tag) -> bool {
    let class = attribute(tag, "class").unwrap_or("");
    let has = |name: &&str| class.split_ascii_whitespace().any(|word| word == *name);
    PAGERS.iter().any(|names| names.iter().all(has))
}
