//! What is remembered from run to run.

mod digests;

use fetch::pipeline::archive::{Known, Records};

use crate::support::command::Fetch;

/// All that the archive of this user knows below the output folder, in its order.
fn known(fetch: &Fetch) -> Vec<Known> {
    let file = fetch.root().join("home/state/fetch/archive.db");
    let records = Records::open(&file, &fetch.out()).unwrap().unwrap();
    records.items().map(Result::unwrap).collect()
}
