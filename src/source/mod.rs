//! What a site plugin implements, and how the right one is found.
//!
//! A source turns a link into entries. It does not know how bytes move, where files go, or who watches.

mod by_domain;
mod check;
mod ctx;
mod locator;
mod login;
mod nearest;
mod outlet;
mod pages;
mod program;
mod registry;
mod route;
mod scheme;
mod told;

use async_trait::async_trait;
use url::Url;

pub use crate::net::{Answer, Cap};
pub use check::{Violation, check};
pub(crate) use ctx::Tape;
pub use ctx::{Call, Ctx};
pub(crate) use locator::PACKED;
pub use locator::{url_key, url_medium, url_name};
pub use login::is_login;
pub(crate) use nearest::nearest;
pub(crate) use outlet::outlet_after;
pub use outlet::{Entries, Outlet, outlet};
pub use pages::Pages;
pub use program::{Running, leave, program, sweep_rooms};
pub use registry::Registry;
pub use route::{Pattern, Route, Target};
pub(crate) use told::brief;

use crate::model::{Body, Document, Error, Item, Kind, Result};

/// Who a source is and which links are its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// One lower-case word. It is the first half of every identity, so it never changes.
    pub name: String,
    /// One line for `fetch sources`.
    pub about: String,
    /// The links it knows, tried in this order.
    pub routes: Vec<Route>,
}

/// Knows one site or one kind of URL.
///
/// A source keeps no state between calls, has no client of its own, and neither writes files nor prints: everything it
/// needs comes with [`Ctx`].
#[async_trait]
pub trait Source: Send + Sync {
    /// Who it is. The same at every call.
    fn manifest(&self) -> &Manifest;

    /// Whether this word, typed alone, can be one of the site's ids: `fetch q6i58`.
    fn claims(&self, word: &str) -> bool {
        let _ = word;
        false
    }

    /// The most that the site's hosts are to be asked for, where it is known to count. Most need none: what a host takes is
    /// found while running. Of this and of what the user allows, the lesser counts.
    fn caps(&self) -> Vec<Cap> {
        Vec::new()
    }

    /// Whether it reads documents of this kind, whatever site they are of. Then [`Source::list`] is called with
    /// `name:URL` for a link, and the first call for that URL gives the answer that came already.
    fn reads(&self, document: Document) -> bool {
        let _ = document;
        false
    }

    /// Emits every entry behind the target, each as soon as it is known and in the site's order.
    ///
    /// Emitting waits while the pipeline is full. When it fails with [`Kind::Closed`], nobody wants more: return that
    /// error at once. Whatever was emitted before an error stays emitted. A key names the same item at every listing.
    async fn list(&self, ctx: &Ctx, target: &Target, out: &Outlet) -> Result<()>;

    /// What can be told of a page at this URL before anything is fetched, a line for each fact: for `fetch sources which`.
    async fn explain(&self, ctx: &Ctx, url: &Url) -> Vec<String> {
        let _ = (ctx, url);
        Vec::new()
    }

    /// Whether [`Source::resolve`] finds all of a body that was forgotten: also what the file has to be and with which headers it
    /// is asked for. Otherwise such an item is found by listing its link again.
    fn restores(&self) -> bool {
        true
    }

    /// Finds the body of an item anew: for [`Body::Later`], and when a URL that worked is refused.
    ///
    /// The new body has the bytes of the old one; the transfer proves it before it goes on.
    async fn resolve(&self, ctx: &Ctx, item: &Item) -> Result<Body> {
        let _ = ctx;
        let message = format!(
            "source `{}` cannot resolve `{}` anew",
            self.manifest().name,
            item.key
        );
        Err(Error::new(Kind::Unsupported, message))
    }
}
