//! Interprets the elements of a page.

mod links;

use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Tag, TokenSinkResult};

use super::attributes::{
    attribute, choices, first, full, is_lazy, is_named, is_picture, lazy, pixels, widest,
};
use super::container::Container;
use super::facade;
use super::iiif;
use super::media_element::{MediaElement, is_media_element};
use super::nesting::{Nesting, is_single};
use super::next::is_alone_by_kind;
use super::parsed_page::{ParsedPage, Piece, Role};
use super::screen::Screen;
use super::script_data::{self, ScriptData};
use super::srcset::{self, Candidate};
use super::{image_src, refresh};

/// The most pieces, links and scripts to keep.
pub(super) const MOST: usize = 100_000;
/// Words in the class of a picture until a script has set its address.
const WAITING: [&str; 2] = ["loading", "placeholder"];

/// The open elements at this point of the page.
#[derive(Default)]
pub(super) struct State {
    parsed: ParsedPage,
    text: Text,
    nesting: Nesting,
    /// The open link.
    link: Option<Anchor>,
    /// The open element that names the next picture in full size.
    container: Option<Container>,
    picture: Option<Vec<Candidate>>,
    in_button: bool,
    media: Option<MediaElement>,
    /// The content of the open script, if it holds data.
    script: String,
}

/// An open link.
struct Anchor {
    target: String,
    /// The address that a script opens for it, if it contains a picture.
    script: Option<String>,
    download_name: Option<String>,
    /// Whether it is marked as opening a lightbox.
    opens_lightbox: bool,
    /// Whether it contains a picture.
    holds: bool,
}

/// Where text goes.
#[derive(Default, PartialEq)]
enum Text {
    #[default]
    Nowhere,
    Title,
    Heading,
    JsonLd,
    Script,
    Style,
}

impl State {
    /// Interprets a start tag.
    pub(super) fn start(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        match name {
            "base" => {
                if let Some(href) = attribute(tag, "href") {
                    self.parsed.base.get_or_insert_with(|| href.to_owned());
                }
            }
            "body" => {
                self.parsed.is_single |= is_single(tag);
                self.nesting.is_single |= self.parsed.is_single;
            }
            "button" => self.in_button = true,
            "meta" => self.meta(tag),
            "link" => self.relation(tag),
            "a" | "area" => self.link(tag),
            "img" | "amp-img" | "amp-anim" => self.image(tag),
            "picture" => self.picture = Some(Vec::new()),
            name if is_media_element(name) => self.start_media(tag),
            "source" => self.choice(tag),
            "input" => {
                let kind = attribute(tag, "type").unwrap_or("");
                self.parsed.asks_password |= kind.eq_ignore_ascii_case("password");
            }
            "iframe" | "embed" | "object" => {
                if let Some(url) = first(tag, &["src", "data-src", "data-lazy-src", "data"]) {
                    let piece = Piece::of(Role::Embed, url);
                    self.push(piece);
                }
            }
            "title" => {
                if self.parsed.title.is_empty() {
                    self.text = Text::Title;
                }
                return TokenSinkResult::RawData(RawKind::Rcdata);
            }
            "h1" => self.text = Text::Heading,
            "textarea" => return TokenSinkResult::RawData(RawKind::Rcdata),
            "style" => {
                self.text = Text::Style;
                return TokenSinkResult::RawData(RawKind::Rawtext);
            }
            "xmp" | "noembed" | "noframes" => return TokenSinkResult::RawData(RawKind::Rawtext),
            "script" => {
                let kind = attribute(tag, "type").unwrap_or("");
                // Some add the encoding.
                let kind = kind.split(';').next().unwrap_or("").trim();
                if kind.eq_ignore_ascii_case("application/ld+json") {
                    let has_room = self.parsed.json_ld.len() < MOST / 1000;
                    self.parsed.cut |= !has_room;
                    if has_room {
                        self.text = Text::JsonLd;
                        self.parsed.json_ld.push(String::new());
                    }
                }
                if ["application/json", "text/json"]
                    .iter()
                    .any(|known| kind.eq_ignore_ascii_case(known))
                {
                    self.text = Text::Script;
                }
                return TokenSinkResult::RawData(RawKind::ScriptData);
            }
            _ => {}
        }
        if let Some(style) = attribute(tag, "style") {
            self.backgrounds(style);
        }
        if let Some(player) = facade::player(tag) {
            self.push(Piece::of(Role::Embed, &player));
        }
        if let Some(settings) = script_data::settings(tag).filter(|_| !self.nesting.is_outside()) {
            self.script(settings);
        }
        let manifest = first(
            tag,
            &["data-iiif-manifest", "data-manifest", "data-manifest-url"],
        );
        if let Some(manifest) = manifest.filter(|href| iiif::is_manifest(href, "")) {
            self.parsed.manifest(manifest);
        }
        if let Some(open) = &mut self.container {
            open.enter(name);
        }
        self.container = Container::read(tag).or(self.container.take());
        self.nesting.enter(tag);
        TokenSinkResult::Continue
    }

