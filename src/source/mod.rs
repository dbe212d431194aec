//! The interface that site plugins implement, and the registry that finds the right one.
//!
//! A source turns a link into entries. It does not know how bytes are transferred, where files go, or who watches.

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
mod settings_hash;
mod typed;

use async_trait::async_trait;
use url::Url;

pub use crate::net::{Answer, Cap};
pub use check::{Violation, check};
pub(crate) use ctx::Tape;
pub use ctx::{Call, Ctx};
pub(crate) use locator::TAR_COMPRESSIONS;
pub use locator::{url_key, url_medium, url_name};
pub use login::is_login;
pub(crate) use nearest::nearest;
pub(crate) use outlet::outlet_after;
pub use outlet::{Entries, Outlet, outlet};
pub use pages::Pages;
pub use program::{RunningProgram, find_program, remove_stale_folders, restrict_environment};
pub use registry::Registry;
pub use route::{Pattern, Route, Target};
pub use settings_hash::settings_hash;
pub(crate) use typed::abbreviated;

use crate::model::{Body, Document, Error, Item, Kind, Result};

/// The identity of a source, and the links it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// One lower-case word. It is the first half of every item's identity, so it never changes.
    pub name: String,
    /// One line for `fetch sources`.
    pub about: String,
    /// The links it recognises, tried in this order.
    pub routes: Vec<Route>,
}

/// Lists one site or one kind of URL.
///
/// A source keeps no state between calls, has no HTTP client of its own, and neither writes files nor prints: everything
/// it needs comes with [`Ctx`].
#[async_trait]
pub trait Source: Send + Sync {
    /// Returns its identity and routes, the same at every call.
    fn manifest(&self) -> &Manifest;

    /// Checks whether this word, typed alone, can be one of the site's ids: `fetch q6i58`.
    fn claims(&self, word: &str) -> bool {
        let _ = word;
        false
    }

    /// Returns limits for the site's hosts, if the site is known to count requests. Most sites need none: the program finds
    /// out at run time what a host takes. The lower of this limit and the user's applies.
    fn caps(&self) -> Vec<Cap> {
        Vec::new()
    }

    /// Checks whether it reads documents of this kind from any site. If so, [`Source::list`] is called with `name:URL` as
    /// the link, and the first request for that URL returns the response that is already there.
    fn reads(&self, document: Document) -> bool {
        let _ = document;
        false
    }

    /// Returns a hash of the settings that determine what it lists of a link ([`settings_hash`]), or 0 if none do. What is
    /// kept of a listing, such as where to resume it, is valid only for the same settings.
    fn settings_hash(&self) -> i64 {
        0
    }

    /// Emits every entry behind the target, each as soon as it is known and in the site's order.
    ///
    /// Emitting waits while the pipeline is full. When it fails with [`Kind::Closed`], nothing more is wanted: return that
    /// error at once. Entries emitted before an error are kept. A key names the same item in every listing.
    async fn list(&self, ctx: &Ctx, target: &Target, out: &Outlet) -> Result<()>;

    /// Returns what is known about a page at this URL before any request, one line per fact: for `fetch sources which`.
    async fn explain(&self, ctx: &Ctx, url: &Url) -> Vec<String> {
        let _ = (ctx, url);
        Vec::new()
    }

    /// Checks whether [`Source::resolve`] can restore a whole body that was not stored, including its expectations and
    /// request headers. Otherwise the link of such an item is listed again.
    fn restores(&self) -> bool {
        true
    }

    /// Resolves the body of an item anew: for [`Body::Later`], and when a URL that worked is refused.
    ///
    /// The new body must have the same bytes as the old one; the transfer verifies this before it resumes.
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
