//! Somebody sits there and is asked.

use super::shop::{Made, Shop, listed, mine, plugin, user};
use crate::support::command::Fetch;
use crate::terminal::Terminal;

/// A call at a terminal, of somebody who answers so to this question.
fn answered(call: &Fetch, question: &str, answer: &str) -> i32 {
    let mut terminal = Terminal::open();
    let onto = format!("exec \"$0\" \"$@\" <{0} 2>{0}", terminal.path);
    let running = call.clone().through(["sh", "-c", &onto]).spawn();
    terminal.wait_for(question);
    terminal.press(answer);
    running.wait().code
}

#[test]
fn only_an_explicit_yes_is_consent() {
    let mut shop = Shop::open();
    shop.hand_out(&mine("1.0.0"));
    shop.sign();
    let user = user(&shop);
    let install = plugin(&user, &["install", "mine"]);
    let question = "install it? [y/N] ";
    for answer in ["\n", "n\n", "yeah\n", "\u{4}"] {
        assert_eq!(answered(&install, question, answer), 2, "{answer:?}");
        assert_eq!(listed(&user), "", "{answer:?}");
    }
    assert_eq!(answered(&install, question, "y\n"), 0);
    assert_eq!(listed(&user), "mine 1.0.0  index shop\n");
    shop.hand_out(&Made {
        permissions: "request = ['mine.test']\nmedia = ['*']",
        ..mine("1.1.0")
    });
    shop.sign();
    let update = plugin(&user, &["update", "mine"]);
    assert_eq!(answered(&update, question, "n\n"), 2);
    assert_eq!(listed(&user), "mine 1.0.0  index shop\n");
    assert_eq!(answered(&update, question, "y\n"), 0);
    assert_eq!(listed(&user), "mine 1.1.0  index shop\n");
}

#[test]
fn ctrl_c_at_the_question_installs_nothing() {
    let mut shop = Shop::open();
    shop.hand_out(&mine("1.0.0"));
    shop.sign();
    let user = user(&shop);
    let install = plugin(&user, &["install", "mine"]);
    let mut terminal = Terminal::open();
    let onto = format!("exec \"$0\" \"$@\" <{0} 2>{0}", terminal.path);
    let running = install.through(["sh", "-c", &onto]).spawn();
    terminal.wait_for("install it? [y/N] ");
    running.interrupt();
    assert_eq!(running.wait().code, 130);
    assert_eq!(listed(&user), "");
}
