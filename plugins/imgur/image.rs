//! Converts images into items: where the file is, and which responses are not the file.

use std::sync::{Arc, LazyLock};

use fetch::model::{Album, Body, Digest, Expect, Fingerprint, Item, Medium, Meta, Request};

use url::Url;

use super::answer::Image;
use super::link::File;
use super::{Animated, below, routes};

/// Makes items from images.
pub(super) struct Items {
    /// The name of the source.
    pub(super) source: String,
    /// Whether to take the original or the video of an animated GIF.
    pub(super) animated: Animated,
    /// The base address of the files.
    pub(super) cdn: Url,
}

impl Items {
    /// Builds the item of an image in an album or a listing; without a number, the outlet counts.
    pub(super) fn member(
        &self,
        image: &Image,
        album: &Arc<Album>,
        known: &Meta,
        number: Option<u64>,
    ) -> Item {
        let mut item = self.item(image);
        item.meta.album = Some(album.clone());
        item.meta.number = number;
        // Of what is known about the link, only `extra` applies to each of its images.
        merge_extra(&mut item.meta, known);
        item
    }

    /// Builds the item of a stand-alone image, named after its file on the site.
    pub(super) fn single(&self, image: &Image, known: &Meta) -> Item {
        let mut item = self.item(image);
        merge_extra(&mut item.meta, known);
        let own = item.meta;
        let known = known.clone();
        item.meta = Meta {
            name: known.name.or_else(|| Some(image.id.clone())),
            title: own.title.or(known.title),
            description: own.description.or(known.description),
            author: own.author.or(known.author),
            date: own.date.or(known.date),
            album: known.album,
            number: known.number,
            ..own
        };
        item
    }

    /// Builds the item of a file from its name alone, without a request.
    pub(super) fn file(&self, file: &File, known: &Meta) -> Item {
        let image = Image {
            id: file.id.clone(),
            ext: file.ext.clone(),
            ..Image::default()
        };
        self.single(&image, known)
    }

    fn item(&self, image: &Image) -> Item {
        // Only a GIF has a separate video: an animated PNG has none, and for a video the video is the original.
        let is_film = self.animated == Animated::Mp4 && image.ext == "gif" && image.is_animated;
        let (ext, size) = match (image.ext.as_str(), self.animated) {
            _ if is_film => ("mp4", image.mp4_size),
            ("gifv", Animated::Original) => ("gif", None),
            ("gifv", Animated::Mp4) => ("mp4", None),
            (ext, _) => (ext, image.size),
        };
        let address = |ext: &str| below(&self.cdn, &[&format!("{}.{ext}", image.id)]);
        // An upload that was a video has no GIF.
        let mirrors = match (image.ext.as_str(), ext) {
            ("gifv", "gif") => vec![address("mp4")],
            _ => Vec::new(),
        };
        let medium = match ext {
            _ if image.is_guess || !mirrors.is_empty() => Medium::Any,
            "jpg" | "png" | "apng" | "gif" | "webp" | "avif" => Medium::Image,
            "mp4" | "webm" | "mov" => Medium::Video,
            _ => Medium::Any,
        };
        let request = Request {
            expect: Expect {
                size,
                medium: Some(medium),
                placeholders: PLACEHOLDERS.clone(),
                etag_is_md5: true,
                ..Expect::default()
            },
            mirrors,
            ..Request::new(address(ext))
        };
        Item {
            source: self.source.clone(),
            key: image.id.clone(),
            meta: Meta {
                ext: Some(ext.to_owned()),
                title: image.title.clone(),
                description: image.description.clone(),
                author: image.author.clone(),
                date: image.date,
                width: image.width,
                height: image.height,
                page: routes::page(&image.id).ok(),
                extra: image.extra.clone(),
                ..Meta::default()
            },
            body: Body::File(request),
        }
    }
}

fn merge_extra(meta: &mut Meta, known: &Meta) {
    for (name, value) in &known.extra {
        let entry = meta.extra.entry(name.clone());
        entry.or_insert_with(|| value.clone());
    }
}

/// The pictures that the CDN serves with status 200 in place of an image.
static PLACEHOLDERS: LazyLock<Arc<[Fingerprint]>> = LazyLock::new(|| {
    [
        Fingerprint {
            meaning: "removed from Imgur".into(),
            blocked: false,
            path: Some("/removed.png".into()),
            size: Some(503),
            digests: vec![
                Digest::Md5("d835884373f4d6c8f24742ceabe74946".into()),
                Digest::Sha256(
                    "9b5936f4006146e4e1e9025b474c02863c0b5614132ad40db4b925a10e8bfbb9".into(),
                ),
            ],
        },
        Fingerprint {
            meaning: "not viewable in your region".into(),
            blocked: true,
            path: None,
            size: Some(34_641),
            digests: vec![Digest::Sha256(
                "faa24ec881e6040655c187a681d6dc496eb8aa41e1bd0652a180b3a40b457187".into(),
            )],
        },
    ]
    .into()
});

#[cfg(test)]
mod tests {
    use super::super::answer::Post;
    use super::*;

