//! Links of no known site that redirect to a page of one, as short links do.

use super::{USUAL, plugin};
use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

#[test]
fn a_redirect_to_a_page_of_a_known_site_is_listed_by_its_source() {
    for page in [
        Reply::html("<meta property='og:image' content='/thumbnail.jpg'>"),
        Reply::text("sign in").status(403),
    ] {
        let site = Site::start();
        site.on(
            "http://short.test/go",
            Reply::redirect("http://mine.test/post/7"),
        );
        site.on("http://mine.test/post/7", page);
        let bytes = small(Format::Jpeg, 1);
        site.on("/7.jpg", Reply::file(bytes.clone()));
        let script = "return { extract = function(ctx) \
            assert(ctx.url == 'http://mine.test/post/7') \
            emit({ key = '7', url = ctx.options.site .. '/7.jpg' }) end }";
        // What a proxy has found counts as public, and this file is not.
        let fetch = Fetch::new().args(["-R", "0", "-S", "net.private=always"]);
        let folder = plugin(&fetch, USUAL, script);
        // The site is a proxy for everything else, too.
        let user = fetch
            .arg("--plugin")
            .arg(folder)
            .args(["-S", &format!("source.mine.site={}", site.url(""))])
            .env("HTTP_PROXY", site.url(""))
            .env("NO_PROXY", "127.0.0.1")
            .arg("http://short.test/go");
        let done = user.run().success();
        let files: Vec<_> = user.files().into_values().collect();
        assert_eq!(files, [bytes], "{}", done.stderr);
        // The next run knows the item.
        user.run().success().says("0 new, 1 had");
    }
}
