//! Files whose bytes are there already.

use super::known;
use crate::support::command::Fetch;
use crate::support::media::{Format, noise, sized, small};
use crate::support::{Reply, Site, skip, works};

/// A small picture and a large one, each at two addresses, and a third of another kind.
fn site() -> Site {
    let site = Site::start();
    let (cat, dog) = (small(Format::Jpeg, 1), sized(Format::Png, 9 << 20, 2));
    for folder in ["a", "b"] {
        site.on(&format!("/{folder}/cat.jpg"), Reply::file(cat.clone()))
            .optional();
        site.on(&format!("/{folder}/dog.png"), Reply::file(dog.clone()))
            .optional();
    }
    site.on("/other.jpg", Reply::file(small(Format::Jpeg, 3)))
        .optional();
    site
}

/// One after another, so that the first is saved when the second comes.
fn fetch(user: &Fetch, site: &Site, how: &str) -> Fetch {
    let call = user.clone().args(["-N", "1", "--duplicates", how]);
    let links = [
        "/a/cat.jpg",
        "/b/cat.jpg",
        "/a/dog.png",
        "/b/dog.png",
        "/other.jpg",
    ];
    for link in links {
        call.clone().arg(site.url(link)).run().success();
    }
    call.args(links.map(|link| site.url(link)))
}

fn inodes(fetch: &Fetch) -> Vec<(String, u64)> {
    use std::os::unix::fs::MetadataExt;
    let names = fetch.files().into_keys();
    let number = |name: &String| std::fs::metadata(fetch.out().join(name)).unwrap().ino();
    names.map(|name| (name.clone(), number(&name))).collect()
}

#[test]
fn duplicates_are_kept_by_default() {
    let site = site();
    let user = Fetch::new();
    let fetch = fetch(&user, &site, "keep");
    let inodes = inodes(&fetch);
    let names: Vec<_> = inodes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "cat (2).jpg",
            "cat.jpg",
            "dog (2).png",
            "dog.png",
            "other.jpg"
        ]
    );
    assert!(inodes[0].1 != inodes[1].1 && inodes[2].1 != inodes[3].1);
}

#[test]
fn linked_duplicates_are_recorded_as_files_of_their_own() {
    let site = site();
    let user = Fetch::new();
    let fetch = fetch(&user, &site, "link");
    let inodes = inodes(&fetch);
    assert_eq!(inodes.len(), 5);
    assert_eq!((inodes[0].1, inodes[2].1), (inodes[1].1, inodes[3].1));
    assert_eq!(fetch.partials(), [""; 0]);
    site.forget();
    let done = fetch.run().success();
    assert_eq!(done.stderr_filtered(), "5 found: 0 new, 5 had   TIME\n");
    assert!(site.requests().is_empty());
    let done = user.args(["verify", "."]).run().success();
    assert!(done.stderr.contains("5 whole"), "{}", done.stderr);
}

#[test]
fn skipped_duplicates_are_recorded() {
    let site = site();
    let user = Fetch::new();
    let fetch = fetch(&user, &site, "skip");
    let names: Vec<_> = fetch.files().into_keys().collect();
    assert_eq!(names, ["cat.jpg", "dog.png", "other.jpg"]);
    assert_eq!(fetch.partials(), [""; 0]);
    let known = known(&fetch);
    let shared: Vec<_> = known
        .iter()
        .filter_map(|known| known.record.as_ref())
        .collect();
    assert_eq!(shared.len(), 5);
    assert!(shared[1].shared && shared[1].path == "cat.jpg");
    site.forget();
    let done = fetch.run().success();
    assert_eq!(done.stderr_filtered(), "5 found: 0 new, 5 had   TIME\n");
    assert!(site.requests().is_empty());
    // The one file is gone: whoever comes first has it again, under its own name.
    std::fs::remove_file(fetch.out().join("cat.jpg")).unwrap();
    let done = fetch.run().success();
    let told = "1 new, 3 had, 1 the same as others";
    assert!(done.stderr.contains(told), "{}", done.stderr);
    assert_eq!(fetch.files().len(), 3);
    assert!(fetch.files().contains_key("cat.jpg"));
}

