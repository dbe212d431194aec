//! A fake Imgur: three sites, like the real one, and albums of generated images.

mod answers;

use std::time::{Duration, SystemTime};

use super::media::{self, Format};
use super::{Reply, Site};

/// The only client id that the fake API knows.
pub const CLIENT_ID: &str = "test-id";

/// Imgur's API, pages and files, each on a site of its own. Unknown ids get the same responses as from Imgur.
pub struct FakeImgur {
    pub api: Site,
    pub site: Site,
    pub cdn: Site,
}

/// An image of an album, with its faults.
#[derive(Clone)]
pub struct Image {
    pub id: String,
    /// Its format according to the listing.
    pub format: Format,
    pub title: Option<String>,
    pub description: Option<String>,
    pub width: u32,
    pub height: u32,
    /// Its length according to the listing.
    pub size: u64,
    pub animated: bool,
    /// Whether the listing's link leads to a thumbnail: `IDh.gif`.
    pub thumbnail: bool,
    bytes: Vec<u8>,
    replies: Vec<Reply>,
    throttle: Option<u64>,
}

impl Image {
    /// Creates a valid image, different for every id.
    pub fn new(id: &str, format: Format) -> Image {
        let seed = id
            .bytes()
            .fold(7u64, |seed, byte| seed.wrapping_mul(131) + u64::from(byte));
        Image::of(id, format, media::small(format, seed))
    }

    /// Creates a valid image from these bytes.
    pub fn of(id: &str, format: Format, bytes: Vec<u8>) -> Image {
        let (width, height) =
            imagesize::blob_size(&bytes).map_or((640, 360), |size| (size.width, size.height));
        Image {
            id: id.to_owned(),
            format,
            title: None,
            description: None,
            width: width as u32,
            height: height as u32,
            size: bytes.len() as u64,
            animated: matches!(format, Format::Gif | Format::Mp4),
            thumbnail: false,
            bytes,
            replies: Vec::new(),
            throttle: None,
        }
    }

    /// Sets its title.
    pub fn title(mut self, title: &str) -> Image {
        self.title = Some(title.to_owned());
        self
    }

    /// Sets a different length in the listing.
    pub fn size(mut self, size: u64) -> Image {
        self.size = size;
        self
    }

    /// Limits the speed at which it is sent.
    pub fn throttle(mut self, bytes_per_second: u64) -> Image {
        self.throttle = Some(bytes_per_second);
        self
    }

    /// Returns its actual bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the correct response for its file.
    pub fn good(&self) -> Reply {
        let reply = file(self.bytes.clone(), self.format);
        match self.throttle {
            Some(rate) => reply.throttle(rate),
            None => reply,
        }
    }

    /// Sets the responses for its file: these in sequence, instead of the correct one.
    pub fn replies(mut self, replies: impl IntoIterator<Item = Reply>) -> Image {
        self.replies = replies.into_iter().collect();
        self
    }

    /// Removed from the site: redirects to a small picture that says so.
    pub fn removed(self) -> Image {
        self.replies([Reply::redirect("/removed.png")])
    }

    /// Blocked in this region: a placeholder picture, the same for every image.
    pub fn blocked(self) -> Image {
        let card = media::sized_picture(Format::Png, 336, 478, 34_641, 0);
        self.replies([file(card, Format::Png)])
    }

    /// Gone without a trace.
    pub fn missing(self) -> Image {
        self.replies([Reply::html("<h1>404 Not Found</h1>").status(404)])
    }

    /// Sets a different actual format, which the file's response declares, unlike the listing.
    pub fn mislabelled(mut self, real: Format) -> Image {
        self.bytes = media::picture(real, self.width as u16, self.height as u16, self.size);
        let reply = file(self.bytes.clone(), real);
        self.replies([reply])
    }

    /// Cuts off the response after this many bytes, every time.
    pub fn cut(self, bytes: usize) -> Image {
        let reply = self.good().cut_after(bytes);
        self.replies([reply])
    }

    /// Cuts off the response after this many bytes, the first time only.
    pub fn cut_once(self, bytes: usize) -> Image {
        let good = self.good();
        self.replies([good.clone().cut_after(bytes), good])
    }

    /// Sends a page in place of the file, with status 200.
    pub fn html(self) -> Image {
        self.replies([Reply::html("<!DOCTYPE html><title>Imgur</title>")])
    }

    /// Makes its link lead to a thumbnail, as for large GIFs. The file itself stays where it always is.
    pub fn thumbnail_link(mut self) -> Image {
        self.thumbnail = true;
        self
    }

    /// Returns the extension in its links.
    pub fn ext(&self) -> &'static str {
        self.format.ext()
    }
}

/// Builds a file response as the CDN sends it: the ETag is the MD5 of the bytes.
fn file(bytes: Vec<u8>, format: Format) -> Reply {
    let uploaded = SystemTime::UNIX_EPOCH + Duration::from_secs(1_400_000_000);
    Reply::file(bytes)
        .content_type(format.content_type())
        .md5_etag()
        .last_modified(uploaded)
        .header("Cache-Control", "public, max-age=31536000")
        .header("Server", "cat factory 1.0")
        .header("X-Content-Type-Options", "nosniff")
}

