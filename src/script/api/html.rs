//! `html`: parses a page to a tree, searched with CSS selectors.

mod entity;
mod tree;

use std::cell::Cell;
use std::rc::Rc;

use ego_tree::NodeId;
use mlua::{Lua, Table, UserData, UserDataMethods};
use scraper::{ElementRef, Selector};
use url::Url;

use tree::{Measure, Tree};

use crate::model::{Error, Kind};
use crate::net::read_text;
use crate::script::clock::Clock;
use crate::script::failure::{raise, refuse};
use crate::script::run::Host;

/// The maximum size of a page, the most tags in it, and how many pages may be held at once: trees are outside the VM
/// and its memory limit.
const PAGE: usize = 4 << 20;
const TAGS: usize = 100_000;
const PAGES: usize = 8;
const SO_LARGE: &str = "the site's page is this large; `re` and `js.object` can search its text";
/// The maximum length of a selector.
const SELECTOR: usize = 256;

/// Adds the table to the globals.
pub(super) fn add(lua: &Lua, host: &Rc<Host>, globals: &Table) -> mlua::Result<()> {
    let html = lua.create_table()?;
    let (clock, held) = (host.clock.clone(), Rc::new(Cell::new(Measure::default())));
    html.raw_set(
        "parse",
        lua.create_function(
            move |lua, (text, base): (mlua::LuaString, Option<String>)| {
                let text = text.as_bytes();
                let tags = memchr::memchr_iter(b'<', &text).count();
                if text.len() > PAGE || tags > TAGS {
                    let message = format!("the page has more than {PAGE} bytes or {TAGS} tags");
                    let error = Error::new(Kind::Corrupt, message);
                    return Err(raise(&error.hint(SO_LARGE)));
                }
                let text = read_text(&text, None);
                let mut grown = None;
                if held.get().pages < PAGES {
                    grown = Tree::grow(&text, held.get(), &clock)?;
                }
                if grown.is_none() && held.get().pages > 0 {
                    // Frees pages that are no longer referenced.
                    lua.gc_collect()?;
                    if held.get().pages >= PAGES {
                        return Err(refuse(
                            Kind::Corrupt,
                            format!("more than {PAGES} pages are held at once"),
                        ));
                    }
                    grown = Tree::grow(&text, held.get(), &clock)?;
                }
                let tree = grown.ok_or_else(|| tree::too_large(held.get()))?;
                held.set(held.get().with(tree.measure));
                let base = base.and_then(|base| Url::parse(&base).ok());
                let page = Page {
                    base: tree.base(base),
                    tree,
                    clock: clock.clone(),
                    held: held.clone(),
                };
                let id = page.tree.html.root_element().id();
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
            let plain = plain.map_err(|_| refuse(Kind::Corrupt, "the text is not UTF-8"))?;
            match plain.contains('&') {
                true => lua.create_string(entity::unescaped(plain, &clock)?),
                false => Ok(text),
            }
        })?,
    )?;
    globals.raw_set("html", html)
}

struct Page {
    tree: Tree,
    base: Option<Url>,
    clock: Rc<Clock>,
    held: Rc<Cell<Measure>>,
}

impl Drop for Page {
    fn drop(&mut self) {
        self.held.set(self.held.get().without(self.tree.measure));
    }
}

/// An element of a page, which it keeps alive.
struct Node {
    page: Rc<Page>,
    id: NodeId,
}

impl Node {
    fn element(&self) -> mlua::Result<ElementRef<'_>> {
        let element = self
            .page
            .tree
            .html
            .tree
            .get(self.id)
            .and_then(ElementRef::wrap);
        element.ok_or_else(|| refuse(Kind::Corrupt, "it is not an element"))
    }

    /// Returns at most `most` descendants that match.
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

/// Parses a selector, refusing those that would search the page once per element, or nest without limit.
fn selector_of(text: &str) -> mlua::Result<Selector> {
    let is_short =
        text.len() <= SELECTOR && text.matches('(').count() <= 4 && !text.contains(":has");
    let selector = is_short.then(|| Selector::parse(text).ok()).flatten();
    selector.ok_or_else(|| {
        let text: String = text.chars().take(100).collect();
        refuse(
            Kind::Corrupt,
            format!("`{}` is not a supported selector", text.escape_debug()),
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
            let text = tree::shown(node.element()?);
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
