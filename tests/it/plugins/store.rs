//! Plugins of others: from an index, kept as they came, and refused where they are not what they say.

#[cfg(unix)]
mod asked;
mod git;
mod held;
mod project;
mod rotated;
mod secrets;
mod shop;
mod tampered;
mod updated;

use self::shop::{Made, Shop, add, listed, mine, plugin, user};
use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

#[test]
fn a_plugin_is_installed_after_consent_to_its_permissions() {
    let mut shop = Shop::open();
    shop.hand_out(&mine("1.0.0"));
    shop.sign();
    let user = user(&shop);
    assert_eq!(listed(&user), "");
    let told = "\
mine 1.0.0 of index shop: a site of somebody's
  it asks mine.test
  it saves files from mine.test
  it asks whatever host you set as source.mine.site
  it asks its hosts with the cookies and the netrc that you give fetch for them
";
    let done = plugin(&user, &["install", "mine"]).run().fails(2);
    let refused = "error: there is no terminal to ask you on, so nothing was installed\n  hint: `--yes` agrees in advance\n";
    assert_eq!(done.stderr, format!("{told}{refused}"));
    assert_eq!(listed(&user), "");
    let done = plugin(&user, &["install", "shop/mine", "--yes"]);
    let done = done.run().success();
    assert_eq!(done.stderr, told);
    assert_eq!(done.stdout, "installed `mine` 1.0.0\n");
    assert_eq!(listed(&user), "mine 1.0.0  index shop\n");
    let info = plugin(&user, &["info", "mine"]).run().success().stdout;
    assert!(info.starts_with("mine 1.0.0  index shop\n"), "{info}");
    let which = plugin(&user, &["which", "https://mine.test/x"]);
    let which = which.run().success().stdout;
    assert_eq!(which, "mine 1.0.0  index shop  route `page`\n");
    // And it works.
    let site = Site::start();
    site.on("/one.jpg", Reply::file(small(Format::Jpeg, 1)));
    let set = format!("source.mine.site={}", site.url(""));
    let used = user.clone().args(["-S", &set, "https://mine.test/x"]);
    used.run().success();
    assert_eq!(user.files().len(), 1, "{}", user.tree());
    let again = plugin(&user, &["install", "mine", "--yes"]).run().fails(2);
    again.says("is installed already: 1.0.0 of index shop");
    plugin(&user, &["remove", "mine"]).run().success();
    assert_eq!(listed(&user), "");
    plugin(&user, &["remove", "mine"])
        .run()
        .fails(2)
        .says("no plugin is installed as `mine`");
}

#[test]
fn indexes_are_added_listed_and_removed() {
    let mut shop = Shop::open();
    shop.sign();
    let user = Fetch::new();
    let none = plugin(&user, &["install", "mine"]).run().fails(2);
    none.says("`fetch plugin index add NAME URL --key KEY` adds one");
    add(&user, &shop).run().success();
    add(&user, &shop)
        .run()
        .fails(2)
        .says("there is already an index `shop`");
    let list = plugin(&user, &["index", "list"]).run().success().stdout;
    let expected = format!(
        "shop  {}  key {}  serial 2\n",
        shop.url(),
        shop.key.public()
    );
    assert_eq!(list, expected);
    plugin(&user, &["install", "mine"])
        .run()
        .fails(2)
        .says("the index `shop` has no `mine`");
    plugin(&user, &["install", "other/mine"])
        .run()
        .fails(2)
        .says("the known ones are `shop`");
    plugin(&user, &["index", "remove", "shop"]).run().success();
    let none = plugin(&user, &["index", "list"]).run().success().stdout;
    let expected = "no indexes; `fetch plugin index add` adds one\n";
    assert_eq!(none, expected);
    for (name, url, key, expected) in [
        (
            "Shop",
            shop.url(),
            shop.key.public(),
            "invalid index name `Shop`",
        ),
        (
            "shop",
            "http://example.org/".into(),
            shop.key.public(),
            "must be https, or on this machine",
        ),
        (
            "shop",
            shop.url(),
            "RWx".into(),
            "not a public key of `minisign`",
        ),
        (
            "shop",
            shop.site.url("/shop/none/"),
            shop.key.public(),
            "there is no `http://127.0.0.1",
        ),
    ] {
        let add = plugin(&user, &["index", "add", name, &url, "--key", &key]).run();
        assert!(
            add.code != 0 && add.stderr.contains(expected),
            "{}",
            add.stderr
        );
    }
}

#[test]
fn a_plugin_in_two_indexes_needs_the_index_name() {
    let mut shop = Shop::open();
    shop.hand_out(&mine("1.0.0"));
    shop.sign();
    let user = user(&shop);
    let other = [
        "index",
        "add",
        "other",
        &shop.url(),
        "--key",
        &shop.key.public(),
    ];
    plugin(&user, &other).run().success();
    let done = plugin(&user, &["install", "mine", "--yes"]).run().fails(2);
    done.says("say which one: `other/mine`, `shop/mine`");
    plugin(&user, &["install", "other/mine", "--yes"])
        .run()
        .success();
    assert_eq!(listed(&user), "mine 1.0.0  index other\n");
}

