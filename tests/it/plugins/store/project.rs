//! Plugins that come with a folder.

use std::fs;

use super::shop::{Made, Shop, listed, mine, plugin, user};
use crate::support::command::Fetch;

#[test]
fn project_plugins_are_used_only_while_trusted() {
    let user = Fetch::new();
    let folder = user.out().join(".fetch/plugins/mine");
    let ran = "return { extract = function() fail('missing', 'it has run') end }\n";
    let made = Made {
        script: ran,
        ..mine("1.0.0")
    };
    made.write(&folder);
    let call = user.clone().arg("https://mine.test/x").args(["-R", "0"]);
    let call = call.args(["--resolve", "mine.test:443:127.0.0.1"]);
    let refused = |expected: &str| {
        let done = call.run();
        assert!(!done.stderr.contains("it has run"), "{}", done.stderr);
        done.says(expected)
            .says("hint: look at `.fetch/plugins`, then run `fetch plugin trust .`");
        assert_eq!(listed_of(&user), "");
    };
    refused(
        "warning: the folder `.fetch/plugins` is not used\n  because: this folder has plugins, which you do not trust yet\n",
    );
    let done = plugin(&user, &["trust", ".", "--yes"]).run().success();
    let told = "mine 1.0.0: a site of somebody's\n  it asks mine.test\n  it saves files from mine.test\n  it asks whatever host you set as source.mine.site\n  it asks its hosts with the cookies and the netrc that you give fetch for them\n";
    assert_eq!(done.stderr, told);
    assert_eq!(done.stdout, "mine 1.0.0 is trusted as it is\n");
    call.run().fails(4).says("it has run");
    assert!(
        listed(&user).starts_with("mine 1.0.0  project .fetch/plugins/mine\n"),
        "{}",
        listed(&user)
    );
    // Whatever changes, it is another one.
    fs::write(folder.join("main.luau"), format!("{ran} ")).unwrap();
    refused("because: the plugins of this folder have changed since you trusted them");
    fs::write(folder.join("main.luau"), ran).unwrap();
    call.run().fails(4).says("it has run");
    let other = Made {
        id: "other",
        ..made
    };
    let second = folder.with_file_name("other");
    other.write(&second);
    refused("because: the plugins of this folder have changed since you trusted them");
    fs::write(second.join("plugin.toml"), "").unwrap();
    call.run().says(
        "warning: the folder `.fetch/plugins` is not used\n  because: `.fetch/plugins/other/plugin.toml`, line 1",
    );
    plugin(&user, &["trust", "--undo"]).run().success();
    // Of what is not trusted nothing is read.
    refused("because: this folder has plugins, which you do not trust yet");
    fs::remove_dir_all(second).unwrap();
    refused("because: this folder has plugins, which you do not trust yet");
    plugin(&user, &["trust", "--undo"])
        .run()
        .fails(2)
        .says("was not trusted");
    fs::remove_dir_all(&folder).unwrap();
    plugin(&user, &["trust"])
        .run()
        .fails(2)
        .says("there is no plugin in");
    assert_eq!(plugin(&user, &["list"]).run().success().stderr, "");
}

/// The same, where there is something that is not used.
fn listed_of(user: &Fetch) -> String {
    let lines = listed(user);
    let lines = lines.lines().filter(|line| line.starts_with("mine "));
    lines.collect()
}

#[test]
fn plugin_precedence_is_reported() {
    let mut shop = Shop::open();
    shop.hand_out(&mine("1.0.0"));
    shop.sign();
    let user = user(&shop);
    plugin(&user, &["install", "mine", "--yes"]).run().success();
    mine("2.0.0").write(&user.root().join("home/config/fetch/plugins/mine"));
    mine("3.0.0").write(&user.out().join(".fetch/plugins/mine"));
    plugin(&user, &["trust", "--yes"]).run().success();
    let named = user.root().join("named");
    mine("4.0.0").write(&named);
    let line = |user: &Fetch| listed(user).replace(&user.root().display().to_string(), "ROOT");
    let store = "(in place of index shop)";
    let own = "(in place of user ROOT/home/config/fetch/plugins/mine)";
    assert_eq!(
        line(&user),
        format!("mine 3.0.0  project .fetch/plugins/mine {own} {store}\n")
    );
    let words = ["list", "--plugin", named.to_str().unwrap()];
    let list = plugin(&user, &words).run().success().stdout;
    assert!(list.contains("mine 4.0.0  --plugin "), "{list}");
    let words = ["which", "https://mine.test/x", "--plugin", words[2]];
    let which = plugin(&user, &words).run().success().stdout;
    assert!(which.starts_with("mine 4.0.0  --plugin "), "{which}");
}

#[test]
fn the_number_of_project_plugins_is_limited() {
    let user = Fetch::new();
    let folder = user.out().join(".fetch/plugins");
    mine("1.0.0").write(&folder.join("mine"));
    // Whatever they are: that is not looked at before they are counted.
    for at in 1..256 {
        fs::create_dir(folder.join(format!("x{at}"))).unwrap();
    }
    plugin(&user, &["trust", "--yes"]).run().success();
    assert!(listed(&user).starts_with("mine 1.0.0  project "));
    fs::create_dir(folder.join("x256")).unwrap();
    let told = "`.fetch/plugins` has more than 256 entries";
    let listed = plugin(&user, &["list"]).run().success().stdout;
    assert!(!listed.contains("mine 1.0.0"), "{listed}");
    assert!(listed.contains(told), "{listed}");
    let done = user.clone().arg("sources").run().success();
    done.says("warning: the folder `.fetch/plugins` is not used")
        .says(told);
    let done = plugin(&user, &["trust", "--yes"]).run().fails(2);
    done.says("has more than 256 entries");
}
