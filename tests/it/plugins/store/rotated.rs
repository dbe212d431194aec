//! An index that comes to another key.

use super::shop::{Key, Shop, add, listed, mine, plugin, user};
use crate::support::command::Fetch;

/// A shop that has named this key as its next, and a user who has seen that and has a plugin of it.
fn announced(next: &Key) -> (Shop, Fetch) {
    let mut shop = Shop::open();
    shop.hand_out(&mine("1.0.0"));
    shop.sign();
    let user = user(&shop);
    plugin(&user, &["install", "mine", "--yes"]).run().success();
    shop.hand_out(&mine("1.1.0"));
    shop.next_key = Some(next.public());
    shop.sign();
    plugin(&user, &["update"]).run().success();
    assert_eq!(listed(&user), "mine 1.1.0  index shop\n");
    (shop, user)
}

/// What is told of the index.
fn index(user: &Fetch) -> String {
    plugin(user, &["index", "list"]).run().success().stdout
}

#[test]
fn an_index_continues_under_its_announced_key() {
    let (mut shop, user) = announced(&Key::new(8));
    let (old, new) = (shop.key.public(), Key::new(8).public());
    let told = index(&user);
    assert!(
        told.contains(&format!("key {old}  serial 3  next key {new}\n")),
        "{told}"
    );
    // Before that day, the old one signs.
    shop.sign();
    plugin(&user, &["update"]).run().success();
    let before = std::mem::replace(&mut shop.key, Key::new(8));
    shop.hand_out(&mine("1.2.0"));
    shop.sign();
    let done = plugin(&user, &["update"]).run().success();
    assert_eq!(done.stdout, "updated `mine` from 1.1.0 to 1.2.0\n");
    let told = index(&user);
    assert!(told.contains(&format!("key {new}  serial 5\n")), "{told}");
    // What came under the old key is the same index's.
    plugin(&user, &["rollback", "mine"]).run().success();
    plugin(&user, &["rollback", "mine"]).run().success();
    assert_eq!(listed(&user), "mine 1.2.0  index shop\n");
    // Whoever has the old one is nobody now, whatever he names.
    shop.key = before;
    shop.hand_out(&mine("6.6.6"));
    shop.sign();
    let done = plugin(&user, &["update"]).run().fails(3);
    done.says("is signed with a different key than the one you gave");
    assert_eq!(listed(&user), "mine 1.2.0  index shop\n");
    assert!(index(&user).contains(&format!("key {new}  serial 5\n")));
}

#[test]
fn installed_plugins_follow_their_index_to_its_next_key() {
    let (mut shop, user) = announced(&Key::new(8));
    let other = super::shop::Made {
        id: "other",
        ..mine("1.0.0")
    };
    shop.hand_out(&other);
    shop.sign();
    plugin(&user, &["install", "other", "--yes"])
        .run()
        .success();
    shop.key = Key::new(8);
    for version in ["1.2.0", "1.3.0"] {
        shop.hand_out(&mine(version));
        shop.hand_out(&super::shop::Made {
            version,
            ..other.clone()
        });
        shop.sign();
        let done = plugin(&user, &["update"]).run().success();
        assert_eq!(done.stdout.matches("updated").count(), 2, "{}", done.stdout);
    }
}

#[test]
fn only_the_known_key_can_name_the_next_key() {
    let forged = {
        let mut key = Key::new(9);
        key.number(8);
        key
    };
    let another = "is signed with a different key than the one you gave";
    // Each is what somebody does after the index has named key 8, and why it is refused.
    type Attack = fn(&mut Shop, &Fetch);
    let attacks: [(Attack, Key, &str); 5] = [
        (|_, _| {}, Key::new(9), another),
        (|_, _| {}, forged, "does not match its signature"),
        (
            |shop, _| shop.next_key = Some(Key::new(9).public()),
            Key::new(9),
            another,
        ),
        // What was named is taken back.
        (
            |shop, user| {
                shop.next_key = None;
                shop.sign();
                plugin(user, &["update"]).run().success();
            },
            Key::new(8),
            another,
        ),
        (
            |shop, _| shop.serial = 0,
            Key::new(8),
            "has the serial 1, but 3 was seen before",
        ),
    ];
    for (attack, key, expected) in attacks {
        let (mut shop, user) = announced(&Key::new(8));
        attack(&mut shop, &user);
        let before = index(&user);
        shop.key = key;
        shop.hand_out(&mine("6.6.6"));
        shop.sign();
        plugin(&user, &["update"]).run().fails(3).says(expected);
        assert_eq!(listed(&user), "mine 1.1.0  index shop\n", "{expected}");
        assert_eq!(index(&user), before, "{expected}");
    }
    // On the way, a name is put into what was signed.
    let (mut shop, user) = announced(&Key::new(8));
    let before = index(&user);
    shop.next_key = Some(Key::new(9).public());
    let forged = shop.index();
    shop.put("index.json", forged);
    let done = plugin(&user, &["update"]).run().fails(3);
    done.says("does not match its signature");
    assert_eq!(index(&user), before);
    shop.next_key = Some("RWnone".into());
    shop.sign();
    let done = plugin(&user, &["update"]).run().fails(3);
    done.says("names an invalid next key");
    assert_eq!(index(&user), before);
}

#[test]
fn an_unannounced_key_change_gets_a_hint() {
    let mut shop = Shop::open();
    shop.hand_out(&mine("1.0.0"));
    shop.sign();
    let user = user(&shop);
    shop.key = Key::new(8);
    shop.sign();
    let done = plugin(&user, &["install", "mine", "--yes"]).run().fails(4);
    done.says("`fetch plugin index remove shop` and add it again with that");
    plugin(&user, &["index", "remove", "shop"]).run().success();
    add(&user, &shop).run().success();
    plugin(&user, &["install", "mine", "--yes"]).run().success();
}
