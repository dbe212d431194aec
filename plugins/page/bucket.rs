//! Bucket listings, as returned by S3 and compatible services.

use std::sync::Arc;

use fetch::model::{Album, Error, Expect, Kind, Medium, Meta, Request, Result};
use fetch::model::{Body, Item};
use fetch::net::Redacted;
use fetch::source::{Answer, Ctx, Outlet, Pages, url_key, url_medium, url_name};
use quick_xml::events::Event;
use quick_xml::reader::Reader;
use url::Url;

use super::super::stream::{StreamFormat, video_name};
use super::Page;
use super::text::line;

/// One page of a listing.
#[derive(Debug, Default, PartialEq)]
struct Listing {
    name: String,
    /// Keys with their sizes.
    keys: Vec<(String, Option<u64>)>,
    /// How many folders (common prefixes) are listed instead of their content.
    folders: usize,
    /// The start of the next page: its parameter and value.
    next: Option<(&'static str, String)>,
}

/// Checks whether a response is a bucket listing.
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
        let (mut folders, mut elsewhere) = (0, 0);
        for number in 1.. {
            let listing = read(&answer.text()).map_err(|mut error| {
                if number > 1 {
                    error.message = format!("page {number} of the listing: {}", error.message);
                }
                error
            })?;
            folders += listing.folders;
            let album = album.get_or_insert_with(|| {
                Arc::new(Album {
                    id: url_key(&answer.url),
                    title: Some(listing.name.clone()).filter(|name| !name.is_empty()),
                    count: None,
                })
            });
            for (key, size) in &listing.keys {
                if key.ends_with('/') {
                    continue;
                }
                let Some(url) = place(&root, key) else {
                    elsewhere += 1;
                    continue;
                };
                let form = StreamFormat::of_url(&url);
                let (name, ext) = match form {
                    None => {
                        let (name, ext) = url_name(&url);
                        (name, ext.or_else(|| Some(String::new())))
                    }
                    Some(_) => (video_name(&url), None),
                };
                let request = Request {
                    expect: Expect {
                        size: *size,
                        // As for a direct link. An object listed as empty may well be empty.
                        medium: url_medium(&url)
                            .filter(|_| *size != Some(0))
                            .map(|_| Medium::Any),
                        ..Expect::default()
                    },
                    ..Request::new(url.clone())
                };
                out.unnumbered(Item {
                    source: self.manifest.name.clone(),
                    key: url_key(&url),
                    meta: Meta {
                        // For a stream, the file name of the playlist is no use as a name.
                        title: name.clone().filter(|_| form.is_some()),
                        name,
                        ext,
                        album: Some(album.clone()),
                        ..Meta::default()
                    },
                    body: match form {
                        Some(form) => form.body(request),
                        None => Body::File(request),
                    },
                })
                .await?;
            }
            let Some((parameter, value)) = listing.next else {
                if elsewhere > 0 {
                    let root = Redacted(&root);
                    out.warn(format!(
                        "{elsewhere} objects of `{root}` are left out: no address can have `..` in it"
                    ))
                    .await?;
                }
                return match out.items() == 0 && folders > 0 {
                    true => Err(only_folders(&answer.url, folders)),
                    false => Ok(()),
                };
            };
            pages.turn(&value)?;
            let mut next = first_query(&answer.url, parameter);
            next.query_pairs_mut().append_pair(parameter, &value);
            answer = ctx.get(next).send().await?.ok()?;
        }
        Ok(())
    }
}

/// Returns the URL of a listing without this parameter.
fn first_query(url: &Url, parameter: &str) -> Url {
    let mut next = url.clone();
    let kept = url.query_pairs().filter(|(name, _)| name != parameter);
    let kept: Vec<(String, String)> = kept
        .map(|(n, v)| (n.into_owned(), v.into_owned()))
        .collect();
    next.query_pairs_mut().clear().extend_pairs(kept);
    next
}

/// Returns the URL of the object with this key. Each part of the key becomes a path segment of its own, so that no key
/// leads out of the bucket.
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

/// Builds the error for a listing whose parameters hide all objects.
fn only_folders(url: &Url, count: usize) -> Error {
    let url = Redacted(url);
    let message = format!("the listing of the bucket `{url}` has {count} folders and no objects");
    Error::new(Kind::Unsupported, message)
        .hint("without `delimiter` in its address, it also lists what is in them")
}

/// A listing being parsed, which may still be incomplete.
#[derive(Default)]
struct Reading {
    listing: Listing,
    key: Option<String>,
    size: Option<u64>,
    is_truncated: bool,
    /// Whether keys are encoded as in a query.
    is_encoded: bool,
    token: Option<String>,
    marker: Option<String>,
    /// The error code, if an error came instead of a listing.
    code: Option<String>,
}

