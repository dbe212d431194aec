//! Compiles the plugins again, from outside the library. A plugin that reaches for something private fails here, so
//! whatever they can do, a stranger's crate can do as well.

#[path = "../plugins/mod.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "in the library these are public, and here nobody calls them"
)]
mod plugins;

use fetch::source::check;

#[test]
fn plugins_compile_against_the_public_api_alone() {
    let sources = plugins::all(&Default::default()).unwrap();
    assert_eq!(check(&sources), Vec::<String>::new());
}