impl FakeImgur {
    /// Starts an empty Imgur.
    pub fn start() -> FakeImgur {
        let imgur = FakeImgur {
            api: Site::start(),
            site: Site::start(),
            cdn: Site::start(),
        };
        let unknown = |_: &super::Request| answers::unknown();
        imgur.api.on("/3/*", keyed(unknown)).optional();
        let nothing = Reply::json(r#"{"data":[],"success":true,"status":200}"#);
        imgur.site.on("/ajaxalbums/*", nothing).optional();
        let page = Reply::html("<!DOCTYPE html><title>Imgur: 404</title>").status(404);
        imgur.site.on("/*", page.clone()).optional();
        imgur.cdn.on("/*", page).optional();
        let removed = media::sized_picture(Format::Png, 161, 81, 2000, 1);
        let removed = file(removed, Format::Png);
        imgur.cdn.on("/removed.png", removed).optional();
        imgur
    }

    /// Adds an album, which is also a gallery post.
    pub fn album(&self, id: &str, title: &str, images: Vec<Image>) -> &FakeImgur {
        let listed = answers::images(&images);
        let album = answers::album(id, title, &images);
        for (path, data) in [
            (format!("/3/album/{id}"), &album),
            (format!("/3/album/{id}/images"), &listed),
            (format!("/3/gallery/{id}"), &album),
            (format!("/3/gallery/album/{id}"), &album),
        ] {
            self.answer(&path, data);
        }
        let ajax = Reply::json(answers::ajax(&images));
        let path = format!("/ajaxalbums/getimages/{id}/hit.json");
        self.site.on(&path, ajax).optional();
        let page = answers::page(&answers::post(id, title, true, &images));
        for path in [format!("/a/{id}"), format!("/gallery/{id}")] {
            self.site.on(&path, Reply::html(page.clone())).optional();
        }
        for image in &images {
            self.add(image);
        }
        self
    }

    /// Adds a single image, which is also a gallery post.
    pub fn image(&self, image: Image) -> &FakeImgur {
        let title = image.title.clone().unwrap_or_default();
        let page = answers::page(&answers::post(
            &image.id,
            &title,
            false,
            std::slice::from_ref(&image),
        ));
        let path = format!("/gallery/{}", image.id);
        self.site.on(&path, Reply::html(page)).optional();
        let data = answers::image(&image);
        self.answer(&format!("/3/gallery/{}", image.id), &data);
        self.add(&image);
        self
    }

    /// Adds a subreddit: its pages, followed by an empty one.
    pub fn subreddit(&self, name: &str, pages: &[Vec<Image>]) -> &FakeImgur {
        for (number, images) in pages.iter().chain([&Vec::new()]).enumerate() {
            let path = format!("/3/gallery/r/{name}/time/all/{number}");
            self.answer(&path, &answers::images(images));
            images.iter().for_each(|image| self.add(image));
        }
        self
    }

    /// Returns the configuration of a user with a client id.
    pub fn config(&self) -> String {
        format!("{}client_id = \"{CLIENT_ID}\"\n", self.config_keyless())
    }

    /// Returns the configuration of a user without one.
    pub fn config_keyless(&self) -> String {
        let [api, site, cdn] = [&self.api, &self.site, &self.cdn].map(|site| site.url(""));
        format!("[source.imgur]\napi = \"{api}\"\nsite = \"{site}\"\ncdn = \"{cdn}\"\n")
    }

    fn answer(&self, path: &str, data: &serde_json::Value) {
        let text = answers::envelope(data);
        let reply = keyed(move |_| Reply::json(text.clone()));
        self.api.on(path, reply).optional();
    }

    /// Adds an image by itself: its API response, its page, and its files.
    fn add(&self, image: &Image) {
        let data = answers::image(image);
        self.answer(&format!("/3/image/{}", image.id), &data);
        let title = image.title.as_deref().unwrap_or("");
        let page = answers::page(&answers::post(
            &image.id,
            title,
            false,
            std::slice::from_ref(image),
        ));
        let path = format!("/{}", image.id);
        self.site.on(&path, Reply::html(page)).optional();
        let replies = match image.replies.is_empty() {
            true => vec![image.good()],
            false => image.replies.clone(),
        };
        let path = format!("/{}.{}", image.id, image.ext());
        for reply in replies {
            let page = self.site.url(&format!("/{}", image.id));
            self.cdn.on(&path, for_media(reply, page)).optional();
        }
        if image.format == Format::Gif {
            let film = file(media::small(Format::Mp4, image.size), Format::Mp4);
            let path = format!("/{}.mp4", image.id);
            self.cdn.on(&path, film).optional();
        }
        if image.thumbnail {
            let thumbnail = file(media::small(Format::Gif, image.size + 1), Format::Gif);
            let path = format!("/{}h.{}", image.id, image.ext());
            self.cdn.on(&path, thumbnail).optional();
        }
    }
}

/// Responds to requests with the client id, and refuses others.
fn keyed(answer: impl Fn(&super::Request) -> Reply + Send + Sync + 'static) -> Reply {
    Reply::with(move |request| match request.header("authorization") {
        Some(value) if value == format!("Client-ID {CLIENT_ID}") => answer(request),
        _ => answers::refused(),
    })
}

/// The CDN redirects requests for a page to the page, and requests must not carry a referrer.
fn for_media(reply: Reply, page: String) -> Reply {
    Reply::with(move |request| {
        assert_eq!(request.header("referer"), None, "a referer was sent");
        match request.header("accept") {
            Some(accept) if accept.contains("text/html") => Reply::redirect(page.clone()),
            _ => reply.clone(),
        }
    })
}
