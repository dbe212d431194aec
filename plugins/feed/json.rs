//! JSON Feed (versions 1 and 1.1).

use fetch::model::{Error, Kind, Result};
use serde::Deserialize;

use super::post::{Enclosure, Feed, Post};

#[derive(Deserialize)]
struct JsonFeed {
    #[serde(default)]
    title: String,
    next_url: Option<String>,
    #[serde(default)]
    items: Vec<serde_json::Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JsonPost {
    id: serde_json::Value,
    title: Option<String>,
    url: Option<String>,
    external_url: Option<String>,
    date_published: Option<String>,
    content_html: Option<String>,
    image: Option<String>,
    authors: Vec<Author>,
    author: Option<Author>,
    attachments: Vec<Attachment>,
}

#[derive(Deserialize)]
struct Author {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Attachment {
    url: String,
    #[serde(default)]
    mime_type: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    size_in_bytes: Option<u64>,
}

/// Reads it. A post that cannot be read is left out.
///
/// # Errors
/// [`Kind::Corrupt`] if it is no JSON, or no feed.
pub(super) fn read(text: &str) -> Result<Feed> {
    let feed: JsonFeed = serde_json::from_str(text)
        .map_err(|error| Error::new(Kind::Corrupt, "cannot read the feed").because(error))?;
    let posts = feed.items.into_iter();
    Ok(Feed {
        title: feed.title,
        next: feed.next_url,
        posts: posts
            .filter_map(|post| Some(one(serde_json::from_value(post).ok()?)))
            .collect(),
    })
}

fn one(post: JsonPost) -> Post {
    let id = match &post.id {
        serde_json::Value::String(id) => id.clone(),
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    };
    let author = post.authors.into_iter().chain(post.author).next();
    let mut media: Vec<Enclosure> = Vec::new();
    let mut titles: Vec<Option<String>> = Vec::new();
    for file in post.attachments {
        // The same title means the same thing in another form (version 1.1).
        let same = titles
            .iter()
            .position(|title| title.is_some() && *title == file.title);
        titles.push(file.title);
        media.push(Enclosure {
            url: file.url,
            kind: file.mime_type,
            group: Some(same.unwrap_or(titles.len() - 1)),
            weight: file.size_in_bytes.unwrap_or(0),
        });
    }
    if media.is_empty() {
        media.extend(post.image.map(|url| Enclosure {
            url,
            kind: "image".into(),
            ..Enclosure::default()
        }));
    }
    Post {
        id,
        title: post.title.unwrap_or_default(),
        link: post.url.or(post.external_url).unwrap_or_default(),
        date: post.date_published.unwrap_or_default(),
        author: author.and_then(|author| author.name).unwrap_or_default(),
        text: post.content_html.unwrap_or_default(),
        media,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_are_read_and_a_broken_one_is_left_out() {
        let text = r#"{"version":"https://jsonfeed.org/version/1.1","title":"T","next_url":"/2","items":[
            {"id":7,"title":"A","date_published":"2024-05-03T00:00:00Z","authors":[{"name":"Ann"}],
             "attachments":[{"url":"/a.mp3","mime_type":"audio/mpeg","title":"x"},
                            {"url":"/a.flac","mime_type":"audio/flac","title":"x","size_in_bytes":9}]},
            {"id":"b","title":[]}, {"id":"c","image":"/c.jpg"}]}"#;
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
        assert_eq!(read("{").unwrap_err().kind, Kind::Corrupt);
    }
}
