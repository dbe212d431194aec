//! Pictures described in JSON-LD, compared with those shown on the page.

use super::cases::takes;

#[test]
fn structured_data_replaces_thumbnails_by_originals() {
    takes(&[
        (
            "<script type=application/ld+json>[{\"@type\":\"ImageObject\",\"contentUrl\":\"/full/1.jpg\",\"thumbnailUrl\":\"/t/a.jpg\"},\
             {\"@type\":\"ImageObject\",\"contentUrl\":\"/full/2.jpg\",\"thumbnail\":{\"contentUrl\":\"/t/b.jpg\"}}]</script>\
             <img src=/t/b.jpg><img src=/t/a.jpg><img src=/t/c.jpg>",
            &["/full/2.jpg", "/full/1.jpg", "/t/c.jpg"],
        ),
        // The thumbnail of a video does not count, nor does a page as a picture.
        (
            "<script type=application/ld+json>[{\"@type\":\"VideoObject\",\"contentUrl\":\"/v.mp4\",\"thumbnailUrl\":\"/t/a.jpg\"},\
             {\"@type\":\"ImageObject\",\"contentUrl\":\"/photo/2\",\"thumbnailUrl\":\"/t/b.jpg\"}]</script>\
             <img src=/t/a.jpg><img src=/t/b.jpg>",
            &["/v.mp4", "/t/a.jpg", "/t/b.jpg"],
        ),
    ]);
}

#[test]
fn crops_for_search_engines_are_not_separate_pictures() {
    let told = "<script type=application/ld+json>{\"image\":[\"/i/pie-1x1.jpg\",\"/i/pie-4x3.jpg\",\"/i/pie-16x9.jpg\"]}</script>";
    takes(&[
        (&format!("{told}<img src=/i/pie.jpg>"), &["/i/pie.jpg"]),
        (
            &format!("{told}<img src=/i/pie-1024x683.jpg>"),
            &["/i/pie-1024x683.jpg"],
        ),
        (
            &format!("{told}<meta property=og:image content=/i/pie.jpg>"),
            &["/i/pie.jpg"],
        ),
        // There is nothing else.
        (told, &["/i/pie-4x3.jpg"]),
        // The page shows both on purpose.
        (
            &format!("{told}<img src=/i/pie-16x9.jpg><img src=/i/pie-4x3.jpg>"),
            &["/i/pie-16x9.jpg", "/i/pie-4x3.jpg"],
        ),
    ]);
}
