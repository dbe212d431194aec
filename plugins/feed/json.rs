//! JSON Feed (versions 1 and 1.1).

use std::collections::HashMap;

use fetch::model::{Error, Kind, Result};
use fetch::net::read_json;
use serde_json::{Map, Value};

use super::post::{Enclosure, Feed, Post};

/// Parses a feed. Only a file's address is required, and nothing in a post; other odd values are ignored.
///
/// # Errors
/// [`Kind::Corrupt`] if it is not JSON, or not a feed.
pub(super) fn read(text: &str) -> Result<Feed> {
    let cannot = || Error::new(Kind::Corrupt, "cannot read the feed");
    let feed = read_json(text.as_bytes(), |json| {
        let feed = serde_json::from_slice::<Map<String, Value>>(json);
        feed.or_else(|error| {
            let text = String::from_utf8_lossy(json);
            let feed = serde_json::from_str(&without_endless(&text));
            feed.map_err(|_| error)
        })
    });
    let mut feed = feed.map_err(|error| cannot().because(error))?;
    if !feed.contains_key("items") && !feed.contains_key("version") {
        return Err(
            Error::new(Kind::Corrupt, "the response is not a feed").because("it has no `items`")
        );
    }
    let posts = match feed.remove("items").unwrap_or_default() {
        Value::Array(posts) => posts,
        Value::Null => Vec::new(),
        _ => return Err(cannot().because("`items` is not a list")),
    };
    let next = take(&mut feed, "next_url");
    let mut read = Feed {
        title: take(&mut feed, "title"),
        next: Some(next).filter(|next| !next.is_empty()),
        ..Feed::default()
    };
    for post in posts {
        let is_whole = match post {
            Value::Object(post) => {
                let (post, is_whole) = one(post);
                read.posts.push(post);
                is_whole
            }
            _ => false,
        };
        read.broken += u64::from(!is_whole);
    }
    Ok(read)
}

/// Reads a post; also returns whether all of its files have an address.
fn one(mut json: Map<String, Value>) -> (Post, bool) {
    let (url, other) = (take(&mut json, "url"), take(&mut json, "external_url"));
    let authors = list(json.remove("authors"));
    let mut authors = authors.into_iter().chain(json.remove("author"));
    let mut post = Post {
        id: take(&mut json, "id"),
        title: take(&mut json, "title"),
        link: if url.is_empty() { other } else { url },
        date: take(&mut json, "date_published"),
        author: authors.next().map_or(String::new(), name),
        text: take(&mut json, "content_html"),
        ..Post::default()
    };
    let mut is_whole = true;
    let mut titles: HashMap<String, usize> = HashMap::new();
    let files = list(json.remove("attachments")).into_iter();
    for (index, file) in files.enumerate() {
        let mut file = match file {
            Value::Object(file) => file,
            _ => Map::new(),
        };
        let url = take(&mut file, "url");
        if url.is_empty() {
            is_whole = false;
            continue;
        }
        // The same title means the same thing in another format (version 1.1).
        let title = take(&mut file, "title");
        let same = match title.is_empty() {
            true => index,
            false => *titles.entry(title).or_insert(index),
        };
        let weight = take(&mut file, "size_in_bytes").parse::<f64>();
        post.add(Enclosure {
            url,
            kind: take(&mut file, "mime_type"),
            group: Some(same),
            weight: weight.unwrap_or(0.0) as u64,
            ..Enclosure::default()
        });
    }
    let image = take(&mut json, "image");
    if !image.is_empty() && post.media.is_empty() {
        post.add(Enclosure {
            url: image,
            kind: "image".into(),
            ..Enclosure::default()
        });
    }
    (post, is_whole)
}

/// Returns a text, or a number as text; empty if it is neither.
fn take(json: &mut Map<String, Value>, key: &str) -> String {
    match json.remove(key) {
        Some(Value::String(text)) => text,
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// Returns a list of values, or of the only one.
fn list(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(list)) => list,
        None | Some(Value::Null) => Vec::new(),
        Some(one) => vec![one],
    }
}

fn name(author: Value) -> String {
    match author {
        Value::Object(mut author) => take(&mut author, "name"),
        Value::String(name) => name,
        _ => String::new(),
    }
}

/// Replaces numbers out of range, such as `1e400`, with `null`: one of them would cost the whole feed.
fn without_endless(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let (mut from, mut is_quoted, mut is_escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        if is_quoted {
            is_quoted = c != '"' || is_escaped;
            is_escaped = c == '\\' && !is_escaped;
        } else if c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E') {
            continue;
        } else {
            is_quoted = c == '"';
        }
        let part = &text[from..at];
        let is_endless = part.parse::<f64>().is_ok_and(f64::is_infinite);
        kept.push_str(if is_endless { "null" } else { part });
        kept.push(c);
        from = at + c.len_utf8();
    }
    kept.push_str(&text[from..]);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_feed_posts_are_parsed_and_broken_ones_reported() {
        let text = r#"{"version":"https://jsonfeed.org/version/1.1","title":"T","next_url":"/2","items":[
            {"id":7,"title":"A","date_published":"2024-05-03T00:00:00Z","authors":[{"name":"Ann"}],
             "attachments":[{"url":"/a.mp3","mime_type":"audio/mpeg","title":"x"},
                            {"url":"/a.flac","mime_type":"audio/flac","title":"x","size_in_bytes":9}]},
            7, {"id":"c","image":"/c.jpg"}]}"#;
        let feed = read(text).unwrap();
        assert_eq!(
            (feed.title.as_str(), feed.next.as_deref()),
            ("T", Some("/2"))
        );
        let posts: Vec<_> = feed
            .posts
            .iter()
            .map(|post| (post.id.as_str(), post.files()[0].url.as_str()))
            .collect();
        assert_eq!(posts, [("7", "/a.flac"), ("c", "/c.jpg")]);
        assert_eq!(feed.broken, 1);
        for text in ["{", "[]", r#"{"items":7}"#] {
            assert_eq!(read(text).unwrap_err().kind, Kind::Corrupt, "{text}");
        }
    }

    #[test]
    fn invalid_fields_beside_a_url_are_ignored() {
        for odd in [
            r#""size_in_bytes":"12""#,
            r#""size_in_bytes":12.0"#,
            r#""size_in_bytes":-1"#,
            r#""size_in_bytes":1e400"#,
            r#""title":7"#,
            r#""title":{"a":["e5\"1e400"]}"#,
            r#""mime_type":null"#,
            r#""title":"cut \ud83d""#,
        ] {
            let text = format!(
                r#"{{"title":"1e999 \\","items":[{{"id":"a","title":[],"authors":"Ann","attachments":{{"url":"/a.mp3",{odd}}}}},
                {{"id":"b","attachments":[{{"url":"/b.mp3"}},{{"url":7e400}}]}}]}}"#
            );
            let feed = read(&text).unwrap();
            assert_eq!(feed.title, "1e999 \\");
            let posts: Vec<_> = feed.posts.iter().map(|post| post.files()).collect();
            assert_eq!(posts[0][0].url, "/a.mp3", "{odd}");
            assert_eq!((posts[1].len(), feed.broken), (1, 1), "{odd}");
            assert_eq!(feed.posts[0].author, "Ann");
        }
        let sizes = r#"{"items":[{"attachments":[{"url":"/a","title":"x","size_in_bytes":"12"},{"url":"/b","title":"x","size_in_bytes":9}]}]}"#;
        assert_eq!(read(sizes).unwrap().posts[0].files()[0].url, "/a");
    }
}
