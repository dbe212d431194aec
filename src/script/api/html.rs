//! `html`: a page as a tree, looked through by CSS selectors.

mod entity;

use std::cell::Cell;
use std::rc::Rc;

use ego_tree::NodeId;
use html5ever::driver::{self, ParseOpts};
use html5ever::tendril::{StrTendril, TendrilSink};
use mlua::{Lua, Table, UserData, UserDataMethods};
use scraper::{ElementRef, Html, HtmlTreeSink, Node as Piece, Selector};
use url::Url;

use crate::model::Kind;
use crate::script::clock::Clock;
use crate::script::failure::refuse;
use crate::script::run::Host;

/// The longest page, its most tags, and how many pages there may be at once: a tree is outside of the VM and its limit.
const PAGE: usize = 4 << 20;
const TAGS: usize = 100_000;
const PAGES: usize = 8;
/// The most elements and texts of a tree, and attributes of them all. A tag can make thousands of elements, since what was
/// left open is opened once more, with all its attributes.
const NODES: usize = 2 * TAGS + 64;
const ATTRIBUTES: usize = 4 * TAGS;
/// The parser gets so many bytes at once, and the clock is looked at after so many pieces: a tag with endless attributes
/// takes a time that grows with their square.
const STEP: usize = 4 << 10;
const LOOK: usize = 16;
/// The longest selector.
const SELECTOR: usize = 256;

pub(super) fn add(lua: &Lua, host: &Rc<Host>, globals: &Table) -> mlua::Result<()> {
    let html = lua.create_table()?;
    let (clock, count) = (host.clock.clone(), Rc::new(Cell::new(0)));
    html.raw_set(
        "parse",
        lua.create_function(
            move |lua, (text, base): (mlua::LuaString, Option<String>)| {
                let text = text.as_bytes();
                let tags = memchr::memchr_iter(b'<', &text).count();
                if text.len() > PAGE || tags > TAGS {
                    return Err(refuse(
                        Kind::Corrupt,
                        format!("the page has more than {PAGE} bytes or {TAGS} tags"),
                    ));
                }
                if count.get() >= PAGES {
                    // Those that nobody holds any more go.
                    lua.gc_collect()?;
                }
                if count.get() >= PAGES {
                    return Err(refuse(
                        Kind::Corrupt,
                        format!("more than {PAGES} pages are held at once"),
                    ));
                }
                let tree = tree(&String::from_utf8_lossy(&text), &clock)?;
                let base = base.and_then(|base| Url::parse(&base).ok());
                count.set(count.get() + 1);
                let page = Page {
                    tree,
                    base,
                    clock: clock.clone(),
                    count: count.clone(),
                };
                let id = page.tree.root_element().id();
                Ok(Node {
                    page: Rc::new(page),
                    id,
                })
            },
        )?,
    )?;
    let clock = host.clock.clone();
    html.raw_set(
        "unescape",
        lua.create_function(move |lua, text: mlua::LuaString| {
            let bytes = text.as_bytes();
            super::bounded("the text", bytes.len())?;
            let plain = str::from_utf8(&bytes);
            let plain = plain.map_err(|_| refuse(Kind::Corrupt, "the text is no UTF-8"))?;
            match plain.contains('&') {
                true => lua.create_string(entity::unescaped(plain, &clock)?),
                false => Ok(text),
            }
        })?,
    )?;
    globals.raw_set("html", html)
}

/// Reads a page a tag at a time, so that it stops where the tree grows out of proportion or time is over.
fn tree(text: &str, clock: &Clock) -> mlua::Result<Html> {
    let sink = HtmlTreeSink::new(Html::new_document());
    let mut parser = driver::parse_document(sink, ParseOpts::default());
    let (mut rest, mut nodes, mut attributes) = (text, 0, 0);
    for count in 1_usize.. {
        if rest.is_empty() {
            break;
        }
        let mut end = rest.len().min(STEP);
        // A tag begins at one, so at most one ends in a piece.
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
        let new = grown.len() - nodes;
        nodes = grown.len();
        attributes += grown
            .rev()
            .take(new)
            .filter_map(Piece::as_element)
            .map(|element| element.attrs.len())
            .sum::<usize>();
        if nodes > NODES || attributes > ATTRIBUTES {
            return Err(refuse(
                Kind::Corrupt,
                format!("the page has more than {NODES} elements or {ATTRIBUTES} attributes"),
            ));
        }
        if count.is_multiple_of(LOOK) || end >= STEP {
            clock.check()?;
        }
    }
    Ok(parser.finish())
}

struct Page {
    tree: Html,
    base: Option<Url>,
    clock: Rc<Clock>,
    count: Rc<Cell<usize>>,
}

impl Drop for Page {
    fn drop(&mut self) {
        self.count.set(self.count.get() - 1);
    }
}

/// An element of a page, which it keeps alive.
struct Node {
    page: Rc<Page>,
    id: NodeId,
}

impl Node {
    fn element(&self) -> mlua::Result<ElementRef<'_>> {
        let element = self.page.tree.tree.get(self.id).and_then(ElementRef::wrap);
        element.ok_or_else(|| refuse(Kind::Corrupt, "it is no element"))
    }

    /// The elements below that match, at most so many.
    fn select(&self, selector: &str, most: usize) -> mlua::Result<Vec<Node>> {
        let selector = selector_of(selector)?;
        let element = self.element()?;
        let mut found = Vec::new();
        for (at, below) in element.descendent_elements().skip(1).enumerate() {
            if at % 64 == 0 {
                self.page.clock.check()?;
            }
            if selector.matches(&below) {
                found.push(Node {
                    page: self.page.clone(),
                    id: below.id(),
                });
                if found.len() >= most {
                    break;
                }
            }
        }
        Ok(found)
    }
}

/// A selector, without what looks through the page once for each element of it, or goes deeper and deeper.
fn selector_of(text: &str) -> mlua::Result<Selector> {
    let is_short =
        text.len() <= SELECTOR && text.matches('(').count() <= 4 && !text.contains(":has");
    let selector = is_short.then(|| Selector::parse(text).ok()).flatten();
    selector.ok_or_else(|| {
        let text: String = text.chars().take(100).collect();
        refuse(
            Kind::Corrupt,
            format!(
                "`{}` is no selector that is known here",
                text.escape_debug()
            ),
        )
    })
}

impl UserData for Node {
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_method("all", |lua, node, selector: String| {
            let list = lua.create_table()?;
            for found in node.select(&selector, usize::MAX)? {
                list.raw_push(found)?;
            }
            Ok(list)
        });
        methods.add_method("first", |_, node, selector: String| {
            Ok(node.select(&selector, 1)?.pop())
        });
        methods.add_method("attr", |_, node, name: String| {
            Ok(node.element()?.attr(&name).map(str::to_owned))
        });
        methods.add_method("url", |_, node, name: String| {
            let element = node.element()?;
            let value = element.attr(&name).map(str::trim);
            Ok(value.and_then(|value| match &node.page.base {
                Some(base) => base.join(value).ok().map(String::from),
                None => Url::parse(value).ok().map(String::from),
            }))
        });
        methods.add_method("text", |_, node, ()| {
            let text: String = node.element()?.text().collect();
            Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
        });
        methods.add_method("raw", |_, node, ()| {
            Ok(node.element()?.text().collect::<String>())
        });
        methods.add_method("name", |_, node, ()| {
            Ok(node.element()?.value().name().to_owned())
        });
    }
}