    /// Interprets an end tag.
    pub(super) fn end(&mut self, name: &str) {
        self.container.take_if(|open| open.leave(name));
        match name {
            "a" => self.end_link(),
            "button" => self.in_button = false,
            "picture" => {
                // Without an `img` it shows nothing, but the candidates are there.
                if let Some(choices) = self.picture.take().filter(|choices| !choices.is_empty()) {
                    let mut piece = Piece::new(Role::Image);
                    piece.candidates = choices;
                    self.push(piece);
                }
            }
            name if is_media_element(name) => {
                if let Some(media) = self.media.take() {
                    media.mark_fallbacks(&mut self.parsed.pieces);
                    self.end_media(media);
                }
            }
            "title" | "h1" | "style" | "script" => {
                self.text = Text::Nowhere;
                let script = std::mem::take(&mut self.script);
                if let Some(data) = script_data::script(script) {
                    self.script(data);
                }
            }
            _ => self.nesting.leave(name),
        }
    }

    /// Takes text between tags.
    pub(super) fn characters(&mut self, text: &str) {
        let room = |place: &mut String, most: usize| {
            if place.len() < most {
                place.push_str(text);
            }
        };
        match self.text {
            Text::Nowhere => {}
            Text::Title => room(&mut self.parsed.title, 1000),
            Text::Heading => room(&mut self.parsed.heading, 1000),
            Text::JsonLd => {
                if let Some(data) = self.parsed.json_ld.last_mut() {
                    room(data, 4 << 20);
                }
            }
            Text::Script => room(&mut self.script, 4 << 20),
            Text::Style => self.backgrounds(text),
        }
    }

    /// Keeps data for scripts, up to a limit. It is examined only if the page shows nothing else that plays.
    fn script(&mut self, data: ScriptData) {
        if self.parsed.script_data.len() < MOST / 1000 {
            self.parsed.script_data.push(data);
        }
    }

    fn meta(&mut self, tag: &Tag) {
        let does = attribute(tag, "http-equiv").unwrap_or("");
        if does.eq_ignore_ascii_case("refresh")
            && let Some(url) = attribute(tag, "content").and_then(refresh::target)
        {
            self.parsed.refresh.get_or_insert_with(|| url.to_owned());
        }
        let name = first(tag, &["property", "name", "itemprop"]);
        if let (Some(name), Some(content)) = (name, attribute(tag, "content")) {
            let name = name.to_ascii_lowercase();
            self.nesting.is_single |= name == "og:type" && is_alone_by_kind(content);
            self.say(&name, content);
        }
    }

    fn say(&mut self, name: &str, content: &str) {
        match self.parsed.metas.len() < MOST / 100 {
            true => self
                .parsed
                .metas
                .push((name.to_owned(), content.to_owned())),
            false => self.parsed.cut = true,
        }
    }

