//! Links opened by a script, or shown by another page, and the pictures they lead to.

use super::cases::{taken, takes};

#[test]
fn a_script_that_names_one_picture_opens_it() {
    for link in [
        "<a href=\"javascript:pop('full/3.png')\">",
        "<a href=\"JavaScript: pop(&quot;full/3.png&quot;, 'name', 800)\">",
        "<a href='#' onclick=\"window.open('full/3.png','x')\">",
        "<a onclick=\"show('/a/full/3.png')\">",
        "<a href=/view/3 onclick=\"show('full/3.png'); return false;\">",
    ] {
        let html = format!("{link}<img src=/thumb/3.png></a>");
        assert_eq!(taken(&html), ["/a/full/3.png"], "{html}");
    }
    for link in [
        // It may be any of them.
        "<a href=\"javascript:pop('full/3.png', 'full/4.png')\">",
        "<a href=\"javascript:pop('3')\">",
        "<a href='#' onclick=\"go('page.html')\">",
        "<a href='#' onclick=\"go('<img src=x.png>')\">",
        "<a href='#' onclick=\"wait('loading.gif')\">",
        // It only counts visits.
        "<a href=/view/3 onclick=\"ga('send', '3.png')\">",
    ] {
        let html = format!("{link}<img src=/thumb/3.png></a>");
        assert_eq!(taken(&html), ["/thumb/3.png"], "{html}");
    }
    takes(&[
        (
            "<a href=/f.png onclick=\"x('g.png'); return false\"><img src=/t.png></a>",
            &["/f.png"],
        ),
        // Without a picture within, it may do anything.
        ("<a href='#' onclick=\"vote('up.png')\">Up</a>", &[]),
    ]);
}

#[test]
fn viewer_links_lead_to_their_picture() {
    takes(&[
        (
            "<a href='view.php?img=full/5.png'><img src=/thumb/5.png></a>",
            &["/a/full/5.png"],
        ),
        (
            "<a href='/show?lang=en&file=%2Fu%2F5.png&w=3'><img src=/u/5-150x150.png></a>",
            &["/u/5.png"],
        ),
        (
            "<a href='/show?src=https://y.org/u/5.png'><img src=/thumb/5.png></a>",
            &["https://y.org/u/5.png"],
        ),
        // Its path is unknown.
        (
            "<a href='view.php?img=5.png'><img src=/thumb/5.png></a>",
            &["/thumb/5.png"],
        ),
        // A different picture, or one of two.
        (
            "<a href='/pin?media=/u/6.png'><img src=/thumb/5.png></a>",
            &["/thumb/5.png"],
        ),
        (
            "<a href='/v?a=/u/5.png&b=/w/5.png'><img src=/thumb/5.png></a>",
            &["/thumb/5.png"],
        ),
        // A smaller one.
        (
            "<a href='/pin?media=/u/5-150x150.png'><img src=/u/5-800x600.png></a>",
            &["/u/5-800x600.png"],
        ),
    ]);
    // Implausibly long queries are not read to their end.
    let long = "a=1&".repeat(30);
    let html = format!("<a href='/v?{long}img=/u/5.png'><img src=/thumb/5.png></a>");
    assert_eq!(taken(&html), ["/thumb/5.png"]);
}
