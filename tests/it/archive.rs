//! What is remembered from run to run.

mod cursors;
mod digests;
mod duplicates;
mod gone;
mod history;
mod inside;
mod kills;
mod relisted;
mod retry;
mod retry_lists;
mod roots;
mod slips;
pub(crate) mod still;
mod unwritten;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fetch::pipeline::archive::{Known, Records};

use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

/// A picture that is refused in this way until it is let go.
fn refused(refusal: &Reply) -> (Reply, Arc<AtomicBool>) {
    let open = Arc::new(AtomicBool::new(false));
    let (refusal, is_open) = (refusal.clone(), open.clone());
    let reply = Reply::with(move |_| match is_open.load(Ordering::Relaxed) {
        true => Reply::file(small(Format::Jpeg, 1)),
        false => refusal.clone(),
    });
    (reply, open)
}

/// All that the archive of this user knows below the output folder, in its order.
fn known(fetch: &Fetch) -> Vec<Known> {
    let file = fetch.root().join("home/state/fetch/archive.db");
    let records = Records::open(&file, &fetch.out()).unwrap().unwrap();
    records.items().map(Result::unwrap).collect()
}

#[cfg(unix)]
#[test]
fn the_state_folder_is_private() {
    use std::os::unix::fs::PermissionsExt;

    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let call = Fetch::new().arg(site.url("/cat.jpg"));
    call.run().success();
    let state = call.root().join("home/state");
    for folder in [state.join("fetch"), state] {
        let mode = std::fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", folder.display());
    }
}
