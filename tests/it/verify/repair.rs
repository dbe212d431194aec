//! What is fetched again, and what is left.

use std::fs;

use super::{fetched, verify};
use crate::support::Site;
use crate::support::media::{Format, sized};

#[test]
fn problems_left_unrepaired_are_reported_and_count() {
    let site = Site::start();
    let names = ["deleted", "cut", "edited"];
    let paths = names.map(|name| format!("/{name}.jpg"));
    let files = (0..)
        .zip(&paths)
        .map(|(seed, path)| (path.as_str(), sized(Format::Jpeg, 900, seed)));
    let files: Vec<_> = files.collect();
    let fetch = fetched(&site, &files);
    let file = |name: &str| fetch.out().join(format!("{name}.jpg"));
    let damage = || {
        fs::remove_file(file("deleted")).unwrap();
        fs::write(file("cut"), &files[1].1[..700]).unwrap();
        fs::write(file("edited"), sized(Format::Jpeg, 1000, 9)).unwrap();
    };
    let table = [
        (
            "changed",
            "1 missing and 1 broken are left as they are; `--repair=missing,broken` fetches them again\n",
        ),
        (
            "missing",
            "1 broken and 1 changed are left as they are; `--repair=broken,changed` fetches them again\n",
        ),
        (
            "missing,broken",
            "1 changed is left as it is; `--repair=changed` fetches it again\n",
        ),
    ];
    for (what, told) in table {
        damage();
        let repair = format!("--repair={what}");
        let done = verify(&fetch, &[&repair]).fails(3).says(told);
        assert!(!done.stderr.contains("0 new"), "{}", done.stderr);
        let done = verify(&fetch, &[&repair, "-q"]).fails(3);
        assert_eq!(done.stderr, "");
        verify(&fetch, &["--repair=missing,broken,changed"]).success();
    }
}
