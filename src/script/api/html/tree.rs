//! The tree of a page.

use ego_tree::iter::Edge;
use html5ever::driver::{self, ParseOpts};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tree_builder::TreeBuilderOpts;
use scraper::{ElementRef, Html, HtmlTreeSink, Node as Piece};
use url::Url;

use super::TAGS;
use crate::model::Kind;
use crate::script::clock::Clock;
use crate::script::failure::refuse;

/// The most elements and texts, and the most attributes, of all trees held. A single tag can make thousands of
/// elements, since unclosed elements are reopened with all their attributes.
const NODES: usize = 2 * TAGS + 64;
const ATTRIBUTES: usize = 4 * TAGS;
/// How many bytes the parser gets at once, and after how many pieces the clock is checked: a tag with endless
/// attributes takes quadratic time.
const STEP: usize = 4 << 10;
const LOOK: usize = 16;
/// Elements whose text no browser shows.
const HIDDEN: [&str; 3] = ["script", "style", "template"];

/// The size of trees.
#[derive(Clone, Copy, Default)]
pub(super) struct Measure {
    pub(super) pages: usize,
    nodes: usize,
    attributes: usize,
}

impl Measure {
    /// Returns the sum of both.
    pub(super) fn with(self, other: Measure) -> Measure {
        Measure {
            pages: self.pages + other.pages,
            nodes: self.nodes + other.nodes,
            attributes: self.attributes + other.attributes,
        }
    }

    /// Returns the difference.
    pub(super) fn without(self, other: Measure) -> Measure {
        Measure {
            pages: self.pages - other.pages,
            nodes: self.nodes - other.nodes,
            attributes: self.attributes - other.attributes,
        }
    }

    fn is_too_much(self) -> bool {
        self.nodes > NODES || self.attributes > ATTRIBUTES
    }
}

/// A page, and its size.
pub(super) struct Tree {
    pub(super) html: Html,
    pub(super) measure: Measure,
}

impl Tree {
    /// Parses a page tag by tag, so that it stops when time is up; returns `None` if the tree, together with those
    /// held, grows out of proportion.
    pub(super) fn grow(text: &str, held: Measure, clock: &Clock) -> mlua::Result<Option<Tree>> {
        let sink = HtmlTreeSink::new(Html::new_document());
        let options = ParseOpts {
            tree_builder: TreeBuilderOpts {
                // Scripts are not run here, so `<noscript>` content counts.
                scripting_enabled: false,
                ..TreeBuilderOpts::default()
            },
            ..ParseOpts::default()
        };
        let mut parser = driver::parse_document(sink, options);
        let mut rest = text;
        let mut measure = Measure {
            pages: 1,
            ..Measure::default()
        };
        for count in 1_usize.. {
            if rest.is_empty() {
                break;
            }
            let mut end = rest.len().min(STEP);
            // A tag starts with `<`, so at most one tag ends in each piece.
            if let Some(next) = memchr::memchr(b'<', &rest.as_bytes()[1..end]) {
                end = next + 1;
            }
            while !rest.is_char_boundary(end) {
                end += 1;
            }
            parser.process(StrTendril::from_slice(&rest[..end]));
            rest = &rest[end..];
            let html = parser.tokenizer.sink.sink.0.borrow();
            let grown = html.tree.values();
            let new = grown.len() - measure.nodes;
            measure.nodes = grown.len();
            measure.attributes += grown
                .rev()
                .take(new)
                .filter_map(Piece::as_element)
                .map(|element| element.attrs.len())
                .sum::<usize>();
            if held.with(measure).is_too_much() {
                return Ok(None);
            }
            if count.is_multiple_of(LOOK) || end >= STEP {
                clock.check()?;
            }
        }
        let mut html = parser.finish();
        join_templates(&mut html);
        Ok(Some(Tree { html, measure }))
    }

    /// Returns the base URL of the page's links, given the page's own URL.
    pub(super) fn base(&self, page: Option<Url>) -> Option<Url> {
        let mut elements = self.html.root_element().descendent_elements();
        let href = elements.find_map(|element| match element.value().name() {
            "base" => element.attr("href"),
            _ => None,
        });
        let said = href.and_then(|href| match &page {
            Some(page) => page.join(href.trim()).ok(),
            None => Url::parse(href.trim()).ok(),
        });
        said.filter(Url::has_host).or(page)
    }
}

/// Builds the error for a page that is too large together with those held.
pub(super) fn too_large(held: Measure) -> mlua::Error {
    let what = match held.pages {
        0 => "the page has",
        _ => "the pages that are held have",
    };
    let message = format!("{what} more than {NODES} elements or {ATTRIBUTES} attributes");
    refuse(Kind::Corrupt, message)
}

/// Moves the content of templates into the template elements, where selectors find it.
fn join_templates(html: &mut Html) {
    let fragments = html.tree.nodes().filter(|node| node.value().is_fragment());
    let fragments: Vec<_> = fragments
        .filter_map(|node| Some((node.id(), node.parent()?.id())))
        .collect();
    for (fragment, template) in fragments {
        if let Some(mut template) = html.tree.get_mut(template) {
            template.reparent_from_id_append(fragment);
        }
        if let Some(mut fragment) = html.tree.get_mut(fragment) {
            fragment.detach();
        }
    }
}

/// Returns the text of an element that a browser shows, or all text of an element that is itself hidden.
pub(super) fn shown(element: ElementRef<'_>) -> String {
    let (mut text, mut hidden) = (String::new(), None);
    for edge in element.traverse() {
        match edge {
            Edge::Close(node) if hidden == Some(node.id()) => hidden = None,
            Edge::Open(node) if hidden.is_none() => match node.value() {
                Piece::Text(piece) => text.push_str(&piece.text),
                Piece::Element(inner) if node.id() != element.id() => {
                    hidden = HIDDEN.contains(&inner.name()).then(|| node.id());
                }
                _ => {}
            },
            _ => {}
        }
    }
    text
}
