//! Imgur.

use fetch::async_trait;
use fetch::model::Result;
use fetch::source::{Ctx, Manifest, Outlet, Route, Source, Target};
use serde::{Deserialize, Serialize};

/// The options of `[source.imgur]`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {}

/// Imgur.
pub struct Imgur {
    manifest: Manifest,
}

impl Imgur {
    /// Makes the source.
    ///
    /// # Errors
    /// A route that cannot be read.
    pub fn new(_options: Options) -> Result<Imgur> {
        let routes = vec![Route::new(
            "album",
            "imgur.com/a/{id}",
            "https://imgur.com/a/q6i58",
        )?];
        Ok(Imgur {
            manifest: Manifest {
                name: "imgur".into(),
                about: "albums on Imgur".into(),
                routes,
            },
        })
    }
}

#[async_trait]
impl Source for Imgur {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn list(&self, _ctx: &Ctx, _target: &Target, _out: &Outlet) -> Result<()> {
        Ok(())
    }
}
