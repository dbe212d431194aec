//! Media that a page announces: Open Graph, JSON-LD, players.

use std::collections::HashSet;

use fetch::model::Medium;
use fetch::source::url_medium as medium;
use url::Url;

use super::super::announced::{self, DeclaredType, is_frame};
use super::super::frontier::is_same_host;
use super::super::media_url::{is_stream, is_unwanted};
use super::super::original::{original, shared_keys};
use super::super::parsed_page::ParsedPage;
use super::super::player::is_player;
use super::{Choosing, FRAMES, PLAYERS, TEASER};

impl Choosing<'_> {
    /// Adds the media in the page's metadata that its elements do not show.
    pub(super) fn add_metadata_media(&mut self, parsed: &ParsedPage) {
        let json_ld = std::mem::take(&mut self.chosen.json_ld);
        let resolve = |text: &str| self.web(text);
        let mut videos: Vec<Url> = json_ld.videos.iter().filter_map(|u| resolve(u)).collect();
        let mut embeds: Vec<Url> = json_ld.embeds.iter().filter_map(|u| resolve(u)).collect();
        let mut sounds: Vec<Url> = Vec::new();
        for (text, declared_type) in announced::films(parsed) {
            let Some(url) = resolve(text) else {
                continue;
            };
            match (medium(&url), declared_type) {
                // Microdata may also name a picture.
                (Some(Medium::Image), _) => {}
                (Some(_), _) => videos.push(url),
                _ if is_stream(&url) => videos.push(url),
                (None, DeclaredType::Flash) => {}
                // On its own host, its type is determined by a request, as for any player.
                (None, DeclaredType::File(kind))
                    if !is_frame(&url) && !is_same_host(self.page, &url) =>
                {
                    match kind {
                        Medium::Audio => sounds.push(url),
                        _ => videos.push(url),
                    }
                }
                (None, _) => embeds.push(url),
            }
        }
        for name in ["twitter:player", "embedurl"] {
            embeds.extend(parsed.all(name).filter_map(resolve));
        }
        let named = json_ld.sounds.iter().map(String::as_str);
        sounds.extend(named.chain(parsed.all("og:audio")).filter_map(resolve));
        let images = json_ld.images.iter().map(String::as_str);
        let metas = [
            "og:image:secure_url",
            "og:image:url",
            "og:image",
            "twitter:image",
            "twitter:image:src",
        ];
        let images: Vec<Url> = images
            .chain(metas.into_iter().flat_map(|name| parsed.all(name)))
            .filter_map(resolve)
            .map(|url| original(&url).unwrap_or(url))
            .collect();
        let mut kinds = self.media.list.iter().map(|wanted| wanted.medium);
        let has_streams = kinds.any(|medium| medium != Some(Medium::Image));
        let shown = self.media.list.len();
        for url in videos {
            self.add(url, Some(Medium::Video), "", 0);
        }
        for url in sounds {
            self.add(url, Some(Medium::Audio), "", 0);
        }
        embeds.into_iter().for_each(|url| self.player(url));
        let is_film = has_streams || self.media.list.len() > shown;
        self.chosen.is_shown = shown > 0 || is_film;
        let crops = self.crops(&images);
        // Another crop of a shown picture is not a different picture, unless the shown one is small.
        let large = self.media.list[..shown].iter();
        let large = large.filter(|wanted| wanted.size.likely >= TEASER && !wanted.is_narrow);
        let known_keys: HashSet<String> =
            large.flat_map(|wanted| shared_keys(&wanted.url)).collect();
        for url in images.into_iter().filter(|url| !crops.contains(url)) {
            // For a video or audio, it is the poster.
            let known = self.media.knows(&url);
            let is_cut = || shared_keys(&url).any(|key| known_keys.contains(&key));
            if !self.all && !known && is_cut() {
                continue;
            }
            if self.all || known || !is_film && !is_unwanted(&url, "") {
                self.add(url, Some(Medium::Image), "", 1);
            }
        }
        // They come first, as the page intends.
        let media = &mut self.media.list;
        let added = media.len() - shown;
        media.rotate_right(added);
        self.chosen.json_ld = json_ld;
    }

    /// Adds the URL of an embedded medium: a file, a stream, a player, or else a page that may have a player.
    pub(super) fn embed(&mut self, url: Url) {
        if medium(&url).is_some() || is_stream(&url) {
            let kind = medium(&url).unwrap_or(Medium::Video);
            self.add(url, Some(kind), "", 0);
        } else if is_player(&url) {
            self.player(url);
        } else if !self.chosen.embeds.contains(&url) {
            match self.chosen.embeds.len() < FRAMES {
                true => self.chosen.embeds.push(url),
                false => self.chosen.cut = true,
            }
        }
    }

    /// The page's declared player may also be one of its frames.
    pub(super) fn player(&mut self, url: Url) {
        if medium(&url).is_some() || is_stream(&url) {
            return self.embed(url);
        }
        self.chosen.embeds.retain(|frame| *frame != url);
        if !self.chosen.players.contains(&url) {
            match self.chosen.players.len() < PLAYERS {
                true => self.chosen.players.push(url),
                false => self.chosen.cut = true,
            }
        }
    }
}
