//! The permanent identities of files in a feed.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use fetch::model::Medium;
use fetch::source::url_key;
use url::Url;

use super::super::page::line;
use super::feed_page::PostFiles;

/// The names of posts in a feed, and whether they are unique.
#[derive(Default)]
pub(super) struct PostNames {
    /// The file of the first post with each name, by hash.
    files: HashMap<u64, u64>,
    /// The names used by several posts with different files.
    shared: HashSet<u64>,
    hasher: RandomState,
}

impl PostNames {
    /// Notes the posts of a page before any of them is emitted.
    pub(super) fn page(&mut self, feed: &Url, posts: &[PostFiles]) {
        for PostFiles { post, files, .. } in posts {
            let ([(file, medium)], Some(name)) = (&files[..], name(feed, &post.id)) else {
                continue;
            };
            let name = self.hasher.hash_one((name, is_film(*medium)));
            let file = self.hasher.hash_one(file.as_str());
            if *self.files.entry(name).or_insert(file) != file {
                self.shared.insert(name);
            }
        }
    }

    /// Returns the identity of a post's file: the feed's name for the post, since file addresses change with tracking
    /// services. If that does not identify the file, because the post has several or because several posts share a
    /// name, the address is included: no file loses its identity when another is added before it.
    ///
    /// A video and its sound may be in two feeds with the same name for the post, so the key of a video is marked as
    /// such. Older versions did not do that, so the former key is returned as well.
    pub(super) fn key(
        &self,
        feed: &Url,
        id: &str,
        file: &(Url, Option<Medium>),
        is_alone: bool,
    ) -> (String, Option<String>) {
        let (file, medium) = file;
        let Some(name) = name(feed, id) else {
            return (url_key(file), None);
        };
        let is_film = is_film(*medium);
        let hash = self.hasher.hash_one((&name, is_film));
        if !is_alone || self.shared.contains(&hash) {
            return (format!("{name} {}", url_key(file)), None);
        }
        match is_film && is_address(id).is_some() {
            true => (format!("{name} video"), Some(name)),
            false => (name, None),
        }
    }
}

/// Returns a feed's name for a post, if there is one. A name that is not a URL is prefixed with the feed.
fn name(feed: &Url, id: &str) -> Option<String> {
    match is_address(id) {
        _ if id.is_empty() => None,
        // In some feeds, only the fragment tells posts apart.
        Some(url) => Some(match url.fragment().filter(|part| !part.is_empty()) {
            Some(part) => format!("{}#{}", url_key(&url), short(part)),
            None => url_key(&url),
        }),
        None => Some(format!("{} {}", url_key(feed), short(id))),
    }
}

fn is_address(id: &str) -> Option<Url> {
    Url::parse(id).ok().filter(Url::has_host)
}

fn is_film(medium: Option<Medium>) -> bool {
    medium == Some(Medium::Video)
}

/// Returns a name as one line, with a digest if it is shortened.
fn short(name: &str) -> String {
    let line = line(name);
    match name.split_whitespace().eq(line.split(' ')) {
        true => line,
        false => format!("{line} {}", &blake3::hash(name.as_bytes()).to_hex()[..16]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::post::Post;
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn keys(posts: &[(&str, &[&str])]) -> Vec<String> {
        let feed = url("https://x.org/feed.xml");
        let post_files = posts.iter().map(|(id, files)| PostFiles {
            post: Post {
                id: (*id).to_owned(),
                ..Post::default()
            },
            link: None,
            files: files
                .iter()
                .map(|file| (url(file), fetch::source::url_medium(&url(file))))
                .collect(),
        });
        let post_files: Vec<_> = post_files.collect();
        let mut names = PostNames::default();
        names.page(&feed, &post_files);
        let keys = post_files.iter().flat_map(|one| {
            let is_alone = one.files.len() == 1;
            let key = |file| names.key(&feed, &one.post.id, file, is_alone).0;
            one.files.iter().map(key).collect::<Vec<_>>()
        });
        keys.collect()
    }

    #[test]
    fn a_post_keeps_its_identity_when_its_file_moves() {
        let file = "https://cdn.example/1.mp3?t=1";
        let other = "https://cdn.example/2.mp3";
        let table: [(&str, &[&str], &str); 7] = [
            ("g41", &[file], "https://x.org/feed.xml g41"),
            ("https://x.org/41", &[file], "https://x.org/41"),
            ("https://x.org/41#a", &[file], "https://x.org/41#a"),
            (
                "https://x.org/41",
                &[file, other],
                "https://x.org/41 https://cdn.example/1.mp3?t=1",
            ),
            (
                "tag:x.org,2024:1#a",
                &[file],
                "https://x.org/feed.xml tag:x.org,2024:1#a",
            ),
            ("", &[file], file),
            ("", &[file, other], file),
        ];
        for (id, files, expected) in table {
            assert_eq!(keys(&[(id, files)])[0], expected, "{id}");
        }
    }

    #[test]
    fn posts_with_equal_ids_get_distinct_keys() {
        let (one, two) = ("https://x.org/1.mp3", "https://x.org/2.mp3");
        let shared = keys(&[
            ("https://x.org/show", &[one]),
            ("https://x.org/show", &[two]),
        ]);
        let expected = [
            "https://x.org/show https://x.org/1.mp3",
            "https://x.org/show https://x.org/2.mp3",
        ];
        assert_eq!(shared, expected);
        // A post listed twice is one.
        let twice = keys(&[
            ("https://x.org/show", &[one]),
            ("https://x.org/show", &[one]),
        ]);
        assert_eq!(twice, ["https://x.org/show", "https://x.org/show"]);
        // A video and its sound.
        let film = keys(&[
            ("https://x.org/show", &[one]),
            ("https://x.org/show", &["https://x.org/1.mp4"]),
        ]);
        assert_eq!(film, ["https://x.org/show", "https://x.org/show video"]);
        let own = keys(&[("g", &["https://x.org/1.mp4"])]);
        assert_eq!(own, ["https://x.org/feed.xml g"]);
        let long = |end: &str| keys(&[(&("a".repeat(400) + end), &[one])]);
        assert_ne!(long("1"), long("2"));
        assert_eq!(keys(&[("a  b", &[one])]), ["https://x.org/feed.xml a b"]);
    }
}
