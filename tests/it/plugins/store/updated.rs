//! What is installed, from one version to another and back.

use super::shop::{Made, Shop, listed, mine, plugin, user};

const WIDER: &str =
    "request = ['mine.test', 'more.test']\nmedia = ['*']\npost = ['mine.test']\ndelegate = true";

#[test]
fn a_plugin_is_updated_and_rolled_back() {
    let mut shop = Shop::open();
    shop.hand_out(&mine("1.0.0"));
    shop.sign();
    let user = user(&shop);
    plugin(&user, &["install", "mine", "--yes"]).run().success();
    let done = plugin(&user, &["update"]).run().success();
    assert_eq!(done.stdout, "`mine` 1.0.0 is the newest version\n");
    plugin(&user, &["rollback", "mine"])
        .run()
        .fails(2)
        .says("no version of `mine` to go back to");
    shop.hand_out(&mine("1.10.0"));
    shop.hand_out(&mine("1.9.0"));
    // It is for programs that are not made yet, so the newest that is for this one is taken.
    shop.hand_out(&mine("2.0.0"))["api"] = 2.into();
    shop.hand_out(&mine("2.1.0"))["min_engine"] = "99.0.0".into();
    shop.hand_out(&mine("2.2.0"))["permissions"]["fly"] = true.into();
    shop.hand_out(&mine("1.11.0"))["yanked"] = "it loses pages".into();
    shop.sign();
    let done = plugin(&user, &["update", "mine"]).run().success();
    assert_eq!(done.stdout, "updated `mine` from 1.0.0 to 1.10.0\n");
    assert_eq!(listed(&user), "mine 1.10.0  index shop\n");
    let done = plugin(&user, &["rollback", "mine"]).run().success();
    assert_eq!(done.stdout, "`mine` is back at 1.0.0, and was 1.10.0\n");
    done.says("the next `fetch plugin update` installs 1.10.0 again, unless it is withdrawn\n");
    assert_eq!(listed(&user), "mine 1.0.0  index shop\n");
    let done = plugin(&user, &["rollback", "mine"]).run().success();
    assert_eq!(done.stderr, "");
    assert_eq!(listed(&user), "mine 1.10.0  index shop\n");
    for package in &mut shop.packages {
        package["yanked"] = "it loses\npages".into();
    }
    shop.sign();
    let done = plugin(&user, &["update"]).run().success();
    assert_eq!(
        done.stdout,
        "`mine` 1.10.0 was withdrawn by its publisher: it loses pages\n"
    );
    shop.packages
        .retain(|package| package["version"] != "1.10.0");
    shop.sign();
    let done = plugin(&user, &["update"]).run().fails(3);
    let done = done.says("has withdrawn every version of `mine`");
    assert!(!done.stderr.contains("any more"), "{}", done.stderr);
    shop.packages.clear();
    shop.sign();
    let done = plugin(&user, &["update"]).run().fails(3);
    done.says("has no `mine` any more").says("1.10.0 stays");
}

#[test]
fn an_update_with_more_permissions_always_asks() {
    let mut shop = Shop::open();
    shop.hand_out(&mine("1.0.0"));
    shop.sign();
    let user = user(&shop);
    plugin(&user, &["install", "mine", "--yes"]).run().success();
    shop.hand_out(&Made {
        permissions: WIDER,
        ..mine("1.1.0")
    });
    shop.sign();
    let told = "\
mine 1.1.0 may do more than 1.0.0:
  it asks more.test
  it posts to mine.test
  it saves files from any host
  it delegates links to any host
error: `mine` stays at 1.0.0: there is no terminal to ask you on, so nothing was installed
  hint: `--allow-wider` agrees in advance
";
    let done = plugin(&user, &["update", "mine"]).run().fails(2);
    assert_eq!(done.stderr, told);
    assert_eq!(plugin(&user, &["update"]).run().fails(3).stderr, told);
    assert_eq!(listed(&user), "mine 1.0.0  index shop\n");
    plugin(&user, &["update", "mine", "--yes"])
        .run()
        .fails(2)
        .says("--yes");
    plugin(&user, &["update", "--allow-wider"]).run().success();
    assert_eq!(listed(&user), "mine 1.1.0  index shop\n");
    // What may do less needs no word.
    shop.hand_out(&mine("1.2.0"));
    shop.sign();
    plugin(&user, &["update"]).run().success();
    assert_eq!(listed(&user), "mine 1.2.0  index shop\n");
}

#[test]
fn downgrades_and_changed_packages_of_one_version_are_refused() {
    let mut shop = Shop::open();
    shop.hand_out(&mine("1.1.0"));
    shop.sign();
    let user = user(&shop);
    plugin(&user, &["install", "mine", "--yes"]).run().success();
    shop.packages.clear();
    shop.hand_out(&mine("1.0.0"));
    shop.sign();
    plugin(&user, &["update"]).run().success();
    assert_eq!(listed(&user), "mine 1.1.0  index shop\n");
    shop.hand_out(&Made {
        script: "return { extract = function() end }\n",
        ..mine("1.1.0")
    });
    shop.sign();
    let done = plugin(&user, &["update", "mine"]).run().fails(4);
    done.says("has a different `mine` 1.1.0 than the installed one");
    assert_eq!(listed(&user), "mine 1.1.0  index shop\n");
}
