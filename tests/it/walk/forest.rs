//! Links that lead to ever more.

use super::*;

/// A site whose every page leads to many more, as long as there are some left.
struct Forest {
    manifest: Manifest,
    left: AtomicU64,
    live: Arc<AtomicU64>,
    most: Arc<AtomicU64>,
}

struct Alive(Arc<AtomicU64>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl Source for Forest {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn list(&self, _: &Ctx, target: &Target, out: &Outlet) -> Result<()> {
        let live = self.live.fetch_add(1, Ordering::Relaxed) + 1;
        let _alive = Alive(self.live.clone());
        self.most.fetch_max(live, Ordering::Relaxed);
        let is_left = |left: u64| left.checked_sub(1);
        let left = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_left);
        if left.is_ok() {
            for child in 0..40 {
                out.link(link(&format!("{}x{child}", target.param("page"))))
                    .await?;
            }
        }
        Ok(())
    }
}

#[test]
fn nested_links_are_listed_a_few_at_a_time() {
    let most = Arc::new(AtomicU64::new(0));
    let forest = Forest {
        manifest: site(&[]).manifest,
        left: AtomicU64::new(600),
        live: Arc::default(),
        most: most.clone(),
    };
    let told = run(forest, &["a"], |_| {});
    assert!(told.keys().is_empty());
    let most = most.load(Ordering::Relaxed);
    assert!((4..150).contains(&most), "{most} at once");
}
