//! Lists of links, as people and other programs write them.

use std::fs;

use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

/// A site with a few pictures.
fn pictures() -> Site {
    let site = Site::start();
    for number in 1..=3 {
        let picture = Reply::file(small(Format::Jpeg, number));
        site.on(&format!("/{number}.jpg"), picture).optional();
    }
    site
}

/// What comes of a list of this name with this in it, where `SITE` stands for the site.
fn fetched(site: &Site, name: &str, bytes: &[u8]) -> Vec<String> {
    let fetch = Fetch::new();
    fs::write(fetch.out().join(name), bytes).unwrap();
    fetch.clone().args(["-i", name]).run().success();
    let mut files: Vec<_> = fetch.files().into_keys().collect();
    files.retain(|file| file != name);
    assert_eq!(site.requests().len(), files.len(), "{name}");
    site.forget();
    files
}

#[test]
fn titles_tabs_and_ends_of_lines_are_no_part_of_a_link() {
    let site = pictures();
    let [one, two, three] = [1, 2, 3].map(|number| site.url(&format!("/{number}.jpg")));
    let lists = [
        format!("{one}\tA cat\n{two}\thttp is no link\n{three}\tC\n"),
        format!("{one}\t{two}\t{three}\n"),
        format!("{one}\r{two}\r{three}\r"),
        format!("{one}\0{two}\0{three}\0"),
        format!("{one}, {two} {three}\n"),
        format!("\"{one}\"\n<{two}>\n'{three}'\n"),
    ];
    for list in lists {
        let expected = ["1.jpg", "2.jpg", "3.jpg"];
        assert_eq!(fetched(&site, "links.txt", list.as_bytes()), expected);
        let wide = format!("\u{feff}{list}");
        let wide: Vec<u8> = wide.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(fetched(&site, "links.txt", &wide), expected);
    }
    let strings = format!("\"{one}\"\n{{\"url\": \"{two}\"}}\n");
    let expected = ["1.jpg", "2.jpg"];
    assert_eq!(fetched(&site, "x.jsonl", strings.as_bytes()), expected);
}

#[test]
fn csv_lists_may_use_the_separators_of_excel() {
    let site = pictures();
    let [one, two] = [1, 2].map(|number| site.url(&format!("/{number}.jpg")));
    for list in [
        format!("Titel;Link\r\n\"One, or more\";{one}\r\nTwo;{two}\r\n"),
        format!("sep=;\r\nTitel;Address\r\nOne;{one}\r\nTwo;{two}\r\n"),
        format!("Title\tLinks\nOne\t{one}\nTwo\t{two}\n"),
        format!("{one};One\n{two};Two\n"),
    ] {
        let files = fetched(&site, "links.csv", list.as_bytes());
        assert_eq!(files, ["1.jpg", "2.jpg"], "{list}");
    }
}

#[test]
fn an_unterminated_quote_affects_only_its_row() {
    let site = pictures();
    let [one, two, three] = [1, 2, 3].map(|number| site.url(&format!("/{number}.jpg")));
    let list = format!("title,url\n5\" disk,{one}\n\"7 inch,{two}\nx,{three}\n");
    let fetch = Fetch::new();
    fs::write(fetch.out().join("links.csv"), &list).unwrap();
    let done = fetch.clone().args(["-i", "links.csv"]).run().fails(3);
    done.says("line 3 of `links.csv`: a quote begins there and never ends");
    let saved: Vec<_> = fetch.files().into_keys().collect();
    assert_eq!(saved, ["1.jpg", "3.jpg", "links.csv"]);
    site.forget();
    let tabs = list.replace(',', "\t");
    assert_eq!(
        fetched(&site, "links.tsv", tabs.as_bytes()),
        ["1.jpg", "2.jpg", "3.jpg"]
    );
}

#[test]
fn every_url_in_a_row_without_a_header_is_a_link() {
    let site = pictures();
    let [one, two, three] = [1, 2, 3].map(|number| site.url(&format!("/{number}.jpg")));
    let list = format!("{one},a cat,{two}\n{three}\n");
    let expected = ["1.jpg", "2.jpg", "3.jpg"];
    assert_eq!(fetched(&site, "links.csv", list.as_bytes()), expected);
    let titled = format!("url,thumbnail\n{one},{two}\n");
    assert_eq!(fetched(&site, "links.csv", titled.as_bytes()), ["1.jpg"]);
}
