//! Finds the posts in a page of a feed, and the files of each.

use std::mem;
use std::time::{Duration, Instant};

use fetch::model::{Error, Kind, Medium, Result};
use fetch::source::{Answer, url_medium};
use url::Url;

use super::super::page::{images, web};
use super::post::Post;
use super::{json, xml};

/// The most files taken from one post.
const MOST: usize = 1_000;

/// The limits of reading a feed.
#[derive(Clone, Copy)]
struct Bounds {
    /// The time for the text of one post.
    each: Duration,
    /// The time for all of them together.
    all: Duration,
    /// The total size of file addresses in bytes: more than any feed has, unless their base makes each of them long.
    room: usize,
}

const BOUNDS: Bounds = Bounds {
    each: Duration::from_secs(5),
    all: Duration::from_secs(20),
    room: 64 << 20,
};

/// A page of a feed.
pub(super) struct FeedPage {
    pub(super) title: String,
    pub(super) next: Option<String>,
    pub(super) posts: Vec<PostFiles>,
    /// How many of the posts are incomplete.
    pub(super) cut: u64,
    /// How many further posts could not be read, or only partly.
    pub(super) broken: u64,
    /// Why it could not be read to the end.
    pub(super) error: Option<Error>,
}

/// A post, and the files in it.
pub(super) struct PostFiles {
    pub(super) post: Post,
    pub(super) link: Option<Url>,
    pub(super) files: Vec<(Url, Option<Medium>)>,
}

/// Reads a response on a thread where that blocks nothing else.
///
/// # Errors
/// [`Kind::Corrupt`] if it is not a feed.
pub(super) async fn read(answer: &Answer) -> Result<FeedPage> {
    let text = answer.text();
    let url = answer.url.clone();
    let found = tokio::task::spawn_blocking(move || find(&text, &url, &BOUNDS)).await;
    found.unwrap_or_else(|error| {
        Err(Error::new(Kind::Unsupported, "cannot read the feed").because(error))
    })
}

fn find(text: &str, url: &Url, bounds: &Bounds) -> Result<FeedPage> {
    let (feed, error) = match text.trim_start_matches('\u{feff}').trim_start() {
        text if text.starts_with('{') => (json::read(text)?, None),
        text => xml::read(text, url),
    };
    let began = Instant::now();
    let (mut cut, mut room) = (0, bounds.room);
    let posts = feed.posts.into_iter().map(|mut post| {
        let base = post.link_base.as_deref().unwrap_or(url);
        let link = web(base, &post.link).filter(|_| !post.link.is_empty());
        let mut files: Vec<(Url, Option<Medium>)> = Vec::new();
        let mut is_cut = post.cut;
        for file in post.files() {
            let base = file.base.as_deref().unwrap_or(url);
            if let Some(url) = web(base, &file.url) {
                let medium = file.medium().or_else(|| url_medium(&url));
                files.push((url, medium));
            }
        }
        let html = mem::take(&mut post.text);
        if files.is_empty() && !html.is_empty() {
            let rest = bounds.all.saturating_sub(began.elapsed());
            let base = post.base.as_deref().or(link.as_ref()).unwrap_or(url);
            is_cut |= post.is_text_cut;
            match images(&html, base, bounds.each.min(rest)) {
                Ok(shown) => files.extend(shown.into_iter().map(|url| (url, Some(Medium::Image)))),
                Err(_) => is_cut = true,
            }
        }
        is_cut |= files.len() > MOST;
        files.truncate(MOST);
        let before = files.len();
        files.retain(|(url, _)| match room.checked_sub(url.as_str().len()) {
            Some(rest) => {
                room = rest;
                true
            }
            None => {
                room = 0;
                false
            }
        });
        is_cut |= files.len() < before;
        post.media = Vec::new();
        cut += u64::from(is_cut);
        PostFiles { post, link, files }
    });
    let posts = posts.collect();
    Ok(FeedPage {
        title: feed.title,
        next: feed.next,
        posts,
        cut,
        broken: feed.broken,
        error,
    })
}