    fn items(animated: Animated) -> Items {
        Items {
            source: "imgur".into(),
            animated,
            cdn: Url::parse("https://i.imgur.com").unwrap(),
        }
    }

    fn request(item: Item) -> Request {
        match item.body {
            Body::File(request) => request,
            body => panic!("{body:?}"),
        }
    }

    #[test]
    fn a_gif_is_replaced_by_its_video_only_if_it_has_one() {
        let gif = r#"{"id":"abcde","type":"image/gif","animated":true,"size":26270273,"mp4_size":"595876",
            "link":"http://i.imgur.com/abcdeh.gif"}"#;
        let fresh = r#"{"id":"abcde","type":"image/gif","animated":true,"size":9,"mp4":"",
            "link":"http://i.imgur.com/abcde.gif"}"#;
        let still = r#"{"id":"abcde","type":"image/gif","animated":false,"size":9,
            "link":"http://i.imgur.com/abcde.gif"}"#;
        let unsized_film = r#"{"id":"abcde","ext":".gif","animated":true,"size":9,"mp4_size":0}"#;
        let png = r#"{"id":"abcde","ext":"png","metadata":{"is_animated":true},"size":9}"#;
        let film = r#"{"id":"abcde","type":"video/mp4","animated":true,"size":9,"mp4_size":9,
            "link":"https://i.imgur.com/abcde.mp4"}"#;
        let (image, video) = (Some(Medium::Image), Some(Medium::Video));
        let table = [
            (gif, Animated::Original, "gif", Some(26_270_273), image),
            (gif, Animated::Mp4, "mp4", Some(595_876), video),
            (fresh, Animated::Mp4, "gif", Some(9), image),
            (still, Animated::Mp4, "gif", Some(9), image),
            (unsized_film, Animated::Mp4, "mp4", None, video),
            (png, Animated::Mp4, "png", Some(9), image),
            (film, Animated::Original, "mp4", Some(9), video),
            (film, Animated::Mp4, "mp4", Some(9), video),
        ];
        for (json, animated, ext, size, medium) in table {
            let image = Image::read(&serde_json::from_str(json).unwrap()).unwrap();
            let item = items(animated).single(&image, &Meta::default());
            assert_eq!(item.meta.ext.as_deref(), Some(ext), "{json}");
            let request = request(item);
            assert_eq!(
                request.url.as_str(),
                format!("https://i.imgur.com/abcde.{ext}")
            );
            assert_eq!(
                (request.expect.size, request.expect.medium),
                (size, medium),
                "{json}"
            );
        }
    }

    #[test]
    fn direct_files_need_no_api_call() {
        let table = [
            ("jpg", Animated::Mp4, "jpg", Medium::Image),
            ("gif", Animated::Mp4, "gif", Medium::Image),
            ("gifv", Animated::Original, "gif", Medium::Any),
            ("gifv", Animated::Mp4, "mp4", Medium::Video),
            ("mp4", Animated::Original, "mp4", Medium::Video),
            ("tiff", Animated::Original, "tiff", Medium::Any),
        ];
        for (ext, animated, expected, medium) in table {
            let file = File {
                id: "abcde".into(),
                ext: ext.into(),
            };
            let item = items(animated).file(&file, &Meta::default());
            assert_eq!(item.meta.name.as_deref(), Some("abcde"));
            let request = request(item);
            assert_eq!(request.url.path(), format!("/abcde.{expected}"));
            assert_eq!(request.expect.medium, Some(medium));
        }
    }

    #[test]
    fn images_know_their_placeholders() {
        let post = Post::guess("abcde", "jpg");
        let item =
            items(Animated::Original).single(post.images[0].as_ref().unwrap(), &Meta::default());
        let expect = request(item).expect;
        assert_eq!(expect.medium, Some(Medium::Any));
        assert!(expect.etag_is_md5);
        let meanings: Vec<_> = expect
            .placeholders
            .iter()
            .map(|sign| (sign.meaning.as_str(), sign.blocked, sign.size))
            .collect();
        assert_eq!(
            meanings,
            [
                ("removed from Imgur", false, Some(503)),
                ("not viewable in your region", true, Some(34_641))
            ]
        );
    }

    #[test]
    fn site_metadata_overrides_known_metadata() {
        let known = Meta {
            name: Some("mine".into()),
            title: Some("mine".into()),
            author: Some("me".into()),
            extra: [("row".to_owned(), 7.into())].into(),
            ..Meta::default()
        };
        let image = Image {
            id: "abcde".into(),
            ext: "jpg".into(),
            title: Some("theirs".into()),
            ..Image::default()
        };
        let single = items(Animated::Original).single(&image, &known).meta;
        let own = [&single.name, &single.title, &single.author].map(|text| text.as_deref());
        assert_eq!(own, [Some("mine"), Some("theirs"), Some("me")]);
        let album = Arc::new(Album::default());
        let member = items(Animated::Original)
            .member(&image, &album, &known, Some(3))
            .meta;
        assert_eq!(
            (member.name, member.author, member.number),
            (None, None, Some(3))
        );
        assert_eq!(member.extra["row"], 7);
    }
}
