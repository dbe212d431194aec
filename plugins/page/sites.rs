//! The robots.txt of each site, asked for once in a run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use fetch::model::{Error, Kind};
use fetch::net::Shown;
use fetch::source::Ctx;
use tokio::sync::OnceCell;
use url::Url;

use super::robots::{LONGEST, Rules};

/// The sites whose rules are known. Cheap to clone: all clones are one.
#[derive(Clone, Default)]
pub(super) struct Sites(Arc<Mutex<HashMap<String, Arc<OnceCell<Site>>>>>);

/// What a site says.
#[derive(Default)]
struct Site {
    rules: Rules,
    /// Why its rules are not known.
    fault: Option<String>,
}

impl Sites {
    /// Whether the site of this URL lets it be asked for.
    ///
    /// # Errors
    /// [`Kind::Network`] if its rules cannot be had, so that nothing of it may be.
    pub(super) async fn allow(&self, ctx: &Ctx, url: &Url) -> Result<bool, Error> {
        let origin = url.origin().ascii_serialization();
        let known = {
            let mut sites = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            sites.entry(origin).or_default().clone()
        };
        let site = known.get_or_init(|| ask(ctx, url)).await;
        match &site.fault {
            None => Ok(site.rules.allow(url)),
            Some(fault) => {
                let message = "nothing of a site is followed whose robots.txt cannot be had";
                Err(Error::new(Kind::Network, message)
                    .because(fault.clone())
                    .hint("`-S source.page.robots=false` does without"))
            }
        }
    }
}

async fn ask(ctx: &Ctx, url: &Url) -> Site {
    let Ok(place) = url.join("/robots.txt") else {
        return Site::default();
    };
    let faulty = |fault: String| Site {
        rules: Rules::none(),
        fault: Some(fault),
    };
    let answer = match ctx.get(place.clone()).send().await {
        Ok(answer) => answer,
        Err(error) => return faulty(error.to_string()),
    };
    match answer.status.as_u16() {
        200..=299 => {
            let body = &answer.body[..answer.body.len().min(LONGEST)];
            Site {
                rules: Rules::read(&String::from_utf8_lossy(body)),
                fault: None,
            }
        }
        500.. => faulty(format!("`{}` answered {}", Shown(&place), answer.status)),
        // There is none.
        _ => Site::default(),
    }
}
