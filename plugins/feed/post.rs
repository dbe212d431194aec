//! What a feed says, in whatever form it came. Plain data.

use std::collections::HashMap;
use std::sync::Arc;

use fetch::model::Medium;
use url::Url;

use super::super::stream::Form;

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
    /// What that is relative to, where that is said.
    pub(super) link_base: Option<Arc<Url>>,
    pub(super) date: String,
    pub(super) author: String,
    /// Its text, which may be HTML.
    pub(super) text: String,
    /// Whether there is more of its text than is kept.
    pub(super) is_text_cut: bool,
    /// What addresses in its text are relative to, where that is said.
    pub(super) base: Option<Arc<Url>>,
    pub(super) media: Vec<Enclosure>,
    /// Whether it has more of them than are kept.
    pub(super) cut: bool,
}

/// A file that belongs to a post.
#[derive(Debug, Default)]
pub(super) struct Enclosure {
    pub(super) url: String,
    /// What that is relative to, where that is said.
    pub(super) base: Option<Arc<Url>>,
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

    fn is_played(&self) -> bool {
        matches!(self.medium(), Some(Medium::Audio | Medium::Video))
            || Form::said(&self.kind).is_some()
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

    /// Takes this for its text.
    pub(super) fn say(&mut self, text: String, is_cut: bool, base: Option<Arc<Url>>) {
        (self.text, self.is_text_cut, self.base) = (text, is_cut, base);
    }

    /// Its files: of each group the best, each once, and no cover beside sound or film. A cover is one picture; several are
    /// pictures of the post.
    pub(super) fn files(&self) -> Vec<&Enclosure> {
        let mut files: Vec<&Enclosure> = Vec::new();
        // Where they stand.
        let mut urls: HashMap<(Option<&Url>, &str), usize> = HashMap::new();
        let mut groups: HashMap<usize, usize> = HashMap::new();
        for file in self.media.iter().filter(|file| file.is_file()) {
            let of_group = file.group.and_then(|group| groups.get(&group));
            let url = (file.base.as_deref(), file.url.as_str());
            match urls.get(&url).or(of_group).copied() {
                Some(at) => {
                    urls.insert(url, at);
                    // The picture of a film is no form of it.
                    let worth = |file: &Enclosure| (file.is_played(), file.weight);
                    if worth(file) > worth(files[at]) {
                        files[at] = file;
                    }
                }
                None => {
                    urls.insert(url, files.len());
                    groups.extend(file.group.map(|group| (group, files.len())));
                    files.push(file);
                }
            }
        }
        let is_image = |file: &&Enclosure| file.medium() == Some(Medium::Image);
        let images = files.iter().copied().filter(|file| is_image(file)).count();
        if images == 1 && files.iter().any(|file| file.is_played()) {
            files.retain(|file| !is_image(file));
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
            base: None,
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

    #[test]
    fn pictures_beside_a_film_are_kept_but_for_its_poster() {
        let files = |media: &[(&str, &str, Option<usize>, u64)]| {
            let media = media.iter().map(|(url, kind, group, weight)| Enclosure {
                url: (*url).into(),
                base: None,
                kind: (*kind).into(),
                group: *group,
                weight: *weight,
            });
            let post = Post {
                media: media.collect(),
                ..Post::default()
            };
            let files = post.files().into_iter().map(|file| file.url.clone());
            files.collect::<Vec<_>>()
        };
        let (one, two) = (("1.jpg", "image", None, 0), ("2.jpg", "image", None, 0));
        let film = ("a.mp4", "video", None, 0);
        assert_eq!(files(&[one, two, film]), ["1.jpg", "2.jpg", "a.mp4"]);
        assert_eq!(files(&[one, film]), ["a.mp4"]);
        // That of its group is the poster, however large it is, and wherever it stands.
        let film = ("a.mp4", "video", Some(1), 480);
        let poster = ("p.jpg", "image", Some(1), 1080);
        assert_eq!(
            files(&[poster, film, one, two]),
            ["a.mp4", "1.jpg", "2.jpg"]
        );
        assert_eq!(files(&[film, poster]), ["a.mp4"]);
        let stream = ("a?b", "application/x-mpegURL", None, 0);
        assert_eq!(files(&[one, stream]), ["a?b"]);
    }
}
