//! The robots.txt of each site, requested once per run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use fetch::model::{Error, Kind};
use fetch::net::Redacted;
use fetch::source::Ctx;
use tokio::sync::OnceCell;
use url::Url;

use super::robots::{LONGEST, Rules};

/// The sites whose rules are known. Clones share the same data.
#[derive(Clone, Default)]
pub(super) struct RobotsCache(Arc<Mutex<HashMap<String, Arc<OnceCell<SiteRules>>>>>);

/// The rules of a site.
#[derive(Default)]
struct SiteRules {
    rules: Rules,
    /// Why its rules are unknown.
    fault: Option<String>,
}

impl RobotsCache {
    /// Checks whether the site of this URL permits requesting it.
    ///
    /// # Errors
    /// [`Kind::Network`] if its rules are unavailable, in which case nothing on it may be requested.
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
                let message = "links are not followed if the site's robots.txt is unavailable";
                Err(Error::new(Kind::Network, message)
                    .because(fault.clone())
                    .hint("`-S source.page.robots=false` ignores it"))
            }
        }
    }
}

async fn ask(ctx: &Ctx, url: &Url) -> SiteRules {
    let Ok(place) = url.join("/robots.txt") else {
        return SiteRules::default();
    };
    let faulty = |fault: String| SiteRules {
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
            SiteRules {
                rules: Rules::read(&String::from_utf8_lossy(body)),
                fault: None,
            }
        }
        500.. => faulty(format!("`{}` answered {}", Redacted(&place), answer.status)),
        // There is no robots.txt.
        _ => SiteRules::default(),
    }
}
