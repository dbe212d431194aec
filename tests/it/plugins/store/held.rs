//! What is installed is held to what it was.

use std::fs;
use std::path::PathBuf;

use super::shop::{Shop, listed, mine, plugin, user};
use crate::support::command::Fetch;

/// The one folder of a plugin in the store.
fn folder(user: &Fetch) -> PathBuf {
    let below = user.root().join("home/data/fetch/store/mine");
    let mut entries = fs::read_dir(below).unwrap();
    entries.next().unwrap().unwrap().path()
}

#[test]
fn a_plugin_whose_files_have_changed_is_not_run() {
    let mut shop = Shop::open();
    shop.hand_out(&mine("1.0.0"));
    shop.sign();
    let user = user(&shop);
    plugin(&user, &["install", "mine", "--yes"]).run().success();
    let script = folder(&user).join("main.luau");
    let own = "return { extract = function() fail('missing', 'it has run') end }\n";
    fs::write(&script, own).unwrap();
    let warning = "\
warning: the plugin `mine` of index shop is not used
  because: the plugin `mine` is not what was installed: its files have been changed
  hint: `fetch plugin adopt mine` makes it your own as it is now; `fetch plugin remove mine` lets it be installed again
";
    // Each way by which a script is found, and run.
    let link = "https://mine.test/x";
    for words in [
        &[link][..],
        &["-s", link],
        &["-g", link],
        &["fields", link],
        &["mine:x"],
        &["sources", "which", link],
        &["retry"],
    ] {
        let done = user.clone().args(words.iter().copied()).run();
        assert!(
            !done.stderr.contains("it has run"),
            "{words:?}: {}",
            done.stderr
        );
        assert!(
            !done.stdout.contains("`mine`"),
            "{words:?}: {}",
            done.stdout
        );
    }
    let done = user.clone().args(["sources"]).run().success();
    assert_eq!(done.stderr, warning);
    let done = plugin(&user, &["list"]).run().success();
    assert!(
        done.stdout
            .contains("not used: the plugin `mine` of index shop: "),
        "{}",
        done.stdout
    );
    plugin(&user, &["info", "mine"])
        .run()
        .fails(2)
        .says("no plugin is called `mine`");
    // Its user can have it all the same, as one of his own.
    let done = plugin(&user, &["adopt", "mine"]).run().success();
    assert!(
        done.stdout.starts_with("moved `mine` to `"),
        "{}",
        done.stdout
    );
    let done = user.clone().arg(link).run().fails(4);
    done.says("it has run");
    assert!(
        listed(&user).starts_with("mine 1.0.0  user "),
        "{}",
        listed(&user)
    );
    // Or as it was.
    plugin(&user, &["install", "mine", "--yes"]).run().success();
    assert!(
        listed(&user).contains("(in place of index shop)"),
        "{}",
        listed(&user)
    );
    plugin(&user, &["adopt", "mine"])
        .run()
        .fails(2)
        .says("is there already");
}

#[test]
fn one_that_is_gone_and_a_lockfile_that_is_none_are_told_and_stop_nothing() {
    let mut shop = Shop::open();
    shop.hand_out(&mine("1.0.0"));
    shop.sign();
    let user = user(&shop);
    plugin(&user, &["install", "mine", "--yes"]).run().success();
    fs::remove_dir_all(folder(&user)).unwrap();
    user.clone()
        .arg("sources")
        .run()
        .success()
        .says("cannot be read any more");
    // An update finds it as it should be.
    plugin(&user, &["remove", "mine"]).run().success();
    plugin(&user, &["install", "mine", "--yes"]).run().success();
    assert_eq!(listed(&user), "mine 1.0.0  index shop\n");
    let lockfile = user.root().join("home/data/fetch/store/plugins.lock");
    fs::write(lockfile, "{").unwrap();
    let done = user.clone().arg("sources").run().success();
    done.says("warning: all that is installed is not used")
        .says("plugins.lock` cannot be read");
    plugin(&user, &["update"])
        .run()
        .fails(2)
        .says("remove it to begin anew");
}
