//! Names that a server or a URL gives, from end to end.

use super::quick;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

/// What a picture is called that comes with this Content-Disposition.
fn named(header: &str) -> String {
    let site = Site::start();
    let reply = Reply::file(small(Format::Jpeg, 1)).header("Content-Disposition", header);
    site.on("/page", reply);
    let fetch = quick().arg(site.url("/page"));
    fetch.run().success();
    let outside: Vec<_> = std::fs::read_dir(fetch.root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("evil"))
        .collect();
    assert!(outside.is_empty(), "{header}: {outside:?}");
    let mut names: Vec<String> = fetch.files().into_keys().collect();
    assert_eq!(names.len(), 1, "{header}");
    names.remove(0)
}

#[test]
fn hostile_server_file_names_become_safe_names() {
    let long = format!("attachment; filename=\"{}.jpg\"", "x".repeat(300));
    let wide = format!(
        "attachment; filename*=UTF-8''{}.jpg",
        "%E7%8C%AB".repeat(120)
    );
    let table = [
        ("attachment; filename=\"../evil.jpg\"", "evil.jpg"),
        ("attachment; filename=\"..\\\\evil.jpg\"", "evil.jpg"),
        ("attachment; filename=\"C:\\\\evil.jpg\"", "evil.jpg"),
        ("attachment; filename=\"..\"", "page.jpg"),
        ("attachment; filename=\"\"", "page.jpg"),
        ("attachment; filename=\"   \"", "page.jpg"),
        (
            "attachment; filename=one.jpg; filename*=UTF-8''two.jpg",
            "two.jpg",
        ),
        (
            "attachment; filename*=UTF-8''two.jpg; filename=one.jpg",
            "two.jpg",
        ),
        ("attachment; filename=one.jpg; filename=two.jpg", "one.jpg"),
        (
            "attachment; filename*=UTF-8''ph%E2%80%AEgpj.jpg",
            "phgpj.jpg",
        ),
        ("attachment; filename=\"-rf.jpg\"", "rf.jpg"),
        ("attachment; filename=\".wgetrc\"", "wgetrc.jpg"),
    ];
    for (header, expected) in table {
        assert_eq!(named(header), expected, "{header}");
    }
    for header in [long, wide] {
        let name = named(&header);
        assert!(name.len() <= 240 && name.ends_with(".jpg"), "{name}");
    }
    for header in [
        "attachment; filename=\"CON.jpg\"",
        "attachment; filename=\"nul.tar.jpg\"",
        "attachment; filename=\"a:b|c?.jpg\"",
        "attachment; filename*=UTF-8''a%1Bb%00c%0A.jpg",
        "attachment; filename*=UTF-8''COM%C2%B9.jpg",
    ] {
        let name = named(header);
        let stem = name.split('.').next().unwrap_or("").to_lowercase();
        let reserved = ["con", "nul", "com\u{b9}"];
        assert!(!reserved.contains(&stem.as_str()), "{header}: {name}");
        let odd = |c: char| c.is_control() || ":|?*<>\"\\".contains(c);
        assert!(!name.contains(odd), "{header}: {name:?}");
    }
}

#[test]
fn hostile_url_paths_stay_in_the_output_directory() {
    for path in [
        "/%2e%2e%2fevil.jpg",
        "/a/..%5c..%5cevil.jpg",
        "/%2e%2e/%2e%2e/evil.jpg",
        "/evil.jpg%00.png",
    ] {
        let site = Site::start();
        site.on("/*", Reply::file(small(Format::Jpeg, 1)));
        let fetch = quick().arg(site.url(path));
        fetch.run().success();
        let names: Vec<String> = fetch.files().into_keys().collect();
        assert_eq!(names.len(), 1, "{path}");
        assert!(!names[0].contains(['/', '\\', '\0']), "{path}: {names:?}");
    }
}
