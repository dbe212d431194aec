//! Listings of buckets, as S3 and those that speak its language give them.

use std::sync::Arc;

use fetch::model::{Album, Error, Expect, Kind, Meta, Request, Result};
use fetch::model::{Body, Item};
use fetch::source::{Answer, Ctx, Outlet, Pages, url_key, url_name};
use quick_xml::events::Event;
use quick_xml::reader::Reader;
use url::Url;

use super::Page;

/// A page of a listing.
#[derive(Debug, Default, PartialEq)]
struct Listing {
    name: String,
    /// Keys with their sizes.
    keys: Vec<(String, Option<u64>)>,
    /// Where the next page begins: its parameter and the value.
    next: Option<(&'static str, String)>,
}

/// Whether an answer is a listing of a bucket.
pub(super) fn is_one(body: &[u8]) -> bool {
    let head = &body[..body.len().min(1024)];
    let word = b"<ListBucketResult";
    head.windows(word.len()).any(|part| part == word)
}

impl Page {
    /// Lists a bucket, page after page.
    pub(super) async fn bucket(&self, ctx: &Ctx, first: Answer, out: &Outlet) -> Result<()> {
        let mut root = first.url.clone();
        root.set_query(None);
        root.set_fragment(None);
        let mut pages = Pages::new();
        let mut answer = first;
        let mut album = None;
        loop {
            let listing = read(&answer.text())?;
            let album = album.get_or_insert_with(|| {
                Arc::new(Album {
                    id: url_key(&answer.url),
                    title: Some(listing.name.clone()).filter(|name| !name.is_empty()),
                    count: None,
                })
            });
            for (key, size) in &listing.keys {
                let Some(url) = place(&root, key).filter(|_| !key.ends_with('/')) else {
                    continue;
                };
                let (name, ext) = url_name(&url);
                let request = Request {
                    expect: Expect {
                        size: *size,
                        ..Expect::default()
                    },
                    ..Request::new(url.clone())
                };
                out.unnumbered(Item {
                    source: self.manifest.name.clone(),
                    key: url_key(&url),
                    meta: Meta {
                        name,
                        ext,
                        album: Some(album.clone()),
                        ..Meta::default()
                    },
                    body: Body::File(request),
                })
                .await?;
            }
            let Some((parameter, value)) = listing.next else {
                return Ok(());
            };
            pages.turn(&value)?;
            let mut next = first_query(&answer.url, parameter);
            next.query_pairs_mut().append_pair(parameter, &value);
            answer = ctx.get(next).send().await?.ok()?;
        }
    }
}

/// The URL of a listing without this parameter.
fn first_query(url: &Url, parameter: &str) -> Url {
    let mut next = url.clone();
    let kept = url.query_pairs().filter(|(name, _)| name != parameter);
    let kept: Vec<(String, String)> = kept
        .map(|(n, v)| (n.into_owned(), v.into_owned()))
        .collect();
    next.query_pairs_mut().clear().extend_pairs(kept);
    next
}

/// Where the object of this key is. Each part of it is a segment of its own, so that no key leads out of the bucket.
fn place(root: &Url, key: &str) -> Option<Url> {
    let mut url = root.clone();
    if key.split('/').any(|part| matches!(part, "." | "..")) {
        return None;
    }
    url.path_segments_mut()
        .ok()?
        .pop_if_empty()
        .extend(key.split('/'));
    Some(url)
}

/// Reads one page of a listing.
fn read(text: &str) -> Result<Listing> {
    let mut reader = Reader::from_str(text);
    let mut listing = Listing::default();
    let (mut path, mut value) = (Vec::<String>::new(), String::new());
    let mut size = None;
    let mut key = None;
    let wrong = |error: quick_xml::Error| {
        Error::new(Kind::Corrupt, "cannot read the listing of the bucket").because(error)
    };
    let mut truncated = false;
    let (mut token, mut marker) = (None, None);
    loop {
        match reader.read_event().map_err(wrong)? {
            Event::Start(start) => {
                if path.len() > 20 {
                    return Err(Error::new(Kind::Corrupt, "the listing is nested too deep"));
                }
                path.push(start.local_name().as_ref().to_owned());
                value.clear();
            }
            Event::Text(text) => value.push_str(&text),
            Event::GeneralRef(name) => super::text::entity(&name, &mut value),
            Event::End(_) => {
                let name = path.pop().unwrap_or_default();
                let inner = std::mem::take(&mut value);
                match (path.len(), name.as_str()) {
                    (1, "Name") => listing.name = inner,
                    (1, "IsTruncated") => truncated = inner.trim() == "true",
                    (1, "NextContinuationToken") => token = Some(inner),
                    (1, "NextMarker") => marker = Some(inner),
                    (2, "Key") => key = Some(inner),
                    (2, "Size") => size = inner.trim().parse().ok(),
                    (1, "Contents") => {
                        let size = size.take();
                        listing.keys.extend(key.take().map(|key| (key, size)));
                    }
                    _ => {}
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if truncated {
        let last = listing.keys.last().map(|(key, _)| key.clone());
        let marker = marker.or(last).map(|marker| ("marker", marker));
        listing.next = token.map(|token| ("continuation-token", token)).or(marker);
    }
    Ok(listing)
}

/// Reads what may be a listing, for the fuzzer. No object is outside of the bucket.
#[cfg(fuzzing)]
pub(super) fn fuzz(data: &[u8]) {
    let Ok(root) = Url::parse("https://bucket.example/a/b") else {
        return;
    };
    if !is_one(data) {
        return;
    }
    let listing = read(&String::from_utf8_lossy(data)).unwrap_or_default();
    for url in listing.keys.iter().filter_map(|(key, _)| place(&root, key)) {
        assert!(url.path().starts_with("/a/b/"));
        assert_eq!(url.host(), root.host());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_names_its_objects_and_what_follows() {
        let text = "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY bomb 'xxx'>]><ListBucketResult xmlns='x'><Name>b</Name>\
            <IsTruncated>true</IsTruncated><Contents><Key>a/b &amp; c.jpg</Key><Size>7</Size></Contents>\
            <Contents><Key>&bomb;d</Key></Contents><NextContinuationToken>t=</NextContinuationToken></ListBucketResult>";
        let listing = read(text).unwrap();
        let expected = [("a/b & c.jpg".to_owned(), Some(7)), ("d".to_owned(), None)];
        assert_eq!(listing.keys, expected);
        assert_eq!(listing.next, Some(("continuation-token", "t=".to_owned())));
        assert!(read("<a><b></a>").is_err());
    }

    #[test]
    fn no_key_leads_out_of_the_bucket() {
        let root = Url::parse("https://s3.example/bucket?x=1").unwrap();
        let at = |key: &str| place(&root, key).map(|url| url.path().to_owned());
        assert_eq!(at("a/b c?.jpg").as_deref(), Some("/bucket/a/b%20c%3F.jpg"));
        assert_eq!(at("../other/a.jpg"), None);
    }
}
