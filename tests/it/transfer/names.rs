//! Names: decided by order and identity, safe, never taken from another file.

use std::time::Duration;

use super::{huge, large, quick};
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

#[test]
fn two_files_of_one_name_are_saved_alike_in_every_run() {
    let site = Site::start();
    let (one, two) = (small(Format::Jpeg, 1), small(Format::Jpeg, 2));
    // The first to be listed is the last to arrive.
    site.on(
        "/1/cat.jpg",
        Reply::file(one.clone()).delay(Duration::from_millis(300)),
    );
    site.on("/2/cat.jpg", Reply::file(two.clone()));
    let fetch = quick()
        .arg(site.url("/1/cat.jpg"))
        .arg(site.url("/2/cat.jpg"));
    fetch.run().success();
    assert_eq!(fetch.files()["cat.jpg"], one);
    assert_eq!(fetch.files()["cat (2).jpg"], two);
    site.forget();
    fetch.run().success();
    assert_eq!(site.requests().len(), 0);
    assert_eq!(fetch.files().len(), 2);
    std::fs::remove_file(fetch.out().join("cat.jpg")).unwrap();
    fetch.run().success();
    assert_eq!(
        fetch.files()["cat.jpg"],
        one,
        "it comes back under its own name"
    );
    assert_eq!(fetch.files().len(), 2);
}

#[test]
fn extensions_that_come_late_do_not_change_the_order() {
    let site = Site::start();
    let (one, two) = (small(Format::Png, 1), small(Format::Png, 2));
    site.on(
        "/1/cat.jpg",
        Reply::file(one.clone()).delay(Duration::from_millis(300)),
    );
    site.on("/2/cat.gif", Reply::file(two.clone()));
    let fetch = quick()
        .arg(site.url("/1/cat.jpg"))
        .arg(site.url("/2/cat.gif"));
    fetch.run().success();
    assert_eq!(fetch.files()["cat.png"], one);
    assert_eq!(fetch.files()["cat (2).png"], two);
}

#[test]
fn an_item_that_cannot_be_named_fails_alone() {
    let site = Site::start();
    for (path, seed) in [("/cat.jpg", 1), ("/a.jpg", 2), ("/b.jpg", 3)] {
        site.on(path, Reply::file(small(Format::Jpeg, seed)));
    }
    let page = "<!doctype html><title>Cats</title><img src=/a.jpg><img src=/b.jpg>";
    site.on("/cats/", Reply::html(page));
    let fetch = quick();
    let links = ["/cat.jpg", "/cats/"].map(|path| site.url(path));
    let named = fetch.clone().args(["-o", "{number + 1}.{ext}"]);
    let done = named.clone().args(&links).run().fails(3);
    for said in [
        "3 found: 2 new, 1 failed",
        "config",
        "cannot name `",
        "`{(number or 0) // 100}`",
    ] {
        assert!(done.stderr.contains(said), "{said}: {}", done.stderr);
    }
    let names = |fetch: &crate::support::command::Fetch| -> Vec<String> {
        fetch.files().into_keys().collect()
    };
    assert_eq!(names(&fetch), ["2.jpg", "3.jpg"]);
    assert!(fetch.partials().is_empty());
    // It is looked at, too, and adopted in the same way.
    let looked = named.clone().arg("-s").args(&links).run().fails(3);
    assert!(looked.stderr.contains("cannot name `"), "{}", looked.stderr);
    let retry = fetch
        .clone()
        .args(["retry", "-o", "{(number or 0) + 1}.{ext}"]);
    retry.run().success();
    assert_eq!(names(&fetch), ["1.jpg", "2.jpg", "3.jpg"]);
}

