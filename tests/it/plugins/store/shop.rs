//! Somebody who hands plugins out, well or badly.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use blake2::{Blake2b512, Digest};
use serde_json::{Value, json};

use crate::support::command::Fetch;
use crate::support::{Reply, Site};

/// A key of `minisign`.
pub(super) struct Key {
    pair: Ed25519KeyPair,
    number: u8,
}

impl Key {
    pub(super) fn new(number: u8) -> Key {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[number; 32]).unwrap();
        Key { pair, number }
    }

    /// Gives it another number, as somebody does who wants to be taken for its owner.
    pub(super) fn number(&mut self, number: u8) {
        self.number = number;
    }

    fn with_number(&self, algorithm: &[u8; 2], rest: &[u8]) -> String {
        STANDARD.encode([&algorithm[..], &[self.number; 8], rest].concat())
    }

    pub(super) fn public(&self) -> String {
        self.with_number(b"Ed", self.pair.public_key().as_ref())
    }

    /// A signature as `minisign -S` makes it, or with `Ed`, as it did long ago.
    pub(super) fn sign(&self, bytes: &[u8], algorithm: &[u8; 2]) -> String {
        let hash = Blake2b512::digest(bytes);
        let signed = match algorithm {
            b"ED" => self.pair.sign(&hash),
            _ => self.pair.sign(bytes),
        };
        let comment = "timestamp:1";
        let all = self
            .pair
            .sign(&[signed.as_ref(), comment.as_bytes()].concat());
        format!(
            "untrusted comment: of a test\n{}\ntrusted comment: {comment}\n{}\n",
            self.with_number(algorithm, signed.as_ref()),
            STANDARD.encode(all.as_ref()),
        )
    }
}

/// What is handed out, at a site.
pub(super) struct Shop {
    pub(super) site: Site,
    pub(super) key: Key,
    pub(super) serial: u64,
    pub(super) expires: &'static str,
    /// The key that the index names as its next.
    pub(super) next_key: Option<String>,
    pub(super) packages: Vec<Value>,
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl Shop {
    pub(super) fn open() -> Shop {
        let site = Site::start();
        let files: Arc<Mutex<BTreeMap<String, Vec<u8>>>> = Arc::default();
        let given = files.clone();
        let answer = move |path: &str| match given.lock().unwrap().get(path) {
            Some(bytes) => Reply::file(bytes.clone()),
            None => Reply::empty(404),
        };
        site.on("/shop/*", Reply::with(move |seen| answer(seen.path())))
            .optional();
        Shop {
            site,
            key: Key::new(7),
            serial: 1,
            expires: "2999-01-01T00:00:00Z",
            next_key: None,
            packages: Vec::new(),
            files,
        }
    }

    pub(super) fn url(&self) -> String {
        self.site.url("/shop/")
    }

    /// Has these bytes at a path below the shop.
    pub(super) fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        let path = format!("/shop/{path}");
        self.files.lock().unwrap().insert(path, bytes.into());
    }

    pub(super) fn index(&self) -> Vec<u8> {
        let index = json!({
            "format": 1,
            "serial": self.serial,
            "created": "2026-01-01T00:00:00Z",
            "expires": self.expires,
            "next_key": self.next_key,
            "packages": self.packages,
        });
        serde_json::to_vec(&index).unwrap()
    }

    /// Signs what there is, under the next serial.
    pub(super) fn sign(&mut self) {
        self.serial += 1;
        let index = self.index();
        self.put("index.json.minisig", self.key.sign(&index, b"ED"));
        self.put("index.json", index);
    }

    /// Hands a plugin out, as its maker packs it.
    pub(super) fn hand_out(&mut self, made: &Made) -> &mut Value {
        let (name, entry, bytes) = made.pack();
        self.put(&format!("packages/{name}"), bytes);
        self.packages.push(entry);
        self.packages.last_mut().unwrap()
    }
}

/// A plugin in the making.
#[derive(Clone)]
pub(super) struct Made {
    pub(super) id: &'static str,
    pub(super) version: &'static str,
    pub(super) permissions: &'static str,
    pub(super) script: &'static str,
}

/// A script that emits one file.
pub(super) const ONE: &str = r#"
local function extract(ctx)
    emit({ key = "one", url = `{ctx.options.site}/one.jpg`, name = "one" })
end
return { extract = extract }
"#;

/// A plugin of this version.
pub(super) fn mine(version: &'static str) -> Made {
    Made {
        id: "mine",
        version,
        permissions: "request = ['mine.test']\nmedia = ['mine.test']",
        script: ONE,
    }
}

impl Made {
    pub(super) fn manifest(&self) -> String {
        let Made {
            id,
            version,
            permissions,
            ..
        } = self;
        format!(
            r#"manifest = 1
id = "{id}"
about = "a site of somebody's"
version = "{version}"
api = 1
[permissions]
{permissions}
[[route]]
name = "page"
pattern = "mine.test/{{rest...}}"
example = "https://mine.test/x"
[[option]]
key = "site"
type = "site"
default = "https://mine.test"
help = "where it is"
"#
        )
    }

    /// Writes it into that folder.
    pub(super) fn write(&self, folder: &std::path::Path) {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("plugin.toml"), self.manifest()).unwrap();
        fs::write(folder.join("main.luau"), self.script).unwrap();
    }

    /// The name of its package, what stands in the index for it, and the package.
    pub(super) fn pack(&self) -> (String, Value, Vec<u8>) {
        let maker = Fetch::new();
        let folder = maker.root().join(self.id);
        self.write(&folder);
        let done = maker.clone().args(["plugin", "pack"]).arg(folder);
        let done = done.run().success();
        let entry: Value = serde_json::from_str(&done.stdout).unwrap();
        let name = format!("{}-{}.tar.gz", self.id, self.version);
        let bytes = fs::read(maker.out().join(&name)).unwrap();
        (name, entry, bytes)
    }
}

/// A user who knows the shop.
pub(super) fn user(shop: &Shop) -> Fetch {
    let user = Fetch::new().env("FETCH_NET__RETRIES", "0");
    add(&user, shop).run().success();
    user
}

pub(super) fn add(user: &Fetch, shop: &Shop) -> Fetch {
    let add = user.clone().args(["plugin", "index", "add", "shop"]);
    add.arg(shop.url()).args(["--key", &shop.key.public()])
}

/// A call of `fetch plugin` with these words.
pub(super) fn plugin(user: &Fetch, words: &[&str]) -> Fetch {
    user.clone().arg("plugin").args(words)
}

/// What is installed, as `fetch plugin list` tells it.
pub(super) fn listed(user: &Fetch) -> String {
    let listed = plugin(user, &["list"]).run().success().stdout;
    let lines = listed.lines().filter(|line| !line.ends_with("  builtin"));
    lines.map(|line| format!("{line}\n")).collect()
}
