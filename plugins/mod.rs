//! The sources that come with the program.

pub mod direct;
pub mod feed;
pub mod imgur;
pub mod page;

use fetch::config::Config;
use fetch::model::Result;
use fetch::source::Registry;

/// All sources, in the order in which they are asked: sites first, because `direct` takes whatever is left.
///
/// # Errors
/// [`fetch::model::Kind::Config`] for an option that a source does not know or cannot use.
pub fn all(config: &Config) -> Result<Registry> {
    let mut sources = Registry::new();
    sources.add(imgur::Imgur::new(config.source("imgur")?)?);
    sources.add(feed::Feed::new(config.source("feed")?)?);
    sources.add(page::Page::new(config.source("page")?)?);
    sources.add(direct::Direct::new()?);
    Ok(sources)
}

/// Compiles the template, so that whoever copies it begins with something that works.
#[cfg(doctest)]
#[doc = include_str!("README.md")]
mod template {}