/// Parses fuzzer input as a feed, and checks that everything in it is at an http or https address.
#[cfg(fuzzing)]
pub fn fuzz(data: &[u8]) {
    let Ok(url) = Url::parse("https://feed.example/a/feed.xml?b=c") else {
        return;
    };
    let found = find(&fetch::net::read_text(data, None), &url, &BOUNDS);
    let posts = found.map(|found| found.posts).unwrap_or_default();
    for (file, _) in posts.iter().flat_map(|post| &post.files) {
        assert!(matches!(file.scheme(), "http" | "https"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, bounds: &Bounds) -> FeedPage {
        find(text, &Url::parse("https://x.org/feed").unwrap(), bounds).unwrap()
    }

    #[test]
    fn a_post_that_takes_too_long_is_skipped_alone() {
        let feed = "<rss><item><guid>a</guid><description>&lt;img src=/a.jpg></description></item>\
            <item><guid>b</guid><enclosure url='/b.mp3'/></item></rss>";
        let counts = |found: &FeedPage| -> Vec<usize> {
            found.posts.iter().map(|post| post.files.len()).collect()
        };
        let read = found(feed, &BOUNDS);
        assert_eq!((counts(&read), read.cut), (vec![1, 1], 0));
        for (each, all) in [(0, 20), (5, 0)] {
            let read = found(
                feed,
                &Bounds {
                    each: Duration::from_secs(each),
                    all: Duration::from_secs(all),
                    ..BOUNDS
                },
            );
            assert_eq!((counts(&read), read.cut), (vec![0, 1], 1));
        }
    }

    #[test]
    fn the_files_of_a_post_are_limited() {
        let file = |number| format!("<enclosure url='/{number}.mp3'/>");
        let files: String = (0..20_000).map(file).collect();
        let read = found(&format!("<rss><item>{files}</item></rss>"), &BOUNDS);
        assert_eq!((read.posts[0].files.len(), read.cut), (MOST, 1));
        let file = |number| format!("{{\"url\":\"/{number}.mp3\",\"title\":\"{number}\"}}");
        let files: Vec<String> = (0..20_000).map(file).collect();
        let json = format!("{{\"items\":[{{\"attachments\":[{}]}}]}}", files.join(","));
        let read = found(&json, &BOUNDS);
        assert_eq!((read.posts[0].files.len(), read.cut), (MOST, 1));
        let pictures: String = (0..1_200).map(|n| format!("<img src=/{n}.jpg>")).collect();
        let json = format!("{{\"items\":[{{\"content_html\":\"{pictures}\"}}]}}");
        let read = found(&json, &BOUNDS);
        assert_eq!((read.posts[0].files.len(), read.cut), (MOST, 1));
    }

    #[test]
    fn addresses_that_what_they_are_relative_to_makes_long_are_bounded() {
        let link = format!("<link>/{}/</link>", "b".repeat(1_000));
        let pictures: String = (0..40).map(|n| format!("&lt;img src={n}.jpg>")).collect();
        let posts = format!("<item>{link}<description>{pictures}</description></item>").repeat(5);
        let room = 100_000;
        let read = found(&format!("<rss>{posts}</rss>"), &Bounds { room, ..BOUNDS });
        let files = read.posts.iter().flat_map(|post| &post.files);
        let sum: usize = files.map(|(url, _)| url.as_str().len()).sum();
        assert!(sum <= room && sum > room / 2, "{sum}");
        assert_eq!((read.posts.len(), read.cut), (5, 3));
        // So are those that elements declare themselves.
        let base = format!("<entry xml:base='/{}/'>", "b".repeat(1_900));
        let files = "<link xml:base='a/' rel='enclosure' href='p.png'/>".repeat(900);
        let entries = format!("{base}{files}</entry>").repeat(11);
        let read = found(&format!("<feed>{entries}</feed>"), &BOUNDS);
        assert_eq!((read.posts.len(), read.cut), (11, 2));
    }

    #[test]
    fn feed_urls_are_resolved_against_xml_base() {
        let files = |text: &str| {
            let found = found(text, &BOUNDS);
            let files = found.posts.iter().flat_map(|post| &post.files);
            files.map(|(url, _)| url.to_string()).collect::<Vec<_>>()
        };
        let feed = |base: &str, entry: &str| format!("<feed{base}><entry{entry}</entry></feed>");
        let there = " xml:base='http://y.org/base/'";
        let enclosure = "<link rel='enclosure' type='image/png' href='p.png'/>";
        let text = feed(there, &format!(" xml:base='2024/'>{enclosure}"));
        assert_eq!(files(&text), ["http://y.org/base/2024/p.png"]);
        // A base in another entry, or in one of this entry's elements, applies only there.
        let text = format!(
            "<feed><entry{there}><link rel='enclosure' type='image/png' href='a.png'/></entry>\
            <entry><title xml:base='z/'>t</title>{enclosure}</entry></feed>"
        );
        assert_eq!(
            files(&text),
            ["http://y.org/base/a.png", "https://x.org/p.png"]
        );
        let text = feed(
            "",
            &format!(
                ">{}{}",
                enclosure.replace("href", "xml:base='/a/' href"),
                enclosure.replace("href", "xml:base='/b/' href")
            ),
        );
        assert_eq!(
            files(&text),
            ["https://x.org/a/p.png", "https://x.org/b/p.png"]
        );
        // Pictures in a text with a base of its own, whatever the entry links to.
        for content in [
            "<content type='html' xml:base='/t/'>&lt;img src='p.png'></content>",
            "<content type='xhtml' xml:base='/t/'><div><img src='p.png'/></div></content>",
        ] {
            let text = feed("", &format!("><link href='http://z.org/1'/>{content}"));
            assert_eq!(files(&text), ["https://x.org/t/p.png"]);
        }
    }

    #[test]
    fn the_content_of_an_entry_may_be_a_file() {
        let text = "<feed><entry><content type='image/png' src='/c.png'/></entry>\
            <entry><content type='text/html' src='/page'/></entry><entry><content src='/what'/></entry></feed>";
        let read = found(text, &BOUNDS);
        let files: Vec<_> = read.posts.iter().flat_map(|post| &post.files).collect();
        let url = Url::parse("https://x.org/c.png").unwrap();
        assert_eq!(files, [&(url, Some(Medium::Image))]);
    }

    #[test]
    fn the_widest_of_a_pictures_media_content_is_used() {
        let media: String = [140, 700, 460]
            .iter()
            .map(|w| {
                format!(
                    "<media:content width='{w}' url='/master/5000.jpg?width={w}&amp;s=abc{w}'/>"
                )
            })
            .collect();
        let other = "<media:content width='300' url='/other.jpg?width=300'/>";
        let read = found(&format!("<rss><item>{media}{other}</item></rss>"), &BOUNDS);
        let files = read.posts[0].files.iter().map(|(url, _)| url.as_str());
        let files: Vec<_> = files.collect();
        let expected = [
            "https://x.org/master/5000.jpg?width=700&s=abc700",
            "https://x.org/other.jpg?width=300",
        ];
        assert_eq!(files, expected);
        // Two that differ only in a number may be different.
        let two: String = (1..=2)
            .map(|at| format!("<media:content width='300' url='/image.jpg?id={at}'/>"))
            .collect();
        let read = found(&format!("<rss><item>{two}</item></rss>"), &BOUNDS);
        assert_eq!(read.posts[0].files.len(), 2);
    }
}
