//! `warn`: what a site lists and cannot give, which whoever runs this has to know.

use super::kit::{change, new, test};
use super::{USUAL, call};
use crate::support::{Reply, Site};

#[test]
fn script_warnings_are_shown_by_default() {
    let site = Site::start();
    let script = "return { extract = function() warn('page 1\\27[31m\\nof 2') end }";
    let said = call(&site, USUAL, script).run().stderr;
    assert!(said.contains("warning: mine: page 1 [31m of 2\n"), "{said}");
}

#[test]
fn a_script_warns_no_more_than_can_be_read() {
    let site = Site::start();
    let script = "return { extract = function() for at = 1, 5000 do warn(`no {at}`) end end }";
    let call = call(&site, USUAL, script);
    let said = call.clone().run().stderr;
    assert_eq!(said.matches("warning: mine: no ").count(), 20, "{said}");
    assert!(
        said.contains("warning: mine: there are more warnings; `-v` shows them\n"),
        "{said}"
    );
    let said = call.arg("-v").run().stderr;
    assert!(said.contains("mine: no 5000\n"), "{said}");
}

#[test]
fn warnings_while_resolving_are_not_shown() {
    let site = Site::start();
    let script = "return { extract = function(ctx) emit({ key = 'a' }) end,\n\
        resolve = function(ctx, item) warn('anew') item.url = ctx.options.site .. '/a.bin' return item end }";
    site.on("/a.bin", Reply::file(b"some bytes".to_vec()));
    let done = call(&site, USUAL, script).run().success();
    assert!(!done.stderr.contains("anew"), "{}", done.stderr);
}

#[test]
fn cases_must_list_the_warnings() {
    let (fetch, folder) = new();
    let warning = "    warn(`{ctx.params.id} lacks one`)\n    local album";
    change(&folder.join("main.luau"), "    local album", warning);
    let said = test(&fetch).run().fails(3).stdout;
    assert!(said.contains("`warned` is not as expected"), "{said}");
    let case = folder.join("cases/album.toml");
    change(&case, "link = ", "warned = [\"7 lacks one\"]\nlink = ");
    assert_eq!(test(&fetch).run().success().stdout, "ok      album\n");
}