#[test]
fn a_file_modified_since_is_not_a_duplicate() {
    let site = site();
    let call = Fetch::new().args(["--duplicates", "skip"]);
    call.clone().arg(site.url("/a/cat.jpg")).run().success();
    let path = call.out().join("cat.jpg");
    let length = std::fs::metadata(&path).unwrap().len();
    std::fs::write(&path, noise(length as usize, 9)).unwrap();
    call.clone().arg(site.url("/b/cat.jpg")).run().success();
    assert_eq!(call.files()["cat (2).jpg"], small(Format::Jpeg, 1));
}

#[test]
fn duplicates_within_one_run_are_found() {
    let site = Site::start();
    let call = Fetch::new().args(["--duplicates", "link", "-N", "1"]);
    let bytes = small(Format::Jpeg, 5);
    let links: Vec<_> = (0..20).map(|number| format!("/{number}/cat.jpg")).collect();
    for link in &links {
        site.on(link, Reply::file(bytes.clone()));
    }
    let call = call.args(links.iter().map(|link| site.url(link)));
    call.run().success();
    let inodes = inodes(&call);
    assert_eq!(inodes.len(), 20);
    assert!(inodes.iter().all(|(_, number)| *number == inodes[0].1));
}

#[test]
fn duplicates_that_complete_together_are_found() {
    let site = Site::start();
    let bytes = sized(Format::Png, 12 << 20, 2);
    site.on("/*", Reply::file(bytes));
    for (how, links) in [("link", 1), ("skip", 1), ("keep", 4)] {
        let links_of = |number| site.url(&format!("/{number}.png"));
        let call = Fetch::new().args(["-S", "net.per_file=1", "--duplicates", how]);
        let call = call.args((0..4).map(links_of));
        call.run().success();
        let mut numbers: Vec<_> = inodes(&call).iter().map(|(_, number)| *number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), links, "{how}");
    }
}

#[test]
fn one_file_of_two_items_is_verified_and_repaired_as_one() {
    let site = site();
    let user = Fetch::new();
    fetch(&user, &site, "skip");
    let verify = user.clone().args(["verify", "."]);
    let done = verify.run().success();
    assert!(
        done.stderr.starts_with("3 files: 3 whole;"),
        "{}",
        done.stderr
    );
    let cat = user.out().join("cat.jpg");
    let whole = std::fs::read(&cat).unwrap();
    let mut bytes = whole.clone();
    bytes[100] ^= 1;
    std::fs::write(&cat, bytes).unwrap();
    site.forget();
    verify.clone().arg("--repair").run().success();
    assert_eq!(site.requests().len(), 1);
    assert_eq!(std::fs::read(&cat).unwrap(), whole);
    let names: Vec<_> = user.files().into_keys().collect();
    assert_eq!(names, ["cat.jpg", "cat.jpg.broken", "dog.png", "other.jpg"]);
    // Once its owner is forgotten, it is the other's.
    let owner = format!("direct:{}", site.url("/a/cat.jpg"));
    user.clone()
        .args(["archive", "forget", &owner])
        .run()
        .success();
    std::fs::remove_file(&cat).unwrap();
    let done = verify.run().fails(3);
    assert!(
        done.stdout.contains("missing    cat.jpg"),
        "{}",
        done.stdout
    );
}

#[test]
fn files_passed_to_commands_are_not_hard_links() {
    if !works("sh", &["-c", "true"]) {
        return skip("there is no sh");
    }
    let site = site();
    let call = Fetch::new().args(["-N", "1", "--duplicates", "link"]);
    call.clone().arg(site.url("/a/cat.jpg")).run().success();
    let call = call.args(["--exec", "sh -c 'printf x >> \"$1\"' _ {path}"]);
    call.clone().arg(site.url("/b/cat.jpg")).run().success();
    let files = call.files();
    assert!(files["cat.jpg"] == small(Format::Jpeg, 1));
    assert!(files["cat (2).jpg"].ends_with(b"x"));
}
