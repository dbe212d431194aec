//! Links around pictures without a picture extension, and which of them are taken for the full-size picture.

use super::cases::{taken, takes};
use super::*;

#[test]
fn a_link_may_be_the_picture_in_full_though_it_does_not_end_as_one() {
    takes(&[
        // XenForo.
        (
            "<a class='file-preview js-lbImage' href=/attachments/img_3-jpg.103/><img src=/data/attachments/0/103-cafe.jpg></a>",
            &["/attachments/img_3-jpg.103/"],
        ),
        (
            "<a href=/attachments/img_2-jpg.102/><img src=/data/attachments/0/102-dead.jpg alt=IMG_2.jpg></a>",
            &["/attachments/img_2-jpg.102/"],
        ),
        // phpBB.
        (
            "<a href='/download/file.php?id=12&mode=view'><img src='/download/file.php?id=12&t=1' alt=car.jpg></a>",
            &["/download/file.php?id=12&mode=view"],
        ),
        // vBulletin.
        (
            "<a href='attachment.php?attachmentid=21&d=1'><img src='attachment.php?attachmentid=21&stc=1&thumb=1&d=1'></a>",
            &["/a/attachment.php?attachmentid=21&d=1"],
        ),
        // SMF.
        (
            "<a href='/index.php?action=dlattach;attach=12;image'><img src='/index.php?action=dlattach;attach=13;image'></a>",
            &["/index.php?action=dlattach;attach=12;image"],
        ),
        // Fandom.
        (
            "<a href='/a/ab/Fight.jpg/revision/latest?cb=1'><img src='/a/ab/Fight.jpg/revision/latest/scale-to-width-down/300?cb=1'></a>",
            &["/a/ab/Fight.jpg/revision/latest?cb=1"],
        ),
        // Substack.
        (
            "<a href='/fetch/f_auto/https%3A%2F%2Fs3.example%2Fup%2Fa.jpeg'><img src='/fetch/w_400/https%3A%2F%2Fs3.example%2Fup%2Fa.jpeg'></a>",
            &["/fetch/f_auto/https%3A%2F%2Fs3.example%2Fup%2Fa.jpeg"],
        ),
        // Lightboxes.
        (
            "<a data-fancybox=g href='/image.php?id=1&size=full'><img src=/thumbs/1.jpg></a>",
            &["/image.php?id=1&size=full"],
        ),
        (
            "<a rel='lightbox[trip]' href=/media/12><img src=/thumbs/12.jpg></a>",
            &["/media/12"],
        ),
    ]);
}

#[test]
fn a_link_to_a_page_is_not_a_picture() {
    for link in [
        "<a href=/photo/12>",
        "<a href='/gallery.php?id=12'>",
        // Galleries name their thumbnails after the files.
        "<a href='/picture.php?/5/category/3'>",
        "<a href='/displayimage.php?pid=12'>",
        "<a href=/up/t.jpg/comments>",
        "<a href=/attachments.html class=lightbox>",
        "<a href=/popup.html data-fancybox>",
        "<a href=/show.php class=lightbox>",
        "<a href=#more data-fancybox>",
        "<a href=/ class=lightbox>",
        "<a href=/film/3 data-fancybox data-type=iframe>",
        "<a href=/film/3 class='glightbox iframe'>",
        "<a href='https://video.example/watch?v=1' data-fancybox>",
        "<a href='https://photos.example/12' class=lightbox>",
    ] {
        let html = format!("{link}<img src=/up/thumb/t.jpg alt=IMG_5.jpg></a>");
        assert_eq!(taken(&html), ["/up/thumb/t.jpg"], "{html}");
    }
    let other = "<a href='/show.php?id=1'><img src='/show.php?id=2&t=1'></a>";
    assert_eq!(taken(other), ["/show.php?id=2&t=1"]);
    let mode = "<a href='/index.php?mode=view&id=1'><img src='/index.php?mode=thumb&id=1'></a>";
    assert_eq!(taken(mode), ["/index.php?mode=thumb&id=1"]);
    let script = "<a href=/show.php><img src='/show.php?w=100'></a>";
    assert_eq!(taken(script), ["/show.php?w=100"]);
}

#[test]
fn a_crawl_follows_lightbox_links_to_pages_itself() {
    let deep = Options {
        depth: 1,
        ..Options::default()
    };
    let urls = |html: &str| super::tests::urls(html, &deep);
    let html = "<a class=lightbox href=/media/12><img src=/thumbs/12.jpg></a>";
    assert_eq!(urls(html), ["https://x.org/thumbs/12.jpg"]);
    let html = "<a class=lightbox href=/attachments/12/><img src=/thumbs/12.jpg></a>";
    assert_eq!(urls(html), ["https://x.org/attachments/12/"]);
}
