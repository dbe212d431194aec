//! The built-in sources.

pub mod direct;
pub mod extractor;
pub mod feed;
pub mod imgur;
pub mod page;
pub mod stream;

use fetch::config::{Config, NoOptions};
use fetch::model::{Error, Kind, Result};
use fetch::script::{self, Embedded, Origin, Script};
use fetch::source::Registry;

/// A plugin with a single script, from the folder with its name.
macro_rules! script {
    ($id:literal) => {
        (
            include_str!(concat!($id, "/plugin.toml")),
            &[("main.luau", include_str!(concat!($id, "/main.luau")))],
        )
    };
}

/// The built-in plugins that are scripts.
pub const SCRIPTS: &[Embedded<'static>] = &[
    script!("artic"),
    script!("bluesky"),
    script!("iiif"),
    script!("internetarchive"),
    script!("lemmy"),
    script!("mangadex"),
    script!("mastodon"),
    script!("met"),
    script!("nasa"),
    script!("reddit"),
    script!("wallhaven"),
    script!("wikimedia"),
    script!("xkcd"),
];

/// The built-in sources that are not scripts. All but the first take links of any site, so no plugin can replace them; the
/// first can be replaced by a plugin of the user's own, but not by an installed one.
pub const NATIVE: [&str; 8] = [
    "imgur",
    "direct",
    "extractor",
    "feed",
    "gallerydl",
    "page",
    "stream",
    "ytdlp",
];

/// Creates all sources, in order of precedence: the user's own plugins, which may replace any site; then the sites, the
/// built-in ones first, so that no installed plugin takes their links; and last `direct`, which takes whatever is left.
/// Plugins that cannot be read, or have changed since they were installed or trusted, are left out.
///
/// # Errors
/// [`fetch::model::Kind::Config`] for an option that is unknown to its source or invalid.
pub fn all(config: &Config) -> Result<Registry> {
    let mut sources = Registry::new();
    let (found, broken) = script::find(config.plugins(), SCRIPTS)?;
    for mut plugin in broken {
        let error = Error::new(Kind::Config, format!("{} is not used", plugin.what));
        let hint = plugin.error.hint.take();
        let mut error = error.because(plugin.error);
        error.hint = hint;
        sources.mark_unusable(plugin.id, error);
    }
    let is_taken = |id: &str| {
        let mut own = found.iter().filter(|plugin| plugin.origin.is_users());
        own.any(|plugin| plugin.package.manifest.id == id)
    };
    let has_imgur = is_taken("imgur");
    if let Some(id) = NATIVE[1..].iter().find(|id| is_taken(id)) {
        let message = format!("a plugin cannot be called `{id}`, which is part of the program");
        return Err(Error::new(Kind::Config, message).hint("`fetch plugin list` shows where it is"));
    }
    let (own, rest): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|plugin| plugin.origin.is_users());
    let (ours, installed): (Vec<_>, Vec<_>) = rest
        .into_iter()
        .partition(|plugin| plugin.origin == Origin::Builtin);
    let script = |plugin: script::FoundPlugin| {
        let id = plugin.package.manifest.id.clone();
        Script::new(
            plugin.clone(),
            config.options_known(&id, Script::known(&plugin))?,
        )
    };
    for plugin in own {
        sources.add(script(plugin)?);
    }
    if !has_imgur {
        sources.add(imgur::Imgur::new(config.source("imgur")?)?);
    }
    for plugin in ours {
        sources.add(script(plugin)?);
    }
    for plugin in installed {
        let id = plugin.package.manifest.id.clone();
        match NATIVE.contains(&id.as_str()) {
            false => sources.add(script(plugin)?),
            true => {
                let message = format!("the plugin `{id}` of {} is not used", plugin.origin);
                let error = Error::new(Kind::Config, message);
                let hint = format!("`{id}` is part of the program now: `fetch plugin remove {id}`");
                sources.mark_unusable(id, error.hint(hint));
            }
        }
    }
    // Their settings are checked although they have no options.
    for name in ["direct", "extractor", "gallerydl", "stream", "ytdlp"] {
        let NoOptions {} = config.source(name)?;
    }
    sources.add(feed::Feed::new(config.source("feed")?)?);
    let mut rest = sources.clone();
    let page = page::Page::new(config.source("page")?)?;
    let terms = page.terms();
    rest.add(page);
    rest.add(stream::Stream::new()?);
    rest.add(direct::Direct::new()?.on_terms(terms));
    let is_alone = extractor::add(config.extractor()?, &mut sources, rest)?;
    let page = page::Page::new(config.source("page")?)?.alone_where(is_alone);
    let terms = page.terms();
    sources.add(page);
    sources.add(stream::Stream::new()?);
    sources.add(direct::Direct::new()?.on_terms(terms));
    Ok(sources)
}

/// Compiles the template in the README, so that copies of it start out working.
#[cfg(doctest)]
#[doc = include_str!("README.md")]
mod template {}
