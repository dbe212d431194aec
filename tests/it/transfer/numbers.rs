//! Many files that want one name.

use std::fs;
use std::time::Duration;

use super::quick;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

#[test]
fn colliding_files_get_successive_numbers_and_keep_them() {
    let site = Site::start();
    let links = (0..12).map(|number| {
        let path = format!("/{number}.jpg");
        site.on(&path, Reply::file(small(Format::Jpeg, number)));
        site.url(&path)
    });
    let links: Vec<String> = links.collect();
    let user = quick();
    let fetch = user.clone().args(["-o", "cat.{ext}"]).args(&links);
    fetch.run().success();
    let files = fetch.files();
    for number in 1..=12 {
        let name = match number {
            1 => "cat.jpg".to_owned(),
            number => format!("cat ({number}).jpg"),
        };
        assert!(files[&name] == small(Format::Jpeg, number - 1), "{number}");
    }
    // All of it comes again, and each finds its name among those of the others.
    fetch.clone().args(["--skip", "never"]).run().success();
    assert!(fetch.files() == files);
    let rename = user.args(["rename", "-o", "dog.{ext}"]);
    for told in ["moved 12 files, 0 are", "moved 0 files, 12 are"] {
        rename.run().success().says(told);
    }
    let bytes: Vec<_> = fetch.files().into_values().collect();
    let before: Vec<_> = files.into_values().collect();
    assert!(bytes == before);
}

#[test]
fn too_many_colliding_names_get_a_hint() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let fetch = quick().arg(site.url("/cat.jpg"));
    fs::write(fetch.out().join("cat.jpg"), "").unwrap();
    for number in 2..10_000 {
        fs::write(fetch.out().join(format!("cat ({number}).jpg")), "").unwrap();
    }
    let done = fetch.run();
    assert!(
        done.stderr.contains("1 failed (1 config)"),
        "{}",
        done.stderr
    );
    done.says("10000 names like `cat` are taken")
        .says("hint: a template that has `{key}` gives each item a name of its own");
}

#[test]
fn parallel_collisions_are_numbered_like_serial_ones() {
    for is_same in [false, true] {
        let site = Site::start();
        let cat = |number| Reply::file(small(Format::Jpeg, if is_same { 2 } else { number }));
        site.on("/1/x.jpg", Reply::file(small(Format::Jpeg, 1)));
        // The one that is listed before the other ends after it.
        site.on("/2/x.jpg", cat(2).delay(Duration::from_millis(300)));
        site.on("/3/x%20(2).jpg", cat(3));
        let paths = ["/1/x.jpg", "/2/x.jpg", "/3/x%20(2).jpg"];
        let fetch = quick()
            .args(["-N", "8"])
            .args(paths.map(|path| site.url(path)));
        fetch.run().success();
        let files = fetch.files();
        let names: Vec<_> = files.keys().map(String::as_str).collect();
        assert_eq!(names, ["x (2) (2).jpg", "x (2).jpg", "x.jpg"], "{is_same}");
        assert!(files["x (2).jpg"] == small(Format::Jpeg, 2));
    }
}
