//! The content of a feed in any format. Plain data.

use std::collections::HashMap;
use std::sync::Arc;

use fetch::model::Medium;
use url::Url;

use super::super::stream::StreamFormat;

/// The most enclosures kept of one post.
const MOST: usize = 10_000;

/// A feed, or one page of it.
#[derive(Debug, Default)]
pub(super) struct Feed {
    pub(super) title: String,
    pub(super) posts: Vec<Post>,
    /// The next page.
    pub(super) next: Option<String>,
    /// How many posts could not be read, or only partly.
    pub(super) broken: u64,
}

/// One post.
#[derive(Debug, Default)]
pub(super) struct Post {
    /// The feed's name for it.
    pub(super) id: String,
    pub(super) title: String,
    pub(super) link: String,
    /// The base of the link, if declared.
    pub(super) link_base: Option<Arc<Url>>,
    pub(super) date: String,
    pub(super) author: String,
    /// Its text, which may be HTML.
    pub(super) text: String,
    /// Whether its text was cut off.
    pub(super) is_text_cut: bool,
    /// The base of addresses in its text, if declared.
    pub(super) base: Option<Arc<Url>>,
    pub(super) media: Vec<Enclosure>,
    /// Whether it has more enclosures than are kept.
    pub(super) cut: bool,
}

/// A file that belongs to a post.
#[derive(Debug, Default)]
pub(super) struct Enclosure {
    pub(super) url: String,
    /// The base of the address, if declared.
    pub(super) base: Option<Arc<Url>>,
    /// Its media type, or its kind in one word.
    pub(super) kind: String,
    /// The group: files of the same group are one thing in several formats.
    pub(super) group: Option<usize>,
    /// Its quality; higher is better.
    pub(super) weight: u64,
}

impl Enclosure {
    /// Returns the medium declared by the feed.
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
            || StreamFormat::of_media_type(&self.kind).is_some()
    }

    /// Checks whether it is a file, and not a page with a player.
    pub(super) fn is_file(&self) -> bool {
        let kind = self.kind.to_ascii_lowercase();
        !kind.starts_with("text/html") && kind != "application/x-shockwave-flash"
    }
}

impl Post {
    /// Adds a file, up to the limit.
    pub(super) fn add(&mut self, file: Enclosure) {
        match self.media.len() < MOST {
            true => self.media.push(file),
            false => self.cut = true,
        }
    }

    /// Sets its text.
    pub(super) fn say(&mut self, text: String, is_cut: bool, base: Option<Arc<Url>>) {
        (self.text, self.is_text_cut, self.base) = (text, is_cut, base);
    }

    /// Returns its files: the best of each group, without duplicates, and without a cover if there is audio or video. A
    /// single picture counts as a cover; several are pictures of the post.
    pub(super) fn files(&self) -> Vec<&Enclosure> {
        let mut files: Vec<&Enclosure> = Vec::new();
        // Their positions.
        let mut urls: HashMap<(Option<&Url>, &str), usize> = HashMap::new();
        let mut groups: HashMap<usize, usize> = HashMap::new();
        for file in self.media.iter().filter(|file| file.is_file()) {
            let of_group = file.group.and_then(|group| groups.get(&group));
            let url = (file.base.as_deref(), file.url.as_str());
            match urls.get(&url).or(of_group).copied() {
                Some(at) => {
                    urls.insert(url, at);
                    // The picture of a video is not another format of it.
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
    fn the_best_of_several_enclosures_is_used() {
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
    fn pictures_beside_a_video_are_kept_except_its_poster() {
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
        // The picture in its group is the poster, however large and wherever it is.
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
