//! What a feed says, in whatever form it came. Plain data.

use std::collections::HashMap;

use fetch::model::Medium;

/// The most forms of files that are kept of one post.
const MOST: usize = 10_000;

/// A feed, or one page of it.
#[derive(Debug, Default)]
pub(super) struct Feed {
    pub(super) title: String,
    pub(super) posts: Vec<Post>,
    /// The next page.
    pub(super) next: Option<String>,
    /// How many posts cannot be read, or not in full.
    pub(super) broken: u64,
}

/// One post.
#[derive(Debug, Default)]
pub(super) struct Post {
    /// What the feed calls it.
    pub(super) id: String,
    pub(super) title: String,
    pub(super) link: String,
    pub(super) date: String,
    pub(super) author: String,
    /// Its text, which may be HTML.
    pub(super) text: String,
    pub(super) media: Vec<Enclosure>,
    /// Whether it has more of them than are kept.
    pub(super) cut: bool,
}

/// A file that belongs to a post.
#[derive(Debug, Default)]
pub(super) struct Enclosure {
    pub(super) url: String,
    /// Its media type, or its kind in one word.
    pub(super) kind: String,
    /// Those of one group are one thing in several forms.
    pub(super) group: Option<usize>,
    /// The larger, the better.
    pub(super) weight: u64,
}

impl Enclosure {
    /// The kind of medium that the feed says it is.
    pub(super) fn medium(&self) -> Option<Medium> {
        match self.kind.split('/').next().unwrap_or("") {
            "image" => Some(Medium::Image),
            "video" => Some(Medium::Video),
            "audio" => Some(Medium::Audio),
            _ => None,
        }
    }

    /// Whether it is a file at all, and not a page with a player.
    pub(super) fn is_file(&self) -> bool {
        let kind = self.kind.to_ascii_lowercase();
        !kind.starts_with("text/html") && kind != "application/x-shockwave-flash"
    }
}

impl Post {
    /// Adds a file, if there are not too many.
    pub(super) fn add(&mut self, file: Enclosure) {
        match self.media.len() < MOST {
            true => self.media.push(file),
            false => self.cut = true,
        }
    }

    /// Its files: of each group the best, each once, and no cover beside sound or film.
    pub(super) fn files(&self) -> Vec<&Enclosure> {
        let mut files: Vec<&Enclosure> = Vec::new();
        // Where they stand.
        let mut urls: HashMap<&str, usize> = HashMap::new();
        let mut groups: HashMap<usize, usize> = HashMap::new();
        for file in self.media.iter().filter(|file| file.is_file()) {
            let of_group = file.group.and_then(|group| groups.get(&group));
            match urls.get(file.url.as_str()).or(of_group).copied() {
                Some(at) => {
                    urls.insert(&file.url, at);
                    if file.weight > files[at].weight {
                        files[at] = file;
                    }
                }
                None => {
                    urls.insert(&file.url, files.len());
                    groups.extend(file.group.map(|group| (group, files.len())));
                    files.push(file);
                }
            }
        }
        let is_played =
            |file: &&Enclosure| matches!(file.medium(), Some(Medium::Audio | Medium::Video));
        if files.iter().any(is_played) {
            files.retain(|file| file.medium() != Some(Medium::Image));
        }
        files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_forms_the_best_is_taken() {
        let file = |url: &str, kind: &str, group, weight| Enclosure {
            url: url.into(),
            kind: kind.into(),
            group,
            weight,
        };
        let post = Post {
            media: vec![
                file("small.mp4", "video/mp4", Some(1), 480),
                file("large.mp4", "video/mp4", Some(1), 1080),
                file("cover.jpg", "image/jpeg", None, 0),
                file("player", "text/html", None, 0),
                file("large.mp4", "video/mp4", None, 0),
            ],
            ..Post::default()
        };
        let files: Vec<_> = post.files().iter().map(|file| file.url.as_str()).collect();
        assert_eq!(files, ["large.mp4"]);
    }
}