#[test]
fn folders_without_files_are_removed() {
    let site = Site::start();
    site.on("/a.jpg", Reply::file(small(Format::Jpeg, 2)));
    site.on("/gone.jpg", Reply::empty(404));
    site.on(
        "/cats/",
        Reply::html("<!doctype html><title>Cats</title><img src=/a.jpg>"),
    );
    let fetch = quick().args(["-o", "{source}/{host}/{name}.{ext}"]);
    let links = ["/gone.jpg", "/cats/"].map(|path| site.url(path));
    std::fs::create_dir_all(fetch.out().join("mine/empty")).unwrap();
    let fetch = fetch.args(links);
    fetch.run().fails(3);
    let folders = |folder: &str| -> Vec<String> {
        let entries = std::fs::read_dir(fetch.out().join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        names
    };
    assert_eq!(folders(""), ["mine", "page"]);
    assert_eq!(folders("mine"), ["empty"]);
    assert_eq!(folders("page/127.0.0.1"), ["a.jpg"]);
    // One that was there stays, whoever made it.
    std::fs::create_dir_all(fetch.out().join("direct/127.0.0.1")).unwrap();
    fetch.clone().arg("--recheck").run().fails(3);
    assert_eq!(folders("direct"), ["127.0.0.1"]);
}

#[test]
fn names_that_differ_only_in_case_are_kept_distinct() {
    let site = Site::start();
    site.on("/1/Cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    site.on("/2/cat.jpg", Reply::file(small(Format::Jpeg, 2)));
    let fetch = quick()
        .arg(site.url("/1/Cat.jpg"))
        .arg(site.url("/2/cat.jpg"));
    fetch.run().success();
    assert_eq!(
        fetch.files().keys().collect::<Vec<_>>(),
        ["Cat.jpg", "cat (2).jpg"]
    );
}

#[test]
fn a_foreign_file_is_not_touched() {
    let site = Site::start();
    let cat = small(Format::Jpeg, 1);
    site.on("/cat.jpg", Reply::file(cat.clone()));
    let fetch = quick().arg(site.url("/cat.jpg"));
    std::fs::write(fetch.out().join("cat.jpg"), "precious").unwrap();
    fetch.run().success();
    assert_eq!(fetch.files()["cat.jpg"], b"precious");
    assert_eq!(fetch.files()["cat (2).jpg"], cat);
}

#[test]
fn an_unknown_file_in_the_way_is_reported() {
    let site = Site::start();
    for (number, path) in ["/cat.jpg", "/a/cat.jpg"].iter().enumerate() {
        site.on(path, Reply::file(small(Format::Jpeg, number as u64)));
    }
    let told =
        "`cat.jpg` exists and is not in the archive; `fetch archive adopt` adds complete files";
    for (archive, expected) in [(None, true), (Some("--no-archive"), false)] {
        let fetch = quick().args(archive).arg(site.url("/cat.jpg"));
        // What another program left half.
        let half = &small(Format::Jpeg, 0)[..100];
        std::fs::write(fetch.out().join("cat.jpg"), half).unwrap();
        let said = fetch.run().success().stderr;
        assert_eq!(said.contains(told), expected, "{said}");
    }
    // What is of another item is known.
    let links = ["/cat.jpg", "/a/cat.jpg"].map(|path| site.url(path));
    let both = quick().args(links);
    let said = both.run().success().stderr;
    assert!(said.contains("cat (2).jpg`"), "{said}");
    assert!(!said.contains("is not in the archive"), "{said}");
}

#[test]
fn an_existing_file_with_equal_bytes_is_adopted() {
    let site = Site::start();
    let cat = small(Format::Jpeg, 1);
    site.on("/cat.jpg", Reply::file(cat.clone()));
    let fetch = quick().arg(site.url("/cat.jpg"));
    std::fs::write(fetch.out().join("cat.jpg"), &cat).unwrap();
    fetch.run().success();
    assert_eq!(fetch.files().len(), 1);
    site.forget();
    fetch.run().success();
    assert_eq!(site.requests().len(), 0);
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_out_of_the_root_is_not_followed() {
    use std::os::unix::fs::symlink;
    let site = Site::start();
    let cat = small(Format::Jpeg, 1);
    site.on("/cat.jpg", Reply::file(cat.clone()));
    let fetch = quick()
        .args(["-o", "album/{name}.{ext}"])
        .arg(site.url("/cat.jpg"));
    let outside = fetch.root().join("outside");
    std::fs::create_dir(&outside).unwrap();
    symlink(&outside, fetch.out().join("album")).unwrap();
    let done = fetch.run().fails(8);
    assert!(
        done.stderr.contains("it is a link or a file, not a folder"),
        "{}",
        done.stderr
    );
    std::fs::remove_file(fetch.out().join("album")).unwrap();
    std::fs::create_dir(fetch.out().join("album")).unwrap();
    let precious = outside.join("precious");
    std::fs::write(&precious, "precious").unwrap();
    symlink(&precious, fetch.out().join("album/cat.jpg")).unwrap();
    fetch.run().success();
    assert_eq!(std::fs::read(&precious).unwrap(), b"precious");
    assert_eq!(
        std::fs::read(fetch.out().join("album/cat (2).jpg")).unwrap(),
        cat
    );
}

#[test]
fn the_server_may_name_a_file_but_not_a_folder() {
    let table = [
        ("attachment; filename=\"dog.jpg\"", "dog.jpg"),
        ("attachment; filename=\"../../dog.jpg\"", "dog.jpg"),
        ("attachment; filename=\"/etc/dog.jpg\"", "dog.jpg"),
        ("attachment; filename=\"..\\\\..\\\\dog.jpg\"", "dog.jpg"),
        (
            "attachment; filename=x.jpg; filename*=UTF-8''d%C3%B6g%2f.jpg",
            "cat.jpg",
        ),
        ("attachment; filename*=UTF-8''d%C3%B6g.jpg", "dög.jpg"),
        ("attachment; filename=\".bashrc\"", "bashrc.jpg"),
        ("attachment; filename=\"dog.exe\"", "dog.jpg"),
        ("inline", "cat.jpg"),
    ];
    for (header, expected) in table {
        let site = Site::start();
        site.on(
            "/cat.jpg",
            Reply::file(small(Format::Jpeg, 1)).header("Content-Disposition", header),
        );
        let fetch = quick().arg(site.url("/cat.jpg"));
        fetch.run().success();
        let names: Vec<String> = fetch.files().into_keys().collect();
        // Whether a bad extended name is dropped or mended is the parser's affair; that it stays inside is not.
        if header.contains("%2f") {
            assert!(
                names.len() == 1 && names[0].ends_with(".jpg"),
                "{header}: {names:?}"
            );
        } else {
            assert_eq!(names, [expected], "{header}");
        }
    }
}

#[test]
fn a_url_without_an_extension_is_named_after_its_redirect() {
    let site = Site::start();
    let cat = Reply::file(small(Format::Jpeg, 1));
    site.on("/latest", Reply::redirect("/d/cat%20v2.jpg?sig=1"));
    site.on("/d/cat%20v2.jpg?sig=1", cat.clone());
    site.on("/mine.jpg", Reply::redirect("/d/other.jpg"));
    site.on("/d/other.jpg", cat);
    let fetch = quick().arg(site.url("/latest")).arg(site.url("/mine.jpg"));
    fetch.run().success();
    let names: Vec<String> = fetch.files().into_keys().collect();
    assert_eq!(names, ["cat v2.jpg", "mine.jpg"]);
}

#[test]
fn a_resumed_file_keeps_its_server_name() {
    let site = Site::start();
    let named = Reply::file(huge()).header(
        "Content-Disposition",
        "attachment; filename=\"Real name.png\"",
    );
    let good = named.etag("\"a\"");
    site.on("/get?id=1", good.clone().stall_after(8_900_000))
        .once();
    site.on("/get?id=1", good).once();
    let fetch = quick().arg(site.url("/get?id=1"));
    let running = fetch.spawn();
    site.wait_for_stalls(1);
    running.interrupt();
    running.interrupt();
    running.wait();
    let done = fetch.clone().arg("-v").run().success();
    assert!(done.stderr.contains("of which"), "{}", done.stderr);
    assert_eq!(
        fetch.files().into_keys().collect::<Vec<_>>(),
        ["Real name.png"]
    );
}

#[test]
fn a_page_instead_of_a_picture_names_its_redirect() {
    let site = Site::start();
    site.on("/members/a.jpg", Reply::redirect("/login"));
    site.on(
        "/login",
        Reply::html("<!doctype html><title>Log in</title>"),
    );
    let done = quick().arg(site.url("/members/a.jpg")).run().fails(6);
    let expected = format!("because: redirected to `{}`", site.url("/login"));
    assert!(done.stderr.contains(&expected), "{}", done.stderr);
    assert!(
        done.stderr.contains("pass your cookies with"),
        "{}",
        done.stderr
    );
}

#[test]
fn a_template_names_the_path() {
    let site = Site::start();
    site.on("/a/cat.jpg", Reply::file(small(Format::Png, 1)));
    let fetch = quick()
        .args(["-o", "{host}/{source}-{name}.{ext}"])
        .arg(site.url("/a/cat.jpg"));
    fetch.run().success();
    assert_eq!(
        fetch.files().into_keys().collect::<Vec<_>>(),
        ["127.0.0.1/direct-cat.png"]
    );
}

#[test]
fn an_unknown_field_in_a_template_is_named_with_the_known_ones() {
    let done = quick()
        .args(["-o", "{titel}.{ext}", "http://127.0.0.1:1/"])
        .run()
        .fails(2);
    assert!(
        done.stderr.contains("titel") && done.stderr.contains("title"),
        "{}",
        done.stderr
    );
}

#[test]
fn a_file_cannot_take_the_name_of_our_folder() {
    let site = Site::start();
    let named = |name: &str, bytes: &[u8]| {
        let header = format!("attachment; filename=\"{name}\"");
        let reply = Reply::file(bytes).header("Content-Disposition", header);
        reply.content_type("application/octet-stream")
    };
    site.on("/1", named("Page", b"\x01\x02"));
    site.on("/2", named("page", b"\x03\x04"));
    site.on("/page.bin", Reply::file(*b"\x05\x06"));
    site.on("/album", Reply::html("<title>Cats</title><img src=/a.jpg>"));
    let picture = Reply::file(small(Format::Jpeg, 1));
    site.on("/a.jpg", picture.content_type("image/jpeg"));
    let fetch = quick();
    let links = ["/1", "/2", "/page.bin", "/album"].map(|path| site.url(path));
    let expected = [
        "_Page",
        "_page (2)",
        "page.bin",
        "page/Cats album/001 a.jpg",
    ];
    fetch.clone().arg(&links[0]).run().success();
    for new in [3, 0] {
        let done = fetch.clone().args(&links).run().success();
        let found = format!("4 found: {new} new");
        assert!(done.stderr.contains(&found), "{}", done.stderr);
        assert_eq!(fetch.files().into_keys().collect::<Vec<_>>(), expected);
    }
    let rename = fetch.clone().args(["rename", "-o", "{source}"]);
    rename.run().success();
    let expected = ["_direct", "_direct (2)", "direct.bin", "page.jpg"];
    assert_eq!(fetch.files().into_keys().collect::<Vec<_>>(), expected);
}

#[test]
fn a_file_in_use_by_another_process_is_left_to_it() {
    let site = Site::start();
    site.on(
        "/cat.jpg",
        Reply::file(large()).etag("\"a\"").stall_after(1_000_000),
    )
    .once();
    site.on("/cat.jpg", Reply::file(large()).etag("\"a\""))
        .optional();
    let fetch = quick().arg(site.url("/cat.jpg"));
    let first = fetch.spawn();
    site.wait_for_stalls(1);
    let second = fetch.run().fails(8);
    assert!(
        second
            .stderr
            .contains("another process is fetching this item"),
        "{}",
        second.stderr
    );
    first.wait();
    assert!(fetch.files()["cat.jpg"] == large());
}
