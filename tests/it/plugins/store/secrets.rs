//! What the user has set for a plugin is told, and a secret stays one.

use std::fs;

use super::shop::{Key, Made, Shop, listed, mine, plugin, user};

const SECRET: &str = "request = ['mine.test']
[[secret]]
key = 'login'
host = 'mine.test'
header = 'X'
help = 'x'";
const NONE: &str = "request = ['mine.test']";
const OPTION: &str = "request = ['mine.test']
[[option]]
key = 'login'
type = 'text'
default = ''
help = 'x'";

fn made(version: &'static str, permissions: &'static str) -> Made {
    Made {
        permissions,
        ..mine(version)
    }
}

#[test]
fn an_update_cannot_turn_a_secret_into_an_option() {
    let mut shop = Shop::open();
    shop.hand_out(&made("1.0.0", SECRET));
    shop.sign();
    let user = user(&shop);
    plugin(&user, &["install", "mine", "--yes"]).run().success();
    shop.hand_out(&made("1.1.0", OPTION));
    shop.sign();
    for words in [&["update"][..], &["update", "--allow-wider"]] {
        let one = [words, &["mine"]].concat();
        plugin(&user, &one)
            .run()
            .fails(2)
            .says("`mine` 1.1.0 would see `source.mine.login`, which is a secret of 1.0.0")
            .says("hint: 1.0.0 stays");
        assert_eq!(listed(&user), "mine 1.0.0  index shop\n");
    }
}

#[test]
fn an_update_with_a_new_option_asks_first() {
    let mut shop = Shop::open();
    shop.hand_out(&made("1.0.0", NONE));
    shop.sign();
    let user = user(&shop);
    plugin(&user, &["install", "mine", "--yes"]).run().success();
    shop.hand_out(&made("1.1.0", OPTION));
    shop.sign();
    plugin(&user, &["update", "mine"])
        .run()
        .fails(2)
        .says("  it can read what you set as source.mine.login\n");
    assert_eq!(listed(&user), "mine 1.0.0  index shop\n");
}

#[test]
fn options_already_set_are_named_before_an_install() {
    let mut shop = Shop::open();
    shop.hand_out(&made("1.0.0", OPTION));
    shop.sign();
    let user = user(&shop).env("FETCH_SOURCE__MINE__LOGIN", "hunter2");
    let told = "  it can read what you set as source.mine.login\n  it asks whatever host you set as source.mine.site\n  already set: source.mine.login\n";
    let done = plugin(&user, &["install", "mine"]).run().fails(2);
    assert!(done.stderr.contains(told), "{}", done.stderr);
    assert!(!done.stderr.contains("hunter2"), "{}", done.stderr);
    made("1.0.0", OPTION).write(&user.out().join(".fetch/plugins/mine"));
    plugin(&user, &["trust"]).run().fails(2).says(told);
}

#[test]
fn plugins_are_trusted_only_with_consent() {
    let user = crate::support::command::Fetch::new();
    let folder = user.out().join(".fetch/plugins/xkcd");
    let own = Made {
        id: "xkcd",
        ..mine("99.0.0")
    };
    own.write(&folder);
    let told = "\
xkcd 99.0.0: a site of somebody's
  replaces builtin `xkcd`
  it asks mine.test
  it saves files from mine.test
  it asks whatever host you set as source.xkcd.site
  it asks its hosts with the cookies and the netrc that you give fetch for them
error: there is no terminal to ask you on, so nothing was trusted
  hint: `--yes` agrees in advance
";
    let done = plugin(&user, &["trust"]).run().fails(2);
    assert_eq!(done.stderr, told);
    let list = plugin(&user, &["list"]).run().success().stdout;
    assert!(!list.contains("xkcd 99.0.0"), "{list}");
    plugin(&user, &["trust", "--yes"]).run().success();
    let list = plugin(&user, &["list"]).run().success().stdout;
    assert!(list.contains("xkcd 99.0.0"), "{list}");
    // What is gone can still be trusted no more.
    fs::remove_dir_all(user.out().join(".fetch")).unwrap();
    plugin(&user, &["trust", "--undo"]).run().success();
}

#[test]
fn an_index_with_another_key_cannot_update_plugins() {
    let mut shop = Shop::open();
    shop.hand_out(&mine("1.0.0"));
    shop.sign();
    let user = user(&shop);
    plugin(&user, &["install", "mine", "--yes"]).run().success();
    plugin(&user, &["index", "remove", "shop"]).run().success();
    shop.key = Key::new(8);
    shop.hand_out(&mine("1.1.0"));
    shop.sign();
    super::add(&user, &shop).run().success();
    plugin(&user, &["update", "mine"])
        .run()
        .fails(2)
        .says("`mine` was signed with a different key than that of the index shop now")
        .says("`fetch plugin remove mine`");
    assert_eq!(listed(&user), "mine 1.0.0  index shop\n");
}