#[test]
fn replacing_a_built_in_plugin_needs_consent() {
    let mut shop = Shop::open();
    let xkcd = |version| Made {
        id: "xkcd",
        ..mine(version)
    };
    shop.hand_out(&xkcd("0.0.1"));
    shop.hand_out(&Made {
        id: "imgur",
        ..mine("9.0.0")
    });
    shop.sign();
    let user = user(&shop);
    let over = ["install", "xkcd", "--yes", "--over-builtin"];
    let done = plugin(&user, &over).run().fails(2);
    done.says("is not older than 0.0.1");
    shop.hand_out(&xkcd("9.0.0"));
    shop.sign();
    let done = plugin(&user, &["install", "xkcd", "--yes"]).run().fails(2);
    done.says("`--over-builtin` replaces it");
    plugin(&user, &over).run().success();
    let list = listed(&user);
    assert_eq!(list, "xkcd 9.0.0  index shop (in place of builtin)\n");
    let done = plugin(&user, &["install", "imgur", "--yes", "--over-builtin"]);
    done.run().fails(2).says("`imgur` is part of the program");
}

#[test]
fn an_installed_plugin_cannot_claim_links_of_built_in_sources() {
    let mut shop = Shop::open();
    let thief = Made {
        permissions: "request = ['mine.test', 'xkcd.com']",
        script: "return { extract = function() end }\n",
        ..mine("1.0.0")
    };
    let (name, mut entry, _) = thief.pack();
    // The route is one that packs as well.
    let folder = Fetch::new();
    let at = folder.root().join("mine");
    thief.write(&at);
    let manifest = thief
        .manifest()
        .replace("mine.test/{rest...}", "xkcd.com/{rest...}");
    let manifest = manifest.replace(
        "https://mine.test/x\"\n[[option",
        "https://xkcd.com/x\"\n[[option",
    );
    std::fs::write(at.join("plugin.toml"), manifest).unwrap();
    let packed = plugin(&folder, &["pack"]).arg(at).run().success();
    entry.clone_from(&serde_json::from_str(&packed.stdout).unwrap());
    shop.put(
        &format!("packages/{name}"),
        std::fs::read(folder.out().join(&name)).unwrap(),
    );
    shop.packages.push(entry);
    shop.sign();
    let user = user(&shop);
    plugin(&user, &["install", "mine", "--yes"]).run().success();
    let which = |link: &str| plugin(&user, &["which", link]).run().success().stdout;
    assert!(which("https://xkcd.com/614/").starts_with("xkcd "));
    assert!(which("https://xkcd.com/other/page").starts_with("mine "));
}

#[test]
fn a_failing_installed_plugin_hints_at_an_update() {
    let mut shop = Shop::open();
    shop.hand_out(&Made {
        script: "return { extract = function() error('the page has changed') end }\n",
        ..mine("1.0.0")
    });
    shop.sign();
    let user = user(&shop);
    plugin(&user, &["install", "mine", "--yes"]).run().success();
    let done = user.clone().arg("https://mine.test/x").run().fails(4);
    done.says("(index shop); `fetch plugin update mine` looks for a newer one");
}

#[test]
fn several_processes_install_at_once() {
    let mut shop = Shop::open();
    let ids = ["aa", "bb", "cc", "dd"];
    for id in ids {
        shop.hand_out(&Made {
            id,
            ..mine("1.0.0")
        });
    }
    shop.sign();
    let user = user(&shop);
    let running: Vec<_> = ids
        .iter()
        .map(|id| plugin(&user, &["install", id, "--yes"]).spawn())
        .collect();
    for running in running {
        running.wait().success();
    }
    let expected: String = ids
        .iter()
        .map(|id| format!("{id} 1.0.0  index shop\n"))
        .collect();
    assert_eq!(listed(&user), expected);
}

#[test]
fn a_package_contains_only_the_files_of_the_plugin() {
    let maker = Fetch::new();
    let folder = maker.out().join("mine");
    mine("1.0.0").write(&folder);
    for (name, content) in [
        ("README.md", "read"),
        ("notes.txt", "mine alone"),
        (".env", "KEY=1"),
        ("lib/pages.luau", "return {}"),
        ("lib/pages.lua", "return {}"),
        ("cases/a.toml", "link = ''"),
    ] {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let pack = || plugin(&maker, &["pack", "mine"]).run();
    let done = pack().success();
    let said = "left out: .env\nleft out: lib/pages.lua\nleft out: notes.txt\ncreated `mine-1.0.0.tar.gz`\n";
    assert_eq!(done.stderr, said);
    let entry: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(entry["permissions"]["media"][0], "mine.test");
    // What was handed out once stays what it is.
    pack()
        .fails(8)
        .says("a published package needs a new version");
    let made = maker.out().join("mine-1.0.0.tar.gz");
    let package = std::fs::read(&made).unwrap();
    std::fs::remove_file(&made).unwrap();
    assert_eq!(pack().success().stdout, done.stdout);
    assert_eq!(std::fs::read(&made).unwrap(), package);
    mine("1.0").write(&folder);
    pack().fails(2).says("is not three numbers such as `1.4.0`");
    #[cfg(unix)]
    {
        mine("1.0.0").write(&folder);
        std::fs::remove_file(folder.join("README.md")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.join("README.md")).unwrap();
        pack().fails(2).says("it is not a regular file");
    }
}