/// Parses one page of a listing, which has to be complete.
fn read(text: &str) -> Result<Listing> {
    let wrong = || Error::new(Kind::Corrupt, "cannot read the listing of the bucket");
    let mut reader = Reader::from_str(text);
    let mut reading = Reading::default();
    let (mut path, mut value) = (Vec::<String>::new(), String::new());
    let mut root = None;
    loop {
        let event = reader
            .read_event()
            .map_err(|error| wrong().because(error))?;
        match event {
            Event::Start(start) => {
                if path.len() > 20 {
                    return Err(Error::new(
                        Kind::Corrupt,
                        "the listing is nested too deeply",
                    ));
                }
                let name: String = start.local_name().as_ref().to_owned();
                root.get_or_insert_with(|| name.clone());
                path.push(name);
                value.clear();
            }
            Event::Empty(start) if root.is_none() => {
                root = Some(start.local_name().as_ref().to_owned());
            }
            Event::Text(text) => value.push_str(&text),
            Event::CData(text) => value.push_str(&text),
            Event::GeneralRef(name) => super::text::entity(&name, &mut value),
            Event::End(_) => {
                let name = path.pop().unwrap_or_default();
                reading.end(path.len(), &name, std::mem::take(&mut value));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let why = match root.as_deref() {
        None => "it is empty".to_owned(),
        Some("ListBucketResult") if path.is_empty() => return reading.whole(),
        Some("ListBucketResult") => "it breaks off".to_owned(),
        Some(other) => {
            let code = reading.code.map(|code| format!(" ({})", line(&code)));
            format!("it is `{}`{}", line(other), code.unwrap_or_default())
        }
    };
    Err(wrong().because(why))
}

impl Reading {
    /// Handles the end of an element at this depth, with its content.
    fn end(&mut self, depth: usize, name: &str, inner: String) {
        match (depth, name) {
            (1, "Name") => self.listing.name = inner,
            (1, "IsTruncated") => self.is_truncated = inner.trim() == "true",
            (1, "EncodingType") => self.is_encoded = inner.trim() == "url",
            (1, "NextContinuationToken") => self.token = Some(inner),
            (1, "NextMarker") => self.marker = Some(inner),
            (1, "Code") => self.code = Some(inner),
            (1, "CommonPrefixes") => self.listing.folders += 1,
            (2, "Key") => self.key = Some(inner),
            (2, "Size") => self.size = inner.trim().parse().ok(),
            (1, "Contents") => {
                let size = self.size.take();
                let key = self.key.take().map(|key| (key, size));
                self.listing.keys.extend(key);
            }
            _ => {}
        }
    }

    /// Returns the listing, with the start of the next page if there is one.
    fn whole(self) -> Result<Listing> {
        let (mut listing, mut marker) = (self.listing, self.marker);
        if self.is_encoded {
            let encoded = listing.keys.iter_mut().map(|(key, _)| key);
            encoded
                .chain(&mut marker)
                .for_each(|key| *key = decoded(key));
        }
        if self.is_truncated {
            let last = listing.keys.last().map(|(key, _)| key.clone());
            let marker = marker.or(last).map(|marker| ("marker", marker));
            let token = self.token.map(|token| ("continuation-token", token));
            let next = token.or(marker).filter(|(_, value)| !value.is_empty());
            listing.next = Some(next.ok_or_else(|| {
                let message = "the listing of the bucket is incomplete";
                Error::new(Kind::Corrupt, message).because("it does not say where it continues")
            })?);
        }
        Ok(listing)
    }
}

/// Decodes a key that is encoded as in a query (`encoding-type=url`).
fn decoded(key: &str) -> String {
    let spaced = key.replace('+', " ");
    let bytes = percent_encoding::percent_decode_str(&spaced);
    bytes.decode_utf8_lossy().into_owned()
}

/// Parses fuzzer input as a listing, and checks that no object is outside the bucket.
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
    fn incomplete_bucket_listings_are_refused() {
        for (text, why) in [
            ("", "it is empty"),
            ("busy", "it is empty"),
            ("<html></html>", "it is `html`"),
            ("<Error><Code>SlowDown</Code></Error>", "`Error` (SlowDown)"),
            (
                "<ListBucketResult><Contents><Key>a.jpg</Key></Contents><Contents><Key>b.j",
                "it breaks off",
            ),
            (
                "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
                "it does not say where it continues",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.kind, Kind::Corrupt, "{text}");
            assert!(error.causes().join(" ").contains(why), "{text}: {error:?}");
        }
        let listing = read("<ListBucketResult/>").unwrap();
        assert_eq!(listing, Listing::default());
        let listing = read(
            "<ListBucketResult><Contents><Key><![CDATA[a&b]]></Key></Contents></ListBucketResult>",
        );
        assert_eq!(listing.unwrap().keys, [("a&b".to_owned(), None)]);
    }

    #[test]
    fn no_object_key_leads_out_of_the_bucket() {
        let root = Url::parse("https://s3.example/bucket?x=1").unwrap();
        let at = |key: &str| place(&root, key).map(|url| url.path().to_owned());
        assert_eq!(at("a/b c?.jpg").as_deref(), Some("/bucket/a/b%20c%3F.jpg"));
        assert_eq!(at("../other/a.jpg"), None);
    }
}
