//! The elements of a manifest as a tree, with bounds on depth, size and attributes that no real manifest exceeds.

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::super::corrupt;
use crate::model::Result;

/// The maximum number of elements. A timeline has one for each change of segment length.
const MOST: usize = 300_000;
/// The maximum nesting depth.
const DEEPEST: usize = 16;
/// The maximum number of attributes of an element.
const ATTRIBUTES: usize = 60;
/// The maximum number of attributes in total: a timeline has three for each element.
const ALL: usize = 1_000_000;
/// The longest text in an element.
const LONGEST: usize = 16 << 10;

/// An element.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Element {
    /// The name without its prefix.
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    /// The text in it, without surrounding whitespace.
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    /// Returns the value of an attribute.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the value of an attribute as a number.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>> {
        let number = self.get(name).map(|text| text.trim().parse());
        number
            .transpose()
            .map_err(|_| corrupt(format_args!("`{name}` is not a number")))
    }

    /// Returns the child elements of this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Returns the first child element of this name.
    pub(super) fn first(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// Parses a document into its root element.
pub(super) fn read(text: &str) -> Result<Element> {
    let wrong = |error: quick_xml::Error| corrupt("it is not XML").because(error);
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let (mut count, mut attributes) = (0, 0);
    loop {
        let event = reader.read_event().map_err(wrong)?;
        let (start, is_whole) = match event {
            Event::Start(start) => (Some(start), false),
            Event::Empty(start) => (Some(start), true),
            Event::Text(text) => {
                add(open.last_mut(), text.trim())?;
                (None, false)
            }
            Event::CData(text) => {
                add(open.last_mut(), text.trim())?;
                (None, false)
            }
            // `&amp;` or `&#38;` in a URL is a separate event; entities defined by the document are ignored.
            Event::GeneralRef(name) => {
                let letter = name.resolve_char_ref().map_err(wrong)?;
                let letter = letter.map(String::from);
                let named = || resolve_predefined_entity(&name).map(str::to_owned);
                add(open.last_mut(), &letter.or_else(named).unwrap_or_default())?;
                (None, false)
            }
            Event::End(_) => (None, true),
            Event::Eof => return Err(corrupt("it is incomplete")),
            _ => continue,
        };
        if let Some(start) = start {
            count += 1;
            if count > MOST || open.len() >= DEEPEST {
                return Err(corrupt("it has too many elements"));
            }
            let element = element(&start)?;
            attributes += element.attributes.len();
            if attributes > ALL {
                return Err(corrupt("it has too many attributes"));
            }
            open.push(element);
        }
        if is_whole {
            let done = open.pop().ok_or_else(|| corrupt("it is not XML"))?;
            match open.last_mut() {
                Some(parent) => parent.children.push(done),
                None => return Ok(done),
            }
        }
    }
}

/// Appends to the text of the open element, if there is one.
fn add(element: Option<&mut Element>, text: &str) -> Result<()> {
    if let Some(element) = element {
        if element.text.len() + text.len() > LONGEST {
            return Err(corrupt("a text in it is too long"));
        }
        element.text.push_str(text);
    }
    Ok(())
}

fn element(start: &BytesStart<'_>) -> Result<Element> {
    let mut element = Element {
        name: start.local_name().as_ref().to_owned(),
        ..Element::default()
    };
    for attribute in start.attributes() {
        let attribute =
            attribute.map_err(|error| corrupt("an attribute cannot be read").because(error))?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
        let value = value.map_err(|error| corrupt("an attribute cannot be read").because(error))?;
        if element.attributes.len() == ATTRIBUTES {
            return Err(corrupt("an element has too many attributes"));
        }
        let name = attribute.key.local_name().as_ref().to_owned();
        element.attributes.push((name, value.into_owned()));
    }
    Ok(element)
}
