//! JSON Feed (versions 1 and 1.1).

use std::collections::HashMap;

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

fn one(json: JsonPost) -> Post {
    let id = match &json.id {
        serde_json::Value::String(id) => id.clone(),
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    };
    let author = json.authors.into_iter().chain(json.author).next();
    let mut post = Post {
        id,
        title: json.title.unwrap_or_default(),
        link: json.url.or(json.external_url).unwrap_or_default(),
        date: json.date_published.unwrap_or_default(),
        author: author.and_then(|author| author.name).unwrap_or_default(),
        text: json.content_html.unwrap_or_default(),
        ..Post::default()
    };
    let mut titles: HashMap<String, usize> = HashMap::new();
    for (index, file) in json.attachments.into_iter().enumerate() {
        // The same title means the same thing in another form (version 1.1).
        let same = file
            .title
            .map(|title| *titles.entry(title).or_insert(index));
        post.add(Enclosure {
            url: file.url,
            kind: file.mime_type,
            group: Some(same.unwrap_or(index)),
            weight: file.size_in_bytes.unwrap_or(0),
        });
    }
    if let Some(url) = json.image.filter(|_| post.media.is_empty()) {
        post.add(Enclosure {
            url,
            kind: "image".into(),
            ..Enclosure::default()
        });
    }
    post
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
