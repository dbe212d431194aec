//! Defects of this program, or of a source, while links are listed: none passes for the end of a listing.

use std::sync::atomic::AtomicBool;

use futures_util::StreamExt;
use tokio::sync::Notify;

use super::*;

/// A site that has a defect once where nobody expects one: when it is asked who it is, after the first link of its page
/// `a` was listed. The second one follows after that.
struct Defective {
    site: Site,
    is_due: AtomicBool,
    has_come: Notify,
}

#[async_trait]
impl Source for Defective {
    fn manifest(&self) -> &Manifest {
        if self.is_due.swap(false, Ordering::Relaxed) {
            self.has_come.notify_one();
            panic!("on purpose");
        }
        self.site.manifest()
    }

    async fn list(&self, ctx: &Ctx, target: &Target, out: &Outlet) -> Result<()> {
        if target.param("page") == "a" {
            self.is_due.store(true, Ordering::Relaxed);
            out.link(link("b")).await?;
            self.has_come.notified().await;
            return out.link(link("c")).await;
        }
        self.site.list(ctx, target, out).await
    }
}

#[test]
fn a_panic_in_a_followed_link_fails_that_link_only() {
    let pages: &[(&str, &[Listed])] = &[("b", &[text("1")]), ("c", &[text("1")])];
    let site = Defective {
        site: site(pages),
        is_due: AtomicBool::new(false),
        has_come: Notify::new(),
    };
    let told = run(site, &["a"], |_| {});
    assert_eq!(told.keys(), ["c-1"]);
    let failed = "a defect of this program stopped listing it";
    assert_eq!(told.failures(), [failed]);
    let links = told.events.iter().filter_map(|event| match event {
        Event::Listed {
            link,
            failure: Some(_),
            ..
        } => Some(link.as_str()),
        _ => None,
    });
    assert_eq!(links.collect::<Vec<_>>(), ["https://site.test/b"]);
}

#[test]
fn a_panic_in_one_given_link_does_not_end_the_others() {
    let links = ["a", "b"].map(|page| Ok(link(page)));
    let links = futures_util::stream::iter(links);
    let links = links.chain(futures_util::stream::once(async { panic!("on purpose") }));
    let pages: &[(&str, &[Listed])] = &[("a", &[text("1")]), ("b", &[text("1")])];
    let (_, ended) = run_links(site(pages), links, |_| {});
    let error = ended.unwrap_err();
    assert_eq!(error.message, "a defect of this program stopped listing");
}