    fn image(&mut self, tag: &Tag) {
        let mut piece = Piece::new(Role::Image);
        if let Some(url) = full(tag) {
            piece.add(url, srcset::FULL);
        }
        piece.candidates.extend(choices(tag));
        if let Some(choices) = &mut self.picture {
            piece.candidates.append(choices);
        }
        piece.candidates.extend(widest(tag));
        // bLazy has the one for high-resolution screens after a bar.
        for (weight, url) in (1..).zip(lazy(tag).into_iter().flat_map(|urls| urls.split('|'))) {
            piece.add(url, weight);
        }
        let is_lazy = is_lazy(tag);
        if let Some(url) = attribute(tag, "src") {
            image_src::add(&mut piece, url, pixels(tag, "width"), is_lazy);
        }
        // The useful part of a long text is enough.
        let cut = |text: &str| text.chars().take(500).collect::<String>();
        piece.alt = first(tag, &["alt", "title"]).map(cut).unwrap_or_default();
        piece.file = attribute(tag, "data-image-name").map(cut);
        let names = ["class", "id"]
            .iter()
            .filter_map(|name| attribute(tag, name));
        let words = names.map(cut).collect::<Vec<_>>().join(" ");
        let words = words.to_ascii_lowercase();
        let words = words.split([' ', '-', '_']);
        let words = words.filter(|word| !(is_lazy && WAITING.contains(word)));
        piece.words = words.collect::<Vec<_>>().join(" ");
        (piece.width, piece.height) = (pixels(tag, "width"), pixels(tag, "height"));
        let style = attribute(tag, "style").unwrap_or("").replace(' ', "");
        piece.is_hidden = style.contains("display:none");
        let container = self.container.take();
        if let Some(anchor) = &mut self.link {
            anchor.holds = true;
            let script = anchor.script.as_ref();
            piece.by_script = script.is_some();
            piece.link = Some(script.unwrap_or(&anchor.target).clone());
            piece.download_name.clone_from(&anchor.download_name);
            piece.opens_lightbox = anchor.opens_lightbox;
        }
        if let Some(container) = container {
            let link = piece.link.take().filter(|link| !link.starts_with('#'));
            piece.link = link.or(Some(container.target));
        }
        self.push(piece);
    }

    fn start_media(&mut self, tag: &Tag) {
        if let Some(open) = self.media.take() {
            self.end_media(open);
        }
        if let Some(poster) = attribute(tag, "poster") {
            self.push(Piece::of(Role::Poster, poster));
        }
        self.media = Some(MediaElement::read(tag, self.parsed.pieces.len()));
    }

    fn end_media(&mut self, media: MediaElement) {
        if !media.piece.candidates.is_empty() {
            self.push(media.piece);
        }
    }

    /// Handles a `source`, of a picture or of a player.
    fn choice(&mut self, tag: &Tag) {
        let screen = Screen::read(attribute(tag, "media").unwrap_or(""));
        if let Some(known) = &mut self.picture {
            known.extend(choices(tag).map(|choice| choice.on(screen)));
        } else if let Some(media) = &mut self.media {
            media.source(tag, screen);
        }
    }

    /// Adds the pictures that a style names.
    fn backgrounds(&mut self, style: &str) {
        for part in style.split("url(").skip(1).take(1000) {
            let Some((url, _)) = part.split_once(')') else {
                continue;
            };
            let url = url.trim().trim_matches(['"', '\'']);
            if !url.is_empty() {
                let piece = Piece::of(Role::Background, url);
                self.push(piece);
            }
        }
    }

    fn push(&mut self, mut piece: Piece) {
        let is_main_content = self.nesting.is_only_in_aside() && self.is_main_content(&piece);
        piece.is_outside = self.nesting.is_outside() && !is_main_content;
        piece.is_teaser = self.nesting.is_teaser();
        piece.in_button = self.in_button;
        if self.parsed.pieces.len() < MOST {
            self.parsed.pieces.push(piece);
        } else {
            self.parsed.cut = true;
        }
    }

    /// Checks whether a picture in an `aside` within the main content belongs to that: one in a figure, or one that
    /// links to its own file. Those that link to other pages do not.
    fn is_main_content(&self, piece: &Piece) -> bool {
        let is_figure = self.nesting.is_figure();
        piece.role == Role::Image
            && match piece.link.as_deref() {
                None => is_figure,
                Some(link) => {
                    is_picture(link)
                        && (is_figure || piece.best().is_some_and(|best| is_named(&best.url, link)))
                }
            }
    }

    /// Returns what has been collected, at the end of the page.
    pub(super) fn finish(mut self) -> ParsedPage {
        self.end_link();
        self.end("picture");
        if let Some(media) = self.media.take() {
            self.end_media(media);
        }
        self.parsed
    }
}
