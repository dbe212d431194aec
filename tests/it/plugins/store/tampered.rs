//! Whatever somebody on the way, or the maker of an index, may try.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use super::shop::{Key, Made, Shop, add, listed, mine, plugin, user};

/// A way to tamper with what a shop hands out, and what is said of it.
type Try = (&'static str, fn(&mut Shop), &'static str);

#[test]
fn a_tampered_index_is_refused() {
    let table: &[Try] = &[
        (
            "another index",
            |shop| {
                let index = String::from_utf8(shop.index()).unwrap();
                shop.put("index.json", index.replace("1.0.0", "1.0.1"));
            },
            "the index `shop` does not match its signature",
        ),
        (
            "no signature",
            |shop| shop.put("index.json.minisig", ""),
            "the index `shop` has an invalid signature",
        ),
        (
            "half a signature",
            |shop| {
                let signature = shop.key.sign(&shop.index(), b"ED");
                shop.put("index.json.minisig", signature[..120].to_owned());
            },
            "the index `shop` has an invalid signature",
        ),
        (
            "another trusted comment",
            |shop| {
                let signature = shop.key.sign(&shop.index(), b"ED");
                shop.put(
                    "index.json.minisig",
                    signature.replace("timestamp:1", "timestamp:2"),
                );
            },
            "the index `shop` does not match its signature",
        ),
        (
            "another key",
            |shop| shop.put("index.json.minisig", Key::new(8).sign(&shop.index(), b"ED")),
            "the index `shop` is signed with a different key than the one you gave",
        ),
        (
            "another key of the same number",
            |shop| {
                let mut key = Key::new(8);
                key.number(7);
                shop.put("index.json.minisig", key.sign(&shop.index(), b"ED"));
            },
            "the index `shop` does not match its signature",
        ),
        (
            "the old way",
            |shop| shop.put("index.json.minisig", shop.key.sign(&shop.index(), b"Ed")),
            "the index `shop` has a legacy signature",
        ),
        (
            "an older one, with its signature",
            |shop| {
                shop.serial = 1;
                let index = shop.index();
                shop.put("index.json.minisig", shop.key.sign(&index, b"ED"));
                shop.put("index.json", index);
            },
            "the index `shop` has the serial 1, but 2 was seen before",
        ),
        (
            "one that has expired",
            |shop| {
                shop.expires = "2026-01-02T00:00:00Z";
                shop.sign();
            },
            "the index `shop` has expired on 2026-01-02T00:00:00Z",
        ),
        (
            "signed, and none",
            |shop| {
                shop.put("index.json", "[]");
                shop.put("index.json.minisig", shop.key.sign(b"[]", b"ED"));
            },
            "the index `shop` is signed, but is not an index",
        ),
        (
            "of another format",
            |shop| {
                let index = String::from_utf8(shop.index()).unwrap();
                let index = index.replace("\"format\":1", "\"format\":2");
                shop.put("index.json.minisig", shop.key.sign(index.as_bytes(), b"ED"));
                shop.put("index.json", index);
            },
            "the index `shop` has the format 2, but only 1 is supported",
        ),
        (
            "too long",
            |shop| shop.put("index.json", vec![b' '; (4 << 20) + 1]),
            "longer than 4194304 bytes",
        ),
    ];
    for (what, tamper, expected) in table {
        let mut shop = Shop::open();
        shop.hand_out(&mine("1.0.0"));
        shop.sign();
        let user = user(&shop);
        tamper(&mut shop);
        let done = plugin(&user, &["install", "mine", "--yes"]).run();
        assert_ne!(done.code, 0, "{what}");
        assert!(done.stderr.contains(expected), "{what}: {}", done.stderr);
        assert_eq!(listed(&user), "", "{what}");
    }
}

