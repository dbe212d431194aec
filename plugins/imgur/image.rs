//! From an image to an item: where its bytes are, and what they must not be.

use std::sync::Arc;

use fetch::model::{Album, Body, Digest, Expect, Fingerprint, Item, Medium, Meta, Request};

use super::answer::Image;
use super::link::File;
use super::{Animated, Imgur, below, routes};

impl Imgur {
    /// The item of an image in an album or a listing; the outlet counts where there is no number.
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
        // Of what is known about the link, only this holds for each of its images.
        merge_extra(&mut item.meta, known);
        item
    }

    /// The item of an image by itself, named as the site names its file.
    pub(super) fn single(&self, image: &Image, known: &Meta) -> Item {
        let mut item = self.item(image);
        merge_extra(&mut item.meta, known);
        let told = item.meta;
        let known = known.clone();
        item.meta = Meta {
            name: known.name.or_else(|| Some(image.id.clone())),
            title: told.title.or(known.title),
            description: told.description.or(known.description),
            author: told.author.or(known.author),
            date: told.date.or(known.date),
            album: known.album,
            number: known.number,
            ..told
        };
        item
    }

    /// The item of a file, by its name alone: nobody is asked.
    pub(super) fn file(&self, file: &File, known: &Meta) -> Item {
        let ext = match (file.ext.as_str(), self.animated) {
            ("gifv", Animated::Original) => "gif",
            ("gifv", Animated::Mp4) => "mp4",
            (ext, _) => ext,
        };
        let image = Image {
            id: file.id.clone(),
            ext: ext.to_owned(),
            ..Image::default()
        };
        self.single(&image, known)
    }

    fn item(&self, image: &Image) -> Item {
        // Only a GIF has a film beside it: an animated PNG has none, and of a video the film is the original.
        let is_film = self.animated == Animated::Mp4 && image.ext == "gif" && image.is_animated;
        let (ext, size) = if is_film {
            ("mp4", image.mp4_size)
        } else {
            (image.ext.as_str(), image.size)
        };
        let medium = match ext {
            _ if image.is_guess => Medium::Any,
            "jpg" | "png" | "apng" | "gif" | "webp" | "avif" => Medium::Image,
            "mp4" | "webm" | "mov" => Medium::Video,
            _ => Medium::Any,
        };
        let request = Request {
            expect: Expect {
                size,
                medium: Some(medium),
                placeholders: placeholders(),
                etag_is_md5: true,
                ..Expect::default()
            },
            ..Request::new(below(&self.cdn, &[&format!("{}.{ext}", image.id)]))
        };
        Item {
            source: self.manifest.name.clone(),
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

/// The pictures that the CDN gives with status 200 in place of an image.
fn placeholders() -> Vec<Fingerprint> {
    vec![
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
}
