//! Listings of buckets that are not whole, or name what is not there.

use super::{names, picture};
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

const HEAD: &str = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>";

fn xml(text: impl Into<String>) -> Reply {
    Reply::text(text.into()).content_type("application/xml")
}

#[test]
fn a_bucket_whose_next_page_is_invalid_is_incomplete() {
    let error = "<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>no</Message></Error>";
    let pages = [
        (xml(error), "`Error` (SlowDown)"),
        (Reply::html("<html><body>busy</body></html>"), "`html`"),
        (xml(format!("{HEAD}<Contents><Key>b.jp")), "it breaks off"),
        (xml(""), "it is empty"),
    ];
    for (second, why) in pages {
        let site = Site::start();
        let first = format!(
            "{HEAD}<IsTruncated>true</IsTruncated><Contents><Key>a.jpg</Key></Contents>\
            <NextContinuationToken>t</NextContinuationToken></ListBucketResult>"
        );
        site.on("/b", xml(first)).once();
        site.on("/b?continuation-token=t", second).once();
        picture(&site, "/b/a.jpg", 1);
        let fetch = Fetch::new().arg(site.url("/b"));
        fetch.run().fails(3).says("page 2 of the listing").says(why);
        assert_eq!(names(&fetch), ["a.jpg"]);
    }
}

#[test]
fn a_bucket_with_only_folders_says_so() {
    let site = Site::start();
    let listing = format!(
        "{HEAD}<IsTruncated>false</IsTruncated><CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>\
        <CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes></ListBucketResult>"
    );
    site.on("/b?delimiter=/", xml(listing)).once();
    let done = Fetch::new().arg(site.url("/b?delimiter=/")).run().fails(5);
    done.says("has 2 folders and no objects")
        .says("`delimiter`");
}

#[test]
fn objects_without_a_valid_url_get_a_warning() {
    let site = Site::start();
    let keys = ["a.jpg", "x/../b.jpg", "folder/"]
        .map(|key| format!("<Contents><Key>{key}</Key></Contents>"));
    let listing = format!("{HEAD}{}</ListBucketResult>", keys.concat());
    site.on("/b", xml(listing)).once();
    picture(&site, "/b/a.jpg", 1);
    let fetch = Fetch::new().arg(site.url("/b"));
    let done = fetch.run().success();
    done.says("warning: 1 objects of `");
    assert_eq!(names(&fetch), ["a.jpg"]);
}

#[test]
fn url_encoded_bucket_keys_are_decoded() {
    let site = Site::start();
    let first = format!(
        "{HEAD}<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><Contents><Key>x/one+%26+two%2B.jpg</Key></Contents></ListBucketResult>"
    );
    let second = format!("{HEAD}<EncodingType>url</EncodingType></ListBucketResult>");
    site.on("/b?encoding-type=url", xml(first)).once();
    let next = "/b?encoding-type=url&marker=x%2Fone+%26+two%2B.jpg";
    site.on(next, xml(second)).once();
    picture(&site, "/b/x/one%20&%20two+.jpg", 1);
    let fetch = Fetch::new().arg(site.url("/b?encoding-type=url"));
    fetch.run().success();
    assert_eq!(names(&fetch), ["one & two+.jpg"]);
}