#[test]
fn expired_and_replayed_indexes_change_nothing() {
    let mut shop = Shop::open();
    shop.hand_out(&mine("1.0.0"));
    shop.sign();
    let old = shop.index();
    let user = user(&shop);
    plugin(&user, &["install", "mine", "--yes"]).run().success();
    shop.expires = "2026-01-02T00:00:00Z";
    shop.sign();
    let done = plugin(&user, &["update"]).run().fails(3);
    done.says("plugins installed from it keep working");
    // What was expired was seen, too.
    shop.put("index.json.minisig", shop.key.sign(&old, b"ED"));
    shop.put("index.json", old);
    let done = plugin(&user, &["update", "mine"]).run().fails(4);
    done.says("has the serial 2, but 3 was seen before");
    let done = plugin(&user, &["which", "https://mine.test/x"])
        .run()
        .success();
    assert_eq!(done.stdout, "mine 1.0.0  index shop  route `page`\n");
    assert_eq!(done.stderr, "");
    // A key that was given for it holds from the first time on.
    plugin(&user, &["index", "remove", "shop"]).run().success();
    shop.key = Key::new(8);
    add(&user, &shop)
        .run()
        .fails(4)
        .says("is signed with a different key");
}

/// A package of these files: each a name, what it is, and its content.
fn tar(files: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, kind, content) in files {
        let mut header = Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        if *kind != EntryType::Regular {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        tar.append(&header, *content).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// Puts this in the place of the one package, and has the index say so, or not.
fn replace(shop: &mut Shop, package: Vec<u8>, says_so: bool) {
    let entry = &mut shop.packages[0];
    if says_so {
        let digest = Sha256::digest(&package);
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        entry["sha256"] = hex.into();
        entry["size"] = package.len().into();
    }
    shop.put("packages/mine-1.0.0.tar.gz", package);
    shop.sign();
}

/// The plugin with one file more.
fn with(shop: &mut Shop, name: &str, kind: EntryType) {
    let made = mine("1.0.0");
    let manifest = made.manifest();
    let files = [
        ("plugin.toml", EntryType::Regular, manifest.as_bytes()),
        ("main.luau", EntryType::Regular, made.script.as_bytes()),
        (name, kind, b""),
    ];
    replace(shop, tar(&files), true);
}

/// The index says this of the package.
fn say(shop: &mut Shop, key: &str, value: impl Into<Value>) {
    shop.packages[0][key] = value.into();
    shop.sign();
}

#[test]
fn a_package_that_differs_from_the_index_is_refused() {
    let table: &[Try] = &[
        (
            "other bytes",
            |shop| {
                let mut package = mine("1.0.0").pack().2;
                *package.last_mut().unwrap() ^= 1;
                replace(shop, package, false);
            },
            "`mine-1.0.0.tar.gz` of the index `shop` has a different SHA-256 than the index says",
        ),
        (
            "more bytes",
            |shop| {
                let package = [mine("1.0.0").pack().2, vec![0]].concat();
                replace(shop, package, false);
            },
            "bytes, but the index says",
        ),
        (
            "far more bytes",
            |shop| replace(shop, vec![0; (1 << 20) + 1], true),
            "longer than 1048576 bytes",
        ),
        (
            "no gzip",
            |shop| replace(shop, b"#!/bin/sh".to_vec(), true),
            "the package is not a gzip file",
        ),
        (
            "a bomb",
            |shop| {
                let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
                gzip.write_all(&vec![0; 64 << 20]).unwrap();
                replace(shop, gzip.finish().unwrap(), true);
            },
            "the package unpacks to more than 4194304 bytes",
        ),
        (
            "a link",
            |shop| with(shop, "lib/x.luau", EntryType::Symlink),
            "the package has `lib/x.luau`, which is a link",
        ),
        (
            "a hard link",
            |shop| with(shop, "lib/x.luau", EntryType::Link),
            "the package has `lib/x.luau`, which is a link",
        ),
        (
            "a device",
            |shop| with(shop, "lib/x.luau", EntryType::Block),
            "the package has `lib/x.luau`, which is not a regular file",
        ),
        (
            "a way up",
            |shop| with(shop, "../../../.bashrc", EntryType::Regular),
            "the package has `../../../.bashrc`, which is not a plugin file",
        ),
        (
            "the root",
            |shop| with(shop, "/etc/cron.d/x", EntryType::Regular),
            "the package has `/etc/cron.d/x`, which is not a plugin file",
        ),
        (
            "a file twice",
            |shop| with(shop, "main.luau", EntryType::Regular),
            "the package has `main.luau` twice",
        ),
        (
            "a file twice on some disks",
            |shop| with(shop, "MAIN.luau", EntryType::Regular),
            "the package has `MAIN.luau` twice",
        ),
        (
            "no plugin",
            |shop| replace(shop, tar(&[("main.luau", EntryType::Regular, b"")]), true),
            "`the package` has no `plugin.toml`",
        ),
        (
            "another id",
            |shop| {
                let package = Made {
                    id: "other",
                    ..mine("1.0.0")
                }
                .pack()
                .2;
                replace(shop, package, true);
            },
            "has the id `other`, but the index says `mine`",
        ),
        (
            "another version",
            |shop| {
                let package = mine("0.9.0").pack().2;
                replace(shop, package, true);
            },
            "has the version `0.9.0`, but the index says `1.0.0`",
        ),
        (
            "another interface",
            |shop| {
                let made = mine("1.0.0");
                let manifest = made.manifest().replace("api = 1", "api = 2");
                let files = [
                    ("plugin.toml", EntryType::Regular, manifest.as_bytes()),
                    ("main.luau", EntryType::Regular, made.script.as_bytes()),
                ];
                replace(shop, tar(&files), true);
            },
            "unknown API version 2; the latest is 1",
        ),
        (
            "other scripts",
            |shop| {
                let package = Made {
                    script: "return {}",
                    ..mine("1.0.0")
                }
                .pack()
                .2;
                replace(shop, package, true);
            },
            "has the tree `",
        ),
        (
            "fewer permissions told",
            |shop| {
                shop.packages[0]["permissions"]["media"] = Value::Array(Vec::new());
                shop.sign();
            },
            "has different permissions than the index says: saves files from mine.test",
        ),
        (
            "more permissions told",
            |shop| {
                shop.packages[0]["permissions"]["named_host"] = true.into();
                shop.sign();
            },
            "has different permissions than the index says: asks the host of each link",
        ),
        (
            "for a later program alone",
            |shop| say(shop, "api", 2),
            "has no `mine` for this version of `fetch`, whose script API is version 1",
        ),
        (
            "for none",
            |shop| say(shop, "api", 0),
            "has no `mine` for this version of `fetch`",
        ),
        (
            "taken back",
            |shop| say(shop, "yanked", "it loses pages"),
            "has withdrawn every version of `mine`",
        ),
        (
            "an id that leads elsewhere",
            |shop| say(shop, "id", "../mine"),
            "has no `mine`",
        ),
        (
            "a version that leads elsewhere",
            |shop| say(shop, "version", "../../../1.0.0"),
            "has no `mine`",
        ),
        (
            "gone",
            |shop| say(shop, "version", "1.0.1"),
            "there is no `http://127.0.0.1",
        ),
    ];
    for (what, tamper, expected) in table {
        let mut shop = Shop::open();
        shop.hand_out(&mine("1.0.0"));
        shop.sign();
        let user = user(&shop);
        tamper(&mut shop);
        let done = plugin(&user, &["install", "mine", "--yes"]).run();
        assert_ne!(done.code, 0, "{what}");
        assert!(done.stderr.contains(expected), "{what}: {}", done.stderr);
        assert_eq!(listed(&user), "", "{what}");
        // Nothing but what tells of the index was written.
        let below = std::fs::read_dir(user.root().join("home/data/fetch/store")).unwrap();
        let mut names: Vec<_> = below.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [".lock", "plugins.lock"], "{what}");
    }
}
