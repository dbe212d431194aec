//! What is installed is held to what it was.

use std::fs;
use std::path::PathBuf;

use super::shop::{Made, Shop, listed, mine, plugin, user};
use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

/// The one folder of a plugin in the store.
fn folder(user: &Fetch) -> PathBuf {
    let below = user.root().join("home/data/fetch/store/mine");
    let mut entries = fs::read_dir(below).unwrap();
    entries.next().unwrap().unwrap().path()
}

#[test]
fn a_modified_installed_plugin_is_not_run() {
    let mut shop = Shop::open();
    shop.hand_out(&mine("1.0.0"));
    shop.sign();
    let user = user(&shop);
    plugin(&user, &["install", "mine", "--yes"]).run().success();
    let script = folder(&user).join("main.luau");
    let own = "return { extract = function() fail('missing', 'it has run') end }\n";
    fs::write(&script, own).unwrap();
    let told = "\
the plugin `mine` is not what was installed: its files have been changed
";
    let out = "\
hint: `fetch plugin adopt mine` makes it your own as it is now; `fetch plugin remove mine` allows installing it again
";
    // Each way by which a script is found, and run.
    let link = "https://mine.test/x";
    for words in [
        &[link][..],
        &["-s", link],
        &["-g", link],
        &["fields", link],
        &["mine:x"],
        &["plugin", "which", link],
        &["plugin", "info", "mine"],
    ] {
        let done = user.clone().args(words.iter().copied()).run().fails(2);
        assert!(!done.stderr.contains("it has run"), "{words:?}");
        done.says(told).says(out);
    }
    let done = plugin(&user, &["list"]).run().success();
    let line = format!("not used: mine 1.0.0  index shop: {told}  {out}");
    assert!(done.stdout.contains(&line), "{}", done.stdout);
    // Others are none the worse.
    assert_eq!(user.clone().arg("sources").run().success().stderr, "");
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
    // What a kill has left of such a move is in nobody's way.
    mine("1.0.0").write(&user.root().join("home/config/fetch/plugins/.new"));
    assert_eq!(user.clone().arg("sources").run().success().stderr, "");
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
        .says("already exists");
}

#[test]
fn a_missing_plugin_or_invalid_lockfile_is_reported_and_stops_nothing() {
    let mut shop = Shop::open();
    shop.hand_out(&mine("1.0.0"));
    shop.sign();
    let user = user(&shop);
    plugin(&user, &["install", "mine", "--yes"]).run().success();
    fs::remove_dir_all(folder(&user)).unwrap();
    let call = user.clone().arg("https://mine.test/x");
    call.run().fails(2).says("can no longer be read");
    plugin(&user, &["remove", "mine"]).run().success();
    plugin(&user, &["install", "mine", "--yes"]).run().success();
    assert_eq!(listed(&user), "mine 1.0.0  index shop\n");
    let lockfile = user.root().join("home/data/fetch/store/plugins.lock");
    let text = fs::read_to_string(&lockfile).unwrap();
    // What is said of it decides whom it may ask.
    let wider = text.replace("\"request\": [", "\"request\": [\"more.test\", ");
    assert_ne!(wider, text);
    fs::write(&lockfile, wider).unwrap();
    call.run()
        .fails(2)
        .says("`plugins.lock` does not match the plugin `mine`");
    fs::write(&lockfile, text.replace("\"api\": 1", "\"api\": 9")).unwrap();
    let done = user.clone().arg("sources").run().success();
    done.says("warning: the plugin `mine` of index shop is not used\n  because: `mine`: unknown API version 9");
    fs::write(&lockfile, "{").unwrap();
    let done = user.clone().arg("sources").run().success();
    done.says("warning: all that is installed is not used")
        .says("plugins.lock` cannot be read");
    let update = plugin(&user, &["update"]).run().fails(2);
    update.says("remove it to start over");
}

#[test]
fn an_installed_plugin_can_list_and_resolve() {
    let mut shop = Shop::open();
    shop.hand_out(&Made {
        script: "return {\n\
            extract = function(ctx) emit({ key = 'a' }) end,\n\
            resolve = function(ctx, item) item.url = ctx.options.site .. '/new.jpg' item.kind = 'image' return item end,\n}\n",
        ..mine("1.0.0")
    });
    shop.sign();
    let user = user(&shop);
    plugin(&user, &["install", "mine", "--yes"]).run().success();
    let site = Site::start();
    site.on("/new.jpg", Reply::file(small(Format::Jpeg, 1)));
    let set = format!("source.mine.site={}", site.url(""));
    let call = user.clone().args(["-S", &set, "https://mine.test/x"]);
    call.run().success();
    assert_eq!(user.files().len(), 1, "{}", user.tree());
}

#[test]
fn a_rollback_to_modified_files_is_refused() {
    let mut shop = Shop::open();
    shop.hand_out(&mine("1.0.0"));
    shop.sign();
    let user = user(&shop);
    plugin(&user, &["install", "mine", "--yes"]).run().success();
    let first = folder(&user);
    shop.hand_out(&mine("1.1.0"));
    shop.sign();
    plugin(&user, &["update"]).run().success();
    let script = first.join("main.luau");
    let whole = fs::read_to_string(&script).unwrap();
    let rollback = plugin(&user, &["rollback", "mine"]);
    for (text, told) in [
        (
            Some("return { extract = function() fail('missing', 'it has run') end }\n"),
            "the plugin `mine` is not what was installed: its files have been changed",
        ),
        (None, "the plugin `mine` can no longer be read"),
    ] {
        match text {
            Some(text) => fs::write(&script, text).unwrap(),
            None => fs::remove_file(&script).unwrap(),
        }
        rollback.run().fails(2).says(told);
        assert_eq!(listed(&user), "mine 1.1.0  index shop\n");
    }
    // As it was, it is well again.
    fs::write(&script, whole).unwrap();
    rollback.run().success();
    assert_eq!(listed(&user), "mine 1.0.0  index shop\n");
}
